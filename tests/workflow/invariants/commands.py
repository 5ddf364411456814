"""Random commands on whatever there is, and what each has done, told without keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import Any
from unittest.mock import patch

from django.db import connection

from tests.support.definitions import TABLES
from tests.workflow.invariants.models import ERRORS, ESCALATIONS, FLAGS, MESSAGES, SIGNALS
from workflow import services
from workflow.engine.errors import EngineError
from workflow.graph import ElementType, Semantics
from workflow.models import BufferedMessage, ElementInstance, Incident, Job, ProcessInstance, UserTask
from workflow.modification import (
    ActivateElement,
    AncestorChoice,
    CancelAll,
    CancelElementInstance,
    CancelTransitionInstance,
    Instruction,
    MoveElements,
    StartAfter,
    StartBefore,
    StartTransition,
    TerminateAll,
    TerminateElementInstance,
)
from workflow.persistence import loading, unit_of_work
from workflow.persistence.definitions import definition
from workflow.services import Context, MessageCorrelation, Outcome

HOUR = timedelta(hours=1)
Command = Callable[[Context], object]
ROWS = [*TABLES, BufferedMessage]


class Chance:
    """Draws the next command from what is there."""

    def __init__(self, random: Random, workspace_id: int) -> None:
        self._random = random
        self._workspace_id = workspace_id

    def command(self) -> tuple[str, Command]:
        """A command and what it is called; most are valid, all are possible."""
        kinds = [
            *[self._complete_task] * 5,
            *[self._complete_job] * 5,
            *[self._engine_job] * 5,
            *[self._message] * 3,
            *[self._signal] * 2,
            *[self._throw] * 3,
            *[self._modify] * 4,
            *[self._repair] * 2,
            *[self._variables] * 2,
            self._fail,
            self._suspend,
            self._rare,
        ]
        while True:
            found = self._random.choice(kinds)()
            if found is not None:
                return found

    # ---- choosing

    def _row(self, rows: Any) -> Any:
        found = list(rows.order_by("key"))
        return self._random.choice(found) if found else None

    def _values(self) -> dict[str, object]:
        names = self._random.sample(FLAGS, self._random.randrange(0, 3))
        return {name: self._random.random() < 0.6 for name in names}

    def _open_job(self) -> Any:
        return self._row(Job.objects.filter(kind="EXTERNAL", state__in=["CREATED", "FAILED"]))

    # ---- commands

    def _complete_task(self) -> tuple[str, Command] | None:
        row, values = self._row(UserTask.objects.filter(state="CREATED")), self._values()
        if row is None:
            return None
        return f"complete task {row.element_id} {row.key} {values}", lambda context: services.complete_user_task(
            row.key, variables=values, context=context
        )

    def _complete_job(self) -> tuple[str, Command] | None:
        row, values = self._open_job(), self._values()
        if row is None:
            return None
        return f"complete job {row.element_id} {row.key} {values}", lambda context: services.complete_job(
            row.key, variables=values, context=context
        )

    def _engine_job(self) -> tuple[str, Command] | None:
        row = self._row(Job.objects.exclude(kind="EXTERNAL").filter(state__in=["CREATED", "FAILED"]))
        if row is None:
            return None
        return f"run job {row.kind} {row.element_id} {row.key}", lambda context: services.execute_job(
            row.key, context=context
        )

    def _message(self) -> tuple[str, Command]:
        name, values, live = self._random.choice(MESSAGES), self._values(), self._random.choice([0, 0, 1])
        everybody = self._random.random() < 0.5
        if self._random.random() < 0.6:
            return f"publish {name} {values} for {live} h", lambda context: services.publish_message(
                name,
                workspace_id=self._workspace_id,
                correlation_key="k",
                time_to_live=live * HOUR,
                variables=values,
                context=context,
            )
        wanted = MessageCorrelation(name, all=everybody)
        return f"correlate {name} all={everybody} {values}", lambda context: services.correlate_message(
            wanted, variables=values, context=context
        )

    def _signal(self) -> tuple[str, Command]:
        name, values = self._random.choice(SIGNALS), self._values()
        return f"signal {name} {values}", lambda context: services.broadcast_signal(
            name, variables=values, workspace_ids=[self._workspace_id], context=context
        )

    def _throw(self) -> tuple[str, Command] | None:
        task = self._row(UserTask.objects.filter(state="CREATED"))
        job = self._open_job()
        error, escalation = self._random.choice(ERRORS), self._random.choice(ESCALATIONS)
        if job is not None and (task is None or self._random.random() < 0.4):
            return f"error {error} of job {job.element_id} {job.key}", lambda context: services.throw_job_error(
                job.key, code=error, context=context
            )
        if task is None:
            return None
        if self._random.random() < 0.5:
            return f"error {error} of {task.element_id} {task.key}", lambda context: services.throw_user_task_error(
                task.key, code=error, context=context
            )
        return (
            f"escalation {escalation} of {task.element_id} {task.key}",
            lambda context: services.throw_user_task_escalation(task.key, code=escalation, context=context),
        )

    def _fail(self) -> tuple[str, Command] | None:
        row, retries, values = self._open_job(), self._random.randrange(0, 2), self._values()
        if row is None:
            return None
        return f"fail job {row.element_id} {row.key} {retries} {values}", lambda context: services.fail_job(
            row.key, retries=retries, variables=values, context=context
        )

    def _repair(self) -> tuple[str, Command] | None:
        row = self._row(Incident.objects.filter(state="ACTIVE"))
        if row is None:
            return None
        return f"resolve incident of {row.element_id} {row.key}", lambda context: services.resolve_incident(
            row.key, retries=1, context=context
        )

    def _variables(self) -> tuple[str, Command] | None:
        scope = self._row(ElementInstance.objects.filter(state__in=["ACTIVATING", "ACTIVE", "COMPLETING"]))
        root = self._row(ProcessInstance.objects.filter(state="ACTIVE"))
        key = scope.key if scope is not None and self._random.random() < 0.3 else root.key if root else None
        if key is None:
            return None
        values, local = self._values(), self._random.random() < 0.5
        if self._random.random() < 0.3:
            values["kind"] = "work"
        return f"set {key} {values} local={local}", lambda context: services.set_variables(
            key, values, local=local, context=context
        )

    def _suspend(self) -> tuple[str, Command] | None:
        row = self._row(ProcessInstance.objects.filter(state="ACTIVE"))
        if row is None:
            return None
        if row.suspended:
            return f"resume {row.key}", lambda context: services.resume_process_instance(row.key, context=context)
        if self._random.random() < 0.6:
            return None
        return f"suspend {row.key}", lambda context: services.suspend_process_instance(row.key, context=context)

    def _rare(self) -> tuple[str, Command] | None:
        number = self._random.randrange(4)
        if number == 0 and (instance := self._row(ProcessInstance.objects.all())) is not None:
            return f"cancel {instance.key}", lambda context: services.cancel_process_instance(
                instance.key, context=context
            )
        if number == 1 and (receive := self._row(ElementInstance.objects.filter(element_type="RECEIVE_TASK"))):
            return f"signal element {receive.key}", lambda context: services.signal_element(
                receive.key, context=context
            )
        if number == 2 and (job := self._row(Job.objects.filter(state="FAILED"))) is not None:
            return f"new retries {job.element_id} {job.key}", lambda context: services.update_job(
                job.key, retries=1, resolve=True, context=context
            )
        if number == 3 and (ad_hoc := self._row(ElementInstance.objects.filter(element_type="AD_HOC_SUB_PROCESS"))):
            inner = definition(ad_hoc.process_instance.definition_key).process.elements[ad_hoc.element_id].children[0]
            name, rest = self._random.choice(inner.children).id, self._random.random() < 0.3
            return f"activate {name} in {ad_hoc.key}", lambda context: services.activate_ad_hoc_elements(
                ad_hoc.key, [(name.partition("#")[0], {})], cancel_remaining=rest, context=context
            )
        return None

    # ---- modifications

    def _modify(self) -> tuple[str, Command] | None:
        instance = self._row(ProcessInstance.objects.filter(state="ACTIVE"))
        if instance is None:
            return None
        instructions = [self._instruction(instance) for _ in range(self._random.randrange(1, 4))]
        texts = "; ".join(each.describe() for each in instructions)
        return f"modify {instance.key}: {texts}", lambda context: services.modify_process_instance(
            instance.key, instructions, context=context
        )

    def _instruction(self, instance: ProcessInstance) -> Instruction:
        process = definition(instance.definition_key).process
        names = [name for name, node in process.elements.items() if node.type is not ElementType.PROCESS]
        open_ones = list(instance.element_instances.filter(state__in=["ACTIVATING", "ACTIVE", "COMPLETING"]))
        element = self._random.choice(names)
        key = self._random.choice(open_ones).key if open_ones else instance.key
        ancestor = self._random.choice([None, None, key, instance.key])
        source = self._random.choice(open_ones).element_id if open_ones else element
        if process.semantics is Semantics.ZEEBE:
            choice = self._random.choice(
                [AncestorChoice.direct(ancestor), AncestorChoice.inferred(), AncestorChoice.source_parent()]
            )
            return self._random.choice(
                [
                    ActivateElement(element.partition("#")[0], ancestor),
                    TerminateElementInstance(key),
                    TerminateAll(source.partition("#")[0]),
                    MoveElements(element.partition("#")[0], source.partition("#")[0], ancestor=choice),
                    MoveElements(element.partition("#")[0], source_key=key, ancestor=choice),
                ]
            )
        flow = self._random.choice(list(process.flows))
        only = self._random.random() < 0.5
        return self._random.choice(
            [
                StartBefore(element, ancestor),
                StartBefore(element),
                StartAfter(element, ancestor),
                StartTransition(flow, ancestor),
                CancelElementInstance(key),
                CancelTransitionInstance(key),
                CancelAll(source, only),
            ]
        )


# ---- what a command has done


def attempt(command: Command, context: Context) -> object:
    """What a command did, without keys; or why it was refused."""
    try:
        return _facts(command(context))
    except EngineError as refusal:
        return type(refusal).__name__


def _facts(result: object) -> object:
    if isinstance(result, Outcome):
        return (
            result.process_id,
            result.state,
            result.suspended,
            tuple(fact.element_id for fact in result.activated),
            tuple(fact.element_id for fact in result.completed),
            tuple(fact.element_id for fact in result.terminated),
            tuple((change.name, str(change.after), change.deleted) for change in result.variables),
            tuple((row.element_id, row.label) for row in result.jobs_created),
            tuple((row.element_id, row.label) for row in result.user_tasks_created),
            tuple((row.element_id, row.label) for row in result.incidents_created),
            tuple((row.element_id, row.label) for row in result.incidents_resolved),
        )
    if isinstance(result, tuple):
        return tuple(map(_facts, result))
    if isinstance(result, services.PublishedMessage):
        return _facts(tuple(each.outcome for each in result.correlations))
    if isinstance(result, services.Correlation):
        return _facts(result.outcome)
    raise TypeError(f"no facts are known of {type(result).__name__}")


@contextmanager
def everything_loaded() -> Iterator[None]:
    """Commands load whole process instances, not only the way to the root."""

    def load(subject: Any, key: int, *, everything: bool) -> Any:
        state, last_key = loading.load(subject, key, everything=everything)
        state.need_everything()
        return state, last_key

    with patch.object(unit_of_work, "load", load):
        yield


def rows() -> str:
    """A digest of all rows of process instances, and of messages that wait."""
    parts = " UNION ALL ".join(
        f"SELECT '{table._meta.db_table}' || ' ' || t::text AS line FROM {table._meta.db_table} t" for table in ROWS
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT md5(string_agg(line, ';' ORDER BY line)) FROM ({parts}) lines")
        return str(cursor.fetchone())
