"""Orders that run in the default workspace and in 'loans', and callers of the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.response import Response
from rest_framework.test import APIClient

from operate.workspaces import Role, add_member
from workflow.models import Workspace

ORDER = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="shop">
  <message id="paid" name="paid" />
  <process id="order" name="Order" isExecutable="true" camunda:versionTag="1.0" camunda:historyTimeToLive="P30D">
    <documentation>From cart to door.</documentation>
    <startEvent id="start" />
    <sequenceFlow id="f1" sourceRef="start" targetRef="fork" />
    <parallelGateway id="fork" />
    <sequenceFlow id="f2" sourceRef="fork" targetRef="approve" />
    <sequenceFlow id="f3" sourceRef="fork" targetRef="ship" />
    <sequenceFlow id="f4" sourceRef="fork" targetRef="payment" />
    <userTask id="approve" name="Approve" camunda:candidateGroups="sales" camunda:candidateUsers="eve">
      <documentation>Look at it.</documentation>
    </userTask>
    <subProcess id="delivery" name="Delivery">
      <startEvent id="packing" />
      <sequenceFlow id="d1" sourceRef="packing" targetRef="pack" />
      <userTask id="pack" name="Pack" />
    </subProcess>
    <serviceTask id="ship" name="Ship" camunda:type="external" camunda:topic="ship" camunda:taskPriority="7">
      <extensionElements>
        <camunda:properties><camunda:property name="carrier" value="bike" /></camunda:properties>
      </extensionElements>
    </serviceTask>
    <receiveTask id="payment" name="Payment" messageRef="paid" />
    <sequenceFlow id="f5" sourceRef="approve" targetRef="delivery" />
    <sequenceFlow id="f6" sourceRef="ship" targetRef="shipped" />
    <sequenceFlow id="f7" sourceRef="payment" targetRef="received" />
    <endEvent id="shipped" />
    <endEvent id="received" />
  </process>
</definitions>
"""


def process(process_id: str, *elements: str) -> str:
    """A model of elements in a row: `user:ID`, `external:ID` (topic `work`), `receive:ID` (message `news`)."""
    tags = {
        "user": "<userTask id='{}' />",
        "external": "<serviceTask id='{}' camunda:type='external' camunda:topic='work' />",
        "receive": "<receiveTask id='{}' messageRef='news' />",
    }
    ids = ["start", *(each.partition(":")[2] for each in elements), "end"]
    drawn = [tags[kind].format(name) for kind, _, name in (each.partition(":") for each in elements)]
    flows = [
        f"<sequenceFlow id='flow{i}' sourceRef='{ids[i]}' targetRef='{ids[i + 1]}' />" for i in range(len(ids) - 1)
    ]
    return (
        "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' targetNamespace='t' "
        "xmlns:camunda='http://camunda.org/schema/1.0/bpmn'><message id='news' name='news' />"
        f"<process id='{process_id}' isExecutable='true'><startEvent id='start' />{''.join(drawn)}<endEvent id='end' />"
        f"{''.join(flows)}</process></definitions>"
    )


class Refusal:
    """An answer that is an error."""

    def __init__(self, response: Response) -> None:
        self.status = response.status_code
        self.body = response.json()
        self.type = self.body["type"]
        self.message = self.body["message"]
        self.headers = response.headers

    def __repr__(self) -> str:
        return f"<{self.status} {self.type}: {self.message}>"


class Api:
    """A caller of `/engine-rest`. Each method fails the test unless the answer is of the kind that is expected."""

    def __init__(self, user: Any = None) -> None:
        self.client = APIClient()
        if user is not None:
            self.client.force_authenticate(user)

    def send(self, method: str, path: str, body: Any = None, **params: Any) -> Response:
        url = f"/engine-rest{path}"
        if params:
            url += "?" + "&".join(f"{name}={value}" for name, value in params.items())
        if body is None:
            return self.client.generic(method, url)
        return getattr(self.client, method.lower())(url, body, format="json")

    def _done(self, response: Response) -> Any:
        assert response.status_code in (200, 204), response.content
        return response.json() if response.content else None

    def get(self, path: str, **params: Any) -> Any:
        return self._done(self.send("GET", path, **params))

    def post(self, path: str, body: Any = None, **params: Any) -> Any:
        return self._done(self.send("POST", path, body, **params))

    def put(self, path: str, body: Any) -> Any:
        return self._done(self.send("PUT", path, body))

    def delete(self, path: str, **params: Any) -> Any:
        return self._done(self.send("DELETE", path, **params))

    def refused(self, method: str, path: str, body: Any = None, **params: Any) -> Refusal:
        response = self.send(method, path, body, **params)
        assert 400 <= response.status_code < 500, (response.status_code, response.content)
        return Refusal(response)

    # -- what tests do often

    def deploy(self, *models: str | tuple[str, str], **fields: Any) -> Any:
        """Deploy models, which are XML, or file names and XML."""
        response = self.upload(*models, **fields)
        return self._done(response)

    def upload(self, *models: str | tuple[str, str], **fields: Any) -> Response:
        named = [each if isinstance(each, tuple) else (f"model{i}.bpmn", each) for i, each in enumerate(models)]
        files = {f"part{i}": SimpleUploadedFile(name, xml.encode()) for i, (name, xml) in enumerate(named)}
        data = {name.replace("_", "-"): value for name, value in fields.items()}
        return self.client.post("/engine-rest/deployment/create", {**data, **files}, format="multipart")

    def start(self, key: str = "order", **body: Any) -> str:
        """Start a process instance; its id."""
        return self.post(f"/process-definition/key/{key}/start", body)["id"]

    def task(self, instance: str, element: str) -> dict[str, Any]:
        [found] = self.get("/task", processInstanceId=instance, taskDefinitionKey=element)
        return found

    def external_task(self, instance: str) -> dict[str, Any]:
        [found] = self.get("/external-task", processInstanceId=instance)
        return found

    def complete(self, instance: str, element: str, **body: Any) -> None:
        self.post(f"/task/{self.task(instance, element)['id']}/complete", body)

    def tree(self, instance: str) -> list[Any]:
        """What is active, as a tree of activity ids."""
        return _outline(self.get(f"/process-instance/{instance}/activity-instances"))

    def activity(self, instance: str, element: str) -> dict[str, Any]:
        """The first active instance of an activity."""
        return next(_find(self.get(f"/process-instance/{instance}/activity-instances"), element))

    def variables(self, instance: str) -> dict[str, Any]:
        found = self.get(f"/process-instance/{instance}/variables")
        return {name: each["value"] for name, each in found.items()}


def _outline(node: dict[str, Any]) -> list[Any]:
    found = []
    for child in node["childActivityInstances"]:
        below = _outline(child)
        found.append({child["activityId"]: below} if below else child["activityId"])
    return sorted(found, key=str)


def _find(node: dict[str, Any], element: str) -> Any:
    if node["activityId"] == element:
        yield node
    for child in node["childActivityInstances"]:
        yield from _find(child, element)


@dataclass
class People:
    """Users by role in the workspace 'loans'; `admin` administers the organisation."""

    admin: Any
    operator: Any
    support: Any
    worker: Any
    stranger: Any


@pytest.fixture
def loans(db: None) -> Workspace:
    return Workspace.objects.create(slug="loans", name="Loans")


@pytest.fixture
def people(loans: Workspace) -> People:
    users = get_user_model().objects
    found = People(
        *(users.create_user(name, password=name) for name in ("admin", "operator", "support", "worker", "stranger"))
    )
    add_member(found.admin, None, Role.ORG_ADMIN)
    for name in ("operator", "support", "worker"):
        add_member(getattr(found, name), loans, Role(name.upper()))
    return found


@pytest.fixture
def as_user(people: People) -> Callable[[str], Api]:
    """The API as somebody uses it."""
    return lambda name: Api(getattr(people, name))


@pytest.fixture
def api(people: People) -> Api:
    """The API as the organisation's administrator uses it."""
    return Api(people.admin)


@pytest.fixture
def order(api: Api) -> str:
    """A running order in the default workspace; its id."""
    api.deploy(ORDER)
    return api.start(businessKey="B-1", variables={"amount": {"value": 100, "type": "Long"}})
