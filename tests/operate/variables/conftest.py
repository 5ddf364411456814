"""A loan that waits for its approval, the people of its workspace, and edits as they send them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from audit.models import Channel
from operate.actions import Deploy, Edited, EditVariables, StartProcessInstance
from operate.variables.edits import Edit, read_edit
from operate.variables.reading import variables
from operate.workspaces import Role, add_member
from tests.support.models import model
from workflow.graph import Semantics
from workflow.models import ProcessInstance, Workspace
from workflow.services import Resource

WAITING = "<startEvent id='start'/><userTask id='approve' name='Approve'/>"


@dataclass
class Loans:
    """The workspace, who works there, and one process instance."""

    workspace: Workspace
    key: int = 0
    people: dict[Role | str, Any] = field(default_factory=dict)

    def deploy(self, xml: str, semantics: Semantics = Semantics.CAMUNDA_7) -> int:
        deploy = Deploy(None)
        resource = Resource("model.bpmn", xml.encode())
        return deploy.execute([resource], workspace_id=self.workspace.pk, fallback=semantics).definitions[0].key

    def start(self, definition_key: int, **variables: Any) -> int:
        started = StartProcessInstance(None).execute(definition_key, variables=variables)
        return started.process_instance_key

    @property
    def instance(self) -> ProcessInstance:
        return ProcessInstance.objects.get(pk=self.key)

    def texts(self, scope_key: int | None = None) -> dict[str, str]:
        return {each.name: each.text for each in variables(self.instance, scope_key or self.key)}

    def types(self) -> dict[str, str]:
        return {each.name: each.type for each in variables(self.instance, self.key)}

    def seen(self, scope_key: int | None = None) -> dict[str, str]:
        return {each.name: each.version for each in variables(self.instance, scope_key or self.key)}

    def edit(self, *, scope_key: int | None = None, **body: Any) -> Edit:
        """An edit by somebody who has seen everything as it is now, unless told otherwise."""
        body.setdefault("seen", self.seen(scope_key))
        return read_edit(scope_key or self.key, body)

    def act(self, role: Role | str = Role.WORKSPACE_ADMIN, **options: Any) -> EditVariables:
        return EditVariables(self.people[role], channel=Channel.ADMIN, **options)

    def save(self, role: Role | str = Role.WORKSPACE_ADMIN, *, scope_key: int | None = None, **body: Any) -> Edited:
        return self.act(role).execute(self.edit(scope_key=scope_key, **body))


def text(value: Any) -> dict[str, str]:
    """A value as single changes carry it."""
    return {"text": value if isinstance(value, str) else json.dumps(value)}


@pytest.fixture
def loans(db) -> Loans:
    workspace = Workspace.objects.create(slug="loans", name="Loans")
    loans = Loans(workspace)
    for role in Role:
        user = get_user_model().objects.create(username=role.value.lower())
        add_member(user, workspace, role)
        loans.people[role] = user
    loans.people["stranger"] = get_user_model().objects.create(username="stranger")
    definition_key = loans.deploy(model("loan", Semantics.CAMUNDA_7, WAITING))
    loans.key = loans.start(definition_key, amount=100, customer={"name": "Ann", "city": "Rome"})
    return loans
