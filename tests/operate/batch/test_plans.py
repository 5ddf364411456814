"""What a batch can do: each type does it, tells it in sentences, and survives being stored."""

from __future__ import annotations

import json

import pytest

from audit.models import Channel
from operate.actions import SubmitBatch
from operate.batch.models import Batch
from operate.batch.plans import (
    PLANS,
    Cancel,
    Delete,
    EditVariables,
    Migrate,
    Modify,
    Plan,
    ResolveIncidents,
    Restart,
    Resume,
    SetRetries,
    Suspend,
    merge_patch,
    read_plan,
)
from operate.batch.submitting import Selection
from operate.undo.plan import UndoBatch
from operate.workspaces import Forbidden, Role, add_member, remove_member
from tests.operate.batch.conftest import Shop, active, items
from tests.support.wire import wire_traffic
from workflow import services
from workflow.engine.errors import NotFound, Rejected
from workflow.engine.values import TypedValue
from workflow.migration import Mapping, MigrationOptions, MigrationPlan
from workflow.models import Incident, Job, ProcessInstance, Variable
from workflow.modification import (
    ActivateElement,
    AncestorChoice,
    CancelAll,
    CancelElementInstance,
    ModificationOptions,
    MoveElements,
    ScopedVariables,
    StartAfter,
    StartBefore,
    StartTransition,
    TerminateAll,
)
from workflow.services import RestartOptions

VALUES = {"a": TypedValue(1, "Long"), "b": [None, {"is": "StartBefore", "x": [1]}], "c": "is"}
EVERY_PLAN: list[Plan] = [
    Modify((StartBefore("a", None, VALUES, {"local": {"is": "variables"}}), CancelAll("b", only_current=True)), 4711),
    Modify((StartAfter("a"), StartTransition("f")), options=ModificationOptions(skip_listeners=True)),
    Modify((CancelElementInstance(7),), for_one=True),
    Modify(
        (
            ActivateElement("a", 5, (ScopedVariables(VALUES, "scope"),)),
            MoveElements("b", source_element_id="a", ancestor=AncestorChoice.inferred()),
            TerminateAll("c"),
        )
    ),
    Restart(4711, (StartBefore("a"),), RestartOptions(initial_variables=True)),
    Migrate(MigrationPlan(1, (Mapping("a", "b", True),), 2, VALUES), MigrationOptions(skip_io_mappings=True)),
    Cancel(skip_io_mappings=True),
    Delete(),
    Suspend(),
    Resume(),
    ResolveIncidents(3),
    SetRetries(2, of_workers=False),
    EditVariables(VALUES, ("d",), {"e": {"is": 1}}),
    UndoBatch(4711, "MODIFY"),
]


@pytest.mark.parametrize("plan", EVERY_PLAN, ids=lambda plan: type(plan).__name__)
def test_a_plan_is_the_same_after_it_was_stored(plan: Plan):
    stored = json.loads(json.dumps(plan.to_json()))
    found = read_plan(plan.type, stored)
    assert found == plan
    assert found.describe() == plan.describe()
    assert all(found.describe())


def test_every_type_has_a_plan():
    assert {type(plan) for plan in EVERY_PLAN} == set(PLANS.values())


@pytest.mark.parametrize(
    ("target", "patch", "expected"),
    [
        ({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": None, "e": 4}}, {"a": 1, "b": {"d": 3, "e": 4}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        (None, {"a": {"b": None}}, {"a": {}}),
        ("text", {"a": 1}, {"a": 1}),
        ({"a": 1}, 5, 5),
        ({"a": 1}, {}, {"a": 1}),
    ],
)
def test_merging_follows_rfc_7396(target, patch, expected):
    assert merge_patch(target, patch) == expected


def test_ended_instances_are_deleted(shop: Shop):
    ended, running = shop.start(2)
    services.cancel_process_instance(ended)
    batch = shop.done(Delete(), [ended, running])
    assert items(batch) == {ended: "COMPLETED", running: "ACTIVE"}  # a conflict may pass
    assert list(ProcessInstance.objects.values_list("key", flat=True)) == [running]


def test_incidents_are_resolved_and_retries_set(shop: Shop):
    keys = shop.start(2)
    shop.done(Modify([CancelAll("approve"), StartBefore("ship")]), keys)
    for job in Job.objects.all():
        services.fail_job(job.key, retries=0, message="printer on fire")
    assert Incident.objects.filter(state="ACTIVE").count() == 2
    shop.done(ResolveIncidents(2), keys)
    assert not Incident.objects.filter(state="ACTIVE").exists()
    assert set(Job.objects.values_list("retries", flat=True)) == {2}
    shop.done(SetRetries(7), keys)
    assert set(Job.objects.values_list("retries", flat=True)) == {7}
    shop.done(SetRetries(9, of_workers=False), keys)
    assert set(Job.objects.values_list("retries", flat=True)) == {7}


def test_instances_are_resumed(shop: Shop):
    keys = shop.start(2)
    shop.done(Suspend(), keys)
    assert ProcessInstance.objects.filter(suspended=True).count() == 2
    assert shop.done(Resume(), keys).state == "COMPLETED"
    assert not ProcessInstance.objects.filter(suspended=True).exists()


def test_variables_are_set_deleted_and_merged(shop: Shop):
    [key] = shop.start(variables={"order": {"lines": 2, "old": 1}, "gone": 1})
    plan = EditVariables(
        {"fare": TypedValue(5, "Long")}, ("gone",), {"order": {"lines": 3, "old": None}, "new": {"a": 1}}
    )
    assert shop.done(plan, [key]).state == "COMPLETED"
    found = {row.name: (row.value, row.type) for row in Variable.objects.filter(scope_key=key)}
    assert found == {"order": ({"lines": 3}, "Json"), "fare": (5, "Long"), "new": ({"a": 1}, "Json")}


def test_restarts_and_migrations(shop: Shop):
    [old] = shop.start(business_key="B-1")
    services.cancel_process_instance(old)
    batch = shop.done(Restart(shop.definition_key, (StartBefore("ship"),)), [old])
    new = ProcessInstance.objects.get(restarted_from=old)
    assert (new.business_key, active(new.key)) == ("B-1", ["ship"])
    assert batch.items.get().result_key == new.key
    target = shop.redeploy()
    shop.done(Migrate(MigrationPlan(target, (Mapping("ship", "ship"),), shop.definition_key)), [new.key])
    new.refresh_from_db()
    assert new.definition_key == target


# ---- asking for one


def test_list_and_query_are_united_and_each_is_there_once(shop: Shop):
    keys = shop.start(3)
    rows = ProcessInstance.objects.filter(pk__in=keys[1:])
    key = SubmitBatch(shop.operator, channel=Channel.ADMIN).execute(Cancel(), Selection([*keys[:2], keys[0]], rows))
    batch = Batch.objects.get(pk=key)
    assert batch.total == 3
    assert list(items(batch)) == keys


def test_keys_that_do_not_exist_fail_at_their_turn(shop: Shop):
    [key] = shop.start()
    batch = shop.done(Cancel(), [key, 4_611_686_018_427_387_904])
    assert items(batch) == {key: "COMPLETED", 4_611_686_018_427_387_904: "FAILED"}
    with pytest.raises(NotFound):
        shop.submit(Cancel(), [4_611_686_018_427_387_904])


@pytest.mark.parametrize(
    "plan",
    [
        Modify(()),
        Modify((CancelElementInstance(5),)),
        Restart(1, ()),
        Restart(1, (CancelAll("approve"),)),
        EditVariables(),
        SetRetries(-1),
        ResolveIncidents(0),
    ],
    ids=lambda plan: type(plan).__name__,
)
def test_what_nothing_could_fulfil_is_refused_at_once(shop: Shop, plan: Plan):
    with pytest.raises(Rejected):
        shop.submit(plan, shop.start())
    assert not Batch.objects.exists()


def test_variables_need_their_own_right(shop: Shop):
    remove_member(shop.operator, shop.workspace)
    add_member(shop.operator, shop.workspace, Role.OPERATOR)
    keys = shop.start()
    with pytest.raises(Forbidden):
        shop.submit(Modify((StartBefore("ship", None, {"x": 1}),)), keys)
    assert shop.submit(Modify((StartBefore("ship"),)), keys).total == 1


def test_asking_takes_the_same_statements_for_any_number(shop: Shop):
    keys = shop.start(40)
    shop.submit(Cancel(), keys[:1])
    found = []
    for number in (1, 40):
        with wire_traffic() as traffic:
            shop.submit(Cancel(), keys[:number], size=3)
        found.append((traffic.round_trips - traffic.preparations, len(traffic.statements)))
    assert found[0] == found[1]
