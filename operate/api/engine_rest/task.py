"""/task: work that waits for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from django.contrib.auth.models import Group
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Lower, Upper
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ChoiceField

from operate.actions import (
    AssignUserTask,
    CompleteUserTask,
    DelegateUserTask,
    ResolveUserTask,
    ThrowUserTaskError,
    ThrowUserTaskEscalation,
    UpdateUserTask,
)
from operate.api.engine_rest import queries as by
from operate.api.engine_rest.activity import element_named
from operate.api.engine_rest.base import EngineRestView, tenant_id
from operate.api.engine_rest.bodies import VariablesBody, body, date, flag, ignored, number, text, variables
from operate.api.engine_rest.ids import definition_id, id_of
from operate.api.engine_rest.listing import QueryListing, count_of
from operate.api.engine_rest.queries import Filter, Kind
from operate.api.engine_rest.scope_variables import (
    DESERIALIZE,
    ScopeVariable,
    ScopeVariables,
    VariablesAnswer,
    scopes_around,
)
from operate.api.engine_rest.values import date_text, variables_by_name
from operate.api.engine_rest.variable_filters import IGNORE_CASE
from operate.api.engine_rest.variable_filters import variables as having_variables
from workflow.engine.errors import Rejected
from workflow.models import UserTask, Variable


class TaskAnswer(TypedDict):
    id: str
    name: str | None
    assignee: str | None
    created: str | None
    due: str | None
    followUp: str | None
    lastUpdated: str | None
    delegationState: str | None
    description: str | None
    executionId: str
    owner: str | None
    parentTaskId: str | None
    priority: int
    processDefinitionId: str
    processInstanceId: str
    caseExecutionId: str | None
    caseDefinitionId: str | None
    caseInstanceId: str | None
    taskDefinitionKey: str
    suspended: bool
    formKey: str | None
    camundaFormRef: dict[str, Any] | None
    tenantId: str | None
    taskState: str


class TaskFormAnswer(TypedDict):
    key: str | None
    camundaFormRef: dict[str, Any] | None
    contextPath: str | None


class IdentityLink(TypedDict):
    userId: str | None
    groupId: str | None
    type: str


DELEGATION = "org.camunda.bpm.engine.task.DelegationState"
UserBody = body("TaskUser", userId=text())
CompleteBody = body("CompleteTask", variables=variables(), withVariablesInReturn=flag())
ErrorBody = body(
    "TaskBpmnError", errorCode=text(required=True), errorMessage=text(max_length=4000), variables=variables()
)
EscalationBody = body("TaskEscalation", escalationCode=text(required=True), variables=variables())
UpdateBody = body(
    "UpdateTask",
    assignee=text(),
    due=date(),
    followUp=date(),
    priority=number(),
    name=text(help_text="Comes from the model: must be what it is."),
    description=text(max_length=None, help_text="Comes from the model: must be what it is."),
    owner=text(),
    delegationState=ChoiceField(choices=["PENDING", "RESOLVED"], required=False, allow_null=True, default=None),
    parentTaskId=text(help_text="Not supported: must be absent."),
    caseInstanceId=text(help_text="Not supported: must be absent."),
    tenantId=text(help_text="Cannot be changed."),
    **{
        name: ignored("Part of a task that was read before; cannot be changed.")
        for name in (
            "id",
            "created",
            "lastUpdated",
            "executionId",
            "processDefinitionId",
            "processInstanceId",
            "caseExecutionId",
            "caseDefinitionId",
            "taskDefinitionKey",
            "suspended",
            "formKey",
            "camundaFormRef",
            "taskState",
        )
    },
)
LinkBody = body(
    "IdentityLink",
    userId=text(),
    groupId=text(),
    type=ChoiceField(choices=["candidate", "assignee", "owner"], required=True),
)


def form_reference(row: UserTask) -> dict[str, Any] | None:
    """Which form a task refers to, if it has one by reference."""
    if row.form is None:
        return None
    return {name: row.form.get(name) for name in ("key", "binding", "version")}


def task(row: UserTask) -> TaskAnswer:
    element = element_named(row.definition_key, row.element_id)
    return {
        "id": id_of(row.key),
        "name": row.name or None,
        "assignee": row.assignee,
        "created": date_text(row.created_at),
        "due": date_text(row.due_at),
        "followUp": date_text(row.follow_up_at),
        "lastUpdated": None,
        "delegationState": row.delegation_state,
        "description": (element.documentation or None) if element is not None else None,
        "executionId": id_of(row.element_instance_key),
        "owner": row.owner,
        "parentTaskId": None,
        "priority": row.priority,
        "processDefinitionId": definition_id(row.definition),
        "processInstanceId": id_of(row.process_instance_key),
        "caseExecutionId": None,
        "caseDefinitionId": None,
        "caseInstanceId": None,
        "taskDefinitionKey": row.element_id,
        "suspended": row.suspended,
        "formKey": row.form_key,
        "camundaFormRef": form_reference(row),
        "tenantId": tenant_id(row.workspace),
        "taskState": "Created",
    }


def _ignoring_case(path: str, value: str) -> Q:
    return by.like(Upper(F(path)), value.upper())


def _candidate_user(name: str) -> Q:
    """The user is a candidate, or one of the user's groups is."""
    groups = list(Group.objects.filter(user__username=name).values_list("name", flat=True))
    return Q(candidate_users__contains=[name]) | Q(candidate_groups__overlap=groups)


class _OfCandidates(Filter):
    """Tasks of a candidate; those that somebody has taken only if they are asked for."""

    __slots__ = ()

    def from_address(self, value: str, given: Any) -> Any:
        return self.kind.from_address(value), given.get("includeAssignedTasks")

    def from_json(self, value: Any, given: Any) -> Any:
        return self.kind.from_json(value), given.get("includeAssignedTasks")


def _candidates(kind: Kind, condition: Callable[[Any], Q]) -> Filter:
    def apply(value: tuple[Any, Any]) -> Q:
        wanted, with_assigned = value
        found = condition(wanted)
        return found if str(with_assigned).lower() == "true" else found & Q(assignee__isnull=True)

    return _OfCandidates(kind, apply)


def _delegation_state(name: str) -> Q:
    if name.upper() not in UserTask.DelegationState:
        raise ValueError(f'Cannot convert value "{name[:100]}" to java type {DELEGATION}; expected PENDING or RESOLVED')
    return Q(delegation_state=name.upper())


def _nobody_may(groups: bool) -> Q:
    return Q(candidate_groups=[]) if groups else Q(candidate_users=[])


def _dates(name: str, column: str) -> dict[str, Filter]:
    """`dueDate`, `dueBefore`, `dueAfter`."""
    stem = {"due_at": "due", "follow_up_at": "followUp", "created_at": "created"}[column]
    return {
        name: by.date(column),
        f"{stem}Before": by.date(f"{column}__lt"),
        f"{stem}After": by.date(f"{column}__gt"),
    }


WITH_EXPRESSION = (
    "assignee",
    "assigneeLike",
    "owner",
    "involvedUser",
    "candidateUser",
    "candidateGroup",
    "candidateGroups",
    "createdBefore",
    "createdOn",
    "createdAfter",
    "updatedAfter",
    "dueBefore",
    "dueDate",
    "dueAfter",
    "followUpBefore",
    "followUpBeforeOrNotExistent",
    "followUpDate",
    "followUpAfter",
    "processInstanceBusinessKey",
    "processInstanceBusinessKeyLike",
)
"""Parameters that Camunda 7 also takes as an expression to evaluate."""

QUERY = by.ListQuery(
    filters={
        "taskId": by.key("pk"),
        "taskIdIn": by.keys("pk"),
        "processInstanceId": by.key("process_instance"),
        "processInstanceIdIn": by.keys("process_instance"),
        "processInstanceBusinessKey": by.text("process_instance__business_key"),
        "processInstanceBusinessKeyIn": by.texts("process_instance__business_key"),
        "processInstanceBusinessKeyLike": by.pattern("process_instance__business_key"),
        "processDefinitionId": by.definition(),
        "processDefinitionKey": by.text("definition__process_id"),
        "processDefinitionKeyIn": by.texts("definition__process_id"),
        "processDefinitionName": by.text("definition__name"),
        "processDefinitionNameLike": by.pattern("definition__name"),
        "executionId": by.key("element_instance"),
        "activityInstanceIdIn": by.keys("element_instance"),
        "caseInstanceId": by.never(),
        "caseInstanceBusinessKey": by.never(),
        "caseDefinitionId": by.never(),
        "caseDefinitionKey": by.never(),
        "caseDefinitionName": by.never(),
        "caseExecutionId": by.never(),
        "tenantIdIn": by.tenants(),
        "withoutTenantId": by.without_tenant(),
        "assignee": by.text("assignee"),
        "assigneeLike": by.pattern("assignee"),
        "assigneeIn": by.texts("assignee"),
        "assigneeNotIn": by.not_texts("assignee"),
        "assigned": by.flag(Q(assignee__isnull=False)),
        "unassigned": by.flag(Q(assignee__isnull=True)),
        "owner": by.text("owner"),
        "delegationState": Filter(Kind.TEXT, _delegation_state),
        "candidateGroup": _candidates(Kind.TEXT, lambda name: Q(candidate_groups__contains=[name])),
        "candidateGroupLike": by.unsupported(),
        "candidateGroups": _candidates(Kind.TEXTS, lambda names: Q(candidate_groups__overlap=names)),
        "candidateUser": _candidates(Kind.TEXT, _candidate_user),
        "includeAssignedTasks": by.always("Together with candidates."),
        "involvedUser": Filter(
            Kind.TEXT, lambda name: Q(assignee=name) | Q(owner=name) | Q(candidate_users__contains=[name])
        ),
        "withCandidateGroups": by.flag(~_nobody_may(groups=True)),
        "withoutCandidateGroups": by.flag(_nobody_may(groups=True)),
        "withCandidateUsers": by.flag(~_nobody_may(groups=False)),
        "withoutCandidateUsers": by.flag(_nobody_may(groups=False)),
        "taskDefinitionKey": by.text("element_id"),
        "taskDefinitionKeyIn": by.texts("element_id"),
        "taskDefinitionKeyNotIn": by.not_texts("element_id"),
        "taskDefinitionKeyLike": by.pattern("element_id"),
        "name": Filter(Kind.TEXT, lambda value: Q(name__iexact=value)),
        "nameNotEqual": Filter(Kind.TEXT, lambda value: ~Q(name__iexact=value)),
        "nameLike": Filter(Kind.TEXT, lambda value: _ignoring_case("name", value)),
        "nameNotLike": Filter(Kind.TEXT, lambda value: ~_ignoring_case("name", value)),
        "description": by.unsupported(),
        "descriptionLike": by.unsupported(),
        "priority": by.number("priority"),
        "maxPriority": by.number("priority__lte"),
        "minPriority": by.number("priority__gte"),
        **_dates("dueDate", "due_at"),
        "withoutDueDate": by.flag(Q(due_at__isnull=True)),
        **_dates("followUpDate", "follow_up_at"),
        "followUpBeforeOrNotExistent": Filter(
            Kind.DATE, lambda value: Q(follow_up_at__lt=value) | Q(follow_up_at__isnull=True)
        ),
        **_dates("createdOn", "created_at"),
        "updatedAfter": by.unsupported(),
        "active": by.flag(Q(suspended=False)),
        "suspended": by.flag(Q(suspended=True)),
        "parentTaskId": by.never(),
        "withCommentAttachmentInfo": by.unsupported(Kind.FLAG),
        "processVariables": having_variables("process_instance_key"),
        "taskVariables": having_variables("element_instance_key"),
        "caseInstanceVariables": by.unsupported(),
        **{f"{name}Expression": by.unsupported() for name in WITH_EXPRESSION},
        **IGNORE_CASE,
    },
    sorting={
        "instanceId": "process_instance_key",
        "dueDate": "due_at",
        "executionId": "element_instance_key",
        "assignee": "assignee",
        "created": "created_at",
        "followUpDate": "follow_up_at",
        "name": "name",
        "nameCaseInsensitive": Lower("name"),
        "priority": "priority",
        "id": "key",
        "tenantId": "workspace__slug",
    },
    has_or_queries=True,
)


def open_tasks() -> QuerySet[UserTask]:
    """The user tasks that wait, of whichever workspace, with what showing them needs."""
    rows = UserTask.objects.filter(state=UserTask.State.CREATED).select_related("definition", "workspace")
    return rows.defer("definition__xml")


class Tasks(QueryListing):
    """Open user tasks."""

    query = QUERY
    answers = {"GET": list[TaskAnswer], "POST": list[TaskAnswer]}

    def rows(self) -> QuerySet[UserTask]:
        return self.visible(open_tasks())

    def show(self, rows: Sequence[UserTask]) -> list[TaskAnswer]:
        return [task(row) for row in rows]


TaskCount = count_of(Tasks)


class OneTask(EngineRestView):
    """What the views of one task share."""

    noun = "task"

    def task(self, id: str) -> UserTask:
        return self.one(self.visible(open_tasks()), id, f"No matching task with id {id}")


class TaskView(OneTask):
    """One open user task."""

    answers = {"GET": TaskAnswer}
    bodies = {"PUT": UpdateBody}

    def get(self, request: Request, id: str) -> Response:
        """One open user task."""
        return Response(task(self.task(id)))

    def put(self, request: Request, id: str) -> Response:
        """Change assignee, owner, delegation, dates and priority. What is absent is emptied, except for the priority."""
        given = self.read()
        row = self.task(id)
        for name in ("parentTaskId", "caseInstanceId"):
            if given[name] is not None:
                raise Rejected(f"'{name}' must not be set: it is not supported. Task '{id}' has not been changed.")
        shown = task(row)
        for name in ("name", "description", "tenantId"):
            if given[name] not in (None, shown[name]):
                raise Rejected(f"'{name}' of task '{id}' comes from its model and cannot be changed.")
        changes = {
            "assignee": given["assignee"] or None,
            "owner": given["owner"] or None,
            "delegation_state": given["delegationState"],
            "due_at": given["due"],
            "follow_up_at": given["followUp"],
        }
        if given["priority"] is not None:
            changes["priority"] = given["priority"]
        self.act(UpdateUserTask).execute(row.key, changes)
        return Response(status=204)


class TaskClaim(OneTask):
    """Take a task that nobody else has."""

    bodies = {"POST": UserBody}

    def post(self, request: Request, id: str) -> Response:
        user = self.read()["userId"]
        self.act(AssignUserTask).execute(self.task(id).key, user or None, only_if_free=bool(user))
        return Response(status=204)


class TaskUnclaim(OneTask):
    """Give a task back."""

    bodies = {"POST": body("Unclaim")}

    def post(self, request: Request, id: str) -> Response:
        self.act(AssignUserTask).execute(self.task(id).key, None)
        return Response(status=204)


class TaskAssignee(OneTask):
    """Give a task to somebody, or to nobody."""

    bodies = {"POST": UserBody}

    def post(self, request: Request, id: str) -> Response:
        self.act(AssignUserTask).execute(self.task(id).key, self.read()["userId"] or None)
        return Response(status=204)


class TaskDelegate(OneTask):
    """Let somebody else do a task."""

    bodies = {"POST": body("DelegateTask", userId=text(required=True))}

    def post(self, request: Request, id: str) -> Response:
        """Let somebody else do a task; whoever has it becomes its owner, and gets it back when it is resolved."""
        user = self.read()["userId"]
        if not user:
            raise Rejected("Expected 'userId' to be who shall do the task, found nobody.")
        self.act(DelegateUserTask).execute(self.task(id).key, user)
        return Response(status=204)


class TaskResolve(OneTask):
    """Give a delegated task back to its owner."""

    bodies = {"POST": VariablesBody}

    def post(self, request: Request, id: str) -> Response:
        """Give a delegated task back to its owner, with what has come of it."""
        given = self.read()
        self.act(ResolveUserTask).execute(self.task(id).key, variables=given["variables"] or {})
        return Response(status=204)


class TaskComplete(OneTask):
    """Complete a task with its result."""

    bodies = {"POST": CompleteBody}
    answers = {"POST": VariablesAnswer}

    def post(self, request: Request, id: str) -> Response:
        """Complete a task with its result; answers the process variables if they are asked for, else nothing (204)."""
        given = self.read()
        row = self.task(id)
        self.act(CompleteUserTask).execute(row.key, variables=given["variables"] or {})
        if not given["withVariablesInReturn"]:
            return Response(status=204)
        return Response(variables_by_name(self.shown(Variable.objects.filter(scope_key=row.process_instance_key))))


class TaskBpmnError(OneTask):
    """End a task with a BPMN error."""

    bodies = {"POST": ErrorBody}

    def post(self, request: Request, id: str) -> Response:
        given = self.read()
        self.act(ThrowUserTaskError).execute(
            self.task(id).key,
            code=given["errorCode"],
            message=given["errorMessage"] or "",
            variables=given["variables"] or {},
        )
        return Response(status=204)


class TaskBpmnEscalation(OneTask):
    """Throw an escalation from a task."""

    bodies = {"POST": EscalationBody}

    def post(self, request: Request, id: str) -> Response:
        """Throw an escalation from a task; it waits on unless what catches it interrupts."""
        given = self.read()
        self.act(ThrowUserTaskEscalation).execute(
            self.task(id).key, code=given["escalationCode"], variables=given["variables"] or {}
        )
        return Response(status=204)


# ---- variables


class TaskVariables(OneTask, ScopeVariables):
    """The variables that a task sees: its own, then those of the scopes around it."""

    local = False

    def scopes(self, id: str) -> Sequence[int]:
        return scopes_around(self.task(id).element_instance_key)


class TaskVariable(OneTask, ScopeVariable):
    """One variable that a task sees."""

    local = False

    def scopes(self, id: str) -> Sequence[int]:
        return scopes_around(self.task(id).element_instance_key)


class TaskLocalVariables(OneTask, ScopeVariables):
    """The variables of exactly this task."""

    def scopes(self, id: str) -> Sequence[int]:
        return [self.task(id).element_instance_key]


class TaskLocalVariable(OneTask, ScopeVariable):
    """One variable of exactly this task."""

    def scopes(self, id: str) -> Sequence[int]:
        return [self.task(id).element_instance_key]


class TaskFormVariables(OneTask):
    """The variables for a task's form: those that it sees."""

    answers = {"GET": VariablesAnswer}
    parameters = {
        "GET": {"deserializeValues": DESERIALIZE, "variableNames": ({"type": "string"}, "Names, separated by commas.")}
    }

    def get(self, request: Request, id: str) -> Response:
        scopes = scopes_around(self.task(id).element_instance_key)
        order = {key: position for position, key in enumerate(scopes)}
        rows = Variable.objects.filter(scope_key__in=scopes)
        if names := request.query_params.get("variableNames"):
            rows = rows.filter(name__in=names.split(","))
        found = sorted(self.shown(rows), key=lambda row: order[row.scope_key])
        return Response(variables_by_name(found, deserialize=self.flag("deserializeValues", default=True)))


class TaskForm(OneTask):
    """The key of a task's form."""

    answers = {"GET": TaskFormAnswer}

    def get(self, request: Request, id: str) -> Response:
        row = self.task(id)
        return Response({"key": row.form_key, "camundaFormRef": form_reference(row), "contextPath": None})


# ---- identity links


class TaskIdentityLinks(OneTask):
    """Who has to do with a task."""

    answers = {"GET": list[IdentityLink]}
    bodies = {"POST": LinkBody}
    parameters = {
        "GET": {"type": ({"type": "string", "enum": ["candidate", "assignee", "owner"]}, "Only links of this type.")}
    }

    def get(self, request: Request, id: str) -> Response:
        """The assignee and the candidates."""
        row = self.task(id)
        links: list[IdentityLink] = []
        if row.assignee is not None:
            links.append({"userId": row.assignee, "groupId": None, "type": "assignee"})
        if row.owner is not None:
            links.append({"userId": row.owner, "groupId": None, "type": "owner"})
        links += [{"userId": name, "groupId": None, "type": "candidate"} for name in row.candidate_users]
        links += [{"userId": None, "groupId": name, "type": "candidate"} for name in row.candidate_groups]
        wanted = request.query_params.get("type")
        return Response([link for link in links if wanted in (None, "", link["type"])])

    def post(self, request: Request, id: str) -> Response:
        """Add a candidate, or give the task to somebody."""
        given, row = self._link(), self.task(id)
        if given["type"] == "assignee":
            self.act(AssignUserTask).execute(row.key, given["userId"])
        elif given["type"] == "owner":
            self.act(UpdateUserTask).execute(row.key, {"owner": given["userId"]})
        else:
            self.change(row, lambda names, name: names if name in names else [*names, name], given)
        return Response(status=204)

    def _link(self) -> dict[str, Any]:
        given = self.read()
        if bool(given["userId"]) == bool(given["groupId"]):
            raise Rejected("Identity Link requires userId or groupId, but not both.")
        if given["type"] != "candidate" and not given["userId"]:
            raise Rejected("A task is assigned to a user: 'userId' must be set, not 'groupId'.")
        return given

    def change(self, row: UserTask, edit: Callable[[list[str], str], list[str]], given: dict[str, Any]) -> None:
        """Edit the list of candidate users or groups."""
        column = "candidate_users" if given["userId"] else "candidate_groups"
        before: list[str] = getattr(row, column)
        after = edit(before, given["userId"] or given["groupId"])
        if after != before:
            self.act(UpdateUserTask).execute(row.key, {column: after}, expected={column: before})


class TaskIdentityLinksDelete(TaskIdentityLinks):
    """Take a candidate or the assignee from a task."""

    answers: dict[str, Any] = {}
    http_method_names = ["post"]

    def post(self, request: Request, id: str) -> Response:
        given, row = self._link(), self.task(id)
        if given["type"] == "assignee":
            if row.assignee == given["userId"]:
                self.act(AssignUserTask).execute(row.key, None)
        elif given["type"] == "owner":
            if row.owner == given["userId"]:
                self.act(UpdateUserTask).execute(row.key, {"owner": None})
        else:
            self.change(row, lambda names, name: [each for each in names if each != name], given)
        return Response(status=204)
