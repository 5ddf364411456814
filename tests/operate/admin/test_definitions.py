"""The page of a process definition: its start events, suspending, keeping history, deleting."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import AuditEvent
from tests.operate.admin.conftest import Office
from tests.support.start_events import xml
from workflow import services
from workflow.graph import Semantics
from workflow.models import Job, ProcessDefinition, ProcessInstance
from workflow.services import Resource
from workflow.services.start_events import note_timer_failure

BOTH = pytest.mark.parametrize("semantics", Semantics)


def told(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def page(definition: ProcessDefinition | int) -> str:
    return f"/workflow/processdefinition/{getattr(definition, 'key', definition)}/"


def deploy(office: Office, text: str) -> ProcessDefinition:
    return services.deploy([Resource("order.bpmn", text.encode())], workspace_id=office.shop.pk).definitions[0]


def shown(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


# -- start events


@BOTH
def test_the_page_tells_what_start_events_wait_for_and_when_they_are_due(office, semantics):
    definition = deploy(office, xml("order", semantics, ("message", "paid"), ("signal", "alarm"), ("cycle", "R/PT1H")))
    answer = office.of("sam").get(page(definition))
    rows = answer.context["starts"]
    assert [(row.text, row.is_waiting) for row in rows] == [
        ("Message 'paid'", True),
        ("Signal 'alarm'", True),
        ("Timer R/PT1H", True),
    ]
    assert rows[2].timer.due_at is not None
    assert "Message &#x27;paid&#x27;" in shown(answer)


@BOTH
def test_an_earlier_version_does_not_wait(office, semantics):
    first = deploy(office, xml("order", semantics, ("message", "paid")))
    deploy(office, xml("order", semantics, ("message", "paid"), note="again"))
    answer = office.of("sam").get(page(first))
    assert [row.is_waiting for row in answer.context["starts"]] == [False]
    assert "start the latest version only" in shown(answer)


def test_a_timer_that_failed_tells_why(office):
    definition = deploy(office, xml("order", Semantics.CAMUNDA_7, ("cycle", "R/PT1H")))
    job = Job.objects.get()
    note_timer_failure(job.key, "no luck")
    assert "no luck" in shown(office.of("sam").get(page(definition)))


def test_the_page_costs_the_same_however_much_there_is(office, django_assert_num_queries):
    few = deploy(office, xml("few", Semantics.CAMUNDA_7, ("message", "few")))
    many = deploy(office, xml("many", Semantics.CAMUNDA_7, *(("message", f"m{number}") for number in range(20))))
    for note in ("a", "b", "c"):
        deploy(office, xml("many", Semantics.CAMUNDA_7, ("message", "m1"), note=note))
    for _ in range(5):
        services.start_at_event(many.key, "start1")
    client = office.of("sam")
    for each in (few, many):  # as in a server that has been running for a while
        client.get(page(each))
    with CaptureQueriesContext(connection) as captured:
        client.get(page(few))
    with django_assert_num_queries(len(captured)):
        client.get(page(many))


# -- suspending


def test_a_definition_is_suspended_with_its_instances_and_activated_again(office):
    instance = office.start()
    client = office.of("petra")
    ask = f"{page(instance.definition_key)}ask/"
    question = shown(client.get(f"{ask}suspend/?dialog"))
    assert "Also its 1 running process instance" in question
    assert "<html" not in question
    answer = client.post(f"{ask}suspend/", {"with_instances": "on", "reason": "audit"})
    assert answer.headers["Location"] == page(instance.definition_key)
    assert told(answer) == "Delivery v1 suspended with 1 process instance."
    definition = ProcessDefinition.objects.get()
    instance.refresh_from_db()
    assert (definition.suspended, instance.suspended) == (True, True)
    shows = client.get(page(definition))
    assert "This version is suspended: nothing starts it." in shown(shows)
    assert shows.context["why_not_start"] == "This version is suspended. Activate it first."
    client.post(f"{ask}activate/", {"with_instances": "on"})
    instance.refresh_from_db()
    assert not instance.suspended
    events = AuditEvent.objects.filter(subject="Process definition", event__in=["Suspend", "Resume"]).order_by("key")
    assert [(event.event, event.reason, event.actor_name) for event in events] == [
        ("Suspend", "audit", "petra"),
        ("Resume", "", "petra"),
    ]


def test_an_instance_of_a_suspended_definition_cannot_be_started_here(office):
    definition = office.deploy(Semantics.CAMUNDA_7)
    services.suspend_process_definition(definition.key)
    answer = office.of("petra").post(f"{page(definition)}start/", {"variables": "{}"})
    assert answer.status_code == 400
    assert not ProcessInstance.objects.exists()


# -- history


def test_the_time_to_live_is_changed_and_emptied(office):
    definition = office.deploy(Semantics.CAMUNDA_7)
    client = office.of("stella")
    assert "Now they are kept for ever." in shown(client.get(f"{page(definition)}ask/history/?dialog"))
    client.post(f"{page(definition)}ask/history/", {"days": "30"})
    assert ProcessDefinition.objects.get().history_time_to_live_days == 30
    assert "for 30 days" in shown(client.get(page(definition)))
    assert 'value="30"' in shown(client.get(f"{page(definition)}ask/history/"))
    client.post(f"{page(definition)}ask/history/", {"days": ""})
    assert ProcessDefinition.objects.get().history_time_to_live_days is None


@pytest.mark.parametrize("days", ["-1", "soon", "99999999"])
def test_days_that_make_no_sense_are_told_beside_their_field(office, days):
    definition = office.deploy(Semantics.CAMUNDA_7)
    answer = office.of("stella").post(f"{page(definition)}ask/history/", {"days": days})
    assert answer.status_code == 400
    assert answer.context["form"].errors["days"]
    assert ProcessDefinition.objects.get().history_time_to_live_days is None


# -- deleting


def test_deleting_names_what_is_lost_and_refuses_while_instances_run(office):
    ended, running = office.start(), office.start()
    services.cancel_process_instance(ended.key)
    client = office.of("stella")
    ask = f"{page(running.definition_key)}ask/delete/"
    question = shown(client.get(f"{ask}?dialog"))
    assert "1 ended process instance with history" in question
    assert "1 running process instance with tasks" in question
    refused = client.post(ask, {"reason": "old"})
    assert refused.status_code == 400
    assert "Delete with cascade" in shown(refused)
    assert ProcessDefinition.objects.exists()
    answer = client.post(ask, {"reason": "old", "cascade": "on"})
    assert answer.headers["Location"] == "/workflow/processdefinition/"
    assert told(answer) == "Delivery v1 deleted with 2 process instances."
    assert not ProcessDefinition.objects.exists()
    assert not ProcessInstance.objects.exists()
    event = AuditEvent.objects.filter(event="Delete", result="SUCCESS").get()
    assert (event.reason, event.body["running"], event.body["ended"]) == ("old", 1, 1)


def test_ended_instances_are_named_and_not_in_the_way(office):
    instance = office.start()
    services.cancel_process_instance(instance.key)
    office.of("stella").post(f"{page(instance.definition_key)}ask/delete/", {})
    assert not ProcessDefinition.objects.exists()


def test_deleting_the_latest_version_leads_to_the_one_before(office):
    first = deploy(office, xml("order", Semantics.CAMUNDA_7, ("message", "paid")))
    second = deploy(office, xml("order", Semantics.CAMUNDA_7, note="again"))
    client = office.of("stella")
    assert "Version 1 becomes the latest again" in shown(client.get(f"{page(second)}ask/delete/"))
    assert client.post(f"{page(second)}ask/delete/", {}).headers["Location"] == page(first)
    assert [row.is_waiting for row in client.get(page(first)).context["starts"]] == [True]


# -- rights


@pytest.mark.parametrize("operation", ["suspend", "activate", "history", "delete"])
def test_who_only_reads_is_told_why_not_and_changes_nothing(office, operation):
    definition = office.deploy(Semantics.CAMUNDA_7)
    before = ProcessDefinition.objects.values().get()
    client = office.of("sam")
    assert client.get(page(definition)).context["why"][operation]
    answer = client.post(f"{page(definition)}ask/{operation}/", {"days": "1", "cascade": "on"})
    assert answer.status_code == 400
    assert "You lack the right" in shown(answer)
    assert ProcessDefinition.objects.values().get() == before


@pytest.mark.parametrize("operation", ["history", "delete"])
def test_an_operator_suspends_but_neither_deletes_nor_lets_history_be_deleted(office, operation):
    definition = office.deploy(Semantics.CAMUNDA_7)
    client = office.of("petra")
    why = client.get(page(definition)).context["why"]
    assert (why["suspend"], bool(why[operation])) == ("", True)
    assert client.post(f"{page(definition)}ask/{operation}/", {"days": "1"}).status_code == 400


def test_other_workspaces_and_unknown_operations_are_not_found(office):
    definition = office.deploy(Semantics.CAMUNDA_7)
    assert office.of("paul").get(f"{page(definition)}ask/delete/").status_code == 404
    assert office.of("paul").post(f"{page(definition)}ask/delete/", {}).status_code == 404
    assert office.of("stella").get(f"{page(definition)}ask/explode/").status_code == 404
    assert ProcessDefinition.objects.exists()
