"""Reads what is open in a process instance, and tells of each token why it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from operate.diagnosis.causes import Cause, Diagnosis, Help, Kind, NearMiss
from operate.diagnosis.usual import usual_durations
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
NEAR_MISSES = 5
WATCHING = (ElementType.BOUNDARY_EVENT, ElementType.START_EVENT)
"""Events that occur beside what an activity or a scope waits for."""
CONTINUATIONS = (Job.Kind.ASYNC_BEFORE, Job.Kind.ASYNC_AFTER)


class OpenRows:
    """What is open in a process instance, read when it is asked for; who has read some of it already hands that in."""

    def __init__(self, process_instance_key: int, **known: Sequence[Any]) -> None:
        self._key = process_instance_key
        vars(self).update(known)

    @cached_property
    def elements(self) -> Sequence[ElementInstance]:
        """At most one more than is told of."""
        rows = ElementInstance.objects.filter(process_instance=self._key, state__in=OPEN_STATES).order_by("key")
        return list(rows[: AT_MOST + 1])

    @cached_property
    def jobs(self) -> Sequence[Job]:
        jobs = Job.objects.filter(process_instance=self._key, state__in=["CREATED", "FAILED"]).order_by("key")
        return list(jobs[: 2 * AT_MOST])

    @cached_property
    def incidents(self) -> Sequence[Incident]:
        return list(Incident.objects.filter(process_instance=self._key, state="ACTIVE").order_by("key")[:AT_MOST])

    @cached_property
    def tasks(self) -> Sequence[UserTask]:
        return list(UserTask.objects.filter(process_instance=self._key, state="CREATED").order_by("key")[:AT_MOST])

    @cached_property
    def subscriptions(self) -> Sequence[EventSubscription]:
        rows = EventSubscription.objects.filter(process_instance=self._key, state="CREATED").order_by("key")
        return list(rows[: 2 * AT_MOST])

    @cached_property
    def held(self) -> Sequence[SequenceFlowTaken]:
        """Flows on which tokens wait at a gateway."""
        return list(SequenceFlowTaken.objects.filter(process_instance=self._key, waiting__gt=0))

    def total(self) -> int:
        """How many element instances are open."""
        return ElementInstance.objects.filter(process_instance=self._key, state__in=OPEN_STATES).count()


def why_stuck(
    instance: ProcessInstance, *, now: datetime | None = None, depth: int = 0, opened: OpenRows | None = None
) -> Diagnosis:
    """Why a process instance stands, down to the processes that it has called.

    The caller sees to it that the instance may be seen; called ones are in the same workspace.
    """
    head = Diagnosis(instance.key, instance.process_id, instance.state, instance.suspended)
    if instance.state != ProcessInstance.State.ACTIVE:
        return replace(head, ended=True)
    found = _Reading(instance, opened or OpenRows(instance.key), now or clock(), depth)
    causes = sorted(found.causes(), key=lambda cause: (not cause.is_failed, cause.watches, cause.key or 0))
    told = replace(head, causes=tuple(causes), left_out=found.left_out)
    if not instance.suspended:
        return told
    resume = Help("resume", "Resume the process instance", Right.SUSPEND, instance.key)
    return replace(told, suspended_text="It is suspended: nothing in it goes on until it is resumed.", help=(resume,))


class _Reading:
    def __init__(self, instance: ProcessInstance, opened: OpenRows, now: datetime, depth: int) -> None:
        self._instance = instance
        self._opened = opened
        self._now = now
        self._depth = depth
        self._process = executable_process(instance.definition_key)
        self._rows = {row.key: row for row in opened.elements[:AT_MOST]}
        self.left_out = opened.total() - AT_MOST if len(opened.elements) > AT_MOST else 0
        self._jobs = opened.jobs
        self._usual = usual_durations(instance.definition_key, {row.element_id for row in self._rows.values()})

    # ---- all that is waited for

    def causes(self) -> Iterator[Cause]:
        """What the tokens wait for."""
        incidents = self._opened.incidents
        failed_jobs = {incident.job_key for incident in incidents if incident.job_key}
        jobs = {job.key: job for job in self._jobs}
        for incident in incidents:
            yield self._incident(incident, jobs.get(incident.job_key or 0))
        for task in self._opened.tasks:
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
        usual = self._usual.get(row.element_id) if row is not None and not watches else None
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
        about = f" (job type '{job.type}', {_retries(job.retries)} left)" if job is not None and job.type else ""
        return self._cause(
            Kind.INCIDENT,
            incident.element_id,
            incident.element_instance_key,
            f"{incident.message or incident.error_type}{about}",
            incident.created_at,
            key=incident.key,
            is_failed=True,
            help=(
                Help("resolve", "Try again", Right.RESOLVE_INCIDENT, incident.key),
                Help("edit_variables", "Put the variables right", Right.EDIT_VARIABLES, self._instance.key),
            ),
        )

    def _task(self, task: UserTask) -> Cause:
        if task.assignee:
            who = f"'{task.assignee}'"
        else:
            candidates = [*task.candidate_users, *(f"group {name}" for name in task.candidate_groups)]
            who = f"one of {', '.join(candidates)} to take it" if candidates else "anybody to take it"
        return self._cause(
            Kind.USER_TASK,
            task.element_id,
            task.element_instance_key,
            f"Waits for {who}.",
            task.created_at,
            key=task.key,
            due_at=task.due_at,
            help=(
                Help("assign", "Assign it to somebody", Right.COMPLETE_TASK, task.key),
                Help("complete", "Complete it", Right.COMPLETE_TASK, task.key),
            ),
        )

    def _job(self, job: Job) -> Cause:
        if job.kind == Job.Kind.TIMER:
            kind, text = (
                Kind.TIMER,
                "Its time has come; a worker will see to it." if _is_due(job, self._now) else "Waits for its time.",
            )
            help_ = (Help("execute", "Let it occur now", Right.RESOLVE_INCIDENT, job.key),)
        elif job.kind in CONTINUATIONS:
            side = "before" if job.kind == Job.Kind.ASYNC_BEFORE else "after"
            kind, text = (
                Kind.CONTINUATION,
                f"Waits for a worker process to continue {side} it ({_retries(job.retries)} left).",
            )
            help_ = (Help("execute", "Continue now", Right.RESOLVE_INCIDENT, job.key),)
        elif job.kind == Job.Kind.SIGNAL:
            kind = Kind.CONTINUATION
            text = f"Waits for a worker process to deliver its signal ({_retries(job.retries)} left)."
            help_ = (Help("execute", "Deliver it now", Right.RESOLVE_INCIDENT, job.key),)
        else:
            kind, text = Kind.JOB, self._worker(job)
            help_ = (Help("retries", "Give it retries", Right.RESOLVE_INCIDENT, job.key),)
        if job.suspended:
            text = "Is on hold: nobody runs it until it is resumed."
        elif job.error_message:
            text = f"{text} Last error: {job.error_message}"
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
            return f"No retries left for a worker of '{job.type}'."
        if job.worker and job.locked_until is not None and job.locked_until > self._now:
            return f"Worker '{job.worker}' has it, as '{job.type}' ({left} left)."
        if job.worker:
            return (
                f"Waits for a worker of '{job.type}' ({left} left); '{job.worker}' had it and did not finish in time."
            )
        return f"Waits for a worker of '{job.type}' ({left} left)."

    # ---- events

    def _subscriptions(self) -> Iterator[Cause]:
        for row in self._opened.subscriptions:
            match row.kind:
                case EventSubscription.Kind.MESSAGE:
                    yield self._message(row)
                case EventSubscription.Kind.SIGNAL:
                    yield self._event(row, Kind.SIGNAL, f"Waits for the signal '{row.name}'.")
                case EventSubscription.Kind.CONDITIONAL:
                    yield self._event(row, Kind.CONDITION, self._condition(row.element_id))
                case EventSubscription.Kind.COMPENSATING:
                    yield self._event(row, Kind.COMPENSATION, "Waits until what undoes the work is done.")

    def _event(self, row: EventSubscription, kind: Kind, text: str) -> Cause:
        return self._cause(kind, row.element_id, row.element_instance_key, text, row.created_at, key=row.key)

    def _message(self, row: EventSubscription) -> Cause:
        with_key = f" with correlation key '{row.correlation_key}'" if row.correlation_key is not None else ""
        send = Help("correlate", f"Send '{row.name}'", Right.CORRELATE_MESSAGE, row.key)
        cause = self._event(row, Kind.MESSAGE, f"Waits for the message '{row.name}'{with_key}.")
        return replace(cause, near_misses=tuple(self._near_misses(row)), help=(send,))

    def _near_misses(self, row: EventSubscription) -> Iterator[NearMiss]:
        """Messages that are kept and have the name or the key, but not both, or went elsewhere."""
        if self._process.semantics is not Semantics.ZEEBE:
            return
        kept = BufferedMessage.objects.filter(workspace=self._instance.workspace_id, expires_at__gt=self._now)
        same_name = kept.filter(name=row.name).order_by("-key")[:NEAR_MISSES]
        same_key = kept.filter(correlation_key=row.correlation_key or "").exclude(name=row.name).order_by("-key")
        for message in [*same_name, *(same_key[:NEAR_MISSES] if row.correlation_key else ())][:NEAR_MISSES]:
            if message.name != row.name:
                why = f"has the correlation key, but is called '{message.name}'"
            elif message.correlation_key != row.correlation_key:
                why = f"has the correlation key '{message.correlation_key}'"
            else:
                why = "has been taken by this process already"
            yield NearMiss(message.key, message.name, message.correlation_key, why, message.expires_at)

    def _condition(self, element_id: str) -> str:
        element = self._process.elements.get(element_id)
        event = element.event if element is not None else None
        return (
            f"Waits until {event.condition.source} is true."
            if isinstance(event, ConditionalEvent)
            else "Waits for a condition."
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
            help_ = tuple(Help("modify", fix.label, Right.MODIFY, self._instance.key, fix) for fix in join.fixes)
            yield replace(cause, help=help_)

    def _marking(self) -> Marking:
        passed = {job.element_instance_key for job in self._jobs if job.kind == Job.Kind.ASYNC_AFTER}
        tokens = [
            Token(row.key, element, row.flow_scope_key, row.key in passed)
            for row in self._rows.values()
            if (element := self._process.elements.get(row.element_id)) is not None
        ]
        held: dict[int, dict[str, int]] = defaultdict(dict)
        for flow in self._opened.held:
            held[flow.flow_scope_key][flow.flow_id] = flow.waiting
        return Marking.of_tokens(self._process, self._instance.key, tokens, held)

    # ---- called processes

    def _calls(self) -> Iterator[Cause]:
        calling = {row.key: row for row in self._rows.values() if row.element_type == ElementType.CALL_ACTIVITY.value}
        if not calling:
            return
        called = ProcessInstance.objects.filter(parent_element_instance_key__in=calling, state="ACTIVE")
        for instance in called.order_by("key")[:AT_MOST]:
            row = calling[instance.parent_element_instance_key or 0]
            inside = why_stuck(instance, now=self._now, depth=self._depth + 1) if self._depth < DEPTH else None
            text = f"Waits for process instance {instance.key} of '{instance.process_id}', which it has called."
            leaf = next(inside.leaves(), None) if inside is not None else None
            if leaf is not None:
                text += f" That stands at '{leaf.element_name}': {leaf.text}"
            cause = self._cause(Kind.CALL, row.element_id, row.key, text, row.started_at, key=instance.key)
            failed = leaf is not None and leaf.is_failed
            look = Help("open", "Look at the called process", Right.VIEW, instance.key)
            yield replace(cause, inside=inside, is_failed=failed, help=(look,))


def _told_of(join: WaitingJoin) -> str:
    come = _names(flow.source for flow in join.come)
    if not join.missing:
        return f"Waits with tokens from {come} until no more can come."
    parts = []
    for missing in join.missing:
        source = _label(missing.flow.source)
        if not join.never_fires and {_label(node) for node in missing.may_come_from} == {source}:
            parts.append(f"one from '{source}', which is still at work")
        elif missing.may_come_from and not join.never_fires:
            parts.append(f"one from '{source}', which can still come from {_names(missing.may_come_from)}")
        else:
            parts.append(f"one from '{source}', which cannot come any more")
    return f"A token has come from {come}; it waits for {', and '.join(parts)}."


def _names(nodes: Iterable[FlowNode]) -> str:
    return ", ".join(f"'{_label(node)}'" for node in dict.fromkeys(nodes)) or "nowhere"


def _label(node: FlowNode) -> str:
    return node.name or _drawn(node.id)


def _drawn(element_id: str) -> str:
    return element_id.removesuffix(BODY_SUFFIX).removesuffix(INNER_INSTANCE_SUFFIX)


def _retries(number: int) -> str:
    return f"{number} {'retry' if number == 1 else 'retries'}"


def _is_due(job: Job, now: datetime) -> bool:
    return job.due_at is not None and job.due_at <= now


__all__ = ["OpenRows", "why_stuck"]
