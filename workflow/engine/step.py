"""What a behaviour sees and may do: its element instance, what stands beside it, and a few verbs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from workflow.engine.commands import Activate, Complete, Enter
from workflow.engine.errors import ElementFailure, NotFound, Rejected
from workflow.engine.evaluation import EXTRACT_VALUE_ERROR, wrong_type
from workflow.engine.events import CONDITION_ERROR, ThrownSignal
from workflow.engine.neighbours import CalledProcess
from workflow.engine.scopes import VisibleVariables
from workflow.engine.state import (
    ACTIVATING,
    ACTIVE,
    COMPLETING,
    CREATED,
    FAILED,
    ElementInstance,
    JobRow,
    UserTaskRow,
)
from workflow.engine.values import NO_VARIABLES, Variables
from workflow.expressions import Expression
from workflow.graph import (
    CancelEvent,
    ConditionalEvent,
    ElementType,
    FlowNode,
    LinkEvent,
    PassedVariable,
    SequenceFlow,
    SignalEvent,
)

if TYPE_CHECKING:
    from workflow.engine.engine import Engine
    from workflow.engine.semantics import Rules

D = TypeVar("D")

CALLED_ELEMENT_ERROR = "CALLED_ELEMENT_ERROR"
UNHANDLED_ERROR_EVENT = "UNHANDLED_ERROR_EVENT"

__all__ = ["CONDITION_ERROR", "EXTRACT_VALUE_ERROR", "Step"]


class Step:
    """One hook's view of the engine. With `instance` None a token has arrived and nothing was entered yet."""

    __slots__ = ("_engine", "element", "instance", "scope")

    def __init__(
        self, engine: Engine, element: FlowNode, scope: ElementInstance | None, instance: ElementInstance | None = None
    ) -> None:
        self._engine = engine
        self.element = element
        self.scope = scope
        self.instance = instance

    # -- what is there

    @property
    def rules(self) -> Rules:
        return self._engine.rules

    @property
    def now(self) -> datetime:
        return self._engine.now

    def details(self, kind: type[D]) -> D:
        """What only this kind of element has."""
        details = self.element.details
        if not isinstance(details, kind):
            raise TypeError(f"'{self.element.id}' carries {type(details).__name__}, expected {kind.__name__}")
        return details

    @property
    def _here(self) -> ElementInstance:
        if self.instance is None:
            raise RuntimeError(f"nothing has entered '{self.element.id}' yet")
        return self.instance

    @property
    def _scope(self) -> ElementInstance:
        if self.scope is None:
            raise RuntimeError(f"'{self.element.id}' has no scope around it")
        return self.scope

    def instances_here(self) -> list[ElementInstance]:
        """Instances that wait at this element in this scope instance, oldest first; this one is among them.

        A token at an asynchronous continuation has not arrived yet, or is about to leave. Only what is loaded is found:
        instances of parallel gateways always are.
        """
        found = self._engine.state.open_instances(self.element, self._scope)
        return [each for each in found if each.state == ACTIVE or each is self.instance]

    def variables(self) -> VisibleVariables:
        """The variables that an expression of this element sees."""
        return self._engine.expressions.visible(self._here)

    # -- expressions

    def evaluate(self, expression: Expression, *, error_type: str = EXTRACT_VALUE_ERROR) -> object:
        """The value of an expression here; a failing one fails the element."""
        return self._engine.expressions.value(expression, self._here, error_type)

    def evaluate_string(self, expression: Expression) -> str:
        """The value of an expression that has to be a string short enough for a name; a number will do in Camunda 7."""
        return self._engine.expressions.text(expression, self._here)

    def evaluate_names(self, expression: Expression) -> list[str]:
        """The value of an expression that has to be a list of strings."""
        value = self.evaluate(expression)
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return list(value)
        raise ElementFailure(EXTRACT_VALUE_ERROR, self.wrong_type(expression, "ARRAY of STRING", value))

    def evaluate_whole_number(self, expression: Expression) -> int:
        """The value of an expression that has to be a whole number."""
        return self._engine.expressions.whole_number(expression, self._here)

    def holds(self, condition: Expression) -> bool:
        """Whether a flow's condition is true here; anything but true or false fails the element."""
        return self._engine.expressions.holds(condition, self._here, CONDITION_ERROR)

    def wrong_type(self, expression: Expression, expected: str, value: object) -> str:
        """The message for a value of another kind than expected."""
        return wrong_type(expression, self.element.id, expected, value)

    # -- flows

    def flows_to_take(self) -> Sequence[SequenceFlow]:
        """All outgoing flows; where every element may have conditions, those that hold, or else the default."""
        flows = self.element.outgoing
        if not self._engine.rules.conditions_on_every_element:
            return flows
        if self.element.default_flow is None and not any(flow.condition for flow in flows):
            return flows
        default = self.element.default_flow
        chosen = [f for f in flows if f is not default and (f.condition is None or self.holds(f.condition))]
        if chosen:
            return chosen
        if default is not None:
            return [default]
        raise ElementFailure(
            CONDITION_ERROR,
            f"No outgoing sequence flow for the element with id '{self.element.id}' could be selected for continuing "
            "the process.",
        )

    def flow_with_true_condition(self) -> SequenceFlow:
        """The first flow whose condition holds, or else the default flow."""
        default = self.element.default_flow
        for flow in self.element.outgoing:
            if flow is not default and (flow.condition is None or self.holds(flow.condition)):
                return flow
        if default is not None:
            return default
        raise ElementFailure(
            CONDITION_ERROR,
            "Expected at least one condition to evaluate to true, or to have a default flow: no outgoing sequence flow of "
            f"'{self.element.id}' could be selected for continuing the process.",
        )

    # -- verbs

    def enter(self) -> None:
        """Make an element instance of the token that has arrived."""
        self._engine.activate(self.element, self._scope)

    def wait(self) -> None:
        """Stay active until a command completes this element instance."""
        self._engine.set_state(self._here, ACTIVE)

    def complete(self) -> None:
        """Go on, at this command's turn on the agenda."""
        self._engine.set_state(self._here, ACTIVE)
        self._engine.issue(Complete(self._here))

    def start_child(self, element: FlowNode) -> None:
        """Put a token on an element inside this scope."""
        self._engine.set_state(self._here, ACTIVE)
        self._engine.count_token(self._here)
        self._engine.issue(Activate(element, self._here))

    def merge(self, arrived: Sequence[ElementInstance]) -> None:
        """Let the other instances that have arrived here end, their tokens becoming one with this one's."""
        self._engine.merge(self._here, arrived)

    def hold(self, flow: SequenceFlow) -> None:
        """Keep the token that has come over `flow` waiting there."""
        self._engine.hold(flow, self._scope)

    def all_instances_here(self) -> list[ElementInstance]:
        """Like `instances_here` where a command may have loaded its own way to the root only."""
        self._engine.state.need_everything()
        return self.instances_here()

    def try_waiting_instance(self) -> None:
        """Let the oldest instance that waits at this element try again."""
        waiting = self.all_instances_here()
        if waiting:
            self._engine.issue(Enter(waiting[0]))

    def any_incoming_flow_holds_a_token(self) -> bool:
        """Whether on some flow into this element a token waits."""
        state, scope = self._engine.state, self._scope
        return any(state.flow_count(scope, flow).waiting > 0 for flow in self.element.incoming)

    def take_all_held_tokens(self) -> None:
        """Make one token of all that wait on flows into this element."""
        self._engine.join_all_held_tokens(self.element, self._scope)

    def every_incoming_flow_holds_a_token(self) -> bool:
        """Whether on each flow into this element at least one token waits."""
        state, scope = self._engine.state, self._scope
        return all(state.flow_count(scope, flow).waiting > 0 for flow in self.element.incoming)

    def take_one_token_from_each_flow(self) -> None:
        """Make one token of one from each incoming flow; a surplus stays."""
        self._engine.join_held_tokens(self.element, self._scope)

    def create_job(self, *, type: str, kind: str, retries: int, priority: int, headers: dict[str, str]) -> None:
        """Make work for an external worker and wait for it."""
        self._engine.attach(
            JobRow(
                self._engine.next_key(),
                self._here.key,
                self.element.id,
                kind,
                type,
                CREATED,
                self.now,
                retries=retries,
                priority=priority,
                custom_headers=headers,
                suspended=self._engine.state.suspended,
                is_new=True,
            )
        )

    def create_user_task(
        self,
        *,
        name: str,
        assignee: str | None,
        candidate_users: list[str],
        candidate_groups: list[str],
        due_at: datetime | None,
        follow_up_at: datetime | None,
        priority: int,
        form_key: str | None,
        form: dict[str, object] | None = None,
    ) -> None:
        """Make work for a person."""
        row = UserTaskRow(
            self._engine.next_key(),
            self._here.key,
            self.element.id,
            name,
            CREATED,
            self.now,
            assignee=assignee,
            candidate_users=candidate_users,
            candidate_groups=candidate_groups,
            due_at=due_at,
            follow_up_at=follow_up_at,
            priority=priority,
            form_key=form_key,
            form=form,
            suspended=self._engine.state.suspended,
            is_new=True,
        )
        self._engine.attach(row)
        if self.element.listeners:
            self._engine.notify_task(row, "create")
            if row.assignee:
                self._engine.notify_task(row, "assignment")

    # -- events

    def wait_for_event(self) -> None:
        """Stay active until the event of this element has occurred; a condition may be true already."""
        here = self._here
        self._engine.events.wait_for(here, self.element)
        self.wait()
        event = self.element.event
        if isinstance(event, ConditionalEvent) and self._engine.events.holds(here, event):
            self.complete()

    def wait_for_events_behind(self) -> None:
        """Stay active until one of the events that flows lead to has occurred."""
        for flow in self.element.outgoing:
            self._engine.events.wait_for(self._here, flow.target)
        self.wait()
        self._engine.events.occur_at_once(self._here)

    def throw_error(self, code: str, message: str = "") -> None:
        """Let the nearest error event catch this; uncaught it ends the token (Camunda 7) or is an incident (Zeebe)."""
        variables = self._thrown_variables()
        if self._engine.events.throw_error(self._here, code, message, variables):
            return
        if self._engine.rules.failures_raise_incidents:
            raise ElementFailure(UNHANDLED_ERROR_EVENT, uncaught_error(code, message))
        self.complete()

    def throw_escalation(self, code: str) -> None:
        """Let the nearest escalation event catch this, then go on unless that was interrupting."""
        self._engine.set_state(self._here, ACTIVE)
        self._engine.events.throw_escalation(self._here, code, self._thrown_variables())
        if self._here.is_open:
            self.complete()

    def throw_signal(self, signal: SignalEvent) -> None:
        """Broadcast a signal to everybody in the workspace once this command is done."""
        engine = self._engine
        name = self.evaluate_string(signal.name)
        variables = (
            engine.expressions.passed(signal.payload, self._here) if signal.payload else self._thrown_variables()
        )
        business_key = self.evaluate_string(signal.business_key) if signal.business_key is not None else None
        engine.thrown_signals.append(
            ThrownSignal(name, variables, engine.next_key(), business_key, signal.is_delivered_later)
        )

    def _thrown_variables(self) -> Variables:
        """Zeebe hands on what input mappings have made here; Camunda 7 nothing."""
        if not self._engine.rules.outputs_hide_result:
            return NO_VARIABLES
        return {name: row.typed_value for name, row in self._here.variables.items()}

    def follow_link(self, name: str) -> None:
        """Go on at the catching link event of this name in the same scope."""
        scope = self._scope
        for node in self.element.flow_scope.children if self.element.flow_scope is not None else ():
            is_target = node.type is ElementType.INTERMEDIATE_CATCH_EVENT and isinstance(node.event, LinkEvent)
            if is_target and node.event == LinkEvent(name):
                self._engine.count_token(scope)
                self.complete()
                self._engine.issue(Activate(node, scope))
                return
        raise ElementFailure(
            EXTRACT_VALUE_ERROR, f"Link event '{self.element.id}' has no catching link event '{name}'."
        )

    def terminate_siblings(self) -> None:
        """End everything else in the scope around."""
        self._engine.terminate_children(self._scope, but=self._here)

    def compensate(self, activity_id: str | None, *, waits: bool = True) -> None:
        """Undo what was completed, and go on when that is done."""
        self._engine.set_state(self._here, ACTIVE)
        if not self._engine.compensation.throw(self._here, activity_id) or not waits:
            self.complete()

    def cancel_transaction(self) -> None:
        """End everything else in the transaction, undo what was completed in it, then go on."""
        self.terminate_siblings()
        self.compensate(None)

    def leave_transaction(self) -> None:
        """Let the cancel boundary event of the transaction take over."""
        transaction = self._scope
        if transaction.element.body is not None and transaction.scope is not None:
            transaction = transaction.scope  # the other iterations are canceled with this one
        boundary = next(
            (each for each in transaction.element.boundary_events if isinstance(each.event, CancelEvent)), None
        )
        if boundary is None:
            raise ElementFailure(
                EXTRACT_VALUE_ERROR, f"Could not find cancel boundary event for cancel end event '{self.element.id}'."
            )
        self._engine.events.occur(transaction, boundary)

    # -- called processes

    def call(self, called: CalledProcess, business_key: str | None, variables: Variables) -> None:
        """Start another process here and wait until it is done."""
        engine, here = self._engine, self._here
        if engine.neighbours is None:
            raise RuntimeError("this engine knows no other processes")
        try:
            other = engine.neighbours.call(engine, here, called, business_key)
        except (NotFound, Rejected) as refusal:
            raise ElementFailure(CALLED_ELEMENT_ERROR, refusal.message) from None
        other.variables.set_all_local(other.state.root, variables)
        other.start()
        self.wait()

    def passed(self, mappings: Sequence[PassedVariable]) -> Variables:
        """What Camunda 7 hands into a called process."""
        return self._engine.expressions.passed(mappings, self._here)

    def take_over(self, mappings: Sequence[PassedVariable], results: Variables) -> None:
        """Take what Camunda 7 hands back from a called process."""
        engine, here = self._engine, self._here
        for mapping in mappings:
            for name, value in engine.expressions.handed_back(mapping, results, here).items():
                if mapping.local:
                    engine.variables.set_local(here, name, value)
                else:
                    engine.variables.set(here, name, value)

    def set_results(self, results: Variables) -> None:
        """Take over what a worker or called process has returned."""
        self._engine.set_result(self._here, results)

    def set_local(self, variables: Variables) -> None:
        """Set variables of this element instance alone."""
        self._engine.variables.set_all_local(self._here, variables)

    def set_outside(self, name: str, value: object) -> None:
        """Set a variable of the scope around, or where it exists further out."""
        self._engine.variables.set(self._scope, name, value)

    # -- multi-instance and ad-hoc

    def start_iteration(self, number: int, variables: Variables) -> None:
        """Put a token on the activity inside this multi-instance body, with variables of its own."""
        engine, here = self._engine, self._here
        engine.set_state(here, ACTIVE)
        engine.count_token(here)
        self.count_iteration(number)
        [activity] = here.element.children
        engine.issue(Activate(activity, here, variables, number))

    def count_iteration(self, number: int) -> None:
        """This body has begun as many iterations."""
        self._here.loop_counter = max(self._here.loop_counter or 0, number)
        self._here.is_changed = True

    def end_children(self, but: ElementInstance | None = None) -> None:
        """End all that is in this scope, but one, without ending the scope."""
        self._engine.terminate_children(self._here, but=but)

    def start_inner(self, inner: FlowNode, element: FlowNode, variables: Variables = NO_VARIABLES) -> None:
        """Open an inner instance of this ad-hoc sub-process with its variables and put a token on one element in it."""
        engine, here = self._engine, self._here
        engine.count_token(here)
        opened = engine.create(inner, here)
        engine.variables.set_all_local(opened, variables)
        if engine.open(opened):
            engine.count_token(opened)
            engine.issue(Activate(element, opened))

    @property
    def is_completing(self) -> bool:
        """Whether this scope is done once all that is in it has ended."""
        return self._here.state == COMPLETING

    @is_completing.setter
    def is_completing(self, value: bool) -> None:
        self._engine.set_state(self._here, COMPLETING if value else ACTIVE)

    def close_jobs(self) -> None:
        """Take back the jobs of this element; what they asked for has changed."""
        for row in list(self._engine.state.attached.get(self._here.key, ())):
            if isinstance(row, JobRow) and row.kind == "EXTERNAL":
                self._engine.close_row(row)

    def has_open_job(self) -> bool:
        """Whether a worker still has to say how this element goes on."""
        rows = self._engine.state.attached.get(self._here.key, ())
        return any(isinstance(row, JobRow) and row.state in (CREATED, FAILED) for row in rows)

    def count_completed_child(self) -> None:
        """One more iteration of this body is done."""
        self._here.completed_children += 1
        self._here.is_changed = True

    def completed_children(self) -> int:
        """How many iterations of this body are done."""
        return self._here.completed_children

    def active_children(self) -> int:
        """How many tokens are in this scope now."""
        return self._here.active_children

    def iterations_begun(self) -> int:
        """How many iterations of this body have begun."""
        return self._here.loop_counter or 0

    def own_variable(self, name: str, default: object) -> object:
        """The value of a variable of this element instance itself."""
        row = self._here.variables.get(name)
        return default if row is None else row.value

    def own_list(self, name: str) -> list[object]:
        """The list in a variable of this element instance; empty if it is none."""
        row = self._here.variables.get(name)
        return row.value if row is not None and isinstance(row.value, list) else []

    def evaluate_for(self, child: ElementInstance, expression: Expression) -> object:
        """The value of an expression as a child of this scope sees it."""
        return self._engine.expressions.value(expression, child, EXTRACT_VALUE_ERROR)

    def holds_for(self, child: ElementInstance, condition: Expression, counters: Variables = NO_VARIABLES) -> bool:
        """Whether a condition is true for a child of this scope, which sees these counters too."""
        return self._engine.expressions.holds(condition, child, EXTRACT_VALUE_ERROR, counters)

    # -- inclusive gateways

    def flows_with_true_conditions(self) -> Sequence[SequenceFlow]:
        """All flows whose condition holds, or else the default flow."""
        default = self.element.default_flow
        chosen = [
            f for f in self.element.outgoing if f is not default and (f.condition is None or self.holds(f.condition))
        ]
        if chosen:
            return chosen
        if default is not None:
            return [default]
        raise ElementFailure(
            CONDITION_ERROR,
            "Expected at least one condition to evaluate to true, or to have a default flow: no outgoing sequence flow of "
            f"'{self.element.id}' could be selected for continuing the process.",
        )

    def more_tokens_can_come(self) -> bool:
        """Whether a token elsewhere in this scope could still reach this gateway."""
        state, scope = self._engine.state, self._scope
        children = state.open_children(scope)
        if any(each.element is self.element and self._is_on_its_way(each) for each in children):
            return True
        standing = {
            child.element for child in children if child.element is not self.element and not _waits_at_join(child)
        }
        standing.update(self._engine.agenda.tokens_in(scope))
        held = (state.process.flows[c.flow_id] for c in state.flows.values() if c.scope_key == scope.key and c.waiting)
        standing.update(flow.target for flow in held if flow.target is not self.element)
        return bool(standing & elements_leading_to(self.element))

    def _is_on_its_way(self, other: ElementInstance) -> bool:
        """Whether another token stands right before this element, at an asynchronous continuation."""
        return other.state == ACTIVATING and other is not self.instance

    # -- results

    def set_result(self, name: str, value: object) -> None:
        """Store the result of a script or expression in a variable, where a completed job's would go."""
        self._engine.set_result(self._here, {name: value})


def _waits_at_join(instance: ElementInstance) -> bool:
    """Whether a token waits at a parallel join: it moves on with the last other one, which stands elsewhere."""
    element = instance.element
    return instance.state == ACTIVE and element.type is ElementType.PARALLEL_GATEWAY and len(element.incoming) > 1


def uncaught_error(code: str, message: str = "") -> str:
    """The message for an error that nobody catches."""
    text = f"Expected to throw an error event with the code '{code}'"
    text += f" with message '{message}'" if message else ""
    return f"{text}, but it was not caught. No error events are available in the scope."


@lru_cache(maxsize=1000)
def elements_leading_to(element: FlowNode) -> frozenset[FlowNode]:
    """All elements of the same scope from which a token can reach this one."""
    found: set[FlowNode] = set()
    ahead = [flow.source for flow in element.incoming]
    while ahead:
        node = ahead.pop()
        if node is element or node in found:
            continue
        found.add(node)
        ahead.extend(flow.source for flow in node.incoming)
        if node.attached_to is not None:
            ahead.append(node.attached_to)
        if isinstance(node.event, LinkEvent) and node.flow_scope is not None and not node.incoming:
            ahead.extend(each for each in node.flow_scope.children if each.event == node.event and each is not node)
    return frozenset(found)
