"""Dry runs of one command on several process instances that have to do with each other: each sees those before it."""

from __future__ import annotations

import pytest

from audit.models import Channel
from operate.actions import DeleteProcessDefinition, ModifyProcessInstances
from operate.workspaces import Role
from tests.operate.actions.conftest import Shop
from tests.support.models import HEAD, PLATFORMS, deploy, model
from tests.support.outcomes import comparable
from tests.support.tables import contents
from workflow.engine.errors import Conflict
from workflow.graph import Semantics
from workflow.models import ProcessDefinition, ProcessInstance
from workflow.modification import CancelAll, StartBefore
from workflow.persistence.keys import next_key
from workflow.services import start_process_instance

pytestmark = pytest.mark.django_db
CALLER = """<startEvent id='start'/><callActivity id='call' calledElement='called'>
<multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics></callActivity>
<userTask id='after'/><endEvent id='end'/><sequenceFlow id='f1' sourceRef='start' targetRef='call'/>
<sequenceFlow id='f2' sourceRef='call' targetRef='after'/><sequenceFlow id='f3' sourceRef='after' targetRef='end'/>"""


@pytest.fixture
def called(shop: Shop) -> list[int]:
    """Three process instances that one caller waits for."""
    row = "<startEvent id='begin'/><userTask id='work'/><endEvent id='done'/>"
    deploy(model("called", Semantics.CAMUNDA_7, row), workspace=shop.workspace)
    head = HEAD.format(platform=PLATFORMS[Semantics.CAMUNDA_7], id="caller", messages="")
    definition = deploy(f"{head}{CALLER}</process></definitions>", workspace=shop.workspace)
    caller = start_process_instance(definition.key).process_instance_key
    return list(ProcessInstance.objects.filter(parent_process_instance=caller).values_list("key", flat=True))


def test_the_last_of_those_that_a_caller_waits_for_lets_it_go_on(shop: Shop, called: list[int]) -> None:
    definition = ProcessDefinition.objects.get(process_id="called")
    last, before = next_key(), contents()

    def answer(*, dry_run: bool) -> object:
        action = ModifyProcessInstances(shop.people[Role.ORG_ADMIN], channel=Channel.ADMIN, dry_run=dry_run)
        return comparable(action.execute(definition.key, called, [CancelAll("work"), StartBefore("done")]), after=last)

    told = answer(dry_run=True)
    assert contents() == before
    done = answer(dry_run=False)
    assert told == done
    [caller] = done[-1]["others"]
    assert [each["element_id"] for each in caller["activated"]] == ["after"]


def test_what_a_running_process_waits_for_is_not_told_to_be_deletable(shop: Shop, called: list[int]) -> None:
    definition = ProcessDefinition.objects.get(process_id="called")
    for dry_run in (True, False):
        action = DeleteProcessDefinition(shop.people[Role.ORG_ADMIN], channel=Channel.ADMIN, dry_run=dry_run)
        with pytest.raises(Conflict, match="and is part of a running one. Cancel that first"):
            action.execute(definition.key, cascade=True)
