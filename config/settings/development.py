"""`make run`: a demo on this machine, with the embedded PostgreSQL unless DATABASE_URL is set."""

import os

from config.embedded_postgres import database_url, default_directory
from config.settings.base import *
from config.settings.base import DATABASE, environment

# Off by default: query logging and error pages would make the demo behave unlike the product.
DEBUG = environment.flag("FETTLE_DEBUG")
SECRET_KEY = "for development only, everybody can read it in the source"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *environment.listed("FETTLE_ALLOWED_HOSTS")]

DATABASES = {
    "default": environment.database(os.environ.get("DATABASE_URL") or database_url(default_directory()), **DATABASE)
}

STATIC_ROOT = None  # no collectstatic: files are found where they lie
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 0

FETTLE_WEBHOOKS_TO_PRIVATE_ADDRESSES = environment.flag("FETTLE_WEBHOOKS_TO_PRIVATE_ADDRESSES", default=True)
FETTLE_MAIL = True  # without EMAIL_URL they are printed
