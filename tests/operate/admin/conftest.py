"""Two workspaces, people of several roles, and process definitions of both semantics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from operate.workspaces import Role, add_member
from workflow.graph import Semantics
from workflow.models import ProcessDefinition, ProcessInstance, Workspace
from workflow.services import Resource, deploy, start_process_instance

SUB_PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:modeler="http://camunda.org/schema/modeler/1.0"
    targetNamespace="shop" modeler:executionPlatform="{platform}">
  <process id="{id}" name="Delivery" isExecutable="true">
    <startEvent id="start" />
    <sequenceFlow id="f1" sourceRef="start" targetRef="approve" />
    <userTask id="approve" name="Approve">{user_task}</userTask>
    <sequenceFlow id="f2" sourceRef="approve" targetRef="delivery" />
    <subProcess id="delivery" name="Delivery">
      <startEvent id="begin" />
      <sequenceFlow id="f3" sourceRef="begin" targetRef="pack" />
      <userTask id="pack" name="Pack">{user_task}</userTask>
      <sequenceFlow id="f4" sourceRef="pack" targetRef="send" />
      <userTask id="send" name="Send">{user_task}</userTask>
    </subProcess>
  </process>
</definitions>
"""
PLATFORMS = {Semantics.CAMUNDA_7: "Camunda Platform", Semantics.ZEEBE: "Camunda Cloud"}
USER_TASKS = {
    Semantics.CAMUNDA_7: "",
    Semantics.ZEEBE: "<extensionElements><zeebe:userTask /></extensionElements>",
}


@dataclass
class Office:
    """Workspaces 'shop' and 'bank'; `of` logs somebody in."""

    shop: Workspace
    bank: Workspace
    people: dict[str, Any] = field(default_factory=dict)

    def of(self, username: str) -> Client:
        client = Client()
        client.force_login(self.people[username])
        return client

    def deploy(self, semantics: Semantics, workspace: Workspace | None = None) -> ProcessDefinition:
        """The process 'delivery': approve, then pack and send in a sub-process."""
        xml = SUB_PROCESS.format(
            platform=PLATFORMS[semantics], id=f"delivery_{semantics.value}", user_task=USER_TASKS[semantics]
        )
        resources = [Resource("delivery.bpmn", xml.encode())]
        return deploy(resources, workspace_id=(workspace or self.shop).pk).definitions[0]

    def start(self, semantics: Semantics = Semantics.CAMUNDA_7, **options: Any) -> ProcessInstance:
        workspace = options.pop("workspace", None)
        outcome = start_process_instance(self.deploy(semantics, workspace).key, **options)
        return ProcessInstance.objects.get(pk=outcome.process_instance_key)


@pytest.fixture
def office(db: None) -> Office:
    made = Office(
        Workspace.objects.create(slug="shop", name="Shop"), Workspace.objects.create(slug="bank", name="Bank")
    )
    roles = {
        "stella": (made.shop, Role.WORKSPACE_ADMIN),
        "petra": (made.shop, Role.OPERATOR),
        "sam": (made.shop, Role.SUPPORT),
        "aud": (made.shop, Role.AUDITOR),
        "paul": (made.bank, Role.WORKSPACE_ADMIN),
    }
    users = get_user_model()._default_manager
    for username, (workspace, role) in roles.items():
        made.people[username] = users.create_user(username, password=username, is_staff=True)
        add_member(made.people[username], workspace, role)
    made.people["nobody"] = users.create_user("nobody", is_staff=True)
    made.people["root"] = users.create_superuser("root")
    return made
