"""Ids have the shape of UUIDs, for clients that insist on it."""

from __future__ import annotations

from uuid import UUID

import pytest

from operate.api.engine_rest.ids import definition_key_of, id_of, key_of
from tests.operate.api.engine_rest.conftest import Api


@pytest.mark.parametrize("key", [1, 4711, 2**63 - 1])
def test_a_key_is_a_uuid_that_shows_its_digits(key: int) -> None:
    assert UUID(id_of(key)).hex == f"{key:032}"
    assert key_of(id_of(key)) == key_of(str(key)) == key


@pytest.mark.parametrize(
    "id",
    [
        "",
        "0",
        "x",
        "-1",
        "1.0",
        " 1",
        "٣",
        str(2**63),
        "00000000-0000-0000-0000-000000000000",
        "00000000-0000-0000-0000-00000000000a",
        "00000000-0000-9999-9999-999999999999",
        "00000000-0000-0000-0000-0000000047",
        5,
        None,
    ],
)
def test_what_is_nobodys_id(id: object) -> None:
    assert key_of(id) is None


def test_a_definition_is_found_by_the_key_at_the_end() -> None:
    assert definition_key_of("order:3:4711") == definition_key_of("4711") == definition_key_of(id_of(4711)) == 4711
    assert definition_key_of("order:3:x") is None


def test_both_forms_of_an_id_are_understood(api: Api, order: str) -> None:
    key = str(key_of(order))
    assert api.get(f"/process-instance/{key}") == api.get(f"/process-instance/{order}")
    assert api.get("/task", processInstanceId=key) == api.get("/task", processInstanceId=order)
    approve = str(key_of(api.activity(order, "approve")["id"]))
    api.post(
        f"/process-instance/{key}/modification", {"instructions": [{"type": "cancel", "activityInstanceId": approve}]}
    )
    assert api.tree(order) == ["payment", "ship"]
