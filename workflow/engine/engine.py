"""The interpreter: an agenda of commands over the loaded state of one process instance.

Pure Python. Time and keys come from outside, nothing is saved, and throwing the state away is a dry run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.engine.behaviour import behaviours
from workflow.engine.commands import Arrive, ChildrenEnded, Command, Complete, Enter
from workflow.engine.errors import ElementFailure, Rejected
from workflow.engine.evaluation import Evaluation
from workflow.engine.semantics import RULES
from workflow.engine.state import (
    ACTIVATING,
    ACTIVE,
    CANCELED,
    COMPLETED,
    COMPLETING,
    CREATED,
    DELETED,
    FAILED,
    RESOLVED,
    TERMINATED,
    AttachedRow,
    ElementInstance,
    IncidentRow,
    JobRow,
    ProcessInstanceState,
    SubscriptionRow,
    UserTaskRow,
)
from workflow.engine.step import Step
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.engine.variables import VariableWriter
from workflow.graph import ElementType, FlowNode, SequenceFlow

STEP_LIMIT = 100_000
JOB_NO_RETRIES = "JOB_NO_RETRIES"


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What one command may switch off for its own duration."""

    skip_io_mappings: bool = False
    skip_listeners: bool = False


NO_OPTIONS = EngineOptions()


class Engine:
    """Runs commands on one process instance until every token waits or has ended."""

    def __init__(
        self,
        state: ProcessInstanceState,
        *,
        now: datetime,
        next_key: Callable[[], int],
        options: EngineOptions = NO_OPTIONS,
    ) -> None:
        self.state = state
        self.now = now
        self.next_key = next_key
        self.options = options
        self.rules = RULES[state.process.semantics]
        self.variables = VariableWriter(state, now, next_key)
        self.expressions = Evaluation(self)
        self.activated: list[ElementInstance] = []
        self.ended: list[ElementInstance] = []
        self.given: Variables = NO_VARIABLES
        """Local variables for the next element instance; a modification instruction gives them."""
        self._behaviours = behaviours(state.process.semantics)
        self._agenda: deque[Command] = deque()
        self._issued: list[Command] = []
        self._keeps_root = False

    # ---- the loop

    def run(self, *commands: Command) -> None:
        """Perform these commands and all that follow from them."""
        agenda = self._agenda
        agenda.extend(commands)
        self._schedule()
        steps = 0
        while agenda:
            steps += 1
            if steps > STEP_LIMIT:
                raise Rejected(
                    f"Process instance '{self.state.key}' did not reach a wait state within {STEP_LIMIT:,} steps; "
                    "does the model loop without waiting?"
                )
            agenda.popleft().perform(self)
            self._schedule()

    def issue(self, command: Command) -> None:
        """Put a command on the agenda, where the semantics wants it once the present one is done."""
        self._issued.append(command)

    def _schedule(self) -> None:
        if self._issued:
            issued, self._issued = self._issued, []
            self.rules.schedule(self._agenda, issued)

    # ---- the life cycle of an element instance

    def arrive(self, flow: SequenceFlow, scope: ElementInstance) -> None:
        """Let the target of a flow deal with a token that has come over it."""
        target = flow.target
        self._behaviours[target.type].on_arrive(Step(self, target, scope), flow)

    def activate(self, element: FlowNode, scope: ElementInstance) -> ElementInstance:
        """Make an element instance of a token that is already counted in `scope`, and enter it."""
        instance = self.create(element, scope)
        self.enter(instance)
        return instance

    def create(self, element: FlowNode, scope: ElementInstance) -> ElementInstance:
        """Make an element instance of a counted token without running anything."""
        instance = ElementInstance(self.next_key(), element, scope, ACTIVATING, self.now, is_new=True)
        self.state.elements[instance.key] = instance
        self.activated.append(instance)
        if self.given:
            given, self.given = self.given, NO_VARIABLES
            self.variables.set_all_local(instance, given)
        return instance

    def open_scope(self, element: FlowNode, scope: ElementInstance) -> ElementInstance:
        """Make an instance of a scope around an element that a modification starts; its start event is not entered."""
        self.count_token(scope)
        instance = self.create(element, scope)
        instance.state = ACTIVE
        if element.inputs and self.rules.inputs_of_opened_scopes and not self.options.skip_io_mappings:
            self._or_refuse(self.expressions.map_inputs, instance)
        return instance

    def enter(self, instance: ElementInstance) -> None:
        """Apply input mappings and let the element do what it does."""
        try:
            if instance.element.inputs and not self.options.skip_io_mappings:
                self.expressions.map_inputs(instance)
            self._behaviours[instance.element.type].on_activate(self._step(instance))
        except ElementFailure as failure:
            self.fail(instance, failure)

    def complete(self, instance: ElementInstance) -> None:
        """Let the element finish: conditions, output mappings, and its token onto the outgoing flows."""
        self.set_state(instance, COMPLETING)
        element = instance.element
        try:
            flows = self._behaviours[element.type].on_complete(self._step(instance))
            if element.outputs and not self.options.skip_io_mappings:
                self.expressions.map_outputs(instance)
        except ElementFailure as failure:
            self.fail(instance, failure)
            return
        self._close(instance, COMPLETED)
        if instance.scope is None:
            self._end_process(COMPLETED)
            return
        self._leave(instance.scope, flows)

    def take(self, flow: SequenceFlow, scope: ElementInstance) -> None:
        """Send a token that is already counted over a flow."""
        self.state.flow_count(scope, flow).taken += 1
        self.state.flow_count(scope, flow).is_changed = True
        self.issue(Arrive(flow, scope))

    def _leave(self, scope: ElementInstance, flows: Sequence[SequenceFlow]) -> None:
        if len(flows) != 1:
            scope.active_children += len(flows) - 1
            scope.is_changed = True
        for flow in flows:
            self.take(flow, scope)
        if scope.active_children == 0:
            self.issue(ChildrenEnded(scope))

    def children_ended(self, scope: ElementInstance) -> None:
        """The last token in a scope has ended regularly."""
        if scope.scope is None and self._keeps_root:
            return
        self._behaviours[scope.element.type].on_child_ended(self._step(scope))

    def terminate(self, instance: ElementInstance) -> None:
        """End an element instance and all in it; scopes that become empty by this end too."""
        self._terminate_content(instance)
        scope = instance.scope
        if scope is None:
            self._end_process(CANCELED)
            return
        scope.active_children -= 1
        scope.is_changed = True
        if scope.active_children == 0 and not (scope.scope is None and self._keeps_root):
            self.terminate(scope)

    def end_execution(self, instance: ElementInstance) -> None:
        """End an element instance like a none end event would: its token is gone, its scope may complete."""
        self._close(instance, TERMINATED)
        if instance.scope is not None:
            instance.scope.active_children -= 1
            instance.scope.is_changed = True

    def _terminate_content(self, instance: ElementInstance) -> None:
        below = [instance]
        for each in below:  # grows while it is walked: outside-in
            if each.element.is_scope:
                below.extend(self.state.open_children(each))
        for each in reversed(below):
            self._release_held_tokens(each)
            if self.rules.outputs_of_terminated and each.element.outputs and not self.options.skip_io_mappings:
                self._or_refuse(self.expressions.map_outputs, each)
            self._close(each, TERMINATED)

    def _release_held_tokens(self, scope: ElementInstance) -> None:
        if not scope.element.is_scope:
            return
        for count in self.state.flows.values():
            if count.scope_key == scope.key and count.waiting:
                count.waiting = 0
                count.is_changed = True
        scope.active_children = 0

    def _close(self, instance: ElementInstance, state: str) -> None:
        instance.state = state
        instance.ended_at = self.now
        instance.is_changed = True
        self.ended.append(instance)
        for row in self.state.attached.get(instance.key, ()):
            self._close_row(row)

    def _close_row(self, row: AttachedRow) -> None:
        match row:
            case IncidentRow():
                self.close_incident(row)
            case JobRow() if row.state in (CREATED, FAILED):
                self.end_row(row, CANCELED)
            case UserTaskRow() if row.state == CREATED:
                self.end_row(row, CANCELED)
            case SubscriptionRow() if row.state == CREATED:
                self.end_row(row, DELETED)

    def end_row(self, row: JobRow | UserTaskRow | SubscriptionRow, state: str) -> None:
        """Close a job, user task or subscription."""
        row.state = state
        row.ended_at = self.now
        row.is_changed = True

    def set_state(self, instance: ElementInstance, state: str) -> None:
        """Move an element instance on in its life cycle."""
        instance.state = state
        instance.is_changed = True

    def count_token(self, scope: ElementInstance) -> None:
        """One more token in a scope."""
        scope.active_children += 1
        scope.is_changed = True

    def _step(self, instance: ElementInstance) -> Step:
        return Step(self, instance.element, instance.scope, instance)

    # ---- the process instance

    def keep_root(self) -> None:
        """Let the process instance live although nothing may be active in it for a while."""
        self._keeps_root = True

    def release_root(self) -> None:
        """End the process instance if nothing is active in it: as canceled if its last token was terminated."""
        self._keeps_root = False
        root = self.state.root
        if root.active_children or not root.is_open:
            return
        if self.ended and self.ended[-1].state == COMPLETED:
            self.run(ChildrenEnded(root))
        else:
            self.terminate(root)

    def _end_process(self, state: str) -> None:
        self.state.state = state
        self.state.ended_at = self.now

    # ---- joins

    def merge(self, survivor: ElementInstance, arrived: Sequence[ElementInstance]) -> None:
        """Make one token of those that wait as instances of the same element."""
        scope = survivor.scope
        for instance in arrived:
            if instance is not survivor and scope is not None:
                self._close(instance, COMPLETED)
                scope.active_children -= 1
                scope.is_changed = True

    def hold(self, flow: SequenceFlow, scope: ElementInstance) -> None:
        """Let a token wait on its flow; it stays counted in the scope."""
        count = self.state.flow_count(scope, flow)
        count.waiting += 1
        count.is_changed = True

    def join_held_tokens(self, element: FlowNode, scope: ElementInstance) -> None:
        """Make one token of one from each flow into `element`."""
        for flow in element.incoming:
            count = self.state.flow_count(scope, flow)
            count.waiting -= 1
            count.is_changed = True
        scope.active_children -= len(element.incoming) - 1
        scope.is_changed = True

    # ---- what belongs to an element instance

    def attach(self, row: AttachedRow) -> None:
        """Add a job, user task, incident or subscription."""
        self.state.attach(row)

    def fail(self, instance: ElementInstance, failure: ElementFailure) -> None:
        """Leave an incident where the element stands, or refuse the whole command, as the semantics has it."""
        if not self.rules.failures_raise_incidents:
            raise Rejected(failure.message)
        self.raise_incident(instance, failure.error_type, failure.message)

    def raise_incident(
        self, instance: ElementInstance, error_type: str, message: str, job_key: int | None = None
    ) -> None:
        """Mark an element instance as in need of repair."""
        self.attach(
            IncidentRow(
                self.next_key(),
                instance.key,
                instance.element.id,
                error_type,
                message,
                ACTIVE,
                self.now,
                job_key=job_key,
                is_new=True,
            )
        )
        self.state.open_incidents += 1
        instance.is_changed = True

    def close_incident(self, incident: IncidentRow) -> None:
        """Count an incident as resolved."""
        if incident.state == ACTIVE:
            incident.state = RESOLVED
            incident.resolved_at = self.now
            incident.is_changed = True
            self.state.open_incidents -= 1

    def retry(self, instance: ElementInstance) -> None:
        """Let an element instance that stands in an incident try again from where it stands."""
        self.run(Enter(instance) if instance.state == ACTIVATING else Complete(instance))

    # ---- results, and mappings that must not fail

    def set_result(self, instance: ElementInstance, variables: Variables) -> None:
        """Take over what a job, task or script returned: local if output mappings choose what leaves, else outwards."""
        if self.rules.outputs_hide_result and instance.element.outputs:
            self.variables.set_all_local(instance, variables)
        else:
            self.variables.set_all(instance, variables)

    def _or_refuse(self, mapping: Callable[[ElementInstance], None], instance: ElementInstance) -> None:
        """Apply mappings where no incident can be left: the element instance is ending, or was not there before."""
        try:
            mapping(instance)
        except ElementFailure as failure:
            raise Rejected(failure.message) from None


def new_process_instance(root: FlowNode, key: int, now: datetime) -> ElementInstance:
    """The outermost scope of a process instance about to start."""
    if root.type is not ElementType.PROCESS:
        raise ValueError(f"'{root.id}' is a {root.type}, not a process")
    return ElementInstance(key, root, None, ACTIVE, now, is_new=True)


__all__ = [
    "JOB_NO_RETRIES",
    "NO_OPTIONS",
    "Engine",
    "EngineOptions",
    "new_process_instance",
]
