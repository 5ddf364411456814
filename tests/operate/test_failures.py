"""Pages for what went wrong say it in the language of whoever reads, and what to do."""

from __future__ import annotations

import logging

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.test import Client

from config.messages import compile_all
from operate.admin import frame

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    compile_all()


@pytest.fixture
def client() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(get_user_model()._default_manager.create_user("ada", is_staff=True))
    return client


def failing_with(monkeypatch: pytest.MonkeyPatch, failure: Exception) -> None:
    """Let every page of the back office fail."""

    def navigation(_request: object) -> None:
        raise failure

    monkeypatch.setattr(frame, "navigation", navigation)


@pytest.mark.parametrize(("language", "heading"), [("en", "There is nothing here"), ("de", "Hier ist nichts")])
def test_an_unknown_address_is_told_in_either_language(client, language, heading):
    answer = client.get("/workflow/processinstance/12345/", headers={"Accept-Language": language})
    text = answer.content.decode()
    assert answer.status_code == 404
    assert heading in text
    assert "12345" in text
    assert f'<html lang="{language}">' in text


def test_the_page_that_knows_no_address_says_so(client):
    text = client.get("/no/such/page/").content.decode()
    assert "The address is not known" in text
    assert "Resolver404" not in text


def test_a_defect_is_told_with_its_number_in_the_log(client, monkeypatch, caplog):
    failing_with(monkeypatch, RuntimeError("secret detail"))
    with caplog.at_level(logging.ERROR):
        answer = client.get("/", headers={"X-Request-ID": "0193a7a0-0000-4000-8000-000000000001"})
    text = answer.content.decode()
    assert answer.status_code == 500
    assert "Something went wrong here" in text
    assert "secret detail" not in text
    assert "0193a7a0-0000-4000-8000-000000000001" in text
    assert any("0193a7a0-0000-4000-8000-000000000001" in record.getMessage() for record in caplog.records)


def test_a_database_that_does_not_answer_is_maintenance(client, monkeypatch):
    failing_with(monkeypatch, OperationalError("no connection"))
    answer = client.get("/", headers={"Accept-Language": "de"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "15")
    assert "Fettle ist gerade nicht verfügbar" in answer.content.decode()


def test_an_old_form_is_told_that_nothing_was_done():
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/login/", {"username": "ada", "password": "x"})
    assert answer.status_code == 403
    assert "Nothing was done. Go back, reload the page, and send it again." in answer.content.decode()


def test_what_no_browser_sends_is_not_understood(client, monkeypatch):
    failing_with(monkeypatch, SuspiciousOperation("odd"))
    answer = client.get("/")
    assert answer.status_code == 400
    assert "This request cannot be understood" in answer.content.decode()
