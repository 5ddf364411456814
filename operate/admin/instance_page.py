"""What the page of one process instance shows: read with a fixed number of queries, however much has happened in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Count

from audit.models import AuditEvent
from operate.admin.reasons import Reasons
from operate.admin.wording import element_icon, element_type
from operate.forms.json_values import json_text
from workflow.graph import ExecutableProcess, FlowNode
from workflow.models import (
    ElementInstance,
    EventSubscription,
    Incident,
    Job,
    ProcessInstance,
    SequenceFlowTaken,
    UserTask,
    Variable,
)
from workflow.persistence.definitions import executable_process

OPEN = (ElementInstance.State.ACTIVATING, ElementInstance.State.ACTIVE, ElementInstance.State.COMPLETING)
TREE_LIMIT = 500
"""More rows of either kind, open or ended, are not put on the page; it says so."""
ROW_LIMIT = 200
AUDIT_LIMIT = 100
SHORT_VALUE = 120


@dataclass(slots=True)
class TreeRow:
    """One element instance in the history tree."""

    key: int
    element_id: str
    name: str
    type: str
    icon: str
    state: str
    started_at: Any
    ended_at: Any
    depth: int = 0
    has_incident: bool = False
    children: list[TreeRow] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def dot(self) -> str:
        """The state in one word, as it is coloured."""
        if self.has_incident:
            return "incident"
        return "active" if self.is_open else self.state.lower()


@dataclass(frozen=True, slots=True)
class VariableRow:
    """One variable of the chosen scope."""

    name: str
    type: str
    text: str
    revision: int
    updated_at: Any

    @property
    def is_long(self) -> bool:
        return len(self.text) > SHORT_VALUE or "\n" in self.text

    @property
    def short(self) -> str:
        """The beginning of the value, on one line."""
        line = " ".join(self.text.split())
        return f"{line[:SHORT_VALUE]}…" if len(line) > SHORT_VALUE else line


class InstancePage:
    """Everything of one process instance that is visible at once."""

    def __init__(self, instance: ProcessInstance, reasons: Reasons, *, scope: int | None = None) -> None:
        self.instance = instance
        self.why = reasons.of_instance(instance)
        self._wanted_scope = scope

    @cached_property
    def process(self) -> ExecutableProcess:
        return executable_process(self.instance.definition_key)

    def element(self, element_id: str) -> FlowNode | None:
        return self.process.elements.get(element_id)

    def element_name(self, element_id: str) -> str:
        """The name of an element as on the diagram, else its type and id."""
        element = self.element(element_id)
        if element is None:
            return element_id
        return element.name or f"{element_type(element.type)} ({element_id})"

    # -- history

    @cached_property
    def _rows(self) -> list[ElementInstance]:
        rows = ElementInstance.objects.filter(process_instance=self.instance.key)
        running = list(rows.filter(state__in=OPEN).order_by("key")[: TREE_LIMIT + 1])
        ended = list(rows.exclude(state__in=OPEN).order_by("-key")[: TREE_LIMIT + 1])
        self.is_cut = len(running) > TREE_LIMIT or len(ended) > TREE_LIMIT
        return sorted([*running[:TREE_LIMIT], *ended[:TREE_LIMIT]], key=lambda row: row.key)

    @cached_property
    def tree(self) -> list[TreeRow]:
        """The element instances in the order in which they were activated, each below its flow scope."""
        stuck = {incident.element_instance_key for incident in self.incidents}
        nodes = {row.key: self._tree_row(row, row.key in stuck) for row in self._rows}
        top: list[TreeRow] = []
        for row in self._rows:
            parent = nodes.get(row.flow_scope_key)
            (top if parent is None else parent.children).append(nodes[row.key])
        return list(_flattened(top, 1))

    def _tree_row(self, row: ElementInstance, has_incident: bool) -> TreeRow:
        return TreeRow(
            row.key,
            row.element_id,
            self.element_name(row.element_id),
            row.element_type,
            element_icon(row.element_type),
            row.state,
            row.started_at,
            row.ended_at,
            has_incident=has_incident,
        )

    # -- diagram

    @cached_property
    def statistics(self) -> dict[str, dict[str, int]]:
        """How many instances of each element are in which state."""
        rows = (
            ElementInstance.objects.filter(process_instance=self.instance.key)
            .order_by()
            .values_list("element_id", "state")
            .annotate(total=Count("key"))
        )
        found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for element_id, state, total in rows:
            kind = "active" if state in OPEN else "completed" if state == "COMPLETED" else "canceled"
            found[element_id][kind] += total
        for incident in self.incidents:
            found[incident.element_id]["incidents"] += 1
        return {element_id: dict(kinds) for element_id, kinds in found.items()}

    @property
    def diagram(self) -> dict[str, Any]:
        """What is drawn over the model."""
        taken = (
            SequenceFlowTaken.objects.filter(process_instance=self.instance.key).order_by().values("flow_id").distinct()
        )
        return {
            "revision": str(self.instance.revision),
            "elements": self.statistics,
            "flows": [row["flow_id"] for row in taken],
            "names": {element.id: self.element_name(element.id) for element in self.process.elements.values()},
        }

    # -- variables

    @cached_property
    def scope(self) -> TreeRow | None:
        """The chosen element instance; None stands for the process instance itself."""
        if self._wanted_scope in (None, self.instance.key):
            return None
        known = next((row for row in self.tree if row.key == self._wanted_scope), None)
        if known is not None:
            return known
        row = ElementInstance.objects.filter(process_instance=self.instance.key, pk=self._wanted_scope).first()
        return self._tree_row(row, False) if row else None

    @property
    def scope_key(self) -> int:
        return self.scope.key if self.scope else self.instance.key

    @property
    def scope_name(self) -> str:
        return self.scope.name if self.scope else "Process instance"

    @property
    def why_not_edit(self) -> str:
        """Why variables of the chosen scope cannot be edited; empty if they can."""
        if not self.why["variables"] and self.scope and not self.scope.is_open:
            return f"'{self.scope.name}' has ended, and its variables with it."
        return self.why["variables"]

    @cached_property
    def variables(self) -> list[VariableRow]:
        rows = Variable.objects.filter(scope_key=self.scope_key, process_instance=self.instance.key).order_by("name")
        return [VariableRow(row.name, row.type, json_text(row.value), row.revision, row.updated_at) for row in rows]

    # -- what it waits for

    @cached_property
    def incidents(self) -> list[Incident]:
        return list(
            Incident.objects.filter(process_instance=self.instance.key, state=Incident.State.ACTIVE)
            .select_related("job")
            .order_by("-key")[:ROW_LIMIT]
        )

    @cached_property
    def tasks(self) -> list[UserTask]:
        return list(
            UserTask.objects.filter(process_instance=self.instance.key, state=UserTask.State.CREATED).order_by("key")[
                :ROW_LIMIT
            ]
        )

    @cached_property
    def jobs(self) -> list[Job]:
        waiting = [Job.State.CREATED, Job.State.FAILED, Job.State.ERROR_THROWN]
        return list(
            Job.objects.filter(process_instance=self.instance.key, state__in=waiting).order_by("key")[:ROW_LIMIT]
        )

    @cached_property
    def subscriptions(self) -> list[EventSubscription]:
        return list(
            EventSubscription.objects.filter(process_instance=self.instance.key, state="CREATED").order_by("key")[
                :ROW_LIMIT
            ]
        )

    @property
    def waits(self) -> list[dict[str, Any]]:
        """What has to happen for it to go on, in sentences, the troubled first."""
        found = [
            self._wait("incident", "error", incident, f"{incident.message or incident.get_state_display()}")
            for incident in self.incidents
        ]
        found += [
            self._wait("task", "person", task, f"Waits for {task.assignee or 'somebody'} to complete the task.")
            for task in self.tasks
        ]
        in_trouble = {incident.job_key for incident in self.incidents}
        found += [
            self._wait("job", "settings", job, job_sentence(job)) for job in self.jobs if job.key not in in_trouble
        ]
        found += [
            self._wait(
                "message",
                "mail",
                subscription,
                f"Waits for the message '{subscription.name}'"
                + (f" with correlation key '{subscription.correlation_key}'." if subscription.correlation_key else "."),
            )
            for subscription in self.subscriptions
        ]
        return found

    def _wait(self, kind: str, icon: str, row: Any, text: str) -> dict[str, Any]:
        return {
            "kind": kind,
            "icon": icon,
            "row": row,
            "text": text,
            "name": self.element_name(row.element_id),
            "element_id": row.element_id,
            "since": row.created_at,
        }

    # -- audit

    @cached_property
    def audit_events(self) -> Sequence[AuditEvent]:
        if self.why["audit"]:
            return ()
        return list(AuditEvent.objects.of_process_instance(self.instance.key)[:AUDIT_LIMIT])


def job_sentence(job: Job) -> str:
    """What a job waits for."""
    if job.locked_until and job.worker:
        return f"Worker '{job.worker}' works on '{job.type}'."
    if job.retries < 1:
        return f"'{job.type}' has no retries left: {job.error_message or 'no message'}"
    retries = "retry" if job.retries == 1 else "retries"
    return f"Waits for a worker that takes '{job.type}' ({job.retries} {retries} left)."


def _flattened(rows: Iterable[TreeRow], depth: int) -> Iterable[TreeRow]:
    waiting = [(row, depth) for row in reversed(list(rows))]
    while waiting:
        row, level = waiting.pop()
        row.depth = level
        yield row
        waiting += [(child, level + 1) for child in reversed(row.children)]
