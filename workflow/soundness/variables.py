"""Which variables elements read and set, and those that nothing sets any more before they are read.

Who answers a wait (a worker, a person, a message, a called process) may bring any variable along, so behind one of those nothing is
known to be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from itertools import islice

from workflow.elements.call_activity import CallDetails
from workflow.elements.job_task import InlineExpressionDetails, JobDetails
from workflow.elements.multi_instance import LoopDetails
from workflow.elements.script_task import ScriptDetails
from workflow.elements.user_task import UserTaskDetails
from workflow.engine.step import elements_leading_to
from workflow.expressions import Expression, Language
from workflow.graph import (
    ElementType,
    ErrorEvent,
    EscalationEvent,
    FlowNode,
    LinkEvent,
    MessageEvent,
    PassedVariable,
    Semantics,
    SignalEvent,
)
from workflow.soundness.change import Change
from workflow.soundness.marking import Marking, Token
from workflow.soundness.plan import Touched
from workflow.soundness.warnings import Code, Fix, FixKind, Severity, SoundnessWarning, drawn

IMPLICIT = frozenset(
    {
        "execution",
        "task",
        "connector",
        "authenticatedUserId",
        "item",
        "partial",
        "loopCounter",
        "nrOfInstances",
        "nrOfActiveInstances",
        "nrOfCompletedInstances",
        "numberOfInstances",
        "numberOfActiveInstances",
        "numberOfCompletedInstances",
        "numberOfTerminatedInstances",
        "adHocSubProcessElements",
    }
)
GUARDS = ("null", "is defined", "get or else", "hasVariable", "getVariable", "empty ")
"""An expression with one of these is prepared for a variable that is not there."""
TOLERANT = (UserTaskDetails, ScriptDetails)
"""Whose FEEL expressions may be null without failing."""
MAX_BEGUN = 200
"""More new tokens than these are not followed."""
HANDS_OVER = frozenset(
    {
        ElementType.SERVICE_TASK,
        ElementType.SEND_TASK,
        ElementType.BUSINESS_RULE_TASK,
        ElementType.USER_TASK,
        ElementType.CALL_ACTIVITY,
    }
)
"""Elements that let somebody outside see all variables, unless input mappings choose."""


@dataclass(frozen=True, slots=True)
class Read:
    """An expression that wants a variable."""

    name: str
    node: FlowNode
    fails: bool
    """Without it the element cannot go on; else it goes on with null."""


# ---- what elements read and set


@lru_cache(maxsize=10_000)
def reads_entering(node: FlowNode) -> tuple[Read, ...]:
    """What is read until the element waits or works."""
    found: list[Read] = []
    known: set[str] = set(IMPLICIT)
    if isinstance(node.details, LoopDetails) and node.type is ElementType.MULTI_INSTANCE_BODY:
        found += _reads(node, (node.details.collection, node.details.cardinality), known, fails=True)
        if node.details.element_variable is not None:
            known.add(node.details.element_variable)
    for mapping in node.inputs:
        found += _reads(node, _expressions(mapping.source), known, fails=False)
        known.add(mapping.target.partition(".")[0])
    if not isinstance(node.details, LoopDetails):
        found += _reads(node, _expressions(node.details), known, fails=not isinstance(node.details, TOLERANT))
    if node.is_scope and not sets_anything(node):
        own = known | written(node)
        inside = [read for child in node.children for read in (*reads_entering(child), *reads_leaving(child))]
        found += [Read(read.name, node, read.fails) for read in inside if read.name not in own]
    for boundary in node.boundary_events:
        found += _reads(boundary, _expressions(boundary.event), known, fails=True)
    return tuple(found)


@lru_cache(maxsize=10_000)
def reads_leaving(node: FlowNode) -> tuple[Read, ...]:
    """What is read when the element is done."""
    return () if sets_anything(node) else reads_explicitly_leaving(node)


@lru_cache(maxsize=10_000)
def reads_explicitly_leaving(node: FlowNode) -> tuple[Read, ...]:
    """The same, as if nobody brought anything along."""
    known = _own_names(node)
    found: list[Read] = []
    for mapping in node.outputs:
        found += _reads(node, _expressions(mapping.source), known, fails=False)
    conditions = [flow.condition for flow in node.outgoing if flow.condition is not None]
    return tuple(found + _reads(node, conditions, known, fails=True))


def _own_names(node: FlowNode) -> set[str]:
    return set(IMPLICIT) | {mapping.target.partition(".")[0] for mapping in node.inputs} | written(node)


def _reads(node: FlowNode, expressions: Iterable[Expression | None], known: set[str], *, fails: bool) -> list[Read]:
    found = []
    for expression in expressions:
        if expression is None or any(guard in expression.source for guard in GUARDS):
            continue
        always = expression.language is Language.JUEL
        found += [Read(name, node, fails or always) for name in sorted(expression.names - known)]
    return found


def _expressions(value: object) -> Iterator[Expression]:
    """All expressions in what an element carries."""
    if isinstance(value, Expression):
        yield value
    elif isinstance(value, PassedVariable):
        if value.expression is not None:
            yield value.expression
    elif is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            yield from _expressions(getattr(value, each.name))
    elif isinstance(value, tuple):
        for each_value in value:
            yield from _expressions(each_value)


@lru_cache(maxsize=10_000)
def written(node: FlowNode) -> frozenset[str]:
    """The variables that an element is known to set outside of itself."""
    names = {mapping.target.partition(".")[0] for mapping in node.outputs}
    details = node.details
    if isinstance(details, ScriptDetails | InlineExpressionDetails) and details.result_variable:
        names.add(details.result_variable)
    if isinstance(details, LoopDetails) and node.type is ElementType.MULTI_INSTANCE_BODY and details.output_collection:
        names.add(details.output_collection)
    if isinstance(details, CallDetails):
        names |= {each.target for each in details.passed_out if each.target is not None}
    event = node.event
    if isinstance(event, ErrorEvent):
        names |= {name for name in (event.code_variable, event.message_variable) if name}
    if isinstance(event, EscalationEvent) and event.code_variable:
        names.add(event.code_variable)
    if node.is_scope:
        names |= {name for child in node.children for name in written(child)}
    return frozenset(names)


@lru_cache(maxsize=10_000)
def sets_anything(node: FlowNode) -> bool:
    """Whether somebody outside may bring any variable along here."""
    if node.is_scope:
        return any(sets_anything(child) for child in node.children)
    if isinstance(node.event, MessageEvent | SignalEvent) and node.type is not ElementType.END_EVENT:
        return True
    if node.type is ElementType.EVENT_BASED_GATEWAY:
        return False
    return isinstance(node.details, JobDetails | UserTaskDetails | CallDetails) or node.type is ElementType.START_EVENT


def written_by(nodes: Iterable[FlowNode]) -> tuple[tuple[str, ...], bool]:
    """The variables that elements are known to set, and whether they may set others too."""
    found = list(nodes)
    names = sorted({name for node in found for name in written(node)})
    return tuple(names), any(sets_anything(node) for node in found)


# ---- what is missing


@dataclass(frozen=True, slots=True)
class _Missing:
    read: Read
    on_every_way: bool


def missing_variables(before: Marking, after: Marking, plan: Sequence[Touched]) -> Iterator[SoundnessWarning]:
    """Variables that are read where the plan has put tokens, or behind, and that nothing sets."""
    told: set[str] = set()
    begun = islice(_begun(before, after, plan), MAX_BEGUN)
    known: set[tuple[str, FlowNode]] | None = None
    for position, node, scope_key in begun:
        found = [
            each
            for each in _missing_from(node, after, scope_key, entered=False, own=_given(after, node, scope_key))
            if each.read.name not in told
        ]
        if found:
            known = _known(before) if known is None else known
            found = [each for each in found if (each.read.name, each.read.node) not in known]
        for name in dict.fromkeys(each.read.name for each in found):
            told.add(name)
            yield _warning([each for each in found if each.read.name == name], node, position)
        skipped = [name for name in _usually_set(node, after, scope_key) if name not in told]
        if skipped:
            told.update(skipped)
            yield _handed_over(skipped, node, position)


def unset_variables(before: Marking, after: Marking, change: Change) -> Iterator[SoundnessWarning]:
    """Variables that a migrated token's way on reads, and that nothing sets there or has set before (of a migration).

    What somebody may bring along who answers a wait counts for nothing where the target's model sets the variable itself, at a
    place that the token has left behind.
    """
    known = {each.read.name for token in before.tokens.values() for each in _lacking(token, before)}
    told: set[str] = set()
    for token in islice(after.tokens.values(), MAX_BEGUN):
        found = [each for each in _lacking(token, after) if each.read.name not in known | told]
        position = next((i for i, step in enumerate(change.steps) if token.element in step.moved), None)
        for name in dict.fromkeys(each.read.name for each in found):
            told.add(name)
            yield replace(
                _warning([each for each in found if each.read.name == name], token.element, position), fixes=()
            )


def _lacking(token: Token, marking: Marking) -> list[_Missing]:
    """What is missing behind a token that stands, whoever may bring along what the model itself sets elsewhere."""
    node, scope_key = token.element, token.scope_key
    found = _missing_from(node, marking, scope_key, entered=True)
    names = {each.read.name for each in found}
    left_behind = [name for name in _set_before(node) if name not in marking.visible(scope_key) | names]
    if not left_behind:
        return found
    conditions_count = marking.process.semantics is Semantics.CAMUNDA_7
    for name in left_behind:
        readers = _readers(node, name, conditions_count)
        found += [_Missing(read, not _avoids(node, readers)) for read in readers.values()]
    return found


def _readers(node: FlowNode, name: str, conditions_count: bool) -> dict[FlowNode, Read]:
    """Who reads a variable behind an element before another one is known to set it."""
    found: dict[FlowNode, Read] = {}
    for each in _reachable(node, lambda one: name in written(one)):
        reads = reads_entering(each) if each is not node else ()
        leaving = reads_explicitly_leaving(each) if _decides(each, conditions_count) else ()
        read = next((read for read in (*reads, *leaving) if read.name == name), None)
        if read is not None:
            found[each] = read
    return found


def _known(before: Marking) -> set[tuple[str, FlowNode]]:
    """What was missing already."""
    tokens = (token for token in before.tokens.values() if not token.element.is_scope)
    found = (each for token in tokens for each in _missing_from(token.element, before, token.scope_key, entered=True))
    return {(each.read.name, each.read.node) for each in found}


def _begun(before: Marking, after: Marking, plan: Sequence[Touched]) -> Iterator[tuple[int | None, FlowNode, int]]:
    """Where the plan has put tokens: the instruction, the element and the scope instance."""
    fresh = [each for each in after.tokens.values() if each.key not in before.tokens]
    told: set[tuple[FlowNode, int]] = set()
    for position, each in enumerate(plan):
        for node in each.started:
            scopes = [token.scope_key for token in fresh if token.element is node] or [
                key for key in after.scopes() if after.scope_element(key) is node.flow_scope
            ][:1]
            for scope_key in scopes:
                if (node, scope_key) not in told:
                    told.add((node, scope_key))
                    yield position, node, scope_key
    for token in fresh:
        if not token.element.is_scope and (token.element, token.scope_key) not in told:
            told.add((token.element, token.scope_key))
            yield None, token.element, token.scope_key


def _given(after: Marking, node: FlowNode, scope_key: int) -> frozenset[str]:
    """Local variables that a token has been given, other than by its own input mappings."""
    tokens = [each for each in after.children.get(scope_key, ()) if each.element is node]
    names = after.variables.get(tokens[-1].key, frozenset()) if tokens else frozenset()
    return names - {mapping.target.partition(".")[0] for mapping in node.inputs}


def _missing_from(
    node: FlowNode, marking: Marking, scope_key: int, *, entered: bool, own: frozenset[str] = frozenset()
) -> list[_Missing]:
    """What is read at an element or behind it, in its scope, that nothing has set."""
    visible = marking.visible(scope_key)
    others = [each.element for each in marking.children.get(scope_key, ()) if each.element is not node]
    conditions_count = marking.process.semantics is Semantics.CAMUNDA_7
    wanted = {read.name for each in _reachable(node, lambda _node: False) for read in _read_at(each, conditions_count)}
    found = []
    for name in sorted(wanted - visible):

        def ends(each: FlowNode, name: str = name) -> bool:
            return sets_anything(each) or name in written(each)

        readers: dict[FlowNode, Read] = {}
        for each in _reachable(node, ends, others):
            reads = reads_entering(each) if each is not node or (not entered and name not in own) else ()
            leaving = reads_leaving(each) if _decides(each, conditions_count) else ()
            read = next((read for read in (*reads, *leaving) if read.name == name), None)
            if read is not None:
                readers[each] = read
        found += [_Missing(read, not _avoids(node, readers)) for read in readers.values()]
    return found


def _decides(node: FlowNode, conditions_count: bool) -> bool:
    gateways = (ElementType.EXCLUSIVE_GATEWAY, ElementType.INCLUSIVE_GATEWAY)
    return conditions_count or node.type in gateways or bool(node.outputs)


def _read_at(node: FlowNode, conditions_count: bool) -> tuple[Read, ...]:
    return (*reads_entering(node), *(reads_leaving(node) if _decides(node, conditions_count) else ()))


def _next(node: FlowNode) -> Iterator[FlowNode]:
    for flow in node.outgoing:
        yield flow.target
    yield from node.boundary_events
    if isinstance(node.event, LinkEvent) and node.flow_scope is not None:
        yield from (each for each in node.flow_scope.children if each.event == node.event and each.incoming == ())


def _reachable(node: FlowNode, ends: Callable[[FlowNode], bool], others: Sequence[FlowNode] = ()) -> Iterator[FlowNode]:
    """The elements that a token comes to, up to those that end the search; not through joins that wait for others."""
    seen, ahead = {node}, [node]
    while ahead:
        each = ahead.pop()
        yield each
        if ends(each):
            continue
        for following in _next(each):
            if following in seen:
                continue
            if len(following.incoming) > 1 and _waits_for(following, others):
                continue
            seen.add(following)
            ahead.append(following)


def _waits_for(node: FlowNode, others: Sequence[FlowNode]) -> bool:
    joins = (ElementType.PARALLEL_GATEWAY, ElementType.INCLUSIVE_GATEWAY)
    return node.type in joins and any(other in elements_leading_to(node) for other in others)


def _avoids(node: FlowNode, readers: Iterable[FlowNode]) -> bool:
    """Whether some way leads from an element to an end without any of the readers."""
    avoided = set(readers)
    if node in avoided:
        return False
    return any(not each.outgoing for each in _reachable(node, lambda each: each in avoided) if each not in avoided)


def _usually_set(node: FlowNode, after: Marking, scope_key: int) -> list[str]:
    """Variables that are always set before an element is reached regularly, and not there now, and that it hands on."""
    if node.type not in HANDS_OVER or node.inputs:
        return []
    visible = after.visible(scope_key)
    return [name for name in _set_before(node) if name not in visible]


@lru_cache(maxsize=10_000)
def _set_before(node: FlowNode) -> tuple[str, ...]:
    """Variables that other elements of the scope always set before this one is reached regularly."""
    scope = node.flow_scope
    if scope is None:
        return ()
    names = {name for child in scope.children if child is not node for name in written(child)}
    start = scope.none_start_event or (scope.start_events[0] if scope.start_events else None)
    if start is None:
        return ()
    return tuple(
        name
        for name in sorted(names)
        if node not in set(_reachable(start, lambda each, name=name: name in written(each)))  # type: ignore[misc]
    )


def _warning(found: Sequence[_Missing], node: FlowNode, position: int | None) -> SoundnessWarning:
    name = found[0].read.name
    every = any(each.on_every_way for each in found)
    fails = any(each.read.fails and each.on_every_way for each in found)
    readers = tuple(dict.fromkeys(drawn(each.read.node.id) for each in found))
    ways = "on every way" if every else "on some ways"
    result = "it fails" if any(each.read.fails for each in found) else "it goes on with null"
    return SoundnessWarning(
        Code.VARIABLE_MISSING,
        Severity.RED if fails else Severity.YELLOW,
        tuple(dict.fromkeys((*readers, drawn(node.id)))),
        f"'{_label(found[0].read.node)}' reads '{name}' {ways} from here, and nothing sets it: {result}.",
        () if position is None else (position,),
        (Fix(FixKind.SET_VARIABLES, f"Set '{name}'", variables=(name,), position=position),),
        (name,),
    )


def _handed_over(names: Sequence[str], node: FlowNode, position: int | None) -> SoundnessWarning:
    listed = ", ".join(f"'{name}'" for name in names)
    return SoundnessWarning(
        Code.VARIABLE_MISSING,
        Severity.YELLOW,
        (drawn(node.id),),
        f"Whoever works on '{_label(node)}' does not find {listed}, set by what has been skipped.",
        () if position is None else (position,),
        (Fix(FixKind.SET_VARIABLES, f"Set {listed}", variables=tuple(names), position=position),),
        tuple(names),
    )


def _label(node: FlowNode) -> str:
    return node.name or drawn(node.id)
