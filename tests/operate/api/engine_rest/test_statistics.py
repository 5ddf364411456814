"""/history/process-definition/{id}/statistics and /metrics."""

from __future__ import annotations

from typing import Any

import pytest

from tests.operate.api.engine_rest.conftest import ORDER, Api

LONG_AGO = "2001-01-01T00:00:00.000%2B0000"
LATER = "2099-01-01T00:00:00.000%2B0000"


@pytest.fixture
def orders(api: Api) -> dict[str, str]:
    """Three orders: one at work, one canceled, one with an incident; their ids and that of their definition."""
    [definition] = api.deploy(ORDER)["deployedProcessDefinitions"].values()
    found = {name: api.start() for name in ("working", "canceled", "stuck")}
    api.complete(found["working"], "approve")
    api.delete(f"/process-instance/{found['canceled']}")
    task = api.external_task(found["stuck"])["id"]
    api.post(f"/external-task/{task}/lock", {"workerId": "w", "lockDuration": 1000})
    api.post(f"/external-task/{task}/failure", {"workerId": "w", "retries": 0})
    return {**found, "definition": definition["id"]}


class TestHistory:
    """Activity instances counted by activity."""

    def counts(self, api: Api, orders: dict[str, str], **params: Any) -> dict[str, dict[str, int]]:
        rows = api.get(f"/history/process-definition/{orders['definition']}/statistics", **params)
        return {row["id"]: row for row in rows}

    def test_active_ones_and_what_is_asked_for(self, api: Api, orders: dict[str, str]) -> None:
        # when
        plain = self.counts(api, orders)
        full = self.counts(api, orders, canceled="true", finished="true", incidents="true", completeScope="true")
        # then
        assert list(plain) == sorted(plain)
        assert [plain["approve"][name] for name in ("instances", "canceled", "finished")] == [1, 0, 0]
        assert [full["approve"][name] for name in ("instances", "canceled", "finished")] == [1, 1, 2]
        assert [full["pack"][name] for name in ("instances", "canceled", "finished")] == [1, 0, 0]
        assert (plain["ship"]["openIncidents"], full["ship"]["openIncidents"]) == (0, 1)
        # when
        api.put(f"/external-task/{api.external_task(orders['stuck'])['id']}/retries", {"retries": 1})
        # then
        ship = self.counts(api, orders, incidents="true")["ship"]
        assert (ship["openIncidents"], ship["resolvedIncidents"], ship["deletedIncidents"]) == (0, 1, 0)

    def test_of_some_process_instances(self, api: Api, orders: dict[str, str]) -> None:
        assert self.counts(api, orders, processInstanceIdIn=orders["working"]).keys() >= {"pack", "delivery"}
        assert "pack" not in self.counts(api, orders, processInstanceIdIn=orders["stuck"])
        assert self.counts(api, orders, finishedBefore=LONG_AGO) == self.counts(api, orders, startedAfter=LATER) == {}
        assert self.counts(api, orders, startedBefore=LATER, incidents="true")["ship"]["openIncidents"] == 1
        ids = list(self.counts(api, orders, sortBy="activityId", sortOrder="desc"))
        assert ids == sorted(ids, reverse=True)

    def test_what_is_wrong_is_refused(self, api: Api, orders: dict[str, str]) -> None:
        address = f"/history/process-definition/{orders['definition']}/statistics"
        for params in ({"canceled": "maybe"}, {"startedAfter": "soon"}, {"sortBy": "activityId"}, {"sortBy": "x"}):
            assert api.refused("GET", address, **params).status == 400
        assert api.refused("GET", "/history/process-definition/order:1:1/statistics").status == 404


class TestMetrics:
    """Sums of what was done."""

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("root-process-instance-start", 3),
            ("process-instances", 3),
            ("activity-instance-start", 18),
            ("flow-node-instances", 18),
            ("job-successful", 0),
            ("unique-task-workers", 1),
            ("task-users", 1),
            ("executed-decision-instances", 0),
        ],
    )
    def test_each_is_counted(self, api: Api, orders: dict[str, str], name: str, expected: int) -> None:
        for instance in ("working", "stuck"):
            [task] = api.get("/task", processInstanceId=orders[instance])
            api.post(f"/task/{task['id']}/claim", {"userId": "ann"})
        assert api.get(f"/metrics/{name}/sum") == {"result": expected}
        assert api.get(f"/metrics/{name}/sum", startDate=LONG_AGO, endDate=LATER) == {"result": expected}
        assert api.get(f"/metrics/{name}/sum", startDate=LATER) == {"result": 0}

    def test_an_end_is_counted_when_it_happens(self, api: Api, order: str) -> None:
        before = api.get("/metrics/activity-instance-end/sum")["result"]
        api.complete(order, "approve")
        assert api.get("/metrics/activity-instance-end/sum")["result"] > before

    def test_what_is_not_counted_is_refused(self, api: Api) -> None:
        assert "'happiness'" in api.refused("GET", "/metrics/happiness/sum").message
        assert api.refused("GET", "/metrics/process-instances/sum", startDate="soon").status == 400
