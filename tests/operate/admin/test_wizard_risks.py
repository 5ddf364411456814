"""Moving, restarting and migrating many: what harm a preview tells, and that nothing red is done which nobody has accepted."""

from __future__ import annotations

import pytest

from audit.models import AuditEvent
from operate.batch.models import BatchItem
from operate.batch.running import run_due_jobs
from tests.operate.admin.conftest import Office
from tests.operate.admin.test_wizards import active, apply, fields, preview
from tests.support.models import HEAD, PLATFORMS, deploy
from workflow.graph import Semantics
from workflow.models import ProcessInstance
from workflow.services import cancel_process_instance, start_process_instance

pytestmark = pytest.mark.django_db


FORK = """<startEvent id='start'/><parallelGateway id='fork'/><userTask id='a'/><userTask id='b'/><parallelGateway id='join'/>
<userTask id='after'/><endEvent id='end'/>
<sequenceFlow id='f1' sourceRef='start' targetRef='fork'/><sequenceFlow id='f2' sourceRef='fork' targetRef='a'/>
<sequenceFlow id='f3' sourceRef='fork' targetRef='b'/><sequenceFlow id='f4' sourceRef='a' targetRef='join'/>
<sequenceFlow id='f5' sourceRef='b' targetRef='join'/><sequenceFlow id='f6' sourceRef='join' targetRef='after'/>
<sequenceFlow id='f7' sourceRef='after' targetRef='end'/>"""


def forked(office: Office, semantics: Semantics, number: int) -> list[int]:
    head = HEAD.format(platform=PLATFORMS[semantics], id="forked", messages="")
    definition = deploy(f"{head}{FORK}</process></definitions>", workspace=office.shop).key
    return [start_process_instance(definition).process_instance_key for _ in range(number)]


@pytest.mark.parametrize("semantics", Semantics)
def test_what_is_red_is_done_to_none_of_many_unless_it_was_accepted(office: Office, semantics: Semantics) -> None:
    keys = forked(office, semantics, 3)
    sent = fields("move", keys, source="a", target="after")
    # when it is only looked at
    [warning] = preview(office, "petra", sent)["warnings"]
    assert (warning["severity"], warning["total"]) == ("red", 3)
    assert warning["reason"].startswith("'join' never fires")
    # when it is applied all the same
    apply(office, "petra", sent)
    run_due_jobs()
    # then each is refused, with the reason
    assert [active(key) for key in keys] == [["a", "b"]] * 3
    assert "'join' never fires" in BatchItem.objects.earliest("key").error
    # when it is accepted
    apply(office, "petra", {**sent, "accepted": [warning["accepted"]]})
    run_due_jobs()
    assert [active(key) for key in keys] == [["after", "b"]] * 3


def test_what_is_accepted_has_to_be_readable(office: Office) -> None:
    keys = forked(office, Semantics.ZEEBE, 1)
    found = preview(office, "petra", fields("move", keys, source="a", target="after", accepted="x"))
    assert found["status"] == 400


@pytest.mark.parametrize("semantics", Semantics)
def test_a_red_restart_is_accepted_before_it_is_done(office: Office, semantics: Semantics) -> None:
    keys = forked(office, semantics, 2)
    for key in keys:
        cancel_process_instance(key)
    sent = fields("restart", keys, shown="1", element="a")
    # when it is only looked at
    [warning] = preview(office, "petra", sent)["warnings"]
    assert (warning["severity"], warning["total"]) == ("red", 2)
    assert warning["reason"].startswith("'join' never fires: it lacks a token from 'b'")
    # when it is applied all the same
    apply(office, "petra", sent)
    run_due_jobs()
    assert "'join' never fires" in BatchItem.objects.earliest("key").error
    assert not ProcessInstance.objects.filter(restarted_from__isnull=False).exists()
    # when it is accepted, or the other branch begins too
    apply(office, "petra", {**sent, "accepted": [warning["accepted"]]})
    assert preview(office, "petra", {**sent, "element": ["a", "b"]})["warnings"] == []
    run_due_jobs()
    new = BatchItem.objects.filter(state="COMPLETED").values_list("result_key", flat=True)
    assert [active(key) for key in new] == [["a"]] * 2
    assert AuditEvent.objects.filter(event="Restart", body__has_key="accepted_warnings").count() == 2


ROW = """<startEvent id='start'/><userTask id='a'/><userTask id='after'/><endEvent id='end'/>
<sequenceFlow id='f1' sourceRef='start' targetRef='a'/><sequenceFlow id='f6' sourceRef='a' targetRef='after'/>
<sequenceFlow id='f7' sourceRef='after' targetRef='end'/>"""


@pytest.mark.parametrize("semantics", Semantics)
def test_a_red_migration_is_accepted_before_it_is_done(office: Office, semantics: Semantics) -> None:
    head = HEAD.format(platform=PLATFORMS[semantics], id="forked", messages="")
    before = deploy(f"{head}{ROW}</process></definitions>", workspace=office.shop)
    key = start_process_instance(before.key).process_instance_key
    target = deploy(f"{head}{FORK}</process></definitions>", workspace=office.shop)
    sent = fields("migrate", [key], target=str(target.key))
    [warning] = preview(office, "petra", sent)["warnings"]
    assert warning["reason"].startswith("'join' never fires: it lacks a token from 'b'")
    assert apply(office, "petra", sent).status_code == 400
    assert ProcessInstance.objects.get(pk=key).definition_key == before.key
    apply(office, "petra", {**sent, "accepted": [warning["accepted"]]})
    assert ProcessInstance.objects.get(pk=key).definition_key == target.key
    [accepted] = AuditEvent.objects.get(event="Migrate", result="SUCCESS").body["accepted_warnings"]
    assert accepted["code"] == "join_never_fires"
