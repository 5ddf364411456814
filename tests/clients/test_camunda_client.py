"""`camunda-client`, asynchronous and typed: it checks every answer against its models, ids being UUIDs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from camunda_client import (
    CamundaEngineClient,
    ExternalTaskClient,
    ExternalTaskConfig,
    ExternalTaskContext,
    ExternalTaskWorker,
)
from camunda_client.clients.dto import AuthData
from camunda_client.clients.engine.dto import GetTaskVariableDTO, UpdateTaskVariableDTO
from camunda_client.clients.engine.schemas import (
    GetHistoryTasksFilterSchema,
    GetTasksFilterSchema,
    ProcessInstanceQuerySchema,
    SendCorrelationMessageSchema,
)
from camunda_client.clients.engine.schemas.body import (
    HistoricProcessInstanceFilterSchema,
    HistoryVariableInstanceFilterSchema,
    UpdateProcessVariablesSchema,
    VariableInstanceFilterSchema,
)
from camunda_client.clients.engine.schemas.query import (
    HistoryVariableInstanceFilterParamsSchema,
    VariableInstanceFilterParamsSchema,
)
from camunda_client.clients.schemas import PaginationParams
from camunda_client.exceptions import CamundaClientError
from camunda_client.utils import deserialize

from tests.clients.conftest import ELEMENTS, Server, camunda_7, deploy_to_camunda_7, shown

pytestmark = pytest.mark.django_db(transaction=True)

SOMEBODY = UUID("6f1c3a52-5f0e-4c36-9a77-0d8c2f1f4a10")
CONFIGURATION = ExternalTaskConfig(
    max_tasks=2, async_response_timeout=timedelta(milliseconds=100), retry_timeout=timedelta(0)
)


@dataclass
class Clients:
    """Both clients of the package, on one connection pool."""

    engine: CamundaEngineClient
    external: ExternalTaskClient

    async def work(self, topic: str, do: Callable[[ExternalTaskContext], Awaitable[None]], *, times: int = 1) -> None:
        """Run the package's worker until so many external tasks have been worked."""
        worker = ExternalTaskWorker(self.external, pull_interval=timedelta(milliseconds=20))
        done = 0
        async with worker.subscribe(topic) as tasks, worker:
            async for task in tasks:
                await do(task)
                done += 1
                if done == times:
                    break


@asynccontextmanager
async def clients(server: Server) -> AsyncIterator[Clients]:
    login = AuthData(*server.login)
    async with httpx.AsyncHTTPTransport() as transport:
        yield Clients(
            CamundaEngineClient(server.engine_rest, login, transport),
            ExternalTaskClient("w2", server.engine_rest, login, transport, CONFIGURATION),
        )


async def start(camunda: Clients, business_key: str) -> UUID:
    variables = {"parcels": deserialize(2), "address": deserialize({"city": "Ghent", "floors": [1, 2]})}
    started = await camunda.engine.start_process("fulfilment", business_key, variables)
    return started.id


async def look_into(camunda: Clients) -> None:
    """Take an external task, keep it longer, and give it back."""
    [locked] = await camunda.external.fetch_and_lock(["reserve"], business_key="B-7")
    await camunda.external.extend_lock(locked.id, new_duration=120_000)
    held = await camunda.engine.get_external_task(locked.id)
    assert held is not None
    assert (held.worker_id, held.priority, held.process_definition_version_tag) == ("w2", 7, "1.0")
    assert held.lock_expiration_time is not None
    assert locked.lock_expiration_time is not None
    assert held.lock_expiration_time > locked.lock_expiration_time
    assert await camunda.engine.get_external_task_error_details(locked.id) is None
    await camunda.external.unlock(locked.id)


async def reserve(context: ExternalTaskContext) -> None:
    async with context as task:
        assert task.parsed_variables["address"] == {"city": "Ghent", "floors": [1, 2]}
        ready_at = deserialize(datetime(2026, 11, 30, 8, tzinfo=UTC))
        await context.complete(global_variables={"shelf": deserialize("A4"), "ready_at": ready_at})


async def approve(camunda: Clients, instance: UUID) -> None:
    """Take the user task from its group's list, look at it from all sides, and complete it."""
    engine = camunda.engine
    offered = GetTasksFilterSchema(candidate_group="sales", process_instance_id=instance)
    [task] = await engine.get_tasks(offered, PaginationParams(limit=10, offset=0))
    assert (await engine.get_tasks_count(offered)).count == 1
    await engine.claim_task(task.id, SOMEBODY)
    await engine.unclaim_task(task.id)
    await engine.set_assignee_task(task.id, SOMEBODY)
    changed = await engine.get_task(task.id)
    assert changed is not None
    assert changed.assignee_uuid == SOMEBODY
    await engine.update_task(task.id, schema=changed.model_copy(update={"priority": 70}))
    assert {link.type: link.user_id or link.group_id for link in await engine.get_identity_links(task.id)} == {
        "assignee": SOMEBODY,
        "candidate": "sales",
    }
    await engine.update_task_variable(UpdateTaskVariableDTO(task.id, "note", deserialize("call first"), True))
    note = await engine.get_task_variable(GetTaskVariableDTO(task.id, "note", is_local_variable=True))
    assert note is not None
    assert note.value == "call first"
    assert await engine.get_task_variable(GetTaskVariableDTO(task.id, "nothing")) is None
    parcels = await engine.get_typed_task_variable(GetTaskVariableDTO(task.id, "parcels"), int)
    assert parcels is not None
    assert parcels.value == 2
    await engine.submit_task_form(task.id, {"approved": deserialize(True)})
    assert await engine.get_task(task.id) is None


async def pack(context: ExternalTaskContext) -> None:
    async with context:
        await context.complete()


async def break_box(context: ExternalTaskContext) -> None:
    """The second parcel's box breaks: the client reports what was raised, and lets it through."""
    with suppress(ValueError):
        async with context as task:
            if task.parsed_variables["loopCounter"] == 1:
                raise ValueError("the box broke")
            await context.complete()


def test_the_model_is_worked_to_its_end(server: Server) -> None:
    async def work() -> UUID:
        async with clients(server) as camunda:
            engine = camunda.engine
            # when reserved, paid and approved
            instance = await start(camunda, "B-7")
            await look_into(camunda)
            await camunda.work("reserve", reserve)
            paid = SendCorrelationMessageSchema(
                message_name="paid",
                business_key="B-7",
                process_variables={"paid": deserialize(99.5)},
                result_enabled=True,
            )
            assert await engine.send_correlation_message(paid)
            await approve(camunda, instance)
            # and one of two parcels breaks, which is put right
            await camunda.work("pack", break_box, times=2)
            [incident] = await engine.get_incidents(
                "failedExternalTask", pagination=PaginationParams(limit=5, offset=0)
            )
            assert (incident.process_instance_id, incident.incident_message) == (instance, "ValueError")
            details = await engine.get_external_task_error_details(str(incident.configuration))
            assert details is not None
            assert "the box broke" in details
            retries = f"/external-task/{incident.configuration}/retries"
            await asyncio.to_thread(camunda_7, server, "PUT", retries, {"retries": 1})
            await camunda.work("pack", pack)
            # and a variable is changed
            update = UpdateProcessVariablesSchema(modifications={"shelf": deserialize("B1")}, deletions=["paid"])
            await engine.update_variable_instances(process_instance_id=instance, schema=update)
            return instance

    deploy_to_camunda_7(server)
    instance = asyncio.run(work())
    camunda_7(server, "POST", "/signal", {"name": "truck"})
    # then
    found = shown(str(instance))
    assert found.state == "COMPLETED"
    assert found.variables == {
        "parcels": 2,
        "address": {"city": "Ghent", "floors": [1, 2]},
        "shelf": "B1",
        "ready_at": "2026-11-30T08:00:00.000+0000",
        "approved": True,
    }
    assert found.ended == ELEMENTS
    assert found.audit == [
        "Start Process instance",
        "Unlock Job",
        "Correlate Message",
        *["Assign User task"] * 3,
        "Update User task",
        "Update Process variables",
        "Complete User task",
        "Retry Job",
        "Update Process variables",
        "Broadcast Signal",
    ]


def test_a_message_starts_it_and_an_error_ends_it(server: Server) -> None:
    async def decline(context: ExternalTaskContext) -> None:
        async with context:
            await context.bpmn_error("SOLD_OUT", "none left", {"missing": deserialize("shoes")})

    async def work() -> UUID:
        async with clients(server) as camunda:
            ordered = SendCorrelationMessageSchema(
                message_name="ordered", process_variables={"parcels": deserialize(1)}, result_enabled=True
            )
            answer = await camunda.engine.send_correlation_message(ordered)
            await camunda.work("reserve", decline)
            assert answer
            [correlated] = answer
            return UUID(correlated["processInstance"]["id"])

    deploy_to_camunda_7(server)
    found = shown(str(asyncio.run(work())))
    assert found.state == "COMPLETED"
    assert found.variables == {"parcels": 1, "missing": "shoes", "why": "none left"}
    assert found.ended == ["ordered", "sold_out", "declined"]
    assert found.audit == ["Correlate Message"]


def test_what_runs_and_what_has_ended_is_read_in_pages(server: Server) -> None:
    async def work() -> list[UUID]:
        async with clients(server) as camunda:
            engine = camunda.engine
            instances = [await start(camunda, f"B-{number}") for number in range(3)]
            # what runs
            query = ProcessInstanceQuerySchema(process_definition_key="fulfilment", active=True)
            assert {each.id for each in await engine.get_process_instances(query)} == set(instances)
            variables = VariableInstanceFilterParamsSchema(process_instance_id_in=instances, variable_name="parcels")
            page = PaginationParams(limit=2, offset=1)
            assert len(await engine.get_variable_instances(variables, page)) == 2
            posted = VariableInstanceFilterSchema(process_instance_id_in=instances[:1])
            found = await engine.get_variable_instances_post(posted, variable_name_in=["address"])
            assert [each.name for each in found] == ["address"]
            # what has ended
            await engine.delete_process(str(instances[0]))
            with pytest.raises(CamundaClientError) as refusal:
                await engine.delete_process(str(instances[0]))
            assert refusal.value.status_code == 404
            ended = await engine.get_history_process_instances(HistoricProcessInstanceFilterSchema(finished=True))
            assert [(each.id, each.business_key) for each in ended] == [(instances[0], "B-0")]
            historic = await engine.get_history_process_instance(instances[0])
            assert historic is not None
            assert historic.state is not None
            assert historic.state.value == "EXTERNALLY_TERMINATED"
            assert await engine.get_history_process_instance(SOMEBODY) is None
            filtered = HistoryVariableInstanceFilterParamsSchema(process_instance_id=instances[0])
            assert {each.name for each in await engine.get_history_variable_instances(filtered)} == {
                "parcels",
                "address",
            }
            wanted = HistoryVariableInstanceFilterSchema(process_instance_id=instances[0], variable_name_in=["parcels"])
            assert len(await engine.get_history_variable_instances_post(wanted)) == 1
            tasks = GetHistoryTasksFilterSchema(process_instance_id=instances[1])
            assert await engine.get_history_tasks(tasks, PaginationParams(limit=5, offset=0)) == []
            return instances

    deploy_to_camunda_7(server)
    instances = asyncio.run(work())
    assert [shown(str(each)).state for each in instances] == ["CANCELED", "ACTIVE", "ACTIVE"]
    assert shown(str(instances[0])).audit == [
        "Start Process instance",
        "Cancel Process instance",
        "Cancel Process instance (refused)",
    ]
