"""Orders in the workspace 'loans', who operates them, and who approves what is done to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from audit.models import AuditEvent, Channel
from operate.actions import Deploy, StartProcessInstance
from operate.approvals.governing import AddPolicy, Rules
from operate.approvals.models import ApprovalPolicy
from operate.workspaces import Role, add_member
from workflow.graph import Semantics
from workflow.models import ElementInstance, Workspace
from workflow.services import Resource

ORDER = """
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="shop">
  <process id="order" isExecutable="true" camunda:historyTimeToLive="P1D">
    <startEvent id="start" />
    <sequenceFlow id="f1" sourceRef="start" targetRef="fork" />
    <parallelGateway id="fork" />
    <sequenceFlow id="f2" sourceRef="fork" targetRef="approve" />
    <sequenceFlow id="f3" sourceRef="fork" targetRef="ship" />
    <userTask id="approve" />
    <sequenceFlow id="f4" sourceRef="approve" targetRef="join" />
    <serviceTask id="ship" camunda:type="external" camunda:topic="ship" />
    <sequenceFlow id="f5" sourceRef="ship" targetRef="join" />
    <parallelGateway id="join" />
    <sequenceFlow id="f6" sourceRef="join" targetRef="archive" />
    <userTask id="archive" />
    <sequenceFlow id="f7" sourceRef="archive" targetRef="done" />
    <endEvent id="done" />
  </process>
</definitions>
"""


@dataclass
class Shop:
    """Where the orders run. Olga operates, Anna and Amir approve, Sam may only look."""

    workspace: Workspace
    definition_key: int
    people: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        try:
            return get_user_model().objects.get(pk=self.people[name].pk)
        except KeyError:
            raise AttributeError(name) from None

    def start(self, number: int = 1, **arguments: Any) -> list[int]:
        """The keys of new process instances."""
        action = StartProcessInstance(None)
        return [action.execute(self.definition_key, **arguments).process_instance_key for _ in range(number)]

    def deploy(self, old: str = "", new: str = "") -> int:
        """The key of one more definition."""
        return deploy(self.workspace, ORDER.replace(old, new) + "<!-- another -->")

    def govern(self, name: str = "Four eyes", *, workspace: Workspace | None = None, **rules: Any) -> ApprovalPolicy:
        """One more policy."""
        place = workspace or self.workspace
        return AddPolicy(self.anna, channel=Channel.ADMIN).execute(place.pk, Rules(name, **rules))


def deploy(workspace: Workspace, xml: str) -> int:
    resource = Resource("order.bpmn", xml.encode())
    deployed = Deploy(None).execute([resource], workspace_id=workspace.pk, fallback=Semantics.CAMUNDA_7)
    return deployed.definitions[0].key


def active(instance: int) -> list[str]:
    """The elements that are active."""
    rows = ElementInstance.objects.filter(process_instance=instance, state="ACTIVE").order_by("element_id", "key")
    return list(rows.values_list("element_id", flat=True))


@pytest.fixture
def shop(db: None) -> Shop:
    workspace = Workspace.objects.create(slug="loans", name="Loans")
    shop = Shop(workspace, deploy(workspace, ORDER))
    roles = {
        "olga": Role.OPERATOR,
        "anna": Role.WORKSPACE_ADMIN,
        "amir": Role.WORKSPACE_ADMIN,
        "sam": Role.SUPPORT,
    }
    for name, role in roles.items():
        shop.people[name] = get_user_model().objects.create_user(name, email=f"{name}@example.com")
        add_member(shop.people[name], workspace, role)
    shop.people["stranger"] = get_user_model().objects.create_user("stranger")
    return shop


@pytest.fixture
def new_events() -> Callable[[], list[AuditEvent]]:
    """The audit events since the test began, or since they were last asked for; oldest first."""
    seen: set[int] = set()

    def new_events() -> list[AuditEvent]:
        found = [event for event in AuditEvent.objects.order_by("key") if event.key not in seen]
        seen.update(event.key for event in found)
        return found

    return new_events
