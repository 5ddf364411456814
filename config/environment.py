"""Reading the environment: what is missing or malformed is told by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

# For what the engine sends: statements prepared once, with arrays of any length, each a lookup of a few rows by index.
SESSION_OPTIONS = (
    "-c plan_cache_mode=force_generic_plan "  # else PostgreSQL plans each statement anew: as long as running it takes
    "-c jit=off "  # compiling pays for long analytic queries only, and is started by wrong guesses about recursion
    "-c random_page_cost=1.1"  # what solid-state disks and a warm cache cost; the default 4 prefers to scan whole tables
)

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


def required(purposes: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the named variables; if some are missing, say which and what they are for, all at once."""
    missing = [name for name in purposes if not os.environ.get(name)]
    if missing:
        lines = "".join(f"\n  {name}: {purposes[name]}" for name in missing)
        raise ImproperlyConfigured(f"Production needs these environment variables, which are not set:{lines}")
    return {name: os.environ[name] for name in purposes}


def flag(name: str, *, default: bool = False) -> bool:
    """Return a switch; anything but 1/0, true/false, yes/no, on/off is an error."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in TRUE:
        return True
    if value.lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"Expected {name} to be 1 or 0, found '{value}'.")


def number(name: str, *, default: int) -> int:
    """Return a whole number of at least 0."""
    value = os.environ.get(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"Expected {name} to be a whole number, found '{value}'.")
    return int(value)


def listed(name: str) -> list[str]:
    """Return a comma-separated list; empty if the variable is not set."""
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def database(url: str, **settings: Any) -> dict[str, Any]:
    """Return Django's settings for a PostgreSQL URL, which may carry any libpq parameter (`?sslmode=require&host=/run`).

    Session options of the URL (`?options=-c …`) win over those that Fettle sets.
    """
    scheme = url.partition("://")[0]
    if scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured(
            f"Fettle needs PostgreSQL: expected DATABASE_URL to begin with 'postgresql://', found '{scheme}://'."
        )
    try:
        parameters: dict[str, Any] = conninfo_to_dict(url)
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"Expected DATABASE_URL to be a PostgreSQL URL: {str(error).strip()}.") from error
    if not parameters.get("dbname"):
        raise ImproperlyConfigured(
            "Expected DATABASE_URL to name a database: 'postgresql://user:password@host:5432/fettle'."
        )
    parameters["options"] = f"{SESSION_OPTIONS} {parameters.get('options', '')}".strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parameters.pop("dbname"),
        "USER": parameters.pop("user", ""),
        "PASSWORD": parameters.pop("password", ""),
        "HOST": parameters.pop("host", ""),
        "PORT": parameters.pop("port", ""),
        "OPTIONS": parameters | settings.pop("OPTIONS", {}),
        **settings,
    }


MAIL_SCHEMES: dict[str, dict[str, Any]] = {
    "smtp": {"EMAIL_USE_TLS": False, "EMAIL_PORT": 25},
    "smtp+tls": {"EMAIL_USE_TLS": True, "EMAIL_PORT": 587},
    "smtp+ssl": {"EMAIL_USE_SSL": True, "EMAIL_PORT": 465},
}
MAIL_SECONDS = 15


def mail(name: str) -> dict[str, Any]:
    """Return Django's settings for a mail server's URL (`smtp+tls://user:password@host:587`); `console://` prints mails."""
    url = os.environ.get(name, "")
    scheme = url.partition("://")[0]
    if scheme in ("", "console"):
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if scheme not in MAIL_SCHEMES:
        expected = ", ".join(f"'{each}://'" for each in (*MAIL_SCHEMES, "console"))
        raise ImproperlyConfigured(f"Expected {name} to begin with one of {expected}, found '{scheme}://'.")
    try:
        parts = urlsplit(url)
        port = parts.port or MAIL_SCHEMES[scheme]["EMAIL_PORT"]
    except ValueError as error:
        raise ImproperlyConfigured(f"Expected {name} to be an address of a mail server: {error}.") from error
    if not parts.hostname:
        raise ImproperlyConfigured(f"Expected {name} to name a host, as in 'smtp+tls://user:password@host:587'.")
    return {
        **MAIL_SCHEMES[scheme],
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_TIMEOUT": MAIL_SECONDS,
    }


def base_url(name: str, *, default: str) -> str:
    """Return what absolute addresses begin with, without a slash at the end."""
    url = os.environ.get(name) or default
    if not url.startswith(("http://", "https://")):
        raise ImproperlyConfigured(f"Expected {name} to begin with 'https://' or 'http://', found '{url}'.")
    return url.rstrip("/")


def label(request: HttpRequest) -> list[str] | None:
    """Return the badge beside the title, so that nobody takes production for a play ground."""
    text = os.environ.get("FETTLE_ENVIRONMENT")
    if text is None:
        from django.conf import settings

        text = settings.FETTLE_ENVIRONMENT
    return [text, "danger" if "prod" in text.lower() else "info"] if text else None
