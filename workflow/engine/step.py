"""What a behaviour sees and may do: its element instance, what stands beside it, and a few verbs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from workflow.engine.commands import Activate, Complete
from workflow.engine.errors import ElementFailure
from workflow.engine.scopes import VisibleVariables
from workflow.engine.state import (
    ACTIVE,
    CREATED,
    ElementInstance,
    JobRow,
    SubscriptionRow,
    UserTaskRow,
)
from workflow.expressions import Expression
from workflow.graph import FlowNode, SequenceFlow

if TYPE_CHECKING:
    from workflow.engine.engine import Engine
    from workflow.engine.semantics import Rules

D = TypeVar("D")

CONDITION_ERROR = "CONDITION_ERROR"
EXTRACT_VALUE_ERROR = "EXTRACT_VALUE_ERROR"
TEXT_LIMIT = 255


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
        """Open instances of this element in this scope instance, oldest first; this one is among them."""
        return self._engine.state.open_instances(self.element, self._scope)

    def variables(self) -> VisibleVariables:
        """The variables that an expression of this element sees."""
        return self._engine.expressions.visible(self._here)

    # -- expressions

    def evaluate(self, expression: Expression, *, error_type: str = EXTRACT_VALUE_ERROR) -> object:
        """The value of an expression here; a failing one fails the element."""
        return self._engine.expressions.value(expression, self._here, error_type)

    def evaluate_string(self, expression: Expression) -> str:
        """The value of an expression that has to be a string or a number, short enough for a name."""
        value = self.evaluate(expression)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ElementFailure(EXTRACT_VALUE_ERROR, self._wrong_type(expression, "STRING", value))
        text = str(value)
        if len(text) > TEXT_LIMIT:
            raise ElementFailure(
                EXTRACT_VALUE_ERROR, self._wrong_type(expression, f"at most {TEXT_LIMIT} characters", text)
            )
        return text

    def evaluate_names(self, expression: Expression) -> list[str]:
        """A list of strings, or one string with commas in it."""
        value = self.evaluate(expression)
        if value is None:
            return []
        if isinstance(value, str):
            return [name.strip() for name in value.split(",") if name.strip()]
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            return list(value)
        raise ElementFailure(EXTRACT_VALUE_ERROR, self._wrong_type(expression, "ARRAY of STRING", value))

    def evaluate_whole_number(self, expression: Expression) -> int:
        """The value of an expression that has to be a whole number."""
        value = self.evaluate(expression)
        try:
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise ValueError
            number = float(value)
            if number != int(number):
                raise ValueError
            return int(value) if isinstance(value, str) else int(number)
        except (ValueError, OverflowError):
            raise ElementFailure(EXTRACT_VALUE_ERROR, self._wrong_type(expression, "NUMBER", value)) from None

    def evaluate_date(self, expression: Expression) -> datetime | None:
        """The value of an expression that has to be a point in time, or nothing."""
        value = self.evaluate(expression)
        if value is None or value == "":
            return None
        if isinstance(value, datetime):
            return value
        try:
            if not isinstance(value, str):
                raise ValueError
            moment = datetime.fromisoformat(value.removesuffix("[UTC]"))
        except ValueError:
            raise ElementFailure(EXTRACT_VALUE_ERROR, self._wrong_type(expression, "DATE_TIME", value)) from None
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=self.now.tzinfo)

    def holds(self, condition: Expression) -> bool:
        """Whether a flow's condition is true here; anything but true or false fails the element."""
        return self._engine.expressions.holds(condition, self._here, CONDITION_ERROR)

    def _wrong_type(self, expression: Expression, expected: str, value: object) -> str:
        return (
            f"Expected result of the expression '{expression.source}' of '{self.element.id}' to be '{expected}', "
            f"but was {_shortened(value)}."
        )

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
    ) -> None:
        """Make work for a person."""
        self._engine.attach(
            UserTaskRow(
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
                suspended=self._engine.state.suspended,
                is_new=True,
            )
        )

    def subscribe_to_message(self, name: str, correlation_key: str | None) -> None:
        """Wait for a message of this name; in Zeebe semantics also of this correlation key."""
        self._engine.attach(
            SubscriptionRow(
                self._engine.next_key(),
                self._here.key,
                self.element.id,
                "MESSAGE",
                name,
                CREATED,
                self.now,
                correlation_key=correlation_key,
                is_new=True,
            )
        )

    def set_result(self, name: str, value: object) -> None:
        """Store the result of a script or expression in a variable, where a completed job's would go."""
        self._engine.set_result(self._here, {name: value})


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}…"
