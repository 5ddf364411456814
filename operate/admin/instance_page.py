"""What the page of one process instance shows: read with a fixed number of queries, however much has happened in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Case, Count, F, Func, IntegerField, JSONField, Q, QuerySet, Sum, When

from audit.models import AuditEvent
from operate.admin.reasons import Reasons
from operate.admin.variables_panel import VariablesPanel
from operate.admin.waits import Wait, Waits, explained, ordered
from operate.admin.wording import body_id, drawn_id, element_icon, element_label, instance_state, label_in
from operate.diagnosis import Diagnosis, OpenRows, why_stuck
from operate.masking.masks import Masks
from operate.undo import why_not_undone
from workflow.graph import ElementType, ExecutableProcess, FlowNode, Semantics
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
from workflow.selectors import callers

OPEN = (ElementInstance.State.ACTIVATING, ElementInstance.State.ACTIVE, ElementInstance.State.COMPLETING)
TREE_LIMIT = 500
"""More rows of either kind, open or ended, are not put on the page; it says so."""
ROW_LIMIT = 200
AUDIT_LIMIT = 100
BODY_LIMIT = 8_000
"""Audit events that are stored in more bytes have their details only on their own page."""
JOINING = (ElementType.PARALLEL_GATEWAY, ElementType.INCLUSIVE_GATEWAY)
AWAITED = (EventSubscription.Kind.MESSAGE, EventSubscription.Kind.SIGNAL, EventSubscription.Kind.CONDITIONAL)
UNDOABLE = EventSubscription.Kind.COMPENSATION


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
    called: list[ProcessInstance] = field(default_factory=list)

    @property
    def drawn_id(self) -> str:
        return drawn_id(self.element_id)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def dot(self) -> str:
        """The state in one word, as it is coloured."""
        if self.has_incident:
            return "incident"
        return "active" if self.is_open else self.state.lower()

    @property
    def remark(self) -> str:
        """What is unusual about its state."""
        if self.state == ElementInstance.State.ACTIVATING and self.started_at is None:
            return "about to begin"
        return "about to leave" if self.state == ElementInstance.State.COMPLETING else ""


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
        return label_in(self.process, element_id)

    # -- other process instances

    @cached_property
    def callers(self) -> list[ProcessInstance]:
        """The way from the root of the call hierarchy to the process instance that has called this one."""
        if self.instance.parent_process_instance_key is None:
            return []
        keys = callers(self.instance.key)[:-1]
        found = {row.key: row for row in _named(ProcessInstance.objects.filter(pk__in=keys))}
        return [found[key] for key in keys if key in found]

    @cached_property
    def _relatives(self) -> list[ProcessInstance]:
        mine = self.instance.key
        related = ProcessInstance.objects.filter(Q(parent_process_instance=mine) | Q(restarted_from=mine))
        return list(_named(related).order_by("key")[:ROW_LIMIT])

    @property
    def called(self) -> list[ProcessInstance]:
        """The process instances that this one has called, as many as are shown."""
        return [row for row in self._relatives if row.parent_process_instance_key == self.instance.key]

    @property
    def restarted_as(self) -> list[ProcessInstance]:
        return [row for row in self._relatives if row.restarted_from_key == self.instance.key]

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
        for called in self.called:
            caller = nodes.get(called.parent_element_instance_key or 0)
            if caller is not None:
                called.dot, _text = instance_state(called)  # type: ignore[attr-defined]
                caller.called.append(called)
        return list(_flattened(top, 1))

    @cached_property
    def _iterations(self) -> dict[int, Any]:
        """By multi-instance body how many iterations it has, where that is known."""
        bodies = [row.key for row in self._rows if row.element_type == ElementType.MULTI_INSTANCE_BODY]
        if not bodies or not self.is_camunda_7:
            return {}
        totals = Variable.objects.filter(scope_key__in=bodies, name="nrOfInstances")
        return dict(totals.order_by().values_list("scope_key", "value"))

    @property
    def is_camunda_7(self) -> bool:
        return self.process.semantics is Semantics.CAMUNDA_7

    def _is_sequential(self, element_id: str) -> bool:
        """Whether iterations begin one after the other, so that those begun are not all."""
        element = self.element(element_id)
        return bool(getattr(element.details, "sequential", False)) if element else False

    def _name_of(self, row: ElementInstance) -> str:
        """A row of the tree: a multi-instance body with its progress, an iteration with its number."""
        name = self.element_name(row.element_id)
        if row.element_type == ElementType.MULTI_INSTANCE_BODY:
            total = self._iterations.get(row.key) or (None if self._is_sequential(row.element_id) else row.loop_counter)
            return f"{name} {row.completed_children}/{total}" if total else f"{name}, {row.completed_children} done"
        return f"{name} #{row.loop_counter}" if row.loop_counter is not None else name

    def _tree_row(self, row: ElementInstance, has_incident: bool) -> TreeRow:
        return TreeRow(
            row.key,
            row.element_id,
            self._name_of(row),
            row.element_type,
            element_icon(row.element_type, self.element(row.element_id)),
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
        for gateway, flows in self._at_joins.items():
            found[gateway]["active"] += sum(flows.values())
        return as_drawn(found)

    @cached_property
    def _flows(self) -> dict[str, int]:
        """The sequence flows that were taken, and how many tokens wait on each for a join (Zeebe semantics)."""
        rows = SequenceFlowTaken.objects.filter(process_instance=self.instance.key).order_by().values_list("flow_id")
        return dict(rows.annotate(total=Sum("waiting")))

    @cached_property
    def _at_joins(self) -> dict[str, dict[str, int]]:
        """By gateway how many tokens wait on which of the flows that lead to it."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for flow_id, waiting in self._flows.items():
            flow = self.process.flows.get(flow_id)
            if waiting and flow is not None and self.instance.state == ProcessInstance.State.ACTIVE:
                found[flow.target.id][flow_id] = waiting
        return found

    @property
    def diagram(self) -> dict[str, Any]:
        """What is drawn over the model."""
        return {
            "revision": str(self.instance.revision),
            "elements": self.statistics,
            "flows": list(self._flows),
            "names": {
                element.id: element_label(element)
                for element in self.process.elements.values()
                if element.id == drawn_id(element.id)
            },
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

    @cached_property
    def variables(self) -> VariablesPanel:
        """The variables of the chosen scope."""
        name = "" if self.scope is None else self.scope.name
        ended = "" if self.scope is None or self.scope.is_open else name
        return VariablesPanel(self.instance, self.scope_key, self.why["variables"], name=name, ended=ended)

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

    @cached_property
    def waits(self) -> Sequence[Wait]:
        """What has to happen for it to go on, in sentences, the troubled first."""
        numbers = {row.key: row.loop_counter for row in self._rows if row.loop_counter and "#" not in row.element_id}
        told = Waits(self.process, numbers)
        in_trouble = {incident.job_key for incident in self.incidents}
        running = {row.parent_element_instance_key: row for row in self.called if row.state == "ACTIVE"}
        joins: dict[str, list[TreeRow]] = defaultdict(list)
        for row in self.tree:
            if row.is_open and row.type in JOINING:
                joins[row.element_id].append(row)
        at_joins = [
            *(told.join(element, flows) for element, flows in self._at_joins.items()),
            *(told.counting_join(element, rows) for element, rows in joins.items()),
        ]
        found = explained(
            [
                *(told.incident(incident) for incident in self.incidents),
                *(told.task(task) for task in self.tasks),
                *(told.job(job) for job in self.jobs if job.key not in in_trouble),
                *(told.subscription(row) for row in self.subscriptions if row.kind in AWAITED),
                *(told.call(running[row.key], row.element_id) for row in self.tree if row.key in running),
                *(wait for wait in at_joins if wait is not None),
            ],
            self.diagnosis.causes,
        )
        return ordered(found)

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """Why it stands, from the rows that the page has read anyway."""
        known: dict[str, Sequence[Any]] = {} if self._at_joins else {"held": ()}
        opened = OpenRows(
            self.instance.key,
            elements=[row for row in self._rows if row.state in OPEN],
            jobs=[job for job in self.jobs if job.state != Job.State.ERROR_THROWN],
            incidents=self.incidents,
            tasks=self.tasks,
            subscriptions=self.subscriptions,
            **known,
        )
        return why_stuck(self.instance, opened=opened)

    @property
    def undoable(self) -> list[Wait]:
        """What a compensation would undo."""
        told = Waits(self.process, {})
        return [told.undo(row) for row in self.subscriptions if row.kind == UNDOABLE and self._undoes(row.element_id)]

    def _undoes(self, element_id: str) -> bool:
        """Whether this is a handler, and not a completed scope that only has handlers inside."""
        element = self.element(element_id)
        return element is not None and (element.is_for_compensation or element.type is ElementType.EVENT_SUB_PROCESS)

    # -- audit

    @cached_property
    def audit_events(self) -> Sequence[AuditEvent]:
        if self.why["audit"]:
            return ()
        size = Func(F("body"), function="pg_column_size", output_field=IntegerField())
        rows = AuditEvent.objects.of_process_instance(self.instance.key).defer("body").annotate(size=size)
        small = Case(When(size__lt=BODY_LIMIT, then=F("body")), output_field=JSONField())
        events = list(rows.annotate(small_body=small)[:AUDIT_LIMIT])
        masks = Masks.for_pages() if events else Masks({})
        for event in events:
            body = event.small_body
            event.is_undoable = not why_not_undone(event, self.instance)  # type: ignore[attr-defined]
            event.body = None if body is None else masks.body(event.workspace_id, event.process_id, body)
        return events


def as_drawn(figures: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Figures by element as on the diagram, where a multi-instance body and its iterations are one element.

    The iterations count; the body does while it has none.
    """
    drawn: dict[str, dict[str, int]] = {}
    for element_id, kinds in figures.items():
        if element_id == drawn_id(element_id):
            drawn[element_id] = dict(kinds)
    for element_id, kinds in figures.items():
        inner = drawn_id(element_id)
        if element_id != body_id(inner):
            continue
        mine = drawn.setdefault(inner, {})
        mine |= {kind: total for kind, total in kinds.items() if kind == "incidents" or not figures.get(inner)}
        if kinds.get("active") and not mine.get("active"):
            mine["active"] = kinds["active"]
    return drawn


def _named(instances: QuerySet[ProcessInstance]) -> QuerySet[ProcessInstance]:
    return instances.annotate(process_name=F("definition__name"))


def _flattened(rows: Iterable[TreeRow], depth: int) -> Iterable[TreeRow]:
    waiting = [(row, depth) for row in reversed(list(rows))]
    while waiting:
        row, level = waiting.pop()
        row.depth = level
        yield row
        waiting += [(child, level + 1) for child in reversed(row.children)]
