"""Moving many: what harm a preview tells, and that nothing red is done which nobody has accepted."""

from __future__ import annotations

import pytest

from operate.batch.models import BatchItem
from operate.batch.running import run_due_jobs
from tests.operate.admin.conftest import Office
from tests.operate.admin.test_wizards import active, apply, fields, preview
from tests.support.models import HEAD, PLATFORMS, deploy
from workflow.graph import Semantics
from workflow.services import start_process_instance

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
