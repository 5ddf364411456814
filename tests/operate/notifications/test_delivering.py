"""What was told arrives at least once, signed and marked, and what fails is tried again for a while."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from audit.models import AuditEvent, Channel
from operate.notifications import delivering, posting
from operate.notifications.delivering import MOST_ATTEMPTS, PAUSES, DeliveryRunner, deliver_due, forget_old
from operate.notifications.models import Kind, Notice, Notification, NotificationPreference, Way, Webhook
from operate.notifications.posting import NotPosted, post, why_unreachable
from operate.workspaces import remove_member
from tests.operate.notifications.conftest import Clock, Team
from tests.operate.notifications.receiver import Receiver
from tests.operate.test_job_runner import second_connection, until


def only(way: Way) -> Notification:
    return Notification.objects.get(way=way)


# -- mail


def test_a_mail_says_what_it_is_about_and_where_to_go(team: Team) -> None:
    team.tell(users=[team.people["omar"]], subject="Please decide", text="Move 'pack' to 'send'", url="/drafts/7/")
    assert deliver_due() == 1
    [message] = mail.outbox
    assert message.to == ["omar@example.com"]
    assert message.subject == "[Loans] Please decide"
    assert "Move 'pack' to 'send'\n\nhttp://testserver/drafts/7/\n" in message.body
    assert "http://testserver/operate/notification/" in message.body
    assert message.extra_headers["Message-ID"] == f"<{only(Way.MAIL).id}@testserver>"
    assert only(Way.MAIL).state == "SENT"


def test_a_mail_comes_in_the_language_that_its_reader_has_chosen(team: Team, settings: Any) -> None:
    # given
    NotificationPreference.objects.create(user=team.people["anna"], language="de")
    NotificationPreference.objects.create(user=team.people["bert"], language="gone")
    # when
    team.tell(subject=format_lazy(gettext_lazy("Applied: {title}"), title="Move"), text="")
    deliver_due()
    # then
    assert {message.to[0]: message.subject for message in mail.outbox} == {
        "anna@example.com": "[Loans] Angewendet: Move",
        "bert@example.com": "[Loans] Applied: Move",
    }
    german = next(message for message in mail.outbox if message.to == ["anna@example.com"])
    assert "What comes by mail" not in german.body
    # and programs are told in the installation's language, bells in that of the page
    notice = Notice.objects.get()
    assert notice.subject == "Applied: Move"
    with translation.override("de"):
        assert notice.here[0] == "Angewendet: Move"


def test_what_was_sent_is_not_sent_again(team: Team) -> None:
    team.tell()
    assert deliver_due() == 2
    assert deliver_due() == 0
    assert len(mail.outbox) == 2


def test_who_may_not_see_the_workspace_any_more_gets_no_mail(team: Team) -> None:
    team.tell(users=[team.people["omar"]])
    remove_member(team.people["omar"], team.loans)
    deliver_due()
    assert mail.outbox == []
    assert only(Way.MAIL).state == "GIVEN_UP"
    assert "may not see the workspace" in only(Way.MAIL).error


def test_a_mail_server_that_is_down_is_tried_again(team: Team, clock: Clock, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    team.tell(users=[team.people["omar"]])
    deliver_due()
    assert only(Way.MAIL).due_at == clock.now + PAUSES[0]
    assert "The mail server did not take it" in only(Way.MAIL).error
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    clock.go_on(PAUSES[0])
    deliver_due()
    assert len(mail.outbox) == 1


# -- webhooks


def test_a_webhook_gets_everything_signed(team: Team, hook: Webhook, receiver: Receiver, clock: Clock) -> None:
    team.tell(Kind.BREAK_GLASS, subject="Glass broken", text="Because", url="/x/", facts={"draft": 7})
    deliver_due()
    [request] = receiver.received
    row = only(Way.WEBHOOK)
    assert request.path == "/hook?from=fettle"
    assert request.json == {
        "id": str(row.id),
        "kind": "BREAK_GLASS",
        "at": "2030-01-01T12:00:00Z",
        "workspace": "loans",
        "subject": "Glass broken",
        "text": "Because",
        "url": "http://testserver/x/",
        "facts": {"draft": 7},
    }
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Fettle-Notification"] == str(row.id)
    timestamp = str(int(clock.now.timestamp()))
    expected = hmac.new(b"a very secret secret", timestamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert request.headers["Fettle-Signature"] == f"t={timestamp},v1={expected}"
    assert row.state == "SENT"
    hook.refresh_from_db()
    assert hook.succeeded_at == clock.now


def test_failures_are_tried_again_ever_later_and_then_given_up(
    team: Team, hook: Webhook, receiver: Receiver, clock: Clock
) -> None:
    receiver.status = 500
    team.tell(Kind.ALERT, users=[])
    for pause in PAUSES:
        deliver_due()
        assert only(Way.WEBHOOK).due_at == clock.now + pause
        clock.go_on(pause - timedelta(seconds=1))
        assert deliver_due() == 0
        clock.go_on(timedelta(seconds=1))
    deliver_due()
    assert only(Way.WEBHOOK).state == "GIVEN_UP"
    assert only(Way.WEBHOOK).due_at is None
    assert "status 500" in only(Way.WEBHOOK).error
    assert len(receiver.received) == MOST_ATTEMPTS
    assert len({request.headers["Fettle-Notification"] for request in receiver.received}) == 1
    assert sorted(PAUSES) == PAUSES
    hook.refresh_from_db()
    assert "status 500" in hook.error
    assert hook.is_on


def test_what_works_again_is_sent_and_forgiven(team: Team, hook: Webhook, receiver: Receiver, clock: Clock) -> None:
    receiver.status = 503
    team.tell(Kind.ALERT, users=[])
    deliver_due()
    receiver.status = 200
    clock.go_on(PAUSES[0])
    deliver_due()
    hook.refresh_from_db()
    assert (hook.failing_since, hook.error) == (None, "")
    assert only(Way.WEBHOOK).state == "SENT"


def test_a_webhook_that_fails_for_days_is_switched_off_and_told_of(
    team: Team, hook: Webhook, receiver: Receiver, clock: Clock
) -> None:
    receiver.status = 404
    for _ in range(5):
        team.tell(Kind.APPROVED, users=[])
        for pause in (*PAUSES, timedelta(0)):
            deliver_due()
            clock.go_on(pause)
    hook.refresh_from_db()
    assert not hook.is_on
    told = Notice.objects.get(kind=Kind.ALERT)
    assert told.subject == f"The webhook to {hook.url} was switched off"
    assert "status 404" in told.text
    assert told.url == f"/operate/webhook/of/{team.loans.pk}/"
    assert sorted(told.notifications.filter(way=Way.PAGE).values_list("recipient__username", flat=True)) == [
        "anna",
        "bert",
    ]
    event = AuditEvent.objects.get(subject="Webhook")
    assert (event.channel, event.body["changes"]) == (Channel.SYSTEM, {"is_on": False})
    # what is told from now on does not go there
    before = len(receiver.received)
    team.tell(Kind.APPROVED, users=[])
    deliver_due()
    assert len(receiver.received) == before


def test_what_waits_for_a_webhook_that_was_switched_off_is_not_sent(
    team: Team, hook: Webhook, receiver: Receiver
) -> None:
    team.tell(Kind.ALERT, users=[])
    Webhook.objects.update(is_on=False)
    deliver_due()
    assert receiver.received == []
    assert only(Way.WEBHOOK).error == "The webhook was switched off."


def test_redirects_are_not_followed(team: Team, hook: Webhook, receiver: Receiver) -> None:
    receiver.status, receiver.location = 307, receiver.url.replace("/hook", "/elsewhere")
    team.tell(Kind.ALERT, users=[])
    deliver_due()
    assert [request.path for request in receiver.received] == ["/hook?from=fettle"]
    assert "redirects are not followed" in only(Way.WEBHOOK).error


def test_who_does_not_answer_is_not_waited_for_forever(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver.is_silent = True
    monkeypatch.setattr(posting, "ANSWER_SECONDS", 0.2)
    with pytest.raises(NotPosted, match=r"127.0.0.1 did not take it"):
        post(receiver.url, b"{}", {})


# -- workers


def test_a_worker_that_is_killed_has_not_sent_it(
    team: Team, hook: Webhook, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        raise Killed

    team.tell(Kind.ALERT, users=[])
    monkeypatch.setattr(delivering, "_end", kill)
    with pytest.raises(Killed):
        deliver_due()
    monkeypatch.undo()
    monkeypatch.setattr(delivering, "clock", clock)
    assert deliver_due() == 0, "it is left to whom has taken it"
    clock.go_on(delivering.HELD)
    assert deliver_due() == 1
    first, second = receiver.received
    assert first.headers["Fettle-Notification"] == second.headers["Fettle-Notification"]
    assert first.body == second.body


def test_what_kills_every_worker_is_given_up(team: Team, hook: Webhook, receiver: Receiver, clock: Clock) -> None:
    team.tell(Kind.ALERT, users=[])
    Notification.objects.filter(way=Way.WEBHOOK).update(attempts=MOST_ATTEMPTS)
    deliver_due()
    assert receiver.received == []
    assert only(Way.WEBHOOK).state == "GIVEN_UP"


@pytest.mark.django_db(transaction=True)
def test_what_another_worker_has_taken_is_left_alone(team: Team) -> None:
    team.tell()
    first = Notification.objects.filter(way=Way.MAIL).earliest("key")
    with second_connection() as other:
        other.execute("SELECT 1 FROM operate_notification WHERE key = %s FOR UPDATE", [first.key])
        assert deliver_due() == 1
    assert deliver_due() == 1


@pytest.mark.django_db(transaction=True)
def test_runners_send_each_once(team: Team, hook: Webhook, receiver: Receiver) -> None:
    for number in range(20):
        team.tell(Kind.ALERT, users=[], subject=f"Number {number}")
    with DeliveryRunner(2), DeliveryRunner(2):
        until(lambda: not Notification.objects.filter(due_at__isnull=False).exists())
    assert sorted(request.json["subject"] for request in receiver.received) == sorted(f"Number {n}" for n in range(20))


def test_what_is_due_is_found_by_index(team: Team) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = Notification.objects.due(delivering.clock()).order_by("due_at").explain()
    assert "notification_due" in plan


def test_what_was_told_long_ago_is_forgotten_but_not_what_waits(team: Team, hook: Webhook, clock: Clock) -> None:
    team.tell(Kind.ALERT, users=[team.people["omar"]], subject="waits")
    Notification.objects.filter(way=Way.MAIL).update(due_at=None)
    team.tell(users=[team.people["omar"]], subject="old")
    Notification.objects.filter(notice__subject="old").update(due_at=None)
    assert forget_old() == 0
    clock.go_on(delivering.KEPT + timedelta(days=1))
    assert forget_old() == 1
    assert Notice.objects.get().subject == "waits"


# -- addresses


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("ftp://example.com/", "begins with 'https://'"),
        ("https:///path", "begins with 'https://'"),
        ("https://example.com:port/", "Expected a URL"),
        ("https://me:word@example.com/", "without user name"),
        ("http://127.0.0.1:8000/", "private network"),
        ("http://localhost/", "private network"),
        ("http://2130706433/", "private network"),
        ("http://10.1.2.3/", "private network"),
        ("http://169.254.169.254/latest/meta-data", "private network"),
        ("http://100.64.0.1/", "private network"),
        ("http://0.0.0.0/", "private network"),
        ("http://224.0.0.1/", "private network"),
        ("http://[::1]/", "private network"),
        ("http://[::ffff:127.0.0.1]/", "private network"),
        ("http://[64:ff9b::7f00:1]/", "private network"),
        ("http://[2002:7f00:1::]/", "private network"),
        ("http://[fd00::1]/", "private network"),
        ("http://[fe80::1]/", "private network"),
    ],
)
def test_what_may_not_be_posted_to(url: str, complaint: str, settings: Any) -> None:
    settings.FETTLE_WEBHOOKS_TO_PRIVATE_ADDRESSES = False
    assert complaint in why_unreachable(url)
    with pytest.raises(NotPosted, match=complaint):
        post(url, b"{}", {})


@pytest.mark.parametrize("url", ["https://93.184.216.34/hook", "http://[2606:2800:220:1::1]:8080/"])
def test_public_addresses_may_be_posted_to(url: str, settings: Any) -> None:
    settings.FETTLE_WEBHOOKS_TO_PRIVATE_ADDRESSES = False
    assert why_unreachable(url) == ""


def test_a_name_that_leads_to_a_private_address_too_is_refused(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FETTLE_WEBHOOKS_TO_PRIVATE_ADDRESSES = False
    found = [(0, 0, 0, "", (address, 443)) for address in ("93.184.216.34", "127.0.0.1")]
    monkeypatch.setattr(posting.socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(NotPosted, match="'rebinding.example' is 127.0.0.1"):
        post("https://rebinding.example/", b"{}", {})
