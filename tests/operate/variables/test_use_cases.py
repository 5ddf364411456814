"""What editing is for: an edit goes on its way through the process."""

from __future__ import annotations

import pytest

from operate.actions import CompleteUserTask
from tests.support.models import HEAD, PLATFORMS
from workflow.graph import Semantics
from workflow.models import ElementInstance, UserTask, Variable

pytestmark = pytest.mark.django_db
BOTH = pytest.mark.parametrize("semantics", Semantics)
IS_VIP = {Semantics.CAMUNDA_7: "${vip}", Semantics.ZEEBE: "=vip"}


def process(name, semantics, body):
    return HEAD.format(platform=PLATFORMS[semantics], id=name, messages="") + body + "</process></definitions>"


def flows(*pairs):
    return "".join(
        f"<sequenceFlow id='f{number}' sourceRef='{source}' targetRef='{target}'/>"
        for number, (source, target) in enumerate(pairs)
    )


def active(key):
    rows = ElementInstance.objects.filter(process_instance=key, state="ACTIVE")
    return sorted(rows.values_list("element_id", flat=True))


def test_a_process_that_waits_for_data_goes_on_when_it_is_corrected(loans):
    # given
    condition = "<condition>${responseReceived == true &amp;&amp; score &gt; 700}</condition>"
    body = (
        "<startEvent id='start'/><intermediateCatchEvent id='wait'><conditionalEventDefinition>"
        f"{condition}</conditionalEventDefinition></intermediateCatchEvent><userTask id='go'/>"
    )
    xml = process("stuck", Semantics.CAMUNDA_7, body + flows(("start", "wait"), ("wait", "go")))
    loans.key = loans.start(loans.deploy(xml), responseReceived=False, score=520)
    assert active(loans.key) == ["wait"]
    # when one of the two is corrected
    loans.save(set={"score": {"text": "720"}})
    # then
    assert active(loans.key) == ["wait"]
    # when a dry run corrects the other
    edit = loans.edit(set={"responseReceived": {"text": "true"}})
    rehearsed = loans.act(dry_run=True).execute(edit)
    # then it tells where the process would go
    assert [fact.element_id for fact in rehearsed.outcome.activated] == ["go"]
    assert active(loans.key) == ["wait"]
    # when
    loans.act().execute(edit)
    # then
    assert active(loans.key) == ["go"]


@BOTH
def test_an_attribute_that_a_decision_needs_is_added(loans, semantics):
    # given
    task = "<userTask id='check'/>"
    if semantics is Semantics.ZEEBE:
        task = "<userTask id='check'><extensionElements><zeebe:userTask/></extensionElements></userTask>"
    condition = f"<conditionExpression>{IS_VIP[semantics]}</conditionExpression>"
    body = (
        f"<startEvent id='start'/>{task}<exclusiveGateway id='choice' default='no'/><endEvent id='plain'/>"
        f"{task.replace('check', 'fast')}"
        + flows(("start", "check"), ("check", "choice"))
        + f"<sequenceFlow id='no' sourceRef='choice' targetRef='plain'/>"
        f"<sequenceFlow id='yes' sourceRef='choice' targetRef='fast'>{condition}</sequenceFlow>"
    )
    loans.key = loans.start(loans.deploy(process("deciding", semantics, body), semantics), amount=1)
    # when
    loans.save(document='{"amount": 1, "vip": true}')
    CompleteUserTask(None).execute(UserTask.objects.get(process_instance=loans.key).key)
    # then
    assert active(loans.key) == ["fast"]


def test_invalid_data_is_deleted_from_an_object(loans):
    # given
    loans.save(set={"application": {"text": '{"valid": 1, "testData": {"a": 1}, "invalid": null}'}})
    # when
    loans.save(document='{"amount": 100, "customer": {"name": "Ann", "city": "Rome"}, "application": {"valid": 1}}')
    # then
    assert Variable.objects.get(scope_key=loans.key, name="application").value == {"valid": 1}
