"""/process-definition: suspending, deleting, history time to live, start forms, statistics."""

from __future__ import annotations

from typing import Any

import pytest

from tests.operate.api.engine_rest.conftest import ORDER, Api, process


@pytest.fixture
def versions(api: Api) -> list[str]:
    """The ids of two versions of the order, the second one the latest; each has a running instance."""
    found = []
    for content in (ORDER, ORDER + " "):
        [definition] = api.deploy(content)["deployedProcessDefinitions"].values()
        found.append(definition["id"])
        api.start()
    return found


def suspended(api: Api, **params: str) -> int:
    return int(api.get("/process-definition/count", suspended="true", **params)["count"])


class TestSuspending:
    """PUT …/suspended"""

    def test_one_version(self, api: Api, versions: list[str]) -> None:
        # when
        api.put(f"/process-definition/{versions[1]}/suspended", {"suspended": True})
        # then
        assert api.get(f"/process-definition/{versions[1]}")["suspended"] is True
        assert api.get(f"/process-definition/{versions[0]}")["suspended"] is False
        refusal = api.refused("POST", "/process-definition/key/order/start", {})
        assert (refusal.status, "suspended" in refusal.message) == (400, True)
        assert api.get("/process-instance/count", suspended="true") == {"count": 0}
        # when
        api.put(f"/process-definition/{versions[1]}/suspended", {"suspended": False})
        # then
        api.start()

    @pytest.mark.parametrize("include", [True, False])
    def test_all_versions_with_their_instances(self, api: Api, versions: list[str], include: bool) -> None:
        # when
        body = {"suspended": True, "includeProcessInstances": include, "executionDate": "2020-01-01T00:00:00"}
        api.put("/process-definition/key/order/suspended", body)
        # then
        assert suspended(api) == 2
        assert api.get("/process-instance/count", suspended="true") == {"count": 2 if include else 0}
        # when
        body = {"processDefinitionKey": "order", "suspended": False, "includeProcessInstances": True}
        api.put("/process-definition/suspended", body)
        # then
        assert suspended(api) == 0
        assert api.get("/process-instance/count", active="true") == {"count": 2}

    @pytest.mark.parametrize(
        ("path", "body", "status", "reason"),
        [
            ("key/order/suspended", {}, 400, "'suspended'"),
            ("key/order/suspended", {"suspended": "maybe"}, 400, "'suspended'"),
            (
                "key/order/suspended",
                {"suspended": True, "executionDate": "2099-01-01T00:00:00"},
                400,
                "'executionDate'",
            ),
            ("key/order/suspended", {"suspended": True, "executionDate": "soon"}, 400, "'executionDate'"),
            ("key/order/suspended", {"suspended": True, "colour": "red"}, 400, "'colour'"),
            ("key/ghost/suspended", {"suspended": True}, 404, "No matching process definition with key: ghost"),
            ("order:1:1/suspended", {"suspended": True}, 404, "No matching definition with id order:1:1"),
            ("suspended", {"suspended": True}, 400, "'processDefinitionKey'"),
            ("suspended", {"suspended": True, "processDefinitionKey": "ghost"}, 400, "'ghost'"),
        ],
    )
    def test_what_is_wrong_is_refused(
        self, api: Api, versions: list[str], path: str, body: dict[str, Any], status: int, reason: str
    ) -> None:
        refusal = api.refused("PUT", f"/process-definition/{path}", body)
        assert refusal.status == status
        assert reason in refusal.message
        assert suspended(api) == 0


class TestDeleting:
    """DELETE /process-definition"""

    def test_one_with_instances_needs_cascade(self, api: Api, versions: list[str]) -> None:
        # when
        refusal = api.refused("DELETE", f"/process-definition/{versions[1]}")
        # then
        assert (refusal.status, "1 running" in refusal.message) == (400, True)
        assert api.get("/process-definition/count") == {"count": 2}
        # when
        api.delete(f"/process-definition/{versions[1]}", cascade="true")
        # then
        assert [each["id"] for each in api.get("/process-definition", latestVersion="true")] == versions[:1]
        assert api.get("/history/process-instance/count") == {"count": 1}
        assert api.refused("GET", f"/process-definition/{versions[1]}").status == 404

    def test_all_versions_of_a_key_or_none(self, api: Api, versions: list[str]) -> None:
        # given
        [last] = api.get("/process-instance", processDefinitionId=versions[1])
        api.delete(f"/process-instance/{last['id']}")
        api.delete(f"/history/process-instance/{last['id']}")
        # when
        refusal = api.refused("DELETE", "/process-definition/key/order")
        # then
        assert refusal.status == 400
        assert api.get("/process-definition/count") == {"count": 2}
        # when
        api.delete("/process-definition/key/order", cascade="true", skipIoMappings="true")
        # then
        assert api.get("/process-definition") == api.get("/process-instance") == []

    def test_one_of_a_tenant(self, api: Api, versions: list[str]) -> None:
        api.deploy(ORDER, tenant_id="loans")
        api.delete("/process-definition/key/order/tenant-id/loans")
        assert [each["id"] for each in api.get("/process-definition")] == versions
        assert api.refused("DELETE", "/process-definition/key/order/tenant-id/loans").status == 404

    def test_what_is_not_there(self, api: Api) -> None:
        for id in ("4711", "order:1:4711", "nonsense"):
            assert api.refused("DELETE", f"/process-definition/{id}").status == 404


class TestHistoryTimeToLive:
    """PUT …/history-time-to-live"""

    def test_it_is_a_number_of_days_or_nothing(self, api: Api, versions: list[str]) -> None:
        address = f"/process-definition/{versions[1]}"
        assert api.get(address)["historyTimeToLive"] == 30
        for days in (0, 7, None):
            api.put(f"{address}/history-time-to-live", {"historyTimeToLive": days})
            assert api.get(address)["historyTimeToLive"] == days
        api.put("/process-definition/key/order/history-time-to-live", {"historyTimeToLive": 9})
        assert api.get(address)["historyTimeToLive"] == 9
        assert api.get(f"/process-definition/{versions[0]}")["historyTimeToLive"] == 30

    @pytest.mark.parametrize("days", [-1, "P5D", 2**40, 1.5, True])
    def test_anything_else_is_refused(self, api: Api, versions: list[str], days: object) -> None:
        address = f"/process-definition/{versions[1]}"
        refusal = api.refused("PUT", f"{address}/history-time-to-live", {"historyTimeToLive": days})
        assert refusal.status == 400
        assert api.get(address)["historyTimeToLive"] == 30


def test_the_form_of_the_start_event(api: Api) -> None:
    # given
    with_form = process("asked", "user:a").replace("<startEvent ", "<startEvent camunda:formKey='embedded:app:f.html' ")
    api.deploy(with_form, process("plain", "user:a"))
    # then
    assert api.get("/process-definition/key/asked/startForm")["key"] == "embedded:app:f.html"
    assert api.get("/process-definition/key/plain/startForm")["key"] is None
    assert api.refused("GET", "/process-definition/key/ghost/startForm").status == 404


def test_a_form_that_is_filled_in_starts_a_process_instance(api: Api) -> None:
    # given
    api.deploy(process("asked", "user:a"))
    # when
    body = {"businessKey": "F-1", "variables": {"size": {"value": 3, "type": "Integer"}}}
    instance = api.post("/process-definition/key/asked/submit-form", body)
    # then
    assert (instance["businessKey"], instance["definitionKey"]) == ("F-1", "asked")
    assert api.variables(instance["id"]) == {"size": 3}
    assert api.refused("POST", "/process-definition/key/ghost/submit-form", {}).status == 404
    assert "'size'" in api.refused("POST", "/process-definition/key/asked/submit-form", {"size": 3}).message


def test_failed_jobs_and_incidents_are_counted(api: Api) -> None:
    # given
    lazy = process("lazy", "external:dig").replace(
        "<startEvent id='start'", "<startEvent id='start' camunda:asyncBefore='true'"
    )
    api.deploy(lazy)
    for number in range(3):
        instance = api.start("lazy")
        [job] = api.get("/job", processInstanceId=instance)
        if number:
            api.put(f"/job/{job['id']}/retries", {"retries": 0})
        else:
            api.post(f"/job/{job['id']}/execute")
            task = api.external_task(instance)["id"]
            api.post(f"/external-task/{task}/lock", {"workerId": "w", "lockDuration": 1000})
            api.post(f"/external-task/{task}/failure", {"workerId": "w", "retries": 0})
    # when
    [whole] = api.get("/process-definition/statistics", failedJobs="true", incidents="true")
    parts = api.get("/process-definition/key/lazy/statistics", failedJobs="true", incidents="true")
    # then
    assert (whole["instances"], whole["failedJobs"]) == (3, 2)
    counts = {each["incidentType"]: each["incidentCount"] for each in whole["incidents"]}
    assert counts == {"failedJob": 2, "failedExternalTask": 1}
    assert [(each["id"], each["instances"], each["failedJobs"], each["incidents"]) for each in parts] == [
        ("dig", 1, 0, [{"incidentType": "failedExternalTask", "incidentCount": 1}]),
        ("start", 2, 2, [{"incidentType": "failedJob", "incidentCount": 2}]),
    ]
    [only] = api.get("/process-definition/statistics", incidentsForType="failedJob")
    assert only["incidents"] == [{"incidentType": "failedJob", "incidentCount": 2}]
