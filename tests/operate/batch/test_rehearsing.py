"""What a batch would do is what it does, and telling it changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from audit.models import AuditEvent, Channel, Result
from operate.actions import StartProcessInstance, SubmitBatch
from operate.batch.models import Batch, BatchItem
from operate.batch.plans import Cancel, EditVariables, Modify, ResolveIncidents, Suspend
from operate.batch.rehearsing import Rehearsal
from operate.batch.running import run_due_jobs
from operate.batch.submitting import Selection
from operate.workspaces import Forbidden, Role, add_member
from tests.operate.batch.conftest import ORDER, deploy, progress
from tests.support.tables import contents
from tests.support.wire import wire_traffic
from workflow import services
from workflow.models import ProcessInstance
from workflow.modification import CancelAll, StartBefore

pytestmark = pytest.mark.django_db

CALLER = ORDER.replace('id="order"', 'id="caller"').replace(
    '<userTask id="approve" />', '<callActivity id="approve" calledElement="order" />'
)


def rehearse(shop, plan: Any, keys: list[int], **limits: int) -> Rehearsal:
    return SubmitBatch(shop.operator, channel=Channel.ADMIN).rehearse(plan, Selection(keys), **limits)


PLANS = [
    Modify([CancelAll("approve"), StartBefore("ship")]),
    Modify([CancelAll("approve")]),
    Cancel(),
    Suspend(),
    EditVariables({"paid": True}),
    EditVariables(merge={"customer": {"vip": True}}),
    ResolveIncidents(),
]


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: f"{plan.type}-{len(plan.describe())}")
def test_it_tells_who_would_be_refused_and_why_and_writes_nothing(shop, plan):
    keys = [*shop.start(5), 4_611_686_018_427_387_904]
    services.cancel_process_instance(keys[1])
    before = contents()
    # when
    told = rehearse(shop, plan, keys, detailed=10)
    # then
    assert contents() == before
    assert (told.total, told.examined, told.succeeded, told.refused) == (6, 6, 4, 2)
    # and
    SubmitBatch(shop.operator, channel=Channel.ADMIN).execute(plan, Selection(keys))
    run_due_jobs()
    items = BatchItem.objects.order_by("process_instance_key").values_list("process_instance_key", "state", "error")
    assert [(key, state == "COMPLETED", error) for key, state, error in items] == [
        (each.process_instance_key, each.refusal is None, str(each.refusal or "")) for each in told.instances
    ]


def test_a_reason_is_one_whichever_instance_it_is_about(shop):
    keys = shop.start(30)
    for key in keys[:15]:
        services.cancel_process_instance(key)
    # when
    told = rehearse(shop, Cancel(), keys)
    # then
    [reason] = told.reasons.values()
    assert (reason.count, reason.keys) == (15, keys[:10])
    assert "'…'" in reason.text
    assert told.instances == []


def test_only_the_first_are_tried_and_told(shop):
    keys = shop.start(5)
    told = rehearse(shop, Cancel(), keys, examine=3, detailed=2)
    assert (told.total, told.examined, told.succeeded) == (5, 3, 3)
    assert [each.process_instance_key for each in told.instances] == keys[:2]
    assert [each.outcomes[0].state for each in told.instances] == ["CANCELED"] * 2


def test_each_sees_what_the_ones_before_have_done(shop):
    child_of = deploy(shop.workspace, CALLER)
    caller = StartProcessInstance(None).execute(child_of).process_instance_key
    called = ProcessInstance.objects.get(parent_process_instance=caller).key
    # when
    told = rehearse(shop, Cancel(), [caller, called], detailed=2)
    # then canceling the caller has ended it already
    assert [each.refusal is None for each in told.instances] == [True, False]


def test_without_the_right_nothing_is_told(shop):
    [key] = shop.start(1)
    shop.operator = get_user_model().objects.create_user("sam")
    add_member(shop.operator, shop.workspace, Role.SUPPORT)
    with pytest.raises(Forbidden):
        rehearse(shop, Cancel(), [key])
    assert AuditEvent.objects.latest("key").result == Result.REFUSED
    assert not Batch.objects.exists()


def test_a_rehearsal_costs_no_more_statements_than_the_batch(shop):
    shop.done(Cancel(), shop.start(2))
    found = []
    for number in (2, 60):
        keys = shop.start(number)
        with wire_traffic() as rehearsal:
            rehearse(shop, Cancel(), keys)
        batch = shop.submit(Cancel(), keys)
        with wire_traffic() as run:
            run_due_jobs()
        assert progress(batch).state == "COMPLETED"
        assert len(rehearsal.statements) <= len(run.statements)
        events = sum("audit_auditevent" in each for each in rehearsal.statements)
        found.append(len(rehearsal.statements) - events)
    assert found[0] == found[1]
