"""Taking back a modification: tokens that it started are ended, those that it ended begin anew, values are as they were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from audit.models import AuditEvent
from operate.batch.plans import Modify
from operate.undo.base import Undo, named, nothing_left
from operate.undo.values import changes_of, restored
from workflow.engine.state import OPEN_STATES
from workflow.graph import BODY_SUFFIX, ElementType, ExecutableProcess, FlowNode, Semantics
from workflow.models import ElementInstance, ProcessInstance
from workflow.modification import (
    ActivateElement,
    CancelElementInstance,
    Instruction,
    ModificationOptions,
    StartBefore,
    TerminateElementInstance,
)
from workflow.persistence.definitions import executable_process


def undo_of(event: AuditEvent) -> Undo:
    """A modification of the process instance as it is now."""
    instance = ProcessInstance.objects.get(pk=event.process_instance_key)
    reading = _Reading(event, instance)
    values, stays = reading.variables()
    started, again = reading.started_again()
    canceled, gone_on = reading.canceled()
    instructions = (*values, *started, *canceled)
    notes = (*stays, *again, *gone_on)
    if not instructions:
        raise nothing_left(event, notes)
    return Undo(event, instance.key, modification(instructions, instance.revision), notes)


def modification(instructions: Iterable[Instruction], revision: int) -> Modify:
    """The plan of a modification that was made for one process instance at this revision."""
    return Modify(tuple(instructions), options=ModificationOptions(expected_revision=revision), for_one=True)


class _Reading:
    """What an event has done, beside what has become of it."""

    def __init__(self, event: AuditEvent, instance: ProcessInstance) -> None:
        self._body: Mapping[str, Any] = event.body or {}
        self._instance = instance
        self._process: ExecutableProcess = executable_process(instance.definition_key)
        keys = [*self._keys("activated"), *self._keys("terminated")]
        rows = ElementInstance.objects.filter(process_instance=instance.key, pk__in=keys)
        self._rows = {row.key: row for row in rows}
        scopes = {row.flow_scope_key for row in self._rows.values()}
        opened = ElementInstance.objects.filter(pk__in=scopes, state__in=OPEN_STATES).values_list("key", flat=True)
        self._open_scopes = {instance.key, *opened}

    def _keys(self, what: str) -> list[int]:
        return [int(fact["key"]) for fact in (self._body.get(what) or {}).get("elements", ())]

    # -- variables

    def variables(self) -> tuple[list[Instruction], list[str]]:
        """Values as they were before, where nobody has changed them since."""
        return restored(changes_of(self._body))

    # -- tokens that were ended

    def started_again(self) -> tuple[list[Instruction], list[str]]:
        """Tokens that were ended stand where they stood, as new ones."""
        ended = [self._rows[key] for key in self._keys("terminated") if key in self._rows]
        scopes = {row.flow_scope_key for row in ended}
        found: list[Instruction] = []
        ids: list[str] = []
        for row in ended:
            node = self._process.elements.get(row.element_id)
            instruction = self._start(node, row) if node is not None and row.key not in scopes else None
            if instruction is not None and not (self._is_whole_loop(instruction) and instruction in found):
                found.append(instruction)
                ids.append(row.element_id)
        return found, list(self._begun_anew(ids)) if found else []

    def _begun_anew(self, ids: Sequence[str]) -> Iterator[str]:
        yield _("%(elements)s begins anew: tasks and jobs are new ones, with nothing of the work that was done.") % {
            "elements": named(self._process, ids)
        }
        loops = [each for each in ids if self._process.elements[each].body is not None]
        if loops:
            yield _("%(elements)s begins without the variables of its iterations.") % {
                "elements": named(self._process, loops)
            }

    def _start(self, node: FlowNode, row: ElementInstance) -> Instruction | None:
        if node.body is not None and row.flow_scope_key not in self._open_scopes:
            node = node.body
        outer = self._open_scope(row)
        if self._process.semantics is Semantics.CAMUNDA_7:
            return StartBefore(node.id, ancestor_key=outer)
        if node.body is not None or node.type is ElementType.BOUNDARY_EVENT:
            return None
        return ActivateElement(node.id.removesuffix(BODY_SUFFIX), ancestor_key=outer)

    def _is_whole_loop(self, instruction: Instruction) -> bool:
        """Whether it begins a multi-instance activity, which has had many iterations."""
        element_id = getattr(instruction, "element_id", "")
        return element_id.endswith(BODY_SUFFIX) or element_id + BODY_SUFFIX in self._process.elements

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
        names = named(self._process, [row.element_id for row in rows])
        if names:
            yield _("%(names)s has run to its end; what it did, and what came of it, stays.") % {"names": names}


__all__ = ["modification", "undo_of"]
