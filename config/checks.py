"""What must not go into production: the administrator of the demo, whose password everybody knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, ProgrammingError

DEMO_USERNAME = "admin"
DEMO_PASSWORD = "admin"  # noqa: S105  known to everybody, that is the point

REFUSAL = (
    f"The demo administrator '{DEMO_USERNAME}' still has the password '{DEMO_PASSWORD}'. "
    f"Change it with 'manage.py changepassword {DEMO_USERNAME}', or delete the account."
)


def demo_administrator_exists() -> bool:
    """Say whether somebody could log in with the demo's password; a database without tables has no accounts."""
    try:
        account = get_user_model()._default_manager.filter(username=DEMO_USERNAME, is_active=True).first()
    except ProgrammingError:
        return False
    return account is not None and account.check_password(DEMO_PASSWORD)


def refuse_demo_administrator() -> None:
    """Raise if the demo administrator exists: called once when a production server starts."""
    if demo_administrator_exists():
        raise ImproperlyConfigured(REFUSAL)


@checks.register(checks.Tags.security, checks.Tags.database, deploy=True)
def no_demo_administrator(databases: Sequence[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Refuse the demo administrator; like all checks that ask the database it runs only with `--database default`."""
    if DEFAULT_DB_ALIAS in (databases or ()) and demo_administrator_exists():
        return [checks.Error(REFUSAL, id="fettle.E001")]
    return []
