"""The OpenAPI document: valid, and complete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern
from drf_spectacular.validation import validate_schema

from operate.api.engine_rest import openapi
from operate.api.engine_rest.urls import resources
from tests.operate.api.engine_rest.conftest import Api

METHODS = ("get", "post", "put", "delete")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.OpenApiDocument.document(resources)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_it_is_valid_and_served(api: Api, document: dict[str, Any]) -> None:
    validate_schema(document)
    assert api.get("/openapi.json")["paths"].keys() == document["paths"].keys()


def test_it_names_every_route_and_method(document: dict[str, Any]) -> None:
    # given
    routed = set()
    for pattern in resources:
        assert isinstance(pattern, URLPattern)
        path = "/engine-rest/" + re.sub(r"<str:(\w+)>", r"{\1}", str(pattern.pattern))
        routed |= {(path, method) for method in METHODS if hasattr(pattern.callback.view_class, method)}
    # then
    documented = {(path, method) for path, method, _ in operations(document)}
    not_allowed = {("/engine-rest/task/{id}/identity-links/delete", "get")}
    assert documented == routed - not_allowed


def test_it_speaks_of_this_dialect_only(document: dict[str, Any]) -> None:
    assert all(path.startswith("/engine-rest/") for path in document["paths"])


def test_every_operation_has_a_name_of_its_own_a_tag_and_a_summary(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    assert "postProcessInstanceByIdModification" in names
    for path, method, operation in operations(document):
        assert operation["summary"], (path, method)
        assert len(operation["tags"]) == 1


def test_every_command_describes_its_body_and_every_question_its_answer(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        answers = operation["responses"]
        if method == "get":
            assert "content" in answers.get("200", {}) or path.endswith("/diagram"), path
        elif method in ("post", "put"):
            bodiless = path.endswith(("/unclaim", "/unlock", "/execute", "/recalculate", "/clear-annotation"))
            assert "requestBody" in operation or bodiless, (path, method)
        assert "401" in answers


def test_lists_describe_their_parameters_in_address_and_body(document: dict[str, Any]) -> None:
    tasks = document["paths"]["/engine-rest/task"]
    parameters = {each["name"]: each for each in tasks["get"]["parameters"]}
    assert {"candidateGroup", "sortBy", "firstResult", "processVariables"} <= parameters.keys()
    body = tasks["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert body["taskDefinitionKeyIn"] == {"type": "array", "items": {"type": "string"}}
    assert {"orQueries", "sorting", "priority"} <= body.keys()
    assert {each["name"] for each in tasks["post"]["parameters"]} == {"firstResult", "maxResults"}


def test_the_ways_to_log_in_are_described(document: dict[str, Any]) -> None:
    assert {"basicAuth", "bearerAuth", "cookieAuth", "tokenAuth"} == set(document["components"]["securitySchemes"])
