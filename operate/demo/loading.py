"""Building the demo: workspaces, people, models, and some 300 process instances of the past weeks."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User

from audit.models import Channel
from operate import actions
from operate.demo import MODELS, deliveries, remarks, scenarios
from operate.demo.driver import Clock, Life
from operate.demo.people import ADMINISTRATORS, WORKSPACES, make_people, make_workspaces
from operate.demo.scenarios import Scenario
from operate.figures import begin_anew
from workflow.models import ProcessDefinition, ProcessInstance, Workspace
from workflow.services import Resource

SCENARIOS = (*scenarios.SCENARIOS, *deliveries.SCENARIOS)
SEED = 20_261_122
WEEKS = 6
OPENING, CLOSING = 7, 18
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Planned:
    """An instance to be: of which scenario, and from when on."""

    scenario: Scenario
    at: datetime


def is_loaded() -> bool:
    """Whether the demo, or anything else in its workspaces, is there already."""
    return ProcessInstance.objects.filter(workspace__slug__in=WORKSPACES).exists()


def load(now: datetime, *, progress: Progress, share: float = 1.0) -> Counter[str]:
    """Make the demo; `share` takes only a part of the instances. Returns how often each story was told."""
    workspaces = make_workspaces()
    users = make_people(workspaces)
    rng = random.Random(SEED)  # noqa: S311 (a demo that is the same each time)
    plan = sorted(_plan(rng, now, share), key=lambda planned: planned.at)
    definitions = {each.files: _deploy_first(each, workspaces, users, now) for each in SCENARIOS}
    told: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    for done, planned in enumerate(plan, 1):
        scenario = planned.scenario
        numbers[scenario.files[0]] += 1
        if len(scenario.files) > 1 and _is_second_half(planned.at, now):
            definitions[scenario.files] = _deploy(scenario, scenario.files[1], workspaces, users, planned.at)
        told[_live(planned, numbers[scenario.files[0]], definitions[scenario.files], users, rng, now)] += 1
        progress(done, len(plan))
    remarks.leave(users, workspaces, now)
    begin_anew()
    return told


def _plan(rng: random.Random, now: datetime, share: float) -> Iterator[Planned]:
    for scenario in SCENARIOS:
        for _ in range(max(1, round(scenario.count * share))):
            yield Planned(scenario, _office_hour(rng, now))


def _office_hour(rng: random.Random, now: datetime) -> datetime:
    """Some moment of the past weeks on a working day; more of them lately."""
    age = timedelta(weeks=WEEKS) * rng.random() ** 1.6
    moment = (now - age).replace(
        hour=rng.randint(OPENING, CLOSING), minute=rng.randint(0, 59), second=rng.randint(0, 59)
    )
    while moment.weekday() > 4 or moment > now - timedelta(minutes=10):
        moment -= timedelta(days=1)
    return moment


def _is_second_half(moment: datetime, now: datetime) -> bool:
    return moment > now - timedelta(weeks=WEEKS) / 4


def _live(
    planned: Planned,
    number: int,
    definition: ProcessDefinition,
    users: dict[str, User],
    rng: random.Random,
    now: datetime,
) -> str:
    clock = Clock(planned.at, now - timedelta(minutes=1), pace=rng.uniform(0.4, 1.6))
    business_key, variables = planned.scenario.start(rng, number, planned.at)
    return Life(planned.scenario, definition, users, rng, clock).live(business_key, variables)


def _deploy_first(
    scenario: Scenario, workspaces: dict[str, Workspace], users: dict[str, User], now: datetime
) -> ProcessDefinition:
    at = now - timedelta(weeks=WEEKS, days=3)
    for name in scenario.called:
        _deploy(scenario, name, workspaces, users, at)
    return _deploy(scenario, scenario.files[0], workspaces, users, at)


def _deploy(
    scenario: Scenario, name: str, workspaces: dict[str, Workspace], users: dict[str, User], at: datetime
) -> ProcessDefinition:
    administrator = users[ADMINISTRATORS[scenario.workspace]]
    deploy = actions.Deploy(administrator, channel=Channel.ADMIN, now=at, reason=f"Release of {name}")
    resource = Resource(name, (MODELS / name).read_bytes())
    deployed = deploy.execute(
        [resource], workspace_id=workspaces[scenario.workspace].pk, name=name.removesuffix(".bpmn")
    )
    definition: ProcessDefinition = deployed.definitions[0]
    return definition
