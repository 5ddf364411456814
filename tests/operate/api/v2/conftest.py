"""A user of each kind, and the API called as they would."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from operate.workspaces import Role, add_member
from tests.support.models import HEAD, PLATFORMS, deploy, model
from workflow import services
from workflow.graph import Semantics
from workflow.models import Workspace

JOB = model("work", Semantics.ZEEBE, "<startEvent id='start'/><job id='do'/><endEvent id='end'/>")
TASK = model("order", Semantics.ZEEBE, "<startEvent id='start'/><userTask id='approve'/><endEvent id='end'/>")


def zeebe(process_id: str, elements: str, *, flows: str, outside: str = "") -> str:
    """A Camunda 8 process with flows such as "start fork task, fork other"; `outside` stands beside the process."""
    ways = [pair for way in flows.split(",") for pair in pairwise(way.split())]
    drawn = "".join(
        f"<sequenceFlow id='flow{number}' sourceRef='{source}' targetRef='{target}'/>"
        for number, (source, target) in enumerate(ways, 1)
    )
    head = HEAD.format(platform=PLATFORMS[Semantics.ZEEBE], id=process_id, messages=outside)
    return f"{head}{elements}{drawn}</process></definitions>"


class Api:
    """The dialect as one user sees it: paths below /v2, JSON in and out."""

    def __init__(self, user: Any) -> None:
        self._client = APIClient()
        self._client.force_authenticate(user)

    def __call__(self, method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        answer = self.send(method, path, body)
        assert answer.status_code == status, answer.content
        return answer.json() if answer.content else None

    def send(self, method: str, path: str, body: object = None) -> Any:
        return getattr(self._client, method.lower())(f"/v2{path}", body, format="json")

    def items(self, path: str, **filters: object) -> list[dict[str, Any]]:
        return self("POST", f"{path}/search", {"filter": filters})["items"]


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


@pytest.fixture
def order(db) -> services.Outcome:
    return services.start_process_instance(
        deploy(TASK).key, variables={"x": 1, "o": {"a": [1]}}, business_key="A-1", tags=["vip"]
    )


@pytest.fixture
def job(db) -> services.Outcome:
    return services.start_process_instance(deploy(JOB).key, variables={"x": 1})
