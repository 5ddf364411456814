"""The interpreter: an agenda of commands over the loaded state of one process instance.

Pure Python. Time and keys come from outside, nothing is saved, and throwing the state away is a dry run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.engine.agenda import Agenda
from workflow.engine.behaviour import behaviours
from workflow.engine.commands import (
    Activate,
    Arrive,
    CheckJoins,
    ChildrenEnded,
    Command,
    Complete,
    Enter,
    Return,
    Terminate,
)
from workflow.engine.compensation import Compensation
from workflow.engine.errors import ElementFailure, Rejected
from workflow.engine.evaluation import Evaluation
from workflow.engine.events import DEFAULT_RETRIES, Events, ThrownSignal
from workflow.engine.neighbours import Neighbours
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
from workflow.engine.task_view import TaskView
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.engine.variables import VariableWriter
from workflow.graph import (
    BODY_SUFFIX,
    CatchDetails,
    CompensationEvent,
    ElementType,
    ExecutableProcess,
    FlowNode,
    SequenceFlow,
)

JOB_NO_RETRIES = "JOB_NO_RETRIES"
CHOSEN_FLOW = "flow"
"""The header by which the job of an asynchronous continuation knows its flow."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What one command may switch off for its own duration."""

    skip_io_mappings: bool = False
    skip_listeners: bool = False


NO_OPTIONS = EngineOptions()
WATCHERS = frozenset({ElementType.MULTI_INSTANCE_BODY, ElementType.AD_HOC_SUB_PROCESS})
"""Scopes that want to know of every child that completes."""


class Engine:
    """Runs commands on one process instance until every token waits or has ended."""

    def __init__(
        self,
        state: ProcessInstanceState,
        *,
        now: datetime,
        next_key: Callable[[], int],
        options: EngineOptions = NO_OPTIONS,
        agenda: Agenda | None = None,
        neighbours: Neighbours | None = None,
        user: str | None = None,
    ) -> None:
        self.state = state
        self.user = user
        self.now = now
        self.next_key = next_key
        self.options = options
        self.agenda = agenda or Agenda()
        self.agenda.engines.append(self)
        self.neighbours = neighbours
        self.rules = RULES[state.process.semantics]
        self.variables = VariableWriter(state, now, next_key)
        self.expressions = Evaluation(self)
        self.events = Events(self)
        self.compensation = Compensation(self)
        self.activated: list[ElementInstance] = []
        self.ended: list[ElementInstance] = []
        self.migrated: list[tuple[ElementInstance, FlowNode]] = []
        """Element instances of which a migration has made ones of another element, and which they were of."""
        self.thrown_signals: list[ThrownSignal] = []
        """Signals for everybody in the workspace; whoever has run the engine broadcasts them."""
        self.given: Variables = NO_VARIABLES
        """Local variables for the next element instance; a modification instruction gives them."""
        self._behaviours = behaviours(state.process.semantics)
        self._keeps_root = False
        self._is_called_off = False

    # ---- the loop

    def run(self, *commands: Command) -> None:
        """Perform these commands and all that follow from them."""
        self.agenda.run(self, *commands)

    def issue(self, command: Command) -> None:
        """Put a command on the agenda, where the semantics wants it once the present one is done."""
        self.agenda.issue(self, command)

    # ---- the life cycle of an element instance

    def arrive(self, flow: SequenceFlow, scope: ElementInstance) -> None:
        """Let the target of a flow deal with a token that has come over it."""
        target = flow.target
        self._behaviours[target.type].on_arrive(Step(self, target, scope), flow)

    def activate(self, element: FlowNode, scope: ElementInstance, loop_counter: int | None = None) -> ElementInstance:
        """Make an element instance of a token that is already counted in `scope`, and enter it."""
        instance = self.create(element, scope)
        if loop_counter is not None:
            instance.loop_counter = loop_counter
            for row in instance.variables.values():
                row.is_of_loop = True
        if element.asynchronous.before:
            instance.started_at = None
            self.continue_later(instance, "ASYNC_BEFORE")
        else:
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
        iteration = self.added_to(scope)
        self.given = {**iteration, **self.given}
        self.count_token(scope)
        instance = self.create(element, scope)
        instance.state = ACTIVE
        instance.loop_counter = scope.loop_counter if iteration else None
        self._behaviours[element.type].on_opened(self._step(instance))
        if element.inputs and self.rules.inputs_of_opened_scopes and not self.options.skip_io_mappings:
            self._or_refuse(self.expressions.map_inputs, instance)
        if element.has_events:
            self._or_refuse(self.events.subscribe, instance)
        return instance

    def added_to(self, scope: ElementInstance) -> Variables:
        """The local variables of what a modification adds to a scope: those of an iteration in a multi-instance body."""
        if scope.element.type is not ElementType.MULTI_INSTANCE_BODY:
            return NO_VARIABLES
        return self._behaviours[scope.element.type].on_child_added(self._step(scope))

    def open(self, instance: ElementInstance) -> bool:
        """Apply input mappings, open subscriptions and make active; False if that failed or a condition ended it.

        What an element does beyond that is not done: scopes that an event opens begin at the event.
        """
        try:
            if not self._prepare(instance):
                return False
        except ElementFailure as failure:
            self._withdraw(instance)
            self.fail(instance, failure)
            return False
        self.set_state(instance, ACTIVE)
        return True

    def begin(self, instance: ElementInstance) -> None:
        """Enter an element instance whose asynchronous continuation has come."""
        instance.started_at = self.now
        instance.is_changed = True
        self.enter(instance)

    def enter(self, instance: ElementInstance) -> None:
        """Apply input mappings, open subscriptions and let the element do what it does."""
        try:
            if self._prepare(instance):
                self._behaviours[instance.element.type].on_activate(self._step(instance))
        except ElementFailure as failure:
            self._withdraw(instance)
            self.set_state(instance, ACTIVATING)  # it will be entered again, not completed
            self.fail(instance, failure)

    def _prepare(self, instance: ElementInstance) -> bool:
        """Whether the element instance is still there once its mappings and subscriptions are made."""
        if instance.element.inputs and not self.options.skip_io_mappings:
            self.expressions.map_inputs(instance)
        self.notify(instance, "start")
        if not instance.element.has_events:
            return True
        self.events.subscribe(instance)
        return not self.events.occur_at_once(instance)

    def _withdraw(self, instance: ElementInstance) -> None:
        """Take back what a failed attempt to enter has opened; the next one opens it again."""
        for row in self.state.attached.get(instance.key, ()):
            if isinstance(row, SubscriptionRow | JobRow | UserTaskRow):
                self.close_row(row)

    def complete(self, instance: ElementInstance) -> None:
        """Let the element finish: output mappings, conditions, and its token onto the outgoing flows."""
        self.set_state(instance, COMPLETING)
        element = instance.element
        try:
            self.notify(instance, "end")
            if element.outputs and not self.options.skip_io_mappings:
                self.expressions.map_outputs(instance)
            if self.state.is_new and element.id == self.state.start_element_id:
                self.variables.keep_initial()
            if element.asynchronous.after and not self.compensation.is_undoing(instance):
                self._close_rows(instance)
                self._leave_later(instance)
                return
            self._leave_by_flows(instance)
        except ElementFailure as failure:
            self.fail(instance, failure)

    def _leave_later(self, instance: ElementInstance) -> None:
        """Let a job go on over each flow that the element takes; which those are is decided now."""
        if len(instance.element.outgoing) < 2:
            self.continue_later(instance, "ASYNC_AFTER")
            return
        for flow in self._behaviours[instance.element.type].on_complete(self._step(instance)):
            self.continue_later(instance, "ASYNC_AFTER", flow)

    def leave(self, instance: ElementInstance, flow_id: str | None = None) -> None:
        """Let an element instance that is done go on over its outgoing flows, or over one of those that it has chosen.

        With the last one it ends.
        """
        flow = self.state.process.flows.get(flow_id) if flow_id is not None else None
        try:
            if flow is not None and instance.scope is not None and self._leaves_by_others(instance):
                self.count_token(instance.scope)
                self.take(flow, instance.scope)
            else:
                self._leave_by_flows(instance, None if flow is None else (flow,))
        except ElementFailure as failure:
            self.fail(instance, failure)

    def _leaves_by_others(self, instance: ElementInstance) -> bool:
        rows = self.state.attached.get(instance.key, ())
        return any(isinstance(r, JobRow) and r.kind == "ASYNC_AFTER" and r.state in (CREATED, FAILED) for r in rows)

    def _leave_by_flows(self, instance: ElementInstance, chosen: Sequence[SequenceFlow] | None = None) -> None:
        element, scope = instance.element, instance.scope
        undoes = self.compensation.is_undoing(instance)
        flows: Sequence[SequenceFlow] = ()
        if not undoes:
            flows = chosen or self._behaviours[element.type].on_complete(self._step(instance))
        if not instance.is_open:  # what it threw as its last act has ended it
            return
        if scope is not None and scope.element.type in WATCHERS and not undoes:
            self._behaviours[scope.element.type].on_child_completed(self._step(scope), instance)
        self._close(instance, COMPLETED)
        if scope is None:
            self._end_process(COMPLETED)
            return
        if self.state.terminate_after:
            self._follow_runtime_instructions(instance)
        self.compensation.completed(instance)
        if scope.is_open:
            self._leave(scope, flows)

    def _follow_runtime_instructions(self, ended: ElementInstance) -> None:
        """End the process instance if whoever started it wanted that after this element."""
        element = ended.element
        if element.body is None and element.id.removesuffix(BODY_SUFFIX) in self.state.terminate_after:
            self.issue(Terminate(self.state.root))

    def take(self, flow: SequenceFlow, scope: ElementInstance) -> None:
        """Send a token that is already counted over a flow."""
        self.count_taken(flow, scope)
        if flow.listeners and not self.options.skip_listeners:
            for listener in flow.listeners:
                self.expressions.run(listener.expression, scope)
        self.issue(Arrive(flow, scope))

    def count_taken(self, flow: SequenceFlow, scope: ElementInstance) -> None:
        """One more token has come over a flow."""
        count = self.state.flow_count(scope, flow)
        count.taken += 1
        count.is_changed = True

    def _leave(self, scope: ElementInstance, flows: Sequence[SequenceFlow]) -> None:
        if len(flows) != 1:
            scope.active_children += len(flows) - 1
            scope.is_changed = True
        for flow in flows:
            self.take(flow, scope)
        if scope.active_children == 0:
            self.issue(ChildrenEnded(scope))
        elif scope.element.inclusive_joins:
            self.issue(CheckJoins(scope))

    def children_ended(self, scope: ElementInstance) -> None:
        """The last token in a scope has ended regularly."""
        if scope.scope is None and self._keeps_root:
            return
        self._behaviours[scope.element.type].on_child_ended(self._step(scope))

    def check_joins(self, scope: ElementInstance) -> None:
        """Let inclusive gateways join whose last token has come, or cannot come any more."""
        for gateway in scope.element.inclusive_joins:
            self._behaviours[gateway.type].on_siblings_moved(Step(self, gateway, scope))

    def terminate(self, instance: ElementInstance) -> None:
        """End an element instance and all in it; scopes that become empty by this end too."""
        self.terminate_content(instance)
        scope = instance.scope
        if scope is None:
            self._end_process(CANCELED)
            return
        if self.state.terminate_after:
            self._follow_runtime_instructions(instance)
        if not scope.is_open:
            return
        scope.active_children -= 1
        scope.is_changed = True
        if scope.active_children == 0 and not (scope.scope is None and self._keeps_root):
            self.terminate(scope)
        elif scope.element.inclusive_joins:
            self.issue(CheckJoins(scope))

    def interrupt(self, instance: ElementInstance) -> None:
        """End an element instance and all in it, but keep its token for whatever takes over."""
        self.terminate_content(instance)

    def end_execution(self, instance: ElementInstance) -> None:
        """End an element instance like a none end event would: its token is gone, its scope may complete."""
        self._close(instance, TERMINATED)
        self.compensation.terminated(instance, done=True)
        if instance.scope is not None:
            self._leave(instance.scope, ())

    def terminate_children(self, scope: ElementInstance, *, but: ElementInstance | None = None) -> None:
        """End everything in a scope but one of its children, without ending the scope."""
        children = [child for child in self.state.open_children(scope) if child is not but]
        for child in children:
            self.terminate_content(child)
        self.agenda.discard_tokens(scope)
        self.release_held_tokens(scope)
        if but is not None:
            scope.active_children = 1
        scope.is_changed = True

    def terminate_content(self, instance: ElementInstance) -> None:
        """Mark an element instance and all in it as terminated; its token stays counted in the scope around."""
        below = [instance]
        for each in below:  # grows while it is walked: outside-in
            if each.element.is_scope:
                below.extend(self.state.open_children(each))
        for each in reversed(below):
            if each.element.type is ElementType.CALL_ACTIVITY:
                self._call_off(each)
            self.release_held_tokens(each)
            if each.state == ACTIVE:
                self.notify(each, "end")
            if self.rules.outputs_of_terminated and each.element.outputs and self._has_begun(each):
                self._or_refuse(self.expressions.map_outputs, each)
            self._close(each, TERMINATED)
            self.compensation.terminated(each)

    def notify(self, instance: ElementInstance, event: str) -> None:
        """Run the listeners of an element for what happens to its instance, unless the command skips them."""
        if instance.element.listeners and not self.options.skip_listeners:
            for listener in instance.element.listeners:
                if listener.event == event:
                    self.expressions.run(listener.expression, instance)

    def notify_task(self, task: UserTaskRow, event: str) -> None:
        """Run the listeners of a user task for what happens to it, unless the command skips them."""
        instance = self.state.elements[task.element_instance_key]
        if instance.element.listeners and not self.options.skip_listeners:
            for listener in instance.element.listeners:
                if listener.event == f"task {event}":
                    self.expressions.run(listener.expression, instance, {"task": TaskView(self, task, instance, event)})

    def _has_begun(self, instance: ElementInstance) -> bool:
        return instance.state == ACTIVE and not self.options.skip_io_mappings

    def release_held_tokens(self, scope: ElementInstance) -> None:
        """Forget the tokens that wait on flows in a scope, and that anything was counted there."""
        if not scope.element.is_scope:
            return
        for node in scope.element.children:
            for flow in node.incoming:
                count = self.state.flows.get((scope.key, flow.id))
                if count is not None and count.waiting:
                    count.waiting = 0
                    count.is_changed = True
        if scope.active_children:
            scope.active_children = 0
            scope.is_changed = True

    def _close(self, instance: ElementInstance, state: str) -> None:
        instance.state = state
        instance.ended_at = self.now
        instance.is_ended = True
        self.ended.append(instance)
        self._close_rows(instance)

    def _close_rows(self, instance: ElementInstance) -> None:
        undoable = instance.state != TERMINATED and instance.scope is not None
        for row in self.state.attached.get(instance.key, ()):
            if not (undoable and isinstance(row, SubscriptionRow) and row.kind == "COMPENSATION"):
                self.close_row(row)

    def close_row(self, row: AttachedRow) -> None:
        """Close a job, task, incident or subscription as no longer needed."""
        match row:
            case IncidentRow():
                self.close_incident(row)
            case JobRow() if row.state in (CREATED, FAILED):
                self.end_row(row, CANCELED)
            case UserTaskRow() if row.state == CREATED:
                self.notify_task(row, "delete")
                self.end_row(row, CANCELED)
            case SubscriptionRow() if row.state == CREATED:
                self.end_row(row, DELETED)

    def end_row(self, row: JobRow | UserTaskRow | SubscriptionRow, state: str) -> None:
        """Close a job, user task or subscription."""
        row.state = state
        row.ended_at = self.now
        row.is_ended = True

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

    def choose(self, gateway: ElementInstance, node: FlowNode, variables: Variables) -> None:
        """Let an event-based gateway go on by the event that has occurred first."""
        scope = gateway.scope
        flow = next(flow for flow in gateway.element.outgoing if flow.target is node)
        self._close(gateway, COMPLETED)
        if scope is not None:
            self.count_taken(flow, scope)
            self.events.pass_through(node, scope, variables)

    # ---- called processes

    def _call_off(self, instance: ElementInstance) -> None:
        """End the process that a call activity has called, without telling the caller."""
        called = self.neighbours.called_by(self, instance) if self.neighbours is not None else None
        if called is not None:
            called._is_called_off = True
            called.terminate(called.state.root)

    def returned(self, instance: ElementInstance, results: Variables) -> None:
        """Let a call activity take over the results of the process that it has called, and finish."""
        self._behaviours[instance.element.type].on_return(self._step(instance), results)

    def thrown_out_of(self, called: Engine, instance: ElementInstance) -> None:
        """An error or escalation comes out of a called process: its call activity may take over some results."""
        self._behaviours[instance.element.type].on_thrown_out(self._step(instance), called.results())

    def results(self) -> Variables:
        """The variables of the process instance itself, with their kinds."""
        return {name: row.typed_value for name, row in self.state.root.variables.items()}

    def _tell_caller(self, state: str) -> None:
        if self.state.parent_key is None or self._is_called_off or self.neighbours is None:
            return
        caller, instance = self.neighbours.caller_of(self)
        if not instance.is_open:
            return
        if state == COMPLETED:
            self.agenda.issue(caller, Return(instance, self.results()))
        else:
            self.agenda.issue(caller, Terminate(instance))

    # ---- the process instance

    def migrate_to(self, process: ExecutableProcess, definition_key: int, version: int) -> None:
        """Run on another process definition of the same semantics from now on; its element instances follow one by one."""
        state = self.state
        state.migrated_from = state.definition_key
        state.process, state.definition_key, state.version = process, definition_key, version
        state.is_migrated = True
        state.root.element = process.root
        self.variables = VariableWriter(state, self.now, self.next_key)  # these two know what kinds of event there are
        self.compensation = Compensation(self)

    def dissolve(self, scope: ElementInstance) -> None:
        """End a scope by itself; what was in it lives on elsewhere, and its token with that."""
        if self.rules.outputs_of_terminated and scope.element.outputs and self._has_begun(scope):
            self._or_refuse(self.expressions.map_outputs, scope)
        self._close(scope, TERMINATED)

    def keep_root(self) -> None:
        """Let the process instance live although nothing may be active in it for a while."""
        self._keeps_root = True

    def release_root(self) -> None:
        """End the process instance if nothing is active in it: as canceled if its last token was terminated."""
        self._keeps_root = False
        root = self.state.root
        if root.active_children or not root.is_open:
            return
        if self.state.parent_key is not None and not self.rules.emptied_called_process_ends_caller:
            raise Rejected(
                f"Expected process instance '{self.state.key}' to stay active, but all that is active in it would end, and it "
                "was called by a call activity. Cancel the calling process instance instead."
            )
        if self.ended and self.ended[-1].state == COMPLETED:
            self.run(ChildrenEnded(root))
        else:
            self.run(Terminate(root))

    def start(self) -> None:
        """Begin a new process instance at its none start event; the agenda has to run."""
        start = self.state.process.root.none_start_event
        if start is None:
            raise Rejected(f"Expected process '{self.state.process.id}' to have a none start event, but it has none.")
        self.start_at(start)

    def start_at(self, start: FlowNode, variables: Variables = NO_VARIABLES) -> None:
        """Begin a new process instance at one of its start events, as if that had occurred; the agenda has to run."""
        self.state.start_element_id = start.id
        if start.event is None and self.rules.failures_raise_incidents:
            self.enter(self.state.root)  # where that fails, the process itself waits for repair and is entered again
            return
        self.begin_process()
        if self.state.root.element.has_events and self._occurs_at_once(self.state.root):
            return  # an event sub-process has taken over before anything began
        self.count_token(self.state.root)
        self.issue(Activate(start, self.state.root, variables))

    def _occurs_at_once(self, root: ElementInstance) -> bool:
        try:
            return self.events.occur_at_once(root)
        except ElementFailure as failure:
            raise Rejected(failure.message) from None

    def begin_process(self) -> None:
        """Open the subscriptions of the process itself; its start event is entered by another command."""
        root = self.state.root
        for start in root.element.start_events:
            name = start.details.initiator if isinstance(start.details, CatchDetails) else None
            if name is not None and name not in root.variables:
                self.variables.set_local(root, name, self.user)
        self.notify(root, "start")
        if self.state.root.element.has_events:
            self._or_refuse(self.events.subscribe, self.state.root)

    def _end_process(self, state: str) -> None:
        self.state.state = state
        self.state.ended_at = self.now
        if self.state.process.has(CompensationEvent):
            self.state.need_everything()
            for row in self.state.subscriptions.values():
                self.close_row(row)
        self._tell_caller(state)

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

    def join_all_held_tokens(self, element: FlowNode, scope: ElementInstance) -> None:
        """Make one token of all that wait on flows into `element`."""
        joined = 0
        for flow in element.incoming:
            count = self.state.flow_count(scope, flow)
            joined += count.waiting
            count.waiting = 0
            count.is_changed = True
        scope.active_children -= joined - 1
        scope.is_changed = True

    # ---- what belongs to an element instance

    def attach(self, row: AttachedRow) -> None:
        """Add a job, user task, incident or subscription."""
        self.state.attach(row)

    def attach_job(
        self,
        instance: ElementInstance,
        kind: str,
        element: FlowNode,
        *,
        due_at: datetime | None = None,
        repeat: str = "",
        priority: int = 0,
        flow: SequenceFlow | None = None,
    ) -> None:
        """Make work that the engine itself does later; `flow` is the one that it goes on over."""
        asynchronous = element.asynchronous
        self.attach(
            JobRow(
                self.next_key(),
                instance.key,
                element.id,
                kind,
                "",
                CREATED,
                self.now,
                retries=DEFAULT_RETRIES,
                priority=priority,
                due_at=due_at,
                repeat=repeat,
                custom_headers={} if flow is None else {CHOSEN_FLOW: flow.id},
                exclusive=asynchronous.exclusive,
                suspended=self.state.suspended,
                is_new=True,
            )
        )

    def continue_later(self, instance: ElementInstance, kind: str, flow: SequenceFlow | None = None) -> None:
        """Let a job go on with this element instance in a transaction of its own."""
        priority = self._job_priority(instance.element, instance)
        self.attach_job(instance, kind, instance.element, priority=priority, flow=flow)

    def deliver_later(self, holder: ElementInstance, node: FlowNode) -> None:
        """Let a job deliver a signal to an event that `holder` waits for."""
        self.attach_job(holder, "SIGNAL", node, priority=self._job_priority(node, holder))

    def _job_priority(self, node: FlowNode, instance: ElementInstance) -> int:
        priority = node.asynchronous.priority
        return self.expressions.whole_number(priority, instance) if priority is not None else 0

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
        # A process that failed has not begun; its own state is not kept.
        is_process = instance is self.state.root and self.rules.failures_raise_incidents
        begins = instance.state == ACTIVATING or is_process
        self.run(Enter(instance) if begins else Complete(instance))

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
    "CHOSEN_FLOW",
    "JOB_NO_RETRIES",
    "NO_OPTIONS",
    "Engine",
    "EngineOptions",
    "new_process_instance",
]
