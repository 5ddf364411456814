"""Two commands at the same moment end as one after the other, in one of the two orders.

`INVARIANT_PAIRS` tells how many pairs are tried instead of a few.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import count
from random import Random

import pytest
from django.db import transaction

from tests.support.definitions import TABLES, deploy
from tests.support.models import model
from tests.workflow.invariants.commands import Chance, Command, attempt
from tests.workflow.invariants.invariants import World, broken
from tests.workflow.invariants.models import SIGNALS, family
from tests.workflow.test_concurrency import at_once
from workflow import services
from workflow.engine.errors import EngineError
from workflow.graph import Semantics
from workflow.models import ElementInstance, EventSubscription, Job, ProcessInstance, UserTask, Variable, Workspace
from workflow.services import SYSTEM

pytestmark = pytest.mark.django_db(transaction=True)
PAIRS = int(os.environ.get("INVARIANT_PAIRS", "6"))
VARIABLES = {"key": "k", "p": True, "q": False, "again": False, "enough": False, "go": False}
TWO_SIGNALS = model("order", Semantics.CAMUNDA_7, "").replace(
    "</process>",
    "<startEvent id='start'/><parallelGateway id='fork'/><sequenceFlow id='f' sourceRef='start' targetRef='fork'/>"
    + "".join(
        f"<userTask id='t{n}'/><intermediateCatchEvent id='c{n}'><signalEventDefinition signalRef='s{n}'/></intermediateCatchEvent>"
        f"<sequenceFlow id='to{n}' sourceRef='fork' targetRef='t{n}'/><sequenceFlow id='on{n}' sourceRef='t{n}' targetRef='c{n}'/>"
        for n in (1, 2)
    )
    + "</process><signal id='s1' name='s1'/><signal id='s2' name='s2'/>",
)
BY_NAME = ("signal s", "publish", "correlate")
"""Commands that look for who waits, and may miss who begins to wait at the same moment."""
TOLD = (
    (ProcessInstance, ("process_id", "state", "suspended", "active_children", "open_incidents")),
    (ElementInstance, ("element_id", "state", "active_children", "completed_children", "loop_counter")),
    (Job, ("element_id", "kind", "state", "retries")),
    (UserTask, ("element_id", "state")),
    (EventSubscription, ("element_id", "kind", "state")),
    (Variable, ("name", "value")),
)


@pytest.mark.parametrize("semantics", Semantics)
def test_two_commands_on_the_same_process_instances_take_turns(semantics):
    tried = 0
    for seed in count(1):
        tried += _try_pair(Random(seed), semantics)
        if tried == PAIRS:
            return


def _try_pair(random: Random, semantics: Semantics) -> bool:
    """Run two commands one after the other, the other way round, and at once; whether there was anything to command."""
    models = family(random, semantics, levels=2, size=8)
    _remove_everything()
    try:
        services.start_process_instance(deploy(*models)[0].key, variables=VARIABLES)
    except EngineError:
        return False
    chance = Chance(random, Workspace.objects.get(slug="<default>").pk)
    (one, first), (other, second) = chance.command(), chance.command()
    serial = [_serially([first, second]), _serially([second, first])]
    at_once(*(lambda command=command: attempt(command, SYSTEM) for command in (first, second)))
    story = "\n".join([*models, one, other])
    assert not broken(World()), story
    if not one.startswith(BY_NAME) and not other.startswith(BY_NAME):
        assert _now() in serial, story
    return True


def _remove_everything() -> None:
    for table in reversed(TABLES):
        table._default_manager.all().delete()


def _serially(commands: Sequence[Command]) -> object:
    with transaction.atomic():
        for command in commands:
            attempt(command, SYSTEM)
        found = _now()
        transaction.set_rollback(True)
    return found


def _now() -> object:
    """Everything there is, without keys and times."""
    return [sorted(map(repr, table._default_manager.values_list(*names))) for table, names in TOLD]


def test_two_signals_that_find_the_same_process_instances_in_other_orders_do_not_wait_for_each_other():
    definition_key = deploy(TWO_SIGNALS)[0].key
    workspace_id = Workspace.objects.get(slug="<default>").pk
    for _ in range(8):
        started = [services.start_process_instance(definition_key) for _ in range(15)]
        tasks = [{row.element_id: row.key for row in each.user_tasks_created} for each in started]
        for each in tasks:
            services.complete_user_task(each["t1"])
        for each in reversed(tasks):
            services.complete_user_task(each["t2"])
        at_once(*(lambda name=name: services.broadcast_signal(name, workspace_ids=[workspace_id]) for name in SIGNALS))
        assert not ProcessInstance.objects.filter(state="ACTIVE").exists()
