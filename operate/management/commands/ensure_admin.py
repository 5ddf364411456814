"""The administrator of the demo."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from operate.workspaces import Role
from operate.workspaces.membership import add_member

USERNAME = PASSWORD = "admin"  # noqa: S105  of the demo, and refused in production  # noqa: S105 (known to everybody, and refused in production)


class Command(BaseCommand):
    """Make the administrator `admin` with the password `admin`, once; production settings refuse it."""

    help = "Make the demo administrator admin/admin unless there is an account of that name."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.FETTLE_ENVIRONMENT == "Production":
            raise CommandError("The demo administrator is not for production. Use 'manage.py createsuperuser'.")
        users = get_user_model()
        with transaction.atomic():
            if users._default_manager.filter(username=USERNAME).exists():
                return
            administrator = users._default_manager.create_superuser(
                USERNAME, f"{USERNAME}@example.com", PASSWORD, first_name="Ada", last_name="Admin"
            )
            add_member(administrator, None, Role.ORG_ADMIN)
