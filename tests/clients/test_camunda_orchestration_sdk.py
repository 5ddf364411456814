"""Camunda 8's own Python client, unchanged, against a running server. It refuses answers that lack a field."""

from __future__ import annotations

import asyncio
import importlib
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from tests.clients.conftest import ELEMENTS, MODELS, PATIENCE_S, Server, shown
from tests.operate.api.v2.conftest import JOB, TASK, Api
from tests.operate.api.v2.test_elements import BY_WORKER
from tests.operate.api.v2.test_events import STARTED_BY_MESSAGE, WAITING

pytestmark = pytest.mark.django_db(transaction=True)

MODEL = str(MODELS / "fulfilment_camunda8.bpmn")


@pytest.fixture(scope="module")
def sdk() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package deprecates names of its own while it is imported
        return importlib.import_module("camunda_orchestration_sdk")


@pytest.fixture
def configuration(server: Server) -> dict[str, str]:
    return {
        "CAMUNDA_REST_ADDRESS": server.url,
        "CAMUNDA_AUTH_STRATEGY": "BASIC",
        "CAMUNDA_BASIC_AUTH_USERNAME": server.username,
        "CAMUNDA_BASIC_AUTH_PASSWORD": server.password,
    }


@pytest.fixture
def client(sdk: ModuleType, configuration: dict[str, str]) -> Any:
    with sdk.CamundaClient(configuration=configuration) as client:
        yield client


@pytest.fixture
def api(server: Server) -> Api:
    """The same user, without the client."""
    return Api(get_user_model().objects.get(username=server.username))


def file_with(folder: Path, name: str, xml: str) -> str:
    path = folder / name
    path.write_text(xml)
    return str(path)


Handler = Callable[[Any], dict[str, Any]]


def work(sdk: ModuleType, configuration: dict[str, str], job_type: str, handle: Handler, *, times: int) -> None:
    """Run the package's worker until so many jobs have been handled, and their ends reported."""
    handled = 0

    async def run() -> None:
        enough = asyncio.Event()

        async def counted(job: Any) -> dict[str, Any]:
            nonlocal handled
            handled += 1
            if handled == times:
                enough.set()
            return handle(job)

        wanted = sdk.WorkerConfig(
            job_type=job_type, job_timeout_milliseconds=60_000, request_timeout_milliseconds=200, worker_name="w7"
        )
        async with sdk.CamundaAsyncClient(configuration=configuration) as client:
            worker = client.create_job_worker(wanted, counted)
            running = asyncio.create_task(client.run_workers())
            async with asyncio.timeout(PATIENCE_S):
                await enough.wait()
                while worker.active_jobs:
                    await asyncio.sleep(0.02)
            running.cancel()
            await running

    asyncio.run(run())
    assert handled == times


def test_the_model_is_worked_to_its_end(sdk: ModuleType, client: Any, configuration: dict[str, str]) -> None:
    # given
    [definition] = client.deploy_resources_from_files([MODEL]).processes
    assert (definition.process_definition_id, definition.process_definition_version) == ("fulfilment", 1)
    variables = sdk.ProcessInstanceCreationInstructionBaseVariables.from_dict(
        {"orderId": "B-7", "parcels": ["cup", "vase"]}
    )
    instruction = sdk.ProcessCreationByKey(
        process_definition_key=definition.process_definition_key, variables=variables
    )
    instance = client.create_process_instance(data=instruction).process_instance_key

    # when reserved
    def reserve(job: Any) -> dict[str, Any]:
        assert (job.retries, job.custom_headers.to_dict()) == (2, {"store": "north"})
        assert job.variables.to_dict() == {"orderId": "B-7", "parcels": ["cup", "vase"]}
        return {"shelf": "A4"}

    work(sdk, configuration, "reserve", reserve, times=1)
    # and paid
    payment = sdk.MessageCorrelationRequestVariables.from_dict({"paid": 99.5})
    paid = sdk.MessageCorrelationRequest(name="paid", correlation_key="B-7", variables=payment)
    assert client.correlate_message(data=paid).process_instance_key == instance
    # and approved
    wanted = sdk.UserTaskSearchQuery(filter_=sdk.UserTaskFilter(candidate_group="sales"))
    [task] = client.search_user_tasks(data=wanted).items
    client.assign_user_task(user_task_key=task.user_task_key, data=sdk.UserTaskAssignmentRequest(assignee="ann"))
    approval = sdk.UserTaskCompletionRequestVariables.from_dict({"approved": True})
    client.complete_user_task(user_task_key=task.user_task_key, data=sdk.UserTaskCompletionRequest(variables=approval))

    # and packed; a box breaks, which is put right
    def pack(job: Any) -> dict[str, Any]:
        parcel = job.variables.to_dict()["parcel"]
        if parcel == "vase" and job.retries == 3:
            raise sdk.JobFailure("the box broke", retries=0)
        return {"label": f"for {parcel}"}

    work(sdk, configuration, "pack", pack, times=2)
    open_ones = sdk.IncidentSearchQuery(
        filter_=sdk.IncidentFilter(process_instance_key=instance, state=sdk.IncidentStateExactMatch("ACTIVE"))
    )
    [incident] = client.search_incidents(data=open_ones).items
    assert (incident.error_type.value, incident.error_message) == ("JOB_NO_RETRIES", "the box broke")
    more = sdk.JobUpdateRequest(changeset=sdk.JobChangeset(retries=1))
    client.update_job(job_key=incident.job_key, data=more)
    client.resolve_incident(incident_key=incident.incident_key, data=sdk.IncidentResolutionRequest())
    work(sdk, configuration, "pack", pack, times=1)
    # and it is fetched
    client.broadcast_signal(data=sdk.SignalBroadcastRequest(signal_name="truck"))
    # then
    assert client.get_process_instance(process_instance_key=instance).state.value == "COMPLETED"
    found = shown(instance)
    assert found.state == "COMPLETED"
    assert found.variables == {
        "orderId": "B-7",
        "parcels": ["cup", "vase"],
        "shelf": "A4",
        "paid": 99.5,
        "approved": True,
        "labels": ["for cup", "for vase"],
    }
    assert found.ended == ELEMENTS
    assert found.audit == [
        "Start Process instance",
        "Publish Message",
        "Assign User task",
        "Complete User task",
        "Retry Job",
        "Resolve Incident",
        "Broadcast Signal",
    ]


def test_an_error_ends_it(sdk: ModuleType, client: Any, configuration: dict[str, str]) -> None:
    # given
    client.deploy_resources_from_files([MODEL])
    variables = sdk.MessagePublicationRequestVariables.from_dict({"orderId": "B-8", "item": "shoes"})
    client.publish_message(data=sdk.MessagePublicationRequest(name="ordered", time_to_live=0, variables=variables))

    # when
    def decline(job: Any) -> dict[str, Any]:
        raise sdk.JobError("SOLD_OUT", "none left", {"item": "boots"})

    work(sdk, configuration, "reserve", decline, times=1)
    # then
    [instance] = client.search_process_instances().items
    found = shown(instance.process_instance_key)
    assert found.state == "COMPLETED"
    assert found.variables == {"orderId": "B-8", "item": "shoes", "missing": "boots"}
    assert found.ended == ["ordered", "sold_out", "declined"]
    assert found.audit == ["Publish Message"]


def test_instances_are_read_in_pages(sdk: ModuleType, client: Any) -> None:
    client.deploy_resources_from_files([MODEL])
    start = sdk.ProcessCreationById(process_definition_id="fulfilment")
    started = [client.create_process_instance(data=start).process_instance_key for _ in range(5)]
    field = sdk.ProcessInstanceSearchQuerySortRequestField("processInstanceKey")
    sort = [sdk.ProcessInstanceSearchQuerySortRequest(field=field)]
    pages, page = [], sdk.LimitBasedPagination(limit=2)
    while True:
        answer = client.search_process_instances(data=sdk.ProcessInstanceSearchQuery(sort=sort, page=page))
        if not answer.items:
            break
        assert answer.page.total_items == 5
        pages.append([each.process_instance_key for each in answer.items])
        page = sdk.CursorBasedForwardPagination(after=answer.page.end_cursor, limit=2)
    assert pages == [started[:2], started[2:4], started[4:]]
    last = sdk.ProcessInstanceSearchQuery(sort=sort, page=sdk.OffsetBasedPagination(from_=4, limit=2))
    assert [each.process_instance_key for each in client.search_process_instances(data=last).items] == started[4:]


def test_deploy_start_work_and_search(sdk, client, tmp_path):
    # given
    client.deploy_resources_from_files([file_with(tmp_path, "work.bpmn", JOB), file_with(tmp_path, "order.bpmn", TASK)])
    for process in ("work", "order"):
        client.create_process_instance(data=sdk.ProcessCreationById(process_definition_id=process))
    # when
    request = sdk.JobActivationRequest(type_="work", timeout=10_000, max_jobs_to_activate=5, worker="w")
    [job] = client.activate_jobs(data=request).jobs
    client.complete_job(job_key=job.job_key, data=sdk.JobCompletionRequest())
    [task] = client.search_user_tasks().items
    client.complete_user_task(user_task_key=task.user_task_key, data=sdk.UserTaskCompletionRequest())
    # then
    states = {row.process_definition_id: row.state.value for row in client.search_process_instances().items}
    assert states == {"work": "COMPLETED", "order": "COMPLETED"}
    assert len(client.search_process_definitions().items) == 2
    assert len(client.search_element_instances().items) == 8
    assert [row.state.value for row in client.search_jobs().items] == ["COMPLETED"]
    assert client.get_topology().brokers[0].partitions[0].role.value == "leader"


def test_an_incident_is_found_and_resolved(sdk, client, tmp_path):
    client.deploy_resources_from_files([file_with(tmp_path, "work.bpmn", JOB)])
    client.create_process_instance(data=sdk.ProcessCreationById(process_definition_id="work"))
    [job] = client.search_jobs().items
    client.fail_job(job_key=job.job_key, data=sdk.JobFailRequest(retries=0, error_message="no answer"))
    [incident] = client.search_incidents().items
    assert incident.error_message == "no answer"
    client.update_job(job_key=job.job_key, data=sdk.JobUpdateRequest(changeset=sdk.JobChangeset(retries=1)))
    client.resolve_incident(incident_key=incident.incident_key, data=sdk.IncidentResolutionRequest())
    assert client.get_incident(incident_key=incident.incident_key).state.value == "RESOLVED"


def test_pages_and_histories_are_read_whatever_is_in_them(sdk, client, tmp_path):
    client.deploy_resources_from_files([file_with(tmp_path, "order.bpmn", TASK)])
    for business_id in ("a?b>c~", "ÿ€😀?>~", "a?b>c~~"):
        data = sdk.ProcessCreationById(process_definition_id="order", business_id=business_id)
        instance = client.create_process_instance(data=data)
    with pytest.raises(sdk.errors.NotFoundError):
        client.correlate_message(data=sdk.MessageCorrelationRequest(name="nobody waits"))
    # cursors, and audit events that are about no single thing
    field = sdk.ProcessInstanceSearchQuerySortRequestField("businessId")
    query = sdk.ProcessInstanceSearchQuery(sort=[sdk.ProcessInstanceSearchQuerySortRequest(field=field)])
    assert [row.business_id for row in client.search_process_instances(data=query).items] == [
        "a?b>c~",
        "a?b>c~~",
        "ÿ€😀?>~",
    ]
    assert {row.result.value for row in client.search_audit_logs().items} == {"SUCCESS", "FAIL"}
    key = instance.process_instance_key
    assert client.get_element_instance(element_instance_key=key).type_.value == "PROCESS"
    assert client.get_process_instance_sequence_flows(process_instance_key=key).items[0].element_id == "flow1"
    assert client.get_process_instance_call_hierarchy(process_instance_key=key)[0].process_definition_name == "order"
    assert client.get_authentication().tenants[0].tenant_id == "<default>"
    assert client.get_license().valid_license
    client.cancel_process_instance(process_instance_key=key, data=sdk.CancelProcessInstanceRequest())
    client.delete_process_instance(process_instance_key=key, data=sdk.DeleteProcessInstanceRequest())


def test_events_and_ad_hoc_sub_processes(sdk, client, tmp_path):
    # given
    files = [
        file_with(tmp_path, f"{name}.bpmn", xml)
        for name, xml in (("w", WAITING), ("h", BY_WORKER), ("i", STARTED_BY_MESSAGE))
    ]
    client.deploy_resources_from_files(files)
    variables = sdk.ProcessInstanceCreationInstructionBaseVariables.from_dict({"key": "k"})
    client.create_process_instance(data=sdk.ProcessCreationById(process_definition_id="waiting", variables=variables))
    # what it waits for
    waits = {type(row.details).__name__ for row in client.search_element_instance_wait_states().items}
    assert waits == {f"{kind}WaitStateDetails" for kind in ("Job", "Message", "Signal", "Timer", "UserTask")}
    types = {row.message_subscription_type.value for row in client.search_message_subscriptions().items}
    assert types == {"START_EVENT", "PROCESS_EVENT"}
    # signals and messages
    client.broadcast_signal(data=sdk.SignalBroadcastRequest(signal_name="go"))
    variables = sdk.MessageCorrelationRequestVariables.from_dict({"key": "k2"})
    data = sdk.MessageCorrelationRequest(name="paid", correlation_key="k2", variables=variables)
    started = client.correlate_message(data=data).process_instance_key
    assert client.get_process_instance(process_instance_key=started).process_definition_id == "invoice"
    [correlated] = client.search_correlated_message_subscriptions().items
    assert (correlated.process_instance_key, correlated.element_instance_key) == (started, None)
    # an ad-hoc sub-process, with a worker and by hand
    client.create_process_instance(data=sdk.ProcessCreationById(process_definition_id="helping"))
    request = sdk.JobActivationRequest(type_="agent", timeout=10_000, max_jobs_to_activate=1)
    [job] = client.activate_jobs(data=request).jobs
    assert job.kind.value == "AD_HOC_SUB_PROCESS"
    result = sdk.JobResultAdHocSubProcess(activate_elements=[sdk.JobResultActivateElement(element_id="search")])
    client.complete_job(job_key=job.job_key, data=sdk.JobCompletionRequest(result=result))
    references = [sdk.AdHocSubProcessActivateActivityReference(element_id="call")]
    client.activate_ad_hoc_sub_process_activities(
        ad_hoc_sub_process_instance_key=job.element_instance_key,
        data=sdk.AdHocSubProcessActivateActivitiesInstruction(elements=references),
    )
    found = client.search_element_instances().items
    assert sum(row.type_.value == "AD_HOC_SUB_PROCESS_INNER_INSTANCE" for row in found) == 2


RESOURCES = {
    "process_instance": ("process-instances", {"incidentErrorHashCode"}),
    "element_instance": ("element-instances", set()),
    "process_definition": ("process-definitions", set()),
    "variable": ("variables", set()),
    "job": ("jobs", set()),
    "user_task": ("user-tasks", set()),
    "incident": ("incidents", set()),
    "message_subscription": ("message-subscriptions", set()),
    "correlated_message_subscription": ("correlated-message-subscriptions", set()),
    "audit_log": ("audit-logs", set()),
}


@pytest.mark.parametrize("resource", RESOURCES)
def test_all_that_the_client_can_filter_and_sort_by_is_known(sdk, api, resource):
    path, unknown = RESOURCES[resource]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        models = importlib.import_module("camunda_orchestration_sdk.models")
    name = "".join(word.title() for word in resource.split("_"))
    for field in getattr(models, f"{name}SearchQuerySortRequestField"):
        api("POST", f"/{path}/search", {"sort": [{"field": field.value}]})
    for attribute in vars(getattr(models, f"{name}Filter"))["__attrs_attrs__"]:
        first, *rest = attribute.name.strip("_").split("_")
        field = "$or" if attribute.name == "or_" else first + "".join(word.title() for word in rest)
        if field == "additionalProperties" or field in unknown:
            continue
        # whatever the value should be: an unknown field would be refused by its name
        answer = api.send("POST", f"/{path}/search", {"filter": {field: {"$eq": "ACTIVE"}}})
        assert "Unknown filter" not in answer.content.decode()


def test_wait_states_are_filtered_and_sorted_as_the_client_can(sdk, api):
    models = importlib.import_module("camunda_orchestration_sdk.models")
    path = "/element-instances/wait-states/search"
    for field in models.ElementInstanceWaitStateQuerySortRequestField:
        api("POST", path, {"sort": [{"field": field.value}]})
    for field in ("elementInstanceKey", "processInstanceKey", "rootProcessInstanceKey"):
        assert api("POST", path, {"filter": {field: "1"}})["items"] == []
    for field, value in (("elementId", "x"), ("elementType", "USER_TASK"), ("waitStateType", "TIMER")):
        assert api("POST", path, {"filter": {field: value}})["items"] == []
