"""Doing what a draft holds: once, in the name of its author, as an ordinary command that is recorded with who has approved it.

The draft's row is the queue. Whoever does it holds the row's lock, in the very transaction in which the command is done and the
draft says so: what is killed in the middle has done nothing, and a worker finds it again within a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import InterfaceError, OperationalError, connection
from django.utils import translation
from procrastinate.contrib.django import app

from audit.models import AuditEvent, Channel, Event, Result, Subject
from audit.record import NewAuditEvent, record
from operate.actions.base import Action
from operate.actions.batches import SubmitBatch
from operate.approvals.drafts import AuthorIsGone, DraftAction, require_state
from operate.approvals.gate import Approval
from operate.approvals.models import Draft
from operate.approvals.telling import draft_url, tell_applied, tell_expired, tell_failed
from operate.batch.running import text_of
from operate.batch.submitting import Selection, choose
from operate.plans.asking import AskedOfInstances, read_asked
from operate.workspaces.access import Access
from workflow.engine.errors import Outdated
from workflow.persistence.connection import fetch
from workflow.persistence.transaction import transaction
from workflow.persistence.unit_of_work import clock
from workflow.soundness import Acceptance

State = Draft.State
OUTAGES = (OperationalError, InterfaceError)
NAME = "operate.run_approved_drafts"
REVISION = "SELECT revision FROM workflow_processinstance WHERE key = %s FOR UPDATE"

logger = logging.getLogger(__name__)


class Execution:
    """One draft being done, on the terms of its approval, or without one if nothing demands it."""

    def __init__(
        self, draft: Draft, *, channel: Channel, approval: Approval | None = None, break_glass: str | None = None
    ) -> None:
        self.draft = draft
        self.operation_id: UUID = uuid4()
        self.action: Action[Any] | None = None
        """The last one that was made."""
        self._options: dict[str, Any] = {
            "channel": channel,
            "request_id": self.operation_id,
            "url": draft_url(draft.key),
            "reason": draft.reason,
            "approval": approval,
            "break_glass": break_glass,
        }

    def act(self, kind: type[Action[Any]]) -> Any:
        """An action of the draft's author."""
        author = self.draft.author
        if author is None or not author.is_active:
            raise AuthorIsGone(self.draft)
        self.action = kind(author, **self._options)
        self.action.undo_of = self.draft.undo_of
        return self.action

    def run(self, accepted: Sequence[Acceptance] | None) -> None:
        """Do it, and note on the draft that it is done; or raise why not."""
        draft = self.draft
        with transaction() as tx:
            self._require_revision()
            batch_key = self._command(accepted)
            tx.flush()
            events = AuditEvent.objects.filter(request_id=self.operation_id)
            draft.state = State.APPLIED
            draft.executed_at = draft.updated_at = clock()
            draft.operation_id = self.operation_id
            draft.event_key = events.order_by("key").values_list("key", flat=True).first()
            draft.batch_key = batch_key
            draft.save()
            tell_applied(draft)

    def _require_revision(self) -> None:
        key, expected = self.draft.process_instance_key, self.draft.expected_revision
        if key is None or expected is None:
            return
        for (revision,) in fetch(REVISION, (key,)):
            if revision != expected:
                raise Outdated(key, expected=expected, revision=revision)

    def _command(self, accepted: Sequence[Acceptance] | None) -> int | None:
        """Do what the draft says; the key of the batch that does it, if one does."""
        draft = self.draft
        asked = read_asked(draft.command, draft.author)
        if not isinstance(asked, AskedOfInstances):
            asked.command.run(self.act)
            return None
        keys = draft.selected
        if keys is None:
            keys = list(choose(asked.selection, Access.of(draft.author)).keys)
        asked = replace(asked, instances=replace(asked.instances, keys=tuple(keys)), rows=None)
        plan: Any = asked.plan
        if accepted is not None and hasattr(plan, "accepted"):
            plan = replace(plan, accepted=tuple(accepted))
        if len(keys) == 1:
            plan.check()
            plan.run(self.act, keys[0])
            return None
        submitted: int = self.act(SubmitBatch).execute(plan, Selection(keys))
        return submitted


class ApplyDraft(DraftAction):
    """Do a draft of one's own at once, without an approval: refused where a policy demands one, unless the glass is broken.

    Red warnings have to be among the `accepted` ones. What is refused stays a draft.
    """

    event = Event.EXECUTE

    def perform(self, key: int, *, version: int | None = None, accepted: Sequence[Acceptance] = ()) -> Draft:
        draft = self.own(key, version)
        require_state(draft, State.DRAFT)
        execution = Execution(draft, channel=self.channel, break_glass=self.break_glass)
        execution.run(accepted)
        self.note(operation=execution.operation_id, batch=draft.batch_key)
        return draft


# ---- what was approved


def execute_approved(key: int, *, waits: bool = False) -> bool:
    """Do a draft that was approved and is due; False if there is nothing to do, or somebody else does it.

    What cannot be done is FAILED, with the reason, and its author is told. In an outage it stays approved. One whose row is
    locked is left to whoever holds it, or waited for: that may be somebody who only comes too late to decide on it.
    """
    execution: Execution | None = None
    try:
        with transaction():
            draft = _claim(key, waits=waits)
            if draft is None:
                return False
            approval = Approval(draft.key, draft.decided_by_name)
            execution = Execution(draft, channel=Channel(draft.channel), approval=approval)
            execution.run([Acceptance(each["code"], tuple(each["elements"])) for each in draft.accepted_warnings])
    except OUTAGES:
        raise
    except Exception as failure:
        _note_failure(key, failure, execution)
    return True


def _claim(key: int, *, waits: bool = False) -> Draft | None:
    """The draft, ours until the end of the transaction; None unless it is approved, due and nobody else's."""
    rows = Draft.objects.due(clock()).filter(pk=key, approved_digest__gt="")
    return rows.select_for_update(skip_locked=not waits, of=("self",)).select_related("workspace").first()


def _note_failure(key: int, failure: Exception, execution: Execution | None) -> None:
    """Tell why it could not be done; everything else was undone."""
    with transaction(), translation.override("en"):  # what is stored must not depend on who has approved
        draft = _claim(key)
        if draft is None:
            return
        if execution is not None and execution.action is not None:
            _record_refusal(execution.action)
        message = text_of(failure)
        if not hasattr(failure, "message"):
            logger.error("Draft '%s' failed.", key, exc_info=failure)
            message = f"{type(failure).__name__}: {failure}"
        draft.state = State.FAILED
        draft.error = message.replace("\x00", "\ufffd")
        draft.executed_at = draft.updated_at = clock()
        draft.operation_id = None if execution is None else execution.operation_id
        draft.save()
        record(_event(draft, Event.EXECUTE, Result.REFUSED, draft.error))
        tell_failed(draft)


def _record_refusal(action: Action[Any]) -> None:
    """The audit event of the command itself, which was undone with it."""
    if hasattr(action, "entry") and action.entry.result is not Result.SUCCESS:
        record(action.entry)


def _event(draft: Draft, event: Event, result: Result, message: str = "") -> NewAuditEvent:
    """What the system has done to a draft."""
    return NewAuditEvent(
        event=event,
        subject=Subject.DRAFT,
        channel=Channel.SYSTEM,
        at=clock(),
        workspace_id=draft.workspace_id,
        entity_type=Subject.DRAFT,
        entity_key=draft.key,
        process_instance_key=draft.process_instance_key,
        process_id=draft.process_id,
        request_id=draft.operation_id,
        result=result,
        message=message,
        body={"title": draft.title, "author": draft.author_name, "approved_by": draft.decided_by_name},
    )


def run_due_drafts() -> int:
    """Do all that was approved and is due; how many of them we have done."""
    keys = Draft.objects.due(clock()).order_by("run_at", "key").values_list("key", flat=True)
    return sum(execute_if_possible(key) for key in list(keys))


def execute_if_possible(key: int, *, waits: bool = False) -> bool:
    """The same for one; in an outage it waits for a worker that looks again."""
    try:
        return execute_approved(key, waits=waits)
    except OUTAGES as outage:
        logger.warning("Draft '%s' has to wait: %s", key, outage)
        if not connection.in_atomic_block:
            connection.close()
        return False


def expire_requests() -> int:
    """Say of requests that nobody has decided on in time that they have expired, and tell their authors; how many."""
    number = 0
    for key in list(Draft.objects.expired(clock()).values_list("key", flat=True)):
        with transaction():
            rows = Draft.objects.expired(clock()).filter(pk=key).select_for_update(skip_locked=True, of=("self",))
            draft = rows.select_related("workspace").first()
            if draft is None:
                continue
            draft.state = State.EXPIRED
            draft.updated_at = clock()
            draft.save()
            record(_event(draft, Event.EXPIRE, Result.SUCCESS))
            tell_expired(draft)
            number += 1
    return number


# ---- in the background


@app.task(name=NAME)
def run_approved_drafts() -> None:
    """Do what is due."""
    run_due_drafts()


@app.periodic(cron="* * * * *")
@app.task(name=f"{NAME}_that_wait", queueing_lock=f"{NAME}_that_wait")
def find_waiting_drafts(timestamp: int) -> None:
    """Find what a killed worker or an outage has left, and what has expired."""
    run_due_drafts()
    expire_requests()


def run_soon(run_at: datetime) -> None:
    """Let a worker look at that time; part of the transaction that has approved it."""
    run_approved_drafts.configure(schedule_at=run_at).defer()


__all__ = [
    "ApplyDraft",
    "execute_approved",
    "execute_if_possible",
    "expire_requests",
    "run_due_drafts",
    "run_soon",
]
