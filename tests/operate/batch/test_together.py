"""Process instances that share a transaction: each is as if it had been alone in the world."""

from __future__ import annotations

import pytest

import operate.batch.running as running
from audit.models import AuditEvent, Event, Result
from operate.actions import CancelProcessInstance
from operate.batch.models import BatchItem
from operate.batch.plans import Cancel, EditVariables, Modify
from operate.batch.running import run_due_jobs
from tests.operate.batch.conftest import ORDER, Shop, active, deploy, items, progress
from tests.support.models import deploy as deploy_model
from tests.support.models import model
from tests.support.wire import wire_traffic
from workflow import services
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance, Variable
from workflow.modification import CancelAll, StartBefore

pytestmark = pytest.mark.django_db

SIGNAL = "<signal id='s' name='done'/>"
WAITS = "<intermediateCatchEvent id='event'><signalEventDefinition signalRef='s'/></intermediateCatchEvent>"
THROWS = "<intermediateThrowEvent id='event'><signalEventDefinition signalRef='s'/></intermediateThrowEvent>"
WITH_EVENT = "<startEvent id='start'/><userTask id='before'/>{}<userTask id='after'/>"


def with_event(process_id: str, event: str) -> int:
    xml = model(process_id, Semantics.CAMUNDA_7, WITH_EVENT.format(event)).replace("<process ", f"{SIGNAL}<process ", 1)
    return services.start_process_instance(deploy_model(xml).key).process_instance_key


def everywhere(shop: Shop) -> None:
    shop.operator.is_superuser = True
    shop.operator.save()


def test_what_one_waits_for_another_one_brings(shop: Shop):
    """The first begins to wait for a signal that the second throws, both in the same transaction."""
    everywhere(shop)
    waiting, throwing = with_event("waiting", WAITS), with_event("throwing", THROWS)
    batch = shop.done(Modify([CancelAll("before"), StartBefore("event")]), [waiting, throwing])
    assert batch.state == "COMPLETED"
    assert active(waiting) == active(throwing) == ["after"]


def test_a_called_process_ends_with_its_caller_and_is_not_canceled_twice(shop: Shop):
    everywhere(shop)
    deploy_model(model("called", Semantics.CAMUNDA_7, "<startEvent id='start'/><userTask id='inside'/>"))
    calling = "<startEvent id='start'/><callActivity id='call' calledElement='called'/>"
    caller = services.start_process_instance(
        deploy_model(model("calling", Semantics.CAMUNDA_7, calling)).key
    ).process_instance_key
    called = ProcessInstance.objects.get(parent_process_instance=caller).key
    other = shop.start()[0]
    batch = shop.done(Cancel(), [caller, called, other])
    assert items(batch) == {caller: "COMPLETED", called: "FAILED", other: "COMPLETED"}
    assert not ProcessInstance.objects.active().exists()
    recorded = AuditEvent.objects.filter(event=Event.CANCEL, result=Result.SUCCESS)
    assert sorted(each.process_instance_key for each in recorded) == sorted([caller, other])


def test_what_was_changed_before_the_refusal_is_not_stored(shop: Shop):
    """It is of another definition, which is found out when it is modified already."""
    mine = shop.start(2)
    other = deploy(shop.workspace, ORDER.replace('id="order"', 'id="other"'))
    others = [services.start_process_instance(other).process_instance_key for _ in range(2)]
    plan = Modify([CancelAll("approve"), StartBefore("ship")], of_definition=shop.definition_key)
    batch = shop.done(plan, [*mine, *others])
    assert [active(key) for key in mine] == [["ship"]] * 2
    assert [active(key) for key in others] == [["approve"]] * 2
    assert (batch.completed, batch.failed) == (2, 2)
    assert ElementInstance.objects.filter(element_id="ship").count() == 2


def test_a_refused_one_that_has_read_meanwhile_makes_each_have_its_own_transaction(shop: Shop, monkeypatch):
    keys = shop.start(4)
    batch = shop.submit(Cancel(), keys)
    perform, alone, apart = CancelProcessInstance.perform, running._run_alone, []

    def reads(self, key, *args, **kwargs):
        outcome = perform(self, key, *args, **kwargs)
        if key == keys[2]:
            running.fetch("SELECT 1")
            raise running.NotFound("gone meanwhile")
        return outcome

    def counted(*args):
        apart.append(args)
        return alone(*args)

    monkeypatch.setattr(CancelProcessInstance, "perform", reads)
    monkeypatch.setattr(running, "_run_alone", counted)
    run_due_jobs()
    assert len(apart) == 4
    assert list(items(batch).values()) == ["COMPLETED", "COMPLETED", "FAILED", "COMPLETED"]
    assert BatchItem.objects.get(process_instance_key=keys[2]).error == "gone meanwhile"
    assert list(ProcessInstance.objects.active().values_list("key", flat=True)) == [keys[2]]
    assert AuditEvent.objects.filter(event=Event.CANCEL).count() == 4


def test_variables_before_and_after_belong_to_their_instance(shop: Shop):
    first, second = shop.start(variables={"amount": 1})[0], shop.start(variables={"amount": 2})[0]
    shop.done(EditVariables({"amount": 9}), [first, second])
    assert list(Variable.objects.filter(name="amount").values_list("value", flat=True)) == [9, 9]
    changes = {
        each.process_instance_key: each.body["variables"][0]["before"]
        for each in AuditEvent.objects.filter(event=Event.UPDATE)
    }
    assert changes == {first: 1, second: 2}


def test_the_number_of_statements_does_not_grow_with_the_instances(shop: Shop):
    """Nor that of the round trips; but for an audit event each, which travels along."""
    shop.done(Cancel(), shop.start(2))
    found = []
    for number in (2, 60):
        batch = shop.submit(Cancel(), shop.start(number))
        with wire_traffic() as traffic:
            run_due_jobs()
        events = sum("audit_auditevent" in each for each in traffic.statements)
        assert events == number
        found.append((traffic.round_trips - traffic.preparations, len(traffic.statements) - events))
        assert progress(batch).state == "COMPLETED"
    assert found[0] == found[1]
