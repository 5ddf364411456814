"""A dry run of any action tells what doing it then tells, and writes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import Channel
from operate import actions
from operate.workspaces import Role
from tests.operate.actions.conftest import Shop
from tests.operate.actions.test_every_action import CASES, Case
from tests.support.outcomes import comparable
from tests.support.tables import contents
from tests.support.wire import wire_traffic
from workflow.persistence.keys import next_key

pytestmark = pytest.mark.django_db

TELL_WHAT_STAYS = (
    actions.SubmitBatch,
    actions.Deploy,
    actions.ExecuteBatchJob,
    actions.ConfigureDataPaths,
    actions.ReindexProcess,
)
"""Keys of what is there from now on, which a dry run cannot have; or whether it was up to us."""


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_dry_run_writes_nothing_and_tells_what_happens_then(case: Case, shop: Shop) -> None:
    # given
    case.prepare(shop)
    key = case.key(shop) if case.key else None
    last = next_key()
    before = contents()

    def answer(*, dry_run: bool) -> Any:
        action = case.action(shop.people[Role.ORG_ADMIN], channel=Channel.ADMIN, dry_run=dry_run)
        return case.call(action, shop, key)

    # when
    told = answer(dry_run=True)
    # then
    assert contents() == before
    # when
    done = answer(dry_run=False)
    # then
    if case.action not in TELL_WHAT_STAYS:
        assert comparable(told, after=last) == comparable(done, after=last)
    assert contents() != before


ON_ONE_INSTANCE = [
    case
    for case in CASES
    if case.action
    in (
        actions.ModifyProcessInstance,
        actions.CancelProcessInstance,
        actions.SuspendProcessInstance,
        actions.SetVariables,
        actions.CompleteUserTask,
        actions.CompleteJob,
        actions.ExecuteJob,
        actions.StartProcessInstance,
    )
]


@pytest.mark.parametrize("case", ON_ONE_INSTANCE, ids=str)
def test_a_dry_run_costs_no_more_statements_and_round_trips_than_the_command(case: Case, shop: Shop) -> None:
    case.prepare(shop)
    key = case.key(shop) if case.key else None
    costs = []
    for dry_run in (True, True, False):  # the first one prepares
        action = case.action(shop.people[Role.ORG_ADMIN], channel=Channel.ADMIN, dry_run=dry_run)
        with wire_traffic() as traffic:
            case.call(action, shop, key)
        beside = traffic.preparations + len(traffic.control)
        costs.append((len(traffic.statements), traffic.round_trips - beside))
    _first, (statements, round_trips), (of_command, trips_of_command) = costs
    assert statements <= of_command
    assert round_trips <= trips_of_command
