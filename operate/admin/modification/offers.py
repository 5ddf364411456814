"""What can be done with each element of a running process instance, and where not, why.

The pages know no rule of either semantics; they show what is answered here, and the engine has the last word.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from django.db.models import Count, Min
from django.utils.text import Truncator
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from operate.admin.wording import drawn_id, element_icon, element_label, element_type
from operate.masking.masks import Masks
from operate.variables.reading import Scope, scopes
from workflow.engine.events import is_interrupting
from workflow.engine.state import OPEN_STATES
from workflow.graph import ElementType, ExecutableProcess, FlowNode, Semantics
from workflow.models import ElementInstance, ProcessInstance, Variable
from workflow.modification.zeebe import NOT_ACTIVATABLE, opens_multi_instance, why_not_activated
from workflow.persistence.definitions import executable_process

LISTED = 200
"""More instances of an element, or more scopes to choose from, are not listed one by one."""
TOLD, TOLD_CHARS = 3, 40
LOOP_COUNTER = "loopCounter"


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
        if name != LOOP_COUNTER and len(found[scope]) < TOLD:
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
