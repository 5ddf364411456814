"""Filters, sorts, pages, and what is wrong with a request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drf_spectacular.validation import validate_schema

from operate.api.v2.fields import matches, sql_pattern
from operate.api.v2.openapi import OpenApiDocument
from operate.api.v2.search import Search
from operate.api.v2.urls import resources
from operate.batch.running import run_due_jobs
from tests.operate.api.v2.conftest import JOB, TASK
from tests.support.models import deploy, model
from workflow import services
from workflow.graph import Semantics
from workflow.models import ProcessInstance

pytestmark = pytest.mark.django_db


@pytest.fixture
def seven():
    definition = deploy(TASK)
    keys = ["b", "a", None, "c", "a", "d", None]
    return [
        services.start_process_instance(definition.key, variables={"n": i}, business_key=k) for i, k in enumerate(keys)
    ]


def search(api, **body):
    return api("POST", "/process-instances/search", body)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"businessId": "a"}, 2),
        ({"businessId": {"$neq": "a", "$exists": True}}, 3),
        ({"businessId": {"$in": ["a", "c"]}}, 3),
        ({"businessId": {"$notIn": ["a", "b", "c", "d"]}}, 2),
        ({"businessId": {"$like": "?"}}, 5),
        ({"businessId": {"$like": "b*"}}, 1),
        ({"processDefinitionVersion": {"$gte": 1, "$lt": 2}}, 7),
        ({"state": {"$in": ["ACTIVE", "SUSPENDED"]}}, 7),
        ({"state": {"$neq": "ACTIVE"}}, 0),
        ({"state": {"$like": "ACT*"}}, 7),
        ({"startDate": {"$gt": "2100-01-01T00:00:00Z"}}, 0),
        ({"hasIncident": False, "elementId": "approve"}, 7),
        ({"elementId": "approve", "elementInstanceState": "ACTIVE"}, 7),
        ({"elementId": "approve", "elementInstanceState": "COMPLETED"}, 0),
        ({"elementInstanceState": "COMPLETED", "hasElementInstanceIncident": False}, 7),
        ({"variables": [{"name": "n", "value": "3"}]}, 1),
        ({"variables": [{"name": "n", "value": {"$in": ["3", "4"]}}]}, 2),
        ({"$or": [{"businessId": "b"}, {"businessId": "d"}]}, 2),
        ({"tags": ["none"]}, 0),
    ],
)
def test_filters(api, seven, filters, found):
    answer = search(api, filter=filters)
    assert len(answer["items"]) == answer["page"]["totalItems"] == found


@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_pages_forwards_and_backwards_cover_everything_once_nulls_included(api, seven, order):
    sort = [{"field": "businessId", "order": order}]
    whole = [row["processInstanceKey"] for row in search(api, sort=sort)["items"]]
    seen, page = [], {"limit": 2}
    while (answer := search(api, sort=sort, page=page))["items"]:
        seen += [row["processInstanceKey"] for row in answer["items"]]
        page = {"limit": 2, "after": answer["page"]["endCursor"]}
    assert seen == whole
    last = search(api, sort=sort, page={"from": 6, "limit": 1})["page"]["startCursor"]
    before = search(api, sort=sort, page={"limit": 2, "before": last})["items"]
    assert [row["processInstanceKey"] for row in before] == whole[4:6]


def test_element_instances_are_paged_with_the_process_among_them(api, seven):
    body = {"sort": [{"field": "elementId"}], "page": {"limit": 5}}
    seen = []
    while (answer := api("POST", "/element-instances/search", body))["items"]:
        seen += [(row["elementId"], int(row["elementInstanceKey"])) for row in answer["items"]]
        body["page"] = {"limit": 5, "after": answer["page"]["endCursor"]}
    assert len(seen) == len(set(seen)) == 21
    assert seen == sorted(seen)


SORTS = [
    (str(route.pattern), field.name)
    for route in resources
    if issubclass(view := route.callback.view_class, Search) and "<" not in str(route.pattern)
    for field in view.fields
    if field.sort
]


@pytest.fixture
def everything(api, seven):
    """Some rows of every resource, among them rows without a value in most columns."""
    definition = deploy(JOB)
    jobs = [services.start_process_instance(definition.key).jobs_created[0].key for _ in range(3)]
    for key, retries in zip(jobs, (0, 0, 1), strict=True):
        api("POST", f"/jobs/{key}/failure", {"retries": retries, "errorMessage": f"no {retries}"}, status=204)
    waiting = deploy(model("wait", Semantics.ZEEBE, "<startEvent id='start'/><receive id='paid'/><endEvent id='end'/>"))
    for key in ("a", "b", "c", "d"):
        services.start_process_instance(waiting.key, variables={"key": key})
    for key in ("c", "d"):
        api("POST", "/messages/publication", {"name": "paid", "correlationKey": key})
    for instance in seven[:3]:
        api("POST", f"/process-instances/{instance.process_instance_key}/suspension", status=204)
    api("POST", f"/process-instances/{seven[4].process_instance_key}/cancellation", status=204)
    api("POST", "/process-instances/deletion", {"filter": {"businessId": "nobody"}})
    api("POST", "/process-instances/suspension", {"filter": {"processDefinitionId": "wait"}})
    run_due_jobs()
    api("POST", "/process-instances/resumption", {"filter": {"processDefinitionId": "wait"}})


@pytest.mark.parametrize(("path", "field"), SORTS)
def test_every_sort_pages_over_each_row_once(api, everything, path, field):
    for order in ("ASC", "DESC"):
        body = {"sort": [{"field": field, "order": order}]}
        whole = api("POST", f"/{path}", body)["items"]
        assert len(whole) > 1
        seen, page = [], {"limit": 4}
        while (answer := api("POST", f"/{path}", {**body, "page": page}))["items"]:
            seen += answer["items"]
            page = {"limit": 4, "after": answer["page"]["endCursor"]}
        assert seen == whole
        last = api("POST", f"/{path}", {**body, "page": {"from": len(whole) - 1}})["page"]["startCursor"]
        assert api("POST", f"/{path}", {**body, "page": {"before": last}})["items"] == whole[:-1]


@pytest.mark.parametrize(
    ("filters", "elements"),
    [
        ({"elementName": "Approve it"}, ["approve"]),
        ({"elementName": {"$like": "*it"}, "state": "ACTIVE"}, ["approve"]),
        ({"elementName": {"$neq": "Approve it"}, "type": {"$neq": "PROCESS"}}, ["end", "start"]),
        ({"elementName": "start"}, ["start"]),
        ({"elementName": "The order"}, ["named"]),
        ({"processDefinitionId": "other", "elementName": "Approve it"}, []),
        ({"$or": [{"elementName": "Approve it"}, {"type": "START_EVENT"}]}, ["approve", "start"]),
    ],
)
def test_element_instances_are_found_by_the_names_of_the_model(api, filters, elements):
    xml = TASK.replace('id="order" name="order"', 'id="named" name="The order"').replace(
        "<userTask id='approve'", "<userTask name='Approve it' id='approve'"
    )
    started = services.start_process_instance(deploy(xml).key)
    if "end" in elements:
        services.complete_user_task(started.user_tasks_created[0].key)
    found = api("POST", "/element-instances/search", {"filter": filters, "sort": [{"field": "elementName"}]})["items"]
    assert sorted(row["elementId"] for row in found) == elements
    assert [row["elementName"] for row in found] == sorted(row["elementName"] for row in found)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"candidateGroup": "desk"}, 1),
        ({"candidateGroup": {"$in": ["desk", "none"]}}, 1),
        ({"candidateGroup": {"$neq": "desk"}}, 1),
        ({"candidateGroup": {"$like": "d?s*"}}, 1),
        ({"candidateGroup": {"$like": "esk"}}, 0),
        ({"candidateGroup": {"$exists": False}}, 1),
        ({"$or": [{"assignee": "ann"}, {"candidateGroup": "desk"}]}, 2),
        ({"assignee": {"$exists": False}}, 1),
        ({"priority": {"$gt": 50}}, 0),
        ({"processInstanceVariables": [{"name": "n", "value": "2"}]}, 1),
        ({"processInstanceVariables": [{"name": "n", "value": {"$like": "*"}}]}, 2),
        ({"localVariables": [{"name": "n", "value": "2"}]}, 0),
        ({"state": "CREATING"}, 0),
        ({"tags": ["vip"]}, 1),
    ],
)
def test_user_task_filters(api, filters, found):
    definition = deploy(TASK)
    first = services.start_process_instance(definition.key, variables={"n": 1}, tags=["vip"])
    second = services.start_process_instance(definition.key, variables={"n": 2})
    services.update_user_task(first.user_tasks_created[0].key, {"candidate_groups": ["d", "desk"]})
    services.assign_user_task(second.user_tasks_created[0].key, "ann")
    assert len(api.items("/user-tasks", **filters)) == found


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"value": '"text"'}, ["text"]),
        ({"value": {"$like": '"t*'}}, ["text"]),
        ({"value": "null"}, ["null"]),
        ({"value": {"$in": ["1", '{"a": [true]}']}}, ["number", "object"]),
        ({"value": {"$neq": "1"}, "isTruncated": False}, ["null", "object", "text"]),
        ({"isTruncated": True}, ["long"]),
        ({"name": {"$like": "n*"}}, ["null", "number"]),
        ({"name": {"$notIn": ["long", "null"]}}, ["number", "object", "text"]),
    ],
)
def test_variables_are_found_by_their_values(api, filters, names):
    values = {"text": "text", "null": None, "number": 1, "object": {"a": [True]}, "long": "y" * 10_000}
    services.start_process_instance(deploy(TASK).key, variables=values)
    assert sorted(row["name"] for row in api.items("/variables", **filters)) == names


def test_long_values_are_cut_unless_they_are_asked_for(api):
    services.start_process_instance(deploy(TASK).key, variables={"long": "y" * 10_000})
    [cut] = api("POST", "/variables/search", {})["items"]
    assert (len(cut["value"]), cut["isTruncated"]) == (8192, True)
    [whole] = api("POST", "/variables/search?truncateValues=false", {})["items"]
    assert (len(whole["value"]), whole["isTruncated"]) == (10_002, False)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"kind": "BPMN_ELEMENT"}, 1),
        ({"kind": {"$neq": "BPMN_ELEMENT"}}, 0),
        ({"kind": {"$exists": False}}, 0),
        ({"listenerEventType": {"$like": "UNSP*"}}, 1),
        ({"hasFailedWithRetriesLeft": True}, 1),
        ({"errorCode": {"$exists": True}}, 0),
        ({"errorMessage": {"$exists": True}, "state": "FAILED"}, 1),
        ({"isDenied": True}, 0),
        ({"deniedReason": {"$exists": False}}, 1),
        ({"deniedReason": "no"}, 0),
        ({"processInstanceKey": {"$like": "*"}}, 1),
        ({"deadline": {"$exists": False}}, 1),
    ],
)
def test_job_filters(api, job, filters, found):
    services.fail_job(job.jobs_created[0].key, retries=1, message="no answer")
    assert len(api.items("/jobs", **filters)) == found


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"filter": {"$or": [{"$or": []}]}}, "filter.$or[0].$or"),
        ({"filter": {"businessId": {"$in": ["a"] * 10_001}}}, "at most 10000"),
        ({"sort": [{"field": "startDate"}, {"field": "startDate"}]}, "sort[1].field"),
        ({"page": {"after": "a", "before": "b"}}, "page.before"),
        ({"page": {"limit": 10_001}}, "page.limit"),
        ({"page": {"from": 10_001}}, "page.from"),
        ({"filter": {"state": []}}, "filter.state"),
        ({"filter": {"nonsense": 1}}, "filter.nonsense"),
        ({"filter": {"state": "RUNNING"}}, "ACTIVE, SUSPENDED"),
        ({"filter": {"processInstanceKey": "abc"}}, "filter.processInstanceKey"),
        ({"filter": {"processInstanceKey": "99999999999999999999"}}, "filter.processInstanceKey"),
        ({"filter": {"startDate": "yesterday"}}, "filter.startDate"),
        ({"filter": {"businessId": {"$gt": "a"}}}, "$gt"),
        ({"filter": {"businessId": {"$in": "a"}}}, "a list"),
        ({"filter": {"variables": [{"name": "n", "value": "{"}]}}, "filter.variables[0].value"),
        ({"filter": []}, "'filter'"),
        ({"filter": {"$or": {}}}, "$or"),
        ({"sort": [{"field": "nonsense"}]}, "sort[0].field"),
        ({"sort": [{"field": "startDate", "order": "UP"}]}, "sort[0].order"),
        ({"page": {"limit": 0}}, "page.limit"),
        ({"page": {"after": "nonsense"}}, "page.after"),
        ([], "JSON object"),
    ],
)
def test_what_is_wrong_with_a_search_is_named(api, body, named):
    problem = api("POST", "/process-instances/search", body, status=400)
    assert named in problem["detail"]
    assert problem["instance"] == "/v2/process-instances/search"


@pytest.mark.parametrize(
    ("method", "path", "body", "named"),
    [
        ("POST", "/jobs/activation", {"timeout": 1, "maxJobsToActivate": 1}, "type"),
        ("POST", "/jobs/activation", {"type": "a", "timeout": 0, "maxJobsToActivate": 1}, "timeout"),
        ("POST", "/jobs/activation", {"type": "a", "timeout": 1, "maxJobsToActivate": "x"}, "maxJobsToActivate"),
        ("POST", "/process-instances", {}, "processDefinitionId"),
        ("POST", "/process-instances", {"processDefinitionId": "order", "variables": []}, "variables"),
        (
            "POST",
            "/process-instances/1/modification",
            {"activateInstructions": [{}]},
            "activateInstructions[0].elementId",
        ),
        ("POST", "/process-instances/1/modification", {"activateInstructions": 1}, "activateInstructions"),
        ("POST", "/process-instances/1/modification", {"moveInstructions": [{"targetElementId": "a"}]}, "sourceType"),
        ("PATCH", "/jobs/1", {"changeset": {}}, "changeset"),
        ("PUT", "/element-instances/1/variables", {}, "variables"),
        ("POST", "/messages/publication", {"name": "a", "timeToLive": -1}, "timeToLive"),
        ("POST", "/user-tasks/1/assignment", {}, "assignee"),
        ("POST", "/signals/broadcast", {}, "signalName"),
        ("POST", "/signals/broadcast", {"signalName": "go", "variables": 1}, "variables"),
        ("POST", "/element-instances/ad-hoc-activities/1/activation", {}, "elements"),
        ("POST", "/element-instances/ad-hoc-activities/1/activation", {"elements": [{}]}, "elements[0].elementId"),
        (
            "POST",
            "/jobs/1/completion",
            {"result": {"activateElements": [{"elementId": 1}]}},
            "result.activateElements[0]",
        ),
        ("POST", "/jobs/1/completion", {"result": {"isCompletionConditionFulfilled": "x"}}, "isCompletionCondition"),
    ],
)
def test_what_is_wrong_with_a_command_is_named(api, method, path, body, named):
    deploy(TASK)
    assert named in api(method, path, body, status=400)["detail"]


@pytest.mark.parametrize("key", ["abc", "-1", "99999999999999999999", "1e5"])
def test_a_key_that_cannot_be_one_is_simply_not_found(api, key):
    for path in ("/process-instances", "/element-instances", "/incidents", "/variables", "/user-tasks"):
        assert api("GET", f"{path}/{key}", status=404)["title"] == "NOT_FOUND"
    api("POST", f"/jobs/{key}/completion", {}, status=404)


def test_what_is_not_routed_is_told_in_the_dialects_own_words(api):
    assert api("POST", "/signals/nonsense", {}, status=404)["status"] == 404
    answer = api._client.get("/v2/process-instances/search/nothing/here")
    assert answer["Content-Type"] == "application/problem+json"


def test_nobody_gets_in_without_a_login(client):
    answer = client.get("/v2/topology")
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer
    assert answer.json()["title"] == "Unauthorized"


def test_a_body_that_is_no_json_is_refused(api):
    answer = api._client.post("/v2/process-instances", "{", content_type="application/json")
    assert answer.status_code == 400
    assert "JSON" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path", ["/process-instances", "/element-instances", "/variables", "/user-tasks", "/jobs", "/incidents"]
)
def test_the_number_of_queries_does_not_grow_with_the_rows(api, seven, path):
    counts = []
    for limit in (1, 7):
        api("POST", f"{path}/search", {"page": {"limit": limit}})
        with CaptureQueriesContext(connection) as captured:
            api("POST", f"{path}/search", {"page": {"limit": limit}})
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 5


def test_patterns():
    assert sql_pattern(r"a*b?c\*_%\\") == r"a%b_c*\_\%\\"
    assert matches("ACTIVE", "A?T*")
    assert not matches("ACTIVE", r"A\?T*")
    assert matches("[*]?", r"[\*]\?")


def test_the_openapi_document_names_every_route_once():
    found = OpenApiDocument.document(resources)
    validate_schema(found)
    assert len(found["paths"]) == len({str(route.pattern) for route in resources})
    operations = [op["operationId"] for path in found["paths"].values() for op in path.values()]
    assert len(operations) == len(set(operations))


def test_a_cursor_of_another_sort_is_refused(api, seven):
    cursor = search(api, sort=[{"field": "businessId"}])["page"]["endCursor"]
    problem = api(
        "POST", "/process-instances/search", {"sort": [{"field": "tenantId"}], "page": {"after": cursor}}, status=400
    )
    assert "page.after" in problem["detail"]


def test_the_openapi_document_knows_fields_bodies_and_refusals():
    paths = OpenApiDocument.document(resources)["paths"]
    item = paths["/v2/process-instances/search"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert "processInstanceKey" in item["properties"]["items"]["items"]["properties"]
    modification = paths["/v2/process-instances/{key}/modification"]["post"]
    assert "moveInstructions" in modification["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert set(modification["responses"]) == {"204", "400", "401", "403", "404", "409"}
    assert list(modification["responses"]["409"]["content"]) == ["application/problem+json"]


def test_what_is_asked_for_by_its_start_comes_by_its_start_page_by_page(api):
    definition = deploy(TASK)
    keys = [services.start_process_instance(definition.key).process_instance_key for _ in range(5)]
    by_start = [keys[place] for place in (3, 0, 4, 1, 2)]
    for hours, key in enumerate(by_start):
        began = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
        ProcessInstance.objects.filter(pk=key).update(started_at=began)
    body = {"filter": {"startDate": {"$gt": "2026-01-01T00:30:00Z"}}, "page": {"limit": 3}}
    first = api("POST", "/process-instances/search", body)
    rest = api("POST", "/process-instances/search", body | {"page": {"after": first["page"]["endCursor"]}})
    assert [int(row["processInstanceKey"]) for row in first["items"] + rest["items"]] == by_start[1:]
