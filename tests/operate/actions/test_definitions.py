"""What the audit log tells of process definitions, and which rights it takes to delete them with their instances."""

from __future__ import annotations

import pytest
from guardian.shortcuts import assign_perm

from audit.models import Channel
from operate.actions import (
    ActivateProcessDefinition,
    CancelProcessInstance,
    DeleteDeployment,
    DeleteProcessDefinition,
    SetHistoryTimeToLive,
    SuspendProcessDefinition,
)
from operate.workspaces import Forbidden, Right
from tests.operate.actions.conftest import Shop
from workflow.engine.errors import Conflict
from workflow.models import ProcessDefinition, ProcessInstance

pytestmark = pytest.mark.django_db


def test_the_events_tell_how_many_instances_went_along(shop, new_events):
    new_events()
    SuspendProcessDefinition(None).execute(shop.definition_key, with_instances=True)
    ActivateProcessDefinition(None).execute(shop.definition_key)
    suspended, activated = new_events()
    assert (suspended.body, activated.body) == ({"instances": 1}, {"instances": 0})
    assert {event.process_id for event in (suspended, activated)} == {"order"}
    assert {event.definition_key for event in (suspended, activated)} == {shop.definition_key}


def test_the_event_tells_the_time_to_live_before_and_after(shop, new_events):
    new_events()
    SetHistoryTimeToLive(None).execute(shop.definition_key, None)
    [event] = new_events()
    assert event.body == {"history_time_to_live_days": {"before": 1, "after": None}}


def test_the_event_of_a_deletion_tells_what_is_gone(shop, new_events):
    CancelProcessInstance(None).execute(shop.start())
    new_events()
    DeleteProcessDefinition(None).execute(shop.definition_key, cascade=True)
    [event] = new_events()
    assert event.body == {"cascade": True, "process_ids": ["order"], "running": 1, "ended": 1}
    assert not ProcessInstance.objects.exists()


def test_a_dry_run_of_a_deletion_tells_and_records_nothing(shop, new_events):
    new_events()
    deleted = DeleteProcessDefinition(None, dry_run=True).execute(shop.definition_key)
    assert (deleted.running, deleted.ended) == (1, 0)
    assert new_events() == []
    assert ProcessDefinition.objects.exists()


@pytest.mark.parametrize("action", [DeleteProcessDefinition, DeleteDeployment])
def test_process_instances_are_not_deleted_along_without_the_right_to_delete_them(shop: Shop, action):
    user = shop.people["stranger"]
    for right in (Right.VIEW, Right.DELETE_DEFINITION):
        assign_perm(f"workflow.{right}", user, shop.workspace)
    key = shop.definition_key if action is DeleteProcessDefinition else shop.deployment_key
    with pytest.raises(Conflict):
        action(user, channel=Channel.V2).execute(key)
    with pytest.raises(Forbidden) as refusal:
        action(user, channel=Channel.V2).execute(key, cascade=True)
    assert refusal.value.right == Right.DELETE_INSTANCE
    assert ProcessInstance.objects.exists()
