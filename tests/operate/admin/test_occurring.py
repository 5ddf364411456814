"""Letting a message or a signal come to one process instance: what it would do is shown, and who may."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from tests.operate.admin.conftest import Office
from tests.operate.admin.world import waiting
from tests.support.models import deploy, model
from workflow.graph import Semantics
from workflow.models import EventSubscription, Variable
from workflow.services import start_process_instance, suspend_process_instance


def subscription(key: int, name: str) -> EventSubscription:
    return EventSubscription.objects.get(process_instance=key, name=name, state="CREATED")


def page(key: int, row: EventSubscription) -> str:
    return f"/workflow/processinstance/{key}/event/{row.key}/"


@pytest.mark.parametrize("name", ["paid", "alarm"])
def test_what_is_waited_for_comes_with_its_variables(office: Office, name: str) -> None:
    instance = waiting(office)
    row = subscription(instance.key, name)
    petra = office.of("petra")
    assert page(instance.key, row) in petra.get(f"/workflow/processinstance/{instance.key}/").content.decode()
    answer = petra.get(page(instance.key, row))
    assert f"“{name}”?" in answer.content.decode()
    assert answer.context["ends"] != []
    assert EventSubscription.objects.get(pk=row.pk).state == "CREATED"
    done = petra.post(page(instance.key, row), {"variables": '{"sum": 3}', "reason": "by phone"})
    assert done.headers["Location"] == f"/workflow/processinstance/{instance.key}/"
    assert EventSubscription.objects.get(pk=row.pk).state != "CREATED"
    assert Variable.objects.get(process_instance=instance.key, name="sum").value == 3
    event = AuditEvent.objects.filter(reason="by phone").get()
    assert (event.actor_name, event.process_instance_key) == ("petra", instance.key)


def test_it_comes_in_camunda_8_semantics_whatever_its_correlation_key(office: Office) -> None:
    row = "<startEvent id='start'/><receive id='paid'/><userTask id='after'/><endEvent id='end'/>"
    definition = deploy(model("row", Semantics.ZEEBE, row), workspace=office.shop)
    key = start_process_instance(definition.key, variables={"key": "A"}).process_instance_key
    answer = office.of("petra").get(page(key, subscription(key, "paid")))
    assert answer.context["begins"] == ["after"]
    assert office.of("petra").post(page(key, subscription(key, "paid")), {}).status_code == 302


def test_what_is_no_json_and_what_is_on_hold_are_told(office: Office) -> None:
    instance = waiting(office)
    row = subscription(instance.key, "paid")
    petra = office.of("petra")
    assert petra.post(page(instance.key, row), {"variables": "x"}).status_code == 400
    suspend_process_instance(instance.key)
    assert "suspended" in petra.get(page(instance.key, row)).context["error"]
    assert petra.post(page(instance.key, row), {}).status_code == 409


def test_who_may_not_correlate_reads_why_and_strangers_find_nothing(office: Office) -> None:
    instance = waiting(office)
    row = subscription(instance.key, "paid")
    answer = office.of("sam").get(page(instance.key, row))
    assert "correlate_message" in answer.context["why"]
    assert office.of("sam").post(page(instance.key, row), {}).status_code == 403
    assert office.of("paul").get(page(instance.key, row)).status_code == 404
    assert office.of("petra").get(page(instance.key, row).replace(str(row.key), "1")).status_code == 404
