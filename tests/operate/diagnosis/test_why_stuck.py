"""Why a process instance stands: what each token waits for, since when, and what helps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import QueryDict
from rest_framework.test import APIClient

from operate.diagnosis import Cause, Diagnosis, Kind, why_stuck
from operate.forms.instance_filter import ProcessInstanceFilter
from operate.workspaces import Right
from tests.support.models import HEAD, PLATFORMS, deploy, model
from workflow import services
from workflow.graph import Semantics
from workflow.models import Job, ProcessInstance, UserTask
from workflow.modification import CancelAll, TerminateAll
from workflow.persistence.unit_of_work import Context, clock

pytestmark = pytest.mark.django_db

FORK = """<startEvent id='start'/><parallelGateway id='fork'/><userTask id='a'/><userTask id='b'/><parallelGateway id='join'/>
<endEvent id='end'/>
<sequenceFlow id='f1' sourceRef='start' targetRef='fork'/><sequenceFlow id='f2' sourceRef='fork' targetRef='a'/>
<sequenceFlow id='f3' sourceRef='fork' targetRef='b'/><sequenceFlow id='f4' sourceRef='a' targetRef='join'/>
<sequenceFlow id='f5' sourceRef='b' targetRef='join'/><sequenceFlow id='f6' sourceRef='join' targetRef='end'/>"""
TIMER = """<startEvent id='start'/><userTask id='work'/><boundaryEvent id='late' attachedToRef='work'><timerEventDefinition>
<timeDuration>PT1H</timeDuration></timerEventDefinition></boundaryEvent><endEvent id='end'/><endEvent id='out'/>
<sequenceFlow id='f1' sourceRef='start' targetRef='work'/><sequenceFlow id='f2' sourceRef='work' targetRef='end'/>
<sequenceFlow id='f3' sourceRef='late' targetRef='out'/>"""
CALL = {
    Semantics.CAMUNDA_7: "<callActivity id='call' calledElement='inner'/>",
    Semantics.ZEEBE: (
        "<callActivity id='call'><extensionElements><zeebe:calledElement processId='inner'/></extensionElements></callActivity>"
    ),
}
BOTH = pytest.mark.parametrize("semantics", Semantics)


def drawn(content: str, semantics: Semantics) -> int:
    head = HEAD.format(platform=PLATFORMS[semantics], id="drawn", messages="")
    return deploy(f"{head}{content}</process></definitions>").key


def in_a_row(elements: str, semantics: Semantics, process_id: str = "row") -> int:
    return deploy(model(process_id, semantics, f"<startEvent id='start'/>{elements}<endEvent id='end'/>")).key


def start(definition_key: int, **arguments: object) -> int:
    return services.start_process_instance(definition_key, **arguments).process_instance_key


def diagnosis(key: int) -> Diagnosis:
    return why_stuck(ProcessInstance.objects.get(pk=key))


def only(key: int) -> Cause:
    [cause] = diagnosis(key).causes
    return cause


def complete(element_id: str) -> None:
    services.complete_user_task(UserTask.objects.filter(element_id=element_id, state="CREATED").earliest("key").key)


@BOTH
def test_a_user_task_waits_for_whoever_has_it(semantics):
    key = start(in_a_row("<userTask id='check'/>", semantics))
    assert (only(key).kind, only(key).text) == (Kind.USER_TASK, "Waits for anybody to take it.")
    services.assign_user_task(only(key).key, "mary")
    assert only(key).text == "Waits for 'mary'."
    assert only(key).since == UserTask.objects.get().created_at
    assert [each.name for each in only(key).help] == ["assign", "complete"]


@BOTH
def test_a_job_waits_for_a_worker_of_its_type_with_so_many_retries(semantics):
    key = start(in_a_row("<job id='book'/>", semantics))
    assert (only(key).kind, only(key).text) == (Kind.JOB, "Waits for a worker of 'work' (3 retries left).")
    # when nobody has any retries left
    job = Job.objects.get()
    services.lock_job(job.key, worker="w", lock_for=timedelta(hours=1)) if semantics is Semantics.CAMUNDA_7 else None
    services.fail_job(job.key, retries=0, message="no rooms")
    # then
    assert only(key).kind is Kind.INCIDENT
    assert only(key).is_failed
    assert "no rooms" in only(key).text
    assert Right.RESOLVE_INCIDENT in [each.right for each in only(key).help]


@BOTH
def test_a_message_is_waited_for_by_name_and_key_and_almost_fitting_ones_are_told(semantics):
    definition = in_a_row("<receive id='paid'/>", semantics)
    key = start(definition, variables={"key": "K1"})
    workspace = ProcessInstance.objects.get().workspace_id
    if semantics is Semantics.ZEEBE:
        services.publish_message("paid", workspace_id=workspace, correlation_key="K2", time_to_live=timedelta(hours=1))
        services.publish_message("payed", workspace_id=workspace, correlation_key="K1", time_to_live=timedelta(hours=1))
    cause = only(key)
    assert cause.kind is Kind.MESSAGE
    if semantics is Semantics.ZEEBE:
        assert cause.text == "Waits for the message 'paid' with correlation key 'K1'."
        reasons = ["has the correlation key 'K2'", "has the correlation key, but is called 'payed'"]
        assert [each.why_not for each in cause.near_misses] == reasons
    else:
        assert (cause.text, cause.near_misses) == ("Waits for the message 'paid'.", ())


@BOTH
def test_a_boundary_timer_only_watches_and_comes_last(semantics):
    key = start(drawn(TIMER, semantics))
    first, last = diagnosis(key).causes
    assert (first.kind, first.watches, last.kind, last.watches) == (Kind.USER_TASK, False, Kind.TIMER, True)
    assert last.due_at == Job.objects.get().due_at
    assert last.help[0].name == "execute"


@BOTH
def test_a_join_tells_what_has_come_and_where_the_rest_can_come_from(semantics):
    key = start(drawn(FORK, semantics))
    complete("a")
    [join] = [each for each in diagnosis(key).causes if each.kind is Kind.JOIN]
    expected = "A token has come from 'a'; it waits for one from 'b', which is still at work."
    assert (join.text, join.is_failed, join.element_id) == (expected, False, "join")


@BOTH
def test_a_join_that_can_never_fire_says_so_and_offers_the_missing_token(semantics):
    key = start(drawn(FORK, semantics))
    complete("a")
    cancel = CancelAll("b") if semantics is Semantics.CAMUNDA_7 else TerminateAll("b")
    services.modify_process_instance(key, [cancel])
    [join] = diagnosis(key).causes
    assert join.text == "A token has come from 'a'; it waits for one from 'b', which cannot come any more."
    assert join.is_failed
    # when the fix that is offered is applied
    fix = next(each.fix for each in join.help if each.fix is not None and each.fix.kind == "activate")
    services.modify_process_instance(key, fix.add)
    # then it goes on
    if semantics is Semantics.ZEEBE:
        complete("b")
    assert ProcessInstance.objects.get(pk=key).state == "COMPLETED"


@BOTH
def test_a_called_process_is_looked_into_down_to_the_cause_at_the_bottom(semantics):
    in_a_row("<userTask id='deep'/>", semantics, "inner")
    key = start(in_a_row(CALL[semantics], semantics, "outer"))
    cause = only(key)
    assert cause.kind is Kind.CALL
    assert cause.text.endswith("That stands at 'deep': Waits for anybody to take it.")
    [leaf] = diagnosis(key).leaves()
    assert leaf.element_id == "deep"


@BOTH
def test_what_is_suspended_says_so_and_can_be_resumed(semantics):
    key = start(in_a_row("<userTask id='check'/>", semantics))
    services.suspend_process_instance(key)
    told = diagnosis(key)
    assert told.suspended_text == "It is suspended: nothing in it goes on until it is resumed."
    assert [each.name for each in told.help] == ["resume"]


def test_waiting_longer_than_usual_is_told_once_enough_are_known():
    definition, now = in_a_row("<userTask id='check'/>", Semantics.CAMUNDA_7), clock()
    for minutes in range(1, 11):
        start(definition, context=Context(now=now - timedelta(hours=2)))
        task = UserTask.objects.get(state="CREATED")
        done = now - timedelta(hours=2) + timedelta(minutes=minutes)
        services.complete_user_task(task.key, context=Context(now=done))
    key = start(definition, context=Context(now=now - timedelta(minutes=5)))
    usual = only(key).usual
    assert usual is not None
    assert (usual.p50, usual.p95, usual.count) == (timedelta(minutes=5.5), timedelta(minutes=9.55), 10)
    assert not only(key).is_longer_than_usual
    late = why_stuck(ProcessInstance.objects.get(pk=key), now=now + timedelta(minutes=5))
    assert late.is_longer_than_usual


def test_an_ended_process_instance_waits_for_nothing():
    key = start(in_a_row("<userTask id='check'/>", Semantics.CAMUNDA_7))
    complete("check")
    assert (diagnosis(key).ended, diagnosis(key).causes) == (True, ())


@BOTH
def test_the_api_tells_all_of_it_to_those_who_may_see_the_process_instance(semantics, django_user_model):
    in_a_row("<userTask id='deep'/>", semantics, "inner")
    key = start(in_a_row(CALL[semantics], semantics, "outer"))
    client = APIClient()
    client.force_authenticate(django_user_model.objects.create_superuser("root"))
    told = client.get(f"/api/process-instances/{key}/why-stuck").json()
    # then
    assert told["causes"][0]["inside"]["causes"][0]["element_id"] == "deep"
    assert told["causes"][0]["help"][0]["name"] == "open"
    # and others do not find it
    client.force_authenticate(django_user_model.objects.create_user("nobody"))
    assert client.get(f"/api/process-instances/{key}/why-stuck").status_code == 404


@BOTH
def test_the_list_is_narrowed_to_what_waits_longer_than_usual(semantics, django_user_model):
    definition, now = in_a_row("<userTask id='check'/>", semantics), clock()
    for minutes in range(1, 11):
        start(definition, context=Context(now=now - timedelta(hours=9)))
        done = now - timedelta(hours=9) + timedelta(minutes=minutes)
        services.complete_user_task(UserTask.objects.get(state="CREATED").key, context=Context(now=done))
    late = start(definition, context=Context(now=now - timedelta(hours=1)))
    start(definition, context=Context(now=now - timedelta(minutes=1)))
    user = django_user_model.objects.create_superuser("root")

    def found(text: str) -> list[int]:
        filters = ProcessInstanceFilter(QueryDict(text), user=user)
        return list(filters.narrow(ProcessInstance.objects.all()).values_list("pk", flat=True))

    assert found("process=row&waiting=on") == [late]
    assert ProcessInstanceFilter(QueryDict("waiting=on"), user=user).errors["waiting"]
