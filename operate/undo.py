"""Taking back what an audit event tells of: an ordinary plan, as far as that can be, and in plain words what it cannot.

The plan is tried, judged, reviewed and applied like any other; nothing here changes anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.models import AuditEvent, Event, Result, Subject
from workflow.engine.errors import Rejected
from workflow.engine.state import OPEN_STATES
from workflow.graph import BODY_SUFFIX, ElementType, ExecutableProcess, FlowNode, Semantics
from workflow.models import ElementInstance, ProcessInstance, Variable
from workflow.modification import (
    ActivateElement,
    CancelElementInstance,
    Instruction,
    SetScopeVariables,
    StartBefore,
    TerminateElementInstance,
)
from workflow.persistence.definitions import executable_process

NAMED = 5


@dataclass(frozen=True, slots=True)
class Undo:
    """The inverse of what was done, for the process instance as it is now."""

    instructions: tuple[Instruction, ...]
    notes: tuple[str, ...]
    """What stays, or will not be as it was."""


def why_not_undone(event: AuditEvent, instance: ProcessInstance) -> str:
    """Why an event cannot be taken back at all; empty if at least something of it can."""
    modified = event.event == Event.MODIFY and event.subject == Subject.PROCESS_INSTANCE
    edited = event.event == Event.UPDATE and event.subject == Subject.PROCESS_VARIABLES
    if event.result != Result.SUCCESS:
        return "It changed nothing: it did not succeed."
    if not modified and not edited:
        return "Modifications and edits of variables are undone here, not this."
    if instance.state != ProcessInstance.State.ACTIVE:
        return "The process instance has ended. Restart it instead."
    return ""


def undo_of(event: AuditEvent, instance: ProcessInstance) -> Undo:
    """What takes the event back; raises Rejected where nothing can be taken back."""
    why = why_not_undone(event, instance)
    if why:
        raise Rejected(f"Event '{event.key}' cannot be undone. {why}")
    reading = _Reading(event, instance)
    restored, kept = reading.variables()
    started, again = reading.started_again()
    canceled, gone_on = reading.canceled()
    instructions = (*restored, *started, *canceled)
    notes = (*kept, *again, *gone_on)
    if not instructions:
        raise Rejected(f"Nothing is left of event '{event.key}' that could be undone. {' '.join(notes)}".strip())
    return Undo(instructions, notes)


class _Reading:
    """What an event has done, beside what has become of it."""

    def __init__(self, event: AuditEvent, instance: ProcessInstance) -> None:
        self._body: Mapping[str, Any] = event.body or {}
        self._instance = instance
        self._process: ExecutableProcess = executable_process(instance.definition_key)
        keys = [*self._keys("activated"), *self._keys("terminated")]
        rows = ElementInstance.objects.filter(process_instance=instance.key, pk__in=keys)
        self._rows = {row.key: row for row in rows}
        scopes = {row.flow_scope_key for row in self._rows.values()} | {
            change["scope_key"] for change in self._changes()
        }
        opened = ElementInstance.objects.filter(pk__in=scopes, state__in=OPEN_STATES).values_list("key", flat=True)
        self._open_scopes = {instance.key, *opened}

    def _keys(self, what: str) -> list[int]:
        return [int(fact["key"]) for fact in (self._body.get(what) or {}).get("elements", ())]

    def _changes(self) -> Sequence[Mapping[str, Any]]:
        found = self._body.get("variables")
        return found if isinstance(found, list) else ()

    # -- variables

    def variables(self) -> tuple[list[Instruction], list[str]]:
        """Values as they were before, where nobody has changed them since."""
        changes = self._changes()
        now = {
            (row.scope_key, row.name): row.value
            for row in Variable.objects.filter(scope_key__in={change["scope_key"] for change in changes})
        }
        before: dict[int, dict[str, Any]] = {}
        notes: list[str] = []
        for change in changes:
            scope, name = change["scope_key"], change["name"]
            why = self._why_kept(change, now)
            if why:
                notes.append(f"'{name}' {why}")
            else:
                before.setdefault(scope, {})[name] = change["before"]
        return [SetScopeVariables(scope, values) for scope, values in before.items()], notes

    def _why_kept(self, change: Mapping[str, Any], now: Mapping[tuple[int, str], Any]) -> str:
        place = (change["scope_key"], change["name"])
        if change["scope_key"] not in self._open_scopes:
            return "was of a scope that has ended."
        if not change["existed"]:
            return "did not exist before; it is deleted on the variables page." if place in now else "is gone already."
        if change.get("deleted"):
            return "" if place not in now else "has been made again since."
        if place not in now:
            return "has been deleted since."
        return "" if now[place] == change["after"] else "has been changed since; that value stays."

    # -- tokens that were ended

    def started_again(self) -> tuple[list[Instruction], list[str]]:
        """Tokens that were ended stand where they stood, as new ones."""
        ended = [self._rows[key] for key in self._keys("terminated") if key in self._rows]
        scopes = {row.flow_scope_key for row in ended}
        found: list[Instruction] = []
        names: list[str] = []
        for row in ended:
            node = self._process.elements.get(row.element_id)
            if row.key in scopes or node is None:
                continue
            instruction = self._start(node, row)
            if instruction is not None and instruction not in found:
                found.append(instruction)
                names.append(_label(node))
        notes = [
            f"{_enumerated(names)} begins anew: tasks and jobs are new ones, with nothing of the work that was done."
        ]
        return found, notes if found else []

    def _start(self, node: FlowNode, row: ElementInstance) -> Instruction | None:
        if node.body is not None and row.flow_scope_key not in self._open_scopes:
            node = node.body
        outer = self._open_scope(row)
        if self._process.semantics is Semantics.CAMUNDA_7:
            return StartBefore(node.id, ancestor_key=outer)
        if node.body is not None or node.type is ElementType.BOUNDARY_EVENT:
            return None
        return ActivateElement(node.id.removesuffix(BODY_SUFFIX), ancestor_key=outer)

    def _open_scope(self, row: ElementInstance) -> int | None:
        """The scope that it stood in, if that is open and not the process instance, which needs no naming."""
        key = row.flow_scope_key
        return key if key in self._open_scopes and key != self._instance.key else None

    # -- tokens that were started

    def canceled(self) -> tuple[list[Instruction], list[str]]:
        """Tokens that were started are ended where they still stand."""
        started = [self._rows[key] for key in self._keys("activated") if key in self._rows]
        scopes = {row.flow_scope_key for row in started}
        leaves = [row for row in started if row.key not in scopes]
        cancel = CancelElementInstance if self._process.semantics is Semantics.CAMUNDA_7 else TerminateElementInstance
        found: list[Instruction] = [cancel(row.key) for row in leaves if row.state in OPEN_STATES]
        return found, list(self._gone_on(row for row in leaves if row.state not in OPEN_STATES))

    def _gone_on(self, rows: Iterator[ElementInstance]) -> Iterator[str]:
        names = [_label(node) for row in rows if (node := self._process.elements.get(row.element_id)) is not None]
        if names:
            yield f"{_enumerated(names)} has run to its end; what it did, and what came of it, stays."


def _label(node: FlowNode) -> str:
    return f"'{node.name or node.id.removesuffix(BODY_SUFFIX)}'"


def _enumerated(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = len(distinct) - NAMED
    return ", ".join(distinct[:NAMED]) + (f" and {more} more" if more > 0 else "")


__all__ = ["Undo", "undo_of", "why_not_undone"]
