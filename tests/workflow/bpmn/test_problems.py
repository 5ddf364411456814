"""What makes a model unfit: everything is reported at once, each thing with its element and line."""

from __future__ import annotations

import re

import pytest

from tests.workflow.bpmn.writing import definitions, messages, problems, process, read
from workflow.bpmn import read_model
from workflow.engine.errors import ModelProblems
from workflow.graph import Semantics

C7, C8 = Semantics.CAMUNDA_7, Semantics.ZEEBE
START = "<startEvent id='start'/>"
MESSAGE = "<message id='m' name='paid'>{}</message>"


def extended(tag: str, extensions: str, attributes: str = "") -> str:
    return f"<{tag} id='task' {attributes}><extensionElements>{extensions}</extensionElements></{tag}>"


def gateway(flows: str, attributes: str = "") -> str:
    return f"<exclusiveGateway id='choice' {attributes}/><task id='a'/><task id='b'/>{flows}"


def flow(name: str, source: str, target: str, condition: str | None = None) -> str:
    inside = "" if condition is None else f"<conditionExpression>{condition}</conditionExpression>"
    return f"<sequenceFlow id='{name}' sourceRef='{source}' targetRef='{target}'>{inside}</sequenceFlow>"


TIMER = "<timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition>"
CYCLE = "<timerEventDefinition><timeCycle>R3/PT1S</timeCycle></timerEventDefinition>"
PAID = "<messageEventDefinition messageRef='paid'/>"
ALARM = "<signalEventDefinition signalRef='alarm'/>"
BROKEN = "<errorEventDefinition errorRef='broken'/>"
LATE = "<escalationEventDefinition escalationRef='late'/>"
UNDO = "<compensateEventDefinition/>"
REFERRED = (
    "<message id='paid' name='paid'><extensionElements><zeebe:subscription correlationKey='=key'/></extensionElements></message>"
    "<signal id='alarm' name='alarm'/><error id='broken' errorCode='B'/><escalation id='late' escalationCode='L'/>"
    "<signal id='nameless'/><error id='codeless'/><escalation id='levelless'/>"
)
TWO_EVENTS = (
    f"<intermediateCatchEvent id='e1'>{TIMER}</intermediateCatchEvent>"
    f"<intermediateCatchEvent id='e2'>{TIMER}</intermediateCatchEvent>"
    f"{flow('to1', 'x', 'e1')}{flow('to2', 'x', 'e2')}"
)


def catch(event: str, element_id: str = "x") -> str:
    return f"<intermediateCatchEvent id='{element_id}'>{event}</intermediateCatchEvent>"


def throw(event: str, element_id: str = "x") -> str:
    return f"<intermediateThrowEvent id='{element_id}'>{event}</intermediateThrowEvent>"


def end(event: str) -> str:
    return f"<endEvent id='x'>{event}</endEvent>"


def on_task(*events: str, attributes: str = "") -> str:
    """Boundary events `x`, `y` … on a task."""
    boundaries = [
        f"<boundaryEvent id='{name}' attachedToRef='t' {attributes}>{event}</boundaryEvent>"
        for name, event in zip("xyz", events, strict=False)
    ]
    return "<task id='t'/>" + "".join(boundaries)


def event_sub_process(event: str, element_id: str = "x", attributes: str = "") -> str:
    start = f"<startEvent id='{element_id}' {attributes}>{event}</startEvent>"
    return f"<subProcess id='around-{element_id}' triggeredByEvent='true'>{start}</subProcess>"


NOT_YET = [
    *[
        (tag, f"<{tag} id='x'/>", f"'{tag}' is not supported yet.")
        for tag in (
            "callChoreography",
            "choreographyTask",
            "complexGateway",
            "implicitThrowEvent",
            "subChoreography",
        )
    ],
    (
        "standard loop",
        "<task id='x'><standardLoopCharacteristics/></task>",
        "A standard loop ('standardLoopCharacteristics') is not supported.",
    ),
    (
        "event gateway that starts",
        f"<eventBasedGateway id='x' instantiate='true'/>{TWO_EVENTS}",
        "An event-based gateway that starts a process ('instantiate') is not supported.",
    ),
    (
        "parallel event gateway",
        f"<eventBasedGateway id='x' eventGatewayType='Parallel'/>{TWO_EVENTS}",
        "A parallel event-based gateway is not supported.",
    ),
    ("unknown", "<teleport id='x'/>", "'teleport' is not an element of BPMN."),
]


@pytest.mark.parametrize("semantics", Semantics)
@pytest.mark.parametrize(("element", "expected"), [case[1:] for case in NOT_YET], ids=[case[0] for case in NOT_YET])
def test_what_this_release_does_not_run_is_refused_by_name(semantics, element, expected):
    (problem,) = problems(process(f"{'' if 'startEvent id=' in element[:20] else START}\n{element}"), semantics)
    assert problem.message.startswith(expected)
    assert (problem.element_id, problem.line) == ("x", 3)


CAMUNDA_7_PROBLEMS = [
    (
        "<userTask id='task' camunda:formKey='a' camunda:formRef='b'/>",
        "Expected only one of the attributes formKey and formRef, found both.",
    ),
    (
        "<userTask id='task' camunda:formRef='b' camunda:formRefBinding='newest'/>",
        "Expected formRefBinding to be one of latest, deployment, version, found 'newest'.",
    ),
    (
        "<userTask id='task' camunda:formRef='b' camunda:formRefBinding='version'/>",
        "Expected a formRefVersion for the formRefBinding 'version', found none.",
    ),
    (
        "<userTask id='task' camunda:assignee='${S(order).prop(\"clerk\")}'/>",
        "function 'S' of Spin is not supported",
    ),
    # what runs code inside the engine
    ("<serviceTask id='task' camunda:class='org.Work'/>", "'camunda:class' is not supported. Make it an external task"),
    ("<serviceTask id='task' camunda:delegateExpression='${bean}'/>", "'camunda:delegateExpression' is not supported."),
    ("<businessRuleTask id='task' camunda:decisionRef='dish'/>", "'camunda:decisionRef' is not supported."),
    ("<serviceTask id='task' camunda:type='mail'/>", "Expected camunda:type=\"external\", found 'mail'"),
    (extended("serviceTask", "<camunda:connector/>"), "'camunda:connector' is not supported."),
    (
        extended("task", "<camunda:executionListener class='org.L'/>"),
        "'camunda:executionListener' with 'class' is not supported.",
    ),
    (
        extended("userTask", "<camunda:taskListener event='create' class='org.L'/>"),
        "'camunda:taskListener' with 'class' is not supported.",
    ),
    (
        extended(
            "serviceTask", "<camunda:errorEventDefinition id='e'/>", "camunda:type='external' camunda:topic='work'"
        ),
        "'camunda:errorEventDefinition' is not supported.",
    ),
    # what is missing or cannot be read
    (
        "<serviceTask id='task'/>",
        "One of the attributes 'class', 'delegateExpression', 'type', or 'expression' is mandatory",
    ),
    ("<sendTask id='task'/>", "is mandatory on sendTask"),
    ("<businessRuleTask id='task'/>", "is mandatory on businessRuleTask"),
    ("<serviceTask id='task' camunda:type='external'/>", "External tasks must specify a 'topic' attribute"),
    ("<serviceTask id='task' camunda:type='external' camunda:topic=' '/>", "External tasks must specify a 'topic'"),
    (
        "<serviceTask id='task' camunda:expression='${a +}'/>",
        "Expected 'camunda:expression' to be a valid expression: ",
    ),
    ("<userTask id='task' camunda:assignee='${'/>", "Expected the assignee to be a valid expression: "),
    (
        "<userTask id='task' camunda:priority='high'/>",
        "Expected the priority to be a whole number or an expression, found 'high'.",
    ),
    ("<scriptTask id='task'/>", "Expected a script, found none."),
    (
        "<scriptTask id='task' scriptFormat='groovy'><script>1</script></scriptTask>",
        "Scripts in 'groovy' are not supported.",
    ),
    (
        "<scriptTask id='task' scriptFormat='feel'><script>1 +</script></scriptTask>",
        "Expected the script to be a valid expression: ",
    ),
    ("<scriptTask id='task' camunda:resource='a.js'/>", "A script in an external resource ('camunda:resource')"),
    ("<receiveTask id='task' messageRef='nowhere'/>", "Invalid 'messageRef': no message with id 'nowhere' found."),
    (
        extended("task", "<camunda:failedJobRetryTimeCycle>soon</camunda:failedJobRetryTimeCycle>"),
        "Invalid retry time cycle 'soon'",
    ),
    (
        "<task id='task' camunda:jobPriority='high'/>",
        "Expected 'camunda:jobPriority' to be a whole number or an expression, found 'high'.",
    ),
    # activities around other things
    ("<callActivity id='task'/>", "Expected a call activity to name the process in 'calledElement', found none."),
    (
        "<callActivity id='task' calledElement='c' camunda:calledElementBinding='newest'/>",
        "Expected the binding of the called process to be one of latest, deployment, version, versionTag, found 'newest'.",
    ),
    (
        "<callActivity id='task' calledElement='c' camunda:calledElementBinding='version'/>",
        "Expected the called process with binding 'version' to name its version, found none.",
    ),
    ("<callActivity id='task' camunda:caseRef='c' calledElement='c'/>", "'camunda:caseRef' is not supported."),
    (
        extended("callActivity", "<camunda:in source='a'/>", "calledElement='c'"),
        "Expected 'camunda:in' to have 'variables=\"all\"', or a 'target' and one of 'source' and 'sourceExpression'.",
    ),
    (
        "<adHocSubProcess id='task'><task id='in'/></adHocSubProcess>",
        "An ad-hoc sub-process is not supported in Camunda 7.",
    ),
    (
        "<task id='task'><multiInstanceLoopCharacteristics/></task>",
        "Either loopCardinality or loopDataInputRef/collection must been set, found neither.",
    ),
    (
        (
            "<task id='task'><multiInstanceLoopCharacteristics camunda:elementVariable='e'><loopCardinality>2</loopCardinality>"
            "</multiInstanceLoopCharacteristics></task>"
        ),
        "Expected a collection for the element variable, found none.",
    ),
    # mappings
    (
        extended(
            "task", "<camunda:inputOutput><camunda:inputParameter>1</camunda:inputParameter></camunda:inputOutput>"
        ),
        "Expected 'camunda:inputParameter' to have a name, found none.",
    ),
    (
        extended(
            "task",
            "<camunda:inputOutput><camunda:inputParameter name='a'>${</camunda:inputParameter></camunda:inputOutput>",
        ),
        "Expected the value of 'a' to be a valid expression: ",
    ),
    (
        extended(
            "task",
            "<camunda:inputOutput><camunda:inputParameter name='a'><camunda:script scriptFormat='groovy'>1</camunda:script>"
            "</camunda:inputParameter></camunda:inputOutput>",
        ),
        "Scripts in 'groovy' are not supported.",
    ),
    (
        extended(
            "task",
            "<camunda:inputOutput><camunda:inputParameter name='a'><camunda:map><camunda:entry key='${k}'>1</camunda:entry>"
            "</camunda:map></camunda:inputParameter></camunda:inputOutput>",
        ),
        "Expected the keys of the map 'a' to be plain text, found '${k}'.",
    ),
    (
        extended(
            "task",
            "<camunda:inputOutput><camunda:inputParameter name='a'><camunda:set/></camunda:inputParameter></camunda:inputOutput>",
        ),
        "Expected the value of 'a' to be text, a list, a map or a script, found 'camunda:set'.",
    ),
    (
        extended("parallelGateway", "<camunda:inputOutput/>"),
        "camunda:inputOutput mapping unsupported for element type 'parallelGateway'.",
    ),
    (
        extended(
            "endEvent",
            "<camunda:inputOutput><camunda:outputParameter name='a'>1</camunda:outputParameter></camunda:inputOutput>",
        ),
        "camunda:outputParameter not allowed for element type 'endEvent'.",
    ),
    (
        extended("task", "<camunda:inputOutput/><camunda:inputOutput/>"),
        "Must have exactly one 'camunda:inputOutput' extension element, found 2.",
    ),
]

CAMUNDA_7_PROBLEMS += [
    (
        extended(tag, "<camunda:inputOutput/>") + more,
        f"camunda:inputOutput mapping unsupported for element type '{tag}'.",
    )
    for tag, more in (("inclusiveGateway", ""), ("eventBasedGateway", TWO_EVENTS.replace("'x'", "'task'")))
]
CAMUNDA_7_PROBLEMS += [
    (
        event_sub_process(TIMER)
        .replace("<startEvent", "<extensionElements><camunda:inputOutput/></extensionElements><startEvent")
        .replace("around-x", "task"),
        "camunda:inputOutput mapping unsupported for element type 'subProcess' with attribute 'triggeredByEvent = true'.",
    ),
    (
        extended(
            "task",
            "<camunda:inputOutput><camunda:outputParameter name='a'>1</camunda:outputParameter></camunda:inputOutput>",
        ).replace(
            "</task>",
            "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></task>",
        ),
        "camunda:outputParameter not allowed for multi-instance constructs.",
    ),
]

ZEEBE_PROBLEMS = [
    (
        "<intermediateThrowEvent id='task'><compensateEventDefinition waitForCompletion='false'/></intermediateThrowEvent>",
        "'waitForCompletion=\"false\"' is not supported",
    ),
    ("<serviceTask id='task'/>", "Must have exactly one 'zeebe:taskDefinition' extension element, found none."),
    ("<sendTask id='task'/>", "Must have exactly one 'zeebe:taskDefinition' extension element, found none."),
    (
        extended("serviceTask", "<zeebe:taskDefinition/>"),
        "Expected 'zeebe:taskDefinition' to have a 'type', found none",
    ),
    (
        extended("serviceTask", "<zeebe:taskDefinition type='a'/><zeebe:taskDefinition type='b'/>"),
        "Must have exactly one 'zeebe:taskDefinition' extension element, found 2.",
    ),
    (
        extended("serviceTask", "<zeebe:taskDefinition type='a' retries='many'/>"),
        "Expected the job's retries to be a whole number or an expression, found 'many'.",
    ),
    (
        extended("serviceTask", "<zeebe:taskDefinition type='=a +'/>"),
        "Expected the job type to be a valid expression: ",
    ),
    ("<scriptTask id='task'/>", "Must have either one 'zeebe:script' or one 'zeebe:taskDefinition'"),
    (
        extended("scriptTask", "<zeebe:script expression='=1' resultVariable='x'/><zeebe:taskDefinition type='a'/>"),
        "Must have either one 'zeebe:script' or one 'zeebe:taskDefinition' extension element, found both.",
    ),
    (
        extended("scriptTask", "<zeebe:script resultVariable='x'/>"),
        "Expected 'zeebe:script' to have an 'expression', found none.",
    ),
    (
        extended("scriptTask", "<zeebe:script expression='=1'/>"),
        "Expected 'zeebe:script' to have a 'resultVariable', found none.",
    ),
    (
        extended("userTask", "<zeebe:priorityDefinition priority='101'/>"),
        "Expected the priority to be a whole number between 0 and 100 or an expression, found '101'.",
    ),
    (extended("task", "<zeebe:executionListeners/>"), "'zeebe:executionListeners' is not supported."),
    (extended("userTask", "<zeebe:taskListeners/>"), "'zeebe:taskListeners' is not supported."),
    (
        extended("businessRuleTask", "<zeebe:calledDecision decisionId='dish'/><zeebe:taskDefinition type='a'/>"),
        "'zeebe:calledDecision' is not supported.",
    ),
    ("<receiveTask id='task'/>", "Must reference a message: expected 'messageRef', found none."),
    ("<callActivity id='task'/>", "Must have exactly one 'zeebe:calledElement' extension element, found none."),
    (
        extended("callActivity", "<zeebe:calledElement/>"),
        "Expected 'zeebe:calledElement' to have a 'processId', found none.",
    ),
    (
        "<transaction id='task'><startEvent id='in'/></transaction>",
        "A transaction is not supported in Camunda 8. Use a sub-process with compensation.",
    ),
    (
        "<task id='task'><multiInstanceLoopCharacteristics/></task>",
        "Must have exactly one 'zeebe:loopCharacteristics' extension element, found none.",
    ),
    (
        (
            "<task id='task'><multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics/></extensionElements>"
            "</multiInstanceLoopCharacteristics></task>"
        ),
        "Expected 'zeebe:loopCharacteristics' to have an 'inputCollection', found none.",
    ),
    (
        (
            "<task id='task'><multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics inputCollection='=[]' "
            "outputCollection='o'/></extensionElements></multiInstanceLoopCharacteristics></task>"
        ),
        "Expected 'outputCollection' and 'outputElement' together, found only one of them.",
    ),
    (
        (
            "<adHocSubProcess id='task'><scriptTask id='s'><extensionElements><zeebe:script expression='=1' resultVariable='x'/>"
            "</extensionElements></scriptTask><extensionElements><zeebe:adHoc outputElement='=x'/></extensionElements>"
            "</adHocSubProcess>"
        ),
        "Expected 'outputCollection' and 'outputElement' together, found only one of them.",
    ),
    ("<adHocSubProcess id='task'/>", "Must have at least one activity in the ad-hoc sub-process, found none."),
    (
        extended("task", "<zeebe:ioMapping><zeebe:input source='=1' target='a b'/></zeebe:ioMapping>"),
        "Expected the target of a mapping to be a variable or a path like 'order.id', found 'a b'.",
    ),
    (
        extended("task", "<zeebe:ioMapping><zeebe:output target='a'/></zeebe:ioMapping>"),
        "Expected the source of the mapping to 'a' to be an expression or text, found none",
    ),
    (
        extended("task", "<zeebe:ioMapping><zeebe:input source='=1 +' target='a'/></zeebe:ioMapping>"),
        "Expected the source of the mapping to 'a' to be a valid expression: ",
    ),
]


@pytest.mark.parametrize(
    ("semantics", "element", "expected"),
    [(C7, *case) for case in CAMUNDA_7_PROBLEMS] + [(C8, *case) for case in ZEEBE_PROBLEMS],
)
def test_an_element_that_cannot_be_run_as_it_is_written_is_refused(semantics, element, expected):
    (problem,) = problems(process(f"{START}\n{element}"), semantics)
    assert expected in problem.message
    assert (problem.element_id, problem.line) == ("task", 3)


def test_a_camunda_7_message_may_go_without_name_of_a_task_but_needs_its_own():
    task = "<receiveTask id='task' messageRef='m'/>"
    assert messages(process(START + "<receiveTask id='task'/>")) == []
    assert messages(process(START + task, others="<message id='m' name='paid'/>")) == []
    assert messages(process(START + task, others="<message id='m'/>")) == [
        "Expected message 'm' to have a name, found none."
    ]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (MESSAGE.format("<extensionElements><zeebe:subscription correlationKey='=key'/></extensionElements>"), None),
        (MESSAGE.format(""), "Expected message 'm' to have a correlation key, found none."),
        (
            MESSAGE.format("<extensionElements><zeebe:subscription/></extensionElements>"),
            "Expected message 'm' to have a correlation key, found none.",
        ),
        (
            MESSAGE.format("<extensionElements><zeebe:subscription correlationKey='key'/></extensionElements>"),
            "Expected the correlation key of message 'm' to be an expression, found text: 'key'.",
        ),
    ],
)
def test_a_zeebe_message_needs_an_expression_as_correlation_key(message, expected):
    found = messages(process(f"{START}<receiveTask id='task' messageRef='m'/>", others=message), C8)
    assert [text.startswith(str(expected)) for text in found] == ([] if expected is None else [True])


EVENTS = [
    # what an event says
    (
        catch("<timerEventDefinition/>"),
        "Expected a timer to have exactly one of timeDate, timeDuration, timeCycle, found 0.",
    ),
    (
        catch(TIMER.replace("</timer", "<timeCycle>R/PT1S</timeCycle></timer")),
        "Expected a timer to have exactly one of timeDate, timeDuration, timeCycle, found 2.",
    ),
    (catch("<messageEventDefinition/>"), "Must reference a message: expected 'messageRef', found none."),
    (catch("<messageEventDefinition messageRef='no'/>"), "Invalid 'messageRef': no message with id 'no' found."),
    (catch("<signalEventDefinition/>"), "Must reference a signal: expected 'signalRef', found none."),
    (catch("<signalEventDefinition signalRef='no'/>"), "Invalid 'signalRef': no signal with id 'no' found."),
    (throw("<signalEventDefinition signalRef='nameless'/>"), "Expected signal 'nameless' to have a name, found none."),
    (catch("<conditionalEventDefinition/>"), "Conditional event must contain an expression for evaluation"),
    (end("<errorEventDefinition/>"), "Must reference an error: expected 'errorRef', found none."),
    (
        end("<errorEventDefinition errorRef='codeless'/>"),
        "Expected error 'codeless' to have an 'errorCode', found none.",
    ),
    (end("<escalationEventDefinition/>"), "Must reference an escalation: expected 'escalationRef', found none."),
    (
        throw("<escalationEventDefinition escalationRef='levelless'/>"),
        "Expected escalation 'levelless' to have an 'escalationCode', found none.",
    ),
    (
        throw("<compensateEventDefinition activityRef='no'/>"),
        "Invalid 'activityRef': no activity with id 'no' found.",
    ),
    (throw("<linkEventDefinition/>"), "Expected the link event definition to have a name, found none."),
    (
        catch("<eventDefinitionRef>shared</eventDefinitionRef>"),
        "Expected the event definition inside the event, found a reference to 'shared'.",
    ),
    (catch(TIMER + ALARM), "Expected at most one event definition, found several."),
    # which event an element may have
    (catch(""), "An intermediate catch event must have an event definition, found none."),
    (catch(BROKEN), "An intermediate catch event cannot have 'errorEventDefinition'."),
    (throw(TIMER), "An intermediate throw event cannot have 'timerEventDefinition'."),
    (end(TIMER), "An end event cannot have 'timerEventDefinition'."),
    (end("<linkEventDefinition name='l'/>"), "An end event cannot have 'linkEventDefinition'."),
    (end("<cancelEventDefinition/>"), "A cancel end event is only supported directly inside a transaction."),
    (f"<startEvent id='x'>{BROKEN}</startEvent>", "A start event cannot have 'errorEventDefinition'."),
    (
        f"<subProcess id='sub'><startEvent id='x'>{ALARM}</startEvent></subProcess>",
        "A start event cannot have 'signalEventDefinition'. Expected none in an embedded sub-process.",
    ),
    (event_sub_process(""), "The start event of an event sub-process must have an event definition, found none."),
    (
        event_sub_process(BROKEN, attributes="isInterrupting='false'"),
        "The error start event of an event subprocess must be interrupting.",
    ),
    (
        "<subProcess id='x' triggeredByEvent='true'/>",
        "Must have exactly one start event, found none in the sub-process.",
    ),
    # boundary events
    (on_task(""), "A boundary event must have an event definition, found none."),
    (on_task("<terminateEventDefinition/>"), "A boundary event cannot have 'terminateEventDefinition'."),
    (
        f"<boundaryEvent id='x'>{TIMER}</boundaryEvent>",
        "Expected a boundary event to name its activity in 'attachedToRef', found none.",
    ),
    (
        f"<boundaryEvent id='x' attachedToRef='no'>{TIMER}</boundaryEvent>",
        "Invalid 'attachedToRef' 'no': expected an activity in the same scope.",
    ),
    (
        f"<parallelGateway id='g'/><boundaryEvent id='x' attachedToRef='g'>{TIMER}</boundaryEvent>",
        "Invalid 'attachedToRef' 'g': expected an activity in the same scope.",
    ),
    (
        f"{event_sub_process(TIMER, 'e')}<boundaryEvent id='x' attachedToRef='around-e'>{ALARM}</boundaryEvent>",
        "Invalid 'attachedToRef' 'around-e': expected an activity in the same scope.",
    ),
    (
        (
            f"<subProcess id='sub'><startEvent id='in'/><task id='t'/></subProcess><boundaryEvent id='x' attachedToRef='t'>{TIMER}"
            "</boundaryEvent>"
        ),
        "Invalid 'attachedToRef' 't': expected an activity in the same scope.",
    ),
    (on_task(TIMER) + flow("f", "t", "x"), "A boundary event must not have incoming sequence flows, found 'f'."),
    (
        on_task(BROKEN, attributes="cancelActivity='false'"),
        "A boundary event for errors or cancellation has to be interrupting.",
    ),
    (
        on_task("<cancelEventDefinition/>"),
        "A boundary event with cancelEventDefinition is only supported on transactions.",
    ),
    # events in each other's way
    (on_task(PAID, PAID), "Multiple boundary events on 't' with the message name 'paid' are not allowed."),
    (on_task(ALARM, ALARM), "Multiple boundary events on 't' with the signal name 'alarm' are not allowed."),
    (on_task(BROKEN, BROKEN), "Multiple boundary events on 't' with the error code 'B' are not allowed."),
    (on_task(LATE, LATE), "Multiple boundary events on 't' with the escalation code 'L' are not allowed."),
    (
        on_task("<errorEventDefinition/>", "<errorEventDefinition/>"),
        "Multiple boundary events on 't' with an error of any code are not allowed.",
    ),
    (
        event_sub_process(BROKEN, "y") + event_sub_process(BROKEN, "x"),
        "Multiple event sub-processes in 'p' with the error code 'B' are not allowed.",
    ),
    (
        catch("<linkEventDefinition name='l'/>", "y") + catch("<linkEventDefinition name='l'/>"),
        "Multiple intermediate catch events with the same link event name 'l' are not allowed.",
    ),
    (
        throw("<linkEventDefinition name='l'/>"),
        "Can't find a catch link event for the throw link event with the name 'l': expected one in the same scope.",
    ),
]


@pytest.mark.parametrize("semantics", Semantics)
@pytest.mark.parametrize(("element", "expected"), EVENTS)
def test_an_event_that_does_not_fit_is_refused(semantics, element, expected):
    found = problems(process(START + element, others=REFERRED), semantics, chosen=True)
    assert [(problem.element_id in ("x", "y"), problem.message[: len(expected)]) for problem in found] == [
        (True, expected)
    ]


INSIDE = "<startEvent id='in'/><task id='t'/>"
UNDO_TASK = throw("<compensateEventDefinition activityRef='t'/>")

CAMUNDA_7_EVENTS = [
    (
        f"<task id='t'/><subProcess id='sub'><startEvent id='in'/>{UNDO_TASK}</subProcess>",
        "Invalid 'activityRef': no activity with id 't' in scope 'sub'.",
    ),
    (
        f"<subProcess id='sub'>{INSIDE}</subProcess>{UNDO_TASK}",
        "Invalid 'activityRef': no activity with id 't' in scope 'p'.",
    ),
    (
        event_sub_process(UNDO),
        "An event sub-process with a compensation start event is only supported in an embedded sub-process",
    ),
    (
        f"<subProcess id='sub'>{INSIDE}{event_sub_process(UNDO, 'y')}{event_sub_process(UNDO)}</subProcess>",
        "Expected one event sub-process or boundary event for the compensation of 'sub', found several.",
    ),
    (
        (
            f"<subProcess id='sub'>{INSIDE}{event_sub_process(UNDO)}</subProcess>"
            f"<boundaryEvent id='y' attachedToRef='sub'>{UNDO}</boundaryEvent>"
        ),
        "Expected one event sub-process or boundary event for the compensation of 'sub', found several.",
    ),
    (
        on_task(LATE, "<escalationEventDefinition/>"),
        "Expected no other one beside boundary events on 't' that catch escalations of any code",
    ),
    (
        on_task("<cancelEventDefinition/>", "<cancelEventDefinition/>").replace(
            "<task id='t'/>", "<transaction id='t'><startEvent id='in'/></transaction>"
        ),
        "Multiple cancel boundary events on 't' are not allowed.",
    ),
    (
        f"<startEvent id='y'>{PAID}</startEvent><startEvent id='x'>{PAID}</startEvent>",
        "Multiple start events with the message name 'paid' are not allowed.",
    ),
]


@pytest.mark.parametrize(("element", "expected"), CAMUNDA_7_EVENTS)
def test_an_event_that_does_not_fit_in_camunda_7_is_refused(element, expected):
    found = problems(process(START + element, others=REFERRED), C7, chosen=True)
    assert [problem.message[: len(expected)] for problem in found] == [expected]


@pytest.mark.parametrize(
    "element",
    [
        "<task id='t'/>" + event_sub_process(BROKEN, "y").replace("</subProcess>", f"{UNDO_TASK}</subProcess>"),
        f"<subProcess id='sub'>{INSIDE}{event_sub_process(UNDO)}</subProcess>",
        on_task("<errorEventDefinition errorRef='codeless'/>"),
        end("<errorEventDefinition errorRef='no'/>"),
    ],
)
def test_camunda_7_takes_codes_and_references_that_are_made_in_another_way(element):
    assert problems(process(START + element, others=REFERRED), C7, chosen=True) == ()


def test_zeebe_wants_to_know_the_error_that_is_thrown():
    found = messages(process(START + end("<errorEventDefinition errorRef='no'/>"), others=REFERRED), C8)
    assert found == ["Invalid 'errorRef': no error with id 'no' found."]


STRUCTURE = [
    (C7, "<task/>", ["Expected 'task' to have an id, found none."]),
    (C7, "<task id='1st'/>", ["Expected an id that begins with a letter"]),
    (C7, "<task id='&lt;script>'/>", ["Expected an id that begins with a letter"]),
    (C7, f"<task id='{'x' * 256}'/>", ["Expected an id of at most 255 characters, found 256."]),
    (C7, f"<task id='a' name='{'x' * 256}'/>", ["Expected a name of at most 255 characters, found 256."]),
    (C7, "<task id='a'/><task id='a'/>", ["Expected ids to be unique, found 'a' in line 2 already."]),
    (C7, "<task id='p'/>", ["Expected ids to be unique, found 'p' in line 1 already."]),
    (C7, f"<task id='a'/>{flow('a', 'a', 'a')}", ["Expected ids to be unique, found 'a' in line 2 already."]),
    (C7, "<sequenceFlow id='f'/>", ["Expected a 'sourceRef', found none.", "Expected a 'targetRef', found none."]),
    (
        C7,
        flow("f", "here", "there"),
        [
            "Invalid source 'here' of sequence flow 'f': there is no such flow node.",
            "Invalid destination 'there' of sequence flow 'f': there is no such flow node.",
        ],
    ),
    (
        C7,
        f"<subProcess id='sub'><startEvent id='s'/><task id='in'/></subProcess><task id='out'/>{flow('f', 'in', 'out')}",
        ["Invalid source 'in' of sequence flow 'f': expected it in 'p' like the flow, found it in 'sub'."],
    ),
    (
        C7,
        f"<task id='t'/><startEvent id='start'/>{flow('f', 't', 'start')}",
        ["A start event must not have incoming sequence flows, found 'f'."],
    ),
    (
        C7,
        f"<task id='t'/><endEvent id='end'/>{flow('f', 'end', 't')}",
        ["End events must not have outgoing sequence flows to other elements, found 'f'."],
    ),
    (C8, "<task id='t'/>", ["Must have at least one start event, found none."]),
    (
        C7,
        "<startEvent id='s1'/><startEvent id='s2'/>",
        ["Multiple none start events are not allowed, found one more in the process."],
    ),
    (C7, "<subProcess id='sub'/>", ["Must have exactly one none start event, found none in the sub-process."]),
    (
        C7,
        "<subProcess id='sub'><startEvent id='s1'/><startEvent id='s2'/></subProcess>",
        ["Must have exactly one none start event, found one more in sub-process 'sub'."],
    ),
    (
        C7,
        f"<task id='a' default='g'/><task id='b'/>{flow('f', 'a', 'b')}{flow('g', 'b', 'a')}",
        ["Default sequence flow must start at 'a': expected one of its outgoing flows, found 'g'."],
    ),
    # conditions
    (C7, gateway(""), ["Exclusive Gateway 'choice' has no outgoing sequence flows."]),
    (
        C7,
        gateway(flow("f", "choice", "a", "${x}")),
        [
            "Exclusive Gateway 'choice' has only one outgoing sequence flow ('f'). This is not allowed to have a condition."
        ],
    ),
    (
        C7,
        gateway(flow("f", "choice", "a") + flow("g", "choice", "b", "${x}"), "default='g'"),
        [
            "Exclusive Gateway 'choice' has outgoing sequence flow 'g' which is the default flow but has a condition too.",
            "Exclusive Gateway 'choice' has outgoing sequence flow 'f' without condition which is not the default flow.",
        ],
    ),
    (
        C7,
        gateway(flow("f", "choice", "a") + flow("g", "choice", "b")),
        [
            "Exclusive Gateway 'choice' has outgoing sequence flow 'f' without condition which is not the default flow.",
            "Exclusive Gateway 'choice' has outgoing sequence flow 'g' without condition which is not the default flow.",
        ],
    ),
    (
        C7,
        gateway(flow("f", "choice", "a", "${x") + flow("g", "choice", "b", "${y}")),
        ["Expected the condition to be a valid"],
    ),
    (C7, f"<task id='a'/>{flow('f', 'a', 'a', '')}", ["Expected a condition, found an empty one."]),
    (
        C7,
        "<task id='a'/>" + flow("f", "a", "a", "x").replace("Expression>x", "Expression language='groovy'>x"),
        ["Conditions in 'groovy' are not supported."],
    ),
    (
        C8,
        START + gateway(flow("f", "choice", "a", "=x") + flow("g", "choice", "b")),
        ["Must have a condition or be default flow, because exclusive gateway 'choice' has several outgoing flows"],
    ),
    (
        C8,
        START + gateway(flow("f", "choice", "a", "x") + flow("g", "choice", "b", "=y")),
        ["Expected expression but found static value 'x'. An expression must start with '=' (e.g. '=x')."],
    ),
    (
        C8,
        START
        + "<inclusiveGateway id='x'/><task id='a'/><task id='b'/>"
        + flow("f", "x", "a", "=x")
        + flow("g", "x", "b"),
        ["Must have a condition or be default flow, because inclusive gateway 'x' has several outgoing flows"],
    ),
    # events
    *[
        (
            semantics,
            START
            + "<task id='t'/>"
            + event_sub_process(TIMER)
            + flow("f", "t", "around-x")
            + flow("g", "around-x", "t"),
            [
                "Invalid incoming sequence flow of event subprocess 'around-x'.",
                "Invalid outgoing sequence flow of event subprocess 'around-x'.",
            ],
        )
        for semantics in Semantics
    ],
    *[
        (
            semantics,
            START
            + "<task id='t'/><task id='undo' isForCompensation='true'/>"
            + flow("f", "t", "undo")
            + flow("g", "undo", "t"),
            [
                "Invalid incoming sequence flow of compensation activity 'undo'.",
                "Invalid outgoing sequence flow of compensation activity 'undo'.",
            ],
        )
        for semantics in Semantics
    ],
    (
        C7,
        on_task(UNDO) + "<task id='undo'/><association id='a' sourceRef='x' targetRef='undo'/>",
        ["Invalid compensation handler 'undo': it is not marked isForCompensation."],
    ),
    (
        C7,
        on_task(UNDO, UNDO),
        ["Multiple compensation boundary events on 't' are not allowed."],
    ),
    (
        C8,
        START + on_task(UNDO),
        ["A compensation boundary event must have exactly one association to a handler."],
    ),
    (C8, START + catch(CYCLE), ["Intermediate timer catch event must have a time duration or a time date"]),
    (C8, START + on_task(CYCLE), ["Interrupting timer event with time cycle is not allowed."]),
    (C8, START + event_sub_process(CYCLE), ["Interrupting timer event with time cycle is not allowed."]),
    (C8, START + catch(TIMER.replace("PT1S", "soon")), ["Invalid timer 'soon': Invalid duration format 'soon'"]),
    (
        C8,
        START + "<eventBasedGateway id='x'/>" + catch(TIMER, "e") + flow("f", "x", "e"),
        ["An event-based gateway must have at least two outgoing sequence flows to catch events."],
    ),
    *[
        (
            semantics,
            START + f"<task id='t'/><eventBasedGateway id='x'/>{TWO_EVENTS}{flow('f', 'x', 't')}{flow('g', 't', 'e1')}",
            [
                "Invalid incoming sequenceflow for intermediateCatchEvent with id 'e1' connected to an event-based gateway",
                "An event-based gateway can only lead to intermediate catch events, found 'task' 't'.",
            ],
        )
        for semantics in Semantics
    ],
    (
        C8,
        START + "<adHocSubProcess id='x'><startEvent id='s'/><task id='t'/><endEvent id='e'/></adHocSubProcess>",
        [
            "An ad-hoc sub-process must not contain a start event.",
            "An ad-hoc sub-process must not contain an end event.",
        ],
    ),
    *[
        (
            semantics,
            START
            + event_sub_process(TIMER).replace(
                "</subProcess>",
                "<multiInstanceLoopCharacteristics camunda:collection='c'><extensionElements><zeebe:loopCharacteristics "
                "inputCollection='=c'/></extensionElements></multiInstanceLoopCharacteristics></subProcess>",
            ),
            ["An event sub-process cannot be multi-instance: it begins whenever its event occurs."],
        )
        for semantics in Semantics
    ],
    (
        C8,
        START + f"<task id='a'/>{flow('f', 'a', 'a', '=x')}",
        ["Conditional sequence flows are only supported at exclusive or inclusive gateway."],
    ),
]


@pytest.mark.parametrize(("semantics", "elements", "expected"), STRUCTURE)
def test_elements_that_do_not_fit_together_are_refused(semantics, elements, expected):
    found = [problem.message for problem in problems(process(elements), semantics, chosen=True)]
    assert len(found) == len(expected), found
    assert [actual.startswith(start) for actual, start in zip(found, expected, strict=True)] == [True] * len(expected)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("camunda:historyTimeToLive='soon'", "Cannot parse historyTimeToLive"),
        ("camunda:historyTimeToLive='P1M'", "Cannot parse historyTimeToLive"),
        (f"camunda:versionTag='{'v' * 65}'", "Expected a version tag of at most 64 characters, found 65."),
        (f"name='{'n' * 256}'", "Expected a name of at most 255 characters, found 256."),
    ],
)
def test_the_attributes_of_a_process_are_checked(attributes, expected):
    (problem,) = problems(process(START, attributes=attributes))
    assert problem.message.startswith(expected)
    assert (problem.element_id, problem.line) == ("p", 1)


@pytest.mark.parametrize("content", ["", "<process id='p'/>", "<process id='p' isExecutable='false'/>", "<process/>"])
def test_a_file_without_executable_process_is_refused(content):
    assert messages(definitions(content)) == [
        "Must contain at least one executable process: expected a 'process' with isExecutable=\"true\", found none."
    ]


def test_a_process_without_id_is_refused():
    assert messages(definitions(f"<process isExecutable='true'>{START}</process>"))[0] == (
        "Expected 'process' to have an id, found none."
    )


def test_everything_wrong_is_reported_at_once_in_the_order_of_the_file():
    model = process(
        """\
        <startEvent id="start"/>
        <serviceTask id="calculate" camunda:class="org.Calculate"/>
        <complexGateway id="ship"/>
        <subProcess id="pack">
          <userTask id="choose box" camunda:assignee="${packer.}"/>
          <boundaryEvent id="late" attachedToRef="choose"><timerEventDefinition/></boundaryEvent>
        </subProcess>
        <sequenceFlow id="f1" sourceRef="start" targetRef="calculate"/>
        <sequenceFlow id="f2" sourceRef="calculate" targetRef="ship"/>
        <sequenceFlow id="f3" sourceRef="ship" targetRef="gone"/>
        """
    )
    assert [(found.line, found.element_id, re.split("[ :]", found.message)[0]) for found in problems(model)] == [
        (3, "calculate", "'camunda"),
        (4, "ship", "'complexGateway'"),
        (5, "pack", "Must"),
        (6, "choose box", "Expected"),
        (6, "choose box", "Expected"),
        (7, "late", "Expected"),
        (7, "late", "Invalid"),
        (11, "f3", "Invalid"),
    ]
    assert {found.resource for found in problems(model)} == {"model.bpmn"}


def test_the_text_of_a_refusal_names_element_and_line_of_every_problem():
    with pytest.raises(ModelProblems) as refusal:
        read_model(process("<task/>\n<complexGateway id='x'/>"), resource_name="model.bpmn", fallback=C7)
    assert str(refusal.value) == (
        "line 2: Expected 'task' to have an id, found none.; 'x', line 3: 'complexGateway' is not supported yet."
    )


def test_so_many_problems_that_nobody_reads_them_are_counted():
    found = messages(process("<complexGateway id='c'/>" * 700))
    assert found[-1] == "… and 399 more problems."
    assert len(found) == 1001


WARNINGS = [
    (
        C7,
        "<task id='x'/>",
        "Must have at least one start event, found none: the process can only be started at elements",
    ),
    (C7, START + extended("userTask", "<camunda:formData/>"), "'camunda:formData' has no effect"),
    (C7, START + extended("task", "<camunda:teleport/>"), "'camunda:teleport' is not known and has no effect."),
    (C8, START + extended("task", "<zeebe:teleport/>"), "'zeebe:teleport' is not known and has no effect."),
    (
        C7,
        START + gateway(flow("f", "choice", "a", "${x}") + flow("g", "choice", "b")),
        "Exclusive Gateway 'choice' has outgoing sequence flow 'g' without condition which is not the default flow. It is taken",
    ),
    (
        C8,
        START + gateway(flow("f", "choice", "a", "=x") + flow("g", "choice", "b", "=y"), "default='g'"),
        "The condition has no effect, because this is the default flow.",
    ),
    (
        C7,
        START + f"<parallelGateway id='fork'/><task id='a'/>{flow('f', 'fork', 'a', '${x}')}",
        "The condition has no effect after a gateway that does not choose by conditions.",
    ),
    (
        C7,
        START + throw("<compensateEventDefinition waitForCompletion='false'/>"),
        "'waitForCompletion=\"false\"' is not supported: an event goes on when its compensation is done.",
    ),
    (
        C7,
        START
        + on_task(UNDO)
        + "<task id='undo' isForCompensation='true'/><association id='a' sourceRef='x' targetRef='undo'/>"
        + flow("f", "x", "t"),
        "No token will ever take this flow: a compensation boundary event leads to its handler only.",
    ),
    (C7, START + f"<task id='a'/>{flow('f', 'a', 'a', 'true')}", "The condition 'true' is no expression and will fail"),
]


@pytest.mark.parametrize(("semantics", "elements", "expected"), WARNINGS)
def test_what_has_no_effect_is_a_warning(semantics, elements, expected):
    (warning,) = read(process(elements), semantics).warnings
    assert warning.message.startswith(expected)
    assert warning.line


def test_a_process_that_is_not_executable_is_skipped_with_a_warning():
    content = definitions(
        f"<process id='p' isExecutable='true'>{START}</process>\n<process id='q'><callActivity id='c'/></process>"
    )
    model = read(content)
    assert [process.id for process in model.processes] == ["p"]
    (warning,) = model.warnings
    assert (warning.element_id, warning.line) == ("q", 3)


def test_what_only_describes_is_accepted_without_a_word():
    model = read(
        process(
            """\
            <documentation>How we sell.</documentation>
            <extensionElements><camunda:properties><camunda:property name="owner" value="sales"/></camunda:properties>
              <other:thing xmlns:other="urn:other"/></extensionElements>
            <ioSpecification><inputSet/><outputSet/></ioSpecification>
            <laneSet id="lanes"><lane id="lane"><flowNodeRef>start</flowNodeRef></lane></laneSet>
            <property id="property"/><dataObject id="data"/><dataObjectReference id="reference" dataObjectRef="data"/>
            <dataStoreReference id="store"/><group id="group"/><textAnnotation id="note"><text>!</text></textAnnotation>
            <association id="association" sourceRef="start" targetRef="note"/>
            <startEvent id="start"><outgoing>f</outgoing></startEvent>
            <userTask id="task" camunda:modelerTemplate="template"><incoming>f</incoming>
              <property id="p2"/><dataInputAssociation id="d"/></userTask>
            <sequenceFlow id="f" sourceRef="start" targetRef="task"/>
            """,
            others="<collaboration id='c'><participant id='us' processRef='p'/><messageFlow id='m'/></collaboration>"
            "<category id='category'/><error id='error'/>",
        )
    )
    assert model.warnings == ()
    assert set(model.processes[0].elements) == {"p", "start", "task"}
