"""Fettle itself: the workloads through the actions, and through the in-memory core alone.

Imported only once Django is set up.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from django.contrib.auth import get_user_model
from django.db import connection

from audit.models import Channel
from operate.actions import CompleteUserTask, Deploy, EditVariables, ModifyProcessInstance, StartProcessInstance
from operate.variables.edits import Edit, NewValue, NothingChanged
from operate.variables.reading import version_of
from operate.workspaces import Role, add_member, workspace_named
from tests.bench.models import POOL, TASK, Command, Workload
from tests.support.processes import NOON
from tests.support.wire import Traffic, wire_traffic
from workflow import services
from workflow.engine.commands import Activate, Complete
from workflow.engine.engine import Engine, new_process_instance
from workflow.engine.errors import ModelProblems
from workflow.engine.state import COMPLETED, ProcessInstanceState
from workflow.graph import ExecutableProcess, Semantics
from workflow.models import ProcessInstance, Variable
from workflow.modification import CancelAll, StartBefore
from workflow.persistence.definitions import executable_process
from workflow.services import Resource


class WrongResult(Exception):
    """A workload did not do what it is there for: its figure would mean nothing."""


class Fettle:
    """An operator at work: each command is one action in its own transaction, with rights, state and audit event."""

    def __init__(self) -> None:
        workspace = workspace_named(None)
        self._user = get_user_model().objects.create_user("operator")
        add_member(self._user, workspace, Role.OPERATOR)
        self._administrator = get_user_model().objects.create_user("administrator")
        add_member(self._administrator, workspace, Role.WORKSPACE_ADMIN)
        self._workspace_id = workspace.id
        self._seen: dict[int, str] = {}

    def deploy(self, workload: Workload | Command) -> int:
        """Deploy the workload's model; raises ModelProblems if this release cannot run it."""
        resource = Resource(f"{workload.name}.bpmn", workload.xml)
        deploy = Deploy(self._administrator, channel=Channel.ADMIN)
        deployed = deploy.execute([resource], workspace_id=self._workspace_id, fallback=Semantics.CAMUNDA_7)
        return deployed.definitions[0].key

    def run(self, workload: Workload, definition_key: int) -> int:
        """Run one instance to its end; its key."""
        started = StartProcessInstance(self._user, channel=Channel.ENGINE_REST).execute(
            definition_key, variables=workload.variables, business_key="bk"
        )
        tasks = deque(started.user_tasks_created)
        while tasks:
            action = CompleteUserTask(self._user, channel=Channel.ENGINE_REST)
            tasks.extend(action.execute(tasks.popleft().key).user_tasks_created)
        return started.process_instance_key

    def check(self, workload: Workload, definition_key: int) -> None:
        """Make sure that an instance comes to its end with as many commands as it should."""
        with wire_traffic() as traffic:
            key = self.run(workload, definition_key)
        state = ProcessInstance.objects.get(pk=key).state
        commands = traffic.control.count("COMMIT")
        if (state, commands) != (COMPLETED, workload.commands):
            raise WrongResult(
                f"Expected an instance of '{workload.name}' to be completed by {workload.commands} commands, "
                f"but it is {state.lower()} after {commands}."
            )

    def pool(self, command: Command) -> Callable[[], object]:
        """Start the instances that the command picks from; what gives it once, to one of them.

        Raises ModelProblems if this release cannot run the model.
        """
        definition_key = self.deploy(command)
        start = partial(services.start_process_instance, definition_key, variables=command.variables)
        keys = [start().process_instance_key for _ in range(POOL)]
        pick = random.Random(POOL).choice
        give = {"modify": self._modify, "editvar": self._edit}[command.name]
        return lambda: give(pick(keys))

    def _modify(self, key: int) -> object:
        action = ModifyProcessInstance(self._administrator, channel=Channel.ADMIN)
        return action.execute(key, [CancelAll(TASK), StartBefore(TASK)])

    def _edit(self, key: int) -> object:
        """Save what an editor has typed who saw the variable as it is."""
        if not self._seen:
            self._seen = _versions()
        seen = self._seen[key]
        action = EditVariables(self._administrator, channel=Channel.ADMIN, reason="bench")
        edit = Edit(key, {"amount": NewValue(random.randrange(100_000))}, seen={"amount": seen})
        with suppress(NothingChanged):  # the same number by chance
            [change] = action.execute(edit).outcome.variables
            self._seen[key] = version_of(change.variable_key, change.revision + 1)
        return key

    @staticmethod
    def per_second(run: Callable[[], object], seconds: float) -> float:
        """Run it again and again, and say how often in a second."""
        return _per_second(run, seconds)

    def core_elements_per_second(self, workload: Workload, definition_key: int, seconds: float) -> float:
        """How many elements the engine alone activates in a second, with no database."""
        core = Core(executable_process(definition_key))
        return core.run(workload) * _per_second(lambda: core.run(workload), seconds)

    @staticmethod
    def traffic(run: Callable[[], object], times: int) -> Traffic:
        """What goes over the wire, Django's own queries included, once everything is prepared."""
        with wire_traffic() as traffic:
            for _ in range(times):
                run()
        return traffic

    @staticmethod
    def analyze() -> None:
        """Let PostgreSQL plan with the tables as they are, not as empty as they were when the first plans were made."""
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


@dataclass(frozen=True, slots=True)
class Core:
    """The engine alone, on a graph, with no database."""

    process: ExecutableProcess

    def run(self, workload: Workload) -> int:
        """Run one instance to its end in memory; how many elements were activated."""
        next_key = itertools.count(1).__next__
        key = next_key()
        root = new_process_instance(self.process.root, key, NOON)
        state = ProcessInstanceState(
            key, 1, 1, self.process, 1, key, root, "ACTIVE", NOON, is_new=True, everything_loaded=True
        )
        engine = Engine(state, now=NOON, next_key=next_key)
        for name, value in workload.variables.items():
            engine.variables.set_local(root, name, value)
        engine.count_token(root)
        engine.run(Activate(self.process.root.none_start_event, root))
        seen = 0
        while seen < len(state.user_tasks):
            for task in list(state.user_tasks.values())[seen:]:
                seen += 1
                engine.end_row(task, COMPLETED)
                engine.run(Complete(state.elements[task.element_instance_key]))
        if state.state != COMPLETED:
            raise WrongResult(f"Expected '{workload.name}' to complete in memory, but it is {state.state.lower()}.")
        return len(engine.activated)


def _versions() -> dict[int, str]:
    rows = Variable.objects.filter(name="amount").values_list("scope_key", "key", "revision")
    return {scope_key: version_of(key, revision) for scope_key, key, revision in rows}


def _per_second(run: Callable[[], object], seconds: float) -> float:
    times = 0
    began = now = time.perf_counter()
    while now < began + seconds:
        run()
        times += 1
        now = time.perf_counter()
    return times / (now - began)


__all__ = ["Fettle", "ModelProblems", "WrongResult"]
