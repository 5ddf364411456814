"""Workspaces and people to test with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from operate.workspaces import Role, add_member
from workflow.models import Workspace

Person = Callable[..., Any]


@pytest.fixture
def loans() -> Workspace:
    return Workspace.objects.create(slug="loans", name="Loans")


@pytest.fixture
def cards() -> Workspace:
    return Workspace.objects.create(slug="cards", name="Cards")


@pytest.fixture
def person() -> Person:
    """Makes a user with a role in a workspace, read afresh from the database."""

    def person(name: str = "anna", role: Role | None = None, workspace: Workspace | None = None, **facts: Any) -> Any:
        user = get_user_model().objects.create(username=name, **facts)
        if role:
            add_member(user, workspace, role)
        return get_user_model().objects.get(pk=user.pk)

    return person
