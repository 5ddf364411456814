"""Who may do what by each address: the one table that all pages and all API operations are held against.

A line names a method, an address, what it takes, and what is sent. An address that no line names fails the test, as does an
answer that differs from the line. What a role may do is in `operate/workspaces/roles.py` and, once more, in `test_roles.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from operate.workspaces import Right


class Who(Enum):
    """What it takes, besides rights."""

    ALL = "everybody, logged in or not"
    SIGNED_IN = "everybody who is logged in; nothing of a workspace is told"
    LIST = "everybody who is logged in; only members see what is the workspace's"
    SUPERUSER = "superusers alone"
    EVERYWHERE = "who administers all workspaces"


@dataclass(frozen=True, slots=True)
class Line:
    """One operation. Names in braces stand for keys and names of the world.

    `ok`, `refused` and `stranger` are the answers to who may, to members who may not, and to who does not even see the
    workspace. `does` says whether an audit event tells of its success, `writes` that who may look may do it, too. `right`
    narrows a LIST, `alternative` does as well.
    """

    method: str
    path: str
    who: Right | Who
    body: Any = None
    ok: tuple[int, ...] = (200, 201, 202, 204)
    refused: int | tuple[int, ...] = 403
    stranger: int = 404
    does: bool = True
    writes: bool = False
    right: Right = Right.VIEW
    alternative: Right | None = None
    form: bool = False
    as_json: bool = False
    files: Mapping[str, str] = field(default_factory=dict)


R = Right
VIEW, LIST, SIGNED_IN, ALL, SUPERUSER = R.VIEW, Who.LIST, Who.SIGNED_IN, Who.ALL, Who.SUPERUSER
MODEL = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t">'
    '<process id="fresh" isExecutable="true"><startEvent id="start" /></process></definitions>'
)


def lines(prefix: str, *rows: tuple[Any, ...] | Line) -> list[Line]:
    """Lines below one prefix; what a row does not say is as usual."""
    found = [row if isinstance(row, Line) else _line(*row) for row in rows]
    return [Line(**{**_facts(line), "path": prefix + line.path}) for line in found]


def _line(method: str, path: str, who: Right | Who, body: Any = None, **more: Any) -> Line:
    return Line(method, path, who, body, **more)


def _facts(line: Line) -> dict[str, Any]:
    return {name: getattr(line, name) for name in Line.__dataclass_fields__}


def lists(*paths: str, methods: tuple[str, ...] = ("GET",)) -> list[Line]:
    """Resources that are listed."""
    return [Line(method, path, LIST, None if method == "GET" else {}) for path in paths for method in methods]


RETRIES = {"retries": 1}
NEW_N: dict[str, Any] = {"set": {"n": {"text": "1"}}, "seen": {"n": None}}
OR_WORKER: dict[str, Any] = {"alternative": R.WORK_JOBS}
BOTH = ("GET", "POST")
INSTRUCTION = {"type": "startBeforeActivity", "activityId": "approve"}
ONE = {"processInstanceIds": ["{instance}"]}
MAPPED = [
    {"sourceActivityIds": [each], "targetActivityIds": [each]}
    for each in ("approve", "ship", "broken", "payment", "pause")
]
MIGRATION = {
    "migrationPlan": {
        "sourceProcessDefinitionId": "loanmark_c7:1:{definition}",
        "targetProcessDefinitionId": "loanmark_c7:2:{newer}",
        "instructions": MAPPED,
    },
    **ONE,
}
MANY_8 = {"filter": {"processInstanceKey": "{instance_8}"}}
MIGRATION_8 = {
    "targetProcessDefinitionKey": "{newer_8}",
    "mappingInstructions": [
        {"sourceElementId": each, "targetElementId": each}
        for each in ("approve", "ship", "broken", "payment", "choose")
    ],
}


def of_definition(method: str, suffix: str, who: Right | Who, body: Any = None, **more: Any) -> list[Line]:
    """The three ways to name a definition; without a tenant it is the default workspace's, where nobody has anything."""
    named = Line(method, f"process-definition/{{definition}}{suffix}", who, body, **more)
    tenant = Line(method, f"process-definition/key/loanmark_c7/tenant-id/loanmark{suffix}", who, body, **more)
    plain = Line(method, f"process-definition/key/loanmark_c7{suffix}", SIGNED_IN, body, ok=(404,))
    return [named, tenant, plain]


ENGINE_REST = lines(
    "/engine-rest/",
    ("GET", "engine", SIGNED_IN),
    ("GET", "version", SIGNED_IN),
    ("GET", "openapi.json", SIGNED_IN),
    ("GET", "metrics/flow-node-instances/sum", SIGNED_IN),
    Line("GET", "identity/groups?userId=member", R.MANAGE, does=False, stranger=200),
    ("POST", "identity/verify", SIGNED_IN, {"username": "nobody", "password": "x"}),
    # deployments and definitions
    *lists("deployment", "deployment/count", "process-definition", "process-definition/count"),
    *lists("process-definition/statistics"),
    Line("POST", "deployment/create", R.DEPLOY, {"tenant-id": "loanmark"}, files={"m.bpmn": MODEL}, form=True),
    ("GET", "deployment/{deployment}", VIEW),
    ("GET", "deployment/{deployment}/resources", VIEW),
    ("GET", "deployment/{deployment}/resources/{resource}", VIEW),
    ("GET", "deployment/{deployment}/resources/{resource}/data", VIEW),
    Line("DELETE", "deployment/{deployment}?cascade=true", R.DELETE_DEFINITION),
    Line(
        "PUT",
        "process-definition/suspended",
        R.SUSPEND,
        {"processDefinitionKey": "loanmark_c7", "suspended": True},
        stranger=400,
    ),
    *of_definition("GET", "/xml", VIEW),
    *of_definition("POST", "/start", R.START, {}),
    *of_definition("GET", "/diagram", VIEW, ok=(204,)),
    *of_definition("GET", "/statistics", VIEW),
    *of_definition("POST", "/submit-form", R.START, {}),
    *of_definition("GET", "/startForm", VIEW),
    *of_definition("PUT", "/suspended", R.SUSPEND, {"suspended": True}),
    *of_definition("PUT", "/history-time-to-live", R.DELETE_INSTANCE, {"historyTimeToLive": 3}),
    *of_definition("GET", "", VIEW),
    *of_definition("DELETE", "?cascade=true", R.DELETE_DEFINITION),
    # process instances
    *lists("process-instance", "process-instance/count", methods=BOTH),
    Line("PUT", "process-instance/suspended", R.SUSPEND, {**ONE, "suspended": True}),
    Line("POST", "process-instance/delete", R.CANCEL, ONE),
    Line("POST", "process-instance/suspended-async", R.SUSPEND, {**ONE, "suspended": True}),
    Line(
        "POST", "process-instance/job-retries", R.RESOLVE_INCIDENT, {"processInstances": ["{instance}"], "retries": 1}
    ),
    Line("POST", "process-instance/variables-async", R.EDIT_VARIABLES, {**ONE, "variables": {"n": {"value": 1}}}),
    Line("POST", "process-instance/delete-historic-query-based", R.CANCEL, ONE),
    Line(
        "POST",
        "process-instance/job-retries-historic-query-based",
        R.RESOLVE_INCIDENT,
        {"processInstances": ["{instance}"], **RETRIES},
    ),
    Line("POST", "job/retries", R.RESOLVE_INCIDENT, {"jobIds": ["{timer}"], **RETRIES}),
    ("GET", "process-instance/{instance}", VIEW),
    ("DELETE", "process-instance/{instance}", R.CANCEL),
    ("GET", "process-instance/{instance}/activity-instances", VIEW),
    ("POST", "process-instance/{instance}/modification", R.MODIFY, {"instructions": [INSTRUCTION]}),
    ("POST", "process-instance/{instance}/modification-async", R.MODIFY, {"instructions": [INSTRUCTION]}),
    ("PUT", "process-instance/{instance}/suspended", R.SUSPEND, {"suspended": True}),
    ("GET", "process-instance/{instance}/variables", VIEW),
    ("POST", "process-instance/{instance}/variables", R.EDIT_VARIABLES, {"modifications": {"n": {"value": 2}}}),
    ("GET", "process-instance/{instance}/variables/secret", VIEW),
    ("PUT", "process-instance/{instance}/variables/secret", R.EDIT_VARIABLES, {"value": 2}),
    ("DELETE", "process-instance/{instance}/variables/secret", R.EDIT_VARIABLES),
    ("GET", "process-instance/{instance}/variables/scan/data", VIEW),
    Line("POST", "process-instance/{instance}/variables/scan/data", R.EDIT_VARIABLES, files={"data": "x"}, form=True),
    # several at once
    Line(
        "POST",
        "modification/execute",
        R.MODIFY,
        {"processDefinitionId": "{definition}", "instructions": [INSTRUCTION], **ONE},
        stranger=400,
    ),
    Line(
        "POST",
        "modification/executeAsync",
        R.MODIFY,
        {"processDefinitionId": "{definition}", "instructions": [INSTRUCTION], **ONE},
        stranger=400,
    ),
    Line(
        "POST",
        "process-definition/{definition}/restart",
        R.RESTART,
        {"processInstanceIds": ["{ended}"], "instructions": [INSTRUCTION]},
    ),
    Line(
        "POST",
        "process-definition/{definition}/restart-async",
        R.RESTART,
        {"processInstanceIds": ["{ended}"], "instructions": [INSTRUCTION]},
    ),
    *lists("batch", "batch/count", "batch/statistics", "batch/statistics/count"),
    *lists("history/batch", "history/batch/count"),
    ("GET", "batch/{batch}", VIEW),
    Line("DELETE", "batch/{batch}", R.SUSPEND),
    Line("PUT", "batch/{batch}/suspended", R.SUSPEND, {"suspended": True}),
    ("GET", "history/batch/{done_batch}", VIEW),
    Line("DELETE", "history/batch/{done_batch}", R.CANCEL),
    Line(
        "POST",
        "migration/generate",
        VIEW,
        {"sourceProcessDefinitionId": "{definition}", "targetProcessDefinitionId": "{newer}"},
        stranger=400,
    ),
    Line("POST", "migration/validate", VIEW, MIGRATION["migrationPlan"], stranger=400),
    Line("POST", "migration/execute", R.MIGRATE, MIGRATION, stranger=400),
    Line("POST", "migration/executeAsync", R.MIGRATE, MIGRATION, stranger=400),
    # executions
    *lists("execution", "execution/count", methods=BOTH),
    ("GET", "execution/{payment}", VIEW),
    ("POST", "execution/{payment}/signal", R.CORRELATE_MESSAGE, {}),
    ("GET", "execution/{payment}/localVariables", VIEW),
    ("POST", "execution/{payment}/localVariables", R.EDIT_VARIABLES, {"modifications": {"n": {"value": 2}}}),
    ("GET", "execution/{instance}/localVariables/secret", VIEW),
    ("PUT", "execution/{payment}/localVariables/n", R.EDIT_VARIABLES, {"value": 2}),
    ("DELETE", "execution/{instance}/localVariables/secret", R.EDIT_VARIABLES),
    ("GET", "execution/{instance}/localVariables/scan/data", VIEW),
    Line("POST", "execution/{instance}/localVariables/scan/data", R.EDIT_VARIABLES, files={"data": "x"}, form=True),
    ("GET", "execution/{payment}/messageSubscriptions/loanmark_paid", VIEW),
    ("POST", "execution/{payment}/messageSubscriptions/loanmark_paid/trigger", R.CORRELATE_MESSAGE, {}),
    # user tasks
    *lists("task", "task/count", methods=BOTH),
    ("GET", "task/{task}", VIEW),
    ("PUT", "task/{task}", R.COMPLETE_TASK, {"assignee": "x", "priority": 3}),
    ("POST", "task/{task}/claim", R.COMPLETE_TASK, {"userId": "x"}),
    ("POST", "task/{task}/unclaim", R.COMPLETE_TASK, {}),
    ("POST", "task/{task}/assignee", R.COMPLETE_TASK, {"userId": "x"}),
    ("POST", "task/{task}/delegate", R.COMPLETE_TASK, {"userId": "x"}),
    Line("POST", "task/{task}/resolve", R.COMPLETE_TASK, {}),
    ("POST", "task/{task}/complete", R.COMPLETE_TASK, {}),
    ("POST", "task/{task}/submit-form", R.COMPLETE_TASK, {}),
    Line("POST", "task/{task}/bpmnError", R.COMPLETE_TASK, {"errorCode": "e"}),
    Line("POST", "task/{task}/bpmnEscalation", R.COMPLETE_TASK, {"escalationCode": "e"}),
    ("GET", "task/{task}/form", VIEW),
    ("GET", "task/{task}/form-variables", VIEW),
    ("GET", "task/{task}/variables", VIEW),
    ("POST", "task/{task}/variables", R.EDIT_VARIABLES, {"modifications": {"n": {"value": 2}}}),
    ("GET", "task/{task}/variables/secret", VIEW),
    ("PUT", "task/{task}/variables/n", R.EDIT_VARIABLES, {"value": 2}),
    ("DELETE", "task/{task}/variables/secret", R.EDIT_VARIABLES),
    ("GET", "task/{task}/variables/scan/data", VIEW),
    Line("POST", "task/{task}/variables/scan/data", R.EDIT_VARIABLES, files={"data": "x"}, form=True),
    ("GET", "task/{task}/localVariables", VIEW),
    ("POST", "task/{task}/localVariables", R.EDIT_VARIABLES, {"modifications": {"n": {"value": 2}}}),
    Line("GET", "task/{task}/localVariables/own", VIEW),
    ("PUT", "task/{task}/localVariables/n", R.EDIT_VARIABLES, {"value": 2}),
    ("DELETE", "task/{task}/localVariables/own", R.EDIT_VARIABLES),
    ("GET", "task/{task}/localVariables/scan/data", VIEW),
    Line("POST", "task/{task}/localVariables/scan/data", R.EDIT_VARIABLES, files={"data": "x"}, form=True),
    ("GET", "task/{task}/identity-links", VIEW),
    ("POST", "task/{task}/identity-links", R.COMPLETE_TASK, {"userId": "x", "type": "candidate"}),
    Line("GET", "task/{task}/identity-links/delete", SIGNED_IN, ok=(405,)),
    ("POST", "task/{task}/identity-links/delete", R.COMPLETE_TASK, {"groupId": "loanmark_group", "type": "candidate"}),
    # external tasks
    *lists("external-task", "external-task/count", methods=BOTH),
    *lists("external-task/topic-names"),
    Line(
        "POST",
        "external-task/fetchAndLock",
        R.WORK_JOBS,
        {"workerId": "w", "maxTasks": 1, "topics": [{"topicName": "loanmark_free", "lockDuration": 1}]},
        does=False,
        stranger=200,
    ),
    Line("PUT", "external-task/retries", R.RESOLVE_INCIDENT, {"externalTaskIds": ["{job}"], **RETRIES}, **OR_WORKER),
    Line("POST", "external-task/retries-async", R.RESOLVE_INCIDENT, {**ONE, **RETRIES}),
    ("GET", "external-task/{job}", VIEW),
    ("GET", "external-task/{broken}/errorDetails", VIEW),
    ("POST", "external-task/{job}/complete", R.WORK_JOBS, {"workerId": "w"}),
    ("POST", "external-task/{job}/failure", R.WORK_JOBS, {"workerId": "w"}),
    Line("POST", "external-task/{job}/bpmnError", R.WORK_JOBS, {"workerId": "w", "errorCode": "e"}),
    ("POST", "external-task/{job}/lock", R.WORK_JOBS, {"workerId": "w", "lockDuration": 1000}),
    ("POST", "external-task/{job}/extendLock", R.WORK_JOBS, {"workerId": "w", "newDuration": 1000}),
    ("POST", "external-task/{job}/unlock", R.WORK_JOBS),
    Line("PUT", "external-task/{job}/retries", R.RESOLVE_INCIDENT, RETRIES, **OR_WORKER),
    Line("PUT", "external-task/{job}/priority", R.RESOLVE_INCIDENT, {"priority": 1}, **OR_WORKER),
    # what belongs to them
    *lists("variable-instance", "variable-instance/count", methods=BOTH),
    ("GET", "variable-instance/{variable}", VIEW),
    ("GET", "variable-instance/{scan}/data", VIEW),
    *lists("incident", "incident/count"),
    ("GET", "incident/{incident}", VIEW),
    # an incident of an external task is resolved by new retries; that is told before the right is looked at
    Line("DELETE", "incident/{incident}", R.RESOLVE_INCIDENT, ok=(400,), refused=400, does=False),
    *lists("job", "job/count", "job-definition", "job-definition/count", methods=BOTH),
    Line("PUT", "job/suspended", R.SUSPEND, {"processInstanceId": "{instance}", "suspended": True}, stranger=204),
    ("GET", "job/{timer}", VIEW),
    ("DELETE", "job/{timer}", R.MODIFY),
    Line("POST", "job/{timer}/execute", R.RESOLVE_INCIDENT, **OR_WORKER),
    Line("GET", "job/{timer}/stacktrace", VIEW),
    Line("PUT", "job/{timer}/retries", R.RESOLVE_INCIDENT, RETRIES, **OR_WORKER),
    ("PUT", "job/{timer}/duedate", R.RESOLVE_INCIDENT, {"duedate": None}),
    ("POST", "job/{timer}/duedate/recalculate", R.RESOLVE_INCIDENT),
    Line("PUT", "job/{timer}/priority", R.RESOLVE_INCIDENT, {"priority": 1}, **OR_WORKER),
    ("PUT", "job/{timer}/suspended", R.SUSPEND, {"suspended": True}),
    Line("GET", "job/{batch_job}", VIEW),
    Line("POST", "job/{batch_job}/execute", R.SUSPEND),
    Line("PUT", "job/{batch_job}/retries", R.SUSPEND, {"retries": 1}),
    Line("PUT", "job/{batch_job}/duedate", R.SUSPEND, {"duedate": None}),
    Line("PUT", "job/{batch_job}/suspended", R.SUSPEND, {"suspended": True}),
    Line("DELETE", "job/{batch_job}", R.SUSPEND),
    Line("GET", "job-definition/{job_definition}", VIEW),
    *lists("event-subscription", "event-subscription/count"),
    Line(
        "POST",
        "message",
        R.CORRELATE_MESSAGE,
        {"messageName": "loanmark_paid", "processInstanceId": "{instance}"},
        stranger=400,
    ),
    Line("POST", "signal", R.CORRELATE_MESSAGE, {"name": "fog"}, stranger=204, does=False),
    Line("POST", "condition", R.START, {"variables": {"hot": {"value": True}}}, stranger=400),
    # history
    *lists("history/process-instance", "history/process-instance/count", methods=BOTH),
    *lists("history/activity-instance", "history/activity-instance/count", methods=BOTH),
    *lists("history/variable-instance", "history/variable-instance/count", methods=BOTH),
    *lists("history/task", "history/task/count", methods=BOTH),
    *lists("history/incident", "history/incident/count"),
    Line("GET", "history/user-operation", LIST, right=R.VIEW_AUDIT),
    Line("GET", "history/user-operation/count", LIST, right=R.VIEW_AUDIT),
    Line("PUT", "history/user-operation/{operation}/set-annotation", R.VIEW_AUDIT, {"annotation": "x"}, stranger=400),
    Line("PUT", "history/user-operation/{operation}/clear-annotation", R.VIEW_AUDIT, stranger=400),
    Line("POST", "history/process-instance/delete", R.DELETE_INSTANCE, {"historicProcessInstanceIds": ["{ended}"]}),
    ("GET", "history/process-instance/{instance}", VIEW),
    ("DELETE", "history/process-instance/{ended}", R.DELETE_INSTANCE),
    ("GET", "history/activity-instance/{payment}", VIEW),
    ("GET", "history/variable-instance/{variable}", VIEW),
    ("GET", "history/variable-instance/{scan}/data", VIEW),
    ("GET", "history/process-definition/{definition}/statistics", VIEW),
)

V2 = lines(
    "/v2/",
    ("GET", "openapi.json", SIGNED_IN),
    ("GET", "topology", SIGNED_IN),
    ("GET", "status", ALL),
    ("GET", "license", ALL),
    ("GET", "authentication/me", SIGNED_IN),
    Line("POST", "deployments", R.DEPLOY, {"tenantId": "loanmark"}, files={"resources": MODEL}, form=True),
    Line("POST", "resources/{newer_8}/deletion", R.DELETE_DEFINITION),
    *lists("process-definitions/search", "process-instances/search", "element-instances/search", methods=("POST",)),
    *lists("variables/search", "jobs/search", "user-tasks/search", "incidents/search", methods=("POST",)),
    *lists("message-subscriptions/search", "batch-operations/search", methods=("POST",)),
    *lists("batch-operation-items/search", "element-instances/wait-states/search", methods=("POST",)),
    Line("POST", "correlated-message-subscriptions/search", SIGNED_IN, {}),
    ("GET", "process-definitions/{definition_8}", VIEW),
    ("GET", "process-definitions/{definition_8}/xml", VIEW),
    ("GET", "process-definitions/{definition_8}/form", VIEW),
    ("POST", "process-definitions/{definition_8}/statistics/element-instances", VIEW, {}),
    # process instances
    Line(
        "POST",
        "process-instances",
        R.START,
        {"processDefinitionKey": "{definition_8}", "tenantId": "loanmark"},
    ),
    Line("POST", "process-instances/cancellation", R.CANCEL, MANY_8, stranger=200),
    Line(
        "POST",
        "process-instances/deletion",
        R.DELETE_INSTANCE,
        {"filter": {"processInstanceKey": "{ended_8}"}},
        stranger=200,
    ),
    Line("POST", "process-instances/incident-resolution", R.RESOLVE_INCIDENT, MANY_8, stranger=200),
    Line("POST", "process-instances/migration", R.MIGRATE, {**MANY_8, "migrationPlan": MIGRATION_8}, stranger=200),
    Line(
        "POST",
        "process-instances/modification",
        R.MODIFY,
        {**MANY_8, "moveInstructions": [{"sourceElementId": "approve", "targetElementId": "approve"}]},
        stranger=200,
    ),
    Line("POST", "process-instances/suspension", R.SUSPEND, MANY_8, stranger=200),
    Line(
        "POST",
        "process-instances/resumption",
        R.SUSPEND,
        {"filter": {"processInstanceKey": "{suspended}"}},
        stranger=200,
    ),
    ("GET", "batch-operations/{batch}", VIEW),
    Line("POST", "batch-operations/{batch}/cancellation", R.SUSPEND),
    Line("POST", "batch-operations/{batch}/suspension", R.SUSPEND),
    Line("POST", "batch-operations/{paused_batch}/resumption", R.SUSPEND),
    ("GET", "process-instances/{instance_8}", VIEW),
    ("POST", "process-instances/{instance_8}/cancellation", R.CANCEL, {}),
    ("POST", "process-instances/{instance_8}/suspension", R.SUSPEND, {}),
    Line("POST", "process-instances/{suspended}/resumption", R.SUSPEND, {}),
    Line("POST", "process-instances/{ended_8}/deletion", R.DELETE_INSTANCE, {}),
    ("POST", "process-instances/{instance_8}/migration", R.MIGRATE, MIGRATION_8),
    Line(
        "POST",
        "process-instances/{instance_8}/modification",
        R.MODIFY,
        {"activateInstructions": [{"elementId": "approve"}]},
    ),
    ("GET", "process-instances/{instance_8}/call-hierarchy", VIEW),
    ("GET", "process-instances/{instance_8}/sequence-flows", VIEW),
    ("GET", "process-instances/{instance_8}/statistics/element-instances", VIEW),
    ("POST", "process-instances/{instance_8}/incidents/search", VIEW, {}),
    ("GET", "process-instances/{instance_8}/statistics/wait-states", VIEW),
    Line(
        "POST",
        "element-instances/ad-hoc-activities/{choose}/activation",
        R.MODIFY,
        {"elements": [{"elementId": "call"}]},
    ),
    ("GET", "element-instances/{8_payment}", VIEW),
    ("PUT", "element-instances/{instance_8}/variables", R.EDIT_VARIABLES, {"variables": {"n": 1}}),
    ("POST", "element-instances/{8_payment}/incidents/search", VIEW, {}),
    ("GET", "variables/{8_variable}", VIEW),
    # jobs and tasks
    Line(
        "POST",
        "jobs/activation",
        R.WORK_JOBS,
        {"type": "loanmark_free", "timeout": 1000, "maxJobsToActivate": 1, "worker": "w"},
        does=False,
        stranger=200,
    ),
    Line("PATCH", "jobs/{8_job}", R.RESOLVE_INCIDENT, {"changeset": {"retries": 2}}, **OR_WORKER),
    ("POST", "jobs/{8_job}/completion", R.WORK_JOBS, {}),
    ("POST", "jobs/{8_job}/failure", R.WORK_JOBS, {}),
    Line("POST", "jobs/{8_job}/error", R.WORK_JOBS, {"errorCode": "e"}),
    ("GET", "user-tasks/{8_task}", VIEW),
    ("PATCH", "user-tasks/{8_task}", R.COMPLETE_TASK, {"changeset": {"priority": 1}}),
    ("GET", "user-tasks/{8_task}/form", VIEW),
    ("POST", "user-tasks/{8_task}/assignment", R.COMPLETE_TASK, {"assignee": "x"}),
    ("DELETE", "user-tasks/{8_task}/assignee", R.COMPLETE_TASK),
    ("POST", "user-tasks/{8_task}/completion", R.COMPLETE_TASK, {}),
    ("POST", "user-tasks/{8_task}/variables/search", VIEW, {}),
    ("POST", "user-tasks/{8_task}/audit-logs/search", VIEW, {}),
    ("GET", "incidents/{8_incident}", VIEW),
    ("POST", "incidents/{8_incident}/resolution", R.RESOLVE_INCIDENT, {}),
    # messages and signals
    Line("POST", "messages/publication", R.CORRELATE_MESSAGE, {"name": "x", "timeToLive": 0, "tenantId": "loanmark"}),
    Line(
        "POST",
        "messages/correlation",
        R.CORRELATE_MESSAGE,
        {"name": "loanmark_paid_8", "correlationKey": "8", "tenantId": "loanmark"},
    ),
    Line("POST", "signals/broadcast", R.CORRELATE_MESSAGE, {"signalName": "fog", "tenantId": "loanmark"}),
    # audit log
    Line("POST", "audit-logs/search", LIST, {}, right=R.VIEW_AUDIT),
    Line("GET", "audit-logs/{event}", R.VIEW_AUDIT, refused=404, does=False),
)

PLAN = {"instructions": [{"type": "start_before", "element_id": "approve"}]}
MODIFICATION = "process-instances/{instance}/modification"
SEEN = {"secret": "{secret_version}"}
NEW_DRAFT = {"workspace": "loanmark", "title": "x", "command": {"command": "suspend", "keys": ["{instance}"]}}
OF_AUTHOR: dict[str, Any] = {"ok": (200, 403, 409), "does": False, "writes": True}
FETTLE = lines(
    "/api/",
    ("GET", "", SIGNED_IN),
    ("GET", "openapi.json", SIGNED_IN),
    ("POST", "token", SIGNED_IN),
    ("DELETE", "token", SIGNED_IN),
    ("POST", MODIFICATION, R.MODIFY, PLAN),
    Line("POST", "audit-events/search", LIST, {}, right=R.VIEW_AUDIT),
    Line("POST", "audit-events/export", LIST, {}, right=R.VIEW_AUDIT),
    Line("POST", "dry-run", R.CANCEL, {"command": "cancel", "keys": ["{instance}"]}, does=False),
    ("GET", "process-instances/{instance}/why-stuck", VIEW),
    Line("GET", "saved-filters", SIGNED_IN),
    Line("GET", "alerts", LIST, right=R.MANAGE),
    Line("POST", "alerts", SIGNED_IN, {"filter_key": "999999999", "threshold": 1}, ok=(404,)),
    Line("GET", "alerts/{alert}", R.MANAGE, refused=404, does=False),
    Line("PATCH", "alerts/{alert}", R.MANAGE, {"threshold": 2}, ok=(200, 400), refused=404, does=False),
    Line("DELETE", "alerts/{alert}", R.MANAGE, refused=404, does=False),
    Line("GET", "alerts/{alert}/history", R.MANAGE, refused=404, does=False),
    # four eyes: what its author alone may do is told to the others as 403
    *lists("drafts", "approval-policies"),
    Line("POST", "drafts", VIEW, NEW_DRAFT, writes=True),
    ("GET", "drafts/{draft}", VIEW),
    Line("PATCH", "drafts/{draft}", VIEW, {"reason": "x"}, **OF_AUTHOR),
    Line("POST", "drafts/{draft}/comments", VIEW, {"text": "x"}, writes=True),
    ("POST", "drafts/{draft}/dry-run", VIEW),
    Line("POST", "drafts/{draft}/request", VIEW, **OF_AUTHOR),
    Line("POST", "drafts/{draft}/approve", R.APPROVE, {"digest": "{digest}"}),
    Line("POST", "drafts/{draft}/reject", R.APPROVE, {"note": "x"}),
    Line("POST", "drafts/{draft}/withdraw", VIEW, **OF_AUTHOR),
    Line("POST", "drafts/{draft}/apply", VIEW, **OF_AUTHOR),
    ("POST", "approval-policies", R.MANAGE, {"workspace": "loanmark", "name": "x", "operation": "CANCEL"}),
    ("GET", "approval-policies/{policy}", VIEW),
    ("PATCH", "approval-policies/{policy}", R.MANAGE, {"hours": 5}),
    ("DELETE", "approval-policies/{policy}", R.MANAGE),
    ("GET", "process-instances/{instance}/notes", VIEW),
    ("POST", "process-instances/{instance}/notes", R.MODIFY, {"text": "x"}),
    ("GET", "process-instances/{instance}/notes/{note}", VIEW),
    ("PATCH", "process-instances/{instance}/notes/{note}", R.MODIFY, {"pinned": False}),
    ("DELETE", "process-instances/{instance}/notes/{note}", R.MANAGE),
    Line("GET", "process-instances/{instance}/undo/{snapshot}", R.VIEW_AUDIT, ok=(200, 400), refused=404, does=False),
    Line("GET", "audit-events/{event}/undo", R.VIEW_AUDIT, ok=(200, 400), refused=404, does=False),
    Line("POST", "audit-events/{event}/undo", R.VIEW_AUDIT, {}, ok=(400,), refused=404, does=False),
    Line("POST", "audit-events/{event}/undo/dry-run", R.VIEW_AUDIT, {}, ok=(200, 400), refused=404, does=False),
    Line("POST", "batches/{done_batch}/undo", R.RESTART, {}),
    Line("POST", "batches/{done_batch}/undo/dry-run", R.RESTART, {}, does=False),
    Line(
        "POST",
        "process-instances/{instance}/back",
        R.MODIFY,
        {"element_id": "approve"},
        ok=(200, 400, 404, 409),
        does=False,
    ),
    Line(
        "POST",
        "process-instances/{instance}/back/dry-run",
        R.MODIFY,
        {"element_id": "approve"},
        ok=(200, 400, 404, 409),
        does=False,
    ),
    ("GET", "process-instances/{instance}/back/targets", VIEW),
    Line("POST", "search/process-instances", SIGNED_IN, {"search": ["amount:eq:1"]}, ok=(200, 400)),
    ("GET", "search/paths", SIGNED_IN),
    ("GET", "process-instances/{instance}/scopes", VIEW),
    ("GET", "process-instances/{instance}/variables-at?time=2100-01-01T00:00:00Z", VIEW),
    ("GET", "process-instances/{instance}/variable-snapshots", VIEW),
    ("GET", "variable-snapshots/{snapshot}", VIEW),
    Line("POST", "variable-snapshots/{snapshot}/restore", R.EDIT_VARIABLES, {"reason": "x"}),
    ("GET", "variable-comparison?left=now:{instance}&right=now:{ended}", VIEW),
    ("GET", "scopes/{instance}/variables", VIEW),
    Line(
        "PUT",
        "scopes/{instance}/variables",
        R.EDIT_VARIABLES,
        {"document": '{"secret": 1}', "seen": {}},
        ok=(200, 409),
        does=False,
    ),
    Line("PATCH", "scopes/{instance}/variables", R.EDIT_VARIABLES, NEW_N),
    ("GET", "scopes/{instance}/variables/secret", VIEW),
    ("GET", "scopes/{instance}/variables/secret/history", VIEW),
    ("GET", "scopes/{instance}/document", VIEW),
    Line("POST", "scopes/{instance}/check", R.EDIT_VARIABLES, NEW_N, does=False),
    Line("POST", f"{MODIFICATION}/dry-run", R.MODIFY, PLAN, does=False),
    Line("POST", f"{MODIFICATION}/validate", R.MODIFY, PLAN, does=False),
    Line("POST", f"{MODIFICATION}/export", VIEW, PLAN),
    ("GET", "process-instances/{instance}/scopes", VIEW),
    ("GET", "process-instances/{instance}/variables-at?time=2030-01-01T00:00:00Z", VIEW),
    ("GET", "process-instances/{instance}/variable-snapshots", VIEW),
    ("GET", "variable-snapshots/{snapshot}", VIEW),
    Line("POST", "variable-snapshots/{snapshot}/restore", R.EDIT_VARIABLES, {}),
    ("GET", "variable-comparison?left=now:{instance}&right=before:{snapshot}", VIEW),
    ("GET", "scopes/{instance}/variables", VIEW),
    Line("PUT", "scopes/{instance}/variables", R.EDIT_VARIABLES, {"document": {"secret": "x"}, "seen": SEEN}),
    Line("PATCH", "scopes/{instance}/variables", R.EDIT_VARIABLES, {"delete": ["secret"], "seen": SEEN}),
    ("GET", "scopes/{instance}/variables/secret", VIEW),
    ("GET", "scopes/{instance}/variables/secret/history", VIEW),
    ("GET", "scopes/{instance}/document", VIEW),
    Line("POST", "scopes/{instance}/check", R.EDIT_VARIABLES, {"delete": ["secret"], "seen": SEEN}, does=False),
)


def superusers(*paths: str) -> list[Line]:
    """Pages of Django's own, in which rights can be given: for superusers alone."""
    return [Line(method, path, SUPERUSER, {} if method == "POST" else None) for path in paths for method in BOTH]


def anyhow(path: str, who: Who, **more: Any) -> list[Line]:
    """Pages of Django's own that answer a POST as they answer a GET."""
    return [Line(method, path, who, {} if method == "POST" else None, **more) for method in BOTH]


BACK: dict[str, Any] = {"ok": (302,), "refused": 302}
"""A button of a page: back to the page, with a message of what was done or why not."""
NOTE = {"text": "x", "kind": "WARNING"}
VARIABLES_PAGE = [
    Line("GET", "workflow/processinstance/{instance}/variables/warnings/?scope={instance}", VIEW),
    Line("GET", "workflow/processinstance/{instance}/variables/values/?scope={instance}", VIEW),
    Line("GET", "workflow/processinstance/{instance}/variables/history/?scope={instance}&name=secret", VIEW),
    Line("GET", "workflow/processinstance/{instance}/variables/export/?scope={instance}", VIEW),
    Line(
        "POST",
        "workflow/processinstance/{instance}/variables/reveal/",
        R.REVEAL,
        {"scope": "{instance}", "names": ["secret"]},
        as_json=True,
    ),
    Line("GET", "workflow/processinstance/{instance}/snapshots/", VIEW),
    Line(
        "GET", "workflow/processinstance/{instance}/snapshots/compare/?left=now:{instance}&right=now:{instance}", VIEW
    ),
    Line(
        "POST",
        "workflow/processinstance/{instance}/snapshots/{snapshot}/restore/",
        R.EDIT_VARIABLES,
        {"scope": "{approve}"},
        as_json=True,
        ok=(200, 400),
        does=False,
    ),
    Line("GET", "workflow/processinstance/{instance}/back/", VIEW),
    Line(
        "POST",
        "workflow/processinstance/{instance}/back/",
        R.MODIFY,
        {"snapshot": "1", "revision": "{revision}"},
        ok=(200, 302, 400),
        refused=200,
        does=False,
    ),
    Line(
        "GET",
        "workflow/processinstance/{instance}/undo/{snapshot}/",
        R.VIEW_AUDIT,
        ok=(200, 400),
        refused=404,
        does=False,
    ),
    Line(
        "POST",
        "workflow/processinstance/{instance}/plan/",
        VIEW,
        {"plan": [{"kind": "add", "element": "approve"}], "revision": "{revision}"},
        as_json=True,
    ),
]
LOOKING = [
    Line("GET", "operate/alert/", LIST, right=R.MANAGE),
    Line("GET", "operate/alert/{alert}/", R.MANAGE, refused=404, does=False),
    Line("POST", "operate/alert/{alert}/", R.MANAGE, {}, ok=(302, 400, 403), refused=404, does=False),
    Line("POST", "operate/alert/{alert}/do/", R.MANAGE, {"do": "mute"}, ok=(302,), refused=404, does=False),
    Line("GET", "operate/alert/of/{saved_filter}/", VIEW),
    Line("POST", "operate/alert/of/{saved_filter}/", VIEW, {}, ok=(302, 400)),
    Line("GET", "workflow/workspace/{workspace}/rights/", R.VIEW_AUDIT, alternative=R.MANAGE, does=False),
    Line("GET", "workflow/workspace/{workspace}/history/", R.VIEW_AUDIT, alternative=R.MANAGE, does=False),
    Line("GET", "audit/auditevent/export/csv/", R.VIEW_AUDIT, stranger=200, does=False),
    Line("POST", "audit/auditevent/{event}/reveal/", R.REVEAL, refused=(403, 404), does=False),
    Line("GET", "operate/maskedvariable/", SIGNED_IN),
    Line("GET", "operate/maskedvariable/of/{definition}/", VIEW),
    Line("POST", "operate/maskedvariable/of/{definition}/", R.MANAGE, {"pattern": "iban"}, ok=(302,)),
    Line("POST", "operate/maskedvariable/of/{definition}/remove/", R.MANAGE, {"pattern": "card"}, ok=(302,)),
    Line("GET", "workflow/processdefinition/{definition}/data/", VIEW),
    Line(
        "POST",
        "workflow/processdefinition/{definition}/data/",
        R.MANAGE,
        {"path": "amount", "type": "NUMBER"},
        ok=(200, 302, 400),
        refused=400,
        does=False,
    ),
]
WEBHOOK = "operate/webhook/of/{workspace}/{webhook}/"
TELLING = [
    *lists("operate/notification/"),
    Line("GET", "operate/notification/count/", SIGNED_IN),
    Line("POST", "operate/notification/read/", SIGNED_IN, {"all": "1"}, ok=(302,)),
    Line("POST", "operate/notification/mail/", SIGNED_IN, {}, ok=(302,)),
    Line("GET", "operate/notification/{notification}/", SIGNED_IN, ok=(302, 404)),
    Line("GET", "operate/webhook/", R.MANAGE, stranger=200, does=False),
    Line("GET", "operate/webhook/of/{workspace}/", R.MANAGE, does=False),
    Line(
        "POST",
        "operate/webhook/of/{workspace}/",
        R.MANAGE,
        {"url": "http://127.0.0.1:9/new", "kinds": "ALERT"},
        ok=(302,),
        does=False,
    ),
    Line("POST", WEBHOOK, R.MANAGE, {"do": "off"}, ok=(302,), does=False),
]
POLICY = {"name": "Big", "min_instances": "10", "risk": "ALWAYS", "hours": "24"}
FOUR_EYES = [
    *lists("operate/draft/?show=all"),
    Line("GET", "operate/draft/{draft}/", VIEW),
    Line("GET", "operate/draft/{draft}/plan/", VIEW, ok=(400,)),
    Line(
        "POST",
        "operate/draft/plan/{instance}/",
        VIEW,
        {"plan": [{"kind": "add", "element": "approve"}], "revision": "{revision}"},
        as_json=True,
        writes=True,
    ),
    Line("POST", "operate/draft/{draft}/do/", VIEW, {"do": "comment", "text": "x"}, ok=(302,), writes=True),
    Line("POST", "operate/draft/{draft}/do/", R.APPROVE, {"do": "reject", "note": "no"}, ok=(302,)),
    *lists("operate/approvalpolicy/"),
    Line("GET", "operate/approvalpolicy/of/{workspace}/", VIEW),
    Line("POST", "operate/approvalpolicy/of/{workspace}/", R.MANAGE, POLICY, ok=(302,)),
    Line("GET", "operate/approvalpolicy/{policy}/", VIEW),
    Line("POST", "operate/approvalpolicy/{policy}/", R.MANAGE, POLICY, ok=(302,)),
    Line("POST", "operate/approvalpolicy/{policy}/remove/", R.MANAGE, {}, ok=(302,)),
]
PAGES = lines(
    "/",
    Line("GET", "login/", ALL, ok=(200, 302)),
    Line("POST", "login/", ALL, {}, ok=(200,)),
    Line("GET", "logout/", ALL, ok=(302, 405)),
    Line("POST", "logout/", ALL, {}, ok=(200, 302)),
    Line("GET", "password_change/", SIGNED_IN),
    Line("POST", "password_change/", SIGNED_IN, {}),
    Line("GET", "password_change/done/", SIGNED_IN),
    Line("GET", "jsi18n/", SIGNED_IN),
    Line("GET", "language/", ALL, ok=(302,)),
    Line("POST", "language/", ALL, {"language": "en"}, ok=(204, 302), form=True),
    Line("GET", "autocomplete/?app_label=auth&model_name=user&field_name=groups", SUPERUSER),
    *anyhow("r/0/0/", SIGNED_IN, ok=(404,)),
    *anyhow("no/such/page/", SIGNED_IN, ok=(404,)),
    *anyhow("workflow/", SIGNED_IN),
    *anyhow("search/?s=loanmark&extended=1", SIGNED_IN),
    *anyhow("", LIST),
    # process instances
    *lists("workflow/processinstance/", "workflow/incident/", "workflow/job/", "workflow/usertask/", "operate/batch/"),
    *lists("workflow/processdefinition/", "workflow/deployment/", "workflow/workspace/"),
    Line("GET", "workflow/processinstance/find/?q=loanmark-1", SIGNED_IN, ok=(302,)),
    Line("GET", "workflow/processinstance/figures/?process=loanmark_c7", SIGNED_IN),
    Line("GET", "workflow/processinstance/count/", LIST),
    *[
        Line("GET", f"workflow/{each}/export/", LIST, writes=True)
        for each in ("processinstance", "incident", "usertask")
    ],
    Line("GET", "workflow/processinstance/suggest/?q=loanmark", LIST),
    Line("POST", "workflow/processinstance/columns/", SIGNED_IN, {}, ok=(302,)),
    Line("POST", "workflow/processinstance/filters/", SIGNED_IN, {"name": "x"}, ok=(302,)),
    Line("GET", "workflow/processinstance/confirm/?operation=cancel&key={instance}", LIST),
    Line(
        "POST",
        "workflow/processinstance/confirm/",
        R.CANCEL,
        {"operation": "cancel", "key": "{instance}", "confirmed": "1"},
        stranger=302,
        **BACK,
    ),
    Line("GET", "workflow/processinstance/{instance}/", VIEW),
    Line("GET", "workflow/processinstance/{instance}/panels/", VIEW),
    Line("GET", "workflow/processinstance/{instance}/history/", VIEW),
    Line(
        "POST",
        "workflow/processinstance/{instance}/variables/",
        R.EDIT_VARIABLES,
        {"scope": "{instance}", **NEW_N},
        as_json=True,
    ),
    *VARIABLES_PAGE,
    Line(
        "POST", "workflow/processinstance/{instance}/presence/", VIEW, {"window": "w", "doing": "LOOKING", "after": "0"}
    ),
    Line("POST", "workflow/processinstance/{instance}/notes/", R.MODIFY, NOTE, **BACK),
    Line("POST", "workflow/processinstance/{instance}/notes/{note}/", R.MANAGE, {"do": "remove"}, **BACK),
    Line("GET", "workflow/processinstance/{instance}/operations/", VIEW),
    Line(
        "POST",
        "workflow/processinstance/{instance}/modify/",
        R.MODIFY,
        {"plan": [{"kind": "add", "element": "approve"}], "revision": "{revision}"},
        as_json=True,
    ),
    Line("POST", "workflow/processinstance/{instance}/tasks/{task}/", R.COMPLETE_TASK, {}, as_json=True),
    # an event that nothing waits for; who may let one come is in tests/operate/admin/test_occurring.py
    Line("GET", "workflow/processinstance/{instance}/event/1/", VIEW, ok=(404,)),
    Line("POST", "workflow/processinstance/{instance}/event/1/", VIEW, {}, ok=(404,), does=False),
    # incidents, jobs, tasks
    Line(
        "POST",
        "workflow/incident/resolve/",
        R.RESOLVE_INCIDENT,
        {"key": "{incident}", "retries": "1"},
        stranger=302,
        **BACK,
    ),
    Line(
        "POST",
        "workflow/job/do/",
        R.RESOLVE_INCIDENT,
        {"one": "{timer}"},
        stranger=302,
        **BACK,
        **OR_WORKER,
    ),
    Line(
        "POST",
        "workflow/job/{timer}/change/",
        R.RESOLVE_INCIDENT,
        {"due": "once", "retries": "2", "priority": "1"},
        **BACK,
    ),
    Line("GET", "workflow/usertask/{task}/", VIEW),
    Line("POST", "workflow/usertask/{task}/", R.COMPLETE_TASK, {"variables": "{}"}, ok=(302,), refused=400),
    Line("POST", "workflow/usertask/{task}/assign/", R.COMPLETE_TASK, {}, **BACK),
    # batches
    Line("GET", "operate/batch/{batch}/", VIEW),
    Line("GET", "operate/batch/{batch}/progress/", VIEW),
    Line("GET", "operate/batch/{done_batch}/undo/", VIEW),
    Line("POST", "operate/batch/{done_batch}/undo/", R.RESTART, {}, ok=(302,)),
    Line("POST", "operate/batch/{batch}/operations/", R.SUSPEND, {"operation": "suspend"}, **BACK),
    Line("GET", "operate/batch/new/?operation=resolve&key={instance}", SIGNED_IN),
    Line(
        "POST",
        "operate/batch/new/",
        R.RESOLVE_INCIDENT,
        {"operation": "resolve", "key": "{instance}", "confirmed": "1"},
        ok=(302,),
        refused=400,
        stranger=400,
    ),
    Line(
        "POST", "operate/batch/new/preview/", SIGNED_IN, {"operation": "move", "key": "{instance}"}, ok=(200, 400, 403)
    ),
    Line("GET", "operate/batch/running/", SIGNED_IN),
    # definitions
    Line("GET", "workflow/processdefinition/{definition}/", VIEW),
    Line("GET", "workflow/processdefinition/{definition}/xml/", VIEW),
    Line("GET", "workflow/processdefinition/{definition}/compare/", VIEW),
    Line("GET", "workflow/processdefinition/{definition}/start/", VIEW, ok=(302,)),
    Line(
        "POST", "workflow/processdefinition/{definition}/start/", R.START, {"variables": "{}"}, ok=(302,), refused=400
    ),
    Line("GET", "workflow/processdefinition/{definition}/ask/suspend/", VIEW),
    Line("POST", "workflow/processdefinition/{definition}/ask/suspend/", R.SUSPEND, {}, ok=(302,), refused=400),
    Line("GET", "workflow/processdefinition/upload/", SIGNED_IN),
    Line(
        "POST",
        "workflow/processdefinition/upload/",
        R.DEPLOY,
        {"workspace": "{workspace}", "semantics": "camunda7"},
        files={"files": MODEL},
        ok=(302,),
        refused=400,
        stranger=400,
    ),
    Line("POST", "workflow/processdefinition/detect/", R.DEPLOY, {}, files={"file": MODEL}, does=False, stranger=200),
    # administration
    Line("GET", "audit/auditevent/", R.VIEW_AUDIT, stranger=200, does=False),
    Line("GET", "audit/auditevent/{event}/", R.VIEW_AUDIT, refused=404),
    Line("GET", "audit/auditevent/{event}/undo/", R.VIEW_AUDIT, refused=404),
    Line("POST", "audit/auditevent/{event}/undo/", R.VIEW_AUDIT, {}, ok=(400,), refused=404, does=False),
    Line("GET", "workflow/workspace/add/", SIGNED_IN),
    Line("POST", "workflow/workspace/add/", Who.EVERYWHERE, {"slug": "new", "name": "New"}, ok=(302,)),
    Line("GET", "workflow/workspace/{workspace}/", VIEW),
    Line("POST", "workflow/workspace/{workspace}/", R.MANAGE, {"name": "Loanmark 2"}, ok=(302,)),
    Line("POST", "workflow/workspace/{workspace}/members/", R.MANAGE, {"name": "member", "role": "AUDITOR"}, ok=(302,)),
    *LOOKING,
    *TELLING,
    *FOUR_EYES,
    *superusers("auth/user/", "auth/user/add/", "auth/user/{user}/change/", "auth/user/{user}/delete/"),
    *superusers("auth/user/{user}/history/", "auth/user/{user}/password/"),
    *superusers("auth/group/", "auth/group/add/", "auth/group/{group}/change/", "auth/group/{group}/delete/"),
    *superusers("auth/group/{group}/history/"),
    *anyhow("auth/user/{user}/", SIGNED_IN, ok=(302,)),
    *anyhow("auth/group/{group}/", SIGNED_IN, ok=(302,)),
)

MATRIX = [*ENGINE_REST, *V2, *FETTLE, *PAGES]
