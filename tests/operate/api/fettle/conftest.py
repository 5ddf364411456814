"""A user of each kind, and Fettle's own API called as they would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from operate.workspaces import Role, add_member
from workflow.models import Workspace


class Api:
    """The API as one user sees it: paths below /api, JSON in and out."""

    def __init__(self, user: Any) -> None:
        self.user = user
        self.client = APIClient()
        self.client.force_authenticate(user)

    def __call__(self, path: str, body: object = None, *, status: int = 200) -> Any:
        answer = self.send(path, body)
        assert answer.status_code == status, answer.content
        expected = "application/json" if status < 400 else "application/problem+json"
        assert answer.headers["Content-Type"] == expected
        return answer.json()

    def send(self, path: str, body: object = None) -> Any:
        return self.client.post(f"/api/{path}", body, format="json")


@pytest.fixture
def user_with(db) -> Callable[[Role], Any]:
    def make(role: Role, workspace: Workspace | None = None) -> Any:
        user = get_user_model().objects.create_user(f"user-{role}", password="secret")
        add_member(user, workspace or Workspace.objects.get(slug="<default>"), role)
        return user

    return make


@pytest.fixture
def api(user_with) -> Api:
    return Api(user_with(Role.WORKSPACE_ADMIN))
