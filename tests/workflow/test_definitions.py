"""Suspending and activating process definitions, deleting them, and how long their history is kept."""

from datetime import UTC, datetime

import pytest

from tests.support.definitions import TABLES, calling, deploy, left, one_task
from tests.support.models import model
from tests.support.wire import wire_traffic
from workflow import services
from workflow.engine.errors import Conflict, NotFound, Rejected
from workflow.graph import Semantics
from workflow.models import Deployment, Incident, Job, ProcessDefinition, ProcessInstance, UserTask
from workflow.services import Context, history

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("semantics", Semantics)
UNKNOWN = 4_611_686_018_427_387_904


def start(definition: ProcessDefinition) -> int:
    return services.start_process_instance(definition.key, variables={"x": 1}).process_instance_key


# -- suspending


@BOTH
def test_instances_of_a_suspended_definition_go_on_unless_they_are_suspended_too(semantics):
    [definition] = deploy(one_task(semantics=semantics))
    key = start(definition)
    suspended = services.suspend_process_definition(definition.key)
    assert (suspended.process_id, suspended.suspended, suspended.instances) == ("order", True, 0)
    services.complete_user_task(UserTask.objects.get(process_instance=key).key)
    assert ProcessInstance.objects.get(pk=key).state == "COMPLETED"


@BOTH
def test_suspending_with_instances_puts_all_that_run_on_hold(semantics):
    [definition] = deploy(model("work", semantics, "<startEvent id='start'/><job id='do'/><userTask id='after'/>"))
    [other] = deploy(one_task("other", semantics))
    first, ended, elsewhere = start(definition), start(definition), start(other)
    services.cancel_process_instance(ended)
    services.complete_job(Job.objects.get(process_instance=first).key)
    second = start(definition)
    assert services.suspend_process_definition(definition.key, with_instances=True).instances == 2
    rows = {row.key: row for row in ProcessInstance.objects.all()}
    assert [rows[key].suspended for key in (first, second, ended, elsewhere)] == [True, True, False, False]
    assert [rows[key].revision for key in (second, ended)] == [2, 2]
    assert UserTask.objects.get(process_instance=first).suspended
    assert Job.objects.get(process_instance=second).suspended
    assert not Job.objects.get(process_instance=first).suspended  # it was done before
    with pytest.raises(Conflict, match="on hold"):
        services.complete_user_task(UserTask.objects.get(process_instance=first).key)
    assert services.activate_process_definition(definition.key, with_instances=True).instances == 2
    services.complete_user_task(UserTask.objects.get(process_instance=first).key)
    assert not Job.objects.filter(suspended=True).exists()


@BOTH
def test_activating_a_definition_alone_leaves_its_instances_on_hold(semantics):
    [definition] = deploy(one_task(semantics=semantics))
    key = start(definition)
    services.suspend_process_definition(definition.key, with_instances=True)
    services.activate_process_definition(definition.key)
    assert ProcessInstance.objects.get(pk=key).suspended
    start(definition)


def test_suspending_twice_is_no_error():
    [definition] = deploy(one_task())
    services.suspend_process_definition(definition.key)
    services.suspend_process_definition(definition.key)
    assert ProcessDefinition.objects.get().suspended


def test_a_dry_run_counts_and_changes_nothing():
    [definition] = deploy(one_task())
    key = start(definition)
    dry = Context(dry_run=True)
    assert services.suspend_process_definition(definition.key, with_instances=True, context=dry).instances == 1
    assert not ProcessDefinition.objects.get().suspended
    assert not ProcessInstance.objects.get(pk=key).suspended


def test_suspending_costs_the_same_however_many_instances_there_are():
    def statements(instances: int) -> int:
        [definition] = deploy(one_task(f"p{instances}"))
        for _ in range(instances):
            start(definition)
        with wire_traffic() as traffic:
            services.suspend_process_definition(definition.key, with_instances=True)
        return len(traffic.statements)

    assert statements(1) == statements(20)


def test_unknown_definitions_are_not_found():
    for command in (
        services.suspend_process_definition,
        services.activate_process_definition,
        services.delete_process_definition,
        lambda key: services.set_history_time_to_live(key, 1),
        services.start_process_instance,
    ):
        with pytest.raises(NotFound, match=f"process definition with key '{UNKNOWN}'"):
            command(UNKNOWN)


def test_a_definition_that_was_deleted_elsewhere_is_not_started_from_memory():
    [definition] = deploy(one_task())
    start(definition)
    ProcessInstance.objects.all().delete()
    ProcessDefinition.objects.all().delete()  # by another server process; this one still remembers the model
    with pytest.raises(NotFound):
        start(definition)


def test_no_table_is_forgotten_when_instances_are_deleted():
    assert {*history.INSTANCE_TABLES, ProcessInstance} == set(TABLES)


# -- history time to live


def test_the_time_to_live_comes_from_the_model_and_can_be_changed():
    text = one_task().replace('id="order"', 'id="order" camunda:historyTimeToLive="P30D"')
    [definition] = deploy(text)
    assert definition.history_time_to_live_days == 30
    changed = services.set_history_time_to_live(definition.key, 5)
    assert (changed.days_before, changed.days) == (30, 5)
    assert ProcessDefinition.objects.get().history_time_to_live_days == 5
    services.set_history_time_to_live(definition.key, None)
    assert ProcessDefinition.objects.get().history_time_to_live_days is None


@pytest.mark.parametrize("days", [-1, 36_501])
def test_a_time_to_live_that_makes_no_sense_is_refused(days):
    [definition] = deploy(one_task())
    with pytest.raises(Rejected, match=f"found {days}"):
        services.set_history_time_to_live(definition.key, days)


# -- deleting


@BOTH
def test_a_definition_without_instances_goes_with_its_deployment(semantics):
    [definition] = deploy(one_task(semantics=semantics))
    deleted = services.delete_process_definition(definition.key)
    assert (deleted.process_ids, deleted.running, deleted.ended) == (("order",), 0, 0)
    assert not ProcessDefinition.objects.exists()
    assert not Deployment.objects.exists()


def test_a_deployment_stays_with_its_other_definitions():
    [order, bill] = deploy(one_task("order"), one_task("bill"))
    services.delete_process_definition(order.key)
    assert list(ProcessDefinition.objects.values_list("key", flat=True)) == [bill.key]
    assert Deployment.objects.exists()


@BOTH
def test_instances_are_in_the_way_until_they_are_given_up(semantics):
    [definition] = deploy(one_task(semantics=semantics))
    running, ended = start(definition), start(definition)
    services.cancel_process_instance(ended)
    with pytest.raises(Conflict, match=rf"'{running}' of 'order' is one \(1 running and 1 ended\)"):
        services.delete_process_definition(definition.key)
    with pytest.raises(Conflict, match=f"'{running}' of 'order'"):
        services.delete_process_definition(definition.key, with_ended=True)
    services.cancel_process_instance(running)
    with pytest.raises(Conflict, match="0 running and 2 ended"):
        services.delete_process_definition(definition.key)
    deleted = services.delete_process_definition(definition.key, with_ended=True)
    assert (deleted.running, deleted.ended) == (0, 2)
    assert left() == {}


@BOTH
def test_cascading_takes_running_instances_and_all_of_theirs_along(semantics):
    [definition] = deploy(model("work", semantics, "<startEvent id='start'/><job id='do'/>"))
    [other] = deploy(one_task("other", semantics))
    start(definition)
    kept = start(other)
    services.fail_job(Job.objects.get().key, retries=0, message="broken")
    assert services.delete_process_definition(definition.key, cascade=True).running == 1
    assert set(ProcessInstance.objects.values_list("key", flat=True)) == {kept}
    assert not Incident.objects.exists()
    assert not Job.objects.exists()


@BOTH
def test_a_dry_run_tells_what_would_be_lost(semantics):
    [definition] = deploy(one_task(semantics=semantics))
    services.cancel_process_instance(start(definition))
    start(definition)
    before = left()
    deleted = services.delete_process_definition(definition.key, context=Context(dry_run=True))
    assert (deleted.running, deleted.ended) == (1, 1)
    assert services.delete_deployment(definition.deployment_key, context=Context(dry_run=True)).running == 1
    assert left() == before
    assert ProcessDefinition.objects.exists()


@BOTH
def test_called_instances_go_with_their_callers(semantics):
    deploy(one_task("child", semantics))
    [parent] = deploy(calling("parent", "child", semantics))
    start(parent)
    deleted = services.delete_process_definition(parent.key, cascade=True)
    assert deleted.running == 2
    assert left() == {}


@BOTH
def test_what_a_running_process_has_called_is_not_taken_from_under_it(semantics):
    [child] = deploy(one_task("child", semantics))
    [parent] = deploy(calling("parent", "child", semantics))
    key = start(parent)
    before = left()
    with pytest.raises(Conflict, match=f"process instance '{key}' has called"):
        services.delete_process_definition(child.key, cascade=True)
    assert left() == before
    services.cancel_process_instance(key)
    services.delete_process_definition(child.key, with_ended=True)
    assert list(ProcessInstance.objects.values_list("process_id", flat=True)) == ["parent"]


@BOTH
def test_deleting_a_deployment_with_its_instances(semantics):
    [order, bill] = deploy(one_task("order", semantics), one_task("bill", semantics))
    start(order)
    with pytest.raises(Conflict, match=f"deployment '{order.deployment_key}'"):
        services.delete_deployment(order.deployment_key)
    deleted = services.delete_deployment(order.deployment_key, cascade=True)
    assert (deleted.process_ids, deleted.running) == (("bill", "order"), 1)
    assert left() == {}
    assert not ProcessDefinition.objects.filter(pk__in=[order.key, bill.key]).exists()


def test_deleting_costs_the_same_however_much_there_is():
    def statements(number: int) -> int:
        names = [f"p{number}_{each}" for each in range(number)]
        deploy(*[one_task(name) for name in names])
        second = deploy(*[one_task(name, note="again") for name in names])
        for definition in second:
            start(definition)
        with wire_traffic() as traffic:
            services.delete_deployment(second[0].deployment_key, cascade=True)
        assert ProcessDefinition.objects.filter(process_id__in=names, is_latest=True, version=1).count() == number
        return len(traffic.statements)

    assert statements(1) == statements(10)


class Refused(Exception):
    """What an authorize function of a test raises."""


def test_whoever_may_not_changes_nothing():
    def refuse(workspace_id: int) -> None:
        raise Refused(workspace_id)

    [definition] = deploy(one_task())
    start(definition)
    before = ProcessDefinition.objects.values().get()
    context = Context(authorize=refuse, now=datetime(2026, 1, 1, tzinfo=UTC))
    for command in (
        lambda: services.suspend_process_definition(definition.key, context=context),
        lambda: services.activate_process_definition(definition.key, context=context),
        lambda: services.set_history_time_to_live(definition.key, 1, context=context),
        lambda: services.delete_process_definition(definition.key, cascade=True, context=context),
        lambda: services.delete_deployment(definition.deployment_key, cascade=True, context=context),
        lambda: services.start_at_event(definition.key, "start", context=context),
    ):
        with pytest.raises(Refused):
            command()
    assert ProcessDefinition.objects.values().get() == before
