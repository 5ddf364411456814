"""Execution and task listeners of Camunda 7: expressions that run as elements begin and end."""

import pytest

from tests.support.models import model
from tests.support.processes import Running
from workflow.bpmn import read_model
from workflow.engine.errors import ModelProblems, Rejected
from workflow.graph import Semantics
from workflow.modification import CancelAll, ModificationOptions, StartBefore


def listener(event: str, expression: str, *, kind: str = "executionListener") -> str:
    return f'<camunda:{kind} event="{event}" expression="{expression}"/>'


def started(*elements: str) -> Running:
    xml = model("process", Semantics.CAMUNDA_7, "<startEvent id='start'/>" + "".join(elements) + "<endEvent id='end'/>")
    parsed = read_model(xml.encode(), resource_name="model.bpmn", fallback=None)
    return Running(parsed.processes[0], {})


def with_extensions(tag: str, element_id: str, *extensions: str) -> str:
    return f"<{tag} id='{element_id}'><extensionElements>{''.join(extensions)}</extensionElements></{tag}>"


def test_listeners_run_when_an_element_begins_and_when_it_ends():
    # given
    note_start = listener("start", "${execution.setVariable('began', execution.currentActivityId)}")
    note_end = listener("end", "${execution.setVariable('ended', true)}")
    instance = started(with_extensions("userTask", "approve", note_start, note_end))
    assert instance.variables == {"began": "approve"}
    # when
    instance.complete("approve")
    # then
    assert instance.variables == {"began": "approve", "ended": True}


def test_a_cancelled_element_ends_too():
    instance = started(with_extensions("userTask", "approve", listener("end", "${execution.setVariable('ended', 1)}")))

    instance.modify(StartBefore("approve"), CancelAll("approve", only_current=True))

    assert instance.variables == {"ended": 1}


def test_a_command_may_skip_listeners():
    # given
    note = listener("start", "${execution.setVariable('begun', begun + 1)}")
    instance = started("<userTask id='wait'/>", with_extensions("userTask", "approve", note))
    # when
    instance.modify(StartBefore("approve"), options=ModificationOptions(skip_listeners=True))
    # then
    assert instance.variables == {}
    with pytest.raises(Rejected, match="listener of 'approve'"):
        instance.modify(StartBefore("approve"))


def test_task_listeners_see_and_change_the_task():
    # given
    assign = listener("create", "${task.setAssignee('anna')}", kind="taskListener")
    note = listener("complete", "${task.setVariable('by', task.assignee)}", kind="taskListener")
    instance = started(with_extensions("userTask", "approve", assign, note))
    # then
    [task] = instance.state.user_tasks.values()
    assert task.assignee == "anna"
    # when
    instance.engine.notify_task(task, "complete")
    # then
    assert instance.variables == {"by": "anna"}


def test_without_a_name_for_the_event_a_listener_of_an_element_runs_at_its_start():
    extension = "<camunda:executionListener expression=\"${execution.setVariable('x', 1)}\"/>"

    assert started(with_extensions("task", "pass", extension)).variables == {"x": 1}


def test_scripts_may_be_listeners():
    script = "<camunda:script scriptFormat='juel'>${execution.setVariable('x', 2)}</camunda:script>"
    script = f"<camunda:executionListener event='start'>{script}</camunda:executionListener>"

    assert started(with_extensions("task", "pass", script)).variables == {"x": 2}


@pytest.mark.parametrize(
    ("extension", "problem"),
    [
        ("<camunda:executionListener class='org.L' event='start'/>", "'camunda:executionListener' with 'class' is not"),
        ("<camunda:executionListener event='begin' expression='${1}'/>", "to have an event of start, end, take"),
        ("<camunda:executionListener event='start'/>", "to have an 'expression' or a 'camunda:script', found neither"),
        ("<camunda:executionListener event='start' expression='${'/>", "to be a valid expression"),
    ],
)
def test_listeners_that_cannot_run_are_problems(extension, problem):
    with pytest.raises(ModelProblems, match=problem):
        started(with_extensions("task", "pass", extension))
