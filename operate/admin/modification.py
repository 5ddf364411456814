"""The modification mode: what each element allows and why not, and plans turned into instructions.

The pages know no rule of either semantics; they show what is answered here, and the engine has the last word.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from operator import itemgetter
from typing import Any

from django.db.models import Count, Min
from django.utils.text import Truncator
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from operate.admin.modification_rows import rows_of
from operate.admin.waits import CONTINUATIONS
from operate.admin.wording import drawn_id, element_icon, element_label, element_type, label_in
from operate.forms.json_values import variables_of
from operate.masking.masks import Masks
from operate.told import told
from operate.variables.reading import Scope, scopes
from workflow.engine.errors import Rejected
from workflow.engine.events import is_interrupting
from workflow.engine.state import OPEN_STATES, VariableChange
from workflow.graph import ElementType, ExecutableProcess, FlowNode, Semantics
from workflow.models import ElementInstance, Job, ProcessInstance, Variable
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
from workflow.modification.zeebe import NOT_ACTIVATABLE, opens_multi_instance, why_not_activated
from workflow.persistence.definitions import executable_process
from workflow.services import CalledFact, ElementFact, Outcome, RowFact
from workflow.soundness import Fix

LISTED = 200
TOLD, TOLD_CHARS = 3, 40
LOOP_COUNTER = "loopCounter"
MOST_ENDING = 10_000
"""More instances of an element, or more scopes to choose from, are not listed one by one."""


@dataclass(frozen=True, slots=True)
class Running:
    """The running element instances of one process instance."""

    process: ExecutableProcess
    total: Mapping[str, int] = field(default_factory=dict)
    listed: Mapping[str, Sequence[ElementInstance]] = field(default_factory=dict)
    told: Mapping[int, str] = field(default_factory=dict)
    """Of scopes that run more than once, what tells them apart: their own variables."""

    @classmethod
    def of(cls, instance: ProcessInstance) -> Running:
        rows = ElementInstance.objects.filter(process_instance=instance.key, state__in=OPEN_STATES)
        counted = rows.order_by().values("element_id").annotate(total=Count("key"), first=Min("key"))
        listed: dict[str, list[ElementInstance]] = defaultdict(list)
        for row in rows.order_by("key")[: 10 * LISTED]:
            if len(listed[row.element_id]) < LISTED:
                listed[row.element_id].append(row)
        totals = {row["element_id"]: row["total"] for row in counted}
        process = executable_process(instance.definition_key)
        several = [each.id for each in process.elements.values() if each.is_scope and totals.get(each.id, 0) > 1]
        keys = [row.key for element in several for row in listed[element]]
        return cls(process, totals, listed, _own_variables(instance, keys))

    def of_element(self, element: FlowNode) -> int:
        return self.total.get(element.id, 0)

    def missing_scopes(self, element: FlowNode) -> list[FlowNode]:
        """The scopes around an element that a token in it would open."""
        around = [scope for scope in element.flow_scopes() if scope.flow_scope is not None]
        return list(takewhile(lambda scope: not self.of_element(scope), around))


def _own_variables(instance: ProcessInstance, scopes: Sequence[int]) -> dict[int, str]:
    """The first few variables of each of these scopes, as pages may show them, on one line."""
    if not scopes:
        return {}
    masks = Masks.for_pages()
    found: dict[int, list[str]] = defaultdict(list)
    rows = Variable.objects.filter(scope_key__in=scopes).order_by("name").values_list("scope_key", "name", "value")
    for scope, name, value in rows:
        if len(found[scope]) < TOLD and name != LOOP_COUNTER:
            shown = masks.value(instance.workspace_id, instance.process_id, name, value)
            found[scope].append(
                f"{name}: {Truncator(json.dumps(shown, ensure_ascii=False, default=str)).chars(TOLD_CHARS)}"
            )
    return {scope: ", ".join(each) for scope, each in found.items()}


def element_operations(instance: ProcessInstance) -> dict[str, Any]:
    """For each element what can be done with it, and where not, why."""
    running = Running.of(instance)
    process = running.process
    elements = [element for element in process.elements.values() if element.flow_scope is not None]
    return {
        "revision": str(instance.revision),
        "semantics": process.semantics.value,
        "process": {"id": process.id, "name": process.name or process.id},
        "scopes": [{"key": str(each.key), "label": _open_scope_label(each)} for each in scopes(instance)],
        "elements": {element.id: _element(element, running) for element in elements},
    }


def _open_scope_label(scope: Scope) -> str:
    if not scope.depth:
        return _("Process instance")
    number = f" #{scope.loop_counter}" if scope.loop_counter is not None else ""
    return f"{scope.name}{number} · {scope.key}"


def _element(element: FlowNode, running: Running) -> dict[str, Any]:
    total = running.of_element(element)
    name = element_label(element)
    no_token = "" if total else _("'%(name)s' has no running instance.") % {"name": name}
    add = why_not_add(element, running)
    return {
        "id": element.id,
        "drawn": drawn_id(element.id),
        "name": name,
        "type": element_type(element.type),
        "icon": element_icon(element.type, element),
        "parent": element.flow_scope.id if element.flow_scope and element.flow_scope.flow_scope else "",
        "within": [scope.id for scope in element.flow_scopes() if scope.flow_scope is not None],
        "variants": _variants(element),
        "running": total,
        "instances": [
            {"key": str(row.key), "scope": str(row.flow_scope_key)} for row in running.listed.get(element.id, ())
        ],
        "operations": {
            "add": {"why": add, "note": "" if add else note_on_add(element, running)},
            "cancel": {"why": no_token},
            "move": {
                "why": no_token or why_not_move_from(element),
                "all": why_not_move_all(element, running.process.semantics),
            },
            "target": {"why": add},
        },
        "ancestors": _ancestors(element, running),
        "scopes": _variable_scopes(running.process, element, running),
    }


def _variants(element: FlowNode) -> list[dict[str, str]]:
    """A multi-instance activity is one element on the diagram, and two to modify."""
    body = element if element.type is ElementType.MULTI_INSTANCE_BODY else element.body
    if body is None:
        return []
    return [
        {"id": body.id, "label": "Multi-instance"},
        {"id": drawn_id(body.id), "label": _("Iteration")},
    ]


def why_not_add(element: FlowNode, running: Running) -> str:
    """Why no token can be started at this element; empty if one can."""
    if running.process.semantics is Semantics.CAMUNDA_7:
        return ""
    if element.body is not None:
        return _("With Camunda 8 semantics no iteration can be added. Add the whole multi-instance.")
    if why_not_activated(element):
        kind = element_type(element.type)
        if element.type in NOT_ACTIVATABLE:
            return _("With Camunda 8 semantics a %(kind)s cannot be activated. Choose the element after it.") % {
                "kind": kind.lower() if get_language() == "en" else kind
            }
        name = element_label(element)
        return _(
            "With Camunda 8 semantics '%(name)s' cannot be activated alone. Choose the event-based gateway before it."
        ) % {"name": name}
    if opens_multi_instance(running.missing_scopes(element)):
        return _(
            "With Camunda 8 semantics nothing is activated inside a multi-instance that does not run. "
            "Add the whole multi-instance."
        )
    return ""


def note_on_add(element: FlowNode, running: Running) -> str:
    """What a token at this element brings about besides; empty if nothing."""
    is_camunda_7 = running.process.semantics is Semantics.CAMUNDA_7
    event_sub_process = _event_sub_process(element)
    if event_sub_process is not None:
        if not is_interrupting(event_sub_process.start_events[0]):
            return ""
        around = event_sub_process.flow_scope
        name = (
            _("'%(element)s'") % {"element": element_label(around)}
            if around and around.flow_scope
            else _("the process instance")
        )
        if is_camunda_7:
            return _("Ends everything else in %(name)s, as the event does.") % {"name": name}
        return _("Does not interrupt: cancel what else should end in %(name)s.") % {"name": name}
    if element.type is ElementType.BOUNDARY_EVENT and element.attached_to is not None and is_interrupting(element):
        return _("Ends '%(element)s', as the event does.") % {"element": element_label(element.attached_to)}
    if element.body is not None:
        if running.of_element(element.body):
            return _("One more iteration; give its element as a local variable.")
        return _("A multi-instance with one iteration; give its element as a local variable.")
    return ""


def _event_sub_process(element: FlowNode) -> FlowNode | None:
    """The event sub-process that this element, or the one that this start event begins."""
    for each in (element, element.flow_scope):
        if each is not None and each.type is ElementType.EVENT_SUB_PROCESS:
            return each if each is element or element.type is ElementType.START_EVENT else None
    return None


def why_not_move_from(element: FlowNode) -> str:
    """Why the tokens of this element cannot be moved elsewhere; empty if they can."""
    inner = element.children[0] if element.type is ElementType.MULTI_INSTANCE_BODY else element
    if inner.is_scope:
        return _("A sub-process itself cannot be moved: cancel it and add a token, or move what is active inside.")
    return ""


def why_not_move_all(element: FlowNode, semantics: Semantics) -> str:
    """Why not all tokens of this element can be moved at once, where one alone can."""
    if semantics is Semantics.ZEEBE and element.body is not None:
        return _("Select one iteration in the history, or move the whole multi-instance.")
    return ""


def _ancestors(element: FlowNode, running: Running) -> list[dict[str, str]]:
    """The scope instances to choose from, where more than one of them runs."""
    for scope in element.flow_scopes():
        if scope.flow_scope is None or running.of_element(scope) == 1:
            return []
        if running.of_element(scope) > 1:
            return [
                {"key": str(row.key), "label": _scope_label(scope, row, running)}
                for row in running.listed.get(scope.id, ())
            ]
    return []


def _scope_label(scope: FlowNode, row: ElementInstance, running: Running) -> str:
    number = f" #{row.loop_counter}" if row.loop_counter is not None and scope.body is not None else ""
    told = f" · {running.told[row.key]}" if row.key in running.told else ""
    return f"{element_label(scope)}{number} · {row.key}{told}"


def _variable_scopes(process: ExecutableProcess, element: FlowNode, running: Running) -> list[dict[str, str]]:
    """The scopes that a new token brings and that can have variables, outermost first.

    With Camunda 7 semantics it is one alone: the topmost of those that have to be opened, or the element itself.
    """
    missing = running.missing_scopes(element)[::-1]
    scopes = [*missing, element]
    if process.semantics is Semantics.CAMUNDA_7:
        scopes = scopes[:1]
    return [{"id": each.id, "label": _("the new '%(name)s'") % {"name": element_label(each)}} for each in scopes]


# -- what a plan would do


WORDS = {
    "EXTERNAL": gettext_lazy("job '%(element)s'"),
    "TIMER": gettext_lazy("timer '%(element)s'"),
    "ASYNC_BEFORE": gettext_lazy("continuation before '%(element)s'"),
    "ASYNC_AFTER": gettext_lazy("continuation after '%(element)s'"),
    "MESSAGE": gettext_lazy("message '%(element)s'"),
    "SIGNAL": gettext_lazy("signal '%(element)s'"),
    "CONDITIONAL": gettext_lazy("condition '%(element)s'"),
}
CALLED_ANEW = {
    "ACTIVE": gettext_lazy("Starts the called instance of '%(process)s'."),
    "COMPLETED": gettext_lazy("Starts and completes the called instance of '%(process)s'."),
    "CANCELED": gettext_lazy("Cancels the called instance of '%(process)s'."),
}


def preview(instance: ProcessInstance, outcome: Outcome) -> dict[str, Any]:
    """What a plan would do, told by element."""
    process = executable_process(instance.definition_key)

    def told(facts: Iterable[ElementFact]) -> list[dict[str, Any]]:
        counted = Counter(fact.element_id for fact in facts)
        return [{"id": key, "name": label_in(process, key), "total": total} for key, total in counted.items()]

    def waits(facts: Iterable[RowFact]) -> list[dict[str, Any]]:
        counted = Counter(
            WORDS[fact.kind] % {"element": label_in(process, fact.element_id)} for fact in facts if fact.kind in WORDS
        )
        return [{"id": name, "name": name, "total": total} for name, total in counted.items()]

    masks = Masks.for_pages()
    names = {instance.key: "", **{fact.key: label_in(process, fact.element_id) for fact in outcome.activated}}
    return {
        "state": outcome.state,
        "variables": [_variable(change, instance, names, masks) for change in outcome.variables[:LISTED]],
        "activated": told(outcome.activated),
        "completed": told(outcome.completed),
        "terminated": told(outcome.terminated),
        "ends": [str(fact.key) for fact in outcome.terminated[:MOST_ENDING]],
        "waits": waits([*outcome.jobs_created, *outcome.subscriptions_opened]),
        "waitsNoMore": waits([*outcome.jobs_closed, *outcome.subscriptions_closed]),
        "called": [_called(fact) for fact in outcome.called],
        "incidents": [
            {"name": label_in(process, fact.element_id), "label": fact.label} for fact in outcome.incidents_created
        ],
    }


def _variable(
    change: VariableChange, instance: ProcessInstance, names: Mapping[int, str], masks: Masks
) -> dict[str, Any]:
    def text(value: object) -> str:
        shown = masks.value(instance.workspace_id, instance.process_id, change.name, value)
        return json.dumps(shown, ensure_ascii=False, default=str)

    return {
        "name": change.name,
        "scope": names.get(change.scope_key, _("scope %(key)s") % {"key": change.scope_key}),
        "before": text(change.before) if change.existed else None,
        "after": None if change.deleted else text(change.after),
    }


def _called(fact: CalledFact) -> str:
    if fact.is_new:
        told = str(CALLED_ANEW[fact.state])
    elif fact.state == "CANCELED":
        told = _("Cancels the called instance %(key)s of '%(process)s'.")
    else:
        told = _("Ends the called instance %(key)s of '%(process)s'.")
    return told % {"key": fact.key, "process": fact.process_id}


# -- plans


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
