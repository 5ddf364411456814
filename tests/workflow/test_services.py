"""Services against PostgreSQL: what is stored, locked, refused."""

import re
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from tests.support.models import deploy, model
from workflow import services
from workflow.engine.errors import Conflict, ModelProblems, NotFound, Rejected
from workflow.graph import Semantics
from workflow.models import (
    BufferedMessage,
    ElementInstance,
    Incident,
    Job,
    ProcessInstance,
    UserTask,
    Variable,
    Workspace,
)
from workflow.modification import ActivateElement, CancelAll, StartBefore
from workflow.services import Context, JobRequest, MessageCorrelation, Resource

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
BOTH = pytest.mark.parametrize("semantics", Semantics)


class Refused(Exception):
    """What an authorize function of a test raises."""


def refuse(workspace_id: int) -> None:
    raise Refused(workspace_id)


def one_task(semantics: Semantics = Semantics.CAMUNDA_7) -> str:
    return model("order", semantics, "<startEvent id='start'/><userTask id='approve'/><endEvent id='end'/>")


def job_model(semantics: Semantics) -> str:
    return model("work", semantics, "<startEvent id='start'/><job id='do'/><userTask id='after'/>")


def global_variables(key: int) -> dict[str, object]:
    return dict(Variable.objects.filter(scope_key=key).values_list("name", "value"))


@BOTH
def test_a_started_instance_is_stored_with_its_tokens_tasks_and_variables(semantics):
    definition = deploy(one_task(semantics))
    started = services.start_process_instance(definition.key, variables={"x": 1, "f": 1.5}, business_key="A-1")
    row = ProcessInstance.objects.get(pk=started.process_instance_key)
    assert (row.state, row.business_key, row.active_children, row.version) == ("ACTIVE", "A-1", 1, 1)
    assert global_variables(row.key) == {"x": 1, "f": 1.5}
    assert list(row.element_instances.values_list("element_id", "state")) == [
        ("start", "COMPLETED"),
        ("approve", "ACTIVE"),
    ]
    [task] = UserTask.objects.filter(process_instance=row)
    services.complete_user_task(task.key, variables={"ok": True})
    row.refresh_from_db()
    assert (row.state, row.active_children, row.revision) == ("COMPLETED", 0, 2)
    assert row.ended_at is not None
    assert global_variables(row.key)["ok"] is True


def test_who_starts_an_instance_is_noted_where_the_model_asks_for_it():
    # given
    assignment = "camunda:assignee='${currentUser()}'"
    definition = deploy(
        model(
            "order", Semantics.CAMUNDA_7, f"<startEvent id='s' camunda:initiator='by'/><userTask id='a' {assignment}/>"
        )
    )
    # when
    key = services.start_process_instance(definition.key, context=Context(user="anna")).process_instance_key
    # then
    assert global_variables(key) == {"by": "anna"}
    assert UserTask.objects.get(process_instance=key).assignee == "anna"
    # and nobody is no name
    key = services.start_process_instance(definition.key).process_instance_key
    assert global_variables(key) == {"by": None}


@BOTH
def test_an_inclusive_gateway_joins_tokens_that_different_commands_bring(semantics):
    # given
    condition = "=x > 0" if semantics is Semantics.ZEEBE else "${x > 0}"
    flows = "".join(
        f"<sequenceFlow id='{source}_{target}' sourceRef='{source}' targetRef='{target}'>{more}</sequenceFlow>"
        for source, target, more in [
            ("s", "fork", ""),
            ("fork", "a", f"<conditionExpression>{condition}</conditionExpression>"),
            ("fork", "b", f"<conditionExpression>{condition}</conditionExpression>"),
            ("a", "join", ""),
            ("b", "join", ""),
            ("join", "after", ""),
        ]
    )
    nodes = "<inclusiveGateway id='fork'/><userTask id='a'/><userTask id='b'/><inclusiveGateway id='join'/>"
    xml = model("both", semantics, f"<startEvent id='s'/>{nodes}<userTask id='after'/>")
    xml = re.sub(r"<sequenceFlow id='flow.*?/>", "", xml).replace("</process>", f"{flows}</process>")
    tasks = services.start_process_instance(deploy(xml).key, variables={"x": 1}).user_tasks_created
    # when
    outcomes = [services.complete_user_task(task.key) for task in tasks]
    # then
    assert [[task.element_id for task in outcome.user_tasks_created] for outcome in outcomes] == [[], ["after"]]


def test_keys_grow_with_creation_within_an_instance():
    started = services.start_process_instance(deploy(one_task()).key)
    services.modify_process_instance(started.process_instance_key, [StartBefore("approve")])
    keys = list(
        ElementInstance.objects.filter(process_instance=started.process_instance_key).values_list("key", flat=True)
    )
    assert keys == sorted(keys)
    assert keys[0] > started.process_instance_key


def test_a_dry_run_tells_the_outcome_and_writes_nothing():
    started = services.start_process_instance(deploy(one_task()).key)
    key = started.process_instance_key
    planned = services.modify_process_instance(
        key, [StartBefore("approve", variables={"x": 1}), CancelAll("approve")], context=Context(dry_run=True)
    )
    assert [fact.element_id for fact in planned.terminated] == ["approve", "approve"]
    assert planned.state == "CANCELED"
    row = ProcessInstance.objects.get(pk=key)
    assert (row.state, row.revision, row.active_children) == ("ACTIVE", 1, 1)
    assert global_variables(key) == {}


def test_a_refused_modification_leaves_everything_as_it_was():
    started = services.start_process_instance(deploy(one_task()).key)
    key = started.process_instance_key
    with pytest.raises(Rejected) as refused:
        services.modify_process_instance(key, [StartBefore("approve", variables={"x": 1}), StartBefore("noSuch")])
    assert refused.value.instruction == 1
    assert global_variables(key) == {}
    assert ElementInstance.objects.filter(process_instance=key, element_id="approve").count() == 1


def test_instructions_of_the_other_semantics_are_refused():
    started = services.start_process_instance(deploy(one_task()).key)
    with pytest.raises(Rejected, match="Camunda 7 semantics"):
        services.modify_process_instance(started.process_instance_key, [ActivateElement("approve")])


def test_a_command_on_an_ended_instance_finds_nothing():
    started = services.start_process_instance(deploy(one_task()).key)
    services.cancel_process_instance(started.process_instance_key, reason="test")
    row = ProcessInstance.objects.get(pk=started.process_instance_key)
    assert (row.state, row.end_reason) == ("CANCELED", "test")
    for command in (services.cancel_process_instance, services.suspend_process_instance):
        with pytest.raises(NotFound):
            command(row.key)
    with pytest.raises(NotFound):
        services.complete_user_task(started.user_tasks_created[0].key)


def test_the_right_is_checked_under_the_lock_and_before_anything_changes():
    started = services.start_process_instance(deploy(one_task()).key)
    with pytest.raises(Refused):
        services.cancel_process_instance(started.process_instance_key, context=Context(authorize=refuse))
    assert ProcessInstance.objects.get(pk=started.process_instance_key).state == "ACTIVE"


@BOTH
def test_nothing_in_a_suspended_instance_can_be_completed_until_it_is_resumed(semantics):
    started = services.start_process_instance(deploy(job_model(semantics)).key)
    key, job = started.process_instance_key, started.jobs_created[0].key
    services.suspend_process_instance(key)
    assert (
        services.activate_jobs([JobRequest("work", timedelta(minutes=1))], worker="w", max_jobs=5, workspace_ids=None)
        == []
    )
    with pytest.raises(Conflict, match="on hold"):
        services.complete_job(job)
    services.set_variables(key, {"still": "possible"})
    services.resume_process_instance(key)
    services.complete_job(job)
    assert UserTask.objects.filter(process_instance=key, element_id="after", state="CREATED").exists()


@BOTH
def test_two_workers_never_get_the_same_job_and_a_lock_runs_out(semantics):
    definition = deploy(job_model(semantics))
    for _ in range(3):
        services.start_process_instance(definition.key, variables={"x": 1})
    request = [JobRequest("work", timedelta(minutes=1))]
    first = services.activate_jobs(request, worker="a", max_jobs=2, workspace_ids=None)
    second = services.activate_jobs(request, worker="b", max_jobs=2, workspace_ids=None)
    assert (len(first), len(second)) == (2, 1)
    assert not {each.job.key for each in first} & {each.job.key for each in second}
    assert first[0].variables["x"].value == 1
    with pytest.raises(Conflict, match="worker 'a'"):
        services.complete_job(first[0].job.key, worker="b")
    Job.objects.update(locked_until=None)
    assert len(services.activate_jobs(request, worker="c", max_jobs=9, workspace_ids=None)) == 3


def test_a_job_of_zeebe_waits_for_no_worker_while_its_incident_is_open():
    started = services.start_process_instance(deploy(job_model(Semantics.ZEEBE)).key)
    job = started.jobs_created[0].key
    services.fail_job(job, retries=0)
    for again in (services.complete_job, services.fail_job, partial(services.throw_job_error, code="E")):
        with pytest.raises(Conflict, match="incident"):
            again(job)
    services.resolve_incident(Incident.objects.get().key, retries=1)
    services.complete_job(job)


@BOTH
def test_a_job_without_retries_leaves_an_incident_that_new_retries_resolve(semantics):
    started = services.start_process_instance(deploy(job_model(semantics)).key)
    job = started.jobs_created[0].key
    services.fail_job(job, retries=1, message="try again")
    assert not Incident.objects.exists()
    services.fail_job(job, message="Account service answered 503")
    [incident] = Incident.objects.all()
    assert (incident.error_type, incident.message) == ("JOB_NO_RETRIES", "Account service answered 503")
    assert ProcessInstance.objects.get(pk=started.process_instance_key).open_incidents == 1
    with pytest.raises(Conflict, match="retries"):
        services.resolve_incident(incident.key)
    services.resolve_incident(incident.key, retries=1)
    assert ProcessInstance.objects.get(pk=started.process_instance_key).open_incidents == 0
    services.complete_job(job)


@BOTH
def test_an_uncaught_bpmn_error_ends_the_execution_in_camunda_7_and_is_an_incident_in_zeebe(semantics):
    started = services.start_process_instance(deploy(job_model(semantics)).key)
    after = services.throw_job_error(started.jobs_created[0].key, code="E1", message="no cover")
    if semantics is Semantics.CAMUNDA_7:
        assert after.state == "COMPLETED"
        assert not Incident.objects.exists()
    else:
        assert after.state == "ACTIVE"
        [incident] = Incident.objects.all()
        assert incident.error_type == "UNHANDLED_ERROR_EVENT"
        assert "E1" in incident.message
        services.resolve_incident(incident.key)
        services.complete_job(started.jobs_created[0].key)


@BOTH
def test_a_message_that_nobody_waits_for_is_refused_in_camunda_7_and_kept_in_zeebe(semantics):
    definition = deploy(model("wait", semantics, "<startEvent id='start'/><receive id='paid'/><userTask id='after'/>"))
    workspace = Workspace.objects.get(slug="<default>")
    if semantics is Semantics.CAMUNDA_7:
        with pytest.raises(Rejected, match="paid"):
            services.correlate_message(MessageCorrelation("paid"))
        key = services.start_process_instance(definition.key, business_key="B").process_instance_key
        services.correlate_message(MessageCorrelation("paid", business_key="B"), variables={"sum": 7})
    else:
        publish = {"workspace_id": workspace.id, "correlation_key": "k", "time_to_live": timedelta(hours=1)}
        services.publish_message("paid", variables={"sum": 7}, **publish)
        key = services.start_process_instance(definition.key, variables={"key": "k"}).process_instance_key
    assert UserTask.objects.filter(process_instance=key, element_id="after").exists()
    assert global_variables(key)["sum"] == 7


def test_a_message_reaches_one_waiting_instance_of_a_process_once():
    definition = deploy(
        model("wait", Semantics.ZEEBE, "<startEvent id='start'/><receive id='paid'/><userTask id='after'/>")
    )
    workspace = Workspace.objects.get(slug="<default>")
    keys = [services.start_process_instance(definition.key, variables={"key": "k"}).process_instance_key for _ in "ab"]
    first = services.publish_message(
        "paid", workspace_id=workspace.id, correlation_key="k", message_id="m", time_to_live=timedelta(hours=1)
    )
    assert [each.process_instance_key for each in first.correlations] == keys[:1]
    with pytest.raises(Conflict, match="already published"):
        services.publish_message(
            "paid", workspace_id=workspace.id, correlation_key="k", message_id="m", time_to_live=timedelta(hours=1)
        )
    services.start_process_instance(definition.key, variables={"key": "k"})
    assert UserTask.objects.filter(element_id="after").count() == 1


def test_a_variable_edit_with_a_stale_revision_is_a_conflict():
    started = services.start_process_instance(deploy(one_task()).key, variables={"x": 1})
    key = started.process_instance_key
    services.set_variables(key, {"x": 2}, expected={"x": 1})
    with pytest.raises(Conflict, match="revision 1"):
        services.set_variables(key, {"x": 3}, expected={"x": 1})
    with pytest.raises(Conflict):
        services.set_variables(key, {"y": 3}, expected={"y": 4})
    services.set_variables(key, {"new": 3}, expected={"new": None}, delete=["x"])
    assert global_variables(key) == {"new": 3}


@pytest.mark.parametrize("value", [float("nan"), "a\x00b", {"deep": [float("inf")]}, object()])
def test_what_json_cannot_hold_is_refused_and_named(value):
    started = services.start_process_instance(deploy(one_task()).key)
    with pytest.raises(Rejected, match="cannot be stored"):
        services.set_variables(started.process_instance_key, {"x": value})


def test_numbers_beyond_two_to_the_53_keep_their_digits():
    started = services.start_process_instance(deploy(one_task()).key, variables={"n": 2**53 + 1})
    services.set_variables(started.process_instance_key, {"other": 1})
    assert global_variables(started.process_instance_key)["n"] == 2**53 + 1


def test_equal_bytes_make_no_new_version_unless_asked_for():
    first = deploy(one_task())
    assert deploy(one_task()).key == first.key
    workspace = Workspace.objects.get(slug="<default>")
    again = services.deploy([Resource("order.bpmn", one_task().encode())], workspace_id=workspace.id, deduplicate=False)
    assert [each.version for each in again.definitions] == [2]


def test_deleting_a_deployment_with_cascade_removes_instances_and_promotes_the_version_before():
    first = deploy(one_task())
    second = deploy(one_task().replace("approve", "check"))
    started = services.start_process_instance(second.key)
    with pytest.raises(Conflict, match=str(started.process_instance_key)):
        services.delete_deployment(second.deployment_key)
    services.delete_deployment(second.deployment_key, cascade=True)
    assert not ProcessInstance.objects.exists()
    first.refresh_from_db()
    assert first.is_latest


def test_nothing_of_a_deployment_is_stored_if_one_model_is_wrong():
    workspace = Workspace.objects.get(slug="<default>")
    bad = Resource("bad.bpmn", b"not xml")
    with pytest.raises(ModelProblems) as refused:
        services.deploy([Resource("order.bpmn", one_task().encode()), bad], workspace_id=workspace.id)
    assert {problem.resource for problem in refused.value.problems} == {"bad.bpmn"}
    with pytest.raises(NotFound):
        services.start_process_instance(4711)


def test_expired_messages_are_neither_delivered_nor_kept():
    definition = deploy(
        model("wait", Semantics.ZEEBE, "<startEvent id='start'/><receive id='paid'/><userTask id='after'/>")
    )
    workspace = Workspace.objects.get(slug="<default>")
    services.publish_message(
        "paid",
        workspace_id=workspace.id,
        correlation_key="k",
        time_to_live=timedelta(seconds=1),
        context=Context(now=LONG_AGO),
    )
    services.start_process_instance(definition.key, variables={"key": "k"})
    assert not UserTask.objects.exists()
    services.discard_expired_messages()
    assert not BufferedMessage.objects.exists()


def test_a_task_can_be_claimed_by_one_person_only():
    [task] = services.start_process_instance(deploy(one_task()).key).user_tasks_created
    services.assign_user_task(task.key, "ann", only_if_free=True)
    services.assign_user_task(task.key, "ann", only_if_free=True)
    with pytest.raises(Conflict, match="'ann'"):
        services.assign_user_task(task.key, "bob", only_if_free=True)
    services.assign_user_task(task.key, "bob")
    assert UserTask.objects.get().assignee == "bob"


def test_a_camunda_7_task_name_may_contain_expressions():
    xml = one_task().replace("<userTask id='approve'/>", "<userTask id='approve' name='Call ${customer}'/>")
    [task] = services.start_process_instance(deploy(xml).key, variables={"customer": "Mira"}).user_tasks_created
    assert task.label == "Call Mira"


def test_a_name_that_is_too_long_for_its_column_fails_the_element():
    xml = one_task().replace("<userTask id='approve'/>", "<userTask id='approve' camunda:assignee='${who}'/>")
    with pytest.raises(Rejected, match="at most 255 characters"):
        services.start_process_instance(deploy(xml).key, variables={"who": "x" * 256})
