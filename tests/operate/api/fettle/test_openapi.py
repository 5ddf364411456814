"""The OpenAPI document: valid, and complete."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import URLPattern
from drf_spectacular.validation import validate_schema

from operate.api.fettle import openapi
from operate.api.fettle.urls import resources
from tests.operate.api.fettle.conftest import Api

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.OpenApiDocument.document(resources)


def test_it_is_valid_and_served(api: Api, document: dict[str, Any]) -> None:
    validate_schema(document)
    served = api.client.get("/api/openapi.json")
    assert served.json()["paths"].keys() == document["paths"].keys()
    assert api.client.get("/api/").json()["fettleOpenApi"].endswith("/api/openapi.json")


def test_nobody_reads_it_without_a_login(client, db) -> None:
    assert client.get("/api/openapi.json").status_code == 401


def test_it_names_every_route_and_method(document: dict[str, Any]) -> None:
    # given
    routed = set()
    for pattern in resources:
        assert isinstance(pattern, URLPattern)
        path = "/api/" + re.sub(r"<str:(\w+)>", r"{\1}", str(pattern.pattern))
        routed |= {(path, method) for method in METHODS if hasattr(pattern.callback.view_class, method)}
    # then
    assert {(path, method) for path, methods in document["paths"].items() for method in methods} == routed


def test_every_operation_has_a_name_of_its_own_a_tag_a_summary_and_an_answer(document: dict[str, Any]) -> None:
    operations = [each for methods in document["paths"].values() for each in methods.values()]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names)
    for each in operations:
        assert each["summary"]
        assert len(each["tags"]) == 1
        assert each["responses"]["200"]["content"]["application/json"]["schema"]
        assert each["responses"]["400"]["content"]["application/problem+json"]
