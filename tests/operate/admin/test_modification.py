"""The modification mode: what is offered, and what a plan becomes, in both semantics."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.models import AuditEvent
from operate.admin.modification.offers import element_operations
from operate.admin.modification.plan import read_plan
from tests.operate.admin.conftest import PLATFORMS, USER_TASKS, Office
from tests.operate.admin.test_wizard_risks import FORK
from tests.operate.admin.world import each, started, waiting
from tests.support.models import HEAD, deploy, model
from workflow.engine.errors import Rejected
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance, Variable
from workflow.modification import (
    ActivateElement,
    AncestorChoice,
    CancelAll,
    CancelElementInstance,
    CancelTransitionInstance,
    MoveElements,
    ScopedVariables,
    StartBefore,
    TerminateAll,
)
from workflow.services import modify_process_instance, start_process_instance

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


@BOTH
def test_canceling_all_spares_what_the_plan_itself_adds(office, semantics):
    """Trap 15: what is canceled is what was there when it was planned."""
    instance = office.start(semantics)
    [before] = ElementInstance.objects.filter(process_instance=instance.key, element_id="approve")
    answer = send(office, "petra", instance, row("add", "approve"), row("cancel", "approve"))
    assert answer.status_code == 200, answer.json()
    assert active(instance) == ["approve"]
    assert ElementInstance.objects.get(pk=before.key).state == "TERMINATED"


MAPPED = {
    Semantics.CAMUNDA_7: "<camunda:inputOutput><camunda:inputParameter name='net'>${1 + 1}</camunda:inputParameter>"
    "</camunda:inputOutput>",
    Semantics.ZEEBE: "<zeebe:userTask/><zeebe:ioMapping><zeebe:input source='=1 + 1' target='net'/></zeebe:ioMapping>",
}


@BOTH
@pytest.mark.parametrize("skips", [False, True])
def test_mappings_of_what_begins_are_evaluated_unless_the_plan_skips_them(office, semantics, skips):
    """Trap 20: what the option says is what the engine does."""
    pay = f"<userTask id='pay'><extensionElements>{MAPPED[semantics]}</extensionElements></userTask>"
    definition = deploy(
        model("paid", semantics, f"<startEvent id='s'/><userTask id='check'/>{pay}"), workspace=office.shop
    )
    instance = ProcessInstance.objects.get(pk=start_process_instance(definition.key).process_instance_key)
    answer = send(office, "petra", instance, row("move", "check", target="pay"), skipMappings=skips)
    assert answer.status_code == 200, answer.json()
    values = Variable.objects.filter(process_instance=instance.key, name="net").values_list("value", flat=True)
    assert list(values) == ([] if skips else [2])


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
    assert "Pack" in json.dumps(done.json()["history"])


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


# -- events, multi-instances, asynchronous continuations, called instances


def offered(instance: ProcessInstance, element: str) -> dict[str, Any]:
    found: dict[str, Any] = element_operations(instance)["elements"][element]
    return found


def tried(office: Office, instance: ProcessInstance, *rows: dict[str, Any]) -> dict[str, Any]:
    answer = send(office, "petra", instance, *rows, dryRun=True)
    assert answer.status_code == 200, answer.json()
    found: dict[str, Any] = answer.json()
    return found


def keys_of(instance: ProcessInstance, element: str) -> list[str]:
    rows = ElementInstance.objects.filter(process_instance=instance.key, element_id=element, state__in=OPEN)
    return [str(key) for key in rows.order_by("key").values_list("key", flat=True)]


EVENTS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
    xmlns:modeler="http://camunda.org/schema/modeler/1.0" targetNamespace="shop" modeler:executionPlatform="{platform}">
  <message id="m1" name="paid"><extensionElements><zeebe:subscription correlationKey="=1" /></extensionElements></message>
  <process id="events" name="Events" isExecutable="true">
    <startEvent id="start" /><sequenceFlow id="f0" sourceRef="start" targetRef="approve" />
    <userTask id="approve" name="Approve">{user_task}</userTask>
    <boundaryEvent id="late" name="Late" attachedToRef="approve">
      <timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent>
    <sequenceFlow id="l1" sourceRef="late" targetRef="remind" /><userTask id="remind" name="Remind">{user_task}</userTask>
    <boundaryEvent id="soon" name="Soon" attachedToRef="approve" cancelActivity="false">
      <timerEventDefinition><timeDuration>PT1M</timeDuration></timerEventDefinition></boundaryEvent>
    <sequenceFlow id="l2" sourceRef="soon" targetRef="remind" />
    <sequenceFlow id="f1" sourceRef="approve" targetRef="gate" /><eventBasedGateway id="gate" />
    <sequenceFlow id="g1" sourceRef="gate" targetRef="paid" /><sequenceFlow id="g2" sourceRef="gate" targetRef="day" />
    <intermediateCatchEvent id="paid" name="Paid"><messageEventDefinition messageRef="m1" /></intermediateCatchEvent>
    <intermediateCatchEvent id="day" name="A day">
      <timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition></intermediateCatchEvent>
    <subProcess id="stopping" name="Stopping" triggeredByEvent="true">
      <startEvent id="stopped" name="Stop">
        <timerEventDefinition><timeDuration>P9D</timeDuration></timerEventDefinition></startEvent>
      <sequenceFlow id="st1" sourceRef="stopped" targetRef="tidy" /><userTask id="tidy" name="Tidy">{user_task}</userTask>
    </subProcess>
  </process>
</definitions>
"""


def events(office: Office, semantics: Semantics) -> ProcessInstance:
    xml = EVENTS.format(platform=PLATFORMS[semantics], user_task=USER_TASKS[semantics])
    return started(office, xml, "events")


def test_events_that_interrupt_say_what_they_end_with_camunda_7(office):
    instance = events(office, Semantics.CAMUNDA_7)
    adding = {
        element: offered(instance, element)["operations"]["add"] for element in ("late", "soon", "stopped", "paid")
    }
    assert adding["late"] == {"why": "", "note": "Ends 'Approve', as the event does."}
    assert adding["soon"] == {"why": "", "note": ""}
    assert adding["stopped"] == {"why": "", "note": "Ends everything else in the process instance, as the event does."}
    assert adding["paid"] == {"why": "", "note": ""}


def test_events_that_zeebe_does_not_activate_say_what_to_choose_instead(office):
    instance = events(office, Semantics.ZEEBE)
    why = {
        element: offered(instance, element)["operations"] for element in ("late", "soon", "stopped", "paid", "start")
    }
    for element in ("late", "soon", "stopped", "start"):
        assert "Choose the element after it." in why[element]["add"]["why"], element
    assert "Choose the event-based gateway before it." in why["paid"]["add"]["why"]
    assert all(each["target"]["why"] == each["add"]["why"] for each in why.values())
    note = offered(instance, "stopping")["operations"]["add"]
    assert note == {"why": "", "note": "Does not interrupt: cancel what else should end in the process instance."}


@pytest.mark.parametrize("element", ["late", "soon", "stopped", "paid", "start"])
def test_what_the_page_says_about_zeebe_is_what_the_engine_does(office, element):
    instance = events(office, Semantics.ZEEBE)
    assert send(office, "petra", instance, row("add", element), dryRun=True).status_code == 400


def test_the_preview_shows_what_an_interrupting_event_ends_and_which_waits_go_with_it(office):
    found = tried(office, events(office, Semantics.CAMUNDA_7), row("add", "late"))
    assert [each["id"] for each in found["terminated"]] == ["approve"]
    assert "timer 'Soon'" in [each["name"] for each in found["waitsNoMore"]]
    assert [each["id"] for each in found["activated"]] == ["late", "remind"]


@BOTH
def test_the_preview_tells_what_will_be_waited_for(office, semantics):
    found = tried(office, events(office, semantics), row("move", "approve", target="gate"))
    assert {each["name"] for each in found["waits"]} == {"message 'Paid'", "timer 'A day'"}
    assert {each["name"] for each in found["waitsNoMore"]} == {"timer 'Late'", "timer 'Soon'"}


def test_the_preview_tells_of_called_instances(office):
    instance = waiting(office)
    called = ProcessInstance.objects.get(parent_process_instance=instance.key)
    found = tried(office, instance, row("cancel", "ship"), row("add", "ship"))
    assert sorted(found["called"]) == [
        f"Cancels the called instance {called.key} of 'shipping'.",
        "Starts the called instance of 'shipping'.",
    ]
    called.refresh_from_db()
    assert called.state == "ACTIVE"


def test_a_token_at_an_asynchronous_continuation_is_canceled_as_a_transition(office):
    instance = waiting(office)
    [key] = keys_of(instance, "later")
    plan = read_plan(instance, [row("cancel", "later", key=key)])
    assert plan.instructions == (CancelTransitionInstance(int(key)),)
    assert send(office, "petra", instance, row("cancel", "later", key=key)).status_code == 200
    assert "later" not in active(instance)


@BOTH
def test_a_multi_instance_and_its_iterations_are_offered_apart(office, semantics):
    instance = each(office, semantics)
    for element in ("items", "items#multiInstanceBody"):
        assert [variant["id"] for variant in offered(instance, element)["variants"]] == [
            "items#multiInstanceBody",
            "items",
        ]
        assert offered(instance, element)["drawn"] == "items"
    assert offered(instance, "items")["running"] == 2
    assert offered(instance, "items#multiInstanceBody")["running"] == 1
    assert offered(instance, "items#multiInstanceBody")["name"] == "Check item · multi-instance"
    iteration = offered(instance, "items")["operations"]
    if semantics is Semantics.CAMUNDA_7:
        assert iteration["add"] == {"why": "", "note": "One more iteration; give its element as a local variable."}
    else:
        assert "no iteration can be added" in iteration["add"]["why"]
        assert "Select one iteration" in iteration["move"]["all"]
    assert "cannot be moved" in offered(instance, "parcel#multiInstanceBody")["operations"]["move"]["why"]
    assert "cannot be moved" in offered(instance, "parcel")["operations"]["move"]["why"]


@BOTH
def test_one_iteration_all_of_them_or_the_whole_are_canceled(office, semantics):
    instance = each(office, semantics)
    one = tried(office, instance, row("cancel", "items", key=keys_of(instance, "items")[0]))
    assert [(each["id"], each["total"]) for each in one["terminated"]] == [("items", 1)]
    for element in ("items", "items#multiInstanceBody"):
        gone = {each["id"]: each["total"] for each in tried(office, instance, row("cancel", element))["terminated"]}
        assert gone == {"items": 2, "items#multiInstanceBody": 1}


@BOTH
def test_a_whole_multi_instance_is_added_and_moved_with_one_token(office, semantics):
    instance = each(office, semantics)
    found = tried(office, instance, row("add", "items#multiInstanceBody"))
    assert {each["id"]: each["total"] for each in found["activated"]} == {"items": 2, "items#multiInstanceBody": 1}
    moved = tried(office, instance, row("move", "items#multiInstanceBody", target="parcel#multiInstanceBody"))
    assert {"id": "parcel#multiInstanceBody", "name": "Parcel · multi-instance", "total": 1} in moved["activated"]


def test_an_iteration_is_added_with_camunda_7(office):
    found = tried(office, each(office, Semantics.CAMUNDA_7), row("add", "items"))
    assert {each["id"]: each["total"] for each in found["activated"]} == {"items": 1}


@BOTH
def test_a_move_inside_a_multi_instance_stays_in_its_iteration(office, semantics):
    instance = each(office, semantics)
    first, second = keys_of(instance, "parcel")
    answer = send(office, "petra", instance, row("move", "pack", target="send", key=keys_of(instance, "pack")[1]))
    assert answer.status_code == 200, answer.json()
    sent = ElementInstance.objects.get(process_instance=instance.key, element_id="send")
    assert str(sent.flow_scope_key) == second
    assert keys_of(instance, "parcel") == [first, second]


@BOTH
def test_what_is_added_inside_a_multi_instance_needs_an_iteration_to_be_named(office, semantics):
    instance = each(office, semantics)
    first, second = keys_of(instance, "parcel")
    choices = offered(instance, "send")["ancestors"]
    assert choices == [
        {"key": first, "label": f"Parcel #1 · {first}"},
        {"key": second, "label": f"Parcel #2 · {second}"},
    ]
    refused = send(office, "petra", instance, row("add", "send"), dryRun=True)
    assert refused.status_code == 400
    assert "ancestor key" in refused.json()["message"]
    assert send(office, "petra", instance, row("add", "send", ancestor=second), dryRun=True).status_code == 200


def test_zeebe_adds_nothing_inside_a_multi_instance_that_does_not_run(office):
    instance = each(office, Semantics.ZEEBE)
    assert send(office, "petra", instance, row("cancel", "parcel#multiInstanceBody")).status_code == 200
    assert "that does not run" in offered(instance, "send")["operations"]["add"]["why"]
    instance.refresh_from_db()
    assert send(office, "petra", instance, row("add", "send"), dryRun=True).status_code == 400


@BOTH
def test_variables_of_what_runs_change_with_the_tokens_or_not_at_all(office, semantics):
    instance = office.start(semantics)
    edit = row("set", "", key=str(instance.key), variables='{"amount": 7}')
    refused = send(office, "stella", instance, edit, row("cancel", "pack", key="1"))
    assert refused.status_code == 400
    assert refused.json()["row"] == 1
    assert not Variable.objects.filter(scope_key=instance.key, name="amount").exists()
    answer = send(office, "stella", instance, edit, row("move", "approve", target="pack"))
    assert answer.status_code == 200, answer.json()
    assert Variable.objects.get(scope_key=instance.key, name="amount").value == 7
    assert active(instance) == ["delivery", "pack"]


def test_setting_variables_takes_a_scope_that_runs_and_the_right_to_edit(office):
    instance = office.start(Semantics.ZEEBE)
    nowhere = send(office, "stella", instance, row("set", "", key="1", variables='{"amount": 7}'))
    assert "scope" in nowhere.json()["message"]
    nothing = send(office, "stella", instance, row("set", "", key=str(instance.key)))
    assert "a value for at least one variable" in nothing.json()["message"]
    petra = send(office, "petra", instance, row("set", "", key=str(instance.key), variables='{"amount": 7}'))
    assert petra.status_code == 403


@BOTH
def test_a_red_warning_refuses_the_plan_until_it_is_accepted(office, semantics):
    instance = office.start(semantics)
    plan = row("cancel", "approve")
    tried = send(office, "stella", instance, plan, dryRun=True).json()
    reds = [each for each in tried["warnings"] if each["severity"] == "red"]
    refused = send(office, "stella", instance, plan)
    assert [each["code"] for each in reds] == ["instance_ends"]
    assert refused.status_code == 409
    assert [each["code"] for each in refused.json()["warnings"]] == ["instance_ends"]
    assert active(instance) == ["approve"]
    accepted = [{"code": each["code"], "elements": each["elements"]} for each in reds]
    assert send(office, "stella", instance, plan, accepted=accepted).status_code == 200
    assert active(instance) == []


@BOTH
def test_variables_join_the_scope_that_a_token_brings_in_rows_of_their_own(office, semantics):
    """A15: one of a scope that is opened with the token, one of the token itself where the semantics has that."""
    instance = office.start(semantics)
    offered_scopes = [each["id"] for each in offered(instance, "pack")["scopes"]]
    assert offered_scopes == (["delivery"] if semantics is Semantics.CAMUNDA_7 else ["delivery", "pack"])
    rows = [
        row("add", "pack", id=4),
        *(
            row("set", "", id=5 + at, of=4, scope=each, variables=f'{{"v{at}": {at}}}')
            for at, each in enumerate(offered_scopes)
        ),
        row("set", "", id=9, of=4, scope="delivery", variables='{"colour": "red"}'),
    ]
    assert send(office, "stella", instance, *rows).status_code == 200
    scopes = dict(ElementInstance.objects.filter(process_instance=instance.key).values_list("key", "element_id"))
    found = {
        (scopes.get(each.scope_key), each.name): each.value
        for each in Variable.objects.filter(process_instance=instance.key)
    }
    expected = {(each, f"v{at}"): at for at, each in enumerate(offered_scopes)} | {("delivery", "colour"): "red"}
    assert {each: value for each, value in found.items() if each[0]} == expected


def test_variables_of_a_token_that_no_row_brings_are_refused(office):
    instance = office.start(Semantics.ZEEBE)
    answer = send(office, "stella", instance, row("set", "", id=2, of=7, scope="pack", variables='{"a": 1}'))
    assert answer.status_code == 400
    assert "another row adds or moves" in answer.json()["message"]


@BOTH
def test_the_preview_says_whether_a_join_is_arrived_at_or_fired(office, semantics):
    """Trap 10: with Camunda 7 the token waits there, with Zeebe it goes on at once."""
    head = HEAD.format(platform=PLATFORMS[semantics], id="forked", messages="")
    definition = deploy(f"{head}{FORK}</process></definitions>", workspace=office.shop)
    instance = ProcessInstance.objects.get(pk=start_process_instance(definition.key).process_instance_key)
    found = tried(office, instance, row("add", "join"))
    stays = {each["id"] for each in found["activated"]} - {each["id"] for each in found["completed"]}
    assert stays == ({"join"} if semantics is Semantics.CAMUNDA_7 else {"after"})
