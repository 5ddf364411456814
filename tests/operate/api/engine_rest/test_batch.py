"""Batches of the Camunda 7 dialect: asked for, watched, paused, repaired and deleted, and their jobs."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import AuditEvent, Channel, Event
from operate.batch.running import run_due_jobs
from tests.operate.api.engine_rest.conftest import Api, process
from tests.operate.api.engine_rest.test_many import BEFORE_PAY, CANCEL_BOOK, elements, modification, start, trip  # noqa: F401

pytestmark = pytest.mark.usefixtures("small_jobs")


@pytest.fixture
def small_jobs(settings: Any) -> None:
    settings.FETTLE_BATCH_INSTANCES_PER_JOB = 2


def modify(api: Api, trip: str, *instances: str, **more: Any) -> dict[str, Any]:  # noqa: F811
    body = modification(trip, CANCEL_BOOK, BEFORE_PAY, processInstanceIds=list(instances), **more)
    return api.post("/modification/executeAsync", body)


def jobs(api: Api, batch: dict[str, Any]) -> list[dict[str, Any]]:
    return api.get("/job", jobDefinitionId=batch["batchJobDefinitionId"])


def is_gone(api: Api, batch: dict[str, Any]) -> bool:
    return api.send("GET", f"/batch/{batch['id']}").status_code == 404


def test_a_batch_is_told(api: Api, trip: str):  # noqa: F811
    instances = [start(api, trip) for _ in range(3)]
    batch = modify(api, trip, *instances)
    id = batch["id"]
    assert batch["startTime"]
    key = int(id.replace("-", ""))
    assert batch == {
        "id": id,
        "type": "instance-modification",
        "totalJobs": 2,
        "jobsCreated": 2,
        "batchJobsPerSeed": 2,
        "invocationsPerBatchJob": 2,
        "seedJobDefinitionId": f"batch:{key}:seed",
        "monitorJobDefinitionId": f"batch:{key}:monitor",
        "batchJobDefinitionId": f"batch:{key}:execution",
        "suspended": False,
        "tenantId": None,
        "createUserId": "admin",
        "startTime": batch["startTime"],
        "executionStartTime": None,
    }
    assert api.get("/batch") == [batch]
    assert api.get(f"/batch/{id}") == batch
    assert api.get("/batch/count") == {"count": 1}
    [statistics] = api.get("/batch/statistics")
    assert (statistics["remainingJobs"], statistics["completedJobs"], statistics["failedJobs"]) == (2, 0, 0)


def test_its_jobs_are_done_by_hand_one_by_one(api: Api, trip: str):  # noqa: F811
    # given
    instances = [start(api, trip) for _ in range(3)]
    batch = modify(api, trip, *instances, annotation="the bank was down")
    for name in ("seedJobDefinitionId", "monitorJobDefinitionId"):
        assert api.get("/job", jobDefinitionId=batch[name]) == []
    first, second = jobs(api, batch)
    assert (first["batchId"], first["retries"], first["jobDefinitionId"]) == (
        batch["id"],
        3,
        batch["batchJobDefinitionId"],
    )
    assert api.get(f"/job/{first['id']}") == first
    assert api.get("/job/count", jobDefinitionId=batch["batchJobDefinitionId"]) == {"count": 2}
    # when
    api.post(f"/job/{first['id']}/execute")
    # then
    assert [elements(api, each) for each in instances] == [["pay"], ["pay"], ["book"]]
    [statistics] = api.get("/batch/statistics")
    assert (statistics["remainingJobs"], statistics["completedJobs"]) == (1, 1)
    assert statistics["executionStartTime"]
    api.post(f"/job/{second['id']}/execute")
    assert is_gone(api, batch)
    assert api.get("/batch") == []
    historic = api.get(f"/history/batch/{batch['id']}")
    assert historic["endTime"] >= historic["startTime"]
    recorded = AuditEvent.objects.filter(event=Event.MODIFY)
    assert {(each.channel, each.reason, each.actor_name) for each in recorded} == {
        (Channel.BATCH, "the bank was down", "admin")
    }


def test_what_failed_is_tried_again_with_new_retries_or_given_up(api: Api, trip: str):  # noqa: F811
    # given one that has ended before its turn, in a job of two
    fine, gone, other = (start(api, trip) for _ in range(3))
    batch = modify(api, trip, fine, gone, other)
    api.delete(f"/process-instance/{gone}")
    run_due_jobs()
    # then its job stands there like an incident
    [job] = jobs(api, batch)
    assert job["retries"] == 0
    assert "has ended" in job["exceptionMessage"]
    assert gone in api.send("GET", f"/job/{job['id']}/stacktrace").content.decode()
    [statistics] = api.get("/batch/statistics", withFailures="true")
    assert (statistics["failedJobs"], statistics["remainingJobs"], statistics["completedJobs"]) == (1, 1, 1)
    assert [elements(api, each) for each in (fine, other)] == [["pay"], ["pay"]]
    # when it is tried again
    api.put(f"/job/{job['id']}/retries", {"retries": 1})
    assert jobs(api, batch)[0]["exceptionMessage"] is None
    refusal = api.refused("POST", f"/job/{job['id']}/execute")
    # then it fails again, and what was done is not done again
    assert gone in refusal.message
    assert elements(api, fine) == ["pay"]
    # when it is given up
    api.delete(f"/job/{job['id']}")
    # then the batch is over
    assert is_gone(api, batch)
    assert api.get("/history/batch", completed="true")[0]["endTime"]


def test_deleting_a_job_concerns_no_other(api: Api, trip: str):  # noqa: F811
    instances = [start(api, trip) for _ in range(4)]
    batch = modify(api, trip, *instances)
    api.delete(f"/job/{jobs(api, batch)[0]['id']}")
    run_due_jobs()
    assert [elements(api, each) for each in instances] == [["book"], ["book"], ["pay"], ["pay"]]
    assert is_gone(api, batch)


def test_a_suspended_batch_rests(api: Api, trip: str):  # noqa: F811
    instance = start(api, trip)
    batch = modify(api, trip, instance)
    for _ in range(2):
        api.put(f"/batch/{batch['id']}/suspended", {"suspended": True})
    assert api.get("/batch", suspended="true")[0]["suspended"] is True
    assert jobs(api, batch)[0]["suspended"] is True
    assert run_due_jobs() == 0
    refusal = api.refused("POST", f"/job/{jobs(api, batch)[0]['id']}/execute")
    assert "it is suspended" in refusal.message
    api.put(f"/batch/{batch['id']}/suspended", {"suspended": False})
    run_due_jobs()
    assert elements(api, instance) == ["pay"]


def test_a_deleted_batch_does_nothing_more(api: Api, trip: str):  # noqa: F811
    instance = start(api, trip)
    batch = modify(api, trip, instance)
    api.delete(f"/batch/{batch['id']}")
    assert run_due_jobs() == 0
    assert elements(api, instance) == ["book"]
    assert is_gone(api, batch)
    assert api.get("/history/batch/count") == {"count": 1}
    api.delete(f"/history/batch/{batch['id']}")
    assert api.get("/history/batch") == []
    cascading = modify(api, trip, instance)
    api.delete(f"/batch/{cascading['id']}", cascade="true")
    assert api.get("/history/batch") == []


def test_one_instance_is_modified_in_the_background(api: Api, trip: str):  # noqa: F811
    instance = start(api, trip)
    book = api.activity(instance, "book")["id"]
    cancel = {"type": "cancel", "activityInstanceId": book}
    batch = api.post(f"/process-instance/{instance}/modification-async", {"instructions": [cancel, BEFORE_PAY]})
    run_due_jobs()
    assert elements(api, instance) == ["pay"]
    assert is_gone(api, batch)


def test_instances_of_another_definition_fail_at_their_turn(api: Api, trip: str):  # noqa: F811
    api.deploy(process("other", "user:book", "user:pay"))
    strange = api.start("other")
    batch = modify(api, trip, strange)
    run_due_jobs()
    assert "does not match given process definition" in jobs(api, batch)[0]["exceptionMessage"]
    assert elements(api, strange) == ["book"]


def test_restarts_link_old_and_new(api: Api, trip: str):  # noqa: F811
    olds = [start(api, trip, businessKey=name) for name in "ABC"]
    for each in olds:
        api.delete(f"/process-instance/{each}")
    query = {"finished": True, "processDefinitionKey": "trip"}
    body = {"historicProcessInstanceQuery": query, "instructions": [BEFORE_PAY]}
    batch = api.post(f"/process-definition/{trip}/restart-async", body)
    assert batch["type"] == "instance-restart"
    run_due_jobs()
    running = api.get("/history/process-instance", unfinished="true")
    assert {each["restartedProcessInstanceId"]: each["businessKey"] for each in running} == dict(
        zip(olds, "ABC", strict=True)
    )


def test_migrations(api: Api, trip: str):  # noqa: F811
    instance = start(api, trip)
    api.deploy(process("trip", "user:reserve", "user:pay"))
    target = api.get("/process-definition", key="trip", latestVersion="true")[0]["id"]
    plan = {
        "sourceProcessDefinitionId": trip,
        "targetProcessDefinitionId": target,
        "instructions": [{"sourceActivityIds": ["book"], "targetActivityIds": ["reserve"]}],
    }
    batch = api.post("/migration/executeAsync", {"migrationPlan": plan, "processInstanceIds": [instance]})
    assert batch["type"] == "instance-migration"
    run_due_jobs()
    assert elements(api, instance) == ["reserve"]


OTHERS: list[tuple[str, dict[str, Any], str]] = [
    ("/process-instance/delete", {"deleteReason": "by mistake"}, "instance-deletion"),
    ("/process-instance/suspended-async", {"suspended": True}, "instance-update-suspension-state"),
    ("/process-instance/variables-async", {"variables": {"fare": {"value": 9}}}, "set-variables"),
    ("/external-task/retries-async", {"retries": 5}, "set-job-retries"),
]


@pytest.mark.parametrize(("path", "more", "kind"), OTHERS, ids=[path for path, _, _ in OTHERS])
def test_other_commands(api: Api, path: str, more: dict[str, Any], kind: str):
    api.deploy(process("trip", "external:book"))
    instances = [api.start("trip"), api.start("trip")]
    batch = api.post(path, {"processInstanceQuery": {"processDefinitionKey": "trip"}, **more})
    assert batch["type"] == kind
    run_due_jobs()
    assert is_gone(api, batch)
    for instance in instances:
        match kind:
            case "instance-deletion":
                historic = api.get(f"/history/process-instance/{instance}")
                assert (historic["state"], historic["deleteReason"]) == ("EXTERNALLY_TERMINATED", "by mistake")
            case "set-variables":
                assert api.variables(instance) == {"fare": 9}
            case "set-job-retries":
                assert api.external_task(instance)["retries"] == 5
            case _:
                assert api.get(f"/process-instance/{instance}")["suspended"] is True


LATE = process("late", "user:first").replace("<userTask", "<userTask camunda:asyncBefore='true'")


def test_retries_and_due_date_of_chosen_jobs(api: Api):
    api.deploy(LATE)
    chosen, found, other = api.start("late"), api.start("late"), api.start("late")
    jobs = {each["processInstanceId"]: each["id"] for each in api.get("/job")}
    due = "2030-01-02T03:04:05.000+0000"
    # when
    body = {"jobIds": [jobs[chosen]], "jobQuery": {"processInstanceId": found}, "retries": 7, "dueDate": due}
    batch = api.post("/job/retries", body)
    # then
    assert (batch["type"], batch["totalJobs"]) == ("set-job-retries", 1)
    run_due_jobs()
    assert is_gone(api, batch)
    now = {each["processInstanceId"]: (each["retries"], each["dueDate"]) for each in api.get("/job")}
    assert now == {chosen: (7, due), found: (7, due), other: (3, None)}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"retries": 1}, "Job ids is empty"),
        ({"jobIds": ["4711000"], "retries": 1}, "No job found with id '4711000'"),
        ({"jobIds": ["x"], "retries": 1}, "No job found with id 'x'"),
        ({"jobQuery": {"activityId": "nowhere"}, "retries": 1}, "Job ids cannot be empty"),
    ],
)
def test_retries_of_no_job_are_refused(api: Api, body: dict[str, Any], expected: str):
    answer = api.send("POST", "/job/retries", body)
    assert answer.status_code in (400, 404)
    assert expected in answer.json()["message"]


def test_a_due_date_for_all_jobs_of_process_instances(api: Api):
    api.deploy(LATE)
    instance, due = api.start("late"), "2030-01-02T03:04:05.000+0000"
    path = "/process-instance/job-retries-historic-query-based"
    query = {"processDefinitionKey": "late"}
    api.post(path, {"historicProcessInstanceQuery": query, "retries": 7, "dueDate": due})
    run_due_jobs()
    [job] = api.get("/job")
    assert (job["processInstanceId"], job["retries"], job["dueDate"]) == (instance, 7, due)


def test_job_retries_and_history(api: Api, trip: str):  # noqa: F811
    instance = start(api, trip)
    batch = api.post("/process-instance/job-retries", {"processInstances": [instance], "retries": 4})
    assert batch["type"] == "set-job-retries"
    api.delete(f"/process-instance/{instance}")
    body = {"historicProcessInstanceIds": [instance], "deleteReason": "no longer wanted"}
    assert api.post("/history/process-instance/delete", body)["type"] == "historic-instance-deletion"
    run_due_jobs()
    assert api.get("/history/process-instance/count") == {"count": 0}


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/modification/executeAsync", {"instructions": []}, "The list of modification instructions is empty"),
        ("/modification/executeAsync", {"processInstanceIds": []}, "Process instance ids is empty"),
        ("/modification/executeAsync", {"processInstanceIds": ["4711000"]}, "process instance with key '4711000'"),
        ("/modification/executeAsync", {"processInstanceIds": ["nonsense"]}, "Process instance with id nonsense"),
        (
            "/modification/executeAsync",
            {"instructions": [{"type": "cancel", "activityInstanceId": "4711"}]},
            "it names an element instance",
        ),
        ("/process-instance/delete", {"skipSubprocesses": True}, "'skipSubprocesses'"),
        ("/process-instance/variables-async", {"variables": {}}, "Variables is empty"),
    ],
)
def test_what_is_wrong_is_said_at_once(api: Api, trip: str, path: str, body: dict[str, Any], expected: str):  # noqa: F811
    given: dict[str, Any] = {"processInstanceIds": [start(api, trip)], **body}
    if path.startswith("/modification"):
        given = modification(trip, BEFORE_PAY) | given
    assert expected in api.refused("POST", path, given).message
    assert api.get("/batch") == []


def test_rights(api: Api, as_user: Any, trip: str):  # noqa: F811
    instance = start(api, trip)
    operator = as_user("operator")  # of another workspace
    refusal = operator.refused("POST", "/process-instance/delete", {"processInstanceIds": [instance]})
    assert refusal.status in (400, 404)
    batch = modify(api, trip, instance)
    assert operator.get("/batch") == operator.get("/history/batch") == []
    assert operator.get("/job", jobDefinitionId=batch["batchJobDefinitionId"]) == []
    for method, path in (
        ("GET", f"/batch/{batch['id']}"),
        ("DELETE", f"/batch/{batch['id']}"),
        ("GET", f"/history/batch/{batch['id']}"),
        ("GET", f"/job/{jobs(api, batch)[0]['id']}"),
        ("POST", f"/job/{jobs(api, batch)[0]['id']}/execute"),
    ):
        assert operator.refused(method, path).status == 404
