"""Small models as XML, and deploying them."""

from __future__ import annotations

import re
from itertools import pairwise

from workflow import services
from workflow.graph import Semantics
from workflow.models import ProcessDefinition, Workspace

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:modeler="http://camunda.org/schema/modeler/1.0"
  targetNamespace="urn:test" id="definitions" modeler:executionPlatform="{platform}">
{messages}<process id="{id}" name="{id}" isExecutable="true">
"""
PLATFORMS = {Semantics.CAMUNDA_7: "Camunda Platform", Semantics.ZEEBE: "Camunda Cloud"}
JOBS = {
    Semantics.CAMUNDA_7: "<serviceTask id='{}' camunda:type='external' camunda:topic='work'/>",
    Semantics.ZEEBE: (
        "<serviceTask id='{}'><extensionElements><zeebe:taskDefinition type='work'/></extensionElements></serviceTask>"
    ),
}


def model(process_id: str, semantics: Semantics, elements: str) -> str:
    """A process of these elements in a row. `<job id/>` is work for a worker, `<receive id/>` waits for a message."""
    found = re.findall(r"<(\w+) id='(\w+)'([^>]*?)(?:/>|>.*?</\1>)", elements)
    ids = [element_id for _tag, element_id, _more in found]
    waits = [element_id for tag, element_id, _more in found if tag == "receive"]
    for tag, element_id, _more in found:
        if tag == "job":
            elements = elements.replace(f"<job id='{element_id}'/>", JOBS[semantics].format(element_id))
        if tag == "receive":
            task = f"<receiveTask id='{element_id}' messageRef='message_{element_id}'/>"
            elements = elements.replace(f"<receive id='{element_id}'/>", task)
    flows = "".join(
        f"<sequenceFlow id='flow{number}' sourceRef='{source}' targetRef='{target}'/>"
        for number, (source, target) in enumerate(pairwise(ids), 1)
    )
    messages = "".join(_message(name, semantics) for name in waits)
    head = HEAD.format(platform=PLATFORMS[semantics], id=process_id, messages=messages)
    return f"{head}{_typed(elements, semantics)}{flows}</process></definitions>"


def _message(name: str, semantics: Semantics) -> str:
    key = "<extensionElements><zeebe:subscription correlationKey='=key'/></extensionElements>"
    return f"<message id='message_{name}' name='{name}'>{key if semantics is Semantics.ZEEBE else ''}</message>\n"


def _typed(elements: str, semantics: Semantics) -> str:
    if semantics is not Semantics.ZEEBE:
        return elements
    native = "<userTask id='\\1'><extensionElements><zeebe:userTask/></extensionElements></userTask>"
    return re.sub(r"<userTask id='(\w+)'/>", native, elements)


def deploy(xml: str, *, workspace: Workspace | None = None) -> ProcessDefinition:
    """Deploy one model; its first process."""
    workspace = workspace or Workspace.objects.get(slug="<default>")
    resource = services.Resource("model.bpmn", xml.encode())
    return services.deploy([resource], workspace_id=workspace.id).definitions[0]
