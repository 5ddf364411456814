"""Taking back migrations: back to where an instance came from, with what moved on, was set and was closed in between."""

from __future__ import annotations

from typing import Any

import pytest

from operate.actions import CompleteUserTask, MigrateProcessInstance
from operate.undo import undo_of
from tests.operate.admin.conftest import PLATFORMS, SUB_PROCESS, USER_TASKS, Office
from tests.operate.undo.conftest import act, apply, instance, latest, standing, undo
from workflow.engine.errors import Rejected
from workflow.graph import Semantics
from workflow.migration import Mapping, MigrationPlan
from workflow.models import EventSubscription, Job, ProcessDefinition, UserTask, Variable
from workflow.services import Resource, delete_process_definition, deploy, generate_migration_plan, set_variables

BOTH = pytest.mark.parametrize("semantics", Semantics)
LATE = """<boundaryEvent id="late" name="Late" attachedToRef="examine"><timerEventDefinition>
<timeDuration xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="tFormalExpression">PT1H</timeDuration>
</timerEventDefinition></boundaryEvent>"""


def newer(office: Office, semantics: Semantics, *, more: str = "") -> ProcessDefinition:
    """A version in which 'approve' is called 'examine'."""
    xml = SUB_PROCESS.format(
        platform=PLATFORMS[semantics], id=f"delivery_{semantics.value}", user_task=USER_TASKS[semantics]
    )
    xml = xml.replace('"approve"', '"examine"').replace('name="Approve"', 'name="Examine"')
    xml = xml.replace('<sequenceFlow id="f2"', f'{more}<sequenceFlow id="f2"')
    return deploy([Resource("delivery.bpmn", xml.encode())], workspace_id=office.shop.pk).definitions[0]


def migrated(office: Office, semantics: Semantics, *, more: str = "", variables: Any = None) -> Any:
    """A process instance that has gone to the newer version, and the one that it came from."""
    running = office.start(semantics)
    set_variables(running.key, {"amount": 1})
    target = newer(office, semantics, more=more)
    given = generate_migration_plan(running.definition_key, target.key).mappings
    mappings = (*given, Mapping("approve", "examine"))
    plan = MigrationPlan(target.key, mappings, running.definition_key, variables=variables or {})
    act(office, MigrateProcessInstance).execute(running.key, plan)
    return running


@BOTH
def test_a_migration_is_undone_by_the_inverse_one(office, semantics):
    before = migrated(office, semantics)
    assert standing(before.key) == ["examine"]
    found = undo(before.key, "Migrate")
    assert "Map 'examine' to 'approve'" in found.plan.describe()
    assert found.notes == (
        f"It runs on version 1 of 'delivery_{semantics.value}' again; what it has done on the other one meanwhile stays.",
    )
    apply(office, found, accepted=())
    after = instance(before.key)
    assert (after.definition_key, standing(after.key)) == (before.definition_key, ["approve"])
    # and the undo is undone: it runs on the newer version again
    apply(office, undo(before.key, "Migrate"), accepted=())
    assert (instance(before.key).version, standing(before.key)) == (2, ["examine"])


@BOTH
def test_what_has_gone_on_since_goes_back_as_what_it_is_now(office, semantics):
    before = migrated(office, semantics)
    act(office, CompleteUserTask).execute(UserTask.objects.get(process_instance_key=before.key, state="CREATED").key)
    found = undo(before.key, "Migrate")
    assert found.notes[1].startswith("It has gone on since: 'Delivery', 'Pack' goes back")
    apply(office, found)
    assert (instance(before.key).definition_key, standing(before.key)) == (before.definition_key, ["pack"])


@BOTH
def test_variables_that_came_along_are_as_before_unless_somebody_has_changed_them(office, semantics):
    before = migrated(office, semantics, variables={"amount": 2, "rate": 5})
    found = undo(before.key, "Migrate")
    assert "'rate' did not exist before; it is deleted on the variables page." in found.notes
    apply(office, found)
    assert Variable.objects.get(scope_key=before.key, name="amount").value == 1


@BOTH
def test_a_value_that_was_changed_since_stays(office, semantics):
    before = migrated(office, semantics, variables={"amount": 2})
    set_variables(before.key, {"amount": 3})
    assert "'amount' has been changed since; that value stays." in undo(before.key, "Migrate").notes


def test_events_that_the_migration_has_begun_to_wait_for_are_told(office):
    before = migrated(office, Semantics.CAMUNDA_7, more=LATE)
    assert Job.objects.filter(process_instance=before.key, kind="TIMER", state="CREATED").count() == 1
    found = undo(before.key, "Migrate")
    assert "'Late' no longer waits." in found.notes
    apply(office, found)
    assert not Job.objects.filter(process_instance=before.key, kind="TIMER", state="CREATED").exists()
    # the other way round, they wait anew
    again = undo(before.key, "Migrate")
    assert "'Late' waits again, but anew: timers count from now, and what came meanwhile is lost." in again.notes
    apply(office, again)
    assert Job.objects.filter(process_instance=before.key, kind="TIMER", state="CREATED").count() == 1
    assert not EventSubscription.objects.filter(process_instance=before.key).exists()


def test_of_two_migrations_the_later_one_is_undone_first(office):
    before = migrated(office, Semantics.ZEEBE)
    first = latest(before.key, "Migrate")
    third = newer(office, Semantics.ZEEBE, more="<!-- another -->")
    plan = generate_migration_plan(instance(before.key).definition_key, third.key)
    act(office, MigrateProcessInstance).execute(before.key, plan)
    with pytest.raises(Rejected, match="has been migrated again since. Undo that first"):
        undo_of(first)


def test_a_definition_that_is_gone_cannot_be_gone_back_to(office):
    before = migrated(office, Semantics.ZEEBE)
    delete_process_definition(before.definition_key)
    with pytest.raises(Rejected, match="that it came from, '.*', has been deleted"):
        undo(before.key, "Migrate")


def test_what_was_recorded_before_events_told_it_is_refused_with_the_reason(office):
    before = migrated(office, Semantics.ZEEBE)
    event = latest(before.key, "Migrate")
    event.body = {name: fact for name, fact in event.body.items() if name != "source_definition_key"}
    with pytest.raises(Rejected, match="was recorded before events told which definition a process instance came from"):
        undo_of(event)
