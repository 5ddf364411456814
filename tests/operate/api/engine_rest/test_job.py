"""/job and /job-definition: timers and asynchronous continuations."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.operate.api.engine_rest.conftest import Api
from workflow.models import Job

BAKERY = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="bakery">
  <process id="bread" isExecutable="true" camunda:historyTimeToLive="P30D">
    <startEvent id="start" camunda:asyncBefore="true" camunda:jobPriority="7" />
    <sequenceFlow id="f1" sourceRef="start" targetRef="knead" />
    <scriptTask id="knead" name="Knead" scriptFormat="juel" camunda:resultVariable="dough" camunda:asyncAfter="true">
      <script>${flour + water}</script>
    </scriptTask>
    <sequenceFlow id="f2" sourceRef="knead" targetRef="rise" />
    <userTask id="rise" name="Rise" />
    <boundaryEvent id="risen" attachedToRef="rise">
      <timerEventDefinition><timeDuration>PT2H</timeDuration></timerEventDefinition>
    </boundaryEvent>
    <sequenceFlow id="f3" sourceRef="risen" targetRef="bake" />
    <userTask id="bake" name="Bake" />
  </process>
</definitions>
"""
EXTERNAL = '<serviceTask id="rise" camunda:type="external" camunda:topic="oven" />'
CLOCK = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    targetNamespace="bakery">
  <process id="morning" isExecutable="true" camunda:historyTimeToLive="P30D">
    <startEvent id="early">
      <timerEventDefinition><timeDate>2099-01-01T04:00:00Z</timeDate></timerEventDefinition>
    </startEvent>
    <sequenceFlow id="f1" sourceRef="early" targetRef="open" />
    <userTask id="open" />
  </process>
</definitions>
"""


def numbers(**values: int) -> dict[str, Any]:
    return {name: {"value": value, "type": "Integer"} for name, value in values.items()}


@pytest.fixture
def bread(api: Api) -> str:
    """Bread that somebody is about to start; its id."""
    api.deploy(BAKERY)
    return api.start("bread", variables=numbers(flour=2, water=1))


@pytest.fixture
def rising(api: Api, bread: str) -> str:
    """Bread that rises until a timer is due; its id."""
    for _ in range(2):
        api.post(f"/job/{one_job(api, bread)['id']}/execute")
    return bread


def one_job(api: Api, instance: str) -> dict[str, Any]:
    [found] = api.get("/job", processInstanceId=instance)
    return found


class TestExecuting:
    """Jobs that are run by hand."""

    def test_a_token_waits_before_an_activity(self, api: Api, bread: str) -> None:
        # given
        job = one_job(api, bread)
        tree = api.get(f"/process-instance/{bread}/activity-instances")
        # then
        [entering] = tree["childTransitionInstances"]
        assert tree["childActivityInstances"] == []
        assert (entering["activityId"], entering["activityType"], entering["id"]) == (
            "start",
            "startEvent",
            job["executionId"],
        )
        assert api.get("/history/activity-instance", processInstanceId=bread) == []
        assert job == api.get(f"/job/{job['id']}")
        assert (job["retries"], job["priority"], job["suspended"], job["exceptionMessage"]) == (3, 7, False, None)
        assert (job["processInstanceId"], job["processDefinitionKey"]) == (bread, "bread")

    def test_and_behind_one(self, api: Api, bread: str) -> None:
        # when
        api.post(f"/job/{one_job(api, bread)['id']}/execute")
        # then
        tree = api.get(f"/process-instance/{bread}/activity-instances")
        [leaving] = tree["childTransitionInstances"]
        assert tree["childActivityInstances"] == []
        assert (leaving["activityId"], leaving["activityType"], leaving["activityName"]) == (
            "knead",
            "scriptTask",
            "Knead",
        )
        assert leaving["id"] == one_job(api, bread)["executionId"]
        assert api.variables(bread)["dough"] == 3

    def test_a_timer_need_not_be_due(self, api: Api, rising: str) -> None:
        # given
        timer = one_job(api, rising)
        assert (timer["executionId"], timer["dueDate"] is None) == (api.activity(rising, "rise")["id"], False)
        # when
        api.post(f"/job/{timer['id']}/execute")
        # then
        assert api.tree(rising) == ["bake"]
        assert api.get("/job", processInstanceId=rising) == []
        assert api.refused("POST", f"/job/{timer['id']}/execute").status == 404

    def test_a_failure_takes_a_retry_and_the_last_one_leaves_an_incident(self, api: Api) -> None:
        # given
        api.deploy(BAKERY)
        bread = api.start("bread", variables=numbers(flour=2))
        job = one_job(api, bread)["id"]
        # when
        refusal = api.refused("POST", f"/job/{job}/execute")
        # then
        assert refusal.status == 400
        assert "water" in refusal.message
        failed = one_job(api, bread)
        assert (failed["id"], failed["retries"], failed["exceptionMessage"]) == (job, 2, refusal.message)
        assert failed["failedActivityId"] == "start"
        assert api.get("/incident") == []
        # when
        api.put(f"/job/{job}/retries", {"retries": 1})
        api.refused("POST", f"/job/{job}/execute")
        # then
        [incident] = api.get("/incident", incidentType="failedJob")
        assert (incident["configuration"], incident["activityId"], incident["jobDefinitionId"]) == (
            job,
            "start",
            failed["jobDefinitionId"],
        )
        [entering] = api.get(f"/process-instance/{bread}/activity-instances")["childTransitionInstances"]
        assert entering["incidentIds"] == [incident["id"]]
        assert api.get("/incident/count", incidentType="failedExternalTask") == {"count": 0}
        assert api.get("/incident/count", jobDefinitionIdIn=failed["jobDefinitionId"]) == {"count": 1}
        assert api.get("/history/incident")[0]["incidentType"] == "failedJob"
        # when
        deleting = api.refused("DELETE", f"/incident/{incident['id']}")
        api.put(f"/process-instance/{bread}/variables/water", {"value": 1, "type": "Integer"})
        api.put(f"/job/{job}/retries", {"retries": 2})
        # then
        assert f"give job '{job}' new retries" in deleting.message
        assert api.get("/incident") == []
        api.post(f"/job/{job}/execute")
        assert api.variables(bread)["dough"] == 3

    def test_what_went_wrong_is_told_as_text(self, api: Api) -> None:
        # given
        api.deploy(BAKERY)
        job = one_job(api, api.start("bread"))["id"]
        assert api.send("GET", f"/job/{job}/stacktrace").status_code == 204
        # when
        api.refused("POST", f"/job/{job}/execute")
        # then
        answer = api.send("GET", f"/job/{job}/stacktrace")
        assert answer["Content-Type"].startswith("text/plain")
        assert "flour" in answer.content.decode()

    def test_nothing_runs_in_a_suspended_process_instance(self, api: Api, bread: str) -> None:
        # given
        api.put(f"/process-instance/{bread}/suspended", {"suspended": True})
        job = one_job(api, bread)
        # when
        refusal = api.refused("POST", f"/job/{job['id']}/execute")
        # then
        assert "is suspended" in refusal.message
        assert one_job(api, bread) == job | {"suspended": True}


class TestChanging:
    """Retries, due date, priority, suspension, and taking a job away."""

    def test_each_by_itself(self, api: Api, rising: str) -> None:
        # given
        job = one_job(api, rising)
        address = f"/job/{job['id']}"
        # when
        api.put(f"{address}/retries", {"retries": 5})
        api.put(f"{address}/duedate", {"duedate": "2031-01-02T03:04:05.000+0000", "cascade": False})
        api.put(f"{address}/priority", {"priority": 2**40})
        api.put(f"{address}/suspended", {"suspended": True})
        # then
        changed = {"retries": 5, "dueDate": "2031-01-02T03:04:05.000+0000", "priority": 2**40, "suspended": True}
        assert one_job(api, rising) == job | changed
        # when
        api.put(f"{address}/retries", {"retries": 1, "dueDate": "2032-01-02T03:04:05.000+0000"})
        api.put(f"{address}/suspended", {"suspended": False})
        # then
        more = {"retries": 1, "dueDate": "2032-01-02T03:04:05.000+0000", "suspended": False}
        assert one_job(api, rising) == job | changed | more
        # when
        api.put(f"{address}/duedate", {"duedate": None})
        # then
        assert one_job(api, rising)["dueDate"] is None

    def test_no_retries_are_an_incident(self, api: Api, rising: str) -> None:
        job = one_job(api, rising)["id"]
        api.put(f"/job/{job}/retries", {"retries": 0})
        [incident] = api.get("/incident", processInstanceId=rising)
        assert (incident["incidentType"], incident["configuration"]) == ("failedJob", job)
        api.put(f"/job/{job}/retries", {"retries": 1})
        assert api.get("/incident", processInstanceId=rising) == []

    def test_a_deleted_job_never_runs(self, api: Api, rising: str) -> None:
        job = one_job(api, rising)["id"]
        api.delete(f"/job/{job}")
        assert api.get("/job", processInstanceId=rising) == []
        assert api.refused("DELETE", f"/job/{job}").status == 404
        assert api.tree(rising) == ["rise"]

    @pytest.mark.parametrize(
        "name", ["processInstanceId", "processDefinitionId", "processDefinitionKey", "jobDefinitionId"]
    )
    def test_many_are_suspended_at_once(self, api: Api, rising: str, name: str) -> None:
        # given
        job = one_job(api, rising)
        other = api.start("bread", variables=numbers(flour=1, water=1))
        # when
        api.put("/job/suspended", {name: job[name], "suspended": True})
        # then
        concerned = 2 if name.startswith("processDefinition") else 1
        assert api.get("/job/count", suspended="true") == {"count": concerned}
        assert one_job(api, rising)["suspended"] is True
        # when
        api.put("/job/suspended", {name: job[name], "suspended": False})
        # then
        assert api.get("/job/count", active="true") == {"count": 2}
        assert api.tree(other) == []

    def test_a_key_is_one_of_a_tenant(self, api: Api, bread: str) -> None:
        for tenant in ({"processDefinitionTenantId": "loans"}, {"processDefinitionTenantId": "mars"}):
            api.put("/job/suspended", {"processDefinitionKey": "bread", "suspended": True, **tenant})
            assert one_job(api, bread)["suspended"] is False
        body = {"processDefinitionKey": "bread", "suspended": True, "processDefinitionWithoutTenantId": True}
        api.put("/job/suspended", body)
        assert one_job(api, bread)["suspended"] is True

    @pytest.mark.parametrize(
        ("path", "body", "reason"),
        [
            ("retries", {"retries": -1}, "'retries'"),
            ("retries", {"retries": "many"}, "'retries'"),
            ("retries", {}, "'retries'"),
            ("retries", {"retries": 1, "dueDate": "soon"}, "'dueDate'"),
            ("duedate", {"duedate": "soon"}, "'duedate'"),
            ("priority", {"priority": 2**63}, "'priority'"),
            ("priority", {"priority": None}, "'priority'"),
            ("suspended", {"suspended": "perhaps"}, "'suspended'"),
            ("suspended", {"asleep": True}, "'asleep'"),
        ],
    )
    def test_what_is_wrong_is_refused_by_name(
        self, api: Api, rising: str, path: str, body: dict[str, Any], reason: str
    ) -> None:
        job = one_job(api, rising)
        refusal = api.refused("PUT", f"/job/{job['id']}/{path}", body)
        assert (refusal.status, refusal.type) == (400, "InvalidRequestException")
        assert reason in refusal.message
        assert one_job(api, rising) == job

    @pytest.mark.parametrize(
        "body",
        [
            {"suspended": True},
            {"suspended": True, "processInstanceId": "1", "jobDefinitionId": "2"},
            {"suspended": True, "processDefinitionKey": "x", "processDefinitionTenantId": "t",
             "processDefinitionWithoutTenantId": True},
        ],
    )  # fmt: skip
    def test_many_have_to_be_named_in_one_way(self, api: Api, body: dict[str, Any]) -> None:
        assert api.refused("PUT", "/job/suspended", body).status == 400

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "", None),
            ("DELETE", "", None),
            ("GET", "/stacktrace", None),
            ("POST", "/execute", None),
            ("PUT", "/retries", {"retries": 1}),
            ("PUT", "/duedate", {"duedate": None}),
            ("PUT", "/priority", {"priority": 1}),
            ("PUT", "/suspended", {"suspended": True}),
        ],
    )
    def test_a_job_that_is_not_there(self, api: Api, order: str, method: str, path: str, body: Any) -> None:
        external_task = api.external_task(order)["id"]
        for id in ("4711", "nonsense", external_task):
            refusal = api.refused(method, f"/job/{id}{path}", body)
            assert (refusal.status, refusal.message) == (404, f"Job with id {id} does not exist")


class TestFinding:
    """Filters."""

    def test_by_what_they_are(self, api: Api, rising: str) -> None:
        # given
        waiting = one_job(api, api.start("bread"))["id"]
        timer = one_job(api, rising)
        api.refused("POST", f"/job/{waiting}/execute")
        failed = api.get(f"/job/{waiting}")

        def found(**params: Any) -> list[str]:
            return [each["id"] for each in api.get("/job", **params)]

        # then
        assert found(timers="true") == found(activityId="risen") == [timer["id"]]
        assert found(messages="true") == found(activityId="start") == [waiting]
        assert found(withException="true") == found(failedActivityId="start") == [waiting]
        assert found(exceptionMessage=quote(failed["exceptionMessage"])) == [waiting]
        assert found(executable="true") == [waiting]
        assert found(executionId=timer["executionId"]) == [timer["id"]]
        assert found(jobDefinitionId=timer["jobDefinitionId"]) == [timer["id"]]
        assert found(rootProcessInstanceId=rising) == [timer["id"]]
        assert found(priorityHigherThanOrEquals=7) == [waiting]
        assert found(priorityLowerThanOrEquals=6) == [timer["id"]]
        assert len(found(withRetriesLeft="true", processDefinitionKey="bread", active="true")) == 2
        for nothing in ({"noRetriesLeft": "true"}, {"suspended": "true"}, {"tenantIdIn": "loans"}):
            assert found(**nothing) == []
        assert len(found(tenantIdIn="loans", includeJobsWithoutTenantId="true")) == 2

    def test_by_dates(self, api: Api, rising: str) -> None:
        past, future = "2020-01-01T00:00:00.000%2B0000", "2050-01-01T00:00:00.000%2B0000"
        assert api.get("/job/count", dueDates=f"gt_{past},lt_{future}") == {"count": 1}
        assert api.get("/job/count", dueDates=f"lt_{past}") == {"count": 0}
        assert api.get("/job/count", createTimes=f"gt_{future}") == {"count": 0}
        bound = {"operator": "gt", "value": "2020-01-01T00:00:00.000+0000"}
        assert api.post("/job/count", {"dueDates": [bound], "createTimes": [bound]}) == {"count": 1}

    @pytest.mark.parametrize("value", ["soon", "eq_2020-01-01T00:00:00", "gt_soon", "gt"])
    def test_a_wrong_bound_is_refused(self, api: Api, value: str) -> None:
        assert "'dueDates'" in api.refused("GET", "/job", dueDates=value).message

    @pytest.mark.parametrize(
        "value", ["x", [1], [{"operator": "gt"}], [{"operator": "eq", "value": "2020-01-01T00:00:00"}]]
    )
    def test_in_a_body_too(self, api: Api, value: Any) -> None:
        assert "'createTimes'" in api.refused("POST", "/job", {"createTimes": value}).message


class TestStartTimers:
    """Timers that start process instances belong to none."""

    def test_one_waits_for_its_time(self, api: Api) -> None:
        # given
        api.deploy(CLOCK)
        # when
        [timer] = api.get("/job")
        # then
        assert (timer["processInstanceId"], timer["executionId"], timer["processDefinitionKey"]) == (
            None,
            None,
            "morning",
        )
        assert timer["dueDate"] == "2099-01-01T04:00:00.000+0000"
        # when
        api.post(f"/job/{timer['id']}/execute")
        # then
        [instance] = api.get("/process-instance", processDefinitionKey="morning")
        assert api.tree(instance["id"]) == ["open"]
        assert api.get("/job") == []

    def test_one_is_changed_like_others(self, api: Api) -> None:
        # given
        api.deploy(CLOCK)
        [timer] = api.get("/job")
        address = f"/job/{timer['id']}"
        # when
        api.put(f"{address}/retries", {"retries": 0})
        api.put(f"{address}/priority", {"priority": 3})
        api.put(f"{address}/suspended", {"suspended": True})
        api.put(f"{address}/duedate", {"duedate": "2031-01-02T03:04:05.000+0000"})
        # then
        changed = {"retries": 0, "priority": 3, "suspended": True, "dueDate": "2031-01-02T03:04:05.000+0000"}
        assert api.get(address) == timer | changed
        # when
        api.post(f"{address}/duedate/recalculate")
        # then
        assert api.get(address)["dueDate"] == timer["dueDate"]
        # when
        api.delete(address)
        # then
        assert api.get("/job") == []


class TestRecalculating:
    """POST /job/{id}/duedate/recalculate"""

    def test_from_creation_or_from_now(self, api: Api) -> None:
        # given
        api.deploy(BAKERY.replace("PT2H", "${hours}"))
        bread = api.start("bread", variables={**numbers(flour=1, water=1), "hours": {"value": "PT2H"}})
        for _ in range(2):
            api.post(f"/job/{one_job(api, bread)['id']}/execute")
        timer = one_job(api, bread)
        api.put(f"/process-instance/{bread}/variables/hours", {"value": "P1D"})
        # when
        api.post(f"/job/{timer['id']}/duedate/recalculate")
        # then
        recalculated = one_job(api, bread)
        created = datetime.fromisoformat(timer["createTime"])
        assert datetime.fromisoformat(recalculated["dueDate"]) - created == timedelta(days=1)
        # when
        api.post(f"/job/{timer['id']}/duedate/recalculate", creationDateBased="false")
        # then
        assert datetime.fromisoformat(one_job(api, bread)["dueDate"]) > created + timedelta(days=1)

    def test_a_time_that_nobody_can_tell_is_refused(self, api: Api, rising: str) -> None:
        # given
        api.deploy(BAKERY.replace("PT2H", "${hours}"))
        bread = api.start("bread", variables={**numbers(flour=1, water=1), "hours": {"value": "PT2H"}})
        waiting = one_job(api, bread)
        # then
        assert "always due" in api.refused("POST", f"/job/{waiting['id']}/duedate/recalculate").message
        for _ in range(2):
            api.post(f"/job/{one_job(api, bread)['id']}/execute")
        timer = one_job(api, bread)
        api.put(f"/process-instance/{bread}/variables/hours", {"value": "soon"})
        refusal = api.refused("POST", f"/job/{timer['id']}/duedate/recalculate")
        assert (refusal.status, "${hours}" in refusal.message) == (400, True)
        assert one_job(api, bread) == timer
        assert api.refused("POST", f"/job/{timer['id']}/duedate/recalculate", creationDateBased="x").status == 400
        assert api.refused("POST", "/job/4711/duedate/recalculate").status == 404


def test_each_job_of_an_activity_has_an_incident_of_its_own(api: Api) -> None:
    # given
    guarded = BAKERY.replace('<userTask id="rise" name="Rise" />', EXTERNAL)
    api.deploy(guarded)
    bread = api.start("bread", variables=numbers(flour=1, water=1))
    for _ in range(2):
        api.post(f"/job/{one_job(api, bread)['id']}/execute")
    timer, task = one_job(api, bread)["id"], api.external_task(bread)["id"]
    # when
    api.put(f"/job/{timer}/retries", {"retries": 0})
    api.post(f"/external-task/{task}/lock", {"workerId": "w", "lockDuration": 1000})
    api.post(f"/external-task/{task}/failure", {"workerId": "w", "retries": 0, "errorMessage": "cold"})
    # then
    found = {each["incidentType"]: each["configuration"] for each in api.get("/incident", processInstanceId=bread)}
    assert found == {"failedJob": timer, "failedExternalTask": task}
    # when
    api.put(f"/external-task/{task}/retries", {"retries": 1})
    # then
    assert [each["configuration"] for each in api.get("/incident", processInstanceId=bread)] == [timer]


class TestDefinitions:
    """What elements make jobs for."""

    def test_of_each_kind(self, api: Api, rising: str) -> None:
        # given
        api.deploy(CLOCK)
        # when
        found = {each["activityId"]: each for each in api.get("/job-definition")}
        # then
        assert {name: (each["jobType"], each["jobConfiguration"]) for name, each in found.items()} == {
            "start": ("async-continuation", "async-before"),
            "knead": ("async-continuation", "async-after"),
            "risen": ("timer-transition", "DURATION: PT2H"),
            "early": ("timer-start-event", "DATE: 2099-01-01T04:00:00Z"),
        }
        assert api.get(f"/job-definition/{found['knead']['id']}") == found["knead"]
        for params, expected in (
            ({"jobType": "async-continuation"}, {"start", "knead"}),
            ({"jobType": "timer-transition"}, {"risen"}),
            ({"jobType": "timer-start-event"}, {"early"}),
            ({"jobType": "timer-start-event-subprocess"}, set()),
            ({"jobType": "batch-seed-job"}, set()),
            ({"jobConfiguration": "async-after"}, {"knead"}),
            ({"activityIdIn": "risen,early"}, {"risen", "early"}),
        ):
            assert {each["activityId"] for each in api.get("/job-definition", **params)} == expected, params

    def test_statements_do_not_grow_with_jobs(self, api: Api, rising: str, django_assert_num_queries: Any) -> None:
        api.get("/job")
        with django_assert_num_queries(1):
            api.get("/job")
        for _ in range(5):
            api.start("bread")
        assert Job.objects.count() > 5
        with django_assert_num_queries(1):
            api.get("/job")
