"""The page of one process instance: complete, safe and of constant cost; editing variables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.models import AuditEvent, VariableSnapshot
from operate.admin.instance.views import TABS
from tests.operate.admin.conftest import Office
from tests.operate.admin.world import everything
from tests.support.pages import assert_page_costs
from workflow.models import ElementInstance, ProcessInstance, Variable
from workflow.modification import StartBefore
from workflow.services import cancel_process_instance, modify_process_instance, set_variables, suspend_process_instance

MOST_STATEMENTS = 15


def page(office: Office, username: str, instance: ProcessInstance, query: str = "") -> Any:
    answer = office.of(username).get(f"/workflow/processinstance/{instance.key}/{query}")
    assert answer.status_code == 200
    return answer


def edit(office: Office, username: str, instance: ProcessInstance, **body: Any) -> Any:
    path = f"/workflow/processinstance/{instance.key}/variables/"
    body.setdefault("scope", str(instance.key))
    body.setdefault("seen", seen(instance))
    if isinstance(body.get("set"), dict):
        body["set"] = {name: {"text": text} for name, text in body["set"].items()}
    return office.of(username).post(path, json.dumps(body), content_type="application/json")


def values(instance: ProcessInstance) -> dict[str, Any]:
    return dict(Variable.objects.filter(scope_key=instance.key).values_list("name", "value"))


def seen(instance: ProcessInstance) -> dict[str, str]:
    rows = Variable.objects.filter(scope_key=instance.key)
    return {row.name: f"{row.key}.{row.revision}" for row in rows}


def test_everything_is_readable_without_scripts(office):
    instance = office.start(business_key="ORD-1", variables={"amount": 5})
    text = page(office, "stella", instance).content.decode()
    for part in (
        "ORD-1",
        "Approve",
        "Waits for somebody to complete the task.",
        "Modify",
        "Camunda 7",
        'href="?tab=variables"',
    ):
        assert part in text
    assert "amount" in page(office, "stella", instance, "?tab=variables").content.decode()


def test_what_comes_from_models_and_variables_is_text_never_markup(office):
    evil = "</script><img src=x onerror=alert(1)>"
    instance = office.start(business_key=evil, variables={evil: evil, "x": {"a": evil}})
    cancel_process_instance(instance.key, reason=evil)
    for query in ("", "?tab=variables", "?tab=details", "panels/", "panels/?tab=called"):
        text = page(office, "stella", instance, query).content.decode()
        assert "<img" not in text.replace("\\u003Cimg", "")


@pytest.mark.parametrize("tokens", [1, 40])
@pytest.mark.parametrize("tab", TABS)
def test_the_page_costs_the_same_for_any_number_of_tokens(office, tokens, tab):
    instance = office.start(variables={"amount": 5})
    modify_process_instance(instance.key, [StartBefore("approve")] * (tokens - 1) or [StartBefore("pack")])
    address = f"/workflow/processinstance/{instance.key}/"
    assert_page_costs(f"page_instance_{tab}", office.of("stella"), f"{address}?tab={tab}", most=MOST_STATEMENTS)


@pytest.mark.parametrize("again", [0, 3])
def test_called_instances_kept_messages_and_waiting_tokens_do_not_cost_more_than_a_page_may(office, again):
    instance = everything(office, again)
    address = f"/workflow/processinstance/{instance.key}/"
    assert_page_costs("page_instance_everything", office.of("stella"), address, most=MOST_STATEMENTS)


def test_a_page_for_readers_costs_no_more_for_each_thing_that_they_may_not(office):
    instance = office.start(variables={"amount": 5})
    address = f"/workflow/processinstance/{instance.key}/"
    assert_page_costs("page_instance_reader", office.of("sam"), address, most=MOST_STATEMENTS)


def test_a_refresh_that_finds_nothing_new_costs_next_to_nothing(office):
    instance = office.start()
    address = f"/workflow/processinstance/{instance.key}/panels/?tab=waits"
    client = office.of("stella")
    revision = client.get(address).json()["revision"]
    assert client.get(f"{address}&revision={revision}").json() == {"revision": revision, "isSame": True}
    assert_page_costs("page_instance_refresh", client, f"{address}&revision={revision}", most=4)
    set_variables(instance.key, {"amount": 6})
    assert client.get(f"{address}&revision={revision}").json()["panels"].keys() == {"facts", "pinned", "waits"}


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_says_what_is_missing(office, tab):
    instance = office.start()
    cancel_process_instance(instance.key)
    text = page(office, "stella", instance, f"?tab={tab}").content.decode()
    assert f'id="panel-{tab}"' in text


def test_a_tab_that_does_not_exist_is_not_found(office):
    assert office.of("sam").get(f"/workflow/processinstance/{office.start().key}/?tab=nope").status_code == 404


def test_variables_follow_the_chosen_scope(office):
    instance = office.start(variables={"amount": 5})
    task = ElementInstance.objects.get(process_instance=instance.key, element_id="approve")
    set_variables(task.key, {"note": "mine"}, local=True)
    text = page(office, "sam", instance, f"panels/?scope={task.key}").json()["panels"]["variables"]
    assert "note" in text
    assert "amount" not in text


def test_a_scope_of_another_instance_is_not_shown(office):
    mine, other = office.start(), office.start(variables={"secret": 1})
    text = page(office, "sam", mine, f"panels/?scope={other.key}").json()["panels"]["variables"]
    assert "secret" not in text


def test_setting_a_value_keeps_every_digit_and_leaves_a_snapshot(office):
    instance = office.start(variables={"amount": 5})
    answer = edit(
        office,
        "stella",
        instance,
        set={"amount": "12345678901234567890"},
        seen=seen(instance),
        accept_types=True,
        reason="typo",
    )
    assert answer.status_code == 200, answer.json()
    assert values(instance) == {"amount": 12345678901234567890}
    event = AuditEvent.objects.get(event="Update")
    assert (event.subject, event.reason, event.channel) == ("Process variables", "typo", "ADMIN")
    assert VariableSnapshot.objects.get(audit_event=event).value == 5


def test_invalid_json_is_refused_with_its_line(office):
    instance = office.start(variables={"amount": 5})
    answer = edit(office, "stella", instance, set={"amount": '{\n"a": 1,\n}'})
    assert answer.status_code == 400
    assert "Invalid JSON format" in answer.json()["message"]
    assert "line 2" in answer.json()["message"]
    assert values(instance) == {"amount": 5}


@pytest.mark.parametrize("text", ["NaN", "Infinity", "", "{", "'x'"])
def test_what_is_no_json_is_not_stored(office, text):
    instance = office.start(variables={"amount": 5})
    assert edit(office, "stella", instance, set={"amount": text}).status_code == 400
    assert values(instance) == {"amount": 5}


def test_another_revision_is_a_conflict_and_nothing_is_lost(office):
    instance = office.start(variables={"amount": 5})
    before = seen(instance)
    set_variables(instance.key, {"amount": 6})
    answer = edit(office, "stella", instance, set={"amount": "7"}, seen=before)
    assert answer.status_code == 409
    (conflict,) = answer.json()["conflicts"]
    assert [conflict[side]["text"] for side in ("was", "theirs", "mine")] == ["5", "6", "7"]
    assert values(instance) == {"amount": 6}


def test_adding_a_name_that_exists_meanwhile_is_a_conflict(office):
    instance = office.start(variables={"amount": 5})
    assert edit(office, "stella", instance, set={"amount": "7"}, seen={"amount": None}).status_code == 409


def test_a_document_sets_what_differs_and_deletes_what_is_missing(office):
    instance = office.start(variables={"same": 1, "changed": 1, "gone": 1, "flag": True})
    document = '{"same": 1, "changed": 2, "new": null, "flag": 1}'
    answer = edit(office, "stella", instance, document=document, seen=seen(instance), accept_types=True)
    assert answer.status_code == 200, answer.json()
    assert values(instance) == {"same": 1, "changed": 2, "new": None, "flag": 1}
    assert values(instance)["flag"] is not True
    assert sorted(row["name"] for row in AuditEvent.objects.get(event="Update").body["variables"]) == [
        "changed",
        "flag",
        "gone",
        "new",
    ]


def test_a_document_that_deletes_a_value_changed_meanwhile_is_a_conflict(office):
    instance = office.start(variables={"amount": 5})
    before = seen(instance)
    set_variables(instance.key, {"amount": 6})
    assert edit(office, "stella", instance, document="{}", seen=before).status_code == 409
    assert values(instance) == {"amount": 6}


def test_an_operator_reads_variables_and_is_told_who_can_edit(office):
    instance = office.start(variables={"amount": 5})
    text = page(office, "petra", instance, "?tab=variables").content.decode()
    assert "wks_process_instance_variables_edit" in text
    assert "Ask stella." in text
    assert edit(office, "petra", instance, set={"amount": "6"}).status_code == 403


def test_an_ended_instance_says_that_nothing_in_it_changes(office):
    instance = office.start(variables={"amount": 5})
    cancel_process_instance(instance.key)
    assert (
        "only while a process instance is active or suspended"
        in page(office, "stella", instance, "?tab=variables").content.decode()
    )
    assert edit(office, "stella", instance, set={"amount": "6"}).status_code == 409


def test_a_suspended_instance_tells_why_its_task_cannot_be_completed(office):
    instance = office.start()
    suspend_process_instance(instance.key)
    assert "Resume it first." in page(office, "stella", instance).content.decode()


def test_the_audit_log_is_for_those_who_may_see_it(office):
    instance = office.start()
    edit(office, "stella", instance, set={"a": "1"}, reason="why-so")
    assert "why-so" in page(office, "aud", instance, "?tab=audit").content.decode()
    assert "why-so" not in page(office, "sam", instance, "?tab=audit").content.decode()


@pytest.mark.parametrize(
    "body", ["", "[]", "null", '{"scope": "x"}', '{"scope": "1", "set": [1]}', '{"scope": "1", "seen": 5}']
)
def test_what_the_islands_never_send_is_refused_not_a_defect(office, body):
    path = f"/workflow/processinstance/{office.start().key}/variables/"
    assert office.of("stella").post(path, body, content_type="application/json").status_code in (400, 404)


def test_a_scope_of_another_instance_cannot_be_edited_through_this_one(office):
    mine, other = office.start(), office.start(workspace=office.bank, variables={"amount": 5})
    assert edit(office, "stella", mine, scope=str(other.key), set={"amount": "6"}).status_code in (403, 404)
    assert values(other) == {"amount": 5}
