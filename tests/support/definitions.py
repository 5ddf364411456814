"""Processes to deploy, suspend and delete, and what is left of them."""

from __future__ import annotations

from django.apps import apps
from django.db.models import Model

from tests.support.models import HEAD, PLATFORMS, model
from workflow import services
from workflow.graph import Semantics
from workflow.models import ProcessDefinition, ProcessInstance, Workspace
from workflow.services import Resource


def is_of_instance(table: type[Model]) -> bool:
    """Whether its rows belong to process instances."""
    return any(column.attname == "process_instance_key" for column in table._meta.concrete_fields)


TABLES = [ProcessInstance, *(table for table in apps.get_app_config("workflow").get_models() if is_of_instance(table))]
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
    return {table.__name__: count for table in TABLES if (count := table._default_manager.count())}
