"""A running order in the workspace 'loans', and people of every role."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from audit.models import AuditEvent
from operate.actions import Deploy, StartProcessInstance
from operate.workspaces import Role, add_member
from workflow.engine.errors import EngineError
from workflow.graph import Semantics
from workflow.models import ElementInstance, Job, ProcessInstance, UserTask, Workspace
from workflow.services import Resource

ORDER = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="shop">
  <message id="paid" name="paid" />
  <process id="order" name="Order" isExecutable="true" camunda:historyTimeToLive="P1D">
    <startEvent id="start" />
    <sequenceFlow id="f1" sourceRef="start" targetRef="fork" />
    <parallelGateway id="fork" />
    <sequenceFlow id="f2" sourceRef="fork" targetRef="approve" />
    <sequenceFlow id="f3" sourceRef="fork" targetRef="ship" />
    <sequenceFlow id="f4" sourceRef="fork" targetRef="payment" />
    <userTask id="approve" name="Approve" />
    <boundaryEvent id="late" attachedToRef="approve" cancelActivity="false">
      <timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>
    </boundaryEvent>
    <serviceTask id="ship" camunda:type="external" camunda:topic="ship" />
    <receiveTask id="payment" messageRef="paid" />
    <sequenceFlow id="f5" sourceRef="approve" targetRef="approved" />
    <sequenceFlow id="f6" sourceRef="ship" targetRef="shipped" />
    <sequenceFlow id="f7" sourceRef="payment" targetRef="received" />
    <endEvent id="approved" />
    <endEvent id="shipped" />
    <endEvent id="received" />
  </process>
</definitions>
"""

REMINDER = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
    targetNamespace="shop">
  <message id="answer" name="answer">
    <extensionElements><zeebe:subscription correlationKey="=customer" /></extensionElements>
  </message>
  <process id="reminder" name="Reminder" isExecutable="true">
    <startEvent id="start" />
    <sequenceFlow id="f1" sourceRef="start" targetRef="wait" />
    <receiveTask id="wait" messageRef="answer" />
    <sequenceFlow id="f2" sourceRef="wait" targetRef="end" />
    <endEvent id="end" />
  </process>
</definitions>
"""


ALARM = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="shop">
  <process id="alarm" name="Alarm" isExecutable="true" camunda:historyTimeToLive="P1D">
    <startEvent id="hot">
      <conditionalEventDefinition>
        <condition xsi:type="tFormalExpression">${degrees &gt; 90}</condition>
      </conditionalEventDefinition>
    </startEvent>
    <sequenceFlow id="f1" sourceRef="hot" targetRef="cool" />
    <userTask id="cool" />
  </process>
</definitions>
"""


CHOICE = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
    targetNamespace="shop">
  <process id="choice" name="Choice" isExecutable="true">
    <startEvent id="start" />
    <sequenceFlow id="f1" sourceRef="start" targetRef="choose" />
    <adHocSubProcess id="choose">
      <extensionElements><zeebe:adHoc activeElementsCollection="=[&quot;call&quot;]" /></extensionElements>
      <userTask id="call"><extensionElements><zeebe:userTask /></extensionElements></userTask>
    </adHocSubProcess>
  </process>
</definitions>
"""


@dataclass
class Shop:
    """Who works there, and one order that waits at a user task, a job and a message."""

    workspace: Workspace
    definition_key: int
    deployment_key: int
    instance_key: int
    people: dict[Role | str, Any] = field(default_factory=dict)

    @property
    def task_key(self) -> int:
        return UserTask.objects.get(process_instance=self.instance_key).key

    @property
    def job_key(self) -> int:
        return Job.objects.get(process_instance=self.instance_key, kind=Job.Kind.EXTERNAL).key

    @property
    def timer_key(self) -> int:
        return Job.objects.get(process_instance=self.instance_key, kind=Job.Kind.TIMER).key

    @property
    def receive_key(self) -> int:
        return ElementInstance.objects.get(process_instance=self.instance_key, element_id="payment").key

    @property
    def instance(self) -> ProcessInstance:
        return ProcessInstance.objects.get(pk=self.instance_key)

    def start(self, definition_key: int | None = None, **arguments: Any) -> int:
        """The key of one more process instance."""
        started = StartProcessInstance(None).execute(definition_key or self.definition_key, **arguments)
        return started.process_instance_key

    def deploy(self, content: bytes, name: str) -> Any:
        """Deploy one more model."""
        return deploy(self.workspace, content, name)


def deploy(workspace: Workspace, content: bytes, name: str) -> Any:
    return Deploy(None).execute([Resource(name, content)], workspace_id=workspace.pk, fallback=Semantics.CAMUNDA_7)


def text_of(error: Exception) -> str:
    """What the person who asked is told."""
    return error.message if isinstance(error, EngineError) else str(error)


@pytest.fixture
def shop() -> Shop:
    workspace = Workspace.objects.create(slug="loans", name="Loans")
    deployed = deploy(workspace, ORDER, "order.bpmn")
    definition_key = deployed.definitions[0].key
    started = StartProcessInstance(None).execute(definition_key, variables={"amount": 100}, business_key="B-1")
    shop = Shop(workspace, definition_key, deployed.key, started.process_instance_key)
    for role in Role:
        user = get_user_model().objects.create(username=role.value.lower())
        add_member(user, workspace, role)
        shop.people[role] = user
    shop.people["stranger"] = get_user_model().objects.create(username="stranger")
    return shop


@pytest.fixture
def new_events():
    """The audit events since the test began, or since they were last asked for; oldest first."""
    seen: set[int] = set()

    def new_events() -> list[AuditEvent]:
        found = [event for event in AuditEvent.objects.order_by("key") if event.key not in seen]
        seen.update(event.key for event in found)
        return found

    return new_events
