"""A workspace with one of everything, somebody of each role in it, and an administrator of another workspace.

Whatever there is carries the word `loanmark` in a name or a value: who sees that word sees into the workspace.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group

from audit.models import AuditEvent, Channel, VariableSnapshot
from operate.actions import (
    AddNote,
    CancelProcessInstance,
    Deploy,
    FailJob,
    LockJob,
    SetVariables,
    StartProcessInstance,
    SubmitBatch,
    SuspendBatch,
    UpdateJob,
)
from operate.alerts.configuring import set_up
from operate.approvals.drafts import Contents, RequestApproval, SaveDraft
from operate.approvals.models import ApprovalPolicy
from operate.batch.models import BatchJob
from operate.batch.plans import Cancel, Suspend
from operate.batch.running import run_due_jobs
from operate.batch.submitting import Selection
from operate.lists import SavedFilter
from operate.masking.models import MaskedVariable
from operate.models import WorkspaceSettings
from operate.notifications.models import Kind, Notification, Way, Webhook
from operate.notifications.telling import notify
from operate.workspaces import Right, Role, add_member
from workflow.engine.values import TypedValue
from workflow.graph import Semantics
from workflow.models import (
    ElementInstance,
    Incident,
    Job,
    ProcessDefinition,
    ProcessInstance,
    UserTask,
    Variable,
    Workspace,
)
from workflow.services import Resource

MARK = "loanmark"
SCAN = {"filename": "loanmark.txt", "mimetype": "text/plain", "data": "bG9hbm1hcms="}
SUPERUSER, STRANGER, ANONYMOUS = "SUPERUSER", "STRANGER", "ANONYMOUS"
PEOPLE = (*(role.value for role in Role), SUPERUSER, STRANGER, ANONYMOUS)
"""Roles in the workspace; STRANGER administers another one."""

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'
    ' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:modeler="http://camunda.org/schema/modeler/1.0"'
    ' targetNamespace="loans" modeler:executionPlatform="{}">'
)
CAMUNDA_7 = f"""{HEAD.format("Camunda Platform")}
  <message id="paid" name="loanmark_paid" />
  <process id="loanmark_c7" name="Loanmark" isExecutable="true" camunda:historyTimeToLive="P30D">
    <startEvent id="start" /><parallelGateway id="fork" />
    <sequenceFlow id="f0" sourceRef="start" targetRef="fork" />
    <sequenceFlow id="f1" sourceRef="fork" targetRef="approve" />
    <sequenceFlow id="f2" sourceRef="fork" targetRef="ship" />
    <sequenceFlow id="f3" sourceRef="fork" targetRef="broken" />
    <sequenceFlow id="f4" sourceRef="fork" targetRef="payment" />
    <sequenceFlow id="f5" sourceRef="fork" targetRef="pause" />
    <userTask id="approve" name="Loanmark approve" camunda:candidateGroups="loanmark_group" />
    <serviceTask id="ship" camunda:type="external" camunda:topic="loanmark_ship" />
    <serviceTask id="broken" camunda:type="external" camunda:topic="loanmark_broken" />
    <receiveTask id="payment" messageRef="paid" />
    <intermediateCatchEvent id="pause">
      <timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>
    </intermediateCatchEvent>
  </process>
</definitions>"""
CAMUNDA_8 = f"""{HEAD.format("Camunda Cloud")}
  <message id="paid" name="loanmark_paid_8">
    <extensionElements><zeebe:subscription correlationKey="=number" /></extensionElements>
  </message>
  <process id="loanmark_c8" name="Loanmark" isExecutable="true">
    <startEvent id="start" /><parallelGateway id="fork" />
    <sequenceFlow id="f0" sourceRef="start" targetRef="fork" />
    <sequenceFlow id="f1" sourceRef="fork" targetRef="approve" />
    <sequenceFlow id="f2" sourceRef="fork" targetRef="ship" />
    <sequenceFlow id="f3" sourceRef="fork" targetRef="broken" />
    <sequenceFlow id="f4" sourceRef="fork" targetRef="payment" />
    <sequenceFlow id="f5" sourceRef="fork" targetRef="choose" />
    <userTask id="approve" name="Loanmark approve"><extensionElements><zeebe:userTask /></extensionElements></userTask>
    <serviceTask id="ship"><extensionElements><zeebe:taskDefinition type="loanmark_ship_8" /></extensionElements>
    </serviceTask>
    <serviceTask id="broken"><extensionElements><zeebe:taskDefinition type="loanmark_broken_8" /></extensionElements>
    </serviceTask>
    <receiveTask id="payment" messageRef="paid" />
    <adHocSubProcess id="choose"><userTask id="call"><extensionElements><zeebe:userTask /></extensionElements></userTask>
    </adHocSubProcess>
  </process>
</definitions>"""

CONDITIONAL = f"""{HEAD.format("Camunda Platform")}
  <process id="loanmark_hot" name="Loanmark hot" isExecutable="true" camunda:historyTimeToLive="P30D">
    <startEvent id="start"><conditionalEventDefinition>
      <condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="tFormalExpression">${{hot}}</condition>
    </conditionalEventDefinition></startEvent>
  </process>
</definitions>"""


@dataclass
class World:
    """Keys and names by what the matrix calls them, and the people."""

    workspace: Workspace
    names: dict[str, str] = field(default_factory=dict)
    people: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.names[name]

    def events(self, **conditions: Any) -> int:
        """How many audit events the workspace has."""
        return AuditEvent.objects.filter(workspace=self.workspace, **conditions).count()


def make_world() -> World:
    """Build everything, inside the caller's transaction."""
    world = World(Workspace.objects.create(slug=MARK, name="Loanmark"))
    WorkspaceSettings.objects.create(workspace=world.workspace, audit_worker_traffic=True)
    _make_people(world)
    _make_camunda_7(world)
    _make_camunda_8(world)
    _make_batches(world)
    _make_notifications(world)
    _make_draft(world)
    policy = ApprovalPolicy.objects.create(
        workspace=world.workspace, name=f"{MARK} far too many", min_instances=1_000_000
    )
    world.names["policy"] = str(policy.pk)
    _make_alert(world)
    world.names["workspace"] = str(world.workspace.pk)
    world.names["revision"] = str(ProcessInstance.objects.get(pk=world["instance"]).revision)
    world.names["event"] = str(AuditEvent.objects.filter(workspace=world.workspace).latest("key").pk)
    return world


def _make_people(world: World) -> None:
    approvers = Group.objects.create(name="loanmark_group")
    cards = Workspace.objects.create(slug="cards", name="Cards")
    users = get_user_model()._default_manager
    for name in PEOPLE:
        if name == ANONYMOUS:
            world.people[name] = AnonymousUser()
            continue
        user = users.create_user(name.lower(), is_staff=True, is_superuser=name == SUPERUSER)
        if name == STRANGER:
            add_member(user, cards, Role.WORKSPACE_ADMIN)
        elif name != SUPERUSER:
            add_member(user, world.workspace, Role(name))
            user.groups.add(approvers)
        world.people[name] = user
    add_member(users.create_user("member"), world.workspace, Role.SUPPORT)
    world.names["group"] = str(Group.objects.get(name=f"{MARK}:SUPPORT").pk)
    world.names["user"] = str(world.people[Role.SUPPORT].pk)


def _deploy(world: World, name: str, xml: str) -> ProcessDefinition:
    deployed = Deploy(None).execute(
        [Resource(name, xml.encode())], workspace_id=world.workspace.pk, fallback=Semantics.CAMUNDA_7
    )
    return ProcessDefinition.objects.get(pk=deployed.definitions[0].key)


def _start(definition: ProcessDefinition, **variables: Any) -> int:
    started = StartProcessInstance(None).execute(
        definition.key, variables={"secret": MARK, **variables}, business_key="loanmark-1"
    )
    return started.process_instance_key


def _ended(definition: ProcessDefinition, **variables: Any) -> int:
    key = _start(definition, **variables)
    CancelProcessInstance(None).execute(key)
    return key


def _facts(instance: int, prefix: str) -> dict[str, str]:
    """The keys of what is in a process instance."""
    rows = {
        "task": UserTask.objects.get(process_instance=instance, element_id="approve"),
        "job": Job.objects.get(process_instance=instance, element_id="ship"),
        "broken": Job.objects.get(process_instance=instance, element_id="broken"),
        "payment": ElementInstance.objects.get(process_instance=instance, element_id="payment"),
        "approve": ElementInstance.objects.get(process_instance=instance, element_id="approve"),
        "variable": Variable.objects.get(process_instance=instance, name="secret"),
    }
    return {f"{prefix}{name}": str(row.pk) for name, row in rows.items()}


def _fail(job: int) -> None:
    LockJob(None).execute(job, worker="w", lock_for=timedelta(hours=1))
    FailJob(None).execute(job, worker="w", retries=0, message=MARK)


def _make_camunda_7(world: World) -> None:
    definition = _deploy(world, "loanmark.bpmn", CAMUNDA_7)
    instance = _start(definition)
    world.names |= {
        "definition": str(definition.key),
        "resource": str(definition.key),
        "deployment": str(definition.deployment_key),
    }
    world.names |= {"instance": str(instance), "ended": str(_ended(definition)), **_facts(instance, "")}
    world.names["timer"] = str(Job.objects.get(process_instance=instance, element_id="pause").pk)
    world.names["job_definition"] = f"{definition.key}:pause:TIMER"
    SetVariables(None).execute(int(world["approve"]), {"own": MARK, "scan": TypedValue(SCAN, "File")}, local=True)
    SetVariables(None).execute(instance, {"scan": TypedValue(SCAN, "File")}, local=True)
    scan, secret = (Variable.objects.get(scope_key=instance, name=name) for name in ("scan", "secret"))
    world.names |= {"scan": str(scan.pk), "secret_version": f"{secret.pk}.{secret.revision}"}
    world.names["snapshot"] = str(VariableSnapshot.objects.get(scope_key=instance, name="scan").audit_event_key)
    world.names["snapshot"] = str(AuditEvent.objects.filter(subject="Process variables").latest("key").pk)
    _deploy(world, "loanmark_hot.bpmn", CONDITIONAL)
    _fail(int(world["broken"]))
    LockJob(None).execute(int(world["job"]), worker="w", lock_for=timedelta(hours=1))
    world.names["incident"] = str(Incident.objects.get(process_instance=instance).pk)
    MaskedVariable.objects.create(workspace=world.workspace, process_id="loanmark_c7", pattern="card")
    world.names["note"] = str(AddNote(None).execute(instance, f"{MARK}: call back", is_pinned=True).key)
    world.names["newer"] = str(_deploy(world, "loanmark.bpmn", f"{CAMUNDA_7}<!-- newer -->").key)


def _make_camunda_8(world: World) -> None:
    definition = _deploy(world, "loanmark_8.bpmn", CAMUNDA_8)
    instance = _start(definition, number=8)
    world.names |= {"definition_8": str(definition.key), "instance_8": str(instance), **_facts(instance, "8_")}
    world.names["ended_8"] = str(_ended(definition, number=9))
    world.names["choose"] = str(ElementInstance.objects.get(process_instance=instance, element_id="choose").pk)
    _fail(int(world["8_broken"]))
    LockJob(None).execute(int(world["8_job"]), worker="w", lock_for=timedelta(hours=1))
    UpdateJob(None).execute(int(world["8_broken"]), retries=1)
    world.names["8_incident"] = str(Incident.objects.get(process_instance=instance).pk)
    world.names["newer_8"] = str(_deploy(world, "loanmark_8.bpmn", f"{CAMUNDA_8}<!-- newer -->").key)


def _make_draft(world: World) -> None:
    """A request of the operator, that somebody else may decide on."""
    author = world.people[Role.OPERATOR]
    contents = Contents(f"{MARK} suspend it", {"command": "suspend", "keys": [world["instance"]]}, MARK)
    draft = SaveDraft(author, channel=Channel.ADMIN).execute(world.workspace.pk, contents)
    requested = RequestApproval(author, channel=Channel.ADMIN).execute(draft.key)
    world.names["draft"] = str(draft.key)
    world.names["digest"] = requested.digest


def _make_alert(world: World) -> None:
    """On a filter that all in the workspace may use, by one of its administrators."""
    owner = world.people[Role.WORKSPACE_ADMIN]
    saved = SavedFilter.objects.create(list_name="process_instances", owner=owner, name=MARK, workspace=world.workspace)
    world.names["saved_filter"] = str(saved.pk)
    world.names["alert"] = str(set_up(owner, saved, world.workspace, {"threshold": 1}).pk)


def _make_notifications(world: World) -> None:
    """Everybody is told something, also who may not see the workspace any more."""
    hook = Webhook.objects.create(
        workspace=world.workspace, url=f"http://127.0.0.1:9/{MARK}", secret=MARK, kinds=Kind.values
    )
    world.names["webhook"] = str(hook.pk)
    told = notify(Kind.ALERT, workspace_id=world.workspace.pk, right=Right.VIEW, subject=MARK, url="/")
    Notification.objects.create(notice=told, way=Way.PAGE, recipient=world.people[STRANGER])
    own = told.notifications.get(way=Way.PAGE, recipient=world.people[Role.SUPPORT])
    world.names["notification"] = str(own.pk)


def _make_batches(world: World) -> None:
    administrator = world.people[Role.WORKSPACE_ADMIN]
    definition = ProcessDefinition.objects.get(pk=world["definition"])
    goal = _start(definition)
    done = SubmitBatch(administrator, channel=Channel.ADMIN).execute(Cancel(), Selection([_start(definition)]))
    run_due_jobs()
    waiting = SubmitBatch(administrator, channel=Channel.ADMIN, reason=MARK).execute(Suspend(), Selection([goal]))
    paused = SubmitBatch(administrator, channel=Channel.ADMIN).execute(Suspend(), Selection([goal]))
    SuspendBatch(administrator, channel=Channel.ADMIN).execute(paused)
    world.names["paused_batch"] = str(paused)
    operation = AuditEvent.objects.filter(entity_key=paused, actor_name=administrator.get_username()).latest("key")
    world.names["operation"] = str(operation.operation_id)
    job = BatchJob.objects.filter(batch=waiting).earliest("key")
    world.names |= {"done_batch": str(done), "batch": str(waiting), "batch_job": str(job.pk)}
    world.names["suspended"] = str(_start(definition))
    ProcessInstance.objects.filter(pk=world["suspended"]).update(suspended=True)
