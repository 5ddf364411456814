"""One modification that moves ten thousand tokens, each in a scope of its own, costs the statements of one that moves one."""

from __future__ import annotations

import pytest

from tests.support.models import deploy, model
from tests.workflow.persistence.conftest import AssertStatements
from workflow import services
from workflow.graph import Semantics
from workflow.models import ElementInstance, ProcessInstance, UserTask
from workflow.modification import AncestorChoice, CancelAll, Instruction, MoveElements, StartBefore
from workflow.persistence.definitions import executable_process

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.parametrize("semantics", Semantics),
    pytest.mark.parametrize("tokens", [1, 10_000]),
]

LOOP = "<multiInstanceLoopCharacteristics>{}</multiInstanceLoopCharacteristics>"
LOOPS = {
    Semantics.CAMUNDA_7: LOOP.format("<loopCardinality>${times}</loopCardinality>"),
    Semantics.ZEEBE: LOOP.format(
        "<extensionElements><zeebe:loopCharacteristics inputCollection='=for i in 1..times return i'/></extensionElements>"
    ),
}
BEGIN = "<startEvent id='begin'/><sequenceFlow id='i1' sourceRef='begin' targetRef='a'/><userTask id='a'/><userTask id='b'/>"


def nested(semantics: Semantics, tokens: int) -> int:
    """The key of an instance with this many tokens at 'a', each in a sub-process of its own."""
    sub_process = f"<subProcess id='sub'>{LOOPS[semantics]}{BEGIN}</subProcess>"
    definition = deploy(model("nested", semantics, f"<startEvent id='s'/>{sub_process}<userTask id='after'/>"))
    executable_process(definition.key)  # as in a server that has been running for a while
    return services.start_process_instance(definition.key, variables={"times": tokens}).process_instance_key


def open_instances(key: int, element_id: str) -> int:
    return ElementInstance.objects.filter(process_instance=key, element_id=element_id, state="ACTIVE").count()


def test_moving_a_token_in_every_iteration(semantics: Semantics, tokens: int, assert_statements: AssertStatements):
    # given
    key = nested(semantics, tokens)
    assert open_instances(key, "a") == tokens
    plan: list[Instruction] = [StartBefore("after"), CancelAll("a")]
    if semantics is Semantics.ZEEBE:
        plan = [MoveElements("b", source_element_id="a", ancestor=AncestorChoice.source_parent())]
    # when
    with assert_statements(f"modify_many_tokens_{semantics.value.lower()}"):
        services.modify_process_instance(key, plan)
    # then
    left = {"b": tokens} if semantics is Semantics.ZEEBE else {"after": 1}
    assert {each: open_instances(key, each) for each in left} == left
    assert open_instances(key, "a") == 0
    assert UserTask.objects.filter(process_instance=key, state="CREATED").count() == sum(left.values())
    assert ProcessInstance.objects.get(pk=key).active_children == 1
