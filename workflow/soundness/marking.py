"""Where the tokens of a process instance stand, as far as soundness is concerned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workflow.engine.state import (
    ACTIVE,
    CREATED,
    FAILED,
    ElementInstance,
    JobRow,
    ProcessInstanceState,
    SubscriptionRow,
)
from workflow.graph import CompensationEvent, ElementType, ExecutableProcess, FlowNode

NO_NAMES: frozenset[str] = frozenset()
JOINING = frozenset({ElementType.PARALLEL_GATEWAY, ElementType.INCLUSIVE_GATEWAY})


@dataclass(frozen=True, slots=True)
class Token:
    """One open element instance."""

    key: int
    element: FlowNode
    scope_key: int
    has_passed: bool = False
    """It has joined already: a job goes on with it."""
    is_undoing: bool = False
    """It runs to undo something, so that no flow leaves it."""


@dataclass(frozen=True, slots=True)
class Marking:
    """All tokens of a process instance at one moment, by their scopes."""

    process: ExecutableProcess
    key: int
    state: str
    tokens: Mapping[int, Token]
    children: Mapping[int, tuple[Token, ...]]
    """The tokens right inside each scope instance; the process instance is the outermost one."""
    held: Mapping[int, Mapping[str, int]]
    """How many tokens wait on which flows, by scope instance."""
    variables: Mapping[int, frozenset[str]]
    """The names of the variables of each scope."""
    work: frozenset[int] = frozenset()
    """The keys of open jobs, user tasks and event subscriptions."""
    definition_key: int = 0

    @classmethod
    def of(cls, state: ProcessInstanceState) -> Marking:
        """The tokens of a process instance that is loaded with everything open in it."""
        tokens: dict[int, Token] = {}
        children: dict[int, list[Token]] = {}
        undoing = _undoing(state)
        for instance in state.elements.values():
            if instance.scope is not None and instance.is_open:
                token = Token(
                    instance.key,
                    instance.element,
                    instance.scope.key,
                    _has_passed(state, instance),
                    instance.key in undoing,
                )
                tokens[instance.key] = token
                children.setdefault(instance.scope.key, []).append(token)
        held: dict[int, dict[str, int]] = {}
        for count in state.flows.values():
            if count.waiting > 0:
                held.setdefault(count.scope_key, {})[count.flow_id] = count.waiting
        return cls(
            state.process,
            state.key,
            state.state,
            tokens,
            {key: tuple(sorted(found, key=lambda token: token.key)) for key, found in children.items()},
            held,
            {each.key: frozenset(each.variables) for each in state.elements.values() if each.variables},
            frozenset(key for key, job in state.jobs.items() if job.state in (CREATED, FAILED))
            | frozenset(key for key, task in state.user_tasks.items() if task.state == CREATED)
            | frozenset(key for key, row in state.subscriptions.items() if row.state == CREATED),
            state.definition_key,
        )

    @classmethod
    def of_tokens(
        cls, process: ExecutableProcess, key: int, tokens: Iterable[Token], held: Mapping[int, Mapping[str, int]]
    ) -> Marking:
        """The marking of an active process instance, from what somebody has read of it."""
        known = {token.key: token for token in tokens}
        children: dict[int, list[Token]] = {}
        for token in known.values():
            children.setdefault(token.scope_key, []).append(token)
        inside = {scope: tuple(sorted(found, key=lambda token: token.key)) for scope, found in children.items()}
        return cls(process, key, ACTIVE, known, inside, held, {})

    def scopes(self) -> list[int]:
        """The open scope instances, the process instance first."""
        return [self.key, *(key for key, token in self.tokens.items() if token.element.is_scope)]

    def scope_element(self, key: int) -> FlowNode:
        """What the scope instance with this key is an instance of."""
        return self.process.root if key == self.key else self.tokens[key].element

    def has_scope(self, key: int) -> bool:
        """Whether this scope instance is open."""
        return key == self.key or key in self.tokens

    def visible(self, scope_key: int) -> frozenset[str]:
        """The names that an expression in this scope sees."""
        found: set[str] = set()
        key: int | None = scope_key
        while key is not None:
            found |= self.variables.get(key, NO_NAMES)
            key = self.tokens[key].scope_key if key in self.tokens else None
        return frozenset(found | self.variables.get(self.key, NO_NAMES))


def _has_passed(state: ProcessInstanceState, instance: ElementInstance) -> bool:
    if instance.element.type not in JOINING:
        return False
    rows = state.attached.get(instance.key, ())
    return any(isinstance(r, JobRow) and r.kind == "ASYNC_AFTER" and r.state in (CREATED, FAILED) for r in rows)


def _undoing(state: ProcessInstanceState) -> frozenset[int]:
    """The element instances that run to undo something."""
    if not state.process.has(CompensationEvent):
        return frozenset()
    rows = (row for row in state.subscriptions.values() if isinstance(row, SubscriptionRow))
    found = (row.compensated_key for row in rows if row.kind == "COMPENSATING" and row.state == CREATED)
    return frozenset(key for key in found if key is not None)
