"""A modification: ordered instructions on one process instance, all of them or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workflow.engine.commands import Activate, Command, Terminate
from workflow.engine.engine import Engine
from workflow.engine.errors import EngineError, Outdated, Rejected
from workflow.engine.state import ACTIVE, CREATED, FAILED, ElementInstance, JobRow
from workflow.engine.values import Variables
from workflow.graph import FlowNode, SequenceFlow


@dataclass(frozen=True, slots=True)
class ModificationOptions:
    """What holds for the modifying command alone."""

    skip_io_mappings: bool = False
    skip_listeners: bool = False
    expected_revision: int | None = None
    """The revision that the plan was made on; another one refuses the command."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One change to a process instance."""

    def apply(self, modification: Modification) -> None:
        """Change the instance, or raise Rejected."""
        raise NotImplementedError

    def describe(self) -> str:
        """One sentence for log, audit trail and error."""
        raise NotImplementedError


class Modification:
    """What instructions see of the process instance, and the verbs they have."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.state = engine.state
        self._started = {instance.key for instance in self.state.elements.values()}
        self._terminated: list[ElementInstance] = []
        self._moved: set[FlowNode] = set()
        self._entered: list[tuple[FlowNode, ElementInstance, int]] = []
        self._position = 0
        self._commands: list[Command] = []
        self._scopes: dict[str, list[ElementInstance]] = {}
        """Running instances of flow scopes, for one instruction that starts at many places in them."""

    @property
    def _process(self) -> str:
        return self.state.process.id

    # -- looking up

    def node(self, element_id: str) -> FlowNode:
        """The element with this id; raises Rejected."""
        element = self.state.process.elements.get(element_id)
        if element is None or element.flow_scope is None:
            raise Rejected(
                f"Element '{element_id}' does not exist in process '{self._process}': among its elements '{element_id}' could "
                "not be found."
            )
        return element

    def flow(self, flow_id: str) -> SequenceFlow:
        """The sequence flow with this id; raises Rejected."""
        flow = self.state.process.flows.get(flow_id)
        if flow is None:
            raise Rejected(
                f"Element '{flow_id}' does not exist in process '{self._process}': among its sequence flows '{flow_id}' could "
                "not be found."
            )
        return flow

    def open_instance(self, key: int, *, what: str = "element instance") -> ElementInstance:
        """The open element instance with this key; raises Rejected."""
        instance = self.state.elements.get(key)
        if instance is None or not instance.is_open:
            raise Rejected(
                f"Expected an active {what} of process instance '{self.state.key}', but {what} with key '{key}' could not "
                "be found: it does not exist, is not active, or belongs to another instance."
            )
        return instance

    def is_transition(self, instance: ElementInstance) -> bool:
        """Whether the element instance stands at an asynchronous continuation: a transition instance of Camunda 7."""
        rows = self.state.attached.get(instance.key, ())
        waiting = (row for row in rows if isinstance(row, JobRow) and row.kind in ("ASYNC_BEFORE", "ASYNC_AFTER"))
        return any(row.state in (CREATED, FAILED) for row in waiting)

    def open_instances(self, element: FlowNode, *, only_current: bool = False) -> list[ElementInstance]:
        """All open instances of an element, or only those that were there before the command."""
        found = self.state.open_instances(element)
        return [instance for instance in found if instance.key in self._started] if only_current else found

    # -- scopes

    def scope_for(self, element: FlowNode, ancestor_key: int | None = None) -> tuple[ElementInstance, list[FlowNode]]:
        """The running scope instance to start `element` below, and the scopes in between that have to be opened.

        Without `ancestor_key` a running instance of each scope is used: in Camunda 7 the nearest one, whatever it is in,
        in Zeebe from the process inwards, the one in the scope chosen so far. Two candidates are an error, because
        picking one would be a guess. With it, all scopes between the ancestor and the element are opened anew.
        """
        if ancestor_key is not None:
            return self._below_ancestor(element, ancestor_key)
        if self.engine.rules.scopes_are_sought_inwards:
            return self._inwards(element)
        missing: list[FlowNode] = []
        for scope in element.flow_scopes():
            running = [self.state.root] if scope.flow_scope is None else self._entered_instances(scope)
            if running:
                return self._only(running, element), missing[::-1]
            missing.append(scope)
        raise Rejected(f"'{element.id}' has no scope around it.")

    def _inwards(self, element: FlowNode) -> tuple[ElementInstance, list[FlowNode]]:
        scopes = list(element.flow_scopes())[-2::-1]
        found = self.state.root
        for position, scope in enumerate(scopes):
            running = [each for each in self._entered_instances(scope) if each.scope is found]
            if not running:
                return found, scopes[position:]
            found = self._only(running, element)
        return found, []

    def _only(self, running: Sequence[ElementInstance], element: FlowNode) -> ElementInstance:
        if len(running) > 1:
            keys = ", ".join(f"'{instance.key}'" for instance in running)
            raise Rejected(
                f"Expected to start '{element.id}' in one instance of '{running[0].element.id}', but {len(running)} are active: "
                f"more than one active instance of its flow scope, ambiguous. Name one by its ancestor key: {keys}."
            )
        return running[0]

    def _entered_instances(self, scope: FlowNode) -> list[ElementInstance]:
        """The open instances of a scope but those that stand at an asynchronous continuation, outside of the scope."""
        found = self._scopes.get(scope.id)
        if found is None:
            found = [each for each in self.state.open_instances(scope) if not self.is_transition(each)]
            self._scopes[scope.id] = found
        return found

    def _below_ancestor(self, element: FlowNode, ancestor_key: int) -> tuple[ElementInstance, list[FlowNode]]:
        ancestor = self.open_instance(ancestor_key, what="ancestor element instance")
        if self.is_transition(ancestor):
            raise Rejected(
                f"Expected the ancestor of '{element.id}' to be an activity instance, but '{ancestor_key}' is a transition "
                f"instance of '{ancestor.element.id}'."
            )
        if ancestor.state != ACTIVE:
            raise Rejected(
                f"Expected the ancestor of '{element.id}' to be active, but '{ancestor_key}', an instance of "
                f"'{ancestor.element.id}', is not in an active state: it is {ancestor.state.lower()}."
            )
        missing: list[FlowNode] = []
        for scope in element.flow_scopes():
            if scope is ancestor.element:
                return ancestor, missing[::-1]
            missing.append(scope)
        raise Rejected(
            f"Expected the ancestor '{ancestor_key}' to enclose '{element.id}', but it is an instance of "
            f"'{ancestor.element.id}', which is not an ancestor of it."
        )

    def open_scopes(
        self, scope: ElementInstance, missing: Sequence[FlowNode], given: Sequence[tuple[str, Variables]] = ()
    ) -> list[ElementInstance]:
        """Open these scopes one inside the other; `given` are local variables by the scope's element id."""
        opened = []
        for element in missing:
            self.engine.given = merged(values for scope_id, values in given if scope_id == element.id)
            scope = self.engine.open_scope(element, scope)
            opened.append(scope)
            self._scopes.pop(element.id, None)
        return opened

    # -- verbs

    def set_global_variables(self, variables: Variables) -> None:
        """Set variables of the process instance."""
        self.engine.variables.set_all_local(self.state.root, variables)

    def activation(self, element: FlowNode, scope: ElementInstance, local_variables: Variables) -> Activate:
        """The command that starts an element in a scope, whose token is counted with it."""
        iteration = self.engine.added_to(scope)
        self.engine.count_token(scope)
        number = scope.loop_counter if iteration else None
        return Activate(element, scope, {**iteration, **local_variables}, number)

    def count_token(self, scope: ElementInstance) -> None:
        """One more token in a scope, for a command that uses it up."""
        self.engine.count_token(scope)

    def run(self, *commands: Command) -> None:
        """Perform these commands and what follows, up to the next wait states."""
        self.engine.run(*commands)

    def activate_later(self, element: FlowNode, scope: ElementInstance, command: Command) -> None:
        """Zeebe: perform this activation with those of all other instructions."""
        self._entered.append((element, scope, self._position))
        self._commands.append(command)

    def move_all_once(self, element: FlowNode) -> None:
        """Zeebe: note that all instances of an element are moved; they can go to one place only."""
        if element in self._moved:
            raise Rejected(
                f"Expected all of '{element.id}' to be moved by one instruction, but there are multiple move instructions with "
                f"identical source element ids: '{element.id}'. Move single instances by their keys."
            )
        self._moved.add(element)

    def terminate_later(self, instance: ElementInstance) -> None:
        """Zeebe: terminate this once all activations are made."""
        self._terminated.append(instance)

    # -- the whole

    def apply(self, instructions: Sequence[Instruction], options: ModificationOptions) -> None:
        """Apply all instructions in the order that the semantics has, or raise Rejected for the first that cannot
        be."""
        if not instructions:
            raise Rejected("Expected at least one modification instruction, but the list of instructions is empty.")
        expected = options.expected_revision
        if expected is not None and expected != self.state.revision:
            raise Outdated(self.state.key, expected=expected, revision=self.state.revision)
        self.engine.keep_root()
        for position, instruction in enumerate(instructions):
            self._position = position
            self._scopes.clear()
            try:
                instruction.apply(self)
            except EngineError as error:
                raise Rejected(f"{instruction.describe()}: {error.message}", instruction=position) from error
        self._perform_collected()
        self.engine.release_root()

    def _perform_collected(self) -> None:
        """What is activated is counted already, so the scopes around it survive; it enters once all is terminated."""
        self._check_scopes_survive()
        self.run(*(Terminate(instance) for instance in self._terminated), *self._commands)

    def _check_scopes_survive(self) -> None:
        doomed = set(self._terminated)
        for element, scope, position in self._entered:
            lost = next((place for place in scope.scopes() if place in doomed), None)
            if lost is not None:
                raise Rejected(
                    f"Expected to activate '{element.id}' in a flow scope that stays, but '{lost.element.id}' with key "
                    f"'{lost.key}' is terminated by the same command.",
                    instruction=position,
                )


def merged(parts: Iterable[Variables]) -> Variables:
    """Several variable mappings as one, later ones winning."""
    found: dict[str, object] = {}
    for part in parts:
        found.update(part)
    return found
