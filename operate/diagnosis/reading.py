"""Reads what is open in a process instance, and tells of each token why it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, When
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from operate.diagnosis.causes import Cause, Diagnosis, Help, Kind, NearMiss, Usual
from operate.diagnosis.usual import usual_durations
from operate.told import told as said
from operate.workspaces.roles import Right
from workflow.engine.state import OPEN_STATES
from workflow.graph import BODY_SUFFIX, INNER_INSTANCE_SUFFIX, ConditionalEvent, ElementType, FlowNode, Semantics
from workflow.models import (
    BufferedMessage,
    ElementInstance,
    EventSubscription,
    Incident,
    Job,
    ProcessInstance,
    SequenceFlowTaken,
    UserTask,
)
from workflow.persistence.definitions import executable_process
from workflow.persistence.unit_of_work import clock
from workflow.soundness import Marking, Token, WaitingJoin, waiting_joins

AT_MOST = 200
"""More open element instances than these are not read."""
DEPTH = 10
"""Called processes further down are not looked into."""
OTHERS = 1_000
"""So many rows of a kind of all called processes together."""
NEAR_MISSES = 5
KEPT_MESSAGES = 200
WATCHING = (ElementType.BOUNDARY_EVENT, ElementType.START_EVENT)
"""Events that occur beside what an activity or a scope waits for."""
CONTINUATIONS = (Job.Kind.ASYNC_BEFORE, Job.Kind.ASYNC_AFTER)


BELOW = """
WITH RECURSIVE below AS (
  SELECT key, 0 AS depth FROM workflow_processinstance WHERE key = %s
  UNION ALL
  SELECT i.key, b.depth + 1 FROM workflow_processinstance i JOIN below b ON i.parent_process_instance_key = b.key
  WHERE i.state = 'ACTIVE' AND b.depth < %s)
SELECT i.* FROM (SELECT key FROM below WHERE depth > 0 LIMIT %s) b JOIN workflow_processinstance i ON i.key = b.key ORDER BY i.key
"""


def called_below(key: int) -> list[ProcessInstance]:
    """The running process instances that this one has called, directly or not."""
    return list(ProcessInstance.objects.raw(BELOW, [key, DEPTH, AT_MOST]))


class OpenRows:
    """What is open in a process instance and in those it has called: one query a table, however many they are.

    Each is read when it is asked for; who has read some of it already hands that in.
    """

    def __init__(self, instance: ProcessInstance, **known: Sequence[Any]) -> None:
        self._instance = instance
        vars(self).update(known)

    @cached_property
    def below(self) -> Sequence[ProcessInstance]:
        """Called process instances that run."""
        return called_below(self._instance.key)

    @cached_property
    def _keys(self) -> list[int]:
        return [self._instance.key, *(each.key for each in self.below)]

    def _open(self, rows: QuerySet[Any], at_most: int) -> list[Any]:
        """Rows of all of them, those of the instance itself first, so that the others never crowd them out."""
        mine = rows.filter(process_instance__in=self._keys)
        if len(self._keys) == 1:
            return list(mine.order_by("key")[:at_most])
        is_other = Case(When(process_instance=self._instance.key, then=0), default=1, output_field=IntegerField())
        return list(mine.order_by(is_other, "key")[: at_most + OTHERS])

    @cached_property
    def elements(self) -> Sequence[ElementInstance]:
        """At most one more than is told of."""
        return self._open(ElementInstance.objects.filter(state__in=OPEN_STATES), AT_MOST + 1)

    @cached_property
    def jobs(self) -> Sequence[Job]:
        return self._open(Job.objects.filter(state__in=["CREATED", "FAILED"]), 2 * AT_MOST)

    @cached_property
    def incidents(self) -> Sequence[Incident]:
        return self._open(Incident.objects.filter(state="ACTIVE").select_related("job"), AT_MOST)

    @cached_property
    def tasks(self) -> Sequence[UserTask]:
        return self._open(UserTask.objects.filter(state="CREATED"), AT_MOST)

    @cached_property
    def subscriptions(self) -> Sequence[EventSubscription]:
        return self._open(EventSubscription.objects.filter(state="CREATED"), 2 * AT_MOST)

    @cached_property
    def held(self) -> Sequence[SequenceFlowTaken]:
        """Flows on which tokens wait at a gateway."""
        return list(SequenceFlowTaken.objects.filter(process_instance__in=self._keys, waiting__gt=0))

    @cached_property
    def usual(self) -> Mapping[tuple[int, str], Usual]:
        """How long what is open usually takes, by definition and element."""
        definitions = {each.key: each.definition_key for each in [self._instance, *self.below]}
        wanted: dict[int, set[str]] = defaultdict(set)
        for row in self.elements:
            wanted[definitions[row.process_instance_key]].add(row.element_id)
        return usual_durations(wanted)

    @cached_property
    def kept_messages(self) -> Sequence[BufferedMessage]:
        """Messages that are kept and have the name or the correlation key of one that is waited for."""
        waiting = [row for row in self.subscriptions if row.kind == EventSubscription.Kind.MESSAGE]
        if not waiting:
            return ()
        kept = BufferedMessage.objects.filter(workspace=self._instance.workspace_id, expires_at__gt=clock())
        keys = {row.correlation_key for row in waiting if row.correlation_key}
        alike = Q(name__in={row.name for row in waiting}) | Q(correlation_key__in=keys)
        return list(kept.filter(alike).order_by("-key")[:KEPT_MESSAGES])

    def of(self, key: int, name: str) -> list[Any]:
        """The rows of one kind of one of the process instances."""
        return [row for row in getattr(self, name) if row.process_instance_key == key]

    def calls(self, key: int) -> list[ProcessInstance]:
        """What one of the process instances has called."""
        return [each for each in self.below if each.parent_process_instance_key == key]

    def total(self) -> int:
        """How many element instances are open in the instance itself."""
        return ElementInstance.objects.filter(process_instance=self._instance.key, state__in=OPEN_STATES).count()


def why_stuck(instance: ProcessInstance, *, now: datetime | None = None, opened: OpenRows | None = None) -> Diagnosis:
    """Why a process instance stands, down to the processes that it has called.

    The caller sees to it that the instance may be seen; called ones are in the same workspace.
    """
    return _told(instance, opened or OpenRows(instance), now or clock())


def _told(instance: ProcessInstance, opened: OpenRows, now: datetime) -> Diagnosis:
    head = Diagnosis(instance.key, instance.process_id, instance.state, instance.suspended)
    if instance.state != ProcessInstance.State.ACTIVE:
        return replace(head, ended=True)
    found = _Reading(instance, opened, now)
    causes = sorted(found.causes(), key=lambda cause: (not cause.is_failed, cause.watches, cause.key or 0))
    told = replace(head, causes=tuple(causes), left_out=found.left_out)
    if not instance.suspended:
        return told
    resume = Help("resume", _("Resume the process instance"), Right.SUSPEND, instance.key)
    return replace(
        told, suspended_text=_("It is suspended: nothing in it goes on until it is resumed."), help=(resume,)
    )


class _Reading:
    def __init__(self, instance: ProcessInstance, opened: OpenRows, now: datetime) -> None:
        self._instance = instance
        self._opened = opened
        self._now = now
        self._process = executable_process(instance.definition_key)
        elements = opened.of(instance.key, "elements")
        self._rows = {row.key: row for row in elements[:AT_MOST]}
        self.left_out = opened.total() - AT_MOST if len(elements) > AT_MOST else 0
        self._jobs: list[Job] = opened.of(instance.key, "jobs")

    # ---- all that is waited for

    def causes(self) -> Iterator[Cause]:
        """What the tokens wait for."""
        incidents = self._opened.of(self._instance.key, "incidents")
        failed_jobs = {incident.job_key for incident in incidents if incident.job_key}
        jobs = {job.key: job for job in self._jobs}
        for incident in incidents:
            yield self._incident(incident, jobs.get(incident.job_key or 0))
        for task in self._opened.of(self._instance.key, "tasks"):
            yield self._task(task)
        for job in self._jobs:
            if job.key not in failed_jobs:
                yield self._job(job)
        yield from self._subscriptions()
        yield from self._joins()
        yield from self._calls()

    def _cause(
        self, kind: Kind, element_id: str, holder: int | None, text: str, since: datetime | None, **more: object
    ) -> Cause:
        row = self._rows.get(holder or 0)
        element = self._process.elements.get(element_id)
        watches = element is not None and element.type in WATCHING
        known = self._opened.usual if row is not None and not watches else {}
        usual = known.get((self._instance.definition_key, row.element_id)) if row is not None else None
        begun = row.started_at if row is not None else None
        return Cause(
            kind,
            _drawn(element_id),
            (element.name if element is not None else "") or _drawn(element_id),
            text,
            holder,
            since=since,
            usual=usual,
            is_longer_than_usual=usual is not None and begun is not None and self._now - begun > usual.p95,
            watches=watches,
            **more,  # type: ignore[arg-type]
        )

    def _incident(self, incident: Incident, job: Job | None) -> Cause:
        text = incident.message or incident.error_type
        if job is not None and job.type:
            text = _("%(message)s (job type '%(type)s', %(retries)s left)") % {
                "message": text,
                "type": job.type,
                "retries": _retries(job.retries),
            }
        return self._cause(
            Kind.INCIDENT,
            incident.element_id,
            incident.element_instance_key,
            text,
            incident.created_at,
            key=incident.key,
            is_failed=True,
            help=(
                Help("resolve", _("Try again"), Right.RESOLVE_INCIDENT, incident.key),
                Help("edit_variables", _("Put the variables right"), Right.EDIT_VARIABLES, self._instance.key),
            ),
        )

    def _task(self, task: UserTask) -> Cause:
        if task.assignee:
            who = f"'{task.assignee}'"
        else:
            candidates = [
                *task.candidate_users,
                *(_("group %(name)s") % {"name": name} for name in task.candidate_groups),
            ]
            who = (
                _("one of %(candidates)s to take it") % {"candidates": ", ".join(candidates)}
                if candidates
                else _("anybody to take it")
            )
        return self._cause(
            Kind.USER_TASK,
            task.element_id,
            task.element_instance_key,
            _("Waits for %(who)s.") % {"who": who},
            task.created_at,
            key=task.key,
            due_at=task.due_at,
            help=(
                Help("assign", _("Assign it to somebody"), Right.COMPLETE_TASK, task.key),
                Help("complete", _("Complete it"), Right.COMPLETE_TASK, task.key),
            ),
        )

    def _job(self, job: Job) -> Cause:
        if job.kind == Job.Kind.TIMER:
            kind, text = (
                Kind.TIMER,
                _("Its time has come; a worker will see to it.")
                if _is_due(job, self._now)
                else _("Waits for its time."),
            )
            help_ = (Help("execute", _("Let it occur now"), Right.RESOLVE_INCIDENT, job.key),)
        elif job.kind in CONTINUATIONS:
            told = (
                _("Waits for a worker process to continue before it (%(retries)s left).")
                if job.kind == Job.Kind.ASYNC_BEFORE
                else _("Waits for a worker process to continue after it (%(retries)s left).")
            )
            kind, text = Kind.CONTINUATION, told % {"retries": _retries(job.retries)}
            help_ = (Help("execute", _("Continue now"), Right.RESOLVE_INCIDENT, job.key),)
        elif job.kind == Job.Kind.SIGNAL:
            kind = Kind.CONTINUATION
            text = _("Waits for a worker process to deliver its signal (%(retries)s left).") % {
                "retries": _retries(job.retries)
            }
            help_ = (Help("execute", _("Deliver it now"), Right.RESOLVE_INCIDENT, job.key),)
        else:
            kind, text = Kind.JOB, self._worker(job)
            help_ = (Help("retries", _("Give it retries"), Right.RESOLVE_INCIDENT, job.key),)
        if job.suspended:
            text = _("Is on hold: nobody runs it until it is resumed.")
        elif job.error_message:
            text = _("%(text)s Last error: %(error)s") % {"text": text, "error": job.error_message}
        return self._cause(
            kind,
            job.element_id,
            job.element_instance_key,
            text,
            job.created_at,
            key=job.key,
            due_at=job.due_at,
            is_failed=job.retries < 1 or job.suspended,
            help=help_,
        )

    def _worker(self, job: Job) -> str:
        left = _retries(job.retries)
        if job.retries < 1:
            return _("No retries left for a worker of '%(type)s'.") % {"type": job.type}
        if job.worker and job.locked_until is not None and job.locked_until > self._now:
            return _("Worker '%(worker)s' has it, as '%(type)s' (%(left)s left).") % {
                "worker": job.worker,
                "type": job.type,
                "left": left,
            }
        if job.worker:
            return _(
                "Waits for a worker of '%(type)s' (%(left)s left); '%(worker)s' had it and did not finish in time."
            ) % {"type": job.type, "left": left, "worker": job.worker}
        return _("Waits for a worker of '%(type)s' (%(left)s left).") % {"type": job.type, "left": left}

    # ---- events

    def _subscriptions(self) -> Iterator[Cause]:
        for row in self._opened.of(self._instance.key, "subscriptions"):
            match row.kind:
                case EventSubscription.Kind.MESSAGE:
                    yield self._message(row)
                case EventSubscription.Kind.SIGNAL:
                    yield self._event(row, Kind.SIGNAL, _("Waits for the signal '%(name)s'.") % {"name": row.name})
                case EventSubscription.Kind.CONDITIONAL:
                    yield self._event(row, Kind.CONDITION, self._condition(row.element_id))
                case EventSubscription.Kind.COMPENSATING:
                    yield self._event(row, Kind.COMPENSATION, _("Waits until what undoes the work is done."))

    def _event(self, row: EventSubscription, kind: Kind, text: str) -> Cause:
        return self._cause(kind, row.element_id, row.element_instance_key, text, row.created_at, key=row.key)

    def _message(self, row: EventSubscription) -> Cause:
        text = (
            _("Waits for the message '%(name)s'.")
            if row.correlation_key is None
            else _("Waits for the message '%(name)s' with correlation key '%(key)s'.")
        )
        send = Help("correlate", _("Send '%(name)s'") % {"name": row.name}, Right.CORRELATE_MESSAGE, row.key)
        cause = self._event(row, Kind.MESSAGE, text % {"name": row.name, "key": row.correlation_key})
        return replace(cause, near_misses=tuple(self._near_misses(row)), help=(send,))

    def _near_misses(self, row: EventSubscription) -> Iterator[NearMiss]:
        """Messages that are kept and have the name or the key, but not both, or went elsewhere."""
        if self._process.semantics is not Semantics.ZEEBE:
            return
        alike = [each for each in self._opened.kept_messages if each.name == row.name][:NEAR_MISSES]
        if row.correlation_key:
            others = [each for each in self._opened.kept_messages if each.name != row.name]
            alike += [each for each in others if each.correlation_key == row.correlation_key]
        for message in alike[:NEAR_MISSES]:
            if message.name != row.name:
                why = _("has the correlation key, but is called '%(name)s'") % {"name": message.name}
            elif message.correlation_key != row.correlation_key:
                why = _("has the correlation key '%(correlation_key)s'") % {"correlation_key": message.correlation_key}
            else:
                why = _("has been taken by this process already")
            yield NearMiss(message.key, message.name, message.correlation_key, why, message.expires_at)

    def _condition(self, element_id: str) -> str:
        element = self._process.elements.get(element_id)
        event = element.event if element is not None else None
        return (
            _("Waits until %(source)s is true.") % {"source": event.condition.source}
            if isinstance(event, ConditionalEvent)
            else _("Waits for a condition.")
        )

    # ---- joins

    def _joins(self) -> Iterator[Cause]:
        for join in waiting_joins(self._marking()):
            rows = [row for row in self._rows.values() if row.element_id == join.gateway.id]
            rows = [row for row in rows if row.flow_scope_key == join.scope_key]
            since = min((row.started_at for row in rows if row.started_at is not None), default=None)
            cause = self._cause(
                Kind.JOIN,
                join.gateway.id,
                rows[0].key if rows else None,
                _told_of(join),
                since,
                is_failed=join.never_fires,
            )
            help_ = tuple(Help("modify", said(fix.label), Right.MODIFY, self._instance.key, fix) for fix in join.fixes)
            yield replace(cause, help=help_)

    def _marking(self) -> Marking:
        passed = {job.element_instance_key for job in self._jobs if job.kind == Job.Kind.ASYNC_AFTER}
        tokens = [
            Token(row.key, element, row.flow_scope_key, row.key in passed)
            for row in self._rows.values()
            if (element := self._process.elements.get(row.element_id)) is not None
        ]
        held: dict[int, dict[str, int]] = defaultdict(dict)
        for flow in self._opened.of(self._instance.key, "held"):
            held[flow.flow_scope_key][flow.flow_id] = flow.waiting
        return Marking.of_tokens(self._process, self._instance.key, tokens, held)

    # ---- called processes

    def _calls(self) -> Iterator[Cause]:
        calling = {row.key: row for row in self._rows.values() if row.element_type == ElementType.CALL_ACTIVITY.value}
        if not calling:
            return
        for instance in self._opened.calls(self._instance.key):
            row = calling.get(instance.parent_element_instance_key or 0)
            if row is None:
                continue
            inside = _told(instance, self._opened, self._now)
            text = _("Waits for process instance %(key)s of '%(process_id)s', which it has called.") % {
                "key": instance.key,
                "process_id": instance.process_id,
            }
            leaf = next(inside.leaves(), None)
            if leaf is not None:
                stands = _("That stands at '%(element)s': %(text)s") % {"element": leaf.element_name, "text": leaf.text}
                text = f"{text} {stands}"
            cause = self._cause(Kind.CALL, row.element_id, row.key, text, row.started_at, key=instance.key)
            failed = leaf is not None and leaf.is_failed
            look = Help("open", _("Look at the called process"), Right.VIEW, instance.key)
            yield replace(cause, inside=inside, is_failed=failed, help=(look,))


def _told_of(join: WaitingJoin) -> str:
    come = _names(flow.source for flow in join.come)
    if not join.missing:
        return _("Waits with tokens from %(come)s until no more can come.") % {"come": come}
    parts = []
    for missing in join.missing:
        source = _label(missing.flow.source)
        if not join.never_fires and {_label(node) for node in missing.may_come_from} == {source}:
            parts.append(_("one from '%(source)s', which is still at work") % {"source": source})
        elif missing.may_come_from and not join.never_fires:
            parts.append(
                _("one from '%(source)s', which can still come from %(names)s")
                % {"source": source, "names": _names(missing.may_come_from)}
            )
        else:
            parts.append(_("one from '%(source)s', which cannot come any more") % {"source": source})
    return _("A token has come from %(come)s; it waits for %(missing)s.") % {
        "come": come,
        "missing": _(", and ").join(parts),
    }


def _names(nodes: Iterable[FlowNode]) -> str:
    return ", ".join(f"'{_label(node)}'" for node in dict.fromkeys(nodes)) or _("nowhere")


def _label(node: FlowNode) -> str:
    return node.name or _drawn(node.id)


def _drawn(element_id: str) -> str:
    return element_id.removesuffix(BODY_SUFFIX).removesuffix(INNER_INSTANCE_SUFFIX)


def _retries(number: int) -> str:
    return ngettext("%(number)s retry", "%(number)s retries", number) % {"number": number}


def _is_due(job: Job, now: datetime) -> bool:
    return job.due_at is not None and job.due_at <= now


__all__ = ["DEPTH", "OpenRows", "why_stuck"]
