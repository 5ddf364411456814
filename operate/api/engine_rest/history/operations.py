"""How audit events are told as Camunda 7's user operation log: one entry for each property that an operation changes.

That log knows what users have done, and names for it; refusals, what workers and the system do, and what has no name there
are in the audit log alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Case, Exists, F, Func, IntegerField, OuterRef, Q, TextField, Value, When
from django.db.models.expressions import Combinable

from audit.models import AuditEvent, Channel, Event, Subject
from operate.api.engine_rest.ids import id_of
from operate.batch.models import BatchType
from workflow.models import Job

ADMIN, OPERATOR, TASK_WORKER = "Admin", "Operator", "TaskWorker"
NAMES: Any = ArrayField(TextField())


COLUMNS = {
    "candidateGroups": "candidate_groups",
    "candidateUsers": "candidate_users",
    "dueDate": "due_at",
    "followUpDate": "follow_up_at",
}
"""Columns of tasks that Camunda 7 calls otherwise."""
MOMENTS = frozenset({"due_at", "follow_up_at"})


def _names(subquery: str, *expressions: Combinable) -> Func:
    """The names that a subquery finds in a body; one NULL if there are none, so that the event has its entry."""
    template = f"COALESCE(NULLIF(ARRAY({subquery}), '{{}}'), ARRAY[NULL]::text[])"
    return Func(*expressions, template=template, output_field=NAMES)


class Entries(Func):
    """A row for each of the names."""

    function = "unnest"
    set_returning = True
    output_field = TextField()


_RENAMED = " ".join(f"WHEN '{column}' THEN '{told}'" for told, column in COLUMNS.items())
OF_VARIABLES = _names("SELECT jsonb_path_query(%(expressions)s, '$.variables[*].name') #>> '{}'", F("body"))
OF_CHANGES = _names(
    f"SELECT CASE name {_RENAMED} ELSE name END FROM jsonb_object_keys(%(expressions)s) AS name", F("body__changes")
)


@dataclass(frozen=True)
class Operation:
    """What one kind of audit event is called, and which properties it changes."""

    type: str
    entity: str
    where: Q
    names: tuple[str, ...] | Combinable = ()
    category: str = OPERATOR

    @property
    def entries(self) -> Any:
        """The names of the properties as an SQL array."""
        if isinstance(self.names, tuple):
            return Value(list(self.names) or [None], output_field=NAMES)
        return self.names


def _of(subject: Subject, event: Event, **more: Any) -> Q:
    return Q(subject=subject, event=event, **more)


def _task(type: str, event: Event, names: tuple[str, ...] | Combinable, **more: Any) -> Operation:
    return Operation(type, "Task", _of(Subject.USER_TASK, event, **more), names, TASK_WORKER)


def _instance(type: str, event: Event, *names: str) -> Operation:
    return Operation(type, "ProcessInstance", _of(Subject.PROCESS_INSTANCE, event), names)


def _variable(type: str, event: Event, **more: Any) -> Operation:
    return Operation(type, "Variable", _of(Subject.PROCESS_VARIABLES, event, **more), OF_VARIABLES)


def _job(type: str, event: Event, *names: str, **more: Any) -> Operation:
    return Operation(type, "Job", _of(Subject.JOB, event, **more), names)


def _external(type: str, event: Event, *names: str, **more: Any) -> Operation:
    is_external = Q(Exists(Job.objects.filter(pk=OuterRef("entity_key"), kind=Job.Kind.EXTERNAL)))
    return Operation(type, "ExternalTask", _of(Subject.JOB, event, **more) & is_external, names)


def _definition(type: str, event: Event, *names: str, **more: Any) -> Operation:
    return Operation(type, "ProcessDefinition", _of(Subject.PROCESS_DEFINITION, event, **more), names)


def _batch(type: str, event: Event, *names: str) -> Operation:
    return Operation(type, "Batch", _of(Subject.BATCH, event), names)


def _asked(batch: BatchType, type: str, entity: str = "ProcessInstance") -> Operation:
    return Operation(type, entity, _of(Subject.BATCH, Event.CREATE, body__type=batch.value), MANY)


def _admin(type: str, entity: str, subject: Subject, event: Event, *names: str, **more: Any) -> Operation:
    return Operation(type, entity, _of(subject, event, **more), ("tenantId", *names), ADMIN)


MANY = ("nrOfInstances", "async")
STATE = "suspensionState"
OPERATIONS: tuple[Operation, ...] = (
    _task("Delegate", Event.ASSIGN, ("delegation", "assignee"), body__has_key="delegation_state"),
    _task("Claim", Event.ASSIGN, ("assignee",), body__has_key="claim"),
    _task("Assign", Event.ASSIGN, ("assignee",)),
    _task("Complete", Event.COMPLETE, ("delete",)),
    _task("Resolve", Event.RESOLVE, ("delegation",)),
    _task("Update", Event.UPDATE, OF_CHANGES),
    _instance("Create", Event.START),
    _instance("Activate", Event.RESUME, STATE),
    _instance("Suspend", Event.SUSPEND, STATE),
    _instance("Delete", Event.CANCEL),
    _instance("DeleteHistory", Event.DELETE, *MANY),
    _instance("ModifyProcessInstance", Event.MODIFY),
    _instance("RestartProcessInstance", Event.RESTART, *MANY),
    _instance("Migrate", Event.MIGRATE, "processDefinitionId", *MANY),
    Operation("ModifyProcessInstance", "ProcessInstance", _of(Subject.ELEMENT_INSTANCE, Event.MODIFY)),
    Operation(
        "CorrelateMessage",
        "ProcessInstance",
        Q(subject=Subject.MESSAGE, event__in=[Event.CORRELATE, Event.PUBLISH, Event.TRIGGER]),
        ("messageName",),
    ),
    Operation("Resolve", "ProcessInstance", _of(Subject.INCIDENT, Event.RESOLVE), ("incidentId",)),
    _variable("RemoveVariable", Event.DELETE),
    _variable("ModifyVariable", Event.UPDATE, body__variables__contains=[{"deleted": True}]),
    _variable("SetVariable", Event.UPDATE),
    _external("SetExternalTaskRetries", Event.RETRY, "retries"),
    _external("SetPriority", Event.UPDATE, "priority", body__has_key="priority"),
    Operation("Unlock", "ExternalTask", _of(Subject.JOB, Event.UNLOCK)),
    _job("SetJobRetries", Event.RETRY, "retries"),
    _job("SetPriority", Event.UPDATE, "priority", body__has_key="priority"),
    _job("SetDueDate", Event.UPDATE, "duedate", body__has_key="due_at"),
    _job("RecalculateDueDate", Event.UPDATE, "creationDateBased", body__has_key="from_creation"),
    _job("SuspendJob", Event.SUSPEND, STATE),
    _job("ActivateJob", Event.RESUME, STATE),
    _job("Execute", Event.EXECUTE),
    _job("Delete", Event.DELETE),
    Operation("Create", "Deployment", Q(event=Event.DEPLOY)),
    Operation("Delete", "Deployment", _of(Subject.DEPLOYMENT, Event.DELETE), ("cascade",)),
    _definition("SuspendProcessDefinition", Event.SUSPEND, STATE),
    _definition("ActivateProcessDefinition", Event.RESUME, STATE),
    _definition("Delete", Event.DELETE, "cascade"),
    _definition(
        "UpdateHistoryTimeToLive", Event.UPDATE, "historyTimeToLive", body__has_key="history_time_to_live_days"
    ),
    _asked(BatchType.MODIFY, "ModifyProcessInstance"),
    _asked(BatchType.RESTART, "RestartProcessInstance"),
    _asked(BatchType.MIGRATE, "Migrate"),
    _asked(BatchType.CANCEL, "Delete"),
    _asked(BatchType.DELETE, "DeleteHistory"),
    _asked(BatchType.SUSPEND, "Suspend"),
    _asked(BatchType.RESUME, "Activate"),
    _asked(BatchType.RESOLVE_INCIDENTS, "Resolve"),
    _asked(BatchType.SET_RETRIES, "SetJobRetries", "Job"),
    _asked(BatchType.SET_VARIABLES, "SetVariables"),
    _batch("SuspendBatch", Event.SUSPEND, STATE),
    _batch("ActivateBatch", Event.RESUME, STATE),
    _batch("Delete", Event.CANCEL, "cascadeToHistory"),
    _batch("DeleteHistory", Event.DELETE),
    Operation("SetJobRetries", "Job", _of(Subject.BATCH, Event.RETRY), MANY),
    Operation("ClearAnnotation", "OperationLog", Q(subject=Subject.AUDIT_LOG, body__annotation=None), ("operationId",)),
    Operation(
        "SetAnnotation", "OperationLog", Q(subject=Subject.AUDIT_LOG, body__has_key="annotation"), ("operationId",)
    ),
    _admin("Create", "Tenant", Subject.WORKSPACE, Event.CREATE),
    _admin("Update", "Tenant", Subject.WORKSPACE, Event.UPDATE),
    _admin("Create", "TenantMembership", Subject.ROLE, Event.GRANT, "userId", body__has_key="user"),
    _admin("Create", "TenantMembership", Subject.ROLE, Event.GRANT, "groupId"),
    _admin("Delete", "TenantMembership", Subject.ROLE, Event.REVOKE, "userId", body__has_key="user"),
    _admin("Delete", "TenantMembership", Subject.ROLE, Event.REVOKE, "groupId"),
)
"""The first that fits an event tells what it is called."""

WHICH = Case(
    *(When(each.where, then=Value(i)) for i, each in enumerate(OPERATIONS)), output_field=IntegerField(null=True)
)
PROPERTIES = Case(*(When(each.where, then=each.entries) for each in OPERATIONS), output_field=NAMES)


def called(column: str, names: Iterable[str]) -> Q:
    """The rows whose operation has one of these values as `type`, `entity` or `category`."""
    wanted = set(names)
    return Q(operation__in=[i for i, each in enumerate(OPERATIONS) if getattr(each, column) in wanted])


# ---- what a property was, and is

Values = tuple[Any, Any]
Telling = Callable[[AuditEvent, Mapping[str, Any]], Values]


def _new(name: str) -> Telling:
    return lambda event, body: (None, body.get(name))


def _how_many(event: AuditEvent, body: Mapping[str, Any]) -> Values:
    return None, body.get("process_instances", body.get("jobs", 1))


def _message(event: AuditEvent, body: Mapping[str, Any]) -> Values:
    return None, body.get("name") or body.get("correlation", {}).get("name")


def _time_to_live(event: AuditEvent, body: Mapping[str, Any]) -> Values:
    days = body["history_time_to_live_days"]
    return days.get("before"), days.get("after")


TELLINGS: dict[str, Telling] = {
    "assignee": _new("assignee"),
    "async": lambda event, body: (None, event.subject == Subject.BATCH or event.channel == Channel.BATCH),
    "cascade": lambda event, body: (None, bool(body.get("cascade"))),
    "cascadeToHistory": lambda event, body: (None, False),
    "creationDateBased": _new("from_creation"),
    "delegation": lambda event, body: (None, body.get("delegation_state")),
    "delete": lambda event, body: (None, True),
    "duedate": lambda event, body: (None, _milliseconds(body.get("due_at"))),
    "groupId": _new("group"),
    "historyTimeToLive": _time_to_live,
    "incidentId": lambda event, body: (None, event.entity_key and id_of(event.entity_key)),
    "messageName": _message,
    "nrOfInstances": _how_many,
    "operationId": _new("operation_id"),
    "priority": _new("priority"),
    "retries": _new("retries"),
    "suspensionState": lambda event, body: (None, "suspended" if event.event == Event.SUSPEND else "active"),
    "tenantId": lambda event, body: (None, event.workspace.slug if event.workspace else body.get("slug")),
    "userId": _new("user"),
}


def values(
    event: AuditEvent, body: Mapping[str, Any], operation: Operation, name: str
) -> tuple[str | None, str | None]:
    """A property before and after, as the log has them: texts. The body is as the reader may see it."""
    before, after = _found(event, body, operation, name)
    return _text(before), _text(after)


def _found(event: AuditEvent, body: Mapping[str, Any], operation: Operation, name: str) -> Values:
    if operation.names is OF_VARIABLES:
        change = next(each for each in body["variables"] if each["name"] == name)
        before = change.get("before") if change.get("existed", True) else None
        return before, None if change.get("deleted") else change.get("after")
    if operation.names is OF_CHANGES:
        column = COLUMNS.get(name, name)
        change = body["changes"][column]
        return None, _milliseconds(change) if column in MOMENTS else change
    return TELLINGS[name](event, body)


def _milliseconds(moment: Any) -> int | None:
    """Moments are milliseconds since 1970 in this log."""
    return round(datetime.fromisoformat(moment).timestamp() * 1000) if isinstance(moment, str) else None


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
