"""Plans travel as JSON and as calls of the Camunda APIs, and mean the same on the other side."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from operate.actions import ModifyProcessInstance
from operate.plans.checking import MAX_PROBLEMS, check
from operate.plans.exporting import call_for
from operate.plans.json_form import Malformed, plain, read, write
from operate.plans.plan import Plan
from tests.support.models import deploy, model
from workflow import services
from workflow.engine.errors import Conflict, Rejected
from workflow.engine.values import TypedValue
from workflow.graph import Semantics
from workflow.modification import (
    ActivateElement,
    AncestorChoice,
    CancelAll,
    CancelElementInstance,
    CancelTransitionInstance,
    Instruction,
    MoveElements,
    ScopedVariables,
    StartAfter,
    StartBefore,
    StartTransition,
    TerminateAll,
    TerminateElementInstance,
)

CAMUNDA_7: list[Instruction] = [
    StartBefore("ship"),
    StartBefore("ship", 17, {"n": TypedValue(1, "Long"), "free": [1]}, {"o": TypedValue({"a": 1}, "Json")}),
    StartAfter("check", variables={"text": "x"}),
    StartTransition("flow1", local_variables={"nothing": None}),
    CancelAll("check"),
    CancelAll("check", only_current=True),
    CancelElementInstance(18),
    CancelTransitionInstance(19),
]
ZEEBE: list[Instruction] = [
    ActivateElement("ship"),
    ActivateElement("ship", 17, (ScopedVariables({"n": 1}), ScopedVariables({"o": {"a": 1}}, "ship"))),
    MoveElements("ship", "check", variables=(ScopedVariables({"n": 1}, "ship"),)),
    MoveElements("ship", source_key=18, ancestor=AncestorChoice.direct(17)),
    MoveElements("ship", "check", ancestor=AncestorChoice.inferred()),
    MoveElements("ship", "check", ancestor=AncestorChoice.source_parent()),
    TerminateElementInstance(19),
    TerminateAll("check"),
]
BOTH = [pytest.param(CAMUNDA_7, Semantics.CAMUNDA_7, id="camunda7"), pytest.param(ZEEBE, Semantics.ZEEBE, id="zeebe")]


@pytest.mark.parametrize(("instructions", "semantics"), BOTH)
def test_a_plan_comes_back_from_json_as_it_was(instructions, semantics):
    plan = Plan(tuple(instructions), skip_io_mappings=True, expected_revision=4)
    assert read(Plan, json.loads(json.dumps(write(plan)))) == plan
    assert plan.semantics() is semantics


def test_the_shortest_form_is_written():
    assert write(Plan((StartBefore("ship"),))) == {"instructions": [{"type": "start_before", "element_id": "ship"}]}


@pytest.mark.django_db
@pytest.mark.parametrize(("instructions", "semantics"), BOTH)
def test_the_exported_call_asks_the_api_for_the_same_instructions(instructions, semantics, monkeypatch):
    steps = "<startEvent id='start'/><userTask id='check'/><userTask id='ship'/><endEvent id='end'/>"
    started = services.start_process_instance(deploy(model("order", semantics, steps)).key)
    client = APIClient()
    client.force_authenticate(get_user_model().objects.create_superuser("ann"))
    asked: list[Instruction] = []

    def execute(action: Any, key: int, instructions: Any, **options: Any) -> services.Outcome:
        asked.extend(instructions)
        return started

    monkeypatch.setattr(ModifyProcessInstance, "execute", execute)
    # when
    call = call_for(Plan(tuple(instructions)), started.process_instance_key)
    answer = client.generic(call.method, call.path, json.dumps(call.body), content_type="application/json")
    # then
    assert answer.status_code == 204, answer.content
    assert call.leaves_out == []
    assert _without_types(asked) == _without_types(instructions)


def _without_types(instructions: Any) -> list[Any]:
    """Camunda 7's API gives each value a type."""
    return [_plain(write(each)) for each in instructions]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if not name.endswith("_types")}
    return [_plain(each) for each in value] if isinstance(value, list) else plain(value)


def test_a_call_for_any_process_instance_leaves_its_key_open():
    call = call_for(Plan((StartBefore("ship"),)))
    assert call.path == "/engine-rest/process-instance/$PROCESS_INSTANCE/modification"
    assert '"$FETTLE_URL/engine-rest/process-instance/$PROCESS_INSTANCE/modification"' in call.curl


def test_what_a_dialect_cannot_say_is_told():
    moved_first = call_for(Plan((MoveElements("a", "b"), ActivateElement("c"))))
    assert "order" in moved_first.leaves_out[0]
    twice = call_for(Plan((StartBefore("a", variables={"x": 1}, local_variables={"x": 2}),)))
    assert "instructions[0].variables.x" in twice.leaves_out[0]


def test_instructions_of_both_semantics_are_no_plan():
    with pytest.raises(Rejected, match="one semantics"):
        Plan((StartBefore("a"), TerminateAll("b"))).semantics()


def test_everything_that_is_wrong_with_json_is_told():
    with pytest.raises(Malformed) as refusal:
        read(
            Plan,
            {
                "instructions": [
                    {
                        "type": "start_before",
                        "element_id": "a",
                        "variables": {"n": "x"},
                        "variables_types": {"n": "Long"},
                    },
                    {"type": "move_elements", "target_element_id": "a"},
                    {"type": "cancel_element_instance", "key": "-1"},
                ],
                "expected_revision": 1.5,
                "extra": None,
            },
        )
    assert [problem.path for problem in refusal.value.problems] == [
        "instructions[0].variables.n",
        "instructions[1]",
        "instructions[2].key",
        "expected_revision",
        "extra",
    ]


def test_the_search_for_problems_ends_somewhere():
    def refuse_the_first(instructions: Any) -> None:
        raise Rejected("wrong", instruction=0)

    verdict = check([(number, CancelAll("x")) for number in range(MAX_PROBLEMS + 5)], refuse_the_first)
    assert (len(verdict.flaws), verdict.is_complete) == (MAX_PROBLEMS, False)
    assert [flaw.instruction for flaw in verdict.flaws] == list(range(MAX_PROBLEMS))


def test_what_shows_in_the_end_belongs_to_no_instruction():
    def refuse(instructions: Any) -> None:
        raise Conflict("the called instance would be empty")

    verdict = check([(0, CancelAll("x")), (1, CancelAll("y"))], refuse)
    assert ([flaw.instruction for flaw in verdict.flaws], verdict.is_complete) == ([None], False)
