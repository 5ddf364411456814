"""Production: everything that differs between installations comes from the environment, and is documented in README.md."""

from config.settings.base import *
from config.settings.base import DATABASE, POOL, environment

_required = environment.required(
    {
        "FETTLE_SECRET_KEY": "a long random text, the same for every process; it signs sessions",
        "FETTLE_ALLOWED_HOSTS": "the host names that Fettle answers to, separated by commas",
        "DATABASE_URL": "the database, as postgresql://user:password@host:5432/name",
    }
)

DEBUG = False
SECRET_KEY = _required["FETTLE_SECRET_KEY"]
ALLOWED_HOSTS = environment.listed("FETTLE_ALLOWED_HOSTS")
FETTLE_ENVIRONMENT = "Production"
FETTLE_URL = environment.base_url("FETTLE_URL", default=f"https://{ALLOWED_HOSTS[0].lstrip('.*')}")

DATABASES = {
    "default": environment.database(
        _required["DATABASE_URL"],
        **(
            DATABASE
            | {"OPTIONS": {"pool": POOL | {"max_size": environment.number("FETTLE_DATABASE_POOL", default=32)}}}
        ),
    )
}

# TLS. Fettle itself speaks plain HTTP behind a proxy that terminates TLS and overwrites X-Forwarded-Proto.
if environment.flag("FETTLE_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = environment.flag("FETTLE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = environment.number("FETTLE_HSTS_SECONDS", default=31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = environment.listed("FETTLE_CSRF_TRUSTED_ORIGINS")

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
