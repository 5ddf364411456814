"""User task: work that waits for a person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

from lxml import etree

from workflow.elements.job_task import read_headers
from workflow.elements.reading import MAX_NAME_LENGTH, ElementReading, reads, text_of
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.errors import ElementFailure
from workflow.engine.step import EXTRACT_VALUE_ERROR, Step
from workflow.engine.timers import first_due
from workflow.engine.values import INTEGER_LIMIT
from workflow.expressions import Expression, Language
from workflow.graph import ElementType, Semantics, TimerKind

DEFAULT_PRIORITY = 50
HIGHEST_ZEEBE_PRIORITY = 100
BINDINGS = ("latest", "deployment", "version")
OWNER = re.compile(r"(user|group)\((.*)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FormReference:
    """A form by its id (Camunda 7), and which of its versions."""

    key: Expression
    binding: str = "latest"
    version: Expression | None = None


@dataclass(frozen=True, slots=True)
class UserTaskDetails:
    """Who shall do the work, by when, and with which form; each an expression or a constant.

    In Camunda 7 the name may contain expressions too; without one the task has the element's name. Candidates are lists of
    names together.
    """

    name: Expression | None = None
    assignee: Expression | None = None
    candidate_users: tuple[Expression, ...] = ()
    candidate_groups: tuple[Expression, ...] = ()
    due_date: Expression | None = None
    follow_up_date: Expression | None = None
    priority: Expression | None = None
    form_key: Expression | None = None
    form: FormReference | None = None
    headers: dict[str, str] = field(default_factory=dict)
    allows_back: bool = False
    """Whether one may go back to the task after it was left."""
    resets_variables: bool = False
    """Whether going back brings the variables back as they were."""


ALLOW_BACK, RESET = "fettle.allowBack", "fettle.resetProcessData"
"""Extension properties of the task, in either vocabulary."""


@reads("userTask", ElementType.USER_TASK)
def read_user_task(reading: ElementReading) -> UserTaskDetails:
    """Assignment, dates and form.

    A user task without `zeebe:userTask`, which Zeebe hands to a job worker, is a task for people here all the same: its
    assignment and form are written in the same way.
    """
    details = _read_zeebe(reading) if reading.is_zeebe else _read_camunda7(reading)
    properties = reading.properties()
    allows_back, resets = _is_true(reading, properties, ALLOW_BACK), _is_true(reading, properties, RESET)
    if allows_back and reading.child("multiInstanceLoopCharacteristics") is not None:
        reading.warning(f"'{ALLOW_BACK}' has no effect: nobody can go back to one iteration of a multi-instance task.")
        allows_back = False
    if resets and not allows_back:
        reading.warning(f"'{RESET}' has no effect without '{ALLOW_BACK}'.")
    return replace(details, allows_back=allows_back, resets_variables=resets) if allows_back else details


def _is_true(reading: ElementReading, properties: Mapping[str, str], name: str) -> bool:
    value = properties.get(name, "").lower()
    if value not in ("", "true", "false"):
        reading.problem(f"Expected the property '{name}' to be true or false, found '{value}'.")
    return value == "true"


def _read_zeebe(reading: ElementReading) -> UserTaskDetails:
    assignment = reading.extension("assignmentDefinition")
    schedule = reading.extension("taskSchedule")
    priority = reading.extension("priorityDefinition")
    return UserTaskDetails(
        assignee=reading.optional(_value(assignment, "assignee"), "the assignee"),
        candidate_users=_all(reading, [_value(assignment, "candidateUsers") or ""], "the candidate users"),
        candidate_groups=_all(reading, [_value(assignment, "candidateGroups") or ""], "the candidate groups"),
        due_date=reading.optional(_value(schedule, "dueDate"), "the due date"),
        follow_up_date=reading.optional(_value(schedule, "followUpDate"), "the follow-up date"),
        priority=reading.whole_number(_value(priority, "priority"), "the priority", at_most=100),
        form_key=reading.optional(_form(reading.extension("formDefinition")), "the form"),
        headers=read_headers(reading),
    )


def _value(extension: etree._Element | None, name: str) -> str | None:
    return (extension.get(name) or None) if extension is not None else None


def _form(definition: etree._Element | None) -> str | None:
    return _value(definition, "formKey") or _value(definition, "formId") or _value(definition, "externalReference")


def _read_camunda7(reading: ElementReading) -> UserTaskDetails:
    users, groups = _potential_owners(reading)
    users = [*_separated(reading.camunda("candidateUsers") or ""), *users]
    groups = [*_separated(reading.camunda("candidateGroups") or ""), *groups]
    return UserTaskDetails(
        name=reading.optional(reading.name if "{" in reading.name else None, "the name"),
        assignee=reading.optional(reading.camunda("assignee") or _human_performer(reading), "the assignee"),
        candidate_users=_all(reading, users, "the candidate users"),
        candidate_groups=_all(reading, groups, "the candidate groups"),
        due_date=reading.optional(reading.camunda("dueDate"), "the due date"),
        follow_up_date=reading.optional(reading.camunda("followUpDate"), "the follow-up date"),
        priority=reading.whole_number(reading.camunda("priority"), "the priority"),
        form_key=reading.optional(reading.camunda("formKey"), "the form key"),
        form=_form_reference(reading),
    )


def _all(reading: ElementReading, texts: Sequence[str], what: str) -> tuple[Expression, ...]:
    return tuple(reading.expression(text, what) for text in texts if text)


def _form_reference(reading: ElementReading) -> FormReference | None:
    reference = reading.camunda("formRef")
    if reference is None:
        return None
    if reading.camunda("formKey") is not None:
        reading.problem("Expected only one of the attributes formKey and formRef, found both.")
    binding = reading.camunda("formRefBinding") or BINDINGS[0]
    if binding not in BINDINGS:
        reading.problem(f"Expected formRefBinding to be one of {', '.join(BINDINGS)}, found '{binding}'.")
    version = reading.camunda("formRefVersion") if binding == "version" else None
    if binding == "version" and version is None:
        reading.problem("Expected a formRefVersion for the formRefBinding 'version', found none.")
    return FormReference(
        reading.expression(reference, "the form"), binding, reading.optional(version, "the form's version")
    )


def _human_performer(reading: ElementReading) -> str | None:
    return next(_resource_expressions(reading, "humanPerformer"), None)


def _potential_owners(reading: ElementReading) -> tuple[list[str], list[str]]:
    """Users and groups of `potentialOwner`: `user(anna), group(sales), support`, where a bare name is a group."""
    users: list[str] = []
    groups: list[str] = []
    for text in _resource_expressions(reading, "potentialOwner"):
        for part in _separated(text):
            owner = OWNER.fullmatch(part)
            if owner is None:
                groups.append(part)
            else:
                (users if owner[1] == "user" else groups).append(owner[2])
    return users, groups


def _separated(text: str) -> Iterator[str]:
    """The parts between commas; a comma inside brackets separates nothing."""
    depth, start = 0, 0
    for position, character in enumerate(text):
        depth += (character in "({") - (character in ")}")
        if character == "," and not depth:
            yield text[start:position].strip()
            start = position + 1
    yield text[start:].strip()


def _resource_expressions(reading: ElementReading, role: str) -> Iterator[str]:
    for each in reading.children(role):
        for expression in each.iterfind("{*}resourceAssignmentExpression/{*}formalExpression"):
            if text := text_of(expression):
                yield text


@element(ElementType.USER_TASK)
class UserTask(Behaviour):
    """Creates a user task and waits until somebody completes it."""

    def on_activate(self, step: Step) -> None:
        details = step.details(UserTaskDetails)
        step.create_user_task(
            name=(_text(step, details.name) or "") if details.name else step.element.name,
            assignee=_text(step, details.assignee) if details.assignee else None,
            candidate_users=_evaluated_names(step, details.candidate_users),
            candidate_groups=_evaluated_names(step, details.candidate_groups),
            due_at=_date(step, details.due_date) if details.due_date else None,
            follow_up_at=_date(step, details.follow_up_date) if details.follow_up_date else None,
            priority=_priority(step, details.priority) if details.priority else DEFAULT_PRIORITY,
            form_key=_text(step, details.form_key) if details.form_key else None,
            form=_form_of(step, details.form) if details.form else None,
        )
        step.wait()


def _is_zeebe(step: Step) -> bool:
    return step.rules.semantics is Semantics.ZEEBE


def _text(step: Step, expression: Expression) -> str | None:
    """A name, or nothing. Zeebe wants a string; Camunda 7 takes null for nobody and writes anything else as text."""
    value = step.evaluate(expression)
    if value is None and not _is_zeebe(step):
        return None
    if isinstance(value, bool) or not isinstance(value, str if _is_zeebe(step) else str | int | float):
        raise _failure(step, expression, "STRING", value)
    return _short(step, expression, str(value)) or None


def _evaluated_names(step: Step, expressions: Sequence[Expression]) -> list[str]:
    """All names of a list of expressions, each a list or a text with commas; in FEEL a list only."""
    return [name for expression in expressions for name in _names_of(step, expression)]


def _names_of(step: Step, expression: Expression) -> Iterator[str]:
    value = step.evaluate(expression)
    if isinstance(value, str) and expression.language is not Language.FEEL:
        value = [name.strip() for name in value.split(",")]
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _failure(step, expression, "ARRAY of STRING", value)
    for name in cast("list[str]", value):
        if name:
            yield _short(step, expression, name)


def _short(step: Step, expression: Expression, text: str) -> str:
    if len(text) > MAX_NAME_LENGTH:
        raise _failure(step, expression, f"at most {MAX_NAME_LENGTH} characters", text)
    return text


def _date(step: Step, expression: Expression) -> datetime | None:
    """A point in time, or nothing; in Camunda 7 a duration counts from now."""
    value = step.evaluate(expression)
    if value is None or value == "":
        return None
    try:
        return first_due(TimerKind.DATE, value, now=step.now, semantics=step.rules.semantics).at
    except ValueError as error:
        raise ElementFailure(
            EXTRACT_VALUE_ERROR,
            f"Expected result of the expression '{expression.source}' of '{step.element.id}' to be a date. {error}",
        ) from None


def _priority(step: Step, expression: Expression) -> int:
    priority = step.evaluate_whole_number(expression)
    if _is_zeebe(step) and not 0 <= priority <= HIGHEST_ZEEBE_PRIORITY:
        raise ElementFailure(
            EXTRACT_VALUE_ERROR,
            f"Expected priority to be in the range [0,{HIGHEST_ZEEBE_PRIORITY}] but was '{priority}'"
            f" (expression '{expression.source}' of '{step.element.id}').",
        )
    if not -INTEGER_LIMIT <= priority < INTEGER_LIMIT:
        raise _failure(step, expression, "a number of 32 bits", priority)
    return priority


def _form_of(step: Step, form: FormReference) -> dict[str, object]:
    return {
        "key": _text(step, form.key),
        "binding": form.binding,
        "version": step.evaluate_whole_number(form.version) if form.version else None,
    }


def _failure(step: Step, expression: Expression, expected: str, value: object) -> ElementFailure:
    return ElementFailure(EXTRACT_VALUE_ERROR, step.wrong_type(expression, expected, value))
