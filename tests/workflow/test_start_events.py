"""Start events that wait: who is registered, when they go, and what starts when they occur."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.start_events import xml
from tests.support.wire import wire_traffic
from workflow import services
from workflow.engine.errors import Conflict, ModelProblems, NotFound, Rejected
from workflow.graph import Semantics
from workflow.models import (
    BufferedMessage,
    ElementInstance,
    EventSubscription,
    Job,
    ProcessDefinition,
    ProcessInstance,
    Variable,
    Workspace,
)
from workflow.persistence.transaction import transaction
from workflow.services import Context, Resource, start_events

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("semantics", Semantics)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AT_NOON = Context(now=NOON)


def deploy(*models: str, context: Context = AT_NOON) -> list[ProcessDefinition]:
    workspace = Workspace.objects.get(slug="<default>")
    resources = [Resource(f"model{number}.bpmn", model.encode()) for number, model in enumerate(models)]
    return list(services.deploy(resources, workspace_id=workspace.pk, context=context).definitions)


def waiting() -> list[tuple[str, int, str, str]]:
    """What is registered: process, version, kind and name, or due date."""
    subscriptions = EventSubscription.objects.filter(process_instance=None).select_related("definition")
    timers = Job.objects.filter(process_instance=None).select_related("definition")
    found = [(row.definition.process_id, row.definition.version, str(row.kind), row.name) for row in subscriptions]
    found += [(row.definition.process_id, row.definition.version, "TIMER", f"{row.due_at:%H:%M}") for row in timers]
    return sorted(found)


def keys_started(*outcomes: services.Outcome) -> list[int]:
    return [each.process_instance_key for each in outcomes]


EVERYTHING = (("message", "paid"), ("signal", "alarm"), ("cycle", "R3/PT1H"))


@BOTH
def test_a_new_version_takes_over_what_the_one_before_waited_for(semantics):
    deploy(xml("order", semantics, *EVERYTHING))
    assert waiting() == [
        ("order", 1, "MESSAGE", "paid"),
        ("order", 1, "SIGNAL", "alarm"),
        ("order", 1, "TIMER", "13:00"),
    ]
    deploy(xml("order", semantics, ("message", "payment")))
    assert waiting() == [("order", 2, "MESSAGE", "payment")]
    deploy(xml("order", semantics))
    assert waiting() == []


def test_a_process_can_wait_for_a_condition():
    deploy(xml("order", Semantics.CAMUNDA_7, ("condition", "${amount &gt; 5}")))
    assert waiting() == [("order", 1, "CONDITIONAL", "")]


@BOTH
def test_a_deployment_that_fails_leaves_the_registrations_as_they_were(semantics):
    deploy(xml("order", semantics, ("message", "paid")))
    with pytest.raises(ModelProblems):
        deploy(xml("order", semantics), xml("bad", semantics, ("date", "whenever")))
    assert waiting() == [("order", 1, "MESSAGE", "paid")]


@BOTH
def test_a_dry_run_registers_nothing(semantics):
    deploy(xml("order", semantics, *EVERYTHING), context=Context(dry_run=True))
    assert waiting() == []


@BOTH
def test_other_workspaces_are_left_alone(semantics):
    other = Workspace.objects.create(slug="other", name="Other")
    model = xml("order", semantics, ("message", "paid"))
    deploy(model)
    services.deploy([Resource("m.bpmn", model.encode())], workspace_id=other.pk)
    services.deploy([Resource("m.bpmn", xml("order", semantics).encode())], workspace_id=other.pk)
    assert waiting() == [("order", 1, "MESSAGE", "paid")]


@BOTH
def test_deleting_the_latest_version_gives_the_one_before_its_own_back(semantics):
    deploy(xml("order", semantics, *EVERYTHING))
    [second] = deploy(xml("order", semantics))
    services.delete_process_definition(second.key, context=AT_NOON)
    assert [row[:3] for row in waiting()] == [
        ("order", 1, "MESSAGE"),
        ("order", 1, "SIGNAL"),
        ("order", 1, "TIMER"),
    ]
    assert ProcessDefinition.objects.get().is_latest


@BOTH
def test_deleting_a_deployment_gives_all_its_processes_back_what_they_waited_for(semantics):
    deploy(xml("order", semantics, ("message", "paid")), xml("bill", semantics, ("signal", "alarm")))
    second = deploy(xml("order", semantics), xml("bill", semantics))
    services.delete_deployment(second[0].deployment_key)
    assert waiting() == [("bill", 1, "SIGNAL", "alarm"), ("order", 1, "MESSAGE", "paid")]
    services.delete_deployment(ProcessDefinition.objects.first().deployment_key)
    assert waiting() == []


@BOTH
def test_a_date_that_has_passed_is_not_given_back(semantics):
    deploy(xml("order", semantics, ("date", "2026-03-02T13:00:00+00:00")))
    [second] = deploy(xml("order", semantics))
    services.delete_process_definition(second.key)
    assert waiting() == []


def test_deploying_costs_the_same_however_many_start_events_there_are():
    def statements(number: int) -> int:
        models = [
            xml(f"p{number}_{each}", Semantics.CAMUNDA_7, ("message", f"m{number}_{each}"), ("cycle", "R/PT1H"))
            for each in range(number)
        ]
        deploy(*models)
        with wire_traffic() as traffic:
            deploy(*[model.replace("<!--  -->", "<!-- again -->") for model in models])
        return len(traffic.statements) - traffic.blocks_of_keys

    assert statements(1) == statements(20)


# -- what cannot be deployed


@BOTH
def test_a_name_that_needs_a_variable_is_a_problem_of_the_element_and_its_line(semantics):
    name = "=customer" if semantics is Semantics.ZEEBE else "${customer}"
    with pytest.raises(ModelProblems) as refused:
        deploy(xml("order", semantics, ("message", "paid")).replace("name='paid'", f"name='{name}'"))
    [problem] = refused.value.problems
    assert (problem.element_id, problem.resource) == ("start1", "model0.bpmn")
    assert problem.line > 1
    assert name in problem.message
    assert not ProcessDefinition.objects.exists()


@pytest.mark.parametrize(
    ("semantics", "kind", "name", "calculated"),
    [
        (Semantics.ZEEBE, "message", '="paid" + "-1"', "paid-1"),
        (Semantics.ZEEBE, "signal", '="paid" + "-1"', "paid-1"),
        (Semantics.CAMUNDA_7, "signal", "${1 + 1}", "2"),
    ],
)
def test_a_name_may_be_calculated(semantics, kind, name, calculated):
    deploy(xml("order", semantics, (kind, "paid")).replace("name='paid'", f"name='{name}'"))
    assert [row[3] for row in waiting()] == [calculated]


def test_camunda_7_takes_no_calculated_name_for_a_message_that_starts_a_process():
    with pytest.raises(ModelProblems, match="expressions in the message start event name are not allowed"):
        deploy(xml("order", Semantics.CAMUNDA_7, ("message", "paid")).replace("name='paid'", "name='${1 + 1}'"))


@BOTH
@pytest.mark.parametrize("kind", ["message", "signal"])
def test_two_start_events_of_one_process_do_not_wait_for_the_same(semantics, kind):
    with pytest.raises(ModelProblems, match=r"'paid'") as refused:
        deploy(xml("order", semantics, (kind, "paid"), (kind, "paid")))
    assert "start2" in {problem.element_id for problem in refused.value.problems}


def test_two_camunda_7_processes_do_not_start_by_one_message():
    deploy(xml("order", Semantics.CAMUNDA_7, ("message", "paid")))
    with pytest.raises(ModelProblems, match="already is a message event subscription") as refused:
        deploy(xml("bill", Semantics.CAMUNDA_7, ("message", "paid")))
    [problem] = refused.value.problems
    assert (problem.element_id, "'order'" in problem.message) == ("start1", True)
    with pytest.raises(ModelProblems, match="already is a message event subscription"):
        deploy(xml("one", Semantics.CAMUNDA_7, ("message", "new")), xml("two", Semantics.CAMUNDA_7, ("message", "new")))


def test_a_message_name_can_move_from_one_camunda_7_process_to_another_in_one_deployment():
    deploy(xml("order", Semantics.CAMUNDA_7, ("message", "paid")), xml("bill", Semantics.CAMUNDA_7))
    deploy(xml("order", Semantics.CAMUNDA_7), xml("bill", Semantics.CAMUNDA_7, ("message", "paid")))
    assert waiting() == [("bill", 2, "MESSAGE", "paid")]


def test_two_camunda_8_processes_may_start_by_one_message_and_camunda_7_ones_by_one_signal():
    deploy(xml("order", Semantics.ZEEBE, ("message", "paid")), xml("bill", Semantics.ZEEBE, ("message", "paid")))
    deploy(xml("a", Semantics.CAMUNDA_7, ("signal", "alarm")), xml("b", Semantics.CAMUNDA_7, ("signal", "alarm")))
    assert len(waiting()) == 4


# -- who waits


def test_starts_are_found_by_name_in_the_workspaces_asked_for():
    workspace = Workspace.objects.get(slug="<default>")
    [order, bill] = deploy(
        xml("order", Semantics.ZEEBE, ("message", "paid")), xml("bill", Semantics.ZEEBE, ("message", "paid"))
    )
    [alarm] = deploy(xml("alarm", Semantics.CAMUNDA_7, ("signal", "paid"), ("condition", "${x}")))
    found = start_events.message_starts("paid", None)
    assert [(start.definition_key, start.element_id, start.process_id) for start in found] == [
        (order.key, "start1", "order"),
        (bill.key, "start1", "bill"),
    ]
    assert start_events.message_starts("paid", [workspace.pk], definition_key=bill.key) == found[1:]
    assert start_events.message_starts("paid", [workspace.pk + 1]) == []
    assert start_events.message_starts("paid", None, semantics=Semantics.CAMUNDA_7) == []
    assert [start.definition_key for start in start_events.signal_starts("paid", None)] == [alarm.key]
    assert [start.element_id for start in start_events.conditional_starts(None)] == ["start2"]


# -- starting


@BOTH
@pytest.mark.parametrize("kind", ["message", "signal", "cycle"])
def test_an_instance_starts_at_the_event_with_what_comes_along(semantics, kind):
    [definition] = deploy(xml("order", semantics, (kind, "R/PT1H"), ("message", "other")))
    started = services.start_at_event(definition.key, "start1", variables={"amount": 5}, business_key="B-1")
    row = ProcessInstance.objects.get(pk=started.process_instance_key)
    assert (row.start_element_id, row.business_key, row.state) == ("start1", "B-1", "ACTIVE")
    assert list(row.element_instances.values_list("element_id", "state")) == [
        ("start1", "COMPLETED"),
        ("work", "ACTIVE"),
    ]
    assert list(Variable.objects.filter(scope_key=row.key).values_list("name", "value")) == [("amount", 5)]


@BOTH
def test_only_start_events_of_the_process_start_it(semantics):
    [definition] = deploy(xml("order", semantics, ("message", "paid")))
    with pytest.raises(Rejected, match=r"Expected 'work' to be a start event .* 'start1'"):
        services.start_at_event(definition.key, "work")
    assert not ProcessInstance.objects.exists()


def test_output_mappings_decide_what_of_a_message_is_kept():
    output = "<zeebe:output source='=amount' target='total'/>"
    mapping = f"<extensionElements><zeebe:ioMapping>{output}</zeebe:ioMapping></extensionElements>"
    model = xml("order", Semantics.ZEEBE, ("message", "paid")).replace("<messageEvent", f"{mapping}<messageEvent")
    [definition] = deploy(model)
    started = services.start_at_event(definition.key, "start1", variables={"amount": 5, "noise": 1})
    kept = Variable.objects.filter(scope_key=started.process_instance_key).values_list("name", "value")
    assert list(kept) == [("total", 5)]


def test_conditions_start_what_they_hold_for():
    [cheap, dear] = deploy(
        xml("cheap", Semantics.CAMUNDA_7, ("condition", "${amount &lt;= 5}")),
        xml("dear", Semantics.CAMUNDA_7, ("condition", "${amount &gt; 5}")),
    )
    [started] = services.evaluate_start_conditions({"amount": 7}, workspace_ids=None, business_key="B-7")
    assert (started.definition_key, started.business_key) == (dear.key, "B-7")
    assert services.evaluate_start_conditions({"size": 1}, workspace_ids=None) == ()
    assert services.evaluate_start_conditions({"amount": 7}, workspace_ids=None, definition_key=cheap.key) == ()


def test_evaluating_conditions_where_nobody_waits_for_one_is_refused():
    deploy(xml("order", Semantics.CAMUNDA_7))
    with pytest.raises(Rejected, match="No subscriptions were found"):
        services.evaluate_start_conditions({}, workspace_ids=None)


# -- timers


@BOTH
def test_a_timer_starts_an_instance_and_is_due_again(semantics):
    deploy(xml("order", semantics, ("cycle", "R2/PT1H")))
    first = Job.objects.get()
    services.execute_start_timer(first.key, context=Context(now=NOON + timedelta(hours=1, seconds=1)))
    [second] = Job.objects.all()
    assert second.key != first.key
    assert second.due_at == NOON + timedelta(hours=2)
    assert (second.element_id, second.definition_key, second.kind, second.retries) == (
        "start1",
        first.definition_key,
        "TIMER",
        3,
    )
    services.execute_start_timer(second.key, context=Context(now=NOON + timedelta(hours=2, seconds=1)))
    assert not Job.objects.exists()
    assert list(ProcessInstance.objects.values_list("start_element_id", "process_id")) == [("start1", "order")] * 2


@BOTH
def test_the_same_timer_job_runs_once(semantics):
    deploy(xml("order", semantics, ("cycle", "R/PT1H")))
    key = Job.objects.get().key
    services.execute_start_timer(key)
    with pytest.raises(NotFound, match="it has ended"):
        services.execute_start_timer(key)
    assert ProcessInstance.objects.count() == 1


@BOTH
def test_a_dry_run_of_a_timer_leaves_it(semantics):
    deploy(xml("order", semantics, ("cycle", "R/PT1H")))
    job = Job.objects.values().get()
    assert services.execute_start_timer(job["key"], context=Context(dry_run=True)).process_id == "order"
    assert Job.objects.values().get() == job
    assert not ProcessInstance.objects.exists()


@BOTH
def test_a_start_that_fails_leaves_the_timer_with_one_retry_less(semantics):
    deploy(xml("order", semantics, ("cycle", "R/PT1H")))
    key = Job.objects.get().key
    start_events.note_timer_failure(key, "no \x00 luck")
    job = Job.objects.get()
    assert (job.state, job.retries, job.error_message) == ("FAILED", 2, "no \ufffd luck")
    services.execute_start_timer(key)
    assert (Job.objects.get().state, Job.objects.get().retries, Job.objects.get().error_message) == ("CREATED", 3, "")


# -- suspended definitions


@BOTH
def test_nothing_starts_a_suspended_definition(semantics):
    [definition] = deploy(xml("order", semantics, ("message", "paid"), ("cycle", "R/PT1H"), ("none", "")))
    services.suspend_process_definition(definition.key)
    assert start_events.message_starts("paid", None) == []
    job = Job.objects.get()
    assert job.suspended
    refused = pytest.raises(Conflict, match=r"suspended.* Activate it first")
    with refused:
        services.start_at_event(definition.key, "start1")
    with refused:
        services.execute_start_timer(job.key)
    with refused:
        services.start_process_instance(definition.key)
    with refused:
        services.start_process_instance(definition.key, context=Context(dry_run=True))
    assert not ProcessInstance.objects.exists()
    services.activate_process_definition(definition.key)
    services.execute_start_timer(job.key)
    assert [start.element_id for start in start_events.message_starts("paid", None)] == ["start1"]


@BOTH
def test_a_suspended_version_gets_its_timers_back_suspended(semantics):
    [first] = deploy(xml("order", semantics, ("cycle", "R/PT1H")))
    services.suspend_process_definition(first.key)
    [second] = deploy(xml("order", semantics))
    services.delete_process_definition(second.key)
    assert Job.objects.get().suspended


# -- one active instance a correlation key (Camunda 8)


def test_a_process_runs_once_a_correlation_key():
    [definition] = deploy(xml("order", Semantics.ZEEBE, ("message", "paid")))
    deploy(xml("bill", Semantics.ZEEBE, ("message", "paid")))
    starts = start_events.message_starts("paid", None)
    services.start_at_event(definition.key, "start1", business_key="C-1")
    with transaction():
        assert [each.process_id for each in start_events.without_running(starts, "C-1")] == ["bill"]
        assert [each.process_id for each in start_events.without_running(starts, "C-2")] == ["order", "bill"]
        assert [each.process_id for each in start_events.without_running(starts, "")] == ["order", "bill"]


def test_an_instance_that_no_message_started_does_not_count():
    [definition] = deploy(xml("order", Semantics.ZEEBE, ("message", "paid"), ("none", "")))
    services.start_process_instance(definition.key, business_key="C-1")
    starts = start_events.message_starts("paid", None)
    assert start_events.without_running(starts, "C-1") == starts


def buffered(message_key: int, process_ids: list[str], minutes: int = 5) -> None:
    BufferedMessage.objects.create(
        key=message_key,
        workspace=Workspace.objects.get(slug="<default>"),
        name="paid",
        correlation_key="C-1",
        variables={"number": message_key},
        correlated_to=process_ids,
        published_at=NOON,
        expires_at=datetime.now(UTC) + timedelta(minutes=minutes),
    )


def test_a_buffered_message_starts_the_next_instance_once_the_one_before_has_ended():
    [definition] = deploy(xml("order", Semantics.ZEEBE, ("message", "paid")))
    first = services.start_at_event(definition.key, "start1", business_key="C-1").process_instance_key
    buffered(1, ["order"])
    buffered(2, [], minutes=-5)
    buffered(3, [])
    buffered(4, [])
    services.cancel_process_instance(first)
    [second] = ProcessInstance.objects.filter(state="ACTIVE")
    assert (second.business_key, second.variables.get().value) == ("C-1", 3)
    services.cancel_process_instance(second.key)
    [third] = ProcessInstance.objects.filter(state="ACTIVE")
    assert third.variables.get().value == 4
    services.cancel_process_instance(third.key)
    assert not ProcessInstance.objects.filter(state="ACTIVE").exists()


def test_instances_that_end_at_once_follow_each_other():
    [definition] = deploy(xml("order", Semantics.ZEEBE, ("message", "paid")))
    first = services.start_at_event(definition.key, "start1", business_key="C-1").process_instance_key
    deploy(xml("order", Semantics.ZEEBE, ("message", "paid"), task=False))
    for key in (1, 2, 3):
        buffered(key, [])
    services.cancel_process_instance(first)
    assert list(ProcessInstance.objects.filter(version=2).values_list("state", flat=True)) == ["COMPLETED"] * 3
    assert not ElementInstance.objects.filter(process_instance__version=2).exclude(state="COMPLETED").exists()
