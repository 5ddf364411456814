"""The interpreter: an agenda of commands over the loaded state of one process instance.

Pure Python. Time and keys come from outside, nothing is saved, and throwing the state away is a dry run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from workflow.engine.behaviour import behaviours
from workflow.engine.commands import Arrive, ChildrenEnded, Command, Complete, Enter
from workflow.engine.errors import ElementFailure, Rejected
from workflow.engine.scopes import ExecutionView, VisibleVariables
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
    VariableChange,
    VariableRow,
)
from workflow.engine.step import EXTRACT_VALUE_ERROR, Step
from workflow.engine.values import NO_VARIABLES, Variables, typed
from workflow.expressions import Expression, ExpressionError, expect_boolean
from workflow.graph import (
    ElementType,
    FlowNode,
    ListValue,
    MapValue,
    Semantics,
    SequenceFlow,
    ValueSource,
    VariableMapping,
)

STEP_LIMIT = 100_000
IO_MAPPING_ERROR = "IO_MAPPING_ERROR"
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
            for name, value in given.items():
                self.set_local_variable(instance, name, value)
        return instance

    def open_scope(self, element: FlowNode, scope: ElementInstance) -> ElementInstance:
        """Make an instance of a scope around an element that a modification starts; its start event is not entered."""
        self.count_token(scope)
        instance = self.create(element, scope)
        instance.state = ACTIVE
        if element.inputs and self.rules.inputs_of_opened_scopes and not self.options.skip_io_mappings:
            try:
                self._map_inputs(instance)
            except ElementFailure as failure:
                raise Rejected(failure.message) from None
        return instance

    def enter(self, instance: ElementInstance) -> None:
        """Apply input mappings and let the element do what it does."""
        try:
            if instance.element.inputs and not self.options.skip_io_mappings:
                self._map_inputs(instance)
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
                self._map_outputs(instance)
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
                self._map_outputs_or_refuse(each)
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

    # ---- variables

    def visible(self, instance: ElementInstance, overlay: Mapping[str, object] | None = None) -> VisibleVariables:
        """The variables that expressions of this element instance see, and the command's time for `now()`."""
        seen: dict[str, object] = {**overlay} if overlay else {}
        seen["__now__"] = self._clock
        if self.rules.semantics is Semantics.CAMUNDA_7:
            seen["execution"] = ExecutionView(self, instance)
        return VisibleVariables(instance, seen)

    def _clock(self) -> datetime:
        return self.now

    def set_variable(self, scope: ElementInstance, name: str, value: object) -> None:
        """Set a variable where it exists, looking outwards from `scope`; a new one in the process instance."""
        for place in scope.scopes():
            if name in place.variables:
                self.set_local_variable(place, name, value)
                return
        self.set_local_variable(self.state.root, name, value)

    def set_variables(self, scope: ElementInstance, variables: Variables) -> None:
        """Set several variables, each where it exists."""
        for name, value in variables.items():
            self.set_variable(scope, name, value)

    def set_local_variable(self, scope: ElementInstance, name: str, value: object) -> None:
        """Set a variable in exactly this scope."""
        row = scope.variables.get(name) or self._undeleted(scope, name)
        if row is None:
            plain, kind = typed(value)
            row = VariableRow(
                self.next_key(), scope.key, name, plain, kind, created_at=self.now, updated_at=self.now, is_new=True
            )
            scope.variables[name] = row
            self._note_change(row, None, "", existed=False)
            return
        plain, kind = typed(value, row.type)
        if kind == row.type and _same(plain, row.value):
            return
        before, type_before = row.value, row.type
        row.value, row.type = plain, kind
        row.revision += 1
        row.updated_at = self.now
        row.is_changed = True
        self._note_change(row, before, type_before, existed=True)

    def _undeleted(self, scope: ElementInstance, name: str) -> VariableRow | None:
        """The row of a variable that this command has deleted, put back: its name may be written only once."""
        for row in self.state.deleted_variables:
            if row.scope_key == scope.key and row.name == name:
                self.state.deleted_variables.remove(row)
                scope.variables[name] = row
                return row
        return None

    def delete_variable(self, scope: ElementInstance, name: str) -> None:
        """Remove a variable from exactly this scope; nothing happens if there is none."""
        row = scope.variables.pop(name, None)
        if row is None:
            return
        if not row.is_new:
            self.state.deleted_variables.append(row)
        place = (scope.key, name)
        first = self.state.variable_changes.get(place)
        if first is not None and not first.existed:
            del self.state.variable_changes[place]  # set and deleted by the same command: nothing has happened
            return
        before, type_before = (first.before, first.type_before) if first is not None else (row.value, row.type)
        self.state.variable_changes[place] = VariableChange(
            scope.key, name, before, None, existed=True, type_before=type_before, deleted=True
        )

    def _note_change(self, row: VariableRow, before: object, type_before: str, *, existed: bool) -> None:
        place = (row.scope_key, row.name)
        first = self.state.variable_changes.get(place)
        if first is not None:
            before, type_before, existed = first.before, first.type_before, first.existed
        self.state.variable_changes[place] = VariableChange(
            row.scope_key, row.name, before, row.value, existed, type_before, row.type
        )

    def set_result(self, instance: ElementInstance, variables: Variables) -> None:
        """Take over what a job, task or script returned: local if output mappings choose what leaves, else outwards."""
        if self.rules.outputs_hide_result and instance.element.outputs:
            for name, value in variables.items():
                self.set_local_variable(instance, name, value)
        else:
            self.set_variables(instance, variables)

    # ---- expressions and mappings

    def evaluate(self, expression: Expression, instance: ElementInstance, error_type: str) -> object:
        """The value of an expression for an element instance; raises ElementFailure."""
        try:
            return expression.evaluate(self.visible(instance))
        except ExpressionError as error:
            raise ElementFailure(error_type, self.failed(expression, error)) from None

    def condition(self, expression: Expression, instance: ElementInstance) -> bool:
        """Whether a condition holds; raises ExpressionError where it is neither true nor false."""
        return expect_boolean(expression, self.visible(instance))

    @staticmethod
    def failed(expression: Expression, error: ExpressionError) -> str:
        """The message of an expression's failure, naming the expression once."""
        text = str(error)
        return text if expression.source in text else f"Failed to evaluate expression '{expression.source}': {text}"

    def _map_inputs(self, instance: ElementInstance) -> None:
        mapped = self._mapped(instance, instance.element.inputs, extend=False)
        for name, value in mapped.items():
            self.set_local_variable(instance, name, value)

    def _map_outputs(self, instance: ElementInstance) -> None:
        mapped = self._mapped(instance, instance.element.outputs, extend=True)
        outer = instance.scope if instance.scope is not None else instance
        self.set_variables(outer, mapped)

    def _map_outputs_or_refuse(self, instance: ElementInstance) -> None:
        try:
            self._map_outputs(instance)
        except ElementFailure as failure:
            raise Rejected(failure.message) from None

    def _mapped(
        self, instance: ElementInstance, mappings: Sequence[VariableMapping], *, extend: bool
    ) -> dict[str, object]:
        """All mappings' results by variable name; each mapping sees the results of those before it."""
        results: dict[str, object] = {}
        for mapping in mappings:
            visible = self.visible(instance, results)
            value = self._mapping_value(mapping.source, visible, instance)
            name, *path = mapping.target.split(".") if self.rules.semantics is Semantics.ZEEBE else [mapping.target]
            if path:
                before = results.get(name, self.visible(instance).get(name) if extend else None)
                value = _with_path(before, path, value)
            results[name] = value
        return results

    def _mapping_value(self, source: ValueSource, visible: VisibleVariables, instance: ElementInstance) -> object:
        match source:
            case ListValue():
                return [self._mapping_value(item, visible, instance) for item in source.items]
            case MapValue():
                return {name: self._mapping_value(entry, visible, instance) for name, entry in source.entries}
            case Expression():
                try:
                    return source.evaluate(visible)
                except ExpressionError as error:
                    message = f"{self.failed(source, error)} (mapping of '{instance.element.id}')"
                    raise ElementFailure(IO_MAPPING_ERROR, message) from None


def _same(one: object, other: object) -> bool:
    """Equal in value and kind: 1, 1.0 and true are three different values in JSON."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other


def _with_path(before: object, path: Sequence[str], value: object) -> object:
    """`before` as an object in which `path` leads to `value`; what is beside the path stays."""
    base = dict(before) if isinstance(before, dict) else {}
    first, *rest = path
    base[first] = _with_path(base.get(first), rest, value) if rest else value
    return base


def new_process_instance(root: FlowNode, key: int, now: datetime) -> ElementInstance:
    """The outermost scope of a process instance about to start."""
    if root.type is not ElementType.PROCESS:
        raise ValueError(f"'{root.id}' is a {root.type}, not a process")
    return ElementInstance(key, root, None, ACTIVE, now, is_new=True)


__all__ = [
    "EXTRACT_VALUE_ERROR",
    "IO_MAPPING_ERROR",
    "JOB_NO_RETRIES",
    "NO_OPTIONS",
    "Engine",
    "EngineOptions",
    "new_process_instance",
]
