"""Tokens: made with a password, used instead of it, ended by the next one."""

from __future__ import annotations

from base64 import b64encode

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def basic(db) -> dict[str, str]:
    get_user_model().objects.create_user("ann", password="secret")
    return {"Authorization": "Basic " + b64encode(b"ann:secret").decode()}


def made(client: Client, headers: dict[str, str]) -> str:
    answer = client.post("/api/token", headers=headers)
    assert answer.status_code == 201
    return str(answer.json()["token"])


@pytest.mark.parametrize("scheme", ["Bearer", "Token"])
def test_a_token_does_instead_of_a_password(client, basic, scheme):
    token = made(client, basic)
    answer = client.get("/v2/authentication/me", headers={"Authorization": f"{scheme} {token}"})
    assert answer.json()["username"] == "ann"


def test_a_new_token_ends_the_one_before(client, basic):
    first, second = made(client, basic), made(client, basic)
    assert client.get("/api/", headers={"Authorization": f"Bearer {first}"}).status_code == 401
    assert client.get("/api/", headers={"Authorization": f"Bearer {second}"}).status_code == 200


def test_a_deleted_token_ends(client, basic):
    token = made(client, basic)
    assert client.delete("/api/token", headers=basic).status_code == 204
    assert client.get("/api/", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_the_index_names_both_dialects_documents(client, basic):
    found = client.get("/api/", headers=basic).json()
    for name in ("camunda7OpenApi", "camunda8OpenApi"):
        assert client.get(found[name], headers=basic).json()["openapi"].startswith("3.")


def test_nobody_gets_a_token_without_a_login(client):
    assert client.post("/api/token").status_code == 401
