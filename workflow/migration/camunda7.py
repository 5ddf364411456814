"""Migration as Camunda 7 has it: leaves have to be mapped, scopes around them may go or come.

A scope that is not mapped ends, and what is in it moves outwards. A scope that the target has in addition is opened around
what it encloses. Events wait on as they do, unless their mapping says to renew them.
"""

from __future__ import annotations

from collections.abc import Iterator

from workflow.engine.engine import CHOSEN_FLOW, Engine
from workflow.engine.errors import ElementFailure
from workflow.engine.events import is_interrupting
from workflow.engine.state import CREATED, FAILED, ElementInstance, JobRow
from workflow.graph import ElementType, FlowNode, TimerEvent
from workflow.migration.base import Migration
from workflow.migration.camunda7_plan import check_plan, is_migratable
from workflow.migration.compensation import Compensations, Undoable, misplaced
from workflow.migration.elements import awaited_events
from workflow.migration.plan import MigrationPlan, Target
from workflow.migration.report import InstanceRefused, InstanceReport, PlanRefused

NO_INSTRUCTION = "There is no migration instruction for this instance's activity"
LOOP_COUNTER = "loopCounter"
Branch = dict[FlowNode, ElementInstance]
"""The scope instances that something may be put into, by their element in the target."""


class Camunda7Migration(Migration):
    """Ends what is not mapped from the inside out, then moves and opens from the outside in."""

    def __init__(self, engine: Engine, plan: MigrationPlan, target: Target) -> None:
        super().__init__(engine, plan, target)
        self.ids = {mapping.source_id: mapping.target_id for mapping in plan.mappings}
        self.compensations = Compensations(engine, self.ids, target.process)
        self._children: dict[ElementInstance, list[ElementInstance]] = {}
        self._branches: dict[int, Branch] = {}

    def perform(self) -> None:
        reports = check_plan(tuple(self.plan.mappings), self.source, self.target.process)
        if reports:
            raise PlanRefused(reports, source=self.source.id, target=self.target.process.id)
        self.set_variables()
        self._check_instances()
        holders = [self.state.root, *self.outside_in()]
        undoable = [each for holder in holders for each in self.compensations.held_by(holder)]
        self._end_unmapped_scopes()
        self.note_interrupted_scopes()
        self.adopt_target()
        self._take_events(self.state.root, self.source.root, self.target.process.root)
        self._children = self.children()
        self._place(self.state.root, {self.target.process.root: self.state.root})
        for each in undoable:
            self._place_compensation(each)
        self._count_tokens()

    def goal(self, instance: ElementInstance) -> FlowNode | None:
        """The element that an instance is mapped to."""
        if instance.scope is None:
            return self.target.process.root
        return self.target.process.elements.get(self.ids.get(instance.element.id, ""))

    # -- checking

    def _check_instances(self) -> None:
        children = self.children()
        found = [self._report(instance, bool(children.get(instance))) for instance in self.outside_in()]
        found.append(self._report_root())
        reports = [report for report in found if report.failures]
        if reports:
            raise InstanceRefused(self.state.key, reports)

    def _report(self, instance: ElementInstance, has_children: bool) -> InstanceReport:
        continuations = self._continuations(instance)
        goal = self.goal(instance)
        failures: list[str] = []
        if continuations:
            for job in continuations:
                failures += self._wrong_continuation(job, instance, goal)
        elif not is_migratable(instance.element):
            failures.append("The type of the source activity is not supported for activity instance migration")
        if goal is None and not has_children:
            failures.append(NO_INSTRUCTION)
        failures += self._wrong_compensation(instance)
        mapping = self.mappings.get(instance.element.id)
        return InstanceReport(
            instance.key, instance.element.id, mapping, tuple(failures), is_transition=bool(continuations)
        )

    def _report_root(self) -> InstanceReport:
        root = self.state.root
        return InstanceReport(root.key, self.source.id, None, tuple(self._wrong_compensation(root)))

    def _continuations(self, instance: ElementInstance) -> list[JobRow]:
        """What goes on with this instance later; after it, one for each flow that it takes."""
        jobs = (row for row in self.state.attached.get(instance.key, ()) if isinstance(row, JobRow))
        return [row for row in jobs if row.kind in ("ASYNC_BEFORE", "ASYNC_AFTER") and row.state in (CREATED, FAILED)]

    @staticmethod
    def _wrong_continuation(job: JobRow, instance: ElementInstance, goal: FlowNode | None) -> Iterator[str]:
        if goal is None:
            return
        if job.kind == "ASYNC_BEFORE":
            if not goal.asynchronous.before:
                yield "Target activity is not asyncBefore"
            if _instantiates(instance.element) and not _is_at_process_level(goal):
                yield (
                    "A transition instance that instantiates the process can only be migrated to a process-level flow node"
                )
            return
        if not goal.asynchronous.after:
            yield "Target activity is not asyncAfter"
        if len(goal.outgoing) > 1:
            taken = _flow_taken(job, instance.element)
            if taken is None:
                yield (
                    "Transition instance is assigned to no sequence flow and target activity has more than one outgoing "
                    "sequence flow"
                )
            elif taken not in {flow.id for flow in goal.outgoing}:
                yield (
                    "Transition instance is assigned to a sequence flow that cannot be matched in the target activity"
                )

    def _lead_on(self, instance: ElementInstance, source: FlowNode, goal: FlowNode) -> None:
        """Let what goes on after the instance take the flow of the target that it took in the source, or the only one."""
        for job in self._continuations(instance):
            if job.kind == "ASYNC_AFTER" and (job.custom_headers or len(goal.outgoing) > 1):
                only = goal.outgoing[0].id if len(goal.outgoing) == 1 else None
                taken = only or (_flow_taken(job, source) if goal.outgoing else None)
                job.custom_headers = {} if taken is None else {CHOSEN_FLOW: taken}

    def _wrong_compensation(self, holder: ElementInstance) -> list[str]:
        failures = []
        for found in self.compensations.held_by(holder):
            for each in found.all():
                if each.trigger is not None and each.is_unmapped:
                    kind = "start" if each.trigger.type is ElementType.START_EVENT else "boundary"
                    failures.append(
                        f"Cannot migrate subscription for compensation handler '{each.row.element_id}'. There is "
                        "no migration "
                        f"instruction for the compensation {kind} event"
                    )
            if found.element is not None:
                element = found.element
                failures += [_misfit(found) for each in found.inner for _ in misplaced(each, element)]
        return failures

    # -- from the inside out

    def _end_unmapped_scopes(self) -> None:
        children = self.children()
        for instance in reversed(list(self.outside_in())):
            if self.goal(instance) is not None or instance.scope is None:
                continue
            for child in children.get(instance, ()):
                self._move_out(child, instance)
            children[instance.scope] += children.pop(instance, [])
            for each in self.compensations.held_by(instance):
                self._hold(each, instance.scope)
            self.engine.dissolve(instance)

    def _move_out(self, child: ElementInstance, scope: ElementInstance) -> None:
        self.state.move(child, scope.scope)
        child.is_changed = True
        if scope.element.type is ElementType.MULTI_INSTANCE_BODY:
            child.loop_counter = None
            self.engine.variables.delete(child, LOOP_COUNTER)

    # -- from the outside in

    def _place(self, scope: ElementInstance, branch: Branch) -> None:
        self._branches[scope.key] = branch
        for child in self._children.get(scope, ()):
            goal = self.goal(child)
            if goal is None or goal.flow_scope is None:
                raise RuntimeError(f"'{child.element.id}' is not mapped, which should have been told before")
            home = self._scope_for(goal.flow_scope, branch)
            if home is not child.scope:
                self.state.move(child, home)
            source = child.element
            self.become(child, goal)
            self._lead_on(child, source, goal)
            self._take_events(child, source, goal)
            if goal.is_scope:
                self._place(child, {**branch, goal: child})

    def _scope_for(self, element: FlowNode, branch: Branch) -> ElementInstance:
        """The instance of a scope of the target to put something into; opened where there is none yet."""
        known = branch.get(element)
        if known is not None:
            return known
        if element.flow_scope is None:
            raise RuntimeError(f"'{element.id}' is no scope of process '{self.target.process.id}'")
        opened = self.engine.open_scope(element, self._scope_for(element.flow_scope, branch))
        branch[element] = opened
        return opened

    def _place_compensation(self, found: Undoable) -> None:
        """Let a subscription be held where the target has it, if something runs there."""
        holder = (found.left_body or found.row).element_instance_key
        home = self._branches[holder].get(found.home) if found.home is not None else None
        if home is None:
            raise InstanceRefused(self.state.key, [], [_misfit(found)])
        self._hold(found, home)
        self.compensations.move(found)

    def _hold(self, found: Undoable, holder: ElementInstance) -> None:
        row, attached = found.row, self.state.attached
        attached[row.element_instance_key].remove(row)
        attached.setdefault(holder.key, []).append(row)
        row.element_instance_key = holder.key
        self.state.move(found.undone, holder)
        found.undone.is_changed = True

    def _take_events(self, holder: ElementInstance, source: FlowNode, goal: FlowNode) -> None:
        try:
            moved = self.move_events(holder, goal)
            self.open_events(holder, goal, moved | self._fired_timers(source, goal) | {goal})
        except ElementFailure as failure:
            mapping = self.mappings.get(source.id)
            report = InstanceReport(holder.key, source.id, mapping, (failure.message,))
            raise InstanceRefused(self.state.key, [report]) from None

    def _fired_timers(self, source: FlowNode, goal: FlowNode) -> set[FlowNode]:
        """Timers that do not interrupt and are mapped: where none waits any more, it has fired, and once is enough."""
        mapped = {self.ids[node.id] for node in awaited_events(source) if node.id in self.ids}
        timers = (node for node in awaited_events(goal) if isinstance(node.event, TimerEvent))
        return {node for node in timers if node.id in mapped and not is_interrupting(node)}

    def _count_tokens(self) -> None:
        """Scopes were left and entered sideways; each has as many tokens as there is in it."""
        children = self.children()
        for instance in (self.state.root, *self.outside_in()):
            tokens = len(children.get(instance, ()))
            if instance.element.is_scope and instance.active_children != tokens:
                instance.active_children = tokens
                instance.is_changed = True


def _instantiates(element: FlowNode) -> bool:
    return element.type is ElementType.START_EVENT and _is_at_process_level(element)


def _is_at_process_level(element: FlowNode) -> bool:
    return element.flow_scope is not None and element.flow_scope.flow_scope is None


def _flow_taken(job: JobRow, element: FlowNode) -> str | None:
    """The flow that a token goes on over once the job after its element is done; none at an end."""
    chosen = job.custom_headers.get(CHOSEN_FLOW)
    return chosen if chosen is not None else next((flow.id for flow in element.outgoing), None)


def _misfit(found: Undoable) -> str:
    scope = found.home.id if found.home is not None else "none"
    return (
        f"Cannot migrate subscription for compensation handler '{found.row.element_id}'. The target has it in "
        f"flow scope '{scope}', "
        "where nothing of the process instance is active"
    )
