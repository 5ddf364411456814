"""Whatever is sent, the answer is never that the server failed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from operate.api.fettle.dry_run import BODY
from operate.plans.json_form import INSTRUCTIONS, schema_of
from tests.operate.api.v2.conftest import TASK
from tests.operate.api.v2.test_robustness import NASTY
from tests.support.models import deploy
from workflow import services

pytestmark = pytest.mark.django_db
DATES = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01", "2026-13-01T00:00:00Z"]


@pytest.fixture
def order(db: None) -> services.Outcome:
    return services.start_process_instance(deploy(TASK).key, variables={"x": 1})


def status(api: Any, path: str, body: object) -> int:
    return int(api.send(path, body).status_code)


def given(schema: Any, key: str) -> dict[str, Any]:
    """What has to be there, plausible."""
    found: dict[str, Any] = {}
    for name in schema["required"]:
        kind = schema["properties"][name]
        by_type = {"array": [], "integer": 1, "boolean": True, "object": {}}
        found[name] = (
            kind["enum"][0] if "enum" in kind else by_type.get(kind["type"], key if "pattern" in kind else "x")
        )
    return found


@pytest.mark.parametrize("schema", BODY["oneOf"], ids=lambda schema: schema["properties"]["command"]["enum"][0])
def test_no_dry_run_fails(api, order, schema):
    body = given(schema, str(order.process_instance_key))
    if "query" in schema["properties"]:
        body["keys"] = [str(order.process_instance_key)]
    assert status(api, "dry-run", body) < 500
    for name in schema["properties"]:
        for value in [*NASTY, *DATES]:
            found = status(api, "dry-run", {**body, name: value})
            assert found < 500, f"{name} = {json.dumps(value)[:100]} is answered {found}"


@pytest.mark.parametrize(
    "name", ["process", "version", "state", "element", "variable", "value", "started_from", "key", "x"]
)
def test_no_query_fails(api, order, name):
    for value in NASTY:
        assert status(api, "dry-run", {"command": "suspend", "query": {name: value}}) in (200, 400)


@pytest.mark.parametrize("kind", INSTRUCTIONS.values(), ids=list(INSTRUCTIONS))
def test_no_instruction_fails(api, order, kind):
    schema = schema_of(kind)
    plain = given(schema, str(order.process_instance_key))
    for name in schema["properties"]:
        for value in NASTY:
            for what in ("dry-run", "validate", "export"):
                path = f"process-instances/{order.process_instance_key}/modification/{what}"
                assert status(api, path, {"instructions": [{**plain, name: value}]}) in (200, 400, 409)


@pytest.mark.parametrize("name", ["instructions", "expected_revision", "skip_listeners", "reason", "proceed"])
def test_no_part_of_a_plan_fails(api, order, name):
    plan = {"instructions": [{"type": "activate_element", "element_id": "approve"}]}
    for value in NASTY:
        for what in ("", "/dry-run", "/validate", "/export"):
            path = f"process-instances/{order.process_instance_key}/modification{what}"
            assert status(api, path, {**plan, name: value}) in (200, 400, 409)
