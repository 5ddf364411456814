"""What migrations of both semantics do: give element instances new elements, and take along what belongs to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly

from workflow.engine.engine import Engine
from workflow.engine.errors import Outdated, Rejected
from workflow.engine.events import is_interrupting
from workflow.engine.state import (
    ACTIVATING,
    ACTIVE,
    CREATED,
    FAILED,
    ElementInstance,
    IncidentRow,
    JobRow,
    SubscriptionRow,
)
from workflow.graph import ElementType, FlowNode, MessageEvent, Semantics, SignalEvent, TimerEvent
from workflow.migration.elements import awaited_events
from workflow.migration.plan import Mapping, MigrationOptions, MigrationPlan, Target

EventRow = JobRow | SubscriptionRow
COMPENSATING = frozenset({"COMPENSATION", "COMPENSATING"})


class Migration:
    """One process instance on its way from one process definition to another."""

    def __init__(self, engine: Engine, plan: MigrationPlan, target: Target) -> None:
        self.engine = engine
        self.state = engine.state
        self.plan = plan
        self.target = target
        self.source = engine.state.process
        self.mappings: ReadOnly[str, Mapping] = {mapping.source_id: mapping for mapping in plan.mappings}
        self.state.need_everything()
        self._present = {row.key for rows in self.state.attached.values() for row in rows}
        self.note_interrupted_scopes()

    def perform(self) -> None:
        """Move the process instance, or raise what is wrong with that; then its state is of no use any more."""
        raise NotImplementedError

    def set_variables(self) -> None:
        """Set what the plan brings along, with all that this lets happen on the source, before anything is looked at."""
        if self.plan.variables:
            self.engine.variables.set_all_local(self.state.root, self.plan.variables)
            self.engine.run()

    # -- looking around

    def children(self) -> dict[ElementInstance, list[ElementInstance]]:
        """The open element instances by the scope instance that they are in, oldest first."""
        found: dict[ElementInstance, list[ElementInstance]] = defaultdict(list)
        for instance in sorted(self.state.elements.values(), key=lambda each: each.key):
            if instance.scope is not None and instance.is_open:
                found[instance.scope].append(instance)
        return found

    def outside_in(self) -> Iterator[ElementInstance]:
        """All open element instances but the process instance itself, each after the one around it."""
        children = self.children()
        ahead = [self.state.root]
        for instance in ahead:  # grows while it is walked
            below = children.get(instance, [])
            yield from below
            ahead += below

    def note_interrupted_scopes(self) -> None:
        """Remember which scopes an event sub-process has taken over; to be told anew when scopes have gone."""
        self._interrupted = {
            child.scope.key
            for child in self.state.elements.values()
            if child.scope is not None
            and child.is_open
            and child.element.type is ElementType.EVENT_SUB_PROCESS
            and is_interrupting(child.element.start_events[0])
        }

    def is_interrupted(self, scope: ElementInstance) -> bool:
        """Whether an event sub-process has taken over this scope."""
        return scope.key in self._interrupted

    def event_rows(self, holder: ElementInstance) -> list[EventRow]:
        """The subscriptions and timers that an element instance had before the migration."""
        found: list[EventRow] = []
        for row in self.state.attached.get(holder.key, ()):
            if row.key not in self._present:
                continue
            match row:
                case SubscriptionRow() if row.kind not in COMPENSATING and row.state == CREATED:
                    found.append(row)
                case JobRow() if row.kind == "TIMER" and row.state in (CREATED, FAILED):
                    found.append(row)
        return found

    # -- moving

    def adopt_target(self) -> None:
        """Let the process instance run on the target definition from now on."""
        self.engine.migrate_to(self.target.process, self.target.definition_key, self.target.version)

    def become(self, instance: ElementInstance, element: FlowNode) -> None:
        """Make an element instance one of another element, with its job, task and incidents; events are moved apart."""
        former = instance.element
        self.engine.migrated.append((instance, former))
        instance.element = element
        instance.is_changed = True
        for row in self.state.attached.get(instance.key, ()):
            if row.element_id == former.id and not self._waits(row):
                row.element_id = element.id
                row.is_changed = True

    @staticmethod
    def _waits(row: object) -> bool:
        return isinstance(row, SubscriptionRow) or (isinstance(row, JobRow) and row.kind == "TIMER")

    def move_events(self, holder: ElementInstance, element: FlowNode) -> set[FlowNode]:
        """Let what `holder` waits for be events of its new element, and close what is not mapped to one of them.

        Returns the target's events that are taken care of.
        """
        awaited = {node.id: node for node in awaited_events(element)}
        moved = set()
        for row in self.event_rows(holder):
            mapping = self.mappings.get(row.element_id)
            node = awaited.get(mapping.target_id) if mapping is not None else None
            if mapping is None or node is None:
                self.close(row)
                continue
            moved.add(node)
            self._move_event(row, holder, node)
            if mapping.update_event_trigger:
                self._renew(row, holder, node)
        return moved

    def _move_event(self, row: EventRow, holder: ElementInstance, node: FlowNode) -> None:
        former, row.element_id = row.element_id, node.id
        row.is_changed = True
        for each in self.state.attached.get(holder.key, ()):
            if isinstance(each, IncidentRow) and (each.job_key == row.key or each.element_id == former):
                each.element_id = node.id
                each.is_changed = True

    def _renew(self, row: EventRow, holder: ElementInstance, node: FlowNode) -> None:
        """Let an event wait for what the target model says."""
        match row, node.event:
            case SubscriptionRow(), MessageEvent(name=name) | SignalEvent(name=name):
                row.name = self.engine.expressions.text(name, holder, node)
            case JobRow(), TimerEvent():
                due = self.engine.events.due(holder, node, self.engine.now)
                row.due_at, row.repeat = due.at, due.repeat

    def close(self, row: EventRow) -> None:
        """End a subscription or timer that the target does not have, with the incidents of the timer."""
        self.engine.close_row(row)
        for each in list(self.state.attached.get(row.element_instance_key, ())):
            if isinstance(each, IncidentRow) and each.state == ACTIVE and each.job_key == row.key:
                self.engine.close_incident(each)

    def open_events(self, holder: ElementInstance, element: FlowNode, but: set[FlowNode]) -> None:
        """Let `holder` wait for the target's events that are not taken care of; raises ElementFailure."""
        if holder.state == ACTIVATING:
            return  # it will wait for its events once it is entered
        interrupted = self.is_interrupted(holder)
        for node in awaited_events(element):
            if node not in but and not (interrupted and node.type is ElementType.START_EVENT):
                self.engine.events.wait_for(holder, node)


def check_options(engine: Engine, plan: MigrationPlan, target: Target, options: MigrationOptions) -> None:
    """Refuse a plan for another revision, another definition or the other semantics."""
    state = engine.state
    expected = options.expected_revision
    if expected is not None and expected != state.revision:
        raise Outdated(state.key, expected=expected, revision=state.revision)
    if plan.source_definition_key not in (None, state.definition_key):
        raise Rejected(
            f"Process instance '{state.key}' cannot be migrated. Its process definition '{state.definition_key}' "
            "does not match "
            f"the source process definition of the migration plan '{plan.source_definition_key}'."
        )
    if target.process.semantics is not state.process.semantics:
        raise Rejected(
            f"Expected process instance '{state.key}' to be migrated to a process of the same semantics, but it has "
            f"{_called(state.process.semantics)} semantics and '{target.process.id}' has "
            f"{_called(target.process.semantics)}. "
            "Semantics are never mixed."
        )


def _called(semantics: Semantics) -> str:
    return "Camunda 8" if semantics is Semantics.ZEEBE else "Camunda 7"
