"""User task: work that waits for a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from workflow.elements.job_task import read_headers
from workflow.elements.reading import ElementReading, reads, text_of
from workflow.engine.behaviour import Behaviour, element
from workflow.engine.step import Step
from workflow.expressions import Expression
from workflow.graph import ElementType

DEFAULT_PRIORITY = 50
OWNER = re.compile(r"(user|group)\((.*)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class UserTaskDetails:
    """Who shall do the work, by when, and with which form; each an expression or a constant.

    In Camunda 7 the name may contain expressions too; without one the task has the element's name.
    """

    name: Expression | None = None
    assignee: Expression | None = None
    candidate_users: Expression | None = None
    candidate_groups: Expression | None = None
    due_date: Expression | None = None
    follow_up_date: Expression | None = None
    priority: Expression | None = None
    form_key: Expression | None = None
    headers: dict[str, str] = field(default_factory=dict)


@reads("userTask", ElementType.USER_TASK)
def read_user_task(reading: ElementReading) -> UserTaskDetails:
    """Assignment, dates and form.

    A user task without `zeebe:userTask`, which Zeebe hands to a job worker, is a task for people here all the same: its
    assignment and form are written in the same way.
    """
    return _read_zeebe(reading) if reading.is_zeebe else _read_camunda7(reading)


def _read_zeebe(reading: ElementReading) -> UserTaskDetails:
    assignment = reading.extension("assignmentDefinition")
    schedule = reading.extension("taskSchedule")
    priority = reading.extension("priorityDefinition")
    return UserTaskDetails(
        assignee=reading.optional(_value(assignment, "assignee"), "the assignee"),
        candidate_users=reading.optional(_value(assignment, "candidateUsers"), "the candidate users"),
        candidate_groups=reading.optional(_value(assignment, "candidateGroups"), "the candidate groups"),
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
    return UserTaskDetails(
        name=reading.optional(reading.name if "{" in reading.name else None, "the name"),
        assignee=reading.optional(reading.camunda("assignee") or _human_performer(reading), "the assignee"),
        candidate_users=reading.optional(_joined(reading.camunda("candidateUsers"), *users), "the candidate users"),
        candidate_groups=reading.optional(_joined(reading.camunda("candidateGroups"), *groups), "the candidate groups"),
        due_date=reading.optional(reading.camunda("dueDate"), "the due date"),
        follow_up_date=reading.optional(reading.camunda("followUpDate"), "the follow-up date"),
        priority=reading.whole_number(reading.camunda("priority"), "the priority"),
        form_key=reading.optional(reading.camunda("formKey") or reading.camunda("formRef"), "the form key"),
    )


def _joined(*names: str | None) -> str | None:
    return ",".join(name for name in names if name) or None


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
            name=step.evaluate_string(details.name) if details.name else step.element.name,
            assignee=(step.evaluate_string(details.assignee) or None) if details.assignee else None,
            candidate_users=step.evaluate_names(details.candidate_users) if details.candidate_users else [],
            candidate_groups=step.evaluate_names(details.candidate_groups) if details.candidate_groups else [],
            due_at=step.evaluate_date(details.due_date) if details.due_date else None,
            follow_up_at=step.evaluate_date(details.follow_up_date) if details.follow_up_date else None,
            priority=step.evaluate_whole_number(details.priority) if details.priority else DEFAULT_PRIORITY,
            form_key=step.evaluate_string(details.form_key) if details.form_key else None,
        )
        step.wait()
