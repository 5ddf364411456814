"""Plans of the modification mode as the instructions of the definition's semantics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from django.utils.translation import gettext as _

from operate.admin.instance.waits import CONTINUATIONS
from operate.admin.modification.rows import rows_of
from operate.admin.wording import drawn_id
from operate.forms.json_values import variables_of
from operate.told import told
from workflow.engine.errors import Rejected
from workflow.engine.state import OPEN_STATES
from workflow.graph import ExecutableProcess, FlowNode, Semantics
from workflow.models import ElementInstance, Job, ProcessInstance
from workflow.modification import (
    ActivateElement,
    AncestorChoice,
    CancelAll,
    CancelElementInstance,
    CancelTransitionInstance,
    Instruction,
    MoveElements,
    ScopedVariables,
    SetScopeVariables,
    StartBefore,
    StartTransition,
    TerminateAll,
    TerminateElementInstance,
)
from workflow.persistence.definitions import executable_process
from workflow.soundness import Fix


@dataclass(frozen=True, slots=True)
class Plan:
    """Instructions, and for each the row of the plan that it came from."""

    instructions: tuple[Instruction, ...]
    rows: tuple[int, ...]

    def row_of(self, instruction: int | None) -> int | None:
        """The row of the plan that an instruction belongs to."""
        if instruction is None or not 0 <= instruction < len(self.rows):
            return None
        return self.rows[instruction]


def read_plan(instance: ProcessInstance, rows: Sequence[Mapping[str, Any]], *, in_given_order: bool = False) -> Plan:
    """Turn a plan of the modification mode into the instructions of the definition's semantics.

    In Camunda 7 semantics the order matters (E27): variables of what runs are set first, and everything starts before anything
    is canceled, so that a scope which gains a token does not end in between. Only who knows better wants the order as given.
    """
    if not isinstance(rows, list) or not rows:
        raise Rejected(_("Expected a plan with at least one row, but it is empty."))
    process = executable_process(instance.definition_key)
    reader: Callable[[ExecutableProcess, _Row], Both] = _zeebe
    read = [_Row.read(instance.key, number, row) for number, row in enumerate(rows)]
    if process.semantics is Semantics.CAMUNDA_7:
        reader = _Camunda7(_transitions(read)).read
    ordered: list[tuple[tuple[int, int], int, Instruction]] = []
    for row in _with_their_variables(read):
        first, last = reader(process, row)
        turn = 0 if row.kind == "set" else 1
        ordered += [((turn, row.number), row.number, instruction) for instruction in first]
        ordered += [((2, row.number), row.number, instruction) for instruction in last]
    if not in_given_order:
        ordered.sort(key=itemgetter(0))
    return Plan(tuple(each for _turn, _row, each in ordered), tuple(row for _turn, row, _each in ordered))


def fix_rows(fix: Fix, plan: Plan) -> dict[str, Any]:
    """What a suggested fix does to the rows of a plan: rows to add and to delete, and the one that lacks variables."""
    return {
        "label": told(fix.label),
        "kind": fix.kind.value,
        "add": rows_of(fix.add) or [],
        "delete": sorted({row for each in fix.leave_out if (row := plan.row_of(each)) is not None}),
        "row": plan.row_of(fix.position),
        "variables": list(fix.variables),
    }


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a plan."""

    process_instance_key: int
    number: int
    kind: str
    element: str
    target: str
    key: int | None
    ancestor: int | None
    variables: dict[str, Any]
    scope: str
    id: int
    of: int
    """The id of the row that brings the scope of these variables; 0 if it runs."""
    scoped: tuple[ScopedVariables, ...] = ()
    """Variables of the scopes that this row brings; no scope: as far up as they are known."""

    @classmethod
    def read(cls, process_instance_key: int, number: int, row: Mapping[str, Any]) -> _Row:
        try:
            text = str(row.get("variables") or "{}")
            variables = variables_of(text)
            scope = str(row.get("scope") or "")
            return cls(
                process_instance_key,
                number,
                str(row["kind"]),
                str(row["element"]),
                str(row.get("target") or ""),
                int(row["key"]) if row.get("key") else None,
                int(row["ancestor"]) if row.get("ancestor") else None,
                variables,
                scope,
                int(row.get("id") or 0),
                int(row.get("of") or 0),
                (ScopedVariables(variables, scope or None),) if variables else (),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Rejected(
                _("Row %(number)s of the plan cannot be read: %(error)s.") % {"number": number + 1, "error": error}
            ) from error


def _with_their_variables(rows: Sequence[_Row]) -> list[_Row]:
    """Rows that have taken up the variables which others name for the scopes they bring."""
    brings = {row.id: row for row in rows if row.id and row.kind in ("add", "move")}
    for row in rows:
        if not row.of:
            continue
        if row.of not in brings:
            raise Rejected(
                _("Row %(number)s of the plan: expected variables of a token that another row adds or moves.")
                % {"number": row.number + 1}
            )
        brings[row.of] = replace(brings[row.of], scoped=(*brings[row.of].scoped, *row.scoped))
    return [brings.get(row.id, row) for row in rows if not row.of]


Both = tuple[list[Instruction], list[Instruction]]


def _transitions(rows: Sequence[_Row]) -> frozenset[int]:
    """Which of the element instances named stand at an asynchronous continuation."""
    keys = [row.key for row in rows if row.key is not None]
    if not keys:
        return frozenset()
    waiting = Job.objects.filter(element_instance__in=keys, kind__in=CONTINUATIONS, state__in=("CREATED", "FAILED"))
    return frozenset(waiting.values_list("element_instance_key", flat=True))


@dataclass(frozen=True, slots=True)
class _Camunda7:
    """Rows as Camunda 7's instructions, which cancel a token at an asynchronous continuation in their own way."""

    transitions: frozenset[int]

    def read(self, process: ExecutableProcess, row: _Row) -> Both:
        match row.kind:
            case "set":
                return [_set_variables(row)], []
            case "add" if row.element in process.flows:
                return [StartTransition(row.element, row.ancestor, row.variables)], []
            case "add":
                return [_start_before(row, row.element, row.ancestor)], []
            case "cancel":
                return [], [self._cancel(row)]
            case "move":
                starts = [_start_before(row, row.target, key) for key in _ancestors_of_move(process, row)]
                return starts, [self._cancel(row)]
        raise _unknown(row)

    def _cancel(self, row: _Row) -> Instruction:
        if row.key is None:
            return CancelAll(row.element, only_current=True)
        return CancelTransitionInstance(row.key) if row.key in self.transitions else CancelElementInstance(row.key)


def _set_variables(row: _Row) -> SetScopeVariables:
    if row.key is None or not row.variables:
        raise Rejected(
            _("Row %(number)s of the plan: expected a scope and a value for at least one variable to set in it.")
            % {"number": row.number + 1}
        )
    return SetScopeVariables(row.key, row.variables)


def _start_before(row: _Row, element: str, ancestor: int | None) -> StartBefore:
    variables: dict[str, Any] = {}
    local: dict[str, Any] = {}
    for each in row.scoped:
        (variables if each.scope_id is None else local).update(each.values)
    return StartBefore(element, ancestor_key=ancestor, variables=variables, local_variables=local)


def _ancestors_of_move(process: ExecutableProcess, row: _Row) -> Sequence[int | None]:
    """The scope for each token that is moved: a token that stays within a scope stays in that instance of it."""
    source, target = process.elements.get(row.element), process.elements.get(row.target)
    moved = ElementInstance.objects.filter(
        process_instance=row.process_instance_key, state__in=OPEN_STATES, element_id=row.element
    )
    if row.key is not None:
        moved = moved.filter(pk=row.key)
    scopes = list(moved.order_by("key").values_list("flow_scope_key", flat=True))
    if not scopes:
        raise Rejected(
            _("Row %(number)s of the plan: expected running instances of '%(element)s', but there are none.")
            % {"number": row.number + 1, "element": row.element}
        )
    if row.ancestor is not None or source is None or target is None or not _stays_within(source, target):
        return [row.ancestor] * len(scopes)
    scope = source.flow_scope
    while scope is not None and scope is not target.flow_scope:
        around = dict(ElementInstance.objects.filter(pk__in=scopes).values_list("key", "flow_scope_key"))
        scopes, scope = [around[key] for key in scopes], scope.flow_scope
    return scopes


def _stays_within(source: FlowNode, target: FlowNode) -> bool:
    """Whether the target lies right in a scope, other than the process, that is around the source."""
    scope = target.flow_scope
    return scope is not None and scope.flow_scope is not None and scope in source.flow_scopes()


def _zeebe(process: ExecutableProcess, row: _Row) -> Both:
    match row.kind:
        case "set":
            return [_set_variables(row)], []
        case "add":
            return [ActivateElement(drawn_id(row.element), ancestor_key=row.ancestor, variables=row.scoped)], []
        case "cancel":
            return [], _terminate(process, row)
        case "move":
            return [_move(process, row)], []
    raise _unknown(row)


def _terminate(process: ExecutableProcess, row: _Row) -> list[Instruction]:
    if row.key is not None:
        return [TerminateElementInstance(row.key)]
    element = process.elements.get(row.element)
    if element is None or element.body is None:
        return [TerminateAll(drawn_id(row.element))]
    running = ElementInstance.objects.filter(
        process_instance=row.process_instance_key, state__in=OPEN_STATES, element_id=row.element
    )
    return [TerminateElementInstance(key) for key in running.order_by("key").values_list("key", flat=True)]


def _move(process: ExecutableProcess, row: _Row) -> MoveElements:
    source, target = process.elements.get(row.element), process.elements.get(row.target)
    ancestor = AncestorChoice.direct(row.ancestor)
    if row.ancestor is None and source is not None and target is not None:
        if source.flow_scope is target.flow_scope:
            ancestor = AncestorChoice.source_parent()
        elif _stays_within(source, target):
            ancestor = AncestorChoice.inferred()
    return MoveElements(
        drawn_id(row.target),
        source_element_id=None if row.key is not None else drawn_id(row.element),
        source_key=row.key,
        ancestor=ancestor,
        variables=row.scoped,
    )


def _unknown(row: _Row) -> Rejected:
    return Rejected(
        _("Row %(number)s of the plan: expected 'add', 'cancel', 'move' or 'set', found '%(kind)s'.")
        % {"number": row.number + 1, "kind": row.kind}
    )
