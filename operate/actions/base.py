"""What all actions share: the right that is needed, one transaction, and one audit event, also of a refusal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar, Generic, Self, TypeVar
from urllib.parse import unquote
from uuid import UUID, uuid4

from django.db import OperationalError, connection
from django.http import HttpRequest
from django.utils import translation
from psycopg.errors import DeadlockDetected

from audit.models import UNDO_OF, Channel, Event, Result, Subject
from audit.record import NewAuditEvent, Snapshot, record
from audit.undoing import begin_undo
from operate.approvals import gate
from operate.approvals.policies import Place
from operate.batch.models import BatchType
from operate.workspaces.access import Access, Forbidden, Hidden, User
from operate.workspaces.roles import Right
from workflow.engine.errors import BpmnError, ElementFailure, EngineError, NotFound
from workflow.engine.state import VariableChange
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import clock
from workflow.services import Context, Outcome
from workflow.services.start_timers import StartTimer

Answer = TypeVar("Answer")
Done = TypeVar("Done", Outcome, Outcome | StartTimer)

REFUSALS = (EngineError, ElementFailure, BpmnError)
REQUEST_ID_HEADER = "X-Request-ID"
BREAK_GLASS_HEADER = "X-Fettle-Break-Glass"
"""With a reason, percent-encoded where it is not ASCII: to be done without the approval that it needs."""
BREAK_GLASS_FIELD = "break_glass"
"""The same, of a form."""

logger = logging.getLogger(__name__)


class _Deadlock(Exception):
    """PostgreSQL has undone this attempt, so that another command can go on."""


def _is_deadlock(failure: Exception) -> bool:
    return isinstance(failure, OperationalError) and isinstance(failure.__cause__, DeadlockDetected)


class Action(Generic[Answer]):
    """One operation for one actor. It may be executed again and again; nothing of an execution is left in it.

    The right is checked by the service inside the transaction, once the rows are locked. A refusal undoes everything
    and is recorded on its own; inside somebody else's transaction it is recorded with that one, or undone with it.
    """

    permission: ClassVar[Right]
    alternatives: ClassVar[frozenset[Right]] = frozenset()
    """Rights that do as well as the permission."""
    event: ClassVar[Event]
    subject: ClassVar[Subject]
    entity: ClassVar[Subject | None] = None
    """What the first argument is a key of, where that is not the subject."""
    operation: ClassVar[BatchType | None] = None
    """What approval policies know it as; None: nobody has ever to approve it."""
    brings_instances_along: ClassVar[bool] = False
    """Whether it is about something else, and process instances are only taken along."""
    undo_of: int | None = None
    """The audit event that it takes back; Conflict if another one has done so already."""

    perform: Callable[..., Answer]
    """The operation itself, with the arguments of `execute`: one service call, and what to note about it."""

    def __init__(
        self,
        actor: User | None,
        *,
        channel: Channel = Channel.SYSTEM,
        request_id: UUID | None = None,
        url: str = "",
        on_behalf_of: str = "",
        reason: str = "",
        now: datetime | None = None,
        dry_run: bool = False,
        batch_key: int | None = None,
        approval: gate.Approval | None = None,
        break_glass: str | None = None,
    ) -> None:
        if actor is None and channel is not Channel.SYSTEM:
            raise ValueError(f"Expected an actor for channel '{channel}', found none; only the system acts on its own.")
        self.actor = actor
        self.channel = channel
        self.request_id = request_id
        self.url = url
        self.on_behalf_of = on_behalf_of
        self.reason = reason
        self.now = now
        self.dry_run = dry_run
        self.batch_key = batch_key
        self.approval = approval
        self.break_glass = break_glass
        self.access = Access.of_system() if actor is None else Access.of(actor)
        user = None if actor is None else actor.get_username()
        self.context = Context(authorize=self._authorize, now=now, dry_run=dry_run, user=user)

    @classmethod
    def of(cls, request: HttpRequest, channel: Channel, **options: Any) -> Self:
        """The action for whoever sent the request; all actions of one request have one request id."""
        options.setdefault("break_glass", break_glass_of(request, channel))
        return cls(
            request.user, channel=channel, request_id=request_id_of(request), url=request.get_full_path(), **options
        )

    def execute(self, *args: Any, **kwargs: Any) -> Answer:
        """Do it, and record it; or raise why not, after that was recorded.

        A dry run writes nothing. It is recorded only if a right was missing. Of two commands that wait for each other
        PostgreSQL ends one, which is then done once more.
        """
        with translation.override("en"):  # what is stored must not depend on who reads
            try:
                return self._attempt(args, kwargs, is_last=connection.in_atomic_block)
            except _Deadlock:
                return self._attempt(args, kwargs, is_last=True)

    def _attempt(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_last: bool) -> Answer:
        self._begin()
        try:
            with transaction(rehearsal=self.dry_run):
                if self.undo_of is not None:
                    begin_undo(self.entry, self.undo_of)
                answer = self.perform(*args, **gate.with_judgement(self, kwargs))
                if not self.dry_run:
                    gate.require_approval(self, answer)
                    self._record()
        except Hidden:
            missing = NotFound(self.nothing_found())
            self._record_missing_right(f"{missing.message} (It is in a workspace that the actor may not see.)")
            raise missing from None
        except Forbidden as refusal:
            self._record_missing_right(refusal.message)
            raise
        except REFUSALS as refusal:
            if not self.dry_run:
                self._record_without_success(Result.REFUSED, str(refusal))
            raise
        except Exception as failure:
            if not is_last and _is_deadlock(failure):
                raise _Deadlock from failure
            self._record_failure(failure)
            raise
        return answer

    # -- for perform

    def about(self, key: int) -> None:
        """Name what is acted on, before the service is called, so that a refusal names it too."""
        kind = self.entity or self.subject
        self.entry.entity_type, self.entry.entity_key = kind, key
        if kind is Subject.PROCESS_INSTANCE:
            self.entry.process_instance_key = key

    def note(self, **facts: object) -> None:
        """Put facts into the body of the audit event; those that say nothing are left out."""
        self.entry.body |= {name: fact for name, fact in facts.items() if fact not in (None, "", (), {}, [])}

    def note_everywhere(self, **facts: object) -> None:
        """The same for all audit events of this execution, after it was performed."""
        self.note(**facts)

    def note_outcome(self, outcome: Outcome | StartTimer) -> None:
        """Tell in the audit event which process instance it was, and when: at the very time that its rows tell."""
        entry = self.entry
        entry.at = outcome.at or entry.at
        entry.workspace_id = outcome.workspace_id
        entry.process_instance_key = outcome.process_instance_key
        entry.definition_key = outcome.definition_key
        entry.process_id = outcome.process_id

    def noted(self, outcome: Done) -> Done:
        """The outcome, after telling in the audit event which process instance it was."""
        self.note_outcome(outcome)
        return outcome

    def note_variables(self, outcome: Outcome) -> None:
        """Record the variables that changed, before and after, and keep the values from before as snapshots."""
        self.note(variables=outcome.variables)
        self.snapshots += snapshots_of(outcome)

    def require(self, right: Right) -> None:
        """Demand one more right than the action's own."""
        self.rights.add(right)

    def permitted(self, workspace_ids: Collection[int] | None) -> Collection[int] | None:
        """The workspaces asked for, or all, as far as the right is held in them; `None` stands for all there are.

        Where nothing is left, that is refused: a worker in vain polls forever.
        """
        held = self.access.workspaces(self.permission)
        if held is None:
            return workspace_ids
        if workspace_ids is None:
            if not held:
                raise Forbidden(self.permission, "")
            return held
        left = held.intersection(workspace_ids)
        if workspace_ids and not left:
            self._authorize(min(workspace_ids))
        return left

    # -- for subclasses

    def is_recorded(self, entry: NewAuditEvent) -> bool:
        """Whether this execution becomes an audit event; a missing right always does."""
        return True

    def entries(self) -> Iterable[NewAuditEvent]:
        """The audit events of this execution: one, unless it concerned several process instances."""
        return (self.entry,)

    def operations(self) -> frozenset[BatchType]:
        """What it is to approval policies, after it was performed: bringing variables along is editing them, too."""
        if self.operation is None:
            return frozenset()
        edits = Right.EDIT_VARIABLES in self.rights
        return frozenset({self.operation, BatchType.SET_VARIABLES} if edits else {self.operation})

    def places(self) -> list[Place]:
        """The process instances that it concerns, by where they are, after it was performed."""
        return (
            []
            if self.entry.workspace_id is None
            else [Place(self.entry.workspace_id, frozenset({self.entry.process_id}))]
        )

    def is_red(self, answer: object) -> bool:
        """Whether something is badly wrong with what it has done."""
        return gate.has_red(answer)

    def nothing_found(self) -> str:
        """What the service says of a key that does not exist, so that a hidden one looks the same."""
        label = str((self.entity or self.subject).value).lower()
        article = "an" if label[0] in "aei" else "a"  # as the engine has it: a user task
        return f"Expected to find {article} {label} with key '{self.entry.entity_key}', but there is none."

    # -- the frame

    def _begin(self) -> None:
        self.rights: set[Right] = {self.permission}
        self.snapshots: list[Snapshot] = []
        self.entry = NewAuditEvent(
            event=self.event,
            subject=self.subject,
            channel=self.channel,
            at=self.now or clock(),
            actor_id=None if self.actor is None else self.actor.pk,
            actor_name="" if self.actor is None else self.actor.get_username(),
            on_behalf_of=self.on_behalf_of,
            request_id=self.request_id,
            url=self.url,
            reason=self.reason,
            body=self._origin(),
        )

    def _origin(self) -> dict[str, Any]:
        """What it is a part of, for the audit event."""
        undone = {} if self.undo_of is None else {UNDO_OF: self.undo_of}
        if self.batch_key is not None:
            return {"batch": self.batch_key, **undone}
        return undone if self.approval is None else {**self.approval.facts, **undone}

    def _authorize(self, workspace_id: int) -> None:
        self.entry.workspace_id = workspace_id
        if any(self.access.may(right, workspace_id) for right in self.alternatives):
            return
        for right in sorted(self.rights):
            self.access.require(right, workspace_id)

    def _record(self) -> None:
        for entry in self.entries():
            if self.is_recorded(entry):
                record(entry, self.snapshots)

    def _record_missing_right(self, message: str) -> None:
        self._set_result(Result.REFUSED, message)
        record(self.entry)

    def _record_failure(self, failure: Exception) -> None:
        """A defect or an outage; recording it must not hide it."""
        try:
            self._record_without_success(Result.FAILED, f"{type(failure).__name__}: {failure}")
        except Exception:
            logger.exception("A failed action could not be recorded.")

    def _record_without_success(self, result: Result, message: str) -> None:
        self._set_result(result, message)
        self._record()

    def _set_result(self, result: Result, message: str) -> None:
        self.entry.result = result
        self.entry.message = message
        self.snapshots = []


def request_id_of(request: HttpRequest) -> UUID:
    """The id that all actions of one request carry: the client's, if it sent a UUID, else a new one."""
    known: UUID | None = getattr(request, "fettle_request_id", None)
    if known is None:
        known = uuid4()
        with suppress(ValueError):
            known = UUID(request.headers.get(REQUEST_ID_HEADER, ""))
        request.fettle_request_id = known  # type: ignore[attr-defined]
    return known


def break_glass_of(request: HttpRequest, channel: Channel) -> str | None:
    """The reason for doing it without the approval that it needs, if the request gives one: a header, or a page's field."""
    given = request.headers.get(BREAK_GLASS_HEADER)
    if given is not None:
        return unquote(given)
    return request.POST.get(BREAK_GLASS_FIELD) if channel is Channel.ADMIN else None


def snapshots_of(outcome: Outcome) -> list[Snapshot]:
    """What the variables were that a command has changed."""
    return [_snapshot(outcome.process_instance_key, change) for change in outcome.variables]


def _snapshot(process_instance_key: int, change: VariableChange) -> Snapshot:
    return Snapshot(
        process_instance_key=process_instance_key,
        scope_key=change.scope_key,
        name=change.name,
        existed=change.existed,
        value=change.before,
        type=change.type_before,
        revision=change.revision if change.existed else None,
        variable_key=change.variable_key,
    )


__all__ = ["Action", "break_glass_of", "request_id_of", "snapshots_of"]
