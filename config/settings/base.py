"""What every environment shares."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy

from config import environment

BASE_DIR = Path(__file__).resolve().parent.parent.parent

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.guardian",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "guardian",
    "rest_framework",
    "rest_framework.authtoken",
    "simple_history",
    "workflow",
    "audit",
    "operate",
    "procrastinate.contrib.django",  # after operate, whose command of the same name is to be found first
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "operate.language.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Connections come from a pool, not from CONN_MAX_AGE: that keeps one connection for each thread, so long polls would hold
# as many as there are threads. A request that waits can hand its connection back with `connection.close()`. Statements
# prepared by the engine stay prepared on pooled connections; no transaction-pooling proxy may stand in between.
POOL = {"min_size": 2, "max_size": 32, "timeout": 10}
DATABASE: dict[str, Any] = {
    "ATOMIC_REQUESTS": False,  # a command opens its own transaction, as late and as short as possible
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {"pool": POOL},
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "operate" / "theme"]  # looked through first: what replaces files of the theme
STATIC_ROOT = BASE_DIR / "staticfiles"

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None  # nobody is let in without a login, so guardian needs no account for strangers
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# A process instance may have thousands of variables, and batches name thousands of instances.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "operate.api.authentication.BasicAuthentication",
        "operate.api.authentication.BearerAuthentication",
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Fettle",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    # Each dialect has a schema of its own; one over all addresses, which the check would build, is never served.
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
}

FETTLE_BATCH_INSTANCES_PER_JOB = 200
"""How many process instances one job of a batch is for, unless who asks for the batch says otherwise."""

FETTLE_ENVIRONMENT = "Development"

# Notifications. Mail is sent only if EMAIL_URL says how.
FETTLE_URL = environment.base_url("FETTLE_URL", default=f"http://localhost:{environment.number('PORT', default=8000)}")
"""What the addresses in mails and webhooks begin with."""
vars().update(environment.mail("EMAIL_URL"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("EMAIL_FROM") or "Fettle <fettle@localhost>"
FETTLE_MAIL = bool(os.environ.get("EMAIL_URL"))
"""Whether notifications go out by mail at all."""
FETTLE_WEBHOOKS_TO_PRIVATE_ADDRESSES = environment.flag("FETTLE_WEBHOOKS_TO_PRIVATE_ADDRESSES")
"""Whether webhooks may reach this machine and the private network; whoever manages a workspace could look around in it."""

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Fettle",
    "SITE_HEADER": "Fettle",
    "SITE_SUBHEADER": gettext_lazy("Process operations"),
    "SITE_SYMBOL": "healing",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "operate.admin.frame.favicon"}],
    "SHOW_HISTORY": True,
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "config.environment.label",
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "oklch(97.8% .012 195)",
            "100": "oklch(94.8% .030 195)",
            "200": "oklch(89.6% .054 195)",
            "300": "oklch(82.0% .080 196)",
            "400": "oklch(72.4% .096 198)",
            "500": "oklch(62.0% .094 200)",
            "600": "oklch(53.0% .084 202)",
            "700": "oklch(45.4% .071 203)",
            "800": "oklch(38.8% .058 204)",
            "900": "oklch(33.8% .047 205)",
            "950": "oklch(24.6% .037 206)",
        },
    },
    "DASHBOARD_CALLBACK": "operate.admin.dashboard.dashboard",
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": "operate.admin.frame.navigation"},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "fettle": {"level": "INFO"},
        "operate": {"level": "INFO"},
        "workflow": {"level": "INFO"},
    },
}
__all__ = [name for name in dir() if name.isupper()] + ["environment"]
