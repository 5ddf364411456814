"""pytest: a server and databases apart from those of `make run`."""

import os

from config.embedded_postgres import database_url, default_directory
from config.settings.base import *
from config.settings.base import DATABASE, environment

DEBUG = False
SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
FETTLE_ENVIRONMENT = "Test"

# Several test runs may share the server. The first process names the run; the workers of pytest-xdist inherit the name.
TEST_RUN = os.environ.setdefault("FETTLE_TEST_RUN", str(os.getpid()))

DATABASES = {
    "default": environment.database(
        os.environ.get("DATABASE_URL") or database_url(default_directory("test")),
        # Without a pool: tests open and close databases, and count connections.
        **(DATABASE | {"OPTIONS": {}, "CONN_HEALTH_CHECKS": False, "TEST": {"NAME": f"test_fettle_{TEST_RUN}"}}),
    )
}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
FETTLE_URL = "http://testserver"
FETTLE_MAIL = True
FETTLE_WEBHOOKS_TO_PRIVATE_ADDRESSES = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True  # does not scan all files at each start
WHITENOISE_USE_FINDERS = True
STATIC_ROOT = None
