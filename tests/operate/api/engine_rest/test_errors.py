"""Error bodies, logging in, what is not routed, and requests that are no good."""

from __future__ import annotations

import base64
from typing import Any
from uuid import uuid4

import pytest
from django.db import DataError
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from audit.models import AuditEvent
from operate.api.engine_rest import errors
from operate.api.engine_rest.ids import key_of
from tests.operate.api.engine_rest.conftest import ORDER, Api, People


class TestLoggingIn:
    """Who is let in."""

    def test_nobody_without_a_login(self, db: None) -> None:
        for path in ("/engine", "/task", "/nowhere", "/openapi.json"):
            refusal = Api().refused("GET", path)
            assert (refusal.status, refusal.type) == (401, "AuthenticationException")
            assert refusal.headers["WWW-Authenticate"] == 'Basic realm="Fettle"'

    def test_by_basic_token_and_session(self, people: People) -> None:
        basic = base64.b64encode(b"support:support").decode()
        token = Token.objects.create(user=people.support).key
        for value in (f"Basic {basic}", f"Token {token}", f"Bearer {token}"):
            assert APIClient().get("/engine-rest/engine", headers={"Authorization": value}).status_code == 200, value
        client = APIClient()
        client.force_login(people.support)
        assert client.get("/engine-rest/engine").status_code == 200

    def test_a_wrong_password(self, people: People) -> None:
        basic = base64.b64encode(b"support:wrong").decode()
        response = APIClient().get("/engine-rest/engine", headers={"Authorization": f"Basic {basic}"})
        assert response.status_code == 401
        assert response.json()["type"] == "AuthenticationException"

    def test_a_session_needs_the_csrf_token_to_change_something(self, people: People) -> None:
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(people.admin)
        response = client.post("/engine-rest/task", {}, format="json")
        assert (response.status_code, response.json()["type"]) == (403, "AuthorizationException")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nowhere"),
        ("POST", "/case-instance"),
        ("GET", "/decision-definition"),
        ("GET", "/engine/other/task"),
        ("GET", "/"),
    ],
)
def test_what_this_release_does_not_have_is_not_found(api: Api, method: str, path: str) -> None:
    refusal = api.refused(method, path)
    assert refusal.status == 404
    assert refusal.body == {"type": "NotFoundException", "message": "HTTP 404 Not Found", "code": None}


def test_a_method_that_a_resource_does_not_have(api: Api) -> None:
    refusal = api.refused("PUT", "/process-instance", {})
    assert (refusal.status, refusal.type) == (405, "NotAllowedException")


def test_the_same_resources_below_the_name_of_the_engine(api: Api, order: str) -> None:
    assert api.get("/engine") == [{"name": "default"}]
    assert api.get("/engine/default/process-instance") == api.get("/process-instance")
    assert api.get(f"/engine/default/task/{api.task(order, 'approve')['id']}")["name"] == "Approve"


def test_the_version_is_one_that_clients_of_camunda_7_understand(api: Api) -> None:
    assert api.get("/version")["version"].startswith("7.")


@pytest.mark.parametrize(
    ("content", "type", "status", "reason"),
    [
        (b"{", "application/json", 400, "Expected a JSON body"),
        (b"\xff\xfe", "application/json", 400, "Expected a JSON body"),
        (b'{"a": NaN}', "application/json", 400, "NaN is not a JSON value"),
        (
            b'{"variables": {"a": {"value": 1e999}}}',
            "application/json",
            400,
            "finite number at the body.variables.a.value",
        ),
        (b'{"businessKey": "\\u0000"}', "application/json", 400, "NUL characters in the body.businessKey"),
        (b'{"businessKey": "\\ud800"}', "application/json", 400, "half of a surrogate pair"),
        (b"[" * 100_000, "application/json", 400, "levels deep"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "application/json", 400, "200 levels deep"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "application/json", 400, "Expected a JSON body"),
        (b" " * (16 * 1024 * 1024) + b"{}", "application/json", 413, "at most 16777216 bytes"),
        (b"[]", "application/json", 400, "found a list"),
        (b'"text"', "application/json", 400, "found text"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "Unsupported media type"),
        (b"<a/>", "application/xml", 415, "Unsupported media type"),
    ],
)
def test_bodies_that_are_no_good(api: Api, content: bytes, type: str, status: int, reason: str) -> None:
    # given
    api.deploy(ORDER)
    # when
    response = api.client.generic("POST", "/engine-rest/process-definition/key/order/start", content, type)
    # then
    assert response.status_code == status
    assert reason in response.json()["message"]
    assert api.get("/process-instance/count") == {"count": 0}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/task?name=%00", "NUL characters in query parameter 'name'"),
        ("/task?%00=a", "NUL characters in the name of a query parameter"),
        ("/task/%00", "NUL characters in 'id' in the path"),
        ("/process-instance/1/variables/a%00", "NUL characters in 'name' in the path"),
    ],
)
def test_addresses_that_are_no_good(api: Api, path: str, reason: str) -> None:
    refusal = api.refused("GET", path)
    assert (refusal.status, refusal.type) == (400, "InvalidRequestException")
    assert reason in refusal.message


@pytest.mark.parametrize(
    "body", [{"businessKey": "b" * 256}, {"variables": {"n" * 256: {"value": 1}}}, {"businessKey": {"a": 1}}]
)
def test_what_is_too_long_or_of_another_kind_is_refused(api: Api, body: dict[str, Any]) -> None:
    api.deploy(ORDER)
    assert api.refused("POST", "/process-definition/key/order/start", body).status == 400


def test_messages_are_in_english_for_everybody(api: Api, order: str) -> None:
    response = api.client.post("/engine-rest/message", {}, format="json", headers={"Accept-Language": "de"})
    assert response.json()["message"] == "'messageName': This field is required."


def test_more_parameters_than_anybody_needs_are_refused(api: Api) -> None:
    response = api.client.get("/engine-rest/task?" + "&".join(f"p{i}=1" for i in range(20_001)))
    assert (response.status_code, response.json()["type"]) == (400, "InvalidRequestException")


def test_a_large_value_is_stored(api: Api, order: str) -> None:
    text = "x" * 10_000_000
    api.put(f"/process-instance/{order}/variables/large", {"value": text, "type": "String"})
    assert api.get(f"/process-instance/{order}/variables/large")["value"] == text


def test_commands_are_recorded_with_their_request(api: Api, order: str) -> None:
    # given
    request_id = uuid4()
    # when
    api.client.delete(
        f"/engine-rest/process-instance/{order}?deleteReason=x", headers={"X-Request-ID": str(request_id)}
    )
    # then
    event = AuditEvent.objects.get(request_id=request_id)
    assert (event.channel, event.actor_name, event.reason) == ("ENGINE_REST", "admin", "x")
    assert event.url == f"/engine-rest/process-instance/{order}?deleteReason=x"
    assert event.process_instance_key == key_of(order)


def test_a_defect_is_logged_and_told_in_the_same_form(caplog: pytest.LogCaptureFixture) -> None:
    answer = errors.handle(KeyError("secret"), {})
    assert answer.status_code == 500
    assert answer.data == {
        "type": "ProcessEngineException",
        "message": "The server failed: KeyError. It is in the log.",
        "code": 0,
    }
    assert "secret" in caplog.text


def test_what_the_database_cannot_store_is_the_callers_mistake() -> None:
    answer = errors.handle(DataError("value too long\nDETAIL"), {})
    assert answer.status_code == 400
    assert answer.data["message"] == "A value is too long, too large or not storable: value too long"


class TestIdentity:
    """/identity"""

    def test_groups_and_their_members(self, api: Api, people: People) -> None:
        found = api.get("/identity/groups", userId="support")
        assert found == {"groups": [{"id": "loans:SUPPORT", "name": "loans:SUPPORT"}], "groupUsers": []}

    def test_groups_of_others_are_for_administrators(self, people: People) -> None:
        support = Api(people.support)
        assert support.get("/identity/groups", userId="support")["groups"][0]["id"] == "loans:SUPPORT"
        assert support.refused("GET", "/identity/groups", userId="admin").status == 403
        assert support.refused("GET", "/identity/groups").message == "No user id was supplied"

    def test_verifying_a_password(self, api: Api, people: People) -> None:
        def verify(password: str) -> bool:
            return api.post("/identity/verify", {"username": "worker", "password": password})["authenticated"]

        assert (verify("worker"), verify("wrong")) == (True, False)
        assert api.refused("POST", "/identity/verify", {"username": "x", "password": ""}).status == 400
