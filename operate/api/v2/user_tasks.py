"""User tasks."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from operate.actions import AssignUserTask, CompleteUserTask, UpdateUserTask
from operate.api.v2.base import V2View, one
from operate.api.v2.bodies import Body, kind_of, moment, shown
from operate.api.v2.errors import InvalidArgument
from operate.api.v2.instances import variable_condition
from operate.api.v2.search import Field, Kind, Search, like_expression
from operate.api.v2.variables import VariableSearch
from workflow.engine.errors import NotFound
from workflow.models import UserTask, Variable
from workflow.selectors import visible_variables

TAG = "User task"
WHAT = "a user task"
STATES = ("CREATED", "COMPLETED", "CANCELED")
PASSING_STATES = ("CREATING", "ASSIGNING", "UPDATING", "COMPLETING", "CANCELING", "FAILED")
CHOICES = {name: Q(state=name) for name in STATES} | {name: Q(pk__in=[]) for name in PASSING_STATES}


class UserTaskSearch(Search):
    """POST /user-tasks/search"""

    tag = TAG
    fields = (
        Field("userTaskKey", "key", Kind.KEY),
        Field("name", "name", render=lambda row: row["name"] or None),
        Field("state", "state", Kind.CHOICE, choices=CHOICES),
        Field("assignee", "assignee"),
        Field("elementId", "element_id"),
        Field("elementInstanceKey", "element_instance_key", Kind.KEY),
        Field("candidateGroups", sort=False, filter=False, needs=("candidate_groups",),
              render=lambda row: row["candidate_groups"]),
        Field("candidateUsers", sort=False, filter=False, needs=("candidate_users",), render=lambda row: row["candidate_users"]),
        Field("processDefinitionId", "process_instance__process_id"),
        Field("processDefinitionKey", "definition_key", Kind.KEY),
        Field("processDefinitionVersion", "process_instance__version", Kind.WHOLE, filter=False),
        Field("processName", "definition__name", filter=False, render=lambda row: row["definition__name"] or None),
        Field("processInstanceKey", "process_instance_key", Kind.KEY),
        Field("rootProcessInstanceKey", "root_process_instance_key", Kind.KEY, sort=False, filter=False),
        Field("creationDate", "created_at", Kind.DATE),
        Field("completionDate", "ended_at", Kind.DATE),
        Field("followUpDate", "follow_up_at", Kind.DATE),
        Field("dueDate", "due_at", Kind.DATE),
        Field("tenantId", "workspace__slug"),
        Field("externalFormReference", "form_key", sort=False, filter=False),
        Field("customHeaders", sort=False, filter=False, render=lambda row: {}),
        Field("priority", "priority", Kind.WHOLE),
        Field("businessId", "process_instance__business_key", sort=False, filter=False),
        Field("formKey", sort=False, filter=False, render=lambda row: None),
        Field("tags", sort=False, filter=False, needs=("process_instance__tags",),
              render=lambda row: row["process_instance__tags"]),
    )  # fmt: skip
    own_filters = ("candidateGroup", "candidateUser", "processInstanceVariables", "localVariables")

    def rows(self) -> QuerySet[UserTask]:
        return self.visible(UserTask.objects.all())

    def own_filter(self, name: str, value: Any, path: str) -> Q:
        match name:
            case "candidateGroup":
                return member("candidate_groups", value, path)
            case "candidateUser":
                return member("candidate_users", value, path)
        scope = OuterRef("process_instance_key" if name == "processInstanceVariables" else "element_instance_key")
        if not isinstance(value, list):
            raise InvalidArgument(f"Expected '{path}' to be a list, found {kind_of(value)}.")
        found = Q()
        for position, each in enumerate(value):
            part = Body(each, f"{path}[{position}]")
            rows = Variable.objects.filter(scope_key=scope, name=part.name("name"))
            found &= Q(Exists(rows.filter(variable_condition(part.raw("value"), part.at("value")))))
        return found


def member(column: str, value: object, path: str) -> Q:
    """What a filter on one of several names demands."""
    if isinstance(value, str):
        return Q(**{f"{column}__contains": [value]})
    match value:
        case {"$eq": str(name)}:
            return Q(**{f"{column}__contains": [name]})
        case {"$neq": str(name)}:
            return ~Q(**{f"{column}__contains": [name]})
        case {"$in": list(names)} if all(isinstance(name, str) for name in names):
            return Q(**{f"{column}__overlap": names})
        case {"$exists": bool(demanded)}:
            empty = Q(**{f"{column}__len": 0})
            return ~empty if demanded else empty
        case {"$like": str(pattern)}:
            return Q(**{f"{column}__icontains": pattern.strip("*")}) if like_expression(pattern) else Q()
    raise InvalidArgument(
        f"Expected '{path}' to be a string or one of $eq, $neq, $in, $exists, $like, found {shown(value)}."
    )


class UserTaskView(V2View):
    """GET and PATCH /user-tasks/{key}"""

    tag = TAG
    command = "UPDATE"

    def get(self, request: Request, key: str) -> Response:
        found = UserTaskSearch.item(self.visible(UserTask.objects.all()), self.key(key, WHAT))
        if found is None:
            raise NotFound(f"Expected to find a user task with key '{key}', but there is none.")
        return Response(found)

    def patch(self, request: Request, key: str) -> Response:
        changes = changeset(self.body().body("changeset"))
        if not changes:
            raise InvalidArgument("Expected 'changeset' to change something, found nothing in it.")
        self.act(UpdateUserTask).execute(self.key(key, WHAT), changes)
        return self.done()


def changeset(part: Body) -> dict[str, object]:
    """What a changeset changes: null keeps a value, "" or an empty list clears it."""
    found: dict[str, object] = {}
    for name, column in (("dueDate", "due_at"), ("followUpDate", "follow_up_at")):
        if name in part:
            text = part.text(name)
            found[column] = moment(text) if text else None
            if text and found[column] is None:
                raise InvalidArgument(f"Expected {part.at(name)} to be a date (ISO 8601), found {shown(text)}.")
    for name, column in (("candidateUsers", "candidate_users"), ("candidateGroups", "candidate_groups")):
        if name in part:
            found[column] = part.texts(name)
    if "priority" in part:
        found["priority"] = priority = part.whole("priority", at_least=0)
        if priority > 100:
            raise InvalidArgument(f"The value for {part.at('priority')} is '{priority}' but must be at most 100.")
    return found


class Assignment(V2View):
    """POST /user-tasks/{key}/assignment"""

    tag = TAG
    command = "ASSIGN"
    response_schema = {204: None}

    def post(self, request: Request, key: str) -> Response:
        body = self.body()
        override = body.flag("allowOverride", default=True)
        self.act(AssignUserTask).execute(self.key(key, WHAT), body.name("assignee"), only_if_free=not override)
        return self.done()


class Assignee(V2View):
    """DELETE /user-tasks/{key}/assignee"""

    tag = TAG
    command = "ASSIGN"
    response_schema = {204: None}

    def delete(self, request: Request, key: str) -> Response:
        self.act(AssignUserTask).execute(self.key(key, WHAT), None)
        return self.done()


class Completion(V2View):
    """POST /user-tasks/{key}/completion"""

    tag = TAG
    command = "COMPLETE"
    response_schema = {204: None}

    def post(self, request: Request, key: str) -> Response:
        self.act(CompleteUserTask).execute(self.key(key, WHAT), variables=self.body().object("variables", {}))
        return self.done()


class TaskVariables(VariableSearch):
    """POST /user-tasks/{key}/variables/search: those that the task sees."""

    tag = TAG

    def rows(self) -> QuerySet[Variable]:
        task = one(self.visible(UserTask.objects.all()), self.kwargs["key"], WHAT)
        return Variable.objects.filter(pk__in=visible_variables(task.element_instance_key))
