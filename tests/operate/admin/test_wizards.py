"""Wizards for many process instances: what they offer, what a preview tells, and what is done."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.http import HttpResponse

from audit.models import AuditEvent
from operate.admin import offers
from operate.batch.models import Batch, BatchItem
from operate.batch.running import run_due_jobs
from tests.operate.admin.conftest import PLATFORMS, SUB_PROCESS, USER_TASKS, Office
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessDefinition, ProcessInstance, UserTask, Variable
from workflow.services import (
    Resource,
    cancel_process_instance,
    complete_user_task,
    deploy,
    start_process_instance,
)

NEW = "/operate/batch/new/"
PREVIEW = "/operate/batch/new/preview/"
INSTANCES = "/workflow/processinstance/"
BOTH = pytest.mark.parametrize("semantics", Semantics)


def started(office: Office, semantics: Semantics = Semantics.CAMUNDA_7, number: int = 3, **options: Any) -> list[int]:
    return [office.start(semantics, **options).key for _ in range(number)]


def fields(operation: str, keys: list[int], **more: Any) -> dict[str, Any]:
    return {"operation": operation, "key": keys, "back": f"{INSTANCES}?process=x", **more}


def preview(office: Office, name: str, sent: dict[str, Any]) -> dict[str, Any]:
    answer = office.of(name).post(PREVIEW, sent)
    found: dict[str, Any] = json.loads(answer.content)
    return found | {"status": answer.status_code}


def apply(office: Office, name: str, sent: dict[str, Any]) -> HttpResponse:
    return office.of(name).post(NEW, {**sent, "confirmed": "1"})


def active(key: int) -> list[str]:
    rows = ElementInstance.objects.filter(process_instance=key, state="ACTIVE", active_children=0)
    return sorted(rows.values_list("element_id", flat=True))


def newer(office: Office, semantics: Semantics = Semantics.CAMUNDA_7) -> ProcessDefinition:
    """Version 2, in which 'approve' is called 'examine'."""
    xml = SUB_PROCESS.format(
        platform=PLATFORMS[semantics], id=f"delivery_{semantics.value}", user_task=USER_TASKS[semantics]
    ).replace('"approve"', '"examine"')
    return deploy([Resource("delivery.bpmn", xml.encode())], workspace_id=office.shop.pk).definitions[0]


# -- moving


@BOTH
def test_many_are_moved_after_a_preview(office: Office, semantics: Semantics) -> None:
    keys = started(office, semantics)
    sent = fields("move", keys, source="approve", target="pack")
    found = preview(office, "petra", sent)
    assert (found["tried"], found["refused"]) == (3, [])
    assert {"name": "Pack", "total": 3} in found["sums"]["activated"]
    assert found["sums"]["terminated"] == [{"name": "Approve", "total": 3}]
    assert [active(key) for key in keys] == [["approve"]] * 3
    apply(office, "petra", sent)
    run_due_jobs()
    assert [active(key) for key in keys] == [["pack"]] * 3


def test_one_is_moved_at_once_and_seen(office: Office) -> None:
    [key] = started(office, number=1)
    answer = apply(office, "petra", fields("move", [key], source="approve", target="pack", reason="wrong branch"))
    assert answer.headers["Location"] == f"{INSTANCES}{key}/"
    assert active(key) == ["pack"]
    assert not Batch.objects.exists()
    assert AuditEvent.objects.get(process_instance_key=key, event="Modify").reason == "wrong branch"


def test_what_is_selected_and_where_it_stands_is_on_the_page(office: Office) -> None:
    keys = started(office)
    cancel_process_instance(keys[0])
    page = office.of("petra").post(NEW, fields("move", keys))
    assert page.context["counts"].possible == 2
    assert page.context["source"] == "approve"
    text = page.content.decode()
    assert "2 process instances" in text
    assert "1 ended already" in text
    assert f'href="{INSTANCES}?process=x"' in text


def test_the_target_may_not_be_what_the_semantics_forbids(office: Office) -> None:
    keys = started(office, Semantics.ZEEBE)
    page = office.of("petra").post(NEW, fields("move", keys, source="approve"))
    why = {each["id"]: each["why_target"] for each in page.context["elements"]}
    assert "cannot be activated" in why["start"]
    assert why["pack"] == ""
    assert why["approve"] == "It is where they come from."
    found = preview(office, "petra", fields("move", keys, source="approve", target="start"))
    assert found["status"] == 400
    assert "cannot be activated" in found["message"]


def test_nothing_is_moved_from_several_processes(office: Office) -> None:
    keys = [office.start(semantics).key for semantics in Semantics]
    text = office.of("petra").post(NEW, fields("move", keys)).content.decode()
    assert "Expected process instances of one process in one workspace" in text
    answer = apply(office, "petra", fields("move", keys, source="approve", target="pack"))
    assert answer.status_code == 400
    assert not Batch.objects.exists()


def test_a_move_that_each_would_refuse_is_not_begun_and_loses_nothing(office: Office) -> None:
    keys = started(office, Semantics.ZEEBE)
    sent = fields("move", keys, source="pack", target="send", reason="typo")
    found = preview(office, "petra", sent)
    assert sum(each["total"] for each in found["refused"]) == 3
    answer = apply(office, "petra", sent)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert "Nothing was done" in text
    assert 'value="typo"' in text
    assert answer.context["selected"].keys == keys
    assert not Batch.objects.exists()


def test_variables_that_go_along_need_their_own_right(office: Office) -> None:
    keys = started(office)
    sent = fields("move", keys, source="approve", target="pack", variables='{"tier": "gold"}')
    found = preview(office, "petra", sent)
    assert found["status"] == 403
    assert apply(office, "petra", sent).status_code == 400
    apply(office, "stella", sent)
    run_due_jobs()
    assert set(Variable.objects.filter(name="tier").values_list("scope_key", flat=True)) == set(keys)


# -- restarting


@BOTH
def test_one_is_restarted_where_it_stood(office: Office, semantics: Semantics) -> None:
    [key] = started(office, semantics, 1, variables={"tier": "gold"}, business_key="B-1")
    complete_user_task(UserTask.objects.get(process_instance=key).key)
    cancel_process_instance(key)
    client = office.of("petra")
    page = client.get(f"{NEW}?operation=restart&key={key}")
    assert [each["id"] for each in page.context["elements"] if each["is_chosen"]] == ["pack"]
    sent = fields("restart", [key], element="pack", base="last")
    assert {"name": "Pack", "total": 1} in preview(office, "petra", sent)["sums"]["activated"]
    answer = apply(office, "petra", sent)
    again = ProcessInstance.objects.get(restarted_from=key)
    assert answer.headers["Location"] == f"{INSTANCES}{again.key}/"
    assert active(again.key) == ["pack"]
    assert again.business_key == "B-1"
    assert Variable.objects.get(scope_key=again.key, name="tier").value == "gold"


def test_a_preview_names_what_is_waited_for_by_its_element(office: Office) -> None:
    xml = SUB_PROCESS.format(
        platform=PLATFORMS[Semantics.CAMUNDA_7], id="delivery_camunda7", user_task=USER_TASKS[Semantics.CAMUNDA_7]
    ).replace('<userTask id="pack" ', '<userTask id="pack" camunda:asyncBefore="true" ')
    definition = deploy([Resource("delivery.bpmn", xml.encode())], workspace_id=office.shop.pk).definitions[0]
    key = start_process_instance(definition.key).process_instance_key
    sent = fields("move", [key], source="approve", target="pack")
    assert preview(office, "petra", sent)["sums"]["waits"] == [{"name": "continuation before 'Pack'", "total": 1}]


def test_a_completed_one_begins_at_its_start_again(office: Office) -> None:
    [key] = started(office, number=1)
    for _ in range(3):
        complete_user_task(UserTask.objects.get(process_instance=key, state="CREATED").key)
    page = office.of("petra").get(f"{NEW}?operation=restart&key={key}")
    assert [each["id"] for each in page.context["elements"] if each["is_chosen"]] == ["start"]


def test_many_are_restarted_on_a_newer_version_with_changed_variables(office: Office) -> None:
    keys = started(office, variables={"tier": "gold"})
    for key in keys:
        cancel_process_instance(key)
    target = newer(office)
    client = office.of("stella")
    page = client.post(NEW, fields("restart", keys, version=target.key))
    assert "Version 2 does not have: Approve" in page.content.decode()
    sent = fields("restart", keys, element="examine", base="last", version=target.key, variables='{"tier": "silver"}')
    assert preview(office, "stella", sent)["refused"] == []
    apply(office, "stella", sent)
    run_due_jobs()
    again = ProcessInstance.objects.filter(restarted_from__in=keys)
    assert {(each.version, *active(each.key)) for each in again} == {(2, "examine")}
    assert set(Variable.objects.filter(scope_key__in=again.values("pk")).values_list("value", flat=True)) == {"silver"}
    assert BatchItem.objects.filter(state="COMPLETED", result_key__isnull=False).count() == 3


def test_a_running_one_is_not_restarted_and_it_says_so(office: Office) -> None:
    [key] = started(office, number=1)
    client = office.of("petra")
    text = client.get(f"{NEW}?operation=restart&key={key}").content.decode()
    assert "1 still running" in text
    menu = client.get(INSTANCES).content.decode()
    assert "operation=restart" not in menu
    cancel_process_instance(key)
    assert f"operation=restart&key={key}" in client.get(f"{INSTANCES}?state=canceled").content.decode()


def test_first_values_that_are_not_kept_are_told(office: Office) -> None:
    [key] = started(office, number=1)
    Variable.objects.filter(process_instance=key).delete()
    cancel_process_instance(key)
    found = preview(office, "petra", fields("restart", [key], element="approve", base="initial"))
    assert found["notes"] == ["Of 1 of 1 no first values are kept: they begin without variables."]


# -- editing variables


def test_variables_of_many_are_set_merged_and_deleted_where_a_condition_holds(office: Office) -> None:
    gold = started(office, number=2, variables={"tier": "gold", "address": {"zip": "1", "city": "A"}, "old": 1})
    other = office.start(variables={"tier": "silver"}).key
    sent = fields(
        "variables",
        [*gold, other],
        kind=["set", "merge", "delete"],
        name=["amount", "address", "old"],
        value=["12.50", '{"zip": "2"}', ""],
        if_name="tier",
        if_value='"gold"',
    )
    found = preview(office, "stella", sent)
    assert found["notes"] == ["1 of 3 do not meet the condition and stay as they are."]
    changes = {each["name"]: each for each in found["diffs"][0]["changes"]}
    assert (changes["amount"]["before"], changes["amount"]["after"]) == ("", "12.5")
    assert (changes["old"]["before"], changes["old"]["after"]) == ("1", "")
    assert not Variable.objects.filter(name="amount").exists()
    apply(office, "stella", sent)
    run_due_jobs()
    assert set(Variable.objects.filter(name="amount").values_list("scope_key", flat=True)) == set(gold)
    assert Variable.objects.get(scope_key=gold[0], name="address").value == {"zip": "2", "city": "A"}
    assert not Variable.objects.filter(scope_key__in=gold, name="old").exists()
    assert BatchItem.objects.filter(state="COMPLETED").count() == 3


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        ({"kind": "set", "name": "", "value": "1"}, "Row 1: Name has to be filled."),
        ({"kind": "set", "name": "a", "value": ""}, "Row 1: Value has to be filled."),
        ({"kind": "set", "name": "a", "value": "gold"}, "Texts stand in double quotes."),
        ({"kind": ["set", "delete"], "name": ["a", "a"], "value": ["1", ""]}, "'a' stands in two rows."),
        ({"kind": "set", "name": "a", "value": "1", "if_name": "b"}, "The condition needs"),
        ({"kind": "set", "name": "", "value": ""}, "expected at least one variable"),
    ],
)
def test_a_preview_that_fails_says_why(office: Office, edit: dict[str, Any], told: str) -> None:
    found = preview(office, "stella", fields("variables", started(office), **edit))
    assert found["status"] == 400
    assert told in found["message"]


def test_who_may_not_edit_variables_is_told(office: Office) -> None:
    keys = started(office)
    text = office.of("petra").post(NEW, fields("variables", keys)).content.decode()
    assert "3 in workspaces where you lack the right" in text


# -- migrating


@BOTH
def test_only_what_has_no_counterpart_is_asked(office: Office, semantics: Semantics) -> None:
    [key] = started(office, semantics, 1)
    target = newer(office, semantics)
    page = office.of("petra").get(f"{NEW}?operation=migrate&key={key}")
    assert page.context["target"] == target
    assert [row["id"] for row in page.context["asked"]] == ["approve"]
    assert "pack" in [row["id"] for row in page.context["mapped"]]
    sent = fields("migrate", [key], mapped="1", target=target.key)
    found = preview(office, "petra", sent)
    assert found["tried"] == sum(each["total"] for each in found["refused"]) == 1
    assert "approve" in found["rows"]
    sent |= {"map:approve": "examine"}
    assert preview(office, "petra", sent)["refused"] == []
    answer = apply(office, "petra", sent)
    assert answer.headers["Location"] == f"{INSTANCES}{key}/"
    assert (ProcessInstance.objects.get(pk=key).version, active(key)) == (2, ["examine"])


def test_a_mapping_that_cannot_be_is_marked_at_its_row(office: Office) -> None:
    keys = started(office)
    target = newer(office)
    sent = fields("migrate", keys, mapped="1", target=target.key) | {"map:approve": "delivery"}
    found = preview(office, "petra", sent)
    assert found["rows"]["approve"]
    assert apply(office, "petra", sent).status_code == 400


def test_where_there_is_no_other_version_it_says_so(office: Office) -> None:
    [key] = started(office, number=1)
    text = office.of("petra").get(f"{NEW}?operation=migrate&key={key}").content.decode()
    assert "There is no other version of this process" in text


def test_several_versions_are_not_migrated_at_once(office: Office) -> None:
    keys = started(office)
    newer(office)
    definition = ProcessDefinition.objects.get(is_latest=True, process_id="delivery_camunda7")
    keys.append(office.start(Semantics.CAMUNDA_7).key)  # deploys the first model again, as version 3
    assert definition.version == 2
    text = office.of("petra").post(NEW, fields("migrate", keys)).content.decode()
    assert "Expected process instances of one version, found versions 1, 3" in text


# -- selections


def test_all_matching_but_some(office: Office) -> None:
    keys = started(office)
    sent = {"operation": "suspend", "everything": "1", "without": str(keys[0]), "back": f"{INSTANCES}?state=active"}
    apply(office, "petra", sent)
    assert set(BatchItem.objects.values_list("process_instance_key", flat=True)) == set(keys[1:])


def test_keys_of_other_pages_go_along(office: Office) -> None:
    keys = started(office)
    apply(office, "petra", {"operation": "suspend", "key": keys[:1], "keys": f"{keys[1]},{keys[2]}"})
    assert BatchItem.objects.count() == 3


def test_a_large_dangerous_operation_is_confirmed_by_typing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offers, "TYPED_IF_DANGEROUS", 2)
    keys = started(office)
    assert "Type 3 to confirm" in office.of("petra").post(NEW, fields("cancel", keys)).content.decode()
    answer = apply(office, "petra", fields("cancel", keys, typed="2"))
    assert answer.status_code == 400
    assert "Type the number 3 to confirm." in answer.content.decode()
    assert answer.context["selected"].keys == keys
    apply(office, "petra", fields("cancel", keys, typed="3"))
    assert Batch.objects.get().total == 3


def test_a_small_one_is_confirmed_by_a_click(office: Office) -> None:
    assert "to confirm" not in office.of("petra").post(NEW, fields("cancel", started(office))).content.decode()


def test_a_preview_shows_nothing_of_other_workspaces(office: Office) -> None:
    keys = started(office)
    found = preview(office, "paul", fields("move", keys, source="approve", target="pack"))
    assert found["status"] == 400
    page = office.of("paul").post(NEW, fields("move", keys))
    assert page.context["counts"].selected == 0
