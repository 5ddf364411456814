"""What a good model becomes: elements with their details, mappings, flows and scopes, in both vocabularies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workflow.bpmn.writing import definitions, process, read, read_one
from workflow.bpmn import read_model, read_process
from workflow.elements.job_task import InlineExpressionDetails, JobDetails
from workflow.elements.receive_task import MessageDetails
from workflow.elements.script_task import ScriptDetails
from workflow.elements.user_task import FormReference, UserTaskDetails
from workflow.engine.errors import ModelProblems
from workflow.expressions import parse_camunda7, parse_feel, parse_zeebe
from workflow.graph import (
    ElementType,
    ExecutableProcess,
    FlowNode,
    ListValue,
    MapValue,
    Semantics,
    VariableMapping,
)

C7, C8 = Semantics.CAMUNDA_7, Semantics.ZEEBE
START = "<startEvent id='start'/>"
DEMO_MODELS = sorted((Path(__file__).parents[3] / "operate/demo/models").glob("*.bpmn"))


def outline(node: FlowNode) -> list[object]:
    """The elements of a scope, each with the flows that leave it."""
    lines: list[object] = []
    for child in node.children:
        ways = ", ".join(
            f"{flow.id} to {flow.target.id}"
            + (f" if {flow.condition.source}" if flow.condition else "")
            + (" by default" if flow is child.default_flow else "")
            for flow in child.outgoing
        )
        lines.append(f"{child.type} {child.id}" + (f": {ways}" if ways else ""))
        if child.is_scope:
            lines.append(outline(child))
    return lines


def task(elements: str, semantics: Semantics, *, others: str = "", attributes: str = "") -> FlowNode:
    """The element 'task' of a process of these elements."""
    return read_one(START + elements, semantics, others=others, attributes=attributes).elements["task"]


def zeebe_task(tag: str, extensions: str) -> FlowNode:
    return task(f"<{tag} id='task'><extensionElements>{extensions}</extensionElements></{tag}>", C8)


def same(one: ExecutableProcess, other: ExecutableProcess) -> bool:
    """Whether two graphs are alike in everything; flow nodes themselves know only identity."""

    def facts(process: ExecutableProcess) -> list[object]:
        nodes = [
            (n.id, n.name, n.type, n.details, n.inputs, n.outputs, n.documentation, n.flow_scope and n.flow_scope.id)
            for n in process.elements.values()
        ]
        flows = [(f.id, f.name, f.source.id, f.target.id, f.condition) for f in process.flows.values()]
        about = (process.id, process.name, process.semantics, process.version_tag, process.history_time_to_live_days)
        return [about, nodes, flows, outline(process.root)]

    return facts(one) == facts(other)


# -- structure


@pytest.mark.parametrize(("semantics", "condition"), [(C7, "${amount > 10}"), (C8, "=amount > 10")])
def test_a_process_is_read_with_its_scopes_flows_and_conditions(semantics, condition):
    read_process = read_one(
        f"""\
        <startEvent id="start"/>
        <subProcess id="pack">
          <startEvent id="begin"/><parallelGateway id="fork"/><manualTask id="fold"/><task id="fill"/>
          <parallelGateway id="join"/><endEvent id="packed"/>
          <sequenceFlow id="p1" sourceRef="begin" targetRef="fork"/>
          <sequenceFlow id="p2" sourceRef="fork" targetRef="fold"/>
          <sequenceFlow id="p3" sourceRef="fork" targetRef="fill"/>
          <sequenceFlow id="p4" sourceRef="fold" targetRef="join"/>
          <sequenceFlow id="p5" sourceRef="fill" targetRef="join"/>
          <sequenceFlow id="p6" sourceRef="join" targetRef="packed"/>
        </subProcess>
        <exclusiveGateway id="insured" default="f3"/>
        <userTask id="insure"/>
        <endEvent id="end"/>
        <sequenceFlow id="f1" sourceRef="start" targetRef="pack"/>
        <sequenceFlow id="f2" sourceRef="pack" targetRef="insured"/>
        <sequenceFlow id="f3" sourceRef="insured" targetRef="end"/>
        <sequenceFlow id="f4" sourceRef="insured" targetRef="insure">
          <conditionExpression> {condition.replace(">", "&gt;")} </conditionExpression>
        </sequenceFlow>
        """,
        semantics,
    )
    assert outline(read_process.root) == [
        "START_EVENT start: f1 to pack",
        "SUB_PROCESS pack: f2 to insured",
        [
            "START_EVENT begin: p1 to fork",
            "PARALLEL_GATEWAY fork: p2 to fold, p3 to fill",
            "MANUAL_TASK fold: p4 to join",
            "TASK fill: p5 to join",
            "PARALLEL_GATEWAY join: p6 to packed",
            "END_EVENT packed",
        ],
        f"EXCLUSIVE_GATEWAY insured: f3 to end by default, f4 to insure if {condition}",
        "USER_TASK insure",
        "END_EVENT end",
    ]
    assert read_process.root.type is ElementType.PROCESS


def test_flows_without_id_get_the_same_one_at_every_reading():
    flow = "<sequenceFlow sourceRef='start' targetRef='task'/>"
    content = process(f"{START}<task id='task'/>{flow}{flow}<sequenceFlow id='f' sourceRef='start' targetRef='task'/>")
    for _ in range(2):
        assert list(read(content).processes[0].flows) == ["start->task", "start->task#2", "f"]


def test_names_and_documentation_are_kept():
    node = task("<task id='task' name='Pack &amp; ship'><documentation> Use the small box. </documentation></task>", C7)
    assert (node.name, node.documentation) == ("Pack & ship", "Use the small box.")


def test_all_executable_processes_of_a_file_are_read():
    content = definitions(
        f"<process id='p' name='One' isExecutable='true'>{START}</process>"
        "<process id='q' isExecutable='true'><startEvent id='other'/></process>"
    )
    assert [(each.id, each.name) for each in read(content).processes] == [("p", "One"), ("q", "")]


def test_a_process_of_a_deployed_model_is_read_again_by_its_id():
    content = definitions(
        f"<process id='p' isExecutable='true'>{START}</process>"
        "<process id='q' isExecutable='true'><startEvent id='other'/></process>"
    )
    xml = f'<?xml version="1.0" encoding="UTF-8"?>{content.decode()}'
    assert set(read_process(xml, "q", C7).elements) == {"q", "other"}
    with pytest.raises(ModelProblems, match="Expected a process 'r' in the model, found none"):
        read_process(xml, "r", C7)


@pytest.mark.parametrize("path", DEMO_MODELS, ids=lambda path: path.stem)
def test_the_models_of_the_demo_are_read_without_a_warning_and_alike_at_every_reading(path):
    content = path.read_bytes()
    model = read_model(content, resource_name=path.name, fallback=None)
    assert model.warnings == ()
    for each in model.processes:
        assert same(each, read_process(content.decode(), each.id, model.semantics))


@pytest.mark.parametrize(
    ("attributes", "tag", "days", "startable"),
    [
        ("", "", None, True),
        ("camunda:versionTag='1.2' camunda:historyTimeToLive='180'", "1.2", 180, True),
        ("camunda:historyTimeToLive='P30D' camunda:isStartableInTasklist='false'", "", 30, False),
    ],
)
def test_a_camunda_7_process_tells_version_tag_time_to_live_and_startability(attributes, tag, days, startable):
    found = read_one(START, C7, attributes=attributes)
    assert (found.version_tag, found.history_time_to_live_days, found.startable) == (tag, days, startable)


def test_a_zeebe_process_tells_its_version_tag():
    tag = "<extensionElements><zeebe:versionTag value='v7'/></extensionElements>"
    assert read_one(tag + START, C8).version_tag == "v7"


# -- Camunda 7


def test_a_camunda_7_user_task_is_read_with_all_its_attributes():
    node = task(
        "<userTask id='task' camunda:assignee='${clerk}' camunda:candidateUsers='anna, ${boss}' "
        "camunda:candidateGroups='sales,support' camunda:dueDate='${due}' camunda:followUpDate='2026-03-02T08:00:00' "
        "camunda:priority='70' camunda:formKey='embedded:app:forms/pack.html'/>",
        C7,
    )
    assert node.details == UserTaskDetails(
        assignee=parse_camunda7("${clerk}"),
        candidate_users=(parse_camunda7("anna"), parse_camunda7("${boss}")),
        candidate_groups=(parse_camunda7("sales"), parse_camunda7("support")),
        due_date=parse_camunda7("${due}"),
        follow_up_date=parse_camunda7("2026-03-02T08:00:00"),
        priority=parse_camunda7("70"),
        form_key=parse_camunda7("embedded:app:forms/pack.html"),
    )


def test_performers_and_potential_owners_of_the_bpmn_standard_are_read_too():
    def resource(role: str, text: str) -> str:
        expression = f"<formalExpression>{text}</formalExpression>"
        return f"<{role}><resourceAssignmentExpression>{expression}</resourceAssignmentExpression></{role}>"

    owners = "user(anna), group(sales), support, user(${boss}), ${team.of(a, (b))}"
    node = task(
        "<userTask id='task' camunda:candidateGroups='back-office'>"
        + resource("humanPerformer", "kim")
        + resource("potentialOwner", owners)
        + "</userTask>",
        C7,
    )
    assert node.details == UserTaskDetails(
        assignee=parse_camunda7("kim"),
        candidate_users=(parse_camunda7("anna"), parse_camunda7("${boss}")),
        candidate_groups=tuple(
            parse_camunda7(group) for group in ("back-office", "sales", "support", "${team.of(a, (b))}")
        ),
    )


def test_a_camunda_7_form_may_be_named_by_reference():
    assert task("<userTask id='task' camunda:formRef='pack'/>", C7).details == UserTaskDetails(
        form=FormReference(parse_camunda7("pack"))
    )
    attributes = "camunda:formRef='pack' camunda:formRefBinding='version' camunda:formRefVersion='${version}'"
    assert task(f"<userTask id='task' {attributes}/>", C7).details == UserTaskDetails(
        form=FormReference(parse_camunda7("pack"), "version", parse_camunda7("${version}"))
    )


@pytest.mark.parametrize("tag", ["serviceTask", "sendTask", "businessRuleTask"])
def test_an_external_task_is_read_with_topic_and_priority(tag):
    node = task(f"<{tag} id='task' camunda:type='external' camunda:topic='${{t}}' camunda:taskPriority='${{p}}'/>", C7)
    assert node.details == JobDetails(parse_camunda7("${t}"), priority=parse_camunda7("${p}"))


def test_the_process_gives_a_priority_to_external_tasks_that_have_none():
    element = "<serviceTask id='task' camunda:type='external' camunda:topic='t' {}/>"
    attributes = "camunda:taskPriority='7'"
    assert task(element.format(""), C7, attributes=attributes).details.priority == parse_camunda7("7")
    own = element.format("camunda:taskPriority='9'")
    assert task(own, C7, attributes=attributes).details.priority == parse_camunda7("9")


def test_an_expression_may_be_the_whole_service():
    node = task("<serviceTask id='task' camunda:expression='${a + b}' camunda:resultVariable='sum'/>", C7)
    assert node.details == InlineExpressionDetails(parse_camunda7("${a + b}"), "sum")


@pytest.mark.parametrize(
    ("language", "text", "script"),
    [
        ("scriptFormat='feel'", "a + b", parse_feel("a + b")),
        ("scriptFormat='FEEL'", "<![CDATA[ if a < b then a else b ]]>", parse_feel("if a < b then a else b")),
        ("scriptFormat='juel'", "${a + b}", parse_camunda7("${a + b}")),
        ("", "${a + b}", parse_camunda7("${a + b}")),
    ],
)
def test_a_camunda_7_script_is_feel_or_juel(language, text, script):
    node = task(f"<scriptTask id='task' {language} camunda:resultVariable='x'><script>{text}</script></scriptTask>", C7)
    assert node.details == ScriptDetails(script, "x")


def test_a_camunda_7_receive_task_names_its_message_or_none():
    assert task("<receiveTask id='task'/>", C7).details == MessageDetails()
    message = "<message id='m' name='paid ${order}'/>"
    for reference in ("m", "tns:m"):
        node = task(f"<receiveTask id='task' messageRef='{reference}'/>", C7, others=message)
        assert node.details == MessageDetails(parse_camunda7("paid ${order}"))


@pytest.mark.parametrize("language", ["feel", "FEEL", "https://www.omg.org/spec/FEEL/20191111/"])
def test_a_camunda_7_condition_may_be_feel(language):
    found = read_one(
        f"""{START}<task id="a"/><sequenceFlow id="f" sourceRef="start" targetRef="a">
        <conditionExpression language="{language}">x > 1</conditionExpression></sequenceFlow>""",
        C7,
    )
    assert found.flows["f"].condition == parse_feel("x > 1")


def test_camunda_7_parameters_may_be_text_lists_maps_and_scripts():
    node = task(
        """<task id="task"><extensionElements><camunda:inputOutput>
          <camunda:inputParameter name="text">Order ${number}</camunda:inputParameter>
          <camunda:inputParameter name="nothing"/>
          <camunda:inputParameter name="list"><camunda:list>
            <camunda:value>${a}</camunda:value>
            <camunda:list><camunda:value>b</camunda:value></camunda:list>
            <camunda:script scriptFormat="feel">1 + 1</camunda:script>
          </camunda:list></camunda:inputParameter>
          <camunda:inputParameter name="map"><camunda:map>
            <camunda:entry key="x">1</camunda:entry>
            <camunda:entry key="y"><camunda:script scriptFormat="juel">${c}</camunda:script></camunda:entry>
            <camunda:entry key="z"><camunda:list/></camunda:entry>
          </camunda:map></camunda:inputParameter>
          <camunda:outputParameter name="total"><camunda:script scriptFormat="feel">sum(list)</camunda:script>
          </camunda:outputParameter>
        </camunda:inputOutput></extensionElements></task>""",
        C7,
    )
    assert node.inputs == (
        VariableMapping(parse_camunda7("Order ${number}"), "text"),
        VariableMapping(parse_feel("null"), "nothing"),
        VariableMapping(
            ListValue((parse_camunda7("${a}"), ListValue((parse_camunda7("b"),)), parse_feel("1 + 1"))), "list"
        ),
        VariableMapping(
            MapValue((("x", parse_camunda7("1")), ("y", parse_camunda7("${c}")), ("z", ListValue(())))), "map"
        ),
    )
    assert node.outputs == (VariableMapping(parse_feel("sum(list)"), "total"),)


# -- Zeebe


@pytest.mark.parametrize("native", ["<zeebe:userTask/>", ""])
def test_a_zeebe_user_task_is_a_task_for_people_whether_native_or_a_jobs(native):
    node = zeebe_task(
        "userTask",
        f"{native}<zeebe:assignmentDefinition assignee='=clerk' candidateUsers='anna, kim' candidateGroups='=teams'/>"
        "<zeebe:taskSchedule dueDate='=due' followUpDate='2026-03-02T08:00:00Z'/>"
        "<zeebe:priorityDefinition priority='70'/><zeebe:formDefinition formId='pack'/>",
    )
    assert node.details == UserTaskDetails(
        assignee=parse_zeebe("=clerk"),
        candidate_users=(parse_zeebe("anna, kim"),),
        candidate_groups=(parse_zeebe("=teams"),),
        due_date=parse_zeebe("=due"),
        follow_up_date=parse_zeebe("2026-03-02T08:00:00Z"),
        priority=parse_zeebe("70"),
        form_key=parse_zeebe("pack"),
    )


@pytest.mark.parametrize("attribute", ["formKey", "formId", "externalReference"])
def test_a_zeebe_form_is_named_in_one_of_three_ways(attribute):
    node = zeebe_task("userTask", f"<zeebe:formDefinition {attribute}='pack'/>")
    assert node.details == UserTaskDetails(form_key=parse_zeebe("pack"))


@pytest.mark.parametrize("tag", ["serviceTask", "sendTask", "businessRuleTask", "scriptTask"])
def test_a_zeebe_job_is_read_with_type_retries_and_headers(tag):
    node = zeebe_task(
        tag,
        "<zeebe:taskDefinition type='=kind' retries='5'/>"
        "<zeebe:taskHeaders><zeebe:header key='method' value='POST'/><zeebe:header key='empty'/></zeebe:taskHeaders>",
    )
    assert node.details == JobDetails(parse_zeebe("=kind"), parse_zeebe("5"), headers={"method": "POST"})


def test_a_zeebe_script_is_read_with_its_result_variable():
    node = zeebe_task("scriptTask", "<zeebe:script expression='=a + b' resultVariable='sum'/>")
    assert node.details == ScriptDetails(parse_zeebe("=a + b"), "sum")


def test_a_zeebe_receive_task_has_message_name_and_correlation_key():
    key = "<extensionElements><zeebe:subscription correlationKey='=order.id'/></extensionElements>"
    node = task("<receiveTask id='task' messageRef='m'/>", C8, others=f"<message id='m' name='paid'>{key}</message>")
    assert node.details == MessageDetails(parse_zeebe("paid"), parse_zeebe("=order.id"))


def test_zeebe_mappings_are_expressions_or_text_with_a_path_as_target():
    node = zeebe_task(
        "serviceTask",
        "<zeebe:taskDefinition type='t'/><zeebe:ioMapping><zeebe:input source='=a + 1' target='b.c'/>"
        "<zeebe:input source='plain' target='text'/><zeebe:output source='=r' target='result'/></zeebe:ioMapping>",
    )
    assert node.inputs == (
        VariableMapping(parse_zeebe("=a + 1"), "b.c"),
        VariableMapping(parse_zeebe("plain"), "text"),
    )
    assert node.outputs == (VariableMapping(parse_zeebe("=r"), "result"),)


def test_extensions_of_the_other_vocabulary_say_nothing():
    model = read_model(
        process(f"{START}<userTask id='task' camunda:assignee='anna' camunda:asyncBefore='true'/>"),
        resource_name="model.bpmn",
        fallback=None,
        chosen=C8,
    )
    assert model.processes[0].elements["task"].details == UserTaskDetails()
