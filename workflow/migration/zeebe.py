"""Migration as Zeebe has it: every active element is mapped to one of the same type in the same flow scope.

What an element waits for is closed unless it is mapped, what the target adds is opened, and what is mapped stays as it was
opened once: its correlation key or due date is not evaluated again.
"""

from __future__ import annotations

from collections import Counter

from workflow.engine.engine import Engine
from workflow.engine.errors import ElementFailure
from workflow.engine.state import ACTIVATING, ElementInstance, FlowCount, SubscriptionRow
from workflow.graph import (
    BODY_SUFFIX,
    INNER_INSTANCE_SUFFIX,
    ConditionalEvent,
    ElementType,
    ErrorEvent,
    EscalationEvent,
    FlowNode,
    LinkEvent,
    MessageEvent,
    SequenceFlow,
    SignalEvent,
    TimerEvent,
)
from workflow.migration.base import Migration
from workflow.migration.compensation import Compensations, Undoable, misplaced, on_other_levels
from workflow.migration.elements import awaited_events, catch_events, event_name, is_sequential
from workflow.migration.plan import MigrationPlan, Target
from workflow.migration.report import MappingsRefused, Problem, StateRefused

MIGRATABLE = frozenset(
    {
        ElementType.SUB_PROCESS,
        ElementType.EVENT_SUB_PROCESS,
        ElementType.AD_HOC_SUB_PROCESS,
        ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE,
        ElementType.MULTI_INSTANCE_BODY,
        ElementType.CALL_ACTIVITY,
        ElementType.USER_TASK,
        ElementType.SERVICE_TASK,
        ElementType.SEND_TASK,
        ElementType.SCRIPT_TASK,
        ElementType.BUSINESS_RULE_TASK,
        ElementType.RECEIVE_TASK,
        ElementType.INTERMEDIATE_CATCH_EVENT,
        ElementType.EXCLUSIVE_GATEWAY,
        ElementType.PARALLEL_GATEWAY,
        ElementType.INCLUSIVE_GATEWAY,
        ElementType.EVENT_BASED_GATEWAY,
    }
)
STARTS_EVENT_SUB_PROCESS = (MessageEvent, TimerEvent, SignalEvent, ErrorEvent, EscalationEvent, ConditionalEvent)


def plain(element_id: str) -> str:
    """The id in the model: multi-instance bodies and inner instances of ad-hoc sub-processes have none of their own."""
    return element_id.partition("#")[0]


class ZeebeMigration(Migration):
    """Checks all mappings and all that is active before anything is moved."""

    def __init__(self, engine: Engine, plan: MigrationPlan, target: Target) -> None:
        super().__init__(engine, plan, target)
        self.problems: list[Problem] = []
        self.ids = {mapping.source_id: mapping.target_id for mapping in plan.mappings}
        self.mapped_to = set(self.ids.values())
        self.compensations = Compensations(engine, self.ids, target.process)
        self.opened: dict[ElementInstance, set[FlowNode]] = {}

    def perform(self) -> None:
        self.set_variables()
        instances = list(self.outside_in())
        goals = self._check(instances)
        held = [
            (count, self.source.flows[count.flow_id], self.target.process.flows[goal])
            for count, goal in self._goals_of_flows()
        ]
        undoable = [each for holder in (self.state.root, *instances) for each in self.compensations.held_by(holder)]
        self.adopt_target()
        self.move_events(self.state.root, self.state.root.element)
        for instance in instances:
            self.move_events(instance, goals[instance])
            self.become(instance, goals[instance])
        for each in undoable:
            self.compensations.move(each)
        self._move_held_tokens(held)

    # -- checking

    def _check(self, instances: list[ElementInstance]) -> dict[ElementInstance, FlowNode]:
        """The new element of each instance; raises with all that is wrong."""
        self._check_mappings()
        goals: dict[ElementInstance, FlowNode] = {self.state.root: self.target.process.root}
        self._check_holder(self.state.root, self.target.process.root)
        for instance in instances:
            goal = self._goal(instance)
            if goal is not None:
                goals[instance] = goal
                self._check_instance(instance, goal, goals)
        self._check_held_tokens(goals)
        if self.problems:
            refused = MappingsRefused if self.problems[0].is_malformed else StateRefused
            raise refused(self.state.key, self.problems)
        return goals

    def _refuse(self, element_id: str, message: str, *, malformed: bool = False) -> None:
        self.problems.append(Problem(message, element_id, malformed))

    def _check_mappings(self) -> None:
        counted = Counter(mapping.source_id for mapping in self.plan.mappings)
        duplicates = [element_id for element_id, count in counted.items() if count > 1]
        if duplicates:
            names = ", ".join(duplicates)
            self._refuse(
                duplicates[0],
                f"the mapping instructions contain duplicate source element ids '[{names}]'. Map each element once.",
                malformed=True,
            )
        for mapping in self.plan.mappings:
            for kind, element_id, process in (
                ("source", mapping.source_id, self.source),
                ("target", mapping.target_id, self.target.process),
            ):
                if element_id not in process.elements and element_id not in process.flows:
                    self._refuse(
                        element_id,
                        f"mapping instructions contain a non-existing {kind} element id '{element_id}'. Elements "
                        "provided in mapping "
                        f"instructions must exist in the {kind} process definition.",
                        malformed=True,
                    )

    def _goal(self, instance: ElementInstance) -> FlowNode | None:
        """The element that an instance is mapped to; a multi-instance activity is mapped once for body and iterations."""
        element, elements = instance.element, self.target.process.elements
        goal_id = self.ids.get(plain(element.id))
        if goal_id is None:
            self._refuse(
                plain(element.id),
                f"no mapping instruction defined for active element with id '{plain(element.id)}'. Elements "
                "cannot be migrated "
                "without a mapping.",
            )
            return None
        if element.type is ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE:
            return elements.get(goal_id + INNER_INSTANCE_SUFFIX) or elements.get(goal_id)
        if element.body is not None:
            return elements.get(goal_id)
        return elements.get(goal_id + BODY_SUFFIX) or elements.get(goal_id)

    def _check_instance(
        self, instance: ElementInstance, goal: FlowNode, goals: dict[ElementInstance, FlowNode]
    ) -> None:
        element, element_id = instance.element, plain(instance.element.id)
        self._check_supported(element)
        if goal.type is not element.type:
            self._refuse_type(element, goal)
            return
        around = goals.get(instance.scope) if instance.scope is not None else None
        if around is not None and goal.flow_scope is not around:
            actual = plain(goal.flow_scope.id) if goal.flow_scope is not None else ""
            self._refuse(
                element_id,
                f"the flow scope of active element with id '{element_id}' is changed. The flow scope of the "
                "active element is expected "
                f"to be '{plain(around.id)}' but was '{actual}'. The flow scope of an element cannot be changed "
                "during migration.",
            )
            return
        if element.type is ElementType.MULTI_INSTANCE_BODY and is_sequential(element) != is_sequential(goal):
            self._refuse(
                element_id,
                f"active element with id '{element_id}' has a different loop characteristics than the target element with id "
                f"'{plain(goal.id)}'. Both elements must have either sequential or parallel loop characteristics.",
            )
        self._check_holder(instance, goal)

    def _refuse_type(self, element: FlowNode, goal: FlowNode, *, malformed: bool = False) -> None:
        self._refuse(
            plain(element.id),
            f"active element with id '{plain(element.id)}' and type '{element.type}' is mapped to an element with id "
            f"'{plain(goal.id)}' and different type '{goal.type}'. Elements must be mapped to elements of the same type.",
            malformed=malformed,
        )

    def _check_supported(self, element: FlowNode) -> None:
        element_id = plain(element.id)
        if element.type not in MIGRATABLE:
            self._refuse(
                element_id,
                f"active element with id '{element_id}' has an unsupported type. The migration of a "
                f"{element.type} is not supported.",
            )
        elif element.type is ElementType.INTERMEDIATE_CATCH_EVENT:
            if isinstance(element.event, LinkEvent):
                self._refuse(
                    element_id,
                    f"active element with id '{element_id}' is intermediate catch event of type 'LINK'. Migrating an active "
                    "intermediate catch event of this type is not possible.",
                )
            if any(flow.source.type is ElementType.EVENT_BASED_GATEWAY for flow in element.incoming):
                self._refuse(
                    element_id,
                    f"active element with id '{element_id}' is an intermediate catch event attached to an "
                    "event-based gateway. "
                    "Migrating active events attached to an event-based gateway is not possible.",
                )

    # -- events

    def _check_holder(self, holder: ElementInstance, goal: FlowNode) -> None:
        """Everything about the events that an element instance holds, and about what was completed in it."""
        self._check_event_sub_processes(holder.element, goal)
        self._check_mapped_events(holder.element, goal)
        if not self._has_mapping_problem():
            self._open_new_events(holder, goal)
        for found in self.compensations.held_by(holder):
            self._check_compensation(found, goal)

    def _has_mapping_problem(self) -> bool:
        return any(problem.is_malformed for problem in self.problems)

    def _check_event_sub_processes(self, element: FlowNode, goal: FlowNode) -> None:
        for owner, kind in ((element, "active process"), (goal, "target process")):
            starts = [each.start_events[0] for each in owner.event_sub_processes]
            refused = [event_name(node) for node in starts if not isinstance(node.event, STARTS_EVENT_SUB_PROCESS)]
            if refused:
                self._refuse(
                    plain(owner.id),
                    f"{kind} with id '{plain(owner.id)}' has one or more event subprocesses with start events of types "
                    f"'{','.join(refused)}'. Migrating event subprocesses with start events of these types is not possible.",
                )

    def _check_mapped_events(self, element: FlowNode, goal: FlowNode) -> None:
        there = {node.id: node for node in catch_events(goal)}
        merged: dict[str, list[str]] = {}
        for node in catch_events(element):
            goal_id = self.ids.get(node.id)
            if goal_id is None or node is element:
                if node is element and type(goal.event) is not type(node.event):
                    self._refuse_event(element, node, goal)
                continue
            merged.setdefault(goal_id, []).append(node.id)
            event = self.target.process.elements.get(goal_id)
            if event is not None and type(event.event) is not type(node.event):
                self._refuse_event(element, node, event)
            elif event is not None and goal_id not in there:
                self._refuse(
                    plain(element.id),
                    f"active element with id '{plain(element.id)}' is mapped to an element with id "
                    f"'{plain(goal.id)}' and has a catch "
                    f"event with id '{node.id}' that is mapped to a catch event with id '{goal_id}'. These "
                    "mappings detach the catch "
                    "event from the element in the target process. Catch events must stay attached to the same "
                    "element instance.",
                )
        for goal_id, node_ids in merged.items():
            if len(node_ids) > 1:
                names = "', '".join(sorted(node_ids))
                self._refuse(
                    plain(element.id),
                    f"active element with id '{plain(element.id)}' has a catch event attached that is mapped to a "
                    "catch event with id "
                    f"'{goal_id}'. There are multiple mapping instructions that target this catch event: "
                    f"'{names}'. Catch events "
                    "cannot be merged by process instance migration: map only one of them.",
                )

    def _refuse_event(self, element: FlowNode, node: FlowNode, event: FlowNode) -> None:
        self._refuse(
            plain(element.id),
            f"active element with id '{plain(element.id)}' has a catch event with id '{node.id}' that is mapped "
            "to a catch event with "
            f"id '{event.id}'. These catch events have different event types: '{event_name(node)}' and "
            f"'{event_name(event)}'. The "
            "event type of a catch event cannot be changed by process instance migration.",
        )

    def _open_new_events(self, holder: ElementInstance, goal: FlowNode) -> None:
        """Open what the target adds. It is done before anything moves, so that all that cannot be opened is told at once."""
        if holder.state == ACTIVATING or self.is_interrupted(holder):
            return
        names = {
            row.name for row in self.event_rows(holder) if isinstance(row, SubscriptionRow) and row.kind == "MESSAGE"
        }
        for node in awaited_events(goal):
            if node.id in self.mapped_to or node is goal:
                continue
            count = len(self.state.attached.get(holder.key, ()))
            try:
                self.engine.events.wait_for(holder, node)
            except ElementFailure as failure:
                self._refuse(
                    plain(holder.element.id),
                    f"active element with id '{plain(holder.element.id)}' is mapped to element with id "
                    f"'{plain(goal.id)}' that must be "
                    f"subscribed to a catch event. {_said_of(node, failure)}",
                )
                continue
            for row in self.state.attached.get(holder.key, [])[count:]:
                if isinstance(row, SubscriptionRow) and row.kind == "MESSAGE" and row.name in names:
                    self._refuse_same_message(holder, row, node)

    def _refuse_same_message(self, holder: ElementInstance, row: SubscriptionRow, node: FlowNode) -> None:
        element_id = plain(holder.element.id)
        self._refuse(
            element_id,
            f"active element with id '{element_id}' attempts to subscribe to a message it is already subscribed to with name "
            f"'{row.name}'. Please provide a mapping instruction to message catch event with id '{node.id}' to "
            "migrate the respective "
            "message subscription.",
        )

    def _check_compensation(self, found: Undoable, home: FlowNode) -> None:
        for each in found.all():
            trigger = each.trigger
            goal = self.target.process.elements.get(self.ids.get(trigger.id, "")) if trigger is not None else None
            if trigger is not None and goal is not None and each.goal is None:
                self._refuse(
                    trigger.id,
                    f"compensation boundary event '{trigger.id}' is mapped to a target boundary event '{goal.id}' "
                    "that has event type "
                    f"'{event_name(goal)}' different than compensation boundary event type.",
                    malformed=True,
                )
        for source, target in [*on_other_levels(found)] or misplaced(found, home):
            self._refuse(
                plain(source.id),
                f"the flow scope of compensation boundary event is changed. Flow scope '{plain(source.id)}' is "
                "not in the same level as "
                f"'{plain(target.id)}'. The flow scope of a compensation boundary event cannot be changed during migration.",
            )

    # -- tokens that wait at joins

    def _held(self) -> list[tuple[FlowCount, SequenceFlow]]:
        counts = [count for count in self.state.flows.values() if count.waiting]
        return [(count, self.source.flows[count.flow_id]) for count in counts]

    def _goals_of_flows(self) -> list[tuple[FlowCount, str]]:
        return [(count, self.ids.get(flow.id, flow.id)) for count, flow in self._held()]

    def _check_held_tokens(self, goals: dict[ElementInstance, FlowNode]) -> None:
        for count, flow in self._held():
            gateway = flow.target
            goal = self.target.process.elements.get(self.ids.get(gateway.id, ""))
            if goal is None:
                if gateway.id not in self.ids:
                    self._refuse(
                        gateway.id,
                        f"gateway '{gateway.id}' has at least one incoming sequence flow taken. Joining gateways "
                        "with at least one "
                        "incoming sequence flow taken must be mapped to a gateway of the same type in the target "
                        "process definition.",
                        malformed=True,
                    )
                continue
            if goal.type is not gateway.type:
                self._refuse_type(gateway, goal, malformed=True)
                continue
            scope = goals.get(self.state.elements[count.scope_key])
            if scope is not None and goal.flow_scope is not scope:
                self._refuse(
                    gateway.id,
                    f"the flow scope of gateway '{gateway.id}', where tokens wait, is changed: it is expected to "
                    f"be '{plain(scope.id)}'. "
                    "The flow scope of an element cannot be changed during migration.",
                )
                continue
            self._check_flow(flow, gateway, goal)
        self._check_merged_flows()

    def _check_flow(self, flow: SequenceFlow, gateway: FlowNode, goal: FlowNode) -> None:
        if len(goal.incoming) < len(gateway.incoming):
            self._refuse(
                gateway.id,
                f"target gateway with id '{goal.id}' has less incoming sequence flows than the source gateway "
                f"with id '{gateway.id}'. "
                "Target gateway must have at least the same number of incoming sequence flows as the source gateway.",
                malformed=True,
            )
        elif self.ids.get(flow.id, flow.id) not in {each.id for each in goal.incoming}:
            self._refuse(
                gateway.id,
                f"gateway with id '{gateway.id}' has a taken incoming sequence flow mismatch. Taken sequence flow "
                f"with id '{flow.id}' "
                f"must connect to the mapped target gateway with id '{goal.id}' in the target process definition.",
                malformed=True,
            )

    def _check_merged_flows(self) -> None:
        taken: dict[tuple[int, str], list[str]] = {}
        for count, goal_id in self._goals_of_flows():
            taken.setdefault((count.scope_key, goal_id), []).append(count.flow_id)
        for (_scope, goal_id), flow_ids in taken.items():
            if len(flow_ids) > 1:
                names = "', '".join(sorted(flow_ids))
                self._refuse(
                    goal_id,
                    f"the taken sequence flows '{names}' are mapped to one and the same sequence flow "
                    f"'{goal_id}'. Map each to its own.",
                    malformed=True,
                )

    def _move_held_tokens(self, held: list[tuple[FlowCount, SequenceFlow, SequenceFlow]]) -> None:
        renamed = [(count, goal, count.waiting) for count, flow, goal in held if flow.id != goal.id]
        for count, _goal, _waiting in renamed:
            count.waiting, count.is_changed = 0, True
        for count, goal, waiting in renamed:
            moved = self.state.flow_count(self.state.elements[count.scope_key], goal)
            moved.waiting += waiting
            moved.taken += waiting
            moved.is_changed = True


def _said_of(node: FlowNode, failure: ElementFailure) -> str:
    """Why an event cannot be waited for; a message's correlation key is the usual reason."""
    if isinstance(node.event, MessageEvent):
        return f"Failed to extract the message name or the correlation key of '{node.id}': {failure.message}"
    return f"'{node.id}': {failure.message}"
