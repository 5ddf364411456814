"""Putting into the outbox, in the caller's transaction: what is undone with it is told to nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import translation

from operate.notifications.models import Kind, Notice, Notification, NotificationPreference, Way, Webhook
from operate.workspaces.access import User
from operate.workspaces.holding import holding
from operate.workspaces.roles import Right
from workflow.persistence.unit_of_work import clock


def notify(
    kind: Kind,
    *,
    workspace_id: int,
    users: Iterable[User] | None = None,
    right: Right | None = None,
    subject: str,
    text: str = "",
    url: str,
    facts: Mapping[str, object] | None = None,
    actor: User | None = None,
    webhooks: bool = True,
) -> Notice:
    """Tell the users, all who hold the right in the workspace, and (if asked) its webhooks for this kind; each once.

    Who holds the right is told except the actor, who has done it; who is named always is, unless the workspace is hidden
    from them. `url` is a page's address from the root (`reverse`). Subject and text are written into bells and mails in every
    language: pass lazy translations, and no values that may be masked. Call it in the transaction that it tells of.
    """
    now = clock()
    notice = Notice.objects.create(
        workspace_id=workspace_id,
        kind=kind,
        **_said(settings.LANGUAGE_CODE, subject, text),
        said={code: _said(code, subject, text) for code, _name in settings.LANGUAGES if code != settings.LANGUAGE_CODE},
        url=url,
        facts=dict(facts or {}),
        at=now,
    )
    recipients = _recipients(workspace_id, users or (), right, actor)
    rows = [
        Notification(notice=notice, way=Way.PAGE, recipient_id=pk, state=Notification.State.SENT, sent_at=now)
        for pk in recipients
    ]
    if settings.FETTLE_MAIL:
        wants = _by_mail(kind, recipients)
        rows += [Notification(notice=notice, way=Way.MAIL, recipient_id=pk, due_at=now) for pk in wants]
    hooks = Webhook.objects.filter(workspace_id=workspace_id, is_on=True, kinds__contains=[kind])
    hooks = hooks if webhooks else hooks.none()
    rows += [
        Notification(notice=notice, way=Way.WEBHOOK, webhook_id=pk, due_at=now)
        for pk in hooks.values_list("pk", flat=True)
    ]
    Notification.objects.bulk_create(rows)
    return notice


def _said(language: str, subject: str, text: str) -> dict[str, str]:
    with translation.override(language):
        return {"subject": " ".join(str(subject).split()), "text": str(text)}


def _recipients(workspace_id: int, users: Iterable[User], right: Right | None, actor: User | None) -> list[int]:
    named = {user.pk for user in users}
    found = set(holding(Right.VIEW, workspace_id).filter(pk__in=named).values_list("pk", flat=True)) if named else set()
    if right is not None:
        told = holding(right, workspace_id)
        found.update((told if actor is None else told.exclude(pk=actor.pk)).values_list("pk", flat=True))
    return sorted(found)


def _by_mail(kind: Kind, recipients: Iterable[int]) -> Iterable[int]:
    """Those who have an address and have not declined this kind."""
    muted = NotificationPreference.objects.filter(not_by_mail__contains=[kind])
    users = get_user_model()._default_manager.filter(pk__in=recipients).exclude(email="")
    return users.exclude(pk__in=muted.values("user")).order_by("pk").values_list("pk", flat=True)


__all__ = ["notify"]
