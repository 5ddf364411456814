"""Lists cost as many statements for many rows as for few, and count only if they are asked to."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.operate.api.engine_rest.conftest import ORDER, Api

LISTS = (
    "/deployment",
    "/process-definition",
    "/process-definition/statistics?incidents=true",
    "/process-instance",
    "/execution",
    "/task",
    "/external-task",
    "/variable-instance",
    "/incident",
    "/event-subscription",
    "/history/process-instance",
    "/history/activity-instance",
    "/history/variable-instance",
    "/history/incident",
    "/history/task",
    "/history/user-operation",
)


def statements(api: Api, path: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert api.get(path)
    return [each["sql"] for each in captured.captured_queries]


def grow(api: Api, instances: int) -> None:
    api.deploy(ORDER)
    for _ in range(instances):
        instance = api.start(variables={"n": {"value": 1}})
        task = api.external_task(instance)["id"]
        api.post(f"/external-task/{task}/lock", {"workerId": "w", "lockDuration": 1000})
        api.post(f"/external-task/{task}/failure", {"workerId": "w", "retries": 0})


@pytest.mark.parametrize("path", LISTS)
def test_statements_do_not_grow_with_rows(api: Api, path: str) -> None:
    # given
    grow(api, 1)
    api.get(path)  # models are read once per server process
    few = statements(api, path)
    # when
    grow(api, 4)
    api.get(path)
    many = statements(api, path)
    # then
    assert len(many) == len(few) <= 4
    assert not any("COUNT(" in sql for sql in many) or "statistics" in path


def test_the_tree_costs_the_same_for_one_token_and_for_many(api: Api, order: str) -> None:
    # given
    address = f"/process-instance/{order}/activity-instances"
    few = statements(api, address)
    # when
    start = {"type": "startBeforeActivity", "activityId": "approve"}
    api.post(f"/process-instance/{order}/modification", {"instructions": [start] * 20})
    # then
    assert len(statements(api, address)) == len(few) == 3


def test_fetching_work_costs_the_same_for_one_task_and_for_many(api: Api) -> None:
    # given
    topics = [{"topicName": "ship", "lockDuration": 1000}]

    def fetch(number: int) -> int:
        body = {"workerId": "w", "maxTasks": number, "topics": topics}
        with CaptureQueriesContext(connection) as captured:
            assert len(api.post("/external-task/fetchAndLock", body)) == number
        return len(captured.captured_queries)

    api.deploy(ORDER)
    for _ in range(12):
        api.start()
    # then
    assert fetch(1) == fetch(11)
