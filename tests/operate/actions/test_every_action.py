"""What holds for every action: who may, one audit event, and that a refusal changes nothing and is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from guardian.shortcuts import assign_perm

import operate.actions
from audit.models import AuditEvent, Channel, Event, Result, Subject
from operate import actions
from operate.actions import Action
from operate.actions.batches import BatchAction
from operate.batch import life
from operate.batch.models import Batch, BatchItem, BatchJob
from operate.batch.plans import Cancel
from operate.batch.running import run_due_jobs
from operate.batch.submitting import Selection
from operate.notes.models import Note
from operate.variables.edits import Edit, NewValue
from operate.workspaces import Forbidden, Right, Role
from tests.operate.actions.conftest import ALARM, CHOICE, ORDER, Shop, text_of
from workflow.engine.errors import NotFound
from workflow.graph import DataPath, Semantics
from workflow.migration import Mapping, MigrationPlan
from workflow.models import (
    Deployment,
    ElementInstance,
    Incident,
    Job,
    ProcessDefinition,
    ProcessInstance,
    ProcessSnapshot,
    UserTask,
    Variable,
)
from workflow.modification import CancelAll, StartBefore
from workflow.services import JobRequest, MessageCorrelation, Resource

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
UNKNOWN = 4_611_686_018_427_387_904

Call = Callable[[Action[Any], int], Any]


@dataclass(frozen=True)
class Case:
    """How an action is called, and what must be written about it."""

    action: type[Action[Any]]
    right: Right
    event: Event
    subject: Subject
    call: Callable[[Action[Any], Shop, int], Any]
    key: Callable[[Shop], int] | None = None
    prepare: Callable[[Shop], None] = lambda shop: None
    name: str = ""

    @property
    def names_no_workspace(self) -> bool:
        """Whether it looks wherever the actor may: without the right there is no place to look."""
        return self.action is actions.CorrelateMessage

    def __str__(self) -> str:
        return self.name or self.action.__name__


def lock(shop: Shop) -> None:
    actions.LockJob(None).execute(shop.job_key, "w", MINUTE)


def note(shop: Shop) -> None:
    actions.AddNote(None).execute(shop.instance_key, "Look at the invoice first.")


def start_of(shop: Shop) -> UUID:
    """The operation that has started the order."""
    return AuditEvent.objects.of_process_instance(shop.instance_key).earliest("key").operation_id


def fail(shop: Shop) -> None:
    actions.FailJob(None).execute(shop.job_key, retries=0, message="printer on fire")


def suspend(shop: Shop) -> None:
    actions.SuspendProcessInstance(None).execute(shop.instance_key)


def cancel(shop: Shop) -> None:
    actions.CancelProcessInstance(None).execute(shop.instance_key)


def redeploy(shop: Shop) -> None:
    actions.Deploy(None).execute(
        [Resource("order.bpmn", ORDER + b" ")], workspace_id=shop.workspace.pk, fallback=Semantics.CAMUNDA_7
    )


def ask_for_batch(shop: Shop) -> None:
    action = actions.SubmitBatch(shop.people[Role.ORG_ADMIN], channel=Channel.ADMIN)
    action.execute(Cancel(), Selection([shop.instance_key]))


def suspend_batch(shop: Shop) -> None:
    ask_for_batch(shop)
    life.suspend_batch(Batch.objects.get().key)


def cancel_batch(shop: Shop) -> None:
    ask_for_batch(shop)
    life.cancel_batch(Batch.objects.get().key)


def fail_batch(shop: Shop) -> None:
    ask_for_batch(shop)
    cancel(shop)
    run_due_jobs()


def empty_batch(shop: Shop) -> None:
    """Its job has nothing left to do, so that no other event is recorded."""
    ask_for_batch(shop)
    BatchItem.objects.update(state=BatchItem.State.CANCELED)


BATCH = lambda shop: Batch.objects.get().key  # noqa: E731
BATCH_JOB = lambda shop: BatchJob.objects.get().key  # noqa: E731
DEFINITION = lambda shop: shop.definition_key  # noqa: E731
INSTANCE = lambda shop: shop.instance_key  # noqa: E731
TASK = lambda shop: shop.task_key  # noqa: E731
JOB = lambda shop: shop.job_key  # noqa: E731
RECEIVE = lambda shop: shop.receive_key  # noqa: E731
TIMER = lambda shop: shop.timer_key  # noqa: E731

CASES = [
    Case(
        actions.Deploy,
        Right.DEPLOY,
        Event.DEPLOY,
        Subject.PROCESS_DEFINITION,
        lambda action, shop, key: action.execute(
            [Resource("more.bpmn", ORDER.replace(b'id="order"', b'id="more"'))], workspace_id=shop.workspace.pk
        ),
    ),
    Case(
        actions.DeleteDeployment,
        Right.DELETE_DEFINITION,
        Event.DELETE,
        Subject.DEPLOYMENT,
        lambda action, shop, key: action.execute(key),
        lambda shop: Deployment.objects.latest("key").key,
        redeploy,
    ),
    Case(
        actions.DeleteProcessDefinition,
        Right.DELETE_DEFINITION,
        Event.DELETE,
        Subject.PROCESS_DEFINITION,
        lambda action, shop, key: action.execute(key),
        lambda shop: ProcessDefinition.objects.latest("key").key,
        redeploy,
    ),
    Case(
        actions.SuspendProcessDefinition,
        Right.SUSPEND,
        Event.SUSPEND,
        Subject.PROCESS_DEFINITION,
        lambda action, shop, key: action.execute(key, with_instances=True),
        DEFINITION,
    ),
    Case(
        actions.ActivateProcessDefinition,
        Right.SUSPEND,
        Event.RESUME,
        Subject.PROCESS_DEFINITION,
        lambda action, shop, key: action.execute(key),
        DEFINITION,
    ),
    Case(
        actions.SetHistoryTimeToLive,
        Right.DELETE_INSTANCE,
        Event.UPDATE,
        Subject.PROCESS_DEFINITION,
        lambda action, shop, key: action.execute(key, 30),
        DEFINITION,
    ),
    Case(
        actions.StartProcessInstance,
        Right.START,
        Event.START,
        Subject.PROCESS_INSTANCE,
        lambda action, shop, key: action.execute(key, variables={"amount": 1}),
        lambda shop: shop.definition_key,
    ),
    Case(
        actions.ModifyProcessInstance,
        Right.MODIFY,
        Event.MODIFY,
        Subject.PROCESS_INSTANCE,
        lambda action, shop, key: action.execute(key, [StartBefore("approve"), CancelAll("ship")]),
        INSTANCE,
    ),
    Case(
        actions.ModifyProcessInstances,
        Right.MODIFY,
        Event.MODIFY,
        Subject.PROCESS_INSTANCE,
        lambda action, shop, key: action.execute(shop.definition_key, [key], [StartBefore("approve")]),
        INSTANCE,
    ),
    Case(
        actions.RestartProcessInstances,
        Right.RESTART,
        Event.RESTART,
        Subject.PROCESS_INSTANCE,
        lambda action, shop, key: action.execute(key, [shop.instance_key], [StartBefore("approve")]),
        DEFINITION,
        cancel,
    ),
    Case(
        actions.SubmitBatch,
        Right.CANCEL,
        Event.CREATE,
        Subject.BATCH,
        lambda action, shop, key: action.execute(Cancel(), Selection([shop.instance_key])),
    ),
    Case(
        actions.SuspendBatch,
        Right.CANCEL,
        Event.SUSPEND,
        Subject.BATCH,
        lambda action, shop, key: action.execute(key),
        BATCH,
        ask_for_batch,
    ),
    Case(
        actions.ResumeBatch,
        Right.CANCEL,
        Event.RESUME,
        Subject.BATCH,
        lambda action, shop, key: action.execute(key),
        BATCH,
        suspend_batch,
    ),
    Case(
        actions.CancelBatch,
        Right.CANCEL,
        Event.CANCEL,
        Subject.BATCH,
        lambda action, shop, key: action.execute(key),
        BATCH,
        ask_for_batch,
    ),
    Case(
        actions.DeleteBatch,
        Right.CANCEL,
        Event.DELETE,
        Subject.BATCH,
        lambda action, shop, key: action.execute(key),
        BATCH,
        cancel_batch,
    ),
    Case(
        actions.RetryBatch,
        Right.CANCEL,
        Event.RETRY,
        Subject.BATCH,
        lambda action, shop, key: action.execute(key),
        BATCH,
        fail_batch,
    ),
    Case(
        actions.SetBatchJobRetries,
        Right.CANCEL,
        Event.RETRY,
        Subject.JOB,
        lambda action, shop, key: action.execute(key, 2),
        BATCH_JOB,
        ask_for_batch,
    ),
    Case(
        actions.SetBatchJobSuspended,
        Right.CANCEL,
        Event.SUSPEND,
        Subject.JOB,
        lambda action, shop, key: action.execute(key, True),
        BATCH_JOB,
        ask_for_batch,
    ),
    Case(
        actions.SetBatchJobDueDate,
        Right.CANCEL,
        Event.UPDATE,
        Subject.JOB,
        lambda action, shop, key: action.execute(key, None),
        BATCH_JOB,
        ask_for_batch,
    ),
    Case(
        actions.DeleteBatchJob,
        Right.CANCEL,
        Event.DELETE,
        Subject.JOB,
        lambda action, shop, key: action.execute(key),
        BATCH_JOB,
        ask_for_batch,
    ),
    Case(
        actions.ExecuteBatchJob,
        Right.CANCEL,
        Event.EXECUTE,
        Subject.JOB,
        lambda action, shop, key: action.execute(key),
        BATCH_JOB,
        empty_batch,
    ),
    Case(
        actions.MigrateProcessInstance,
        Right.MIGRATE,
        Event.MIGRATE,
        Subject.PROCESS_INSTANCE,
        lambda action, shop, key: action.execute(
            key,
            MigrationPlan(
                shop.definition_key, [Mapping(each, each) for each in ("approve", "ship", "payment", "late")]
            ),
        ),
        INSTANCE,
    ),
    Case(
        actions.ActivateAdHocElements,
        Right.MODIFY,
        Event.MODIFY,
        Subject.ELEMENT_INSTANCE,
        lambda action, shop, key: action.execute(key, [("call", {})], cancel_remaining=False),
        lambda shop: ElementInstance.objects.get(element_id="choose").key,
        lambda shop: shop.start(shop.deploy(CHOICE, "choice.bpmn").definitions[0].key),
    ),
    Case(
        actions.CancelProcessInstance,
        Right.CANCEL,
        Event.CANCEL,
        Subject.PROCESS_INSTANCE,
        lambda action, shop, key: action.execute(key),
        INSTANCE,
    ),
    Case(
        actions.SuspendProcessInstance,
        Right.SUSPEND,
        Event.SUSPEND,
        Subject.PROCESS_INSTANCE,
        lambda action, shop, key: action.execute(key),
        INSTANCE,
    ),
    Case(
        actions.ResumeProcessInstance,
        Right.SUSPEND,
        Event.RESUME,
        Subject.PROCESS_INSTANCE,
        lambda action, shop, key: action.execute(key),
        INSTANCE,
        suspend,
    ),
    Case(
        actions.DeleteProcessInstance,
        Right.DELETE_INSTANCE,
        Event.DELETE,
        Subject.PROCESS_INSTANCE,
        lambda action, shop, key: action.execute(key),
        INSTANCE,
        cancel,
    ),
    Case(
        actions.SetVariables,
        Right.EDIT_VARIABLES,
        Event.UPDATE,
        Subject.PROCESS_VARIABLES,
        lambda action, shop, key: action.execute(key, {"amount": 5}),
        INSTANCE,
    ),
    Case(
        actions.SetVariables,
        Right.EDIT_VARIABLES,
        Event.UPDATE,
        Subject.PROCESS_VARIABLES,
        lambda action, shop, key: action.execute(key, {"note": "x"}, local=True),
        RECEIVE,
        name="SetVariables of an element instance",
    ),
    Case(
        actions.EditVariables,
        Right.EDIT_VARIABLES,
        Event.UPDATE,
        Subject.PROCESS_VARIABLES,
        lambda action, shop, key: action.execute(Edit(key, {"note": NewValue("x")})),
        INSTANCE,
    ),
    Case(
        actions.EditVariables,
        Right.EDIT_VARIABLES,
        Event.UPDATE,
        Subject.PROCESS_VARIABLES,
        lambda action, shop, key: action.execute(Edit(key, {"note": NewValue("x")})),
        RECEIVE,
        name="EditVariables of an element instance",
    ),
    Case(
        actions.DeleteVariables,
        Right.EDIT_VARIABLES,
        Event.DELETE,
        Subject.PROCESS_VARIABLES,
        lambda action, shop, key: action.execute(key, ["amount"]),
        INSTANCE,
    ),
    Case(
        actions.CompleteUserTask,
        Right.COMPLETE_TASK,
        Event.COMPLETE,
        Subject.USER_TASK,
        lambda action, shop, key: action.execute(key, variables={"approved": True}),
        TASK,
    ),
    Case(
        actions.AssignUserTask,
        Right.COMPLETE_TASK,
        Event.ASSIGN,
        Subject.USER_TASK,
        lambda action, shop, key: action.execute(key, "anna"),
        TASK,
    ),
    Case(
        actions.UpdateUserTask,
        Right.COMPLETE_TASK,
        Event.UPDATE,
        Subject.USER_TASK,
        lambda action, shop, key: action.execute(key, {"priority": 80}),
        TASK,
    ),
    Case(
        actions.GoBackToUserTask,
        Right.MODIFY,
        Event.MODIFY,
        Subject.PROCESS_INSTANCE,
        lambda action, shop, key: action.execute(key, snapshot_key=UNKNOWN),
        INSTANCE,
        lambda shop: remember(shop),
    ),
    Case(
        actions.ConfigureDataPaths,
        Right.MANAGE,
        Event.UPDATE,
        Subject.PROCESS_DEFINITION,
        lambda action, shop, key: action.execute(key, [DataPath("customer.name")]),
        DEFINITION,
    ),
    Case(
        actions.ReindexProcess,
        Right.MANAGE,
        Event.EXECUTE,
        Subject.PROCESS_DEFINITION,
        lambda action, shop, key: action.execute(key),
        DEFINITION,
    ),
    Case(
        actions.ThrowUserTaskError,
        Right.COMPLETE_TASK,
        Event.THROW_ERROR,
        Subject.USER_TASK,
        lambda action, shop, key: action.execute(key, code="E1", message="wrong customer"),
        TASK,
    ),
    Case(
        actions.DelegateUserTask,
        Right.COMPLETE_TASK,
        Event.ASSIGN,
        Subject.USER_TASK,
        lambda action, shop, key: action.execute(key, "ben"),
        TASK,
    ),
    Case(
        actions.ResolveUserTask,
        Right.COMPLETE_TASK,
        Event.RESOLVE,
        Subject.USER_TASK,
        lambda action, shop, key: action.execute(key, variables={"checked": True}),
        TASK,
        lambda shop: actions.DelegateUserTask(None).execute(shop.task_key, "ben"),
    ),
    Case(
        actions.ThrowUserTaskEscalation,
        Right.COMPLETE_TASK,
        Event.THROW_ESCALATION,
        Subject.USER_TASK,
        lambda action, shop, key: action.execute(key, code="late", variables={"days": 3}),
        TASK,
    ),
    Case(
        actions.ExecuteJob,
        Right.RESOLVE_INCIDENT,
        Event.EXECUTE,
        Subject.JOB,
        lambda action, shop, key: action.execute(key),
        TIMER,
    ),
    Case(
        actions.SetJobDueDate,
        Right.RESOLVE_INCIDENT,
        Event.UPDATE,
        Subject.JOB,
        lambda action, shop, key: action.execute(key, None),
        TIMER,
    ),
    Case(
        actions.RecalculateJobDueDate,
        Right.RESOLVE_INCIDENT,
        Event.UPDATE,
        Subject.JOB,
        lambda action, shop, key: action.execute(key, from_creation=False),
        TIMER,
    ),
    Case(
        actions.SetJobSuspended,
        Right.SUSPEND,
        Event.SUSPEND,
        Subject.JOB,
        lambda action, shop, key: action.execute(key, True),
        TIMER,
    ),
    Case(
        actions.DeleteJob,
        Right.MODIFY,
        Event.DELETE,
        Subject.JOB,
        lambda action, shop, key: action.execute(key),
        TIMER,
    ),
    Case(
        actions.LockJob,
        Right.WORK_JOBS,
        Event.LOCK,
        Subject.JOB,
        lambda action, shop, key: action.execute(key, "w", MINUTE),
        JOB,
    ),
    Case(
        actions.ExtendLock,
        Right.WORK_JOBS,
        Event.LOCK,
        Subject.JOB,
        lambda action, shop, key: action.execute(key, "w", MINUTE),
        JOB,
        lock,
    ),
    Case(
        actions.UnlockJob,
        Right.WORK_JOBS,
        Event.UNLOCK,
        Subject.JOB,
        lambda action, shop, key: action.execute(key),
        JOB,
        lock,
    ),
    Case(
        actions.CompleteJob,
        Right.WORK_JOBS,
        Event.COMPLETE,
        Subject.JOB,
        lambda action, shop, key: action.execute(key, variables={"parcel": "P1"}, worker="w"),
        JOB,
        lock,
    ),
    Case(
        actions.FailJob,
        Right.WORK_JOBS,
        Event.FAIL,
        Subject.JOB,
        lambda action, shop, key: action.execute(key, retries=0, message="printer on fire"),
        JOB,
    ),
    Case(
        actions.ThrowJobError,
        Right.WORK_JOBS,
        Event.THROW_ERROR,
        Subject.JOB,
        lambda action, shop, key: action.execute(key, code="E2"),
        JOB,
    ),
    Case(
        actions.UpdateJob,
        Right.RESOLVE_INCIDENT,
        Event.RETRY,
        Subject.JOB,
        lambda action, shop, key: action.execute(key, retries=2, resolve=True),
        JOB,
        fail,
    ),
    Case(
        actions.UpdateJob,
        Right.WORK_JOBS,
        Event.UPDATE,
        Subject.JOB,
        lambda action, shop, key: action.execute(key, priority=7),
        JOB,
        name="UpdateJob by a worker",
    ),
    Case(
        actions.ResolveIncident,
        Right.RESOLVE_INCIDENT,
        Event.RESOLVE,
        Subject.INCIDENT,
        lambda action, shop, key: action.execute(key, retries=1),
        lambda shop: Incident.objects.get(process_instance=shop.instance_key).key,
        fail,
    ),
    Case(
        actions.SignalElement,
        Right.CORRELATE_MESSAGE,
        Event.TRIGGER,
        Subject.ELEMENT_INSTANCE,
        lambda action, shop, key: action.execute(key),
        RECEIVE,
    ),
    Case(
        actions.TriggerMessage,
        Right.CORRELATE_MESSAGE,
        Event.TRIGGER,
        Subject.MESSAGE,
        lambda action, shop, key: action.execute(key, "paid", variables={"by": "card"}),
        RECEIVE,
    ),
    Case(
        actions.CorrelateMessage,
        Right.CORRELATE_MESSAGE,
        Event.CORRELATE,
        Subject.MESSAGE,
        lambda action, shop, key: action.execute(MessageCorrelation("paid", business_key="B-1")),
    ),
    Case(
        actions.PublishMessage,
        Right.CORRELATE_MESSAGE,
        Event.PUBLISH,
        Subject.MESSAGE,
        lambda action, shop, key: action.execute("answer", workspace_id=shop.workspace.pk, time_to_live=MINUTE),
    ),
    Case(
        actions.BroadcastSignal,
        Right.CORRELATE_MESSAGE,
        Event.BROADCAST,
        Subject.SIGNAL,
        lambda action, shop, key: action.execute("fire", workspace_ids=[shop.workspace.pk]),
    ),
    Case(
        actions.EvaluateStartConditions,
        Right.START,
        Event.START,
        Subject.PROCESS_INSTANCE,
        lambda action, shop, key: action.execute({"degrees": 100}, workspace_ids=[shop.workspace.pk]),
        prepare=lambda shop: shop.deploy(ALARM, "alarm.bpmn"),
    ),
    Case(
        actions.ActivateJobs,
        Right.WORK_JOBS,
        Event.ACTIVATE,
        Subject.JOB,
        lambda action, shop, key: action.execute(
            [JobRequest("ship", MINUTE)], worker="w", max_jobs=1, workspace_ids=[shop.workspace.pk]
        ),
    ),
    Case(
        actions.AddNote,
        Right.COMPLETE_TASK,
        Event.CREATE,
        Subject.NOTE,
        lambda action, shop, key: action.execute(key, "The customer called.", kind="HANDOVER"),
        key=lambda shop: shop.instance_key,
    ),
    Case(
        actions.EditNote,
        Right.MODIFY,
        Event.UPDATE,
        Subject.NOTE,
        lambda action, shop, key: action.execute(key, is_pinned=True),
        key=lambda shop: Note.objects.get().key,
        prepare=note,
    ),
    Case(
        actions.RemoveNote,
        Right.MANAGE,
        Event.DELETE,
        Subject.NOTE,
        lambda action, shop, key: action.execute(key),
        key=lambda shop: Note.objects.get().key,
        prepare=note,
    ),
    Case(
        actions.AnnotateOperation,
        Right.VIEW_AUDIT,
        Event.UPDATE,
        Subject.AUDIT_LOG,
        lambda action, shop, key: action.execute(start_of(shop), "somebody called"),
    ),
]
WITH_KEY = [case for case in CASES if case.key]
ENGINE_TABLES = (ProcessInstance, ElementInstance, Variable, Job, UserTask, Incident, Deployment)

every_action = pytest.mark.parametrize("case", CASES, ids=str)


def remember(shop: Shop) -> None:
    """Let the process instance have been at its user task before."""
    task = UserTask.objects.filter(process_instance=shop.instance_key)[0]
    past = {"key": UNKNOWN, "element_id": task.element_id, "scope_key": shop.instance_key}
    ProcessSnapshot.objects.create(
        key=UNKNOWN,
        process_instance_key=shop.instance_key,
        root_process_instance_key=shop.instance_key,
        element_id=task.element_id,
        element_instance_key=UNKNOWN,
        scope_keys=[shop.instance_key],
        marking={"elements": [past], "flows": []},
        taken_at=task.created_at,
    )


def state() -> list[list[dict[str, Any]]]:
    return [list(table.objects.order_by("pk").values()) for table in ENGINE_TABLES]


def with_rights(shop: Shop, *rights: Right) -> Any:
    user = get_user_model().objects.create(username="specialist")
    for right in rights:
        assign_perm(f"workflow.{right}", user, shop.workspace)
    return user


def test_the_cases_cover_all_actions():
    classes = {getattr(operate.actions, name) for name in operate.actions.__all__}
    concrete = {each for each in classes if isinstance(each, type) and issubclass(each, Action) and each is not Action}
    assert {case.action for case in CASES} == concrete


@every_action
def test_the_right_is_enough_and_one_event_is_recorded(case, shop, new_events):
    # given
    case.prepare(shop)
    user = with_rights(shop, Right.VIEW, case.right)
    key = case.key(shop) if case.key else None
    new_events()
    # when
    action = case.action(user, channel=Channel.ADMIN, url="/somewhere", on_behalf_of="Ben", reason="ticket 4711")
    case.call(action, shop, key)
    # then
    [event] = new_events()
    assert (event.event, event.subject, event.result) == (case.event, case.subject, Result.SUCCESS)
    assert (event.workspace, event.actor, event.actor_name) == (shop.workspace, user, "specialist")
    assert (event.channel, event.url) == (Channel.ADMIN, "/somewhere")
    assert (event.on_behalf_of, event.reason) == ("Ben", "ticket 4711")
    if case.key and case.action not in (actions.StartProcessInstance, actions.RestartProcessInstances):
        assert event.entity_key == key


OF_NO_ORDER = (
    actions.ActivateAdHocElements,
    actions.DeleteDeployment,
    actions.DeleteProcessDefinition,
    actions.SuspendProcessDefinition,
    actions.ActivateProcessDefinition,
    actions.SetHistoryTimeToLive,
    actions.ConfigureDataPaths,
    actions.ReindexProcess,
)
OF_AN_ORDER = [case for case in WITH_KEY if case.action not in OF_NO_ORDER and not issubclass(case.action, BatchAction)]


@pytest.mark.parametrize("case", OF_AN_ORDER, ids=str)
def test_the_event_is_found_at_the_process_instance(case, shop, new_events):
    # given
    case.prepare(shop)
    key = case.key(shop)
    new_events()
    # when
    case.call(case.action(shop.people[Role.ORG_ADMIN], channel=Channel.ADMIN), shop, key)
    # then
    [event] = new_events()
    started = case.action is actions.StartProcessInstance
    assert event.process_instance_key == (ProcessInstance.objects.latest("key").key if started else shop.instance_key)
    assert event.process_id == "order" or case.action is actions.DeleteProcessInstance


@every_action
def test_without_the_right_nothing_happens_but_a_record(case, shop, new_events):
    # given
    case.prepare(shop)
    right = case.right if issubclass(case.action, BatchAction) else case.action.permission
    same = case.action.alternatives | {right}
    user = with_rights(shop, *(right for right in Right if right not in same))
    key = case.key(shop) if case.key else None
    new_events()
    before = state()
    # when
    with pytest.raises(Forbidden) as refusal:
        case.call(case.action(user, channel=Channel.V2), shop, key)
    # then
    assert refusal.value.right == right
    assert state() == before
    [event] = new_events()
    assert (event.event, event.subject, event.result) == (case.event, case.subject, Result.REFUSED)
    assert (event.workspace, event.actor) == (None if case.names_no_workspace else shop.workspace, user)
    assert event.message == refusal.value.message
    assert event.entity_key == key


@every_action
def test_whoever_may_not_see_the_workspace_finds_nothing_in_it(case, shop, new_events):
    # given
    case.prepare(shop)
    stranger = shop.people["stranger"]
    key = case.key(shop) if case.key else None
    new_events()
    before = state()
    # when
    with pytest.raises(Forbidden if case.names_no_workspace else NotFound):
        case.call(case.action(stranger, channel=Channel.V2), shop, key)
    # then
    assert state() == before
    [event] = new_events()
    assert (event.result, event.actor) == (Result.REFUSED, stranger)


@pytest.mark.parametrize("case", WITH_KEY, ids=str)
def test_what_is_hidden_looks_like_what_does_not_exist(case, shop):
    # given
    case.prepare(shop)
    key = case.key(shop)
    stranger = case.action(shop.people["stranger"], channel=Channel.V2)
    # when
    with pytest.raises(NotFound) as hidden:
        case.call(stranger, shop, key)
    with pytest.raises(NotFound) as missing:
        case.call(stranger, shop, UNKNOWN)
    # then
    assert text_of(hidden.value).replace(str(key), "KEY") == text_of(missing.value).replace(str(UNKNOWN), "KEY")


@pytest.mark.parametrize("case", WITH_KEY, ids=str)
def test_an_unknown_key_is_recorded_as_refused(case, shop, new_events):
    # given
    action = case.action(shop.people[Role.ORG_ADMIN], channel=Channel.ADMIN)
    new_events()
    # when
    with pytest.raises(NotFound) as refusal:
        case.call(action, shop, UNKNOWN)
    # then
    [event] = new_events()
    assert (event.result, event.entity_key, event.workspace) == (Result.REFUSED, UNKNOWN, None)
    assert event.message == refusal.value.message
