"""Emptying the outbox: at least once, by any number of workers.

Who takes a row puts off the time at which it is due, and sends it after that is committed. A worker that is killed in the
middle has not said that it was sent: the row is due again, and what it tells carries the same id as the first time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from operate.actions.webhooks import ChangeWebhook
from operate.background import PollingThreads
from operate.notifications.models import Kind, Notice, Notification, NotificationPreference, Way, Webhook
from operate.notifications.posting import NotPosted, post
from operate.notifications.telling import notify
from operate.workspaces.access import Access, User
from operate.workspaces.roles import Right
from workflow.persistence.unit_of_work import clock

MINUTE = timedelta(minutes=1)
HELD = 2 * MINUTE
"""For how long a row is left to the worker that has taken it."""
PAUSES = [MINUTE / 2, 2 * MINUTE, *(each * MINUTE for each in (10, 30, 60, 120, 240, 480, 480))]
"""Between one attempt and the next: about a day in all."""
MOST_ATTEMPTS = len(PAUSES) + 1
PATIENCE = timedelta(days=3)
"""For how long a webhook may fail before it is switched off."""
KEPT = timedelta(days=90)

logger = logging.getLogger(__name__)


class Undeliverable(Exception):
    """It makes no sense to try again; the text says why."""


class NotDelivered(Exception):
    """It did not work this time."""


class DeliveryRunner(PollingThreads):
    """Sends mails and webhooks as they become due."""

    name = "delivery-runner"

    def run_next(self) -> bool:
        return deliver_next()


def deliver_due() -> int:
    """Send all that is due now; how many were tried."""
    number = 0
    while deliver_next():
        number += 1
    return number


def deliver_next() -> bool:
    """Take one row that is due and send it; False if there is none."""
    taken = _take(clock())
    if taken is None:
        return False
    try:
        _send(taken)
    except Undeliverable as reason:
        _end(taken, Notification.State.GIVEN_UP, str(reason))
    except NotDelivered as failure:
        _put_off(taken, str(failure))
    else:
        _end(taken, Notification.State.SENT)
    return True


def forget_old() -> int:
    """Remove what was told long ago and does not wait to be sent; how many notices went."""
    open_ones = Notification.objects.filter(due_at__isnull=False)
    old = Notice.objects.filter(at__lt=clock() - KEPT).exclude(pk__in=open_ones.values("notice"))
    return old.delete()[1].get("operate.Notice", 0)


# -- taking


def _take(now: datetime) -> Notification | None:
    with transaction.atomic():
        found = (
            Notification.objects.due(now)
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("notice__workspace", "recipient", "webhook")
            .order_by("due_at")
            .first()
        )
        if found is not None:
            found.attempts += 1
            _row(found).update(due_at=now + HELD, attempts=found.attempts)
    return found


def _end(taken: Notification, state: str, error: str = "") -> None:
    sent_at = clock() if state == Notification.State.SENT else None
    _row(taken).update(state=state, due_at=None, error=error, sent_at=sent_at)


def _put_off(taken: Notification, error: str) -> None:
    logger.info("Notification %s was not delivered, attempt %d: %s", taken.id, taken.attempts, error)
    if taken.attempts >= MOST_ATTEMPTS:
        _end(taken, Notification.State.GIVEN_UP, error)
        if taken.webhook is not None:
            _switch_off_for_good_reason(taken.webhook)
    else:
        _row(taken).update(due_at=clock() + PAUSES[taken.attempts - 1], error=error)


def _row(taken: Notification) -> QuerySet[Notification]:
    return Notification.objects.filter(pk=taken.pk)


# -- sending


def _send(taken: Notification) -> None:
    if taken.attempts > MOST_ATTEMPTS:
        raise Undeliverable(taken.error or "Each worker that tried was stopped before it could say how it went.")
    if taken.way == Way.MAIL:
        _mail(taken)
    else:
        _call(taken)


def _mail(taken: Notification) -> None:
    recipient, notice = taken.recipient, taken.notice
    if recipient is None or not recipient.is_active or not recipient.email:
        raise Undeliverable("The recipient has no mail address or account any more.")
    if not Access.of(recipient).may(Right.VIEW, notice.workspace_id):
        raise Undeliverable("The recipient may not see the workspace any more.")
    language = _language_of(recipient)
    subject, _body = notice.told_in(language)
    host = settings.FETTLE_URL.partition("://")[2].partition("/")[0].partition(":")[0]
    message = EmailMessage(
        f"[{notice.workspace.name}] {subject}".replace("\n", " "),
        _text(taken, language),
        to=[recipient.email],
        headers={"Message-ID": f"<{taken.id}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except (SMTPException, OSError) as failure:
        raise NotDelivered(f"The mail server did not take it: {failure}") from failure


def _text(taken: Notification, language: str) -> str:
    where = f"{settings.FETTLE_URL}{reverse('admin:operate_notification_changelist')}"
    with translation.override(language):
        footer = str(format_lazy(_("What comes by mail is chosen at {where}"), where=where))
    _subject, text = taken.notice.told_in(language)
    address = f"{settings.FETTLE_URL}{taken.notice.url}"
    return "\n\n".join(part for part in (text, address, f"-- \n{footer}\n") if part)


def _language_of(user: User) -> str:
    """The one that was chosen in the menu, else the installation's."""
    chosen = NotificationPreference.objects.filter(user=user.pk).values_list("language", flat=True).first()
    return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _call(taken: Notification) -> None:
    webhook = taken.webhook
    if webhook is None or not webhook.is_on:
        raise Undeliverable("The webhook was switched off.")
    try:
        call(webhook, str(taken.id), payload_of(taken))
    except NotPosted as failure:
        raise NotDelivered(str(failure)) from failure


def payload_of(taken: Notification) -> dict[str, object]:
    """What a program is told."""
    notice = taken.notice
    return {
        "id": taken.id,
        "kind": notice.kind,
        "at": notice.at,
        "workspace": notice.workspace.slug,
        "subject": notice.subject,
        "text": notice.text,
        "url": f"{settings.FETTLE_URL}{notice.url}",
        "facts": notice.facts,
    }


def call(webhook: Webhook, notification_id: str, payload: dict[str, object]) -> None:
    """Post to a webhook, and note with it how that went; NotPosted."""
    body = json.dumps(payload, cls=DjangoJSONEncoder, ensure_ascii=False).encode()
    now = clock()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Fettle",
        "Fettle-Notification": notification_id,
        "Fettle-Signature": signature(webhook.secret, int(now.timestamp()), body),
    }
    try:
        post(webhook.url, body, headers)
    except NotPosted as failure:
        _note_failure(webhook, str(failure))
        raise
    Webhook.objects.filter(pk=webhook.pk).update(succeeded_at=now, failing_since=None, error="")


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """`t=…,v1=…`: the time, and the HMAC-SHA256 of time, dot and body, so that neither can be changed or sent later."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def _note_failure(webhook: Webhook, error: str) -> None:
    now = clock()
    rows = Webhook.objects.filter(pk=webhook.pk)
    rows.update(failed_at=now, error=error, failing_since=Coalesce(F("failing_since"), now))


def _switch_off_for_good_reason(webhook: Webhook) -> None:
    """After it has failed for long: who manages the workspace is told, by the other ways."""
    long_ago = clock() - PATIENCE
    with transaction.atomic():
        rows = Webhook.objects.filter(pk=webhook.pk, is_on=True, failing_since__lte=long_ago)
        failing = rows.select_for_update().first()
        if failing is None:
            return
        reason = f"Nothing got through for {PATIENCE.days} days: {failing.error}"
        ChangeWebhook(None, reason=reason).execute(failing.workspace_id, failing.pk, {"is_on": False})
        notify(
            Kind.ALERT,
            workspace_id=failing.workspace_id,
            right=Right.MANAGE,
            subject=format_lazy(_("The webhook to {url} was switched off"), url=failing.url),
            text=format_lazy(
                _("Nothing got through for {days} days. The last error: {error}"),
                days=PATIENCE.days,
                error=failing.error,
            ),
            url=reverse("admin:operate_webhook_of", args=[failing.workspace_id]),
            facts={"webhook": failing.url, "error": failing.error},
        )


__all__ = [
    "MOST_ATTEMPTS",
    "PATIENCE",
    "PAUSES",
    "DeliveryRunner",
    "call",
    "deliver_due",
    "deliver_next",
    "forget_old",
    "payload_of",
    "signature",
]
