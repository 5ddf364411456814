"""Taking back a cancellation: a new process instance begins where the tokens of the canceled one stood.

Nothing brings back an ended process instance itself: others may have been told, and its history says that it has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from audit.models import AuditEvent
from operate.batch.plans import Restart
from operate.undo.base import Undo, named, nothing_left
from workflow.graph import BODY_SUFFIX, ElementType, ExecutableProcess, FlowNode, Semantics
from workflow.models import ElementInstance, ProcessInstance, Variable
from workflow.modification import ActivateElement, Instruction, StartBefore
from workflow.modification.zeebe import why_not_activated
from workflow.persistence.definitions import executable_process

MOST = 1_000
"""More tokens than these are not put into one plan."""
LISTED = 20


def undo_of(event: AuditEvent) -> Undo:
    """A restart of the canceled process instance, at where its tokens stood."""
    instance = ProcessInstance.objects.get(pk=event.process_instance_key)
    if instance.state != ProcessInstance.State.CANCELED:
        raise nothing_left(
            event,
            [
                _("Process instance '%(key)s' is %(state)s.")
                % {"key": instance.key, "state": instance.get_state_display().lower()}
            ],
        )
    standing = _Standing(instance)
    if not standing.instructions:
        raise nothing_left(event, standing.notes)
    plan = Restart(instance.definition_key, tuple(standing.instructions))
    return Undo(event, instance.key, plan, tuple(standing.notes))


class _Standing:
    """Where the tokens of a canceled process instance stood, as instructions to begin there."""

    def __init__(self, instance: ProcessInstance) -> None:
        self._instance = instance
        self._process: ExecutableProcess = executable_process(instance.definition_key)
        ended = ElementInstance.objects.filter(
            process_instance=instance.key, state="TERMINATED", ended_at=instance.ended_at
        )
        self._rows = list(ended.order_by("key")[: MOST + 1])
        scopes = {row.flow_scope_key for row in self._rows}
        self._leaves = [row for row in self._rows if row.key not in scopes]
        self._left_out: list[str] = []
        self.instructions = self._instructions() if len(self._rows) <= MOST else []

    @property
    def notes(self) -> list[str]:
        """What is not as it was."""
        if len(self._rows) > MOST:
            return [
                _("More than %(MOST)s element instances were active in it. Restart it and choose where it begins.")
                % {"MOST": MOST}
            ]
        return list(self._notes())

    def _instructions(self) -> list[Instruction]:
        found: list[Instruction] = []
        for row in self._leaves:
            node = self._process.elements.get(row.element_id)
            if node is None:
                continue
            whole = node.body or node
            instruction = self._start(whole)
            if instruction is None:
                self._left_out.append(node.id)
            elif whole.type is not ElementType.MULTI_INSTANCE_BODY or instruction not in found:
                found.append(instruction)
        return found

    def _start(self, node: FlowNode) -> Instruction | None:
        around = [scope for scope in node.flow_scopes() if scope.type is ElementType.MULTI_INSTANCE_BODY]
        if self._process.semantics is Semantics.CAMUNDA_7:
            return StartBefore(node.id)
        if around:
            return ActivateElement(around[-1].id.removesuffix(BODY_SUFFIX))
        return None if why_not_activated(node) else ActivateElement(node.id.removesuffix(BODY_SUFFIX))

    def _notes(self) -> Iterator[str]:
        key = self._instance.key
        yield _(
            "A new process instance begins; '%(key)s' stays canceled, and who has its key does not find the new one by it."
        ) % {"key": key}
        if self.instructions:
            yield _(
                "Tasks, jobs and timers are new ones, with nothing of the work that was done; timers count from now."
            )
        if self._left_out:
            yield _("%(elements)s cannot be started alone and is left out.") % {"elements": self._named(self._left_out)}
        yield from self._of_scopes()
        calls = [row.element_id for row in self._leaves if row.element_type == ElementType.CALL_ACTIVITY]
        if calls:
            yield _("%(elements)s calls a new process instance; the one that was canceled with this stays so.") % {
                "elements": self._named(calls)
            }
        if self._instance.parent_process_instance_key is not None:
            parent = self._instance.parent_process_instance_key
            yield _("It was called by process instance '%(parent)s', which does not wait for the new one.") % {
                "parent": parent
            }

    def _of_scopes(self) -> Iterator[str]:
        scopes = [row.element_id for row in self._rows if row not in self._leaves and not self._is_iteration(row)]
        several = sorted({each for each in scopes if scopes.count(each) > 1})
        if several:
            yield _("%(elements)s was active more than once; all its tokens begin in one.") % {
                "elements": self._named(several)
            }
        loops = [row.element_id for row in self._rows if self._is_iteration(row)]
        if loops:
            yield _("%(elements)s begins with all of its iterations again.") % {"elements": self._named(loops)}
        local = Variable.objects.filter(scope_key__in=[row.key for row in self._rows]).order_by("name")
        names = list(dict.fromkeys(local.values_list("name", flat=True)))
        if names:
            yield (
                _("Local variables stay behind: %(names)s and more.")
                if len(names) > LISTED
                else _("Local variables stay behind: %(names)s.")
            ) % {"names": ", ".join(names[:LISTED])}

    def _is_iteration(self, row: ElementInstance) -> bool:
        node = self._process.elements.get(row.element_id)
        return node is not None and node.body is not None

    def _named(self, ids: Sequence[str]) -> str:
        return named(self._process, ids)


__all__ = ["undo_of"]
