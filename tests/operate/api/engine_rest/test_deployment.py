"""/deployment and /process-definition."""

from __future__ import annotations

from tests.operate.api.engine_rest.conftest import ORDER, Api, Refusal, process


def test_a_deployment_names_its_new_definitions(api: Api) -> None:
    # when
    made = api.deploy(("order.bpmn", ORDER), deployment_name="Orders", deployment_source="ci")
    # then
    [(id, definition)] = made["deployedProcessDefinitions"].items()
    assert id == definition["id"] == f"order:1:{id.split(':')[2]}"
    assert (made["name"], made["source"], made["tenantId"]) == ("Orders", "ci", None)
    assert made["links"] == [
        {"method": "GET", "href": f"http://testserver/engine-rest/deployment/{made['id']}", "rel": "self"}
    ]
    assert definition == {
        "id": id,
        "key": "order",
        "category": "shop",
        "description": "From cart to door.",
        "name": "Order",
        "version": 1,
        "resource": "order.bpmn",
        "deploymentId": made["id"],
        "diagram": None,
        "suspended": False,
        "tenantId": None,
        "versionTag": "1.0",
        "historyTimeToLive": 30,
        "startableInTasklist": True,
    }


def test_the_same_file_again_is_a_new_version_unless_duplicates_are_filtered(api: Api) -> None:
    # given
    first = api.deploy(ORDER)
    # when
    filtered = api.deploy(ORDER, enable_duplicate_filtering="true")
    again = api.deploy(ORDER)
    # then
    assert (filtered["id"], filtered["deployedProcessDefinitions"]) == (first["id"], None)
    [definition] = again["deployedProcessDefinitions"].values()
    assert definition["version"] == 2


def test_one_changed_file_takes_the_others_along_unless_only_changed_ones_are_wanted(api: Api) -> None:
    # given
    one, two = process("one", "user:a"), process("two", "user:a")
    api.deploy(one, two)
    # when
    both = api.deploy(one, process("two", "user:b"), enable_duplicate_filtering="true")
    changed = api.deploy(one, process("two", "user:c"), enable_duplicate_filtering="true", deploy_changed_only="true")
    # then
    assert [each["key"] for each in both["deployedProcessDefinitions"].values()] == ["one", "two"]
    assert [each["key"] for each in changed["deployedProcessDefinitions"].values()] == ["two"]


def test_all_problems_of_all_files_are_told_by_file_and_nothing_is_deployed(api: Api) -> None:
    # given
    good, bad = process("good", "user:a"), process("bad", "user:a").replace("targetRef='a'", "targetRef='nowhere'")
    # when
    refusal = Refusal(api.upload(("good.bpmn", good), ("bad.bpmn", bad), ("worse.bpmn", "<nothing")))
    # then
    assert (refusal.status, refusal.type) == (400, "ParseException")
    assert set(refusal.body["details"]) == {"bad.bpmn", "worse.bpmn"}
    [error, *_] = refusal.body["details"]["bad.bpmn"]["errors"]
    assert "nowhere" in error["message"]
    assert error["mainElementId"] == "flow0"
    assert error["elementIds"] == ["flow0"]
    assert error["line"] > 0
    assert refusal.body["details"]["bad.bpmn"]["warnings"] == []
    assert api.get("/deployment/count") == {"count": 0}


def test_a_deployment_without_files_is_refused(api: Api) -> None:
    refusal = Refusal(api.upload(deployment_name="nothing"))
    assert (refusal.status, refusal.message) == (400, "No deployment resources contained in the form upload.")


def test_a_body_that_is_no_form_is_refused(api: Api) -> None:
    assert api.refused("POST", "/deployment/create", {"deployment-name": "x"}).status == 415


def test_too_many_files_and_too_large_ones_are_refused(api: Api) -> None:
    # given
    many = Refusal(api.upload(*[process(f"p{i}", "user:a") for i in range(101)]))
    large = Refusal(api.upload(("large.bpmn", " " * 11_000_000)))
    address, kind = "/engine-rest/deployment/create", "multipart/form-data; boundary=x"
    huge = Refusal(api.client.generic("POST", address, b"--x\r\n" + b" " * (65 * 1024 * 1024), kind))
    # then
    assert (many.status, many.message) == (400, "Expected at most 100 files, found more.")
    assert (large.status, large.type) == (400, "ParseException")
    assert "at most 10 MB" in large.message
    assert huge.status == 413


def test_an_unknown_tenant_is_refused(api: Api) -> None:
    refusal = Refusal(api.upload(ORDER, tenant_id="mars"))
    assert refusal.status == 404
    assert "'mars'" in refusal.message


def test_a_deployment_shows_its_files_as_they_came(api: Api) -> None:
    # given
    made = api.deploy(("order.bpmn", ORDER), ("other.bpmn", process("other", "user:a")))
    # when
    files = api.get(f"/deployment/{made['id']}/resources")
    # then
    assert [(each["name"], each["deploymentId"]) for each in files] == [
        ("order.bpmn", made["id"]),
        ("other.bpmn", made["id"]),
    ]
    address = f"/deployment/{made['id']}/resources/{files[0]['id']}"
    assert api.get(address) == files[0]
    data = api.send("GET", f"{address}/data")
    assert data.content.decode() == ORDER
    assert data.headers["Content-Disposition"] == 'attachment; filename="order.bpmn"'


def test_deleting_with_cascade_takes_instances_along(api: Api) -> None:
    # given
    made = api.deploy(process("one", "user:a"))
    instance = api.start("one")
    # when
    refusal = api.refused("DELETE", f"/deployment/{made['id']}")
    api.delete(f"/deployment/{made['id']}", cascade="true")
    # then
    assert (refusal.status, refusal.type) == (400, "ProcessEngineException")
    assert api.refused("GET", f"/history/process-instance/{instance}").status == 404
    assert (
        api.refused("GET", f"/deployment/{made['id']}").message == f"Deployment with id '{made['id']}' does not exist"
    )


def test_deployments_are_found_by_name_source_and_time(api: Api) -> None:
    # given
    made = api.deploy(ORDER, deployment_name="Spring sale", deployment_source="ci")
    api.deploy(process("one", "user:a"), deployment_name="Other")
    # then
    for params in (
        {"name": "Spring sale"},
        {"nameLike": "Spring%25"},
        {"source": "ci"},
        {"id": made["id"]},
        {"sortBy": "name", "sortOrder": "desc", "maxResults": 1},
    ):
        assert [each["id"] for each in api.get("/deployment", **params)] == [made["id"]], params
    assert api.get("/deployment", after="2999-01-01T00:00:00.000%2B0000") == []
    assert api.get("/deployment/count", withoutSource="true") == {"count": 1}


def test_a_definition_is_named_by_id_key_or_key_and_tenant(api: Api) -> None:
    # given
    [id] = api.deploy(ORDER)["deployedProcessDefinitions"]
    [of_loans] = api.deploy(ORDER, tenant_id="loans")["deployedProcessDefinitions"]
    # then
    plain_key = id.rpartition(":")[2]
    for address in (id, plain_key, "key/order"):
        assert api.get(f"/process-definition/{address}")["id"] == id
    assert api.get("/process-definition/key/order/tenant-id/loans")["id"] == of_loans
    assert api.get("/process-definition/key/order/tenant-id/loans")["tenantId"] == "loans"
    assert api.get(f"/process-definition/{id}/xml") == {"id": id, "bpmn20Xml": ORDER}


def test_what_names_no_definition_is_not_found(api: Api) -> None:
    # given
    [id] = api.deploy(ORDER)["deployedProcessDefinitions"]
    key = id.rpartition(":")[2]
    # then
    for wrong in ("order:2:1", f"order:2:{key}", f"other:1:{key}", "x", "9" * 30):
        refusal = api.refused("GET", f"/process-definition/{wrong}")
        assert (refusal.status, refusal.message) == (404, f"No matching definition with id {wrong}")
    assert api.refused("GET", "/process-definition/key/none").message == (
        "No matching process definition with key: none and no tenant-id"
    )
    assert api.refused("GET", "/process-definition/x/diagram").status == 404
    assert api.send("GET", f"/process-definition/{id}/diagram").status_code == 204


def test_definitions_are_filtered_and_sorted(api: Api) -> None:
    # given
    api.deploy(ORDER)
    [newest] = api.deploy(ORDER)["deployedProcessDefinitions"]
    api.deploy(process("one", "user:a"), tenant_id="loans")

    def keys(**params: str) -> list[str]:
        return [f"{each['key']}:{each['version']}" for each in api.get("/process-definition", **params)]

    # then
    assert keys() == ["one:1", "order:1", "order:2"]
    assert keys(latestVersion="true") == ["one:1", "order:2"]
    assert keys(key="order", version="1") == ["order:1"]
    assert keys(processDefinitionIdIn=newest) == ["order:2"]
    assert keys(keysIn="one,none") == ["one:1"]
    assert keys(versionTag="1.0", sortBy="version", sortOrder="desc") == ["order:2", "order:1"]
    assert keys(tenantIdIn="loans") == ["one:1"]
    assert keys(tenantIdIn="loans", includeProcessDefinitionsWithoutTenantId="true", latestVersion="true") == [
        "one:1",
        "order:2",
    ]
    assert keys(withoutTenantId="true") == ["order:1", "order:2"]
    assert keys(nameLike="Ord%25") == ["order:1", "order:2"]
    assert api.get("/process-definition/count") == {"count": 3}


def test_statistics_count_instances_and_incidents(api: Api, order: str) -> None:
    # given
    task = api.external_task(order)
    api.post(f"/external-task/{task['id']}/lock", {"workerId": "w", "lockDuration": 1000})
    api.post(f"/external-task/{task['id']}/failure", {"workerId": "w", "errorMessage": "no bike", "retries": 0})
    # when
    [definition] = api.get("/process-definition/statistics", incidents="true", failedJobs="true")
    activities = api.get(f"/process-definition/{definition['id']}/statistics", incidentsForType="failedExternalTask")
    # then
    one_incident = [{"incidentType": "failedExternalTask", "incidentCount": 1}]
    assert (definition["instances"], definition["failedJobs"], definition["incidents"]) == (1, 0, one_incident)
    assert definition["definition"]["key"] == "order"
    assert [(each["id"], each["instances"], each["incidents"]) for each in activities] == [
        ("approve", 1, []),
        ("payment", 1, []),
        ("ship", 1, one_incident),
    ]


def test_a_filter_that_is_not_supported_is_refused_rather_than_ignored(api: Api) -> None:
    refusal = api.refused("GET", "/process-definition", startableBy="eve")
    assert refusal.message == (
        "Cannot set query parameter 'startableBy' to value 'eve': this parameter is not supported yet"
    )
