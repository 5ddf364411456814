"""Migration against PostgreSQL: which rows tell the target afterwards, who may, and what stays as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.models import deploy, model
from workflow import services
from workflow.engine.errors import Conflict, NotFound, Rejected
from workflow.graph import Semantics
from workflow.migration import Mapping, MigrationOptions, MigrationPlan
from workflow.models import (
    ElementInstance,
    EventSubscription,
    Incident,
    Job,
    ProcessDefinition,
    ProcessInstance,
    UserTask,
    Variable,
    Workspace,
)
from workflow.services import Context, Outcome

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
BOTH = pytest.mark.parametrize("semantics", Semantics)


class Refused(Exception):
    """What an authorize function of a test raises."""


def definition(semantics: Semantics, *tags: str, process_id: str = "order") -> ProcessDefinition:
    return deploy(model(process_id, semantics, f"<startEvent id='start'/>{''.join(tags)}<endEvent id='end'/>"))


def started(source: ProcessDefinition, **variables: object) -> Outcome:
    return services.start_process_instance(source.key, variables=variables)


def plan(target: ProcessDefinition, **mappings: str) -> MigrationPlan:
    return MigrationPlan(target.key, tuple(Mapping(one, other) for one, other in mappings.items()))


def elements(key: int) -> list[tuple[str, str]]:
    return list(ElementInstance.objects.filter(process_instance=key).values_list("element_id", "state"))


@BOTH
def test_all_rows_of_what_is_active_tell_the_target_and_history_stays(semantics: Semantics):
    # given
    source = definition(semantics, "<job id='a'/>")
    target = definition(semantics, "<job id='b'/>", "<userTask id='after'/>", process_id="other")
    key = started(source, key="K").process_instance_key
    [job] = Job.objects.filter(process_instance=key)
    services.activate_jobs([services.JobRequest("work", MINUTE)], worker="w", max_jobs=1, workspace_ids=None)
    services.fail_job(job.key, retries=0, message="printer on fire")
    # when
    outcome = services.migrate_process_instance(key, plan(target, a="b"))
    # then
    assert (outcome.definition_key, outcome.process_id, outcome.version) == (target.key, "other", 1)
    assert [(fact.from_element_id, fact.element_id) for fact in outcome.migrated] == [("a", "b")]
    instance = ProcessInstance.objects.get(pk=key)
    assert (instance.definition_key, instance.process_id, instance.version) == (target.key, "other", 1)
    assert elements(key) == [("start", "COMPLETED"), ("b", "ACTIVE")]
    job.refresh_from_db()
    assert (job.element_id, job.definition_key, job.type, job.retries) == ("b", target.key, "work", 0)
    [incident] = Incident.objects.filter(process_instance=key)
    assert (incident.element_id, incident.definition_key, incident.state) == ("b", target.key, "ACTIVE")
    services.update_job(job.key, retries=1, resolve=True)
    services.complete_job(job.key)
    assert elements(key)[-1] == ("after", "ACTIVE")
    [task] = UserTask.objects.filter(process_instance=key)
    assert (task.element_id, task.definition_key) == ("after", target.key)


@BOTH
def test_subscriptions_tell_the_target_and_correlate_on(semantics: Semantics):
    source, target = definition(semantics, "<receive id='a'/>"), definition(semantics, "<receive id='b'/>")
    key = started(source, key="K").process_instance_key
    services.migrate_process_instance(key, plan(target, a="b"))
    [row] = EventSubscription.objects.filter(process_instance=key)
    assert (row.element_id, row.definition_key, row.name, row.state) == ("b", target.key, "a", "CREATED")
    if semantics is Semantics.ZEEBE:
        services.publish_message("a", workspace_id=source.workspace_id, correlation_key="K")
    else:
        services.correlate_message(services.MessageCorrelation("a"))
    assert ProcessInstance.objects.get(pk=key).state == "COMPLETED"


@BOTH
def test_a_dry_run_tells_what_the_migration_does_and_writes_nothing(semantics: Semantics):
    source, target = definition(semantics, "<userTask id='a'/>"), definition(semantics, "<userTask id='b'/>")
    key = started(source).process_instance_key
    before = [list(table.objects.order_by("pk").values()) for table in (ProcessInstance, ElementInstance, UserTask)]
    told = services.migrate_process_instance(key, plan(target, a="b"), context=Context(dry_run=True))
    assert [list(t.objects.order_by("pk").values()) for t in (ProcessInstance, ElementInstance, UserTask)] == before
    assert replace(services.migrate_process_instance(key, plan(target, a="b")), at=told.at) == told


@BOTH
def test_a_refusal_changes_nothing(semantics: Semantics):
    source, target = definition(semantics, "<userTask id='a'/>"), definition(semantics, "<userTask id='b'/>")
    key = started(source).process_instance_key
    with pytest.raises(Conflict):
        services.migrate_process_instance(key, plan(target))
    assert ProcessInstance.objects.get(pk=key).definition_key == source.key
    assert elements(key)[-1] == ("a", "ACTIVE")


def test_a_job_after_an_activity_leads_on_over_the_flow_of_the_target():
    # given
    def process(first: str, second: str) -> ProcessDefinition:
        """The flow `first` leads to the task `one`, `second` to `two`."""
        task = "<userTask id='a' camunda:asyncAfter='true'/>"
        xml = model("order", Semantics.CAMUNDA_7, f"<startEvent id='start'/>{task}")
        ends = "".join(
            f"<userTask id='{name}'/><sequenceFlow id='{flow}' sourceRef='a' targetRef='{name}'/>"
            for name, flow in (("one", first), ("two", second))
        )
        return deploy(xml.replace("</process>", f"{ends}</process>"))

    key = started(process("x", "y")).process_instance_key
    services.complete_user_task(UserTask.objects.get(process_instance=key).key)
    # when
    services.migrate_process_instance(key, plan(process("y", "x"), a="a"))
    single = definition(Semantics.CAMUNDA_7, "<userTask id='a' camunda:asyncAfter='true'/>", "<userTask id='b'/>")
    services.migrate_process_instance(key, plan(single, a="a"))
    # then
    jobs = Job.objects.filter(process_instance=key, state="CREATED").order_by("key")
    assert [job.custom_headers for job in jobs] == [{"flow": "flow2"}] * 2
    for job in jobs:
        services.execute_job(job.key)
    assert list(
        UserTask.objects.filter(process_instance=key, state="CREATED").values_list("element_id", flat=True)
    ) == [
        "b",
        "b",
    ]


def test_a_scope_that_a_migration_has_opened_is_loaded_with_what_is_in_it():
    # given
    source = definition(Semantics.CAMUNDA_7, "<userTask id='a'/>")
    inner = "<startEvent id='s'/><userTask id='a'/><sequenceFlow id='f' sourceRef='s' targetRef='a'/>"
    xml = model("order", Semantics.CAMUNDA_7, "<startEvent id='start'/><task id='sub'/><endEvent id='end'/>")
    target = deploy(xml.replace("<task id='sub'/>", f"<subProcess id='sub'>{inner}</subProcess>"))
    key = started(source, x=1).process_instance_key
    # when
    services.migrate_process_instance(key, plan(target, a="a"))
    # then
    task, scope = ElementInstance.objects.filter(process_instance=key, state="ACTIVE").order_by("key")
    assert (task.element_id, scope.element_id, task.flow_scope_key) == ("a", "sub", scope.key)
    assert (scope.flow_scope_key, scope.active_children) == (key, 1)
    services.set_variables(task.key, {"y": 2}, local=True)
    [work] = UserTask.objects.filter(process_instance=key)
    services.complete_user_task(work.key)
    assert ProcessInstance.objects.get(pk=key).state == "COMPLETED"
    assert dict(elements(key))["sub"] == "COMPLETED"


@BOTH
def test_when_something_ended_that_can_be_undone_is_not_forgotten(semantics: Semantics):
    # given
    def process(task: str, undo: str) -> ProcessDefinition:
        xml = model("order", semantics, f"<startEvent id='start'/><userTask id='{task}'/><userTask id='b'/>")
        handler = model("x", semantics, f"<userTask id='{undo}'/>").partition('isExecutable="true">\n')[2]
        handler = handler.partition("</process>")[0].replace("<userTask ", "<userTask isForCompensation='true' ")
        boundary = f"<boundaryEvent id='on_{task}' attachedToRef='{task}'><compensateEventDefinition/></boundaryEvent>"
        link = f"<association id='tie' sourceRef='on_{task}' targetRef='{undo}'/>"
        return deploy(xml.replace("</process>", f"{handler}{boundary}{link}</process>"))

    key = started(process("a", "undo_a")).process_instance_key
    services.complete_user_task(UserTask.objects.get(process_instance=key).key)
    before = ElementInstance.objects.get(process_instance=key, element_id="a")
    # when
    services.migrate_process_instance(key, plan(process("c", "undo_c"), b="b", on_a="on_c"))
    # then
    after = ElementInstance.objects.get(pk=before.key)
    assert (after.element_id, after.state, after.ended_at) == ("c", "COMPLETED", before.ended_at)
    [row] = EventSubscription.objects.filter(process_instance=key)
    assert (row.element_id, row.state) == ("undo_c", "CREATED")


def test_the_target_is_in_the_same_workspace():
    source = definition(Semantics.CAMUNDA_7, "<userTask id='a'/>")
    elsewhere = Workspace.objects.create(slug="loans", name="Loans")
    xml = model("order", Semantics.CAMUNDA_7, "<startEvent id='start'/><userTask id='a'/>")
    target = deploy(xml, workspace=elsewhere)
    key = started(source).process_instance_key
    for unknown in (target.key, 4711):
        with pytest.raises(NotFound, match=f"no process definition found with key '{unknown}'"):
            services.migrate_process_instance(key, MigrationPlan(unknown, (Mapping("a", "a"),)))
    with pytest.raises(Rejected, match="different tenants"):
        services.generate_migration_plan(source.key, target.key)


def test_the_plan_is_for_one_source_and_one_revision():
    source = definition(Semantics.CAMUNDA_7, "<userTask id='a'/>")
    target = definition(Semantics.CAMUNDA_7, "<userTask id='a'/>", "<userTask id='b'/>")
    key = started(source).process_instance_key
    with pytest.raises(Rejected, match="does not match the source process definition"):
        services.migrate_process_instance(key, MigrationPlan(target.key, (Mapping("a", "a"),), target.key))
    made = services.generate_migration_plan(source.key, target.key)
    with pytest.raises(Conflict, match="revision"):
        services.migrate_process_instance(key, made, options=MigrationOptions(expected_revision=9))
    services.migrate_process_instance(key, made, options=MigrationOptions(expected_revision=1))
    assert ProcessInstance.objects.get(pk=key).version == 2


def test_who_may_not_changes_nothing():
    def refuse(workspace_id: int) -> None:
        raise Refused(workspace_id)

    source = definition(Semantics.CAMUNDA_7, "<userTask id='a'/>")
    key = started(source).process_instance_key
    with pytest.raises(Refused):
        services.migrate_process_instance(key, plan(source, a="a"), context=Context(authorize=refuse))


def test_semantics_are_never_mixed():
    source = definition(Semantics.CAMUNDA_7, "<userTask id='a'/>")
    target = definition(Semantics.ZEEBE, "<userTask id='a'/>", process_id="other")
    with pytest.raises(Rejected, match="same semantics"):
        services.generate_migration_plan(source.key, target.key)
    with pytest.raises(Rejected, match="never mixed"):
        services.migrate_process_instance(started(source).process_instance_key, plan(target, a="a"))


def test_an_ended_instance_is_not_migrated():
    source = definition(Semantics.CAMUNDA_7, "<userTask id='a'/>")
    key = started(source).process_instance_key
    services.cancel_process_instance(key)
    with pytest.raises(NotFound, match="has ended"):
        services.migrate_process_instance(key, plan(source, a="a"))


def test_one_instance_for_each_correlation_key_of_a_message_start():
    # given
    def starting(process_id: str) -> ProcessDefinition:
        xml = model(process_id, Semantics.ZEEBE, "<startEvent id='start'/><userTask id='a'/>")
        event = "<startEvent id='start'><messageEventDefinition messageRef='m'/></startEvent>"
        message = f"<message id='m' name='{process_id}'/><process "
        return deploy(xml.replace("<startEvent id='start'/>", event).replace("<process ", message, 1))

    source, target = starting("one"), starting("two")
    keys = []
    for name in ("one", "two"):
        [found] = services.publish_message(name, workspace_id=source.workspace_id, correlation_key="K").correlations
        keys.append(found.process_instance_key)
    # when
    with pytest.raises(Conflict, match="message start event with correlation key 'K'"):
        services.migrate_process_instance(keys[0], plan(target, a="a"))
    # then
    services.cancel_process_instance(keys[1])
    assert services.migrate_process_instance(keys[0], plan(target, a="a")).process_id == "two"


@BOTH
def test_variables_that_a_plan_brings_along_are_set_in_the_process_instance(semantics: Semantics):
    # given
    source, target = definition(semantics, "<job id='a'/>"), definition(semantics, "<job id='b'/>", process_id="other")
    key = started(source, amount=1).process_instance_key
    # when
    outcome = services.migrate_process_instance(key, replace(plan(target, a="b"), variables={"amount": 2, "rate": 5}))
    # then
    found = dict(Variable.objects.filter(scope_key=key).values_list("name", "value"))
    assert {name: found[name] for name in ("amount", "rate")} == {"amount": 2, "rate": 5}
    assert [(change.name, change.existed) for change in outcome.variables] == [("amount", True), ("rate", False)]
    assert outcome.migrated_from == source.key
