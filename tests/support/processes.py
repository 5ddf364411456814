"""Processes built in a line, and instances of them that run in memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Self

import workflow.elements  # noqa: F401  (registers the behaviours)
from tests.support.events import Made, compensation
from workflow.elements.ad_hoc_sub_process import AdHocDetails
from workflow.elements.call_activity import CallDetails
from workflow.elements.job_task import JobDetails
from workflow.elements.receive_task import MessageDetails
from workflow.elements.script_task import ScriptDetails
from workflow.elements.user_task import UserTaskDetails
from workflow.engine.agenda import Agenda
from workflow.engine.commands import Begin, Complete, Leave, Occur
from workflow.engine.engine import CHOSEN_FLOW, Engine, EngineOptions, new_process_instance
from workflow.engine.errors import NotFound, Rejected
from workflow.engine.neighbours import CalledProcess
from workflow.engine.state import COMPLETED, CREATED, ElementInstance, JobRow, ProcessInstanceState, SubscriptionRow
from workflow.engine.timers import next_due
from workflow.expressions import Expression, parse_camunda7, parse_zeebe
from workflow.graph import (
    BODY_SUFFIX,
    INNER_INSTANCE_SUFFIX,
    CatchDetails,
    ElementType,
    ExecutableProcess,
    FlowDraft,
    NodeDraft,
    ProcessDraft,
    Semantics,
    ThrowDetails,
    VariableMapping,
)
from workflow.modification import Instruction, Modification, ModificationOptions
from workflow.services.errors import throw_bpmn_error, throw_escalation
from workflow.services.settling import occur

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

    @property
    def is_zeebe(self) -> bool:
        return self.semantics is Semantics.ZEEBE

    def node(
        self,
        element_id: str,
        element_type: ElementType,
        details: object = None,
        *,
        loop: Made | None = None,
        default: str | None = None,
        **more: object,
    ) -> Self:
        """Add a node, connected with the last one; with `loop` a multi-instance body around it."""
        scope = self._scopes[-1]
        if loop is not None:
            body = element_id + BODY_SUFFIX
            kind = ElementType.MULTI_INSTANCE_BODY
            self.draft.nodes.append(NodeDraft(body, element_id, kind, scope, loop(self), default_flow_id=default))
            scope, default = body, None
        draft = NodeDraft(element_id, element_id, element_type, scope, details, default_flow_id=default, **more)
        self.draft.nodes.append(draft)
        if self._last is not None:
            self.flow(self._last, element_id)
        self._last = element_id
        return self

    def start(self, element_id: str = "start", event: Made | None = None) -> Self:
        return self.node(element_id, ElementType.START_EVENT, CatchDetails(event(self) if event else None))

    def end(
        self, element_id: str = "end", event: Made | None = None, *, work: str | None = None, **more: object
    ) -> Self:
        """An end event; a message is thrown by a worker for jobs of type `work`."""
        job = JobDetails(self.expression(work)) if work else None
        return self.node(element_id, ElementType.END_EVENT, ThrowDetails(event(self) if event else None, job), **more)

    def catch(self, element_id: str, event: Made, **more: object) -> Self:
        return self.node(element_id, ElementType.INTERMEDIATE_CATCH_EVENT, CatchDetails(event(self)), **more)

    def throw(self, element_id: str, event: Made | None = None, *, work: str | None = None, **more: object) -> Self:
        job = JobDetails(self.expression(work)) if work else None
        details = ThrowDetails(event(self) if event else None, job)
        return self.node(element_id, ElementType.INTERMEDIATE_THROW_EVENT, details, **more)

    def boundary(self, element_id: str, event: Made, *, on: str, interrupting: bool = True, **more: object) -> Self:
        """A boundary event on an activity of the present scope; what follows is connected with it."""
        self._last = None
        details = CatchDetails(event(self), interrupting)
        return self.node(element_id, ElementType.BOUNDARY_EVENT, details, attached_to_id=on, **more)

    def undone_by(self, handler: str, *, on: str | None = None, **more: object) -> Self:
        """A user task that undoes the last activity; what follows is connected with the activity."""
        activity = on or self._last
        assert activity is not None
        self.boundary(f"{activity}_undone", compensation(), on=activity, interrupting=False)
        self.apart().user_task(handler, is_for_compensation=True, **more)
        next(n for n in reversed(self.draft.nodes) if n.id == activity).compensation_handler_id = handler
        return self.after(activity)

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

    def call(self, element_id: str, process_id: str, *, loop: Made | None = None, **details: object) -> Self:
        called = CallDetails(self.expression(process_id), **details)
        return self.node(element_id, ElementType.CALL_ACTIVITY, called, loop=loop)

    def exclusive(self, element_id: str, *, default: str | None = None) -> Self:
        return self.node(element_id, ElementType.EXCLUSIVE_GATEWAY, default=default)

    def parallel(self, element_id: str, **more: object) -> Self:
        return self.node(element_id, ElementType.PARALLEL_GATEWAY, **more)

    def inclusive(self, element_id: str, *, default: str | None = None, **more: object) -> Self:
        return self.node(element_id, ElementType.INCLUSIVE_GATEWAY, default=default, **more)

    def event_gateway(self, element_id: str) -> Self:
        return self.node(element_id, ElementType.EVENT_BASED_GATEWAY)

    def sub_process(self, element_id: str, **more: object) -> Self:
        """Go into a new sub-process; `up` leaves it again."""
        return self.node(element_id, ElementType.SUB_PROCESS, **more)._into(element_id)

    def transaction(self, element_id: str, **more: object) -> Self:
        return self.node(element_id, ElementType.TRANSACTION, **more)._into(element_id)

    def event_sub_process(self, element_id: str, event: Made, *, interrupting: bool = True, **more: object) -> Self:
        """Go into an event sub-process, whose start event is called `…_start`; `up` leaves it, connected with nothing."""
        self.apart().node(element_id, ElementType.EVENT_SUB_PROCESS, **more)._into(element_id)
        details = CatchDetails(event(self), interrupting)
        return self.node(f"{element_id}_start", ElementType.START_EVENT, details)

    def ad_hoc(
        self, element_id: str, *, active: str | None = None, until: str | None = None, **details: object
    ) -> Self:
        """Go into an ad-hoc sub-process; `active` and `until` are formulas."""
        given = AdHocDetails(
            self.formula(active) if active else None, self.formula(until) if until else None, **details
        )
        self.node(element_id, ElementType.AD_HOC_SUB_PROCESS, given)._into(element_id)
        inner = element_id + INNER_INSTANCE_SUFFIX
        self.apart().node(inner, ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE)
        self._scopes[-1] = inner
        return self.apart()

    def _into(self, scope_id: str) -> Self:
        self._scopes.append(scope_id)
        return self.apart()

    def up(self) -> Self:
        left = self._scopes.pop().removesuffix(INNER_INSTANCE_SUFFIX)
        is_event_sub_process = any(
            node.id == left and node.type is ElementType.EVENT_SUB_PROCESS for node in self.draft.nodes
        )
        self._last = None if is_event_sub_process else left
        return self

    def after(self, element_id: str) -> Self:
        """Connect the next node with this one."""
        self._last = element_id
        return self

    def apart(self) -> Self:
        """Connect the next node with nothing."""
        self._last = None
        return self

    def formula(self, text: str) -> Expression:
        """A formula that is written alike in both languages."""
        return self.expression(f"={text}" if self.is_zeebe else f"${{{text}}}")

    def flow(
        self, source: str, target: str, *, id: str | None = None, condition: str | None = None, when: str | None = None
    ) -> Self:
        """Connect two nodes; the condition is an expression, or the formula `when`."""
        flow_id = id or f"flow{next(self._counter)}"
        parsed = self.expression(condition) if condition else self.formula(when) if when else None
        self.draft.flows.append(FlowDraft(flow_id, "", source, target, parsed))
        return self

    def expression(self, text: str) -> Expression:
        return parse_zeebe(text) if self.semantics is Semantics.ZEEBE else parse_camunda7(text)

    def mapping(self, source: str, target: str) -> VariableMapping:
        return VariableMapping(self.expression(source), target)

    def build(self) -> ExecutableProcess:
        return self.draft.freeze()


class Memory:
    """The process instances of one test, which may call each other."""

    def __init__(self, processes: Iterable[ExecutableProcess]) -> None:
        self.processes = {process.id: process for process in processes}
        self.engines: dict[int, Engine] = {}
        self.agenda = Agenda()
        self._keys = itertools.count(1)

    def next_key(self) -> int:
        return next(self._keys)

    def create(self, process: ExecutableProcess) -> Engine:
        key = self.next_key()
        root = new_process_instance(process.root, key, NOON)
        state = ProcessInstanceState(
            key, 1, 1, process, 1, key, root, "ACTIVE", NOON, is_new=True, everything_loaded=True
        )
        return self.engine(state)

    def engine(self, state: ProcessInstanceState, options: EngineOptions | None = None) -> Engine:
        options = options or EngineOptions()
        engine = Engine(state, now=NOON, next_key=self.next_key, options=options, agenda=self.agenda, neighbours=self)
        self.engines[state.key] = engine
        return engine

    # ---- as Neighbours

    def call(
        self, caller: Engine, instance: ElementInstance, called: CalledProcess, business_key: str | None
    ) -> Engine:
        process = self.processes.get(called.process_id)
        if process is None:
            raise NotFound(f"Expected a process '{called.process_id}' to call, but there is none.")
        engine = self.create(process)
        state = engine.state
        state.business_key = business_key
        state.parent_key, state.parent_element_instance_key = caller.state.key, instance.key
        state.root_key = caller.state.root_key
        return engine

    def caller_of(self, called: Engine) -> tuple[Engine, ElementInstance]:
        parent_key, key = called.state.parent_key, called.state.parent_element_instance_key
        assert parent_key is not None
        assert key is not None
        caller = self.engines[parent_key]
        return caller, caller.state.elements[key]

    def called_by(self, caller: Engine, instance: ElementInstance) -> Engine | None:
        found = (each for each in self.engines.values() if each.state.parent_element_instance_key == instance.key)
        return next((engine for engine in found if engine.state.is_active), None)


class Running:
    """A process instance in memory."""

    def __init__(
        self,
        process: ExecutableProcess,
        variables: Mapping[str, object] | None = None,
        *,
        start: bool = True,
        calls: Iterable[ExecutableProcess] = (),
    ) -> None:
        self.memory = Memory(calls)
        self._take(self.memory.create(process))
        for name, value in (variables or {}).items():
            self.engine.variables.set_local(self.state.root, name, value)
        if start:
            self.engine.start()
            self._run()

    def _take(self, engine: Engine) -> None:
        self.engine = engine
        self.state = engine.state

    def _run(self) -> Self:
        """Let the engine do what was issued, and deliver the signals that it throws, and those that they call forth."""
        self.engine.run()
        for _ in range(100):
            thrown = [each for engine in self.memory.engines.values() for each in engine.thrown_signals]
            if not thrown:
                return self
            for engine in self.memory.engines.values():
                engine.thrown_signals = []
            for each in thrown:
                self._deliver(each.name, each.variables, each.key)
        raise Rejected("Signals call forth each other without end.")

    def open(self, element_id: str, nth: int = 0) -> ElementInstance:
        return self.state.open_instances(self.state.process.elements[element_id])[nth]

    def called(self, nth: int = 0) -> Running:
        """The n-th process instance that call activities of this one have called, running or ended."""
        found = [each for each in self.memory.engines.values() if each.state.parent_key == self.state.key]
        other = object.__new__(Running)
        other.memory = self.memory
        other._take(found[nth])
        return other

    # ---- acting

    def complete(self, *element_ids: str, nth: int = 0, variables: Mapping[str, object] | None = None) -> Self:
        for element_id in element_ids:
            instance = self.open(element_id, nth)
            self.engine.set_result(instance, variables or {})
            self.engine.run(Complete(instance))
        return self._run()

    def error(self, element_id: str, code: str, message: str = "", nth: int = 0, **variables: object) -> Self:
        """Report a BPMN error from a waiting element."""
        throw_bpmn_error(self.engine, self.open(element_id, nth), code, message, variables=variables)
        return self._run()

    def escalate(self, element_id: str, code: str, **variables: object) -> Self:
        throw_escalation(self.engine, self.open(element_id), code, variables)
        return self._run()

    def set(self, element_id: str | None = None, **variables: object) -> Self:
        """Set variables of the process instance, or of one element instance."""
        scope = self.open(element_id) if element_id else self.state.root
        self.engine.variables.set_all_local(scope, variables)
        return self._run()

    def message(self, name: str, key: str | None = None, **variables: object) -> Self:
        """Correlate a message with the first that waits for it."""
        row = self._subscriptions("MESSAGE", name, key)[0]
        occur(self.engine, row, variables)
        return self._run()

    def signal(self, name: str, **variables: object) -> Self:
        """Broadcast a signal to all process instances of the test."""
        self._deliver(name, variables, self.memory.next_key())
        return self._run()

    def _deliver(self, name: str, variables: Mapping[str, object], before: int) -> None:
        for engine in list(self.memory.engines.values()):
            for row in list(engine.state.subscriptions.values()):
                if (row.kind, row.name, row.state) == ("SIGNAL", name, CREATED) and row.key < before:
                    occur(engine, row, variables)

    def fire(self, event_id: str) -> Self:
        """Let time go on until a timer is due, and its event occur."""
        row = self._job("TIMER", event_id)
        holder, node = self.state.elements[row.element_instance_key], self.state.process.elements[event_id]
        assert row.due_at is not None
        self.engine.now = max(self.engine.now, row.due_at)
        self.engine.end_row(row, COMPLETED)
        due = next_due(row.repeat, last=row.due_at, now=self.engine.now) if row.repeat else None
        if due is not None:
            self.engine.attach_job(holder, "TIMER", node, due_at=due.at, repeat=due.repeat)
        self.engine.run(Occur(holder, node))
        return self._run()

    def execute(self, element_id: str) -> Self:
        """Run the job of an asynchronous continuation."""
        row = self._job("ASYNC", element_id)
        instance = self.state.elements[row.element_instance_key]
        self.engine.end_row(row, COMPLETED)
        flow_id = row.custom_headers.get(CHOSEN_FLOW)
        self.engine.run(Begin(instance) if row.kind == "ASYNC_BEFORE" else Leave(instance, flow_id))
        return self._run()

    def _job(self, kind: str, element_id: str) -> JobRow:
        rows = self.state.jobs.values()
        return next(r for r in rows if r.kind.startswith(kind) and r.element_id == element_id and r.state == CREATED)

    def _subscriptions(self, kind: str, name: str, key: str | None) -> list[SubscriptionRow]:
        rows = self.state.subscriptions.values()
        found = [row for row in rows if (row.kind, row.name, row.state) == (kind, name, CREATED)]
        return [row for row in found if key is None or row.correlation_key == key]

    def modify(self, *instructions: Instruction, options: ModificationOptions | None = None) -> Self:
        options = options or ModificationOptions()
        self._take(self.memory.engine(self.state, EngineOptions(options.skip_io_mappings, options.skip_listeners)))
        Modification(self.engine).apply(instructions, options)
        return self

    # ---- looking

    @property
    def ended(self) -> str | None:
        """COMPLETED or CANCELED; None while it is active."""
        return None if self.state.is_active else self.state.state

    @property
    def jobs(self) -> list[str]:
        """What waits for a worker or for the engine: the kind of each job and its element."""
        rows = self.state.jobs.values()
        return [f"{row.kind} {row.element_id}" for row in rows if row.state == CREATED]

    @property
    def waits_for(self) -> list[str]:
        """Open subscriptions: what kind, and which event will occur."""
        rows = self.state.subscriptions.values()
        return [f"{row.kind} {row.element_id}" for row in rows if row.state == CREATED]

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


def start(builder: ProcessBuilder, *calls: ProcessBuilder, **variables: object) -> Running:
    """Start an instance; `calls` are the processes that it may call."""
    return Running(builder.build(), variables, calls=[each.build() for each in calls])
