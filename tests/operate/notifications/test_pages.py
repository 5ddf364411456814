"""The bell, what comes by mail, and the webhooks of a workspace."""

from __future__ import annotations

import re
from typing import Any

from django.core import mail
from django.test import Client

from audit.models import AuditEvent
from operate.notifications.delivering import deliver_due
from operate.notifications.models import Kind, Notification, Way, Webhook
from operate.workspaces import remove_member
from tests.operate.notifications.conftest import Team
from tests.operate.notifications.receiver import Receiver

LIST = "/operate/notification/"


def client_of(team: Team, name: str) -> Client:
    client = Client()
    client.force_login(team.people[name])
    return client


def hooks_of(team: Team) -> str:
    return f"/operate/webhook/of/{team.loans.pk}/"


def said(answer: Any) -> list[str]:
    """The messages on the page that one comes to."""
    return [str(message) for message in answer.context["messages"]]


# -- the bell


def test_each_sees_what_they_were_told_and_nothing_else(team: Team) -> None:
    team.tell(users=[team.people["omar"]], subject="For omar")
    team.tell(users=[team.people["anna"]], subject="For anna")
    page = client_of(team, "omar").get(LIST).content.decode()
    assert "For omar" in page
    assert "For anna" not in page
    assert client_of(team, "omar").get(f"{LIST}count/").json() == {"unread": 1, "approvals": 0}


def test_opening_one_leads_to_what_it_is_about_and_marks_it_as_read(team: Team) -> None:
    team.tell(users=[team.people["omar"]], url="/operate/batch/")
    client = client_of(team, "omar")
    row = Notification.objects.get(way=Way.PAGE)
    assert client.get(f"{LIST}{row.pk}/").headers["Location"] == "/operate/batch/"
    assert client.get(f"{LIST}count/").json() == {"unread": 0, "approvals": 0}
    assert client_of(team, "anna").get(f"{LIST}{row.pk}/").status_code == 404


def test_nobody_is_led_away_from_the_installation(team: Team) -> None:
    team.tell(users=[team.people["omar"]], url="//evil.example/")
    row = Notification.objects.get(way=Way.PAGE)
    assert client_of(team, "omar").get(f"{LIST}{row.pk}/").headers["Location"] == LIST


def test_all_or_some_are_marked_as_read(team: Team) -> None:
    for number in range(3):
        team.tell(users=[team.people["omar"], team.people["anna"]], subject=f"Number {number}")
    client = client_of(team, "omar")
    one = Notification.objects.filter(way=Way.PAGE, recipient=team.people["omar"]).earliest("key")
    others = Notification.objects.filter(way=Way.PAGE, recipient=team.people["anna"]).earliest("key")
    answer = client.post(f"{LIST}read/?state=UNREAD", {"key": [one.pk, others.pk, "x"]})
    assert answer.headers["Location"] == f"{LIST}?state=UNREAD"
    page = client.get(f"{LIST}?state=UNREAD").content.decode()
    assert "Number 0" not in page
    assert "Number 1" in page
    client.post(f"{LIST}read/", {"all": "1"})
    assert client.get(f"{LIST}count/").json() == {"unread": 0, "approvals": 0}
    assert client_of(team, "anna").get(f"{LIST}count/").json() == {"unread": 3, "approvals": 0}


def test_the_list_is_narrowed_by_kind(team: Team) -> None:
    team.tell(Kind.ALERT, users=[team.people["omar"]], subject="An alert")
    team.tell(Kind.APPROVED, users=[team.people["omar"]], subject="An approval")
    page = client_of(team, "omar").get(f"{LIST}?kind=ALERT").content.decode()
    assert "An alert" in page
    assert "An approval" not in page


def test_who_has_left_the_workspace_sees_no_more_of_it(team: Team) -> None:
    team.tell(users=[team.people["omar"]], subject="For omar")
    remove_member(team.people["omar"], team.loans)
    client = client_of(team, "omar")
    assert "For omar" not in client.get(LIST).content.decode()
    assert client.get(f"{LIST}count/").json() == {"unread": 0, "approvals": 0}


def test_what_comes_by_mail_is_chosen(team: Team) -> None:
    client = client_of(team, "omar")
    wanted = [kind for kind in Kind.values if kind != Kind.ALERT]
    answer = client.post(f"{LIST}mail/", {"kinds": wanted}, follow=True)
    assert said(answer) == ["Saved: what comes by mail."]
    page = answer.content.decode()
    ticked = {kind for kind in Kind.values if re.search(rf'value="{kind}"[^>]* checked', page)}
    assert ticked == set(wanted)
    team.tell(Kind.ALERT, users=[team.people["omar"]])
    deliver_due()
    assert mail.outbox == []


def test_without_a_mail_server_the_page_says_so(team: Team, settings: Any) -> None:
    settings.FETTLE_MAIL = False
    assert "No mail server is set up here" in client_of(team, "omar").get(LIST).content.decode()


def test_the_empty_list_says_what_will_stand_there(team: Team) -> None:
    assert "No notifications" in client_of(team, "omar").get(LIST).content.decode()


# -- webhooks


def test_a_webhook_is_added_and_its_secret_is_shown_once(team: Team, receiver: Receiver) -> None:
    client = client_of(team, "anna")
    answer = client.post(hooks_of(team), {"url": receiver.url, "kinds": ["ALERT", "APPROVED"]}, follow=True)
    hook = Webhook.objects.get()
    assert (hook.url, hook.kinds, hook.is_on) == (receiver.url, ["APPROVED", "ALERT"], True)
    assert len(hook.secret) >= 32
    assert hook.secret in answer.content.decode()
    assert hook.secret not in client.get(hooks_of(team)).content.decode()
    event = AuditEvent.objects.get(subject="Webhook")
    assert (event.event, event.actor_name, event.body["url"]) == ("Create", "anna", receiver.url)
    assert hook.secret not in str(event.body)


def test_a_secret_of_one_s_own_is_not_shown(team: Team, receiver: Receiver) -> None:
    facts = {"url": receiver.url, "kinds": ["ALERT"], "secret": "my very own secret"}
    answer = client_of(team, "anna").post(hooks_of(team), facts, follow=True)
    assert Webhook.objects.get().secret == "my very own secret"
    assert "my very own secret" not in answer.content.decode()


def test_what_cannot_be_a_webhook_is_refused_beside_its_field(team: Team, hook: Webhook, settings: Any) -> None:
    client = client_of(team, "anna")
    for facts, complaint in (
        ({"url": "ftp://example.com/x", "kinds": ["ALERT"]}, "begins with"),
        ({"url": hook.url, "kinds": ["ALERT"]}, "already"),
        ({"url": "https://example.com/", "kinds": []}, "required"),
        ({"url": "https://example.com/", "kinds": ["ALERT"], "secret": "short"}, "at least 16"),
    ):
        answer = client.post(hooks_of(team), facts)
        assert answer.status_code == 400
        assert complaint in answer.content.decode()
    settings.FETTLE_WEBHOOKS_TO_PRIVATE_ADDRESSES = False
    answer = client.post(hooks_of(team), {"url": "http://127.0.0.1/x", "kinds": ["ALERT"]})
    assert "private network" in answer.content.decode()
    assert Webhook.objects.count() == 1


def test_a_test_shows_whether_it_got_through(team: Team, hook: Webhook, receiver: Receiver) -> None:
    client = client_of(team, "anna")
    where = f"{hooks_of(team)}{hook.pk}/"
    assert "has accepted the test" in said(client.post(where, {"do": "test"}, follow=True))[0]
    [request] = receiver.received
    assert request.json["kind"] == "TEST"
    assert request.json["text"] == "anna tests this webhook."
    receiver.status = 500
    answer = client.post(where, {"do": "test"}, follow=True)
    assert "answered with status 500" in said(answer)[0]
    assert "Failing" in answer.content.decode()


def test_a_webhook_is_changed_switched_and_removed(team: Team, hook: Webhook, receiver: Receiver) -> None:
    client = client_of(team, "anna")
    where = f"{hooks_of(team)}{hook.pk}/"
    client.post(where, {"do": "change", "url": f"{receiver.url}&more=1", "kinds": ["ALERT"]})
    hook.refresh_from_db()
    assert (hook.url, hook.kinds, hook.secret) == (f"{receiver.url}&more=1", ["ALERT"], "a very secret secret")
    client.post(where, {"do": "off"})
    hook.refresh_from_db()
    assert not hook.is_on
    client.post(where, {"do": "on"})
    answer = client.post(where, {"do": "secret"}, follow=True)
    hook.refresh_from_db()
    assert hook.is_on
    assert hook.secret != "a very secret secret"
    assert hook.secret in answer.content.decode()
    client.post(where, {"do": "remove"})
    assert not Webhook.objects.exists()
    events = AuditEvent.objects.filter(subject="Webhook").order_by("key").values_list("event", flat=True)
    assert list(events) == ["Update", "Update", "Update", "Update", "Delete"]
    assert hook.secret not in str(list(AuditEvent.objects.values_list("body", flat=True)))
    history = client.get(f"/workflow/workspace/{team.loans.pk}/history/").content.decode()
    assert receiver.url.replace("&", "&amp;") in history
    assert hook.secret not in history


def test_the_page_tells_what_went_there_and_what_failed(team: Team, hook: Webhook, receiver: Receiver) -> None:
    receiver.status = 503
    team.tell(Kind.ALERT, users=[], subject="Too many incidents")
    deliver_due()
    page = client_of(team, "anna").get(hooks_of(team)).content.decode()
    assert "Too many incidents" in page
    assert "answered with status 503" in page
    assert "Next attempt" in page


def test_who_does_not_manage_the_workspace_is_told_whom_to_ask(team: Team, hook: Webhook) -> None:
    for method in ("get", "post"):
        answer = getattr(client_of(team, "omar"), method)(hooks_of(team))
        assert answer.status_code == 403
        assert "Ask anna" in answer.content.decode()
        assert hook.url not in answer.content.decode()
    assert client_of(team, "zoe").get(hooks_of(team)).status_code == 404
    assert hook.url not in client_of(team, "omar").get("/operate/webhook/").content.decode()
