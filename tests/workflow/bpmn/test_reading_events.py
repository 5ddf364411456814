"""What good events, loops, calls and continuations become."""

from __future__ import annotations

import pytest

from tests.workflow.bpmn.writing import process, read_one
from workflow.bpmn import read_model
from workflow.elements.ad_hoc_sub_process import AdHocDetails
from workflow.elements.call_activity import CallDetails
from workflow.elements.job_task import InlineExpressionDetails, JobDetails
from workflow.elements.multi_instance import LoopDetails
from workflow.engine.neighbours import Binding
from workflow.expressions import parse_camunda7, parse_feel, parse_zeebe
from workflow.graph import (
    SYNCHRONOUS,
    Asynchronous,
    CancelEvent,
    CatchDetails,
    CompensationEvent,
    ConditionalEvent,
    ElementType,
    ErrorEvent,
    EscalationEvent,
    ExecutableProcess,
    FlowNode,
    LinkEvent,
    MessageEvent,
    PassedVariable,
    Semantics,
    SignalEvent,
    TerminateEvent,
    ThrowDetails,
    TimerEvent,
    TimerKind,
)

C7, C8 = Semantics.CAMUNDA_7, Semantics.ZEEBE
START = "<startEvent id='start'/>"
REFERRED = """
<message id='m' name='paid'><extensionElements><zeebe:subscription correlationKey='=order'/></extensionElements></message>
<signal id='s' name='alarm'/><error id='e' errorCode='E1' camunda:errorMessage='broken'/>
<escalation id='l' escalationCode='L1'/>
"""
TIMER = "<timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition>"


def model(elements: str, semantics: Semantics) -> ExecutableProcess:
    return read_model(process(elements, others=REFERRED), resource_name="m", fallback=None, chosen=semantics).processes[
        0
    ]


def node(elements: str, semantics: Semantics = C7, element_id: str = "x") -> FlowNode:
    return model(START + elements, semantics).elements[element_id]


def expression(text: str, semantics: Semantics):
    return parse_zeebe(text) if semantics is C8 else parse_camunda7(text)


CAUGHT = [
    ("<messageEventDefinition messageRef='m'/>", C7, MessageEvent(parse_camunda7("paid"))),
    ("<messageEventDefinition messageRef='m'/>", C8, MessageEvent(parse_zeebe("paid"), parse_zeebe("=order"))),
    ("<signalEventDefinition signalRef='s'/>", C7, SignalEvent(parse_camunda7("alarm"))),
    (TIMER, C8, TimerEvent(TimerKind.DURATION, parse_zeebe("PT1S"))),
    (
        "<timerEventDefinition><timeDate>2030-01-01T00:00:00Z</timeDate></timerEventDefinition>",
        C7,
        TimerEvent(TimerKind.DATE, parse_camunda7("2030-01-01T00:00:00Z")),
    ),
    (
        "<conditionalEventDefinition><condition>${x > 1}</condition></conditionalEventDefinition>",
        C7,
        ConditionalEvent(parse_camunda7("${x > 1}")),
    ),
    (
        (
            "<conditionalEventDefinition camunda:variableName='x' camunda:variableEvents='create, update'>"
            "<condition language='feel'>x > 1</condition></conditionalEventDefinition>"
        ),
        C7,
        ConditionalEvent(parse_feel("x > 1"), frozenset({"x"}), frozenset({"create", "update"})),
    ),
    (
        (
            "<conditionalEventDefinition><condition>=x > 1</condition><extensionElements><zeebe:conditionalFilter "
            "variableNames='x, y' variableEvents='create'/></extensionElements></conditionalEventDefinition>"
        ),
        C8,
        ConditionalEvent(parse_zeebe("=x > 1"), frozenset({"x", "y"}), frozenset({"create"})),
    ),
    ("<linkEventDefinition name='a'/>", C7, LinkEvent("a")),
]


@pytest.mark.parametrize(("definition", "semantics", "event"), CAUGHT)
def test_a_catch_event_is_read_with_what_it_waits_for(definition, semantics, event):
    found = node(f"<intermediateCatchEvent id='x'>{definition}</intermediateCatchEvent>", semantics)
    assert (found.type, found.details) == (ElementType.INTERMEDIATE_CATCH_EVENT, CatchDetails(event))


BOUNDARY = [
    (
        "<errorEventDefinition errorRef='e' camunda:errorCodeVariable='code' camunda:errorMessageVariable='why'/>",
        C7,
        ErrorEvent(parse_camunda7("E1"), parse_camunda7("broken"), "code", "why"),
    ),
    ("<errorEventDefinition/>", C8, ErrorEvent()),
    (
        "<escalationEventDefinition escalationRef='l' camunda:escalationCodeVariable='code'/>",
        C7,
        EscalationEvent(parse_camunda7("L1"), "code"),
    ),
    ("<escalationEventDefinition/>", C8, EscalationEvent()),
]


@pytest.mark.parametrize(("definition", "semantics", "event"), BOUNDARY)
def test_a_boundary_event_is_tied_to_its_activity(definition, semantics, event):
    found = node(f"<task id='t'/><boundaryEvent id='x' attachedToRef='t'>{definition}</boundaryEvent>", semantics)
    assert (found.details, found.attached_to) == (CatchDetails(event), found.attached_to)
    assert found.attached_to is not None
    assert (found.attached_to.id, found.attached_to.boundary_events) == ("t", (found,))
    assert found.attached_to.has_events


def test_an_error_that_is_nowhere_declared_is_its_own_code_in_camunda_7():
    found = node(
        "<task id='t'/><boundaryEvent id='x' attachedToRef='t'><errorEventDefinition errorRef='E9'/></boundaryEvent>"
    )
    assert found.event == ErrorEvent(parse_camunda7("E9"))


@pytest.mark.parametrize("semantics", Semantics)
def test_a_boundary_event_may_leave_its_activity_alone(semantics):
    found = node(
        f"<task id='t'/><boundaryEvent id='x' attachedToRef='t' cancelActivity='false'>{TIMER}</boundaryEvent>",
        semantics,
    )
    assert found.details == CatchDetails(found.event, interrupting=False)


THROWN = [
    ("<errorEventDefinition errorRef='e'/>", ErrorEvent(parse_camunda7("E1"), parse_camunda7("broken"))),
    ("<escalationEventDefinition escalationRef='l'/>", EscalationEvent(parse_camunda7("L1"))),
    ("<terminateEventDefinition/>", TerminateEvent()),
    ("<compensateEventDefinition activityRef='start'/>", CompensationEvent("start")),
    (
        (
            "<signalEventDefinition signalRef='s'><extensionElements><camunda:in source='a' target='b'/></extensionElements>"
            "</signalEventDefinition>"
        ),
        SignalEvent(parse_camunda7("alarm"), (PassedVariable("b", "a"),)),
    ),
]


@pytest.mark.parametrize(("definition", "event"), THROWN)
def test_an_end_event_is_read_with_what_it_throws(definition, event):
    found = node(f"<endEvent id='x'>{definition}</endEvent>")
    assert (found.type, found.details) == (ElementType.END_EVENT, ThrowDetails(event))


@pytest.mark.parametrize("tag", ["endEvent", "intermediateThrowEvent"])
def test_a_message_is_thrown_by_a_worker_by_an_expression_or_in_camunda_7_by_nobody(tag):
    job = "<extensionElements><zeebe:taskDefinition type='send'/></extensionElements>"
    thrown = node(f"<{tag} id='x'><messageEventDefinition messageRef='m'/>{job}</{tag}>", C8)
    assert thrown.details == ThrowDetails(MessageEvent(parse_zeebe("paid")), JobDetails(parse_zeebe("send")))
    for given, work in (
        ("camunda:type='external' camunda:topic='send'", JobDetails(parse_camunda7("send"))),
        ("camunda:expression='${1}'", InlineExpressionDetails(parse_camunda7("${1}"))),
        ("", None),
    ):
        found = node(f"<{tag} id='x'><messageEventDefinition messageRef='m' {given}/></{tag}>")
        assert found.details == ThrowDetails(MessageEvent(parse_camunda7("paid")), work)


@pytest.mark.parametrize("semantics", Semantics)
def test_an_event_sub_process_belongs_to_the_scope_around_it(semantics):
    start = f"<startEvent id='s1' isInterrupting='false'>{TIMER}</startEvent>"
    found = node(f"<subProcess id='x' triggeredByEvent='true'>{start}</subProcess>", semantics)
    assert found.type is ElementType.EVENT_SUB_PROCESS
    assert found.flow_scope is not None
    assert (found.flow_scope.event_sub_processes, found.flow_scope.has_events) == ((found,), True)
    assert found.start_events[0].details == CatchDetails(found.start_events[0].event, interrupting=False)


def test_a_compensation_handler_is_tied_to_its_activity():
    elements = (
        "<task id='t'/><task id='x' isForCompensation='true'/>"
        "<boundaryEvent id='b' attachedToRef='t'><compensateEventDefinition/></boundaryEvent>"
        "<association id='a' sourceRef='b' targetRef='x'/>"
    )
    found = node(elements, element_id="t")
    assert found.compensation_handler is not None
    assert (found.compensation_handler.id, found.compensation_handler.is_for_compensation) == ("x", True)


def test_a_transaction_has_cancel_events():
    elements = (
        "<transaction id='x'><startEvent id='s1'/><endEvent id='end'><cancelEventDefinition/></endEvent></transaction>"
        "<boundaryEvent id='b' attachedToRef='x'><cancelEventDefinition/></boundaryEvent>"
    )
    found = model(START + elements, C7).elements
    assert found["x"].type is ElementType.TRANSACTION
    assert (found["end"].event, found["b"].event) == (CancelEvent(), CancelEvent())


LOOPS = [
    (
        (
            "<multiInstanceLoopCharacteristics isSequential='true'><loopCardinality>3</loopCardinality>"
            "<completionCondition>${done}</completionCondition></multiInstanceLoopCharacteristics>"
        ),
        C7,
        LoopDetails(True, parse_camunda7("3"), completion_condition=parse_camunda7("${done}")),
    ),
    (
        "<multiInstanceLoopCharacteristics camunda:collection='items' camunda:elementVariable='item'/>",
        C7,
        LoopDetails(collection=parse_camunda7("${items}"), element_variable="item"),
    ),
    (
        (
            "<multiInstanceLoopCharacteristics><loopDataInputRef>items</loopDataInputRef><inputDataItem name='item'/>"
            "</multiInstanceLoopCharacteristics>"
        ),
        C7,
        LoopDetails(collection=parse_camunda7("${items}"), element_variable="item"),
    ),
    (
        (
            "<multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics inputCollection='=items' "
            "inputElement='item' outputCollection='results' outputElement='=result'/></extensionElements>"
            "<completionCondition>=enough</completionCondition></multiInstanceLoopCharacteristics>"
        ),
        C8,
        LoopDetails(
            collection=parse_zeebe("=items"),
            element_variable="item",
            output_collection="results",
            output_element=parse_zeebe("=result"),
            completion_condition=parse_zeebe("=enough"),
        ),
    ),
]


@pytest.mark.parametrize(("loop", "semantics", "details"), LOOPS)
def test_a_multi_instance_activity_has_a_body_that_flows_and_events_are_tied_to(loop, semantics, details):
    elements = (
        f"<task id='x'>{loop}</task><task id='next'/><boundaryEvent id='b' attachedToRef='x'>{TIMER}</boundaryEvent>"
        "<sequenceFlow id='f' sourceRef='start' targetRef='x'/><sequenceFlow id='g' sourceRef='x' targetRef='next'/>"
    )
    body = node(elements, semantics, "x#multiInstanceBody")
    assert (body.type, body.details) == (ElementType.MULTI_INSTANCE_BODY, details)
    assert [flow.id for flow in (*body.incoming, *body.outgoing)] == ["f", "g"]
    assert [each.id for each in body.boundary_events] == ["b"]
    [inner] = body.children
    assert (inner.id, inner.type, inner.incoming, inner.outgoing) == ("x", ElementType.TASK, (), ())


def test_a_camunda_7_call_activity_is_read_with_binding_business_key_and_variables():
    found = node(
        "<callActivity id='x' calledElement='child' camunda:calledElementBinding='version' camunda:calledElementVersion='3'>"
        "<extensionElements><camunda:in businessKey='#{key}'/><camunda:in variables='all'/>"
        "<camunda:in sourceExpression='${a + 1}' target='b' local='true'/><camunda:out source='c' target='d'/>"
        "</extensionElements></callActivity>"
    )
    assert found.details == CallDetails(
        parse_camunda7("child"),
        Binding.VERSION,
        parse_camunda7("3"),
        parse_camunda7("#{key}"),
        (PassedVariable(), PassedVariable("b", None, parse_camunda7("${a + 1}"), True)),
        (PassedVariable("d", "c"),),
    )


def test_a_zeebe_call_activity_is_read_with_binding_and_what_it_hands_over():
    found = node(
        "<callActivity id='x'><extensionElements><zeebe:calledElement processId='=child' bindingType='versionTag' "
        "versionTag='v1' propagateAllParentVariables='false' propagateAllChildVariables='false'/></extensionElements>"
        "</callActivity>",
        C8,
    )
    assert found.details == CallDetails(
        parse_zeebe("=child"), Binding.VERSION_TAG, parse_zeebe("v1"), everything_in=False, everything_out=False
    )


def test_a_zeebe_ad_hoc_sub_process_holds_its_elements_in_inner_instances():
    found = node(
        "<adHocSubProcess id='x' cancelRemainingInstances='false'><extensionElements><zeebe:adHoc "
        "activeElementsCollection='=names' outputCollection='results' outputElement='=result'/></extensionElements>"
        "<completionCondition>=done</completionCondition><task id='t'/></adHocSubProcess>",
        C8,
    )
    assert found.details == AdHocDetails(
        parse_zeebe("=names"), parse_zeebe("=done"), False, "results", parse_zeebe("=result")
    )
    [inner] = found.children
    assert (inner.type, [each.id for each in inner.children]) == (
        ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE,
        ["t"],
    )


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("", SYNCHRONOUS),
        ("camunda:async='true'", Asynchronous(before=True)),
        ("camunda:asyncBefore='true' camunda:exclusive='false'", Asynchronous(before=True, exclusive=False)),
        ("camunda:asyncAfter='true' camunda:jobPriority='7'", Asynchronous(after=True, priority=parse_camunda7("7"))),
    ],
)
def test_camunda_7_continues_where_it_is_told(attributes, expected):
    assert node(f"<task id='x' {attributes}/>").asynchronous == expected
    assert node(f"<task id='x' {attributes}/>", C8).asynchronous == SYNCHRONOUS


def test_a_multi_instance_body_and_its_iterations_are_continued_each_for_itself():
    elements = (
        "<task id='x' camunda:asyncBefore='true'><multiInstanceLoopCharacteristics camunda:asyncAfter='true'>"
        "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></task>"
    )
    found = read_one(START + elements, C7).elements
    assert found["x#multiInstanceBody"].asynchronous == Asynchronous(before=True)
    assert found["x"].asynchronous == Asynchronous(after=True)
