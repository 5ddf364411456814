"""Whatever is sent, the answer is never that the server failed."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest

from operate.api.v2.openapi import OpenApiDocument
from operate.api.v2.search import Search
from operate.api.v2.urls import resources
from tests.operate.api.v2.conftest import TASK
from tests.support.models import deploy

pytestmark = pytest.mark.django_db

DEEP: Any = "x"
for _ in range(150):
    DEEP = {"$or": [DEEP]}
NASTY = [
    True,
    0,
    -1,
    2**40,
    2**70,
    1.5,
    "",
    "x",
    "1",
    "-1",
    "9" * 5000,
    "٣",  # a digit, but not one of a key
    "y" * 300,
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    [],
    [[]],
    [{}],
    [None],
    ["", "y" * 300],
    {},
    {"$eq": []},
    {"$in": [{}]},
    {"$in": []},
    {"$in": ["1", "x"]},
    {"$notIn": ["1"]},
    {"$like": "*a" * 200},
    {"$like": "\\"},
    {"$like": "[%_"},
    {"$exists": False},
    {"$exists": "x"},
    {"$gt": "x"},
    {"$gt": 1},
    {"$eq": None},
    {"$eq": {"$eq": 1}},
    {"a": DEEP},
]


def searches() -> list[tuple[str, type[Search]]]:
    found = [(str(route.pattern), route.callback.view_class) for route in resources]
    return [(path.replace("<str:key>", "{key}"), view) for path, view in found if issubclass(view, Search)]


def post(api: Any, method: str, path: str, body: object) -> int:
    return int(api.send(method, path, body).status_code)


@pytest.mark.parametrize(("path", "view"), searches(), ids=lambda value: value if isinstance(value, str) else "")
def test_no_filter_makes_a_search_fail(api, order, path, view):
    task = api.items("/user-tasks")[0]
    key = {"user-tasks": task["userTaskKey"], "element-instances": task["elementInstanceKey"]}
    path = "/" + path.replace("{key}", key.get(path.split("/")[0], str(order.process_instance_key)))
    alike = {(field.kind, bool(field.choices), bool(field.column)): field.name for field in view.fields if field.filter}
    for name in (*alike.values(), *view.own_filters, "$or", "nonsense"):
        for value in NASTY:
            status = post(api, "POST", path, {"filter": {name: value}})
            assert status in (200, 400), f"{path}: {name} = {json.dumps(value)[:100]} is answered {status}"


@pytest.mark.parametrize("part", ["sort", "page", "filter"])
def test_no_part_of_a_search_makes_it_fail(api, order, part):
    for value in NASTY:
        assert post(api, "POST", "/element-instances/search", {part: value}) in (200, 400)
    for name in ("field", "order"):
        for value in NASTY:
            body = {"sort": [{"field": "elementId", "order": "ASC", name: value}]}
            assert post(api, "POST", "/element-instances/search", body) in (200, 400)
    for name in ("limit", "from", "after", "before"):
        for value in NASTY:
            assert post(api, "POST", "/element-instances/search", {"page": {name: value}}) in (200, 400)


@pytest.mark.parametrize("field", [field.name for field in searches()[1][1].fields if field.sort])
def test_no_forged_cursor_makes_a_search_fail(api, order, field):
    sort = [{"field": field}]
    cursor = api("POST", "/process-instances/search", {"sort": sort})["page"]["endCursor"]
    mark, *values = json.loads(b64decode(cursor))
    for value in (*NASTY, None, "\ud800", "a\x00"):
        forged = b64encode(json.dumps([mark, *[value] * len(values)]).encode()).decode()
        assert post(api, "POST", "/process-instances/search", {"sort": sort, "page": {"after": forged}}) in (200, 400)


def commands() -> list[tuple[str, str, list[str]]]:
    found = []
    for path, operations in OpenApiDocument.document(resources)["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content and not path.endswith("/search"):
                found.append((method.upper(), path.removeprefix("/v2"), list(content["schema"]["properties"])))
    return found


@pytest.mark.parametrize(
    ("method", "path", "names"), commands(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_no_body_makes_a_command_fail(api, order, method, path, names):
    definition = deploy(TASK)
    needed = {
        "processDefinitionKey": str(definition.key),
        "errorCode": "E",
        "type": "work",
        "timeout": 1000,
        "maxJobsToActivate": 1,
        "assignee": "ann",
        "name": "paid",
        "variables": {},
        "changeset": {"priority": 1},
    }
    given = {name: needed[name] for name in names if name in needed}
    path = path.replace("{key}", str(order.process_instance_key))
    for body in (None, [], "x", 1, {}):
        assert post(api, method, path, body) < 500
    for name in names:
        for value in NASTY:
            status = post(api, method, path, {**given, name: value, "requestTimeout": 1})
            assert status < 500 or status == 504, f"{path}: {name} = {json.dumps(value)[:100]} is answered {status}"


@pytest.mark.parametrize("part", ["activateInstructions", "moveInstructions", "terminateInstructions"])
def test_no_instruction_makes_a_modification_fail(api, order, part):
    path = f"/process-instances/{order.process_instance_key}/modification"
    names = ["elementId", "ancestorElementInstanceKey", "variableInstructions", "elementInstanceKey", "targetElementId"]
    names += ["sourceElementInstruction", "ancestorScopeInstruction"]
    source = {"sourceType": "byId", "sourceElementId": "approve"}
    given = {"elementId": "approve", "targetElementId": "approve", "sourceElementInstruction": source}
    if part == "terminateInstructions":
        given = {}
    for name in names:
        for value in NASTY:
            assert post(api, "POST", path, {part: [{**given, name: value}]}) in (204, 400, 404)
