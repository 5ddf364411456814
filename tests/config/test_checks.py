"""The demo administrator does not get into production."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from config.checks import no_demo_administrator, refuse_demo_administrator
from operate.workspaces import Role

pytestmark = pytest.mark.django_db


def test_the_demo_administrator_is_found() -> None:
    # given
    call_command("ensure_admin")
    # when
    [problem] = no_demo_administrator(databases=["default"])
    # then
    assert problem.id == "fettle.E001"
    with pytest.raises(ImproperlyConfigured, match="still has the password 'admin'"):
        refuse_demo_administrator()


def test_an_administrator_with_another_password_is_welcome() -> None:
    User.objects.create_superuser("admin", password="a long one of my own")
    refuse_demo_administrator()
    assert no_demo_administrator(databases=["default"]) == []


def test_the_check_leaves_the_database_alone_unless_asked() -> None:
    call_command("ensure_admin")
    assert no_demo_administrator() == []


def test_the_demo_administrator_is_made_once_and_belongs_to_the_organisation() -> None:
    # given
    call_command("ensure_admin")
    administrator = User.objects.get(username="admin")
    administrator.set_password("changed")
    administrator.save()
    # when
    call_command("ensure_admin")
    # then
    assert User.objects.get(username="admin").check_password("changed")
    assert administrator.groups.filter(name=Role.ORG_ADMIN).exists()
    assert administrator.is_superuser


def test_production_makes_no_demo_administrator(settings: pytest.FixtureRequest) -> None:
    settings.FETTLE_ENVIRONMENT = "Production"
    with pytest.raises(CommandError, match="not for production"):
        call_command("ensure_admin")
    assert not User.objects.exists()
