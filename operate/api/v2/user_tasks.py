"""User tasks: finding, assigning, changing and completing them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import AssignUserTask, CompleteUserTask, UpdateUserTask
from operate.api.v2.base import V2View, one
from operate.api.v2.bodies import LONGEST_NAME, Body, kind_of, moment, shown
from operate.api.v2.errors import InvalidArgument
from operate.api.v2.fields import NOTHING, Field, Kind
from operate.api.v2.schema import DATE, FLAG, TEXT, VARIABLES, WHOLE, Schema, array, nullable, record
from operate.api.v2.search import Columns, Item, Search
from operate.api.v2.variables import NAMED_VALUES, VariableSearch, having_variables
from workflow.models import UserTask, Variable
from workflow.selectors import model_facts, visible_variables

TAG = "User task"
WHAT = "a user task"
HIGHEST_PRIORITY = 100
MOST_CANDIDATES = 1_000
STATES = {state.value: Q(state=state) for state in UserTask.State} | dict.fromkeys(
    ("CREATING", "ASSIGNING", "UPDATING", "COMPLETING", "CANCELING", "FAILED"), NOTHING
)


class UserTaskSearch(Search):
    """Find user tasks."""

    tag = TAG
    what = WHAT
    has_alternatives = True
    fields = (
        Field("userTaskKey", "key", Kind.KEY, sort=False),
        Field("name", "name", blank=True),
        Field("state", "state", Kind.CHOICE, choices=STATES, sort=False),
        Field("assignee", "assignee", sort=False),
        Field("elementId", "element_id", sort=False),
        Field("elementInstanceKey", "element_instance_key", Kind.KEY, sort=False),
        Field("candidateGroups", "candidate_groups", sort=False, filter=False, schema=array(TEXT)),
        Field("candidateGroup", "candidate_groups", Kind.TEXTS, sort=False, shown=False),
        Field("candidateUsers", "candidate_users", sort=False, filter=False, schema=array(TEXT)),
        Field("candidateUser", "candidate_users", Kind.TEXTS, sort=False, shown=False),
        Field("processDefinitionId", "process_instance__process_id", sort=False),
        Field("processDefinitionKey", "definition_key", Kind.KEY, sort=False),
        Field("processDefinitionVersion", "process_instance__version", Kind.WHOLE, filter=False, sort=False),
        Field("processName", "definition__name", blank=True, filter=False, sort=False),
        Field("processInstanceKey", "process_instance_key", Kind.KEY, sort=False),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, sort=False, filter=False),
        Field("creationDate", "created_at", Kind.DATE),
        Field("completionDate", "ended_at", Kind.DATE),
        Field("followUpDate", "follow_up_at", Kind.DATE),
        Field("dueDate", "due_at", Kind.DATE),
        Field("tenantId", "workspace__slug", sort=False),
        Field("externalFormReference", "form_key", sort=False, filter=False),
        Field("customHeaders", sort=False, filter=False, needs=("definition_key", "element_id"),
              render=lambda row: row["headers"], schema=record()),
        Field("priority", "priority", Kind.WHOLE),
        Field("businessId", "process_instance__business_key", blank=True),
        Field("formKey", sort=False, filter=False),
        Field("tags", "process_instance__tags", Kind.TEXTS, sort=False, filter=False, schema=array(TEXT)),
    )  # fmt: skip
    own_filters: Mapping[str, Schema] = {
        "processInstanceVariables": NAMED_VALUES,
        "localVariables": NAMED_VALUES,
        "tags": array(TEXT),
    }

    def rows(self) -> QuerySet[UserTask]:
        return self.visible(UserTask.objects.all())

    def completed(self, rows: list[Columns]) -> list[Columns]:
        models = model_facts(row["definition_key"] for row in rows)
        return [
            {**row, "headers": models[row["definition_key"]].task_headers.get(row["element_id"], {})}
            if row["definition_key"] in models
            else {**row, "headers": {}}
            for row in rows
        ]

    def own_filter(self, name: str, value: Any, path: str) -> Q:
        match name:
            case "processInstanceVariables":
                return having_variables(value, path, "process_instance_key")
            case "localVariables":
                return having_variables(value, path, "element_instance_key")
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise InvalidArgument(f"Expected '{path}' to be a list of strings, found {kind_of(value)}.")
        return Q(process_instance__tags__contains=value)


class UserTaskView(Item):
    """A user task."""

    tag = TAG
    command = "UPDATE"
    search = UserTaskSearch
    bodies = {
        "PATCH": record(
            ("changeset",),
            changeset=record(
                dueDate=nullable(DATE),
                followUpDate=nullable(DATE),
                candidateUsers=nullable(array(TEXT)),
                candidateGroups=nullable(array(TEXT)),
                priority=nullable(WHOLE),
            ),
            action=nullable(TEXT),
        )
    }

    def answer_schema(self, method: str) -> Schema | None:
        return super().answer_schema(method) if method == "GET" else None

    def patch(self, request: Request, key: str) -> Response:
        """Change dates, candidates or priority; null keeps a value, an empty one clears it."""
        changes = changeset(self.body().body("changeset"))
        if not changes:
            raise InvalidArgument("Expected 'changeset' to change something, found nothing in it.")
        self.act(UpdateUserTask).execute(self.key(key, WHAT), changes)
        return self.done()


def changeset(part: Body) -> dict[str, object]:
    """What a changeset changes, by the columns."""
    found: dict[str, object] = {}
    for name, column in (("dueDate", "due_at"), ("followUpDate", "follow_up_at")):
        if name in part:
            found[column] = _date(part, name)
    for name, column in (("candidateUsers", "candidate_users"), ("candidateGroups", "candidate_groups")):
        if name in part:
            found[column] = _names(part, name)
    if "priority" in part:
        found["priority"] = part.whole("priority", at_least=0, at_most=HIGHEST_PRIORITY)
    return found


def _date(part: Body, name: str) -> object:
    text = part.text(name)
    found = moment(text) if text else None
    if text and found is None:
        raise InvalidArgument(f"Expected {part.at(name)} to be a date (ISO 8601), found {shown(text)}.")
    return found


def _names(part: Body, name: str) -> list[str]:
    names: list[str] = list(dict.fromkeys(part.texts(name)))
    if len(names) > MOST_CANDIDATES or any(not 0 < len(each) <= LONGEST_NAME for each in names):
        raise InvalidArgument(
            f"Expected {part.at(name)} to be at most {MOST_CANDIDATES} names of 1 to {LONGEST_NAME} characters each."
        )
    return names


class Assignment(V2View):
    """Give a user task to somebody."""

    tag = TAG
    command = "ASSIGN"
    bodies = {"POST": record(("assignee",), assignee=TEXT, allowOverride=FLAG, action=nullable(TEXT))}

    def post(self, request: Request, key: str) -> Response:
        body = self.body()
        assignee, override = body.name("assignee"), body.flag("allowOverride", default=True)
        self.act(AssignUserTask).execute(self.key(key, WHAT), assignee, only_if_free=not override)
        return self.done()


class Assignee(V2View):
    """Take a user task from whoever has it."""

    tag = TAG
    command = "ASSIGN"

    def delete(self, request: Request, key: str) -> Response:
        self.act(AssignUserTask).execute(self.key(key, WHAT), None)
        return self.done()


class Completion(V2View):
    """Complete a user task with its result; the process goes on."""

    tag = TAG
    command = "COMPLETE"
    bodies = {"POST": record(variables=VARIABLES, action=nullable(TEXT))}

    def post(self, request: Request, key: str) -> Response:
        variables = self.body().object("variables", {})
        self.act(CompleteUserTask).execute(self.key(key, WHAT), variables=variables)
        return self.done()


class TaskForm(V2View):
    """The form of a user task: there is none here (204), forms are not deployed."""

    tag = TAG

    def get(self, request: Request, key: str) -> Response:
        one(self.visible(UserTask.objects.all()), key, WHAT)
        return self.done()


class TaskVariables(VariableSearch):
    """Find the variables that a user task sees, of each name the nearest."""

    tag = TAG

    def rows(self) -> QuerySet[Variable]:
        task = one(self.visible(UserTask.objects.all()), self.kwargs["key"], WHAT)
        return super().rows().filter(pk__in=visible_variables(task.element_instance_key))
