"""Both Camunda dialects hide what is masked from who lacks the right, wherever they answer with variables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from operate.masking.models import MaskedVariable
from operate.masking.patterns import MASK
from operate.workspaces import Role, add_member
from tests.support.models import deploy, model
from workflow.graph import Semantics
from workflow.models import UserTask, Variable, Workspace
from workflow.services import start_process_instance

SECRET = "DE12"
WITH_TASK = "<startEvent id='start'/><userTask id='approve'/><endEvent id='end'/>"


@dataclass
class Case:
    """A process instance with a customer whose account is masked."""

    instance: int
    task: int
    variable: int

    def get(self, role: Role, path: str, body: Any = None) -> Any:
        user = get_user_model().objects.filter(username=role).first() or get_user_model().objects.create_user(role)
        add_member(user, Workspace.objects.get(slug="<default>"), role)
        client = APIClient()
        client.force_authenticate(user)
        path = path.format(instance=self.instance, task=self.task, variable=self.variable)
        answer = client.get(path) if body is None else client.post(path, body, format="json")
        assert answer.status_code == 200, answer.content
        return answer.content.decode()


@pytest.fixture
def case(db) -> Case:
    definition = deploy(model("order", Semantics.CAMUNDA_7, WITH_TASK))
    values = {"customer": {"name": "Ann", "iban": SECRET, "long": "x" * 9_000}, "plain": "seen"}
    instance = start_process_instance(definition.key, variables=values).process_instance_key
    MaskedVariable.objects.create(workspace_id=definition.workspace_id, process_id="order", pattern="customer.iban")
    task = UserTask.objects.get(process_instance=instance)
    return Case(instance, task.key, Variable.objects.get(process_instance=instance, name="customer").key)


READING: list[tuple[str, Any]] = [
    ("/engine-rest/process-instance/{instance}/variables", None),
    ("/engine-rest/process-instance/{instance}/variables/customer", None),
    ("/engine-rest/execution/{instance}/localVariables", None),
    ("/engine-rest/task/{task}/variables", None),
    ("/engine-rest/task/{task}/form-variables", None),
    ("/engine-rest/variable-instance", None),
    ("/engine-rest/variable-instance/{variable}", None),
    ("/engine-rest/history/variable-instance", None),
    ("/engine-rest/history/variable-instance/{variable}", None),
    ("/v2/variables/search", {}),
    ("/v2/variables/search?truncateValues=false", {}),
    ("/v2/variables/{variable}", None),
    ("/v2/user-tasks/{task}/variables/search", {}),
]


@pytest.mark.parametrize(("path", "body"), READING)
def test_the_right_decides(case, path, body):
    hidden, shown = case.get(Role.SUPPORT, path, body), case.get(Role.WORKSPACE_ADMIN, path, body)
    assert SECRET not in hidden
    assert MASK in hidden or json.dumps(MASK)[1:-1] in hidden
    assert "iban" in hidden
    assert SECRET in shown
    assert MASK not in shown


def test_a_result_is_masked_too(case):
    path, body = "/engine-rest/task/{task}/complete", {"withVariablesInReturn": True}
    assert SECRET not in case.get(Role.OPERATOR, path, body)
    assert json.loads(case.get(Role.SUPPORT, "/engine-rest/history/variable-instance?variableName=plain"))
