"""`operaton-external-task-client-python3`: workers that run until they are stopped, with and without asyncio."""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.clients.conftest import ELEMENTS, PATIENCE_S, Server, camunda_7, deploy_to_camunda_7, shown

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the package is written for an older pydantic
    from operaton.client.engine_client import EngineClient
    from operaton.external_task.async_external_task_worker import AsyncExternalTaskWorker
    from operaton.external_task.external_task import ExternalTask, TaskResult
    from operaton.external_task.external_task_worker import ExternalTaskWorker
    from operaton.process_definition.process_definition_client import ProcessDefinitionClient

pytestmark = pytest.mark.django_db(transaction=True)

Action = Callable[[ExternalTask], TaskResult]


@pytest.fixture
def configuration(server: Server) -> dict[str, Any]:
    return {
        "auth_basic": {"username": server.username, "password": server.password},
        "maxTasks": 2,
        "lockDuration": 60_000,
        "asyncResponseTimeout": 100,
        "retryTimeout": 0,
        "sleepSeconds": 0.05,
    }


@contextmanager
def stopping_in_time() -> Iterator[threading.Event]:
    """Tells the worker to stop; also if it waits in vain, which then shows in what has not been done."""
    stop = threading.Event()
    timer = threading.Timer(PATIENCE_S, stop.set)
    timer.start()
    yield stop
    timer.cancel()


@pytest.fixture
def work(server: Server, configuration: dict[str, Any]) -> Callable[[str, Action, int], None]:
    """Run the worker until so many external tasks of a topic have been worked."""

    def run(topic: str, action: Action, times: int) -> None:
        done: list[TaskResult] = []

        def counted(task: ExternalTask) -> TaskResult:
            done.append(action(task))
            if len(done) == times:
                stop.set()
            return done[-1]

        with stopping_in_time() as stop:
            ExternalTaskWorker("w3", server.engine_rest, configuration, stop).subscribe(topic, counted)
        assert len(done) == times

    return run


def test_the_model_is_worked_to_its_end(server: Server, configuration: dict[str, Any], work: Any) -> None:
    # given
    deploy_to_camunda_7(server)
    engine = EngineClient(server.engine_rest, configuration)
    instance = engine.start_process("fulfilment", {"parcels": 2, "gift": True}, business_key="B-7")["id"]
    assert [each["id"] for each in engine.get_process_instance("fulfilment", ["parcels_eq_2"])] == [instance]

    # when reserved
    def reserve(task: ExternalTask) -> TaskResult:
        assert task.get_variables() == {"parcels": 2, "gift": True}
        assert (task.get_business_key(), task.get_extension_properties()) == ("B-7", {"store": "north"})
        return task.complete({"shelf": "A4", "note": {"value": '{"fragile":true}', "type": "Json"}})

    work("reserve", reserve, 1)
    # and paid
    [correlated] = engine.correlate_message("paid", process_instance_id=instance, process_variables={"paid": 99.5})
    assert correlated["execution"]["processInstanceId"] == instance
    # and reminded before it is approved
    [reminder] = engine.get_jobs(0, 10, process_instance_id=instance)
    assert engine.set_job_retry(reminder["id"], 5)
    camunda_7(server, "POST", f"/job/{reminder['id']}/execute")
    assert engine.get_jobs(0, 10, process_instance_id=instance) == []
    [task] = camunda_7(server, "GET", "/task", params={"processInstanceId": instance})
    camunda_7(server, "POST", f"/task/{task['id']}/complete", {})

    # and one of two parcels breaks twice, which is put right
    def pack(task: ExternalTask) -> TaskResult:
        if task.get_variable("loopCounter") == 1:
            return task.failure("the box broke", "on all sides", max_retries=1, retry_timeout=0)
        return task.complete()

    work("pack", pack, 3)
    [incident] = camunda_7(server, "GET", "/incident", params={"processInstanceId": instance})
    assert incident["incidentMessage"] == "the box broke"
    camunda_7(server, "PUT", f"/external-task/{incident['configuration']}/retries", {"retries": 1})
    work("pack", lambda task: task.complete({}, {"tape": "strong"}), 1)
    # and it is fetched
    camunda_7(server, "POST", "/signal", {"name": "truck"})
    # then
    assert engine.get_process_instance_history(instance)["state"] == "COMPLETED"
    found = shown(instance)
    assert found.state == "COMPLETED"
    assert found.variables == {
        "parcels": 2,
        "gift": True,
        "shelf": "A4",
        "note": {"fragile": True},
        "paid": 99.5,
    }
    assert Counter(found.ended) == Counter([*ELEMENTS, "remind", "reminded"])
    assert found.audit == [
        "Start Process instance",
        "Correlate Message",
        "Retry Job",
        "Execute Job",
        "Complete User task",
        "Retry Job",
        "Broadcast Signal",
    ]


def test_an_error_ends_it(server: Server, configuration: dict[str, Any], work: Any) -> None:
    deploy_to_camunda_7(server)
    definitions = ProcessDefinitionClient(server.engine_rest, configuration)
    instance = definitions.start_process_by_version("fulfilment", "1.0", {"parcels": 1})["id"]
    work("reserve", lambda task: task.bpmn_error("SOLD_OUT", "none left", {"missing": "shoes"}), 1)
    found = shown(instance)
    assert found.state == "COMPLETED"
    assert found.variables == {"parcels": 1, "missing": "shoes", "why": "none left"}
    assert found.ended == ["start", "sold_out", "declined"]
    assert found.audit == ["Start Process instance"]


def test_asynchronous_workers_share_the_work(server: Server, configuration: dict[str, Any]) -> None:
    # given
    deploy_to_camunda_7(server)
    engine = EngineClient(server.engine_rest, configuration)
    instances = [engine.start_process("fulfilment", {"parcels": 1})["id"] for _ in range(3)]

    # when
    async def run() -> None:
        async def reserve(task: ExternalTask) -> TaskResult:
            return task.complete({"by": task.get_worker_id()})

        worker = AsyncExternalTaskWorker("w4", server.engine_rest, configuration)
        polling = asyncio.create_task(worker.subscribe({"reserve": reserve}))
        async with asyncio.timeout(PATIENCE_S):
            while await asyncio.to_thread(camunda_7, server, "GET", "/external-task/count") != {"count": 0}:
                await asyncio.sleep(0.02)
        await worker.stop()
        await polling

    asyncio.run(run())
    # then
    for instance in instances:
        found = shown(instance)
        assert (found.state, found.variables, found.ended) == (
            "ACTIVE",
            {"parcels": 1, "by": "w4"},
            ["start", "reserve"],
        )
