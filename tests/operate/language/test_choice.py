"""The language is chosen in the menu, else asked for by the browser; programs always read English."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from operate.notifications.models import NotificationPreference

pytestmark = pytest.mark.django_db
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(get_user_model()._default_manager.create_user("ada", is_staff=True))
    return client


def test_the_browser_asks_for_a_language(client):
    page = client.get("/", headers=GERMAN)
    assert '<html lang="de"' in page.content.decode()
    assert (page.headers["Content-Language"], "Accept-Language" in page.headers["Vary"]) == ("de", True)


def test_a_language_that_is_not_there_is_english(client):
    assert '<html lang="en"' in client.get("/", headers={"Accept-Language": "fr"}).content.decode()


def test_the_choice_in_the_menu_stays(client):
    assert "Deutsch" in client.get("/").content.decode()
    answer = client.post("/language/", {"language": "de", "next": "/?workspace=x"})
    assert answer.headers["Location"] == "/?workspace=x"
    assert answer.cookies["django_language"]["max-age"] >= 300 * 24 * 60 * 60
    assert "Überblick" in client.get("/", headers={"Accept-Language": "en"}).content.decode()


def test_the_choice_is_kept_for_mails(client):
    client.post("/language/", {"language": "de"})
    client.post("/language/", {"language": "xx"})
    assert NotificationPreference.objects.get().language == "de"


def test_the_choice_leads_nowhere_else(client):
    answer = client.post("/language/", {"language": "de", "next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/"


def test_who_logs_in_may_choose_already():
    client = Client()
    client.post("/language/", {"language": "de"})
    assert "Passwort" in client.get("/login/").content.decode()


@pytest.mark.parametrize("address", ["/engine-rest/task/1", "/v2/user-tasks/1", "/api/process-instances/1/diagnosis"])
def test_programs_read_english(client, address):
    answer = client.get(address, headers=GERMAN)
    assert answer.status_code in (401, 403, 404)
    assert "Content-Language" not in answer.headers
    assert not any(word in answer.content.decode() for word in ("nicht", "Schlüssel", "fehlt"))
