"""Processes to deploy, suspend and delete, and what is left of them."""

from __future__ import annotations

from tests.support.models import HEAD, PLATFORMS, model
from workflow import services
from workflow.graph import Semantics
from workflow.models import (
    ElementInstance,
    EventSubscription,
    Incident,
    Job,
    ProcessDefinition,
    ProcessInstance,
    SequenceFlowTaken,
    UserTask,
    Variable,
    Workspace,
)
from workflow.services import Resource

TABLES = (ElementInstance, SequenceFlowTaken, Variable, Job, UserTask, Incident, EventSubscription, ProcessInstance)
CALL = {
    Semantics.CAMUNDA_7: "<callActivity id='call' calledElement='{}'/>",
    Semantics.ZEEBE: (
        "<callActivity id='call'><extensionElements><zeebe:calledElement processId='{}'/></extensionElements></callActivity>"
    ),
}


def one_task(process_id: str = "order", semantics: Semantics = Semantics.CAMUNDA_7, note: str = "") -> str:
    """A process that waits at a user task; the note makes it another file."""
    return model(process_id, semantics, "<startEvent id='start'/><userTask id='approve'/>") + f"<!-- {note} -->"


def calling(process_id: str, called: str, semantics: Semantics) -> str:
    """A process that calls another one."""
    head = HEAD.format(platform=PLATFORMS[semantics], id=process_id, messages="")
    call = CALL[semantics].format(called)
    flow = "<sequenceFlow id='flow' sourceRef='start' targetRef='call'/>"
    return f"{head}<startEvent id='start'/>{call}{flow}</process></definitions>"


def deploy(*models: str, workspace: Workspace | None = None) -> list[ProcessDefinition]:
    """Deploy models together; all their processes."""
    workspace = workspace or Workspace.objects.get(slug="<default>")
    resources = [Resource(f"model{number}.bpmn", text.encode()) for number, text in enumerate(models)]
    return list(services.deploy(resources, workspace_id=workspace.pk).definitions)


def left() -> dict[str, int]:
    """How many rows there are of process instances, by table; tables without any are left out."""
    return {table.__name__: table.objects.count() for table in TABLES if table.objects.exists()}
