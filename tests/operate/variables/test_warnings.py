"""What is told before saving: only what applies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from operate.actions import CompleteJob
from operate.variables.reading import scope_of
from operate.variables.warnings import warnings
from operate.workspaces import Access, Role
from tests.support.definitions import calling
from tests.support.models import model
from workflow import services
from workflow.graph import Semantics
from workflow.models import ElementInstance, Job, ProcessInstance

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("semantics", Semantics)


@pytest.fixture
def told(loans):
    def told(scope_key=None):
        access = Access.of(loans.people[Role.WORKSPACE_ADMIN])
        return warnings(*scope_of(scope_key or loans.key, access))

    return told


def take_job(loans):
    request = services.JobRequest("work", timedelta(minutes=5), None)
    return services.activate_jobs([request], worker="w1", max_jobs=1, workspace_ids=[loans.workspace.pk])


def test_nothing_is_told_where_nothing_applies(told):
    assert told() == []


@BOTH
def test_called_instances_keep_their_copy(loans, told, semantics):
    # given
    loans.deploy(model("child", semantics, "<startEvent id='start'/><userTask id='do'/>"), semantics)
    loans.key = loans.start(loans.deploy(calling("parent", "child", semantics), semantics), amount=1)
    child = ProcessInstance.objects.get(parent_process_instance=loans.key)
    # when
    [warning] = told()
    # then
    assert (warning.code, warning.total) == ("called_instances", 1)
    assert "1 called process instance ('child') runs and keeps the values" in warning.sentence
    [link] = warning.links
    assert (link.kind, link.key, link.element_id, link.since) == (
        "process_instance",
        child.key,
        "call",
        child.started_at,
    )
    assert [each.code for each in told(child.key)] == []
    # when
    services.cancel_process_instance(loans.key)
    # then
    assert told() == []


@BOTH
def test_a_job_in_flight_is_named_with_its_worker(loans, told, semantics):
    # given
    xml = model("work", semantics, "<startEvent id='start'/><job id='charge'/><userTask id='after'/>")
    loans.key = loans.start(loans.deploy(xml, semantics), amount=1)
    # then nobody has taken it yet: whoever does will get the new values
    assert told() == []
    # when
    take_job(loans)
    # then
    [warning] = told()
    job = Job.objects.get(process_instance=loans.key)
    assert (warning.code, warning.since) == ("in_flight", job.created_at)
    assert f"'charge' (worker 'w1', job {job.key})" in warning.sentence
    element = ElementInstance.objects.get(process_instance=loans.key, element_id="charge")
    assert [each.code for each in told(element.key)] == ["in_flight"]
    # when
    CompleteJob(None).execute(job.key)
    # then
    assert told() == []


@BOTH
def test_an_answer_is_on_its_way_to_what_was_sent(loans, told, semantics):
    # given
    both = "<startEvent id='start'/><job id='ask'/><receive id='answer'/>"
    only = "<startEvent id='start'/><receive id='answer'/>"
    loans.key = loans.start(loans.deploy(model("waits", semantics, only), semantics), key="k")
    # then nothing was sent
    assert told() == []
    # when
    loans.key = loans.start(loans.deploy(model("asks", semantics, both), semantics), key="k")
    take_job(loans)
    CompleteJob(None).execute(Job.objects.get(process_instance=loans.key).key)
    # then
    [warning] = told()
    assert warning.code == "in_flight"
    assert "'answer' waits for message 'answer' after 'ask' was sent" in warning.sentence


def test_going_back_brings_back_old_values(loans, told):
    # given
    tasks = (
        "<startEvent id='start'/><userTask id='first' name='First'><extensionElements><camunda:properties>"
        "<camunda:property name='fettle.allowBack' value='true'/>"
        "<camunda:property name='fettle.resetProcessData' value='true'/>"
        "</camunda:properties></extensionElements></userTask><userTask id='second'/>"
    )
    loans.key = loans.start(loans.deploy(model("back", Semantics.CAMUNDA_7, tasks)), amount=1)
    # when
    [warning] = told()
    # then
    assert (warning.code, [link.element_id for link in warning.links]) == ("back_navigation", ["first"])
    assert "Going back to 'First' brings back the values of then" in warning.sentence
