"""The modification mode: what is offered, and what a plan becomes, in both semantics."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.models import AuditEvent
from operate.admin.modification import element_operations, read_plan
from tests.operate.admin.conftest import Office
from workflow.engine.errors import Rejected
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance, Variable
from workflow.modification import (
    ActivateElement,
    AncestorChoice,
    CancelAll,
    CancelElementInstance,
    MoveElements,
    ScopedVariables,
    StartBefore,
    TerminateAll,
)
from workflow.services import modify_process_instance

OPEN = ("ACTIVATING", "ACTIVE", "COMPLETING")
BOTH = pytest.mark.parametrize("semantics", Semantics)


def active(instance: ProcessInstance) -> list[str]:
    rows = ElementInstance.objects.filter(process_instance=instance.key, state__in=OPEN)
    return sorted(rows.values_list("element_id", flat=True))


def row(kind: str, element: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "element": element, **more}


def send(office: Office, username: str, instance: ProcessInstance, *rows: dict[str, Any], **more: Any) -> Any:
    body = {"plan": list(rows), "revision": str(instance.revision), "reason": "test", **more}
    path = f"/workflow/processinstance/{instance.key}/modify/"
    return office.of(username).post(path, json.dumps(body), content_type="application/json")


def test_camunda_7_offers_start_events_and_zeebe_says_why_not(office):
    seven, eight = (office.start(semantics) for semantics in Semantics)
    assert element_operations(seven)["elements"]["start"]["operations"]["add"]["why"] == ""
    why = element_operations(eight)["elements"]["start"]["operations"]
    assert "cannot be activated" in why["add"]["why"]
    assert "cannot be activated" in why["target"]["why"]


@BOTH
def test_only_what_runs_can_be_canceled_or_moved(office, semantics):
    elements = element_operations(office.start(semantics))["elements"]
    assert elements["approve"]["running"] == 1
    assert elements["approve"]["operations"]["cancel"]["why"] == ""
    assert elements["pack"]["operations"]["cancel"]["why"] == "'Pack' has no running instance."
    assert elements["pack"]["operations"]["move"]["why"] == "'Pack' has no running instance."


@BOTH
def test_a_sub_process_is_canceled_but_not_moved(office, semantics):
    instance = office.start(semantics)
    add = StartBefore("pack") if semantics is Semantics.CAMUNDA_7 else ActivateElement("pack")
    modify_process_instance(instance.key, [add])
    operations = element_operations(instance)["elements"]["delivery"]["operations"]
    assert operations["cancel"]["why"] == ""
    assert "cannot be moved" in operations["move"]["why"]


@BOTH
def test_where_the_scope_runs_twice_one_is_chosen(office, semantics):
    instance = office.start(semantics)
    key = instance.key
    again = (
        [StartBefore("pack"), StartBefore("pack", ancestor_key=key)]
        if semantics is Semantics.CAMUNDA_7
        else [ActivateElement("pack", ancestor_key=key), ActivateElement("pack", ancestor_key=key)]
    )
    modify_process_instance(key, again)
    scopes = list(
        ElementInstance.objects.filter(process_instance=key, element_id="delivery").values_list("key", flat=True)
    )
    assert len(scopes) == 2
    elements = element_operations(instance)["elements"]
    assert [choice["key"] for choice in elements["send"]["ancestors"]] == [str(scope) for scope in scopes]
    assert elements["approve"]["ancestors"] == []
    instance.refresh_from_db()
    answer = send(office, "petra", instance, row("add", "send", ancestor=str(scopes[1])))
    assert answer.status_code == 200, answer.json()
    assert ElementInstance.objects.get(process_instance=key, element_id="send").flow_scope_key == scopes[1]


@BOTH
def test_moving_all_keeps_each_token_in_its_own_scope(office, semantics):
    instance = office.start(semantics)
    key = instance.key
    kind = StartBefore if semantics is Semantics.CAMUNDA_7 else ActivateElement
    modify_process_instance(key, [kind("pack", ancestor_key=key), kind("pack", ancestor_key=key)])
    instance.refresh_from_db()
    answer = send(office, "petra", instance, row("move", "pack", target="send"))
    assert answer.status_code == 200, answer.json()
    assert active(instance) == ["approve", "delivery", "delivery", "send", "send"]
    scopes = ElementInstance.objects.filter(process_instance=key, element_id="send").values_list(
        "flow_scope_key", flat=True
    )
    assert len(set(scopes)) == 2


def test_camunda_7_starts_before_it_cancels_whatever_the_order_of_the_plan(office):
    instance = office.start()
    plan = read_plan(instance, [row("cancel", "approve"), row("add", "pack", variables='{"a": 1}', scope="pack")])
    assert plan.instructions == (
        StartBefore("pack", variables={}, local_variables={"a": 1}),
        CancelAll("approve", only_current=True),
    )
    assert [plan.row_of(number) for number in (0, 1, None, 7)] == [1, 0, None, None]
    one = read_plan(instance, [row("cancel", "approve", key="42")])
    assert one.instructions == (CancelElementInstance(42),)


def test_zeebe_plans_become_zeebe_instructions(office):
    instance = office.start(Semantics.ZEEBE)
    plan = read_plan(
        instance,
        [
            row("add", "pack", variables='{"a": 1}', scope="delivery"),
            row("cancel", "approve"),
            row("move", "approve", target="pack"),
        ],
    )
    assert plan.instructions == (
        ActivateElement("pack", variables=(ScopedVariables({"a": 1}, "delivery"),)),
        MoveElements("pack", source_element_id="approve", ancestor=AncestorChoice.direct()),
        TerminateAll("approve"),
    )


@BOTH
def test_a_plan_is_tried_without_changing_anything_then_applied_at_once(office, semantics):
    instance = office.start(semantics)
    tried = send(office, "petra", instance, row("move", "approve", target="pack"), dryRun=True).json()
    assert [each["id"] for each in tried["activated"]] == ["delivery", "pack"]
    assert [each["id"] for each in tried["terminated"]] == ["approve"]
    assert active(instance) == ["approve"]
    assert not AuditEvent.objects.filter(event="Modify").exists()
    done = send(office, "petra", instance, row("move", "approve", target="pack"))
    assert done.status_code == 200
    assert active(instance) == ["delivery", "pack"]
    assert AuditEvent.objects.get(event="Modify").reason == "test"
    assert "Pack" in done.json()["panels"]["history"]


@BOTH
def test_a_refused_plan_names_its_row_and_changes_nothing(office, semantics):
    instance = office.start(semantics)
    refused = send(office, "petra", instance, row("add", "pack"), row("cancel", "approve", key="4711"))
    assert refused.status_code == 400
    assert refused.json()["row"] == 1 or semantics is Semantics.ZEEBE
    assert "4711" in refused.json()["message"]
    assert active(instance) == ["approve"]


def test_a_plan_made_on_an_older_revision_is_a_conflict(office):
    instance = office.start()
    instance.revision -= 1
    assert send(office, "petra", instance, row("cancel", "approve")).status_code == 409
    assert active(instance) == ["approve"]


def test_who_may_not_modify_is_refused_and_it_is_on_record(office):
    instance = office.start()
    refused = send(office, "sam", instance, row("cancel", "approve"))
    assert refused.status_code == 403
    assert "modify_processinstance" in refused.json()["message"]
    assert AuditEvent.objects.get(event="Modify").result == "REFUSED"


def test_variables_in_a_plan_need_the_right_to_edit_variables(office):
    instance = office.start()
    rows = row("add", "pack", variables='{"a": 1}')
    assert send(office, "petra", instance, rows).status_code == 403
    assert send(office, "stella", instance, rows).status_code == 200
    assert Variable.objects.get(scope_key=instance.key, name="a").value == 1


@pytest.mark.parametrize(
    "rows",
    [[], "x", [{}], [row("jump", "approve")], [row("add", "pack", variables="[1]")], [row("add", "pack", key="x")]],
)
def test_a_plan_that_cannot_be_read_is_refused(office, rows):
    with pytest.raises(Rejected):
        read_plan(office.start(), rows)
