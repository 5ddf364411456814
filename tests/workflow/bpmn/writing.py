"""Models written in a line, and what reading them says."""

from __future__ import annotations

from textwrap import dedent

from workflow.bpmn import ParsedModel, read_model
from workflow.engine.errors import ModelProblems, Problem
from workflow.graph import ExecutableProcess, Semantics

NAMESPACES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:modeler="http://camunda.org/schema/modeler/1.0"'
)


def definitions(content: str, attributes: str = "") -> bytes:
    """A file with this content; its first line is the file's second one."""
    return f"<definitions {NAMESPACES} {attributes}>\n{dedent(content)}</definitions>".encode()


def process(elements: str, *, others: str = "", attributes: str = "") -> bytes:
    """A file with a process 'p' of these elements, which begin in line 2, and with other things after the process."""
    head = f"<definitions {NAMESPACES}><process id='p' isExecutable='true' {attributes}>\n"
    return f"{head}{dedent(elements)}</process>{others}</definitions>".encode()


def read(content: bytes, semantics: Semantics = Semantics.CAMUNDA_7) -> ParsedModel:
    """The model, which is expected to be good."""
    return read_model(content, resource_name="model.bpmn", fallback=semantics)


def read_one(elements: str, semantics: Semantics, *, others: str = "", attributes: str = "") -> ExecutableProcess:
    """The process of these elements."""
    return read(process(elements, others=others, attributes=attributes), semantics).processes[0]


def problems(
    content: bytes, semantics: Semantics | None = Semantics.CAMUNDA_7, *, chosen: bool = False
) -> tuple[Problem, ...]:
    """Everything that is wrong with a model; nothing, if it is good. Chosen semantics overrule what the model says."""
    try:
        read_model(content, resource_name="model.bpmn", fallback=semantics, chosen=semantics if chosen else None)
    except ModelProblems as error:
        return error.problems
    return ()


def messages(content: bytes, semantics: Semantics | None = Semantics.CAMUNDA_7) -> list[str]:
    """The texts of everything that is wrong with a model."""
    return [problem.message for problem in problems(content, semantics)]
