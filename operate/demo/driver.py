"""Lets the demo's process instances live through the past weeks: through the actions, like people and workers do.

Nothing is inserted. Only the clock is given, so that history is spread over the weeks before today.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q

from audit.models import Channel
from operate import actions
from operate.demo.people import ADMINISTRATORS, OPERATORS, WORKER
from operate.demo.scenarios import Scenario, Values
from workflow.graph import Semantics
from workflow.models import ElementInstance, EventSubscription, Job, ProcessDefinition, UserTask, Variable
from workflow.modification import AncestorChoice, CancelAll, Instruction, MoveElements, StartBefore, TerminateAll
from workflow.selectors import called_process_instances
from workflow.services import Context, MessageCorrelation, run_job

MOST = 0.7
ENDINGS = {"finish": 52, "stay": 20, "fail": 12, "cancel": 5, "hold": 4, "move": 4, "edit": 3}


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is in one instance's life; everything takes some, and life stops before the present."""

    now: datetime
    end: datetime
    pace: float

    def later(self, rng: random.Random, *, quick: bool) -> Clock:
        hours = rng.uniform(0.02, 0.3) if quick else rng.uniform(0.5, 30) * self.pace
        return Clock(self.now + timedelta(hours=hours), self.end, self.pace)

    @property
    def is_past(self) -> bool:
        return self.now < self.end

    @property
    def moment(self) -> datetime:
        """The time for an action that happens in any case: at the latest a little before the present."""
        return min(self.now, self.end)


class Life:
    """One process instance from its start to where its story leaves it."""

    def __init__(
        self,
        scenario: Scenario,
        definition: ProcessDefinition,
        users: dict[str, User],
        rng: random.Random,
        clock: Clock,
    ) -> None:
        self.scenario = scenario
        self.definition = definition
        self.users = users
        self.rng = rng
        self.clock = clock
        self.key = 0
        self.is_zeebe = definition.semantics == Semantics.ZEEBE

    # -- the story

    def live(self, business_key: str, variables: Values) -> str:
        """Start, go on as far as the story wants, and let happen what the story is about; returns the story's name."""
        weights = ENDINGS | {"move": self.scenario.corrected}
        story = self.rng.choices(list(weights), list(weights.values()))[0]
        start = self._through_api(actions.StartProcessInstance, OPERATORS[self.scenario.workspace])
        self.key = start.execute(
            self.definition.key, variables=variables, business_key=business_key
        ).process_instance_key
        if story == "fail":
            return self._run_into_a_failure()
        steps = 60 if story == "finish" else self.rng.randint(0, 5)
        while steps > 0 and self._step():
            steps -= 1
        tell: dict[str, Callable[[], None]] = {
            "cancel": self._cancel,
            "hold": self._hold,
            "move": self._move,
            "edit": self._edit,
        }
        if story in tell and self._is_waiting():
            tell[story]()
        self._catch_up()
        return story

    def _run_into_a_failure(self) -> str:
        failure = self.rng.choice(self.scenario.failures)
        for _ in range(60):
            job = self._jobs().filter(element_id=failure.element_id).first()
            if job is not None:
                self._pass_time(quick=True)
                fail = self._as_worker(actions.FailJob)
                fail.execute(job.key, retries=0, message=failure.message, details=failure.details)
                break
            if not self._step():
                break
        self._catch_up()
        return "fail"

    def _cancel(self) -> None:
        reason = self.rng.choice(self.scenario.cancel_reasons)
        self._as_operator(actions.CancelProcessInstance, reason=reason).execute(self.key, skip_io_mappings=True)

    def _hold(self) -> None:
        self._as_operator(actions.SuspendProcessInstance, reason=self.scenario.hold_reason).execute(self.key)

    def _move(self) -> None:
        correction = self.scenario.correction
        if correction is None:
            return
        for _ in range(12):
            if self._is_at(correction.source) or not self._step():
                break
        if not self._is_at(correction.source):
            return
        plan: list[Instruction]
        if not correction.target:
            plan = [TerminateAll(correction.source)] if self.is_zeebe else [CancelAll(correction.source)]
        elif self.is_zeebe:
            plan = [
                MoveElements(correction.target, source_element_id=correction.source, ancestor=AncestorChoice.direct())
            ]
        else:
            plan = [StartBefore(correction.target), CancelAll(correction.source)]
        self._as_operator(actions.ModifyProcessInstance, reason=correction.reason).execute(self.key, plan)

    def _edit(self) -> None:
        if self.scenario.edit is None:
            return
        name, new, reason = self.scenario.edit
        administrator = self.users[ADMINISTRATORS[self.scenario.workspace]]
        self._pass_time(quick=False)
        edit = actions.SetVariables(administrator, channel=Channel.ADMIN, reason=reason, now=self.clock.moment)
        edit.execute(self.key, {name: new(self.rng, self._variables())["value"]}, local=True)

    # -- one step of whatever waits

    def _step(self) -> bool:
        """Do one thing that waits; False if nothing does or the present is reached."""
        self._run_due(self.clock.now)
        chosen = self._choose([*self._jobs(), *self._tasks(), *self._subscriptions()])
        if chosen is None:
            return self._wait_for_timer()
        self._pass_time(quick=isinstance(chosen, Job))
        if not self.clock.is_past:
            return False
        if self._run_due(self.clock.now):
            return True  # it came first, and what was chosen may be gone
        answer = self.scenario.answers.get(chosen.element_id)
        values = answer(self.rng, self._variables()) if answer else {}
        match chosen:
            case Job():
                self._as_worker(actions.CompleteJob).execute(chosen.key, variables=values)
            case UserTask():
                self._do_task(chosen, values)
            case EventSubscription():
                self._send(chosen, values)
        return True

    def _choose(self, waiting: list[Any]) -> Any:
        """One of what waits: now and then something seldom, otherwise any of the rest."""
        usual = []
        for each in waiting:
            likely = self.scenario.seldom.get(each.element_id)
            if likely is None:
                usual.append(each)
            elif self.rng.random() < likely:
                return each
        return self.rng.choice(usual) if usual else None

    # -- what the engine does by itself

    def _wait_for_timer(self) -> bool:
        """Let time pass until the next timer; False if there is none before the present."""
        following = self._engine_jobs().order_by("due_at").first()
        if following is None or not self.clock.is_past:
            return False
        self.clock = replace(self.clock, now=max(self.clock.now, following.due_at or self.clock.now))
        return self.clock.is_past and self._run_due(self.clock.now)

    def _catch_up(self) -> None:
        """Run what became due between the last thing that happened and the present, and do the chores that it made."""
        while self._run_due(self.clock.end):
            for task in self._tasks().filter(element_id__in=self.scenario.chores, suspended=False):
                soon = task.created_at + timedelta(hours=self.rng.uniform(0.5, 5))
                if soon < self.clock.end and self.rng.random() < MOST:
                    self.clock = replace(self.clock, now=soon)
                    self._do_task(task, {})

    def _run_due(self, until: datetime) -> bool:
        """Run the jobs of the engine that are due, each at its time; a job that fails is tried again at once."""
        has_run = False
        for job in self._engine_jobs().filter(Q(due_at=None) | Q(due_at__lte=until)).order_by("due_at", "key"):
            at = min(max(job.due_at or job.created_at, job.created_at), self.clock.end)
            if self._engine_jobs().filter(pk=job.pk).exists():
                run_job(job.key, context=Context(now=at))
                has_run = True
        return has_run

    def _do_task(self, task: UserTask, values: Values) -> None:
        if task.assignee is None:
            self._as_operator(actions.AssignUserTask).execute(task.key, OPERATORS[self.scenario.workspace])
        self._pass_time(quick=True)
        self._as_operator(actions.CompleteUserTask).execute(task.key, variables=values)

    def _send(self, subscription: EventSubscription, values: Values) -> None:
        if self.is_zeebe:
            self._as_worker(actions.PublishMessage).execute(
                subscription.name,
                workspace_id=self.definition.workspace_id,
                correlation_key=subscription.correlation_key or "",
                variables=values,
            )
        else:
            correlation = MessageCorrelation(subscription.name, process_instance_key=subscription.process_instance_key)
            self._as_worker(actions.CorrelateMessage).execute(correlation, variables=values)

    # -- who acts, and when

    def _as_worker(self, action: type[actions.Action[Any]]) -> actions.Action[Any]:
        return self._through_api(action, WORKER)

    def _through_api(self, action: type[actions.Action[Any]], username: str) -> actions.Action[Any]:
        channel = Channel.V2 if self.is_zeebe else Channel.ENGINE_REST
        return action(self.users[username], channel=channel, now=self.clock.moment)

    def _as_operator(self, action: type[actions.Action[Any]], *, reason: str = "") -> actions.Action[Any]:
        self._pass_time(quick=True)
        operator = self.users[OPERATORS[self.scenario.workspace]]
        return action(operator, channel=Channel.ADMIN, reason=reason, now=self.clock.moment)

    def _pass_time(self, *, quick: bool) -> None:
        self.clock = self.clock.later(self.rng, quick=quick)

    # -- what is there

    @property
    def _family(self) -> list[int]:
        """This process instance and those it has called."""
        return called_process_instances(self.key) if self.scenario.called else [self.key]

    def _jobs(self) -> Any:
        return Job.objects.filter(process_instance__in=self._family, state="CREATED", kind="EXTERNAL")

    def _engine_jobs(self) -> Any:
        waiting = Job.objects.filter(process_instance__in=self._family, state__in=["CREATED", "FAILED"])
        return waiting.filter(retries__gt=0, suspended=False).exclude(kind="EXTERNAL")

    def _tasks(self) -> Any:
        return UserTask.objects.filter(process_instance__in=self._family, state="CREATED")

    def _subscriptions(self) -> Any:
        return EventSubscription.objects.filter(process_instance__in=self._family, state="CREATED", kind="MESSAGE")

    def _is_waiting(self) -> bool:
        return self._jobs().exists() or self._tasks().exists() or self._subscriptions().exists()

    def _is_at(self, element_id: str) -> bool:
        open_states = ("ACTIVATING", "ACTIVE", "COMPLETING")
        found = ElementInstance.objects.filter(process_instance=self.key, element_id=element_id, state__in=open_states)
        return found.exists()

    def _variables(self) -> Values:
        return dict(Variable.objects.filter(scope_key=self.key).values_list("name", "value"))
