"""What the page of one process instance shows: read with a fixed number of queries, however much has happened in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from django.db.models import Case, F, Func, IntegerField, JSONField, When

from audit.models import AuditEvent
from operate.admin.instance.history_tree import SLICE, History, HistoryTree, TreeRow, in_order
from operate.admin.instance.tabs import InstanceTabs
from operate.admin.instance.variables_panel import VariablesPanel
from operate.admin.instance.waits import Wait, Waits, explained, ordered
from operate.admin.reasons import Reasons
from operate.admin.wording import body_id, drawn_id, element_label, instance_state, label_in
from operate.diagnosis import DEPTH, Diagnosis, OpenRows, why_stuck
from operate.masking.masks import Masks
from operate.notes.reading import Notes, notes_of
from operate.undo import why_not_undone
from operate.workspaces import Right
from workflow.graph import ElementType, ExecutableProcess, FlowNode
from workflow.models import ElementInstance, EventSubscription, Incident, ProcessInstance, SequenceFlowTaken
from workflow.persistence.connection import fetch
from workflow.persistence.definitions import executable_process

OPEN = (ElementInstance.State.ACTIVATING, ElementInstance.State.ACTIVE, ElementInstance.State.COMPLETING)
ROW_LIMIT = 200
AUDIT_LIMIT = 100
BODY_LIMIT = 8_000
"""Audit events that are stored in more bytes have their details only on their own page."""
JOINING = (ElementType.PARALLEL_GATEWAY, ElementType.INCLUSIVE_GATEWAY)
AWAITED = (EventSubscription.Kind.MESSAGE, EventSubscription.Kind.SIGNAL, EventSubscription.Kind.CONDITIONAL)
UNDOABLE = EventSubscription.Kind.COMPENSATION


FAMILY = """
WITH RECURSIVE above AS (
  SELECT key, parent_process_instance_key AS parent, 0 AS distance FROM workflow_processinstance WHERE key = %(key)s
  UNION ALL
  SELECT i.key, i.parent_process_instance_key, a.distance + 1
  FROM workflow_processinstance i JOIN above a ON i.key = a.parent),
below AS (
  SELECT key, 0 AS depth FROM workflow_processinstance WHERE key = %(key)s
  UNION ALL
  SELECT i.key, b.depth + 1 FROM workflow_processinstance i JOIN below b ON i.parent_process_instance_key = b.key
  WHERE i.state = 'ACTIVE' AND b.depth < %(depth)s),
related AS (
  SELECT 'caller' AS role, key, -distance AS place, 0 AS total FROM above WHERE distance > 0
  UNION ALL
  (SELECT 'called', key, key, count(*) OVER () FROM workflow_processinstance
   WHERE parent_process_instance_key = %(key)s ORDER BY key LIMIT %(limit)s)
  UNION ALL
  (SELECT 'again', key, key, 0 FROM workflow_processinstance
   WHERE restarted_from_key = %(key)s ORDER BY key LIMIT %(limit)s)
  UNION ALL
  (SELECT 'below', key, key, 0 FROM below WHERE depth > 0 LIMIT %(limit)s))
SELECT r.role, r.total, d.name AS process_name, i.*
FROM related r JOIN workflow_processinstance i USING (key) JOIN workflow_processdefinition d ON d.key = i.definition_key
ORDER BY r.role, r.place
"""
"""Who has called it, whom it has called, those that run below it, and as what it was restarted."""
FIGURES = """
SELECT 'element', element_id, state, count(*) FROM workflow_elementinstance
WHERE process_instance_key = %(key)s::bigint GROUP BY element_id, state
UNION ALL
SELECT 'incident', element_id, '', count(*) FROM workflow_incident
WHERE process_instance_key = %(key)s::bigint AND state = 'ACTIVE' GROUP BY element_id
UNION ALL
SELECT 'flow', flow_id, '', sum(waiting) FROM workflow_sequenceflowtaken
WHERE process_instance_key = %(key)s::bigint GROUP BY flow_id
UNION ALL
SELECT 'held', flow_id, process_instance_key || ' ' || flow_scope_key, waiting FROM workflow_sequenceflowtaken
WHERE process_instance_key = ANY(%(keys)s::bigint[]) AND waiting > 0
"""
"""What the diagram shows: instances by element and state, incidents, and how many tokens wait on which flow taken; and
scope by scope the flows on which tokens wait, in called process instances too."""


class InstancePage(InstanceTabs):
    """Everything of one process instance that is visible at once."""

    def __init__(self, instance: ProcessInstance, reasons: Reasons, *, scope: int | None = None) -> None:
        self.instance = instance
        self.why = reasons.of_instance(instance)
        self._reasons = reasons
        self.wanted_scope = None if scope == instance.key else scope

    @cached_property
    def process(self) -> ExecutableProcess:  # type: ignore[override]
        return executable_process(self.instance.definition_key)

    def element(self, element_id: str) -> FlowNode | None:
        return self.process.elements.get(element_id)

    def element_name(self, element_id: str) -> str:
        """The name of an element as on the diagram, else its type and id."""
        return label_in(self.process, element_id)

    # -- other process instances

    @cached_property
    def _family(self) -> dict[str, list[ProcessInstance]]:
        """The process instances that have to do with this one, by what they are to it; one query."""
        wanted = {"key": self.instance.key, "limit": ROW_LIMIT, "depth": DEPTH}
        found: dict[str, list[ProcessInstance]] = defaultdict(list)
        for row in ProcessInstance.objects.raw(FAMILY, wanted):
            row.dot, _state = instance_state(row)  # type: ignore[attr-defined]
            found[row.role].append(row)  # type: ignore[attr-defined]
        return found

    @property
    def callers(self) -> list[ProcessInstance]:
        """The way from the root of the call hierarchy to the process instance that has called this one."""
        return self._family["caller"]

    @property
    def called(self) -> list[ProcessInstance]:
        """The process instances that this one has called, as many as are shown."""
        return self._family["called"]

    @property
    def called_total(self) -> int:
        """How many it has called."""
        return self.called[0].total if self.called else 0  # type: ignore[attr-defined]

    @property
    def restarted_as(self) -> list[ProcessInstance]:
        return self._family["again"]

    # -- history

    @cached_property
    def tree(self) -> HistoryTree:
        """Reads element instances."""
        return HistoryTree(self.instance, self.process)

    @cached_property
    def history(self) -> History:
        """The element instances, or the first of very many."""
        return self.tree.first(self.called)

    @property
    def rows(self) -> list[TreeRow]:
        """What is shown of the history without scripts."""
        history = self.history
        return in_order(history.rows, self.instance.key)[:SLICE]

    @cached_property
    def way(self) -> list[int]:
        """The scopes around the chosen element instance, and itself."""
        scope = self.scope
        if scope is None:
            return []
        known = {row.key: row.scope_key for row in self.history.rows}
        if not self.history.is_whole:
            return self.tree.way_to(scope.key)
        found = [scope.key]
        while known.get(found[0], self.instance.key) != self.instance.key:
            found.insert(0, known[found[0]])
        return found

    # -- diagram

    @cached_property
    def _figures(self) -> dict[str, list[tuple[str, str, int]]]:
        key, below = self.instance.key, [each.key for each in self._family["below"]]
        found: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        for kind, name, state, total in fetch(FIGURES, {"key": key, "keys": [key, *below]}):
            found[kind].append((name, state, int(total)))
        return found

    @cached_property
    def statistics(self) -> dict[str, dict[str, int]]:
        """How many instances of each element are in which state."""
        found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for element_id, state, total in self._figures["element"]:
            kind = "active" if state in OPEN else "completed" if state == "COMPLETED" else "canceled"
            found[element_id][kind] += total
        for element_id, _, total in self._figures["incident"]:
            found[element_id]["incidents"] += total
        for gateway, flows in self._at_joins.items():
            found[gateway]["active"] += sum(flows.values())
        return as_drawn(found)

    @property
    def _flows(self) -> dict[str, int]:
        """The sequence flows that were taken, and how many tokens wait on each for a join (Zeebe semantics)."""
        return {flow_id: waiting for flow_id, _, waiting in self._figures["flow"]}

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
        wanted = self.wanted_scope
        if wanted is None:
            return None
        return next((row for row in self.history.rows if row.key == wanted), None) or self.tree.row(wanted)

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

    @property
    def _held(self) -> list[SequenceFlowTaken]:
        """Flows on which tokens wait at a gateway, of this process instance and of those below it."""
        found = []
        for flow_id, place, waiting in self._figures["held"]:
            instance, scope = place.split()
            found.append(
                SequenceFlowTaken(
                    process_instance_key=int(instance), flow_scope_key=int(scope), flow_id=flow_id, waiting=waiting
                )
            )
        return found

    @cached_property
    def _opened(self) -> OpenRows:
        """What is open, in it and in what it has called; what the page has read anyway is not read again."""
        below = self._family["below"]
        known: dict[str, Sequence[Any]] = {"below": below, "held": self._held}
        if self.instance.state != ProcessInstance.State.ACTIVE:
            known = dict.fromkeys(("below", "elements", "jobs", "incidents", "tasks", "subscriptions", "held"), ())
        elif not any(each.open_incidents for each in (self.instance, *below)):
            known["incidents"] = ()
        return OpenRows(self.instance, **known)

    def _open(self, kind: str) -> list[Any]:
        return self._opened.of(self.instance.key, kind)

    @cached_property
    def incidents(self) -> list[Incident]:
        """The open incidents, the newest first."""
        return self._open("incidents")[::-1]

    @cached_property
    def waits(self) -> Sequence[Wait]:
        """What has to happen for it to go on, in sentences, the troubled first."""
        elements: list[ElementInstance] = self._open("elements")
        numbers = {row.key: row.loop_counter for row in elements if row.loop_counter and "#" not in row.element_id}
        told = Waits(self.process, numbers)
        in_trouble = {incident.job_key for incident in self.incidents}
        running = {row.parent_element_instance_key: row for row in self._opened.calls(self.instance.key)}
        joins: dict[str, list[ElementInstance]] = defaultdict(list)
        for row in elements:
            if row.element_type in JOINING:
                joins[row.element_id].append(row)
        at_joins = [
            *(told.join(element, flows) for element, flows in self._at_joins.items()),
            *(told.counting_join(element, rows) for element, rows in joins.items()),
        ]
        found = explained(
            [
                *(told.incident(incident) for incident in self.incidents),
                *(told.task(task) for task in self._open("tasks")),
                *(told.job(job) for job in self._open("jobs") if job.key not in in_trouble),
                *(told.subscription(row) for row in self._open("subscriptions") if row.kind in AWAITED),
                *(told.call(running[row.key], row.element_id) for row in elements if row.key in running),
                *(wait for wait in at_joins if wait is not None),
            ],
            self.diagnosis.causes,
        )
        return ordered(found)

    @cached_property
    def diagnosis(self) -> Diagnosis:
        """Why it stands."""
        return why_stuck(self.instance, opened=self._opened)

    @property
    def undoable(self) -> list[Wait]:
        """What a compensation would undo."""
        told = Waits(self.process, {})
        return [
            told.undo(row)
            for row in self._open("subscriptions")
            if row.kind == UNDOABLE and self._undoes(row.element_id)
        ]

    def _undoes(self, element_id: str) -> bool:
        """Whether this is a handler, and not a completed scope that only has handlers inside."""
        element = self.element(element_id)
        return element is not None and (element.is_for_compensation or element.type is ElementType.EVENT_SUB_PROCESS)

    # -- notes

    @cached_property
    def notes(self) -> Notes:
        """What people have written down here for each other."""
        return notes_of(
            self.instance.key,
            self._reasons.user,
            why_not_write=self.why["note"],
            why_not_manage=lambda: self._reasons.right(Right.MANAGE, self.instance.workspace_id),
        )

    # -- audit

    @cached_property
    def audit_events(self) -> Sequence[AuditEvent]:
        if self.why["audit"]:
            return ()
        size = Func(F("body"), function="pg_column_size", output_field=IntegerField())
        rows = AuditEvent.objects.of_process_instance(self.instance.key).with_undone_by()
        rows = rows.defer("body").annotate(size=size)
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
