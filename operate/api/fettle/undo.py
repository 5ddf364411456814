"""Undoing: the inverse of an audit event or of a batch as a plan, what it would do, and doing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import AuditEvent
from operate.actions import SubmitBatch
from operate.api.fettle.base import POLICY, BreakGlass, FettleView, nothing_found
from operate.api.fettle.dry_run import ANSWER, check_numbers, rehearsal_json
from operate.api.fettle.outcomes import OUTCOME, outcome_json
from operate.api.fettle.schema import TEXT, all_of, also, array
from operate.api.fettle.warnings import JUDGEMENT, judgement_json
from operate.approvals.gate import has_red
from operate.batch.models import Batch
from operate.batch.rehearsing import AT_MOST
from operate.batch.submitting import Selection
from operate.plans.json_form import KEY_SCHEMA, schema_of, write
from operate.plans.plan import Plan
from operate.undo import Undo, undo_of
from operate.undo.plan import undoing
from operate.workspaces import Right
from workflow.engine.errors import Conflict, NotFound
from workflow.models import ProcessInstance
from workflow.services import Outcome
from workflow.soundness import Acceptance

TAG = "Undo"
AN_EVENT = "an audit event"
A_BATCH = "a batch"


@dataclass(frozen=True, slots=True)
class Apply:
    """Why, and the red warnings that are accepted.

    With `expected_revision` a process instance that has another one now refuses.
    """

    reason: str = ""
    accepted_warnings: tuple[Acceptance, ...] = ()
    expected_revision: int | None = None
    break_glass: BreakGlass | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """How many process instances of a batch are tried, and told in detail."""

    examine: int = AT_MOST
    detailed: int = 20


INVERSE = all_of(
    event_key=KEY_SCHEMA,
    process_instance_key={**KEY_SCHEMA, "description": "What it is done to: not always the event's process instance."},
    command={**TEXT, "description": "What kind of command takes it back."},
    sentences=array(TEXT),
    notes={**array(TEXT), "description": "What stays, or will not be as it was."},
    revision={"type": "integer", "description": "Of the process instance now."},
    plan={
        **schema_of(Plan),
        "nullable": True,
        "description": "Of a modification: the instructions, with the present revision.",
    },
)


class UndoView(FettleView):
    """What the views of one event share."""

    tag = TAG

    def event(self, key: str) -> AuditEvent:
        """The event in the path; NotFound if there is none, or if the caller may not read it."""
        found = self.visible(AuditEvent.objects.all(), Right.VIEW_AUDIT).filter(pk=self.key(key, AN_EVENT)).first()
        if found is None:
            raise nothing_found(AN_EVENT, key)
        return found


class UndoOfEvent(UndoView):
    """The inverse of what an audit event tells of."""

    answers = {"GET": INVERSE, "POST": also(OUTCOME, **JUDGEMENT)}
    request_bodies = {"POST": schema_of(Apply)}

    def get(self, request: Request, key: str) -> Response:
        """Tell the command that takes back what an audit event tells of, and what it cannot take back. Nothing is changed.

        Modifications, edits of variables, restarts, migrations, cancellations, suspensions and new retries of jobs can be taken
        back, each once.
        """
        return Response(inverse_json(undo_of(self.event(key))))

    def post(self, request: Request, key: str) -> Response:
        """Take back what an audit event tells of, as far as that can be, and tell the outcome.

        It is an ordinary command, with the rights that it needs and an audit event of its own, which names the one that it takes
        back. One that has been taken back already is refused (409), and so is a plan that does harm, unless all red warnings are
        among the accepted ones.
        """
        given = self.read(Apply)
        undo = undo_of(self.event(key))
        _refuse_other_revision(undo, given)
        outcomes = undo.run(lambda kind: self.act(kind, reason=given.reason), accepted=given.accepted_warnings)
        return Response(_done(outcomes[-1]))


class UndoDryRun(UndoView):
    """Tell what taking back an audit event would do as things are now. Nothing is written."""

    answer = also(OUTCOME, **JUDGEMENT, **POLICY)

    def post(self, request: Request, key: str) -> Response:
        outcomes = undo_of(self.event(key)).run(lambda kind: self.act(kind, dry_run=True), accepted=())
        return Response(_done(outcomes[-1]) | self.policy(is_red=has_red(outcomes)))


class UndoOf(FettleView):
    """Tell the command that takes back what an audit event of a process instance tells of. Nothing is changed.

    The same as the undo of the audit event.
    """

    tag = TAG
    answer = INVERSE

    def get(self, request: Request, key: str, event: str) -> Response:
        instance = self.row(ProcessInstance.objects.all(), key)
        events = self.visible(AuditEvent.objects.of_process_instance(instance.key), Right.VIEW_AUDIT)
        found = events.filter(pk=self.key(event, AN_EVENT)).first()
        if found is None:
            raise NotFound(
                f"Expected to find an audit event with key '{event}' of process instance '{instance.key}', but there is none."
            )
        return Response(inverse_json(undo_of(found)))


class UndoOfBatch(FettleView):
    """Take back what a batch has done, by a batch that does the contrary to each process instance that was changed.

    Each is taken back from its own audit event, when its turn comes; one that cannot be taken back fails alone, with the reason.
    A batch is taken back once; one that takes back another can be taken back, too.
    """

    tag = TAG
    request_body = schema_of(Apply)
    answer = all_of(batch_key=KEY_SCHEMA)

    def post(self, request: Request, key: str) -> Response:
        given = self.read(Apply)
        plan, keys = undoing(self.row(Batch.objects.all(), key, A_BATCH), given.accepted_warnings)
        batch = self.act(SubmitBatch, reason=given.reason).execute(plan, Selection(keys=keys))
        return Response({"batch_key": str(batch)})


class UndoOfBatchDryRun(FettleView):
    """Tell what taking back a batch would do to its process instances as they are now. Nothing is written.

    The first `examine` of them are tried (1,000; at most 10,000), the first `detailed` (20; at most 1,000) told one by one.
    """

    tag = TAG
    request_body = schema_of(Try)
    answer = also(ANSWER, **POLICY)

    def post(self, request: Request, key: str) -> Response:
        given = self.read(Try)
        check_numbers(given)
        plan, keys = undoing(self.row(Batch.objects.all(), key, A_BATCH))
        action = self.act(SubmitBatch, dry_run=True)
        tried = action.rehearse(plan, Selection(keys=keys), examine=given.examine, detailed=given.detailed)
        is_red = tried.is_red or tried.examined < tried.total
        return Response(rehearsal_json(tried, request) | self.policy(is_red=is_red))


def inverse_json(undo: Undo) -> dict[str, Any]:
    """An inverse with all that it tells."""
    revision = ProcessInstance.objects.values_list("revision", flat=True).get(pk=undo.process_instance_key)
    plan = write(Plan(undo.instructions, expected_revision=revision)) if undo.instructions else None
    return {
        "event_key": str(undo.event.key),
        "process_instance_key": str(undo.process_instance_key),
        "command": undo.plan.type.value.lower(),
        "sentences": undo.plan.describe(),
        "notes": list(undo.notes),
        "revision": revision,
        "plan": plan,
    }


def _refuse_other_revision(undo: Undo, given: Apply) -> None:
    if given.expected_revision is None:
        return
    revision = ProcessInstance.objects.values_list("revision", flat=True).get(pk=undo.process_instance_key)
    if revision != given.expected_revision:
        raise Conflict(
            f"Expected process instance '{undo.process_instance_key}' to have revision {given.expected_revision}, but it has "
            f"{revision}: it has changed since. Look at its undo once more."
        )


def _done(outcome: Outcome) -> dict[str, Any]:
    return outcome_json(outcome) | judgement_json(outcome)


__all__ = ["UndoDryRun", "UndoOf", "UndoOfBatch", "UndoOfBatchDryRun", "UndoOfEvent"]
