"""Processes built in a line, and instances of them that run in memory."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Self

import workflow.elements  # noqa: F401  (registers the behaviours)
from workflow.elements.job_task import JobDetails
from workflow.elements.receive_task import MessageDetails
from workflow.elements.script_task import ScriptDetails
from workflow.elements.user_task import UserTaskDetails
from workflow.engine.commands import Activate, Complete
from workflow.engine.engine import Engine, EngineOptions, new_process_instance
from workflow.engine.state import ElementInstance, ProcessInstanceState
from workflow.expressions import Expression, parse_camunda7, parse_zeebe
from workflow.graph import (
    ElementType,
    ExecutableProcess,
    FlowDraft,
    NodeDraft,
    ProcessDraft,
    Semantics,
    VariableMapping,
)
from workflow.modification import Instruction, Modification, ModificationOptions

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class ProcessBuilder:
    """Draws a process node by node; each node is connected with the one before unless told otherwise."""

    def __init__(self, process_id: str, semantics: Semantics) -> None:
        self.semantics = semantics
        self.draft = ProcessDraft(process_id, process_id, semantics)
        self.draft.nodes.append(NodeDraft(process_id, process_id, ElementType.PROCESS, None))
        self._scopes = [process_id]
        self._last: str | None = None
        self._counter = itertools.count(1)

    def node(self, element_id: str, element_type: ElementType, details: object = None, **more: object) -> Self:
        self.draft.nodes.append(NodeDraft(element_id, element_id, element_type, self._scopes[-1], details, **more))
        if self._last is not None:
            self.flow(self._last, element_id)
        self._last = element_id
        return self

    def start(self, element_id: str = "start") -> Self:
        return self.node(element_id, ElementType.START_EVENT)

    def end(self, element_id: str = "end", **more: object) -> Self:
        return self.node(element_id, ElementType.END_EVENT, **more)

    def task(self, element_id: str, **more: object) -> Self:
        return self.node(element_id, ElementType.TASK, **more)

    def user_task(self, element_id: str, *, assignee: str | None = None, **more: object) -> Self:
        details = UserTaskDetails(assignee=self.expression(assignee) if assignee else None)
        return self.node(element_id, ElementType.USER_TASK, details, **more)

    def service_task(self, element_id: str, *, type: str = "work", **more: object) -> Self:
        return self.node(element_id, ElementType.SERVICE_TASK, JobDetails(self.expression(type)), **more)

    def script(self, element_id: str, text: str, result: str, **more: object) -> Self:
        details = ScriptDetails(self.expression(text), result)
        return self.node(element_id, ElementType.SCRIPT_TASK, details, **more)

    def receive(self, element_id: str, message: str, key: str | None = None) -> Self:
        details = MessageDetails(self.expression(message), self.expression(key) if key else None)
        return self.node(element_id, ElementType.RECEIVE_TASK, details)

    def exclusive(self, element_id: str, *, default: str | None = None) -> Self:
        return self.node(element_id, ElementType.EXCLUSIVE_GATEWAY, default_flow_id=default)

    def parallel(self, element_id: str) -> Self:
        return self.node(element_id, ElementType.PARALLEL_GATEWAY)

    def sub_process(self, element_id: str, **more: object) -> Self:
        """Go into a new sub-process; `up` leaves it again."""
        self.node(element_id, ElementType.SUB_PROCESS, **more)
        self._scopes.append(element_id)
        self._last = None
        return self

    def up(self) -> Self:
        self._last = self._scopes.pop()
        return self

    def after(self, element_id: str) -> Self:
        """Connect the next node with this one."""
        self._last = element_id
        return self

    def apart(self) -> Self:
        """Connect the next node with nothing."""
        self._last = None
        return self

    def flow(self, source: str, target: str, *, id: str | None = None, condition: str | None = None) -> Self:
        flow_id = id or f"flow{next(self._counter)}"
        parsed = self.expression(condition) if condition else None
        self.draft.flows.append(FlowDraft(flow_id, "", source, target, parsed))
        return self

    def expression(self, text: str) -> Expression:
        return parse_zeebe(text) if self.semantics is Semantics.ZEEBE else parse_camunda7(text)

    def mapping(self, source: str, target: str) -> VariableMapping:
        return VariableMapping(self.expression(source), target)

    def build(self) -> ExecutableProcess:
        return self.draft.freeze()


class Running:
    """A process instance in memory."""

    def __init__(
        self, process: ExecutableProcess, variables: Mapping[str, object] | None = None, *, start: bool = True
    ) -> None:
        keys = itertools.count(1)
        self._next_key = lambda: next(keys)
        key = self._next_key()
        root = new_process_instance(process.root, key, NOON)
        self.state = ProcessInstanceState(
            key, 1, 1, process, 1, key, root, "ACTIVE", NOON, is_new=True, everything_loaded=True
        )
        self.engine = self._engine()
        for name, value in (variables or {}).items():
            self.engine.variables.set_local(root, name, value)
        if start:
            self.engine.count_token(root)
            assert process.root.none_start_event is not None
            self.engine.run(Activate(process.root.none_start_event, root))

    def _engine(self, options: EngineOptions | None = None) -> Engine:
        return Engine(self.state, now=NOON, next_key=self._next_key, options=options or EngineOptions())

    def open(self, element_id: str, nth: int = 0) -> ElementInstance:
        return self.state.open_instances(self.state.process.elements[element_id])[nth]

    def complete(self, *element_ids: str, variables: Mapping[str, object] | None = None) -> Self:
        for element_id in element_ids:
            instance = self.open(element_id)
            self.engine.set_result(instance, variables or {})
            self.engine.run(Complete(instance))
        return self

    def modify(self, *instructions: Instruction, options: ModificationOptions | None = None) -> Self:
        options = options or ModificationOptions()
        self.engine = self._engine(EngineOptions(options.skip_io_mappings, options.skip_listeners))
        Modification(self.engine).apply(instructions, options)
        return self

    @property
    def tree(self) -> list[object]:
        """What is active, as a tree of element ids."""
        return self._tree(self.state.root)

    def _tree(self, scope: ElementInstance) -> list[object]:
        return [
            {child.element.id: self._tree(child)} if child.element.is_scope else child.element.id
            for child in self.state.open_children(scope)
        ]

    @property
    def variables(self) -> dict[str, object]:
        return {name: row.value for name, row in self.state.root.variables.items()}

    def local_variables(self, element_id: str, nth: int = 0) -> dict[str, object]:
        return {name: row.value for name, row in self.open(element_id, nth).variables.items()}

    @property
    def incidents(self) -> list[tuple[str, str]]:
        rows = self.state.incidents.values()
        return [(row.element_id, row.error_type) for row in rows if row.state == "ACTIVE"]

    def history(self, element_id: str) -> list[str]:
        """The states of all instances of an element, oldest first."""
        return [row.state for row in self.state.elements.values() if row.element.id == element_id]


def bpmn(process_id: str = "process", semantics: Semantics = Semantics.CAMUNDA_7) -> ProcessBuilder:
    return ProcessBuilder(process_id, semantics)


def start(builder: ProcessBuilder, **variables: object) -> Running:
    return Running(builder.build(), variables)
