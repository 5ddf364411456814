"""Filters, sorts, pages, and what is wrong with a request."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drf_spectacular.validation import validate_schema

from operate.api.v2.fields import matches, sql_pattern
from operate.api.v2.openapi import document
from operate.api.v2.urls import resources
from tests.operate.api.v2.conftest import TASK
from tests.support.models import deploy
from workflow import services

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


@pytest.mark.parametrize(
    ("body", "named"),
    [
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
    assert api("POST", "/signals/broadcast", {}, status=404)["status"] == 404
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
    found = document()
    validate_schema(found)
    assert len(found["paths"]) == len({str(route.pattern) for route in resources})
    operations = [op["operationId"] for path in found["paths"].values() for op in path.values()]
    assert len(operations) == len(set(operations))
