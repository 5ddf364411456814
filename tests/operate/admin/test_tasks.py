"""The task list: whose tasks, found by words, claimed by candidates; searchable data; going back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone

from audit.models import AuditEvent
from operate.masking.models import MaskedVariable
from operate.masking.patterns import MASK
from operate.search import background
from tests.operate.admin.conftest import Office
from tests.support.models import model
from workflow import services
from workflow.graph import DataPath, Semantics
from workflow.models import ProcessDataPath, ProcessDataValue, ProcessDefinition, Reindexing, UserTask, Variable
from workflow.persistence import data_paths

LIST = "/workflow/usertask/"
ELEMENTS = (
    "<startEvent id='start'/><userTask id='first' camunda:candidateGroups='sales'><extensionElements><camunda:properties>"
    "<camunda:property name='fettle.allowBack' value='true'/><camunda:property name='fettle.resetProcessData' value='true'/>"
    "</camunda:properties></extensionElements></userTask><userTask id='second'/>"
)


@pytest.fixture
def definition(office: Office) -> ProcessDefinition:
    resource = services.Resource("order.bpmn", model("order", Semantics.CAMUNDA_7, ELEMENTS).encode())
    made = services.deploy([resource], workspace_id=office.shop.pk).definitions[0]
    paths = [DataPath("customer.name", is_keyword=True, label="Customer"), DataPath("secret", is_keyword=True)]
    services.configure_data_paths(office.shop.pk, "order", paths)
    return made


def start(definition: ProcessDefinition, name: str = "Jane Smith", **more: Any) -> UserTask:
    given = {"customer": {"name": name}, **more}
    outcome = services.start_process_instance(definition.key, variables=given)
    return UserTask.objects.get(process_instance=outcome.process_instance_key)


def page(office: Office, username: str, query: str = "") -> str:
    answer = office.of(username).get(LIST + query)
    assert answer.status_code == 200
    return answer.content.decode()


def shown(office: Office, username: str, query: str) -> list[int]:
    answer = office.of(username).get(LIST + query)
    return [row.key for row in answer.context["rows"]]


def join(office: Office, username: str, group: str) -> None:
    office.people[username].groups.add(Group.objects.get_or_create(name=group)[0])


def test_keywords_are_shown_and_found(office, definition):
    jane, john = start(definition), start(definition, "John Brown")
    html = page(office, "petra")
    assert "Jane Smith" in html
    assert 'title="Customer"' in html
    assert shown(office, "petra", "?words=jane+smi") == [jane.key]
    assert shown(office, "petra", "?words=brown") == [john.key]
    assert "Nothing matches" in page(office, "petra", "?words=nobody")


def test_an_edit_of_the_variable_is_found_at_once(office, definition):
    task = start(definition)
    services.set_variables(task.process_instance_key, {"customer": {"name": "Joan Miller"}})
    assert shown(office, "petra", "?words=smith") == []
    assert shown(office, "petra", "?words=miller") == [task.key]


def test_masked_keywords_are_neither_shown_nor_found(office, definition):
    MaskedVariable.objects.create(workspace=office.shop, process_id="order", pattern="secret")
    start(definition, secret="tangerine")
    html = page(office, "petra")
    assert "tangerine" not in html
    assert MASK in html
    assert shown(office, "petra", "?words=tangerine") == []


def test_whose_tasks(office, definition):
    mine, groups = start(definition), start(definition)
    services.assign_user_task(mine.key, "petra")
    assert shown(office, "petra", "?whose=mine") == [mine.key]
    assert shown(office, "petra", "?whose=groups") == []
    join(office, "petra", "sales")
    assert shown(office, "petra", "?whose=groups") == [groups.key]
    assert shown(office, "petra", "?whose=free") == [groups.key]
    assert shown(office, "petra", "") == [groups.key, mine.key]
    assert shown(office, "paul", "") == []


def test_only_candidates_claim_and_administrators_overrule(office, definition):
    task = start(definition)
    assert "Only its candidates may claim it: sales" in page(office, "petra")
    office.of("petra").post(f"{LIST}{task.key}/assign/")
    answer = office.of("petra").post(f"{LIST}{task.key}/", {"variables": "{}"})
    assert (answer.status_code, UserTask.objects.get(pk=task.key).assignee) == (400, None)
    office.of("stella").post(f"{LIST}{task.key}/assign/", {"to": "petra"})
    assert UserTask.objects.get(pk=task.key).assignee == "petra"
    assert office.of("petra").post(f"{LIST}{task.key}/", {"variables": "{}"}).status_code == 302


def test_a_candidate_claims(office, definition):
    task = start(definition)
    join(office, "petra", "sales")
    office.of("petra").post(f"{LIST}{task.key}/assign/")
    assert UserTask.objects.get(pk=task.key).assignee == "petra"


def test_who_may_only_look_is_told_who_can_help(office, definition):
    task = start(definition)
    html = office.of("sam").get(f"{LIST}{task.key}/").content.decode()
    assert 'aria-disabled="true"' in html
    office.of("sam").post(f"{LIST}{task.key}/assign/")
    assert UserTask.objects.get(pk=task.key).assignee is None


def test_a_task_that_is_somebody_elses_is_not_completed(office, definition):
    task = start(definition)
    join(office, "petra", "sales")
    services.assign_user_task(task.key, "somebody")
    answer = office.of("petra").post(f"{LIST}{task.key}/", {"variables": "{}"})
    assert "It is assigned to &#x27;somebody&#x27;" in answer.content.decode()


def test_results_keep_their_digits(office, definition):
    task = start(definition)
    office.of("stella").post(f"{LIST}{task.key}/", {"variables": '{"rate": 1.10, "big": 9007199254740993}'})
    rows = Variable.objects.filter(process_instance=task.process_instance_key, name__in=["rate", "big"])
    found = dict(rows.annotate(text=Cast("value", TextField())).values_list("name", "text"))
    assert found == {"rate": "1.10", "big": "9007199254740993"}


def test_dates_and_priorities(office, definition):
    now = timezone.now()
    late, soon, never = start(definition), start(definition), start(definition)
    services.update_user_task(late.key, {"due_at": now - timedelta(days=1), "priority": 80})
    services.update_user_task(soon.key, {"due_at": now + timedelta(days=3), "follow_up_at": now + timedelta(days=1)})
    assert shown(office, "petra", "?due=overdue") == [late.key]
    assert shown(office, "petra", "?due=week&sort=due") == [late.key, soon.key]
    assert shown(office, "petra", "?due=none") == [never.key]
    assert shown(office, "petra", "?follow_up=later") == [soon.key]
    assert shown(office, "petra", "?priority=high") == [late.key]
    assert shown(office, "petra", "?sort=priority") == [late.key, never.key, soon.key]
    assert shown(office, "petra", "?sort=due") == [late.key, soon.key, never.key]
    assert shown(office, "petra", "?process=other") == []


@pytest.mark.parametrize("sort", ["", "due", "priority"])
def test_pages_follow_each_other_in_every_order(office, definition, sort, monkeypatch):
    monkeypatch.setattr("operate.admin.user_tasks.UserTaskAdmin.page_size", 2)
    tasks = [start(definition) for _ in range(5)]
    due = timezone.now()
    for task, days in zip(tasks, (1, 1, 2, None, None), strict=True):
        changes = {"due_at": None if days is None else due + timedelta(days=days), "priority": days or 50}
        services.update_user_task(task.key, changes)
    seen: list[int] = []
    address = f"?sort={sort}"
    while address:
        answer = office.of("petra").get(LIST + address)
        seen += [row.key for row in answer.context["rows"]]
        address = answer.context["slice"].older
    assert sorted(seen) == sorted(task.key for task in tasks)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("place", ["nonsense", "x~1", "9~x", "2026-01-01~5", "99999999999999~4", "-~4"])
def test_a_place_that_makes_no_sense_is_no_error(office, definition, place):
    start(definition)
    for sort in ("due", "priority"):
        assert office.of("petra").get(f"{LIST}?sort={sort}&from={place}").status_code == 200


def test_the_number_of_queries_does_not_grow(office, definition, django_assert_max_num_queries):
    client = office.of("petra")
    start(definition)
    client.get(LIST)
    for _ in range(5):
        start(definition)
    with django_assert_max_num_queries(22):
        client.get(LIST)


# -- what is searchable


def data_page(definition: ProcessDefinition) -> str:
    return f"/workflow/processdefinition/{definition.key}/data/"


ROWS = {
    "path": ["customer.name", "amount", ""],
    "type": ["TEXT", "NUMBER", "TEXT"],
    "label": ["Customer", "", ""],
    "searchable": ["0", "1"],
    "keyword": ["0"],
}


def test_administrators_say_what_is_searchable(office, definition):
    task = start(definition, amount=5)
    answer = office.of("stella").post(data_page(definition), {**ROWS, "reason": "asked for"})
    assert answer.status_code == 302
    assert dict(ProcessDataPath.objects.values_list("path", "type")) == {"customer.name": "TEXT", "amount": "NUMBER"}
    event = AuditEvent.objects.get(event="Update", subject="Process definition")
    assert (event.reason, event.body["data_paths"][1]["path"]) == ("asked for", "amount")
    assert ProcessDataPath.history.filter(history_type="-", path="secret").exists()
    run = Reindexing.objects.first()
    Reindexing.objects.filter(pk=run.pk).update(requested_at=timezone.now() - timedelta(minutes=1))
    background.reindex_search()
    assert ProcessDataValue.objects.get(process_instance=task.process_instance_key, path="amount").number == 5
    html = office.of("stella").get(data_page(definition)).content.decode()
    assert "Indexed 1 process instance" in html
    assert '<option value="customer.name">' in html


def test_what_is_asked_for_just_now_waits_until_all_know(office, definition):
    start(definition)
    background.reindex_search()
    assert Reindexing.objects.filter(ended_at=None).exists()


def test_others_look_and_are_told_who_can_help(office, definition):
    html = office.of("petra").get(data_page(definition)).content.decode()
    assert "disabled" in html
    assert office.of("petra").post(data_page(definition), ROWS).status_code == 400
    assert ProcessDataPath.objects.count() == 2
    assert office.of("paul").get(data_page(definition)).status_code == 404


def test_wrong_paths_stay_on_the_page(office, definition):
    answer = office.of("stella").post(data_page(definition), {**ROWS, "path": ["a..b", "", ""]})
    assert answer.status_code == 400
    assert "separated by dots" in answer.content.decode()
    assert 'value="a..b"' in answer.content.decode()


def test_the_command_indexes_anew_and_tells_how_far(office, definition, capsys):
    task = start(definition)
    ProcessDataValue.objects.all().delete()
    call_command("reindex_search")
    assert "order: 1 process instances indexed." in capsys.readouterr().out
    assert ProcessDataValue.objects.filter(process_instance=task.process_instance_key).exists()
    call_command("reindex_search")
    assert "Nothing waits" in capsys.readouterr().out
    call_command("reindex_search", workspace="shop", process="order")
    assert "order: 1 of 1" in capsys.readouterr().out
    with pytest.raises(CommandError, match="'nowhere' is none"):
        call_command("reindex_search", workspace="nowhere")


def test_what_is_configured_elsewhere_is_known_soon(office, definition, monkeypatch):
    monkeypatch.setattr(data_paths, "MAX_AGE", -1.0)
    ProcessDataPath.objects.filter(path="customer.name").update(is_keyword=False)
    assert "Jane Smith" not in page(office, "petra") or not shown(office, "petra", "?words=jane")


# -- going back


def back_page(task: UserTask) -> str:
    return f"/workflow/processinstance/{task.process_instance_key}/back/"


def test_going_back_is_shown_before_it_is_done(office, definition):
    task = start(definition, amount=1)
    assert "No task to go back to" in office.of("stella").get(back_page(task)).content.decode()
    services.complete_user_task(task.key, variables={"amount": 2})
    answer = office.of("stella").get(back_page(task))
    assert "what was changed since is lost" in answer.content.decode()
    assert answer.context["variables"] == [{"name": "amount", "before": "2", "after": "1"}]
    assert answer.context["terminated"] == ["second"]
    sent = {"snapshot": answer.context["chosen"].snapshot_key, "revision": answer.context["revision"], "reason": "oops"}
    assert office.of("stella").post(back_page(task), sent).status_code == 302
    assert UserTask.objects.get(state="CREATED").element_id == "first"
    assert AuditEvent.objects.get(event="Modify").reason == "oops"
    assert office.of("stella").post(back_page(task), sent).status_code in (200, 409)


def test_who_may_not_go_back_is_told(office, definition):
    task = start(definition)
    services.complete_user_task(task.key)
    html = office.of("sam").get(back_page(task)).content.decode()
    assert 'aria-disabled="true"' in html
    office.of("sam").post(back_page(task), {})
    assert UserTask.objects.get(state="CREATED").element_id == "second"


def test_another_revision_is_refused(office, definition):
    task = start(definition)
    services.complete_user_task(task.key)
    answer = office.of("stella").post(back_page(task), {"revision": "1"})
    assert answer.status_code == 409
    assert UserTask.objects.get(state="CREATED").element_id == "second"


# -- the list of process instances


def test_instances_are_found_by_their_data(office, definition):
    jane, john = start(definition), start(definition, "John Brown")

    def found(query: str) -> list[int]:
        answer = office.of("petra").get(f"/workflow/processinstance/?search={query}")
        return [row.key for row in answer.context["rows"]]

    assert found("customer.name:like:smith") == [jane.process_instance_key]
    assert found("customer.name:like:o; customer.name:neq:Jane") == [john.process_instance_key]
    both = [john.process_instance_key, jane.process_instance_key]
    assert found("") == both


def test_what_cannot_be_searched_is_said_beside_the_field(office, definition):
    start(definition)
    for query, said in (("hidden:1", "Expected a searchable path"), ("nonsense", "Expected a condition")):
        html = office.of("petra").get(f"/workflow/processinstance/?search={query}").content.decode()
        assert said in html
