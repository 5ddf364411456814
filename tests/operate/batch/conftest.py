"""Orders that wait at a user task in the workspace 'loans', and Olga, who operates them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from audit.models import Channel
from operate.actions import Deploy, StartProcessInstance, SubmitBatch
from operate.batch.models import Batch, BatchItem, BatchJob
from operate.batch.plans import Plan
from operate.batch.running import run_due_jobs
from operate.batch.submitting import Selection
from operate.workspaces import Role, add_member
from workflow.graph import Semantics
from workflow.models import ElementInstance, Workspace
from workflow.services import Resource

ORDER = """
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="shop">
  <process id="order" isExecutable="true" camunda:historyTimeToLive="P1D">
    <startEvent id="start" />
    <sequenceFlow id="f1" sourceRef="start" targetRef="approve" />
    <userTask id="approve" />
    <sequenceFlow id="f2" sourceRef="approve" targetRef="ship" />
    <serviceTask id="ship" camunda:type="external" camunda:topic="ship" />
    <sequenceFlow id="f3" sourceRef="ship" targetRef="done" />
    <endEvent id="done" />
  </process>
</definitions>
"""


@dataclass
class Shop:
    """Where the orders run, and who operates them."""

    workspace: Workspace
    definition_key: int
    operator: Any

    def start(self, number: int = 1, **arguments: Any) -> list[int]:
        """The keys of new process instances."""
        action = StartProcessInstance(None)
        return [action.execute(self.definition_key, **arguments).process_instance_key for _ in range(number)]

    def redeploy(self, old: str = "", new: str = "") -> int:
        """The key of one more version."""
        return deploy(self.workspace, ORDER.replace(old, new) + "<!-- another -->")

    def submit(self, plan: Plan, keys: Sequence[int], *, size: int | None = None, **terms: Any) -> Batch:
        """A batch that the operator asks for."""
        action = SubmitBatch(self.operator, channel=Channel.ADMIN, **terms)
        return Batch.objects.get(pk=action.execute(plan, Selection(keys), items_per_job=size))

    def done(self, plan: Plan, keys: Sequence[int], **terms: Any) -> Batch:
        """A batch, after all that can be done of it at once was done."""
        batch = self.submit(plan, keys, **terms)
        run_due_jobs()
        return progress(batch)


def deploy(workspace: Workspace, xml: str) -> int:
    resource = Resource("order.bpmn", xml.encode())
    deployed = Deploy(None).execute([resource], workspace_id=workspace.pk, fallback=Semantics.CAMUNDA_7)
    return deployed.definitions[0].key


def progress(batch: Batch) -> Batch:
    """The batch as it is now."""
    return Batch.objects.with_progress().get(pk=batch.pk)


def items(batch: Batch) -> dict[int, str]:
    """States by process instance."""
    return dict(BatchItem.objects.filter(batch=batch).values_list("process_instance_key", "state"))


def jobs(batch: Batch) -> list[BatchJob]:
    return list(BatchJob.objects.filter(batch=batch).order_by("key"))


def active(instance: int) -> list[str]:
    """The elements that are active."""
    rows = ElementInstance.objects.filter(process_instance=instance, state="ACTIVE").order_by("key")
    return list(rows.values_list("element_id", flat=True))


@pytest.fixture
def shop(db: None) -> Shop:
    workspace = Workspace.objects.create(slug="loans", name="Loans")
    operator = get_user_model().objects.create_user("olga")
    add_member(operator, workspace, Role.WORKSPACE_ADMIN)
    return Shop(workspace, deploy(workspace, ORDER), operator)
