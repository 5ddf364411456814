"""Webhooks of a workspace: which address is told what. Their secrets stand in no audit event. There is no dry run of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from audit.models import Event, Subject
from operate.actions.workspaces import WorkspaceAction
from operate.notifications.models import Kind, Webhook
from operate.notifications.posting import why_unreachable
from workflow.engine.errors import Conflict, NotFound, Rejected

SHORTEST_SECRET = 16
CHANGES = frozenset({"url", "kinds", "secret", "is_on"})


class WebhookAction(WorkspaceAction):
    """What is done to one webhook of a workspace."""

    subject = Subject.WEBHOOK

    def found(self, key: int, webhook: int) -> Webhook:
        """The webhook, if the actor manages its workspace; NotFound."""
        self.managed(key)
        known = Webhook.objects.filter(workspace=key, pk=webhook).first()
        if known is None:
            told = _("Expected to find a webhook with key '{key}', but there is none.")
            raise NotFound(format_lazy(told, key=webhook))
        self.note(webhook=known.pk, url=known.url)
        return known


class AddWebhook(WebhookAction):
    """Post some kinds of notifications to an address."""

    event = Event.CREATE

    def perform(self, key: int, url: str, kinds: Sequence[str], secret: str) -> Webhook:
        self.note(url=url, kinds=list(kinds))
        workspace = self.managed(key)
        _check(key, {"url": url, "kinds": kinds, "secret": secret})
        made = Webhook.objects.create(workspace=workspace, url=url, kinds=_in_order(kinds), secret=secret)
        self.note(webhook=made.pk)
        return made


class ChangeWebhook(WebhookAction):
    """Give a webhook another address, kinds or secret, or switch it off or on."""

    event = Event.UPDATE

    def perform(self, key: int, webhook: int, changes: Mapping[str, Any]) -> Webhook:
        known = self.found(key, webhook)
        if unknown := changes.keys() - CHANGES:
            raise Rejected(f"Expected changes of {', '.join(sorted(CHANGES))}, found '{min(unknown)}'.")
        self.note(changes={name: "(new)" if name == "secret" else value for name, value in changes.items()})
        _check(key, changes, except_for=known.pk)
        for name, value in changes.items():
            setattr(known, name, _in_order(value) if name == "kinds" else value)
        if changes.get("is_on"):
            known.failing_since = None
        known.save()
        return known


class RemoveWebhook(WebhookAction):
    """Post nothing to an address any more; what waits to be sent to it is not sent."""

    event = Event.DELETE

    def perform(self, key: int, webhook: int) -> None:
        self.found(key, webhook).delete()


class TestWebhook(WebhookAction):
    """Allow a test to be sent to an address; the sending itself holds no transaction open."""

    __test__ = False
    event = Event.EXECUTE

    def perform(self, key: int, webhook: int) -> Webhook:
        return self.found(key, webhook)


def _check(workspace_id: int, facts: Mapping[str, Any], *, except_for: int | None = None) -> None:
    url = facts.get("url")
    if url is not None:
        if why := why_unreachable(url):
            raise Rejected(why)
        if Webhook.objects.filter(workspace=workspace_id, url=url).exclude(pk=except_for).exists():
            raise Conflict(format_lazy(_("The workspace has a webhook to '{url}' already."), url=url))
    kinds = facts.get("kinds")
    if kinds is not None and (not kinds or not set(kinds) <= set(Kind.values)):
        told = _("Expected some of the kinds {kinds}, found '{found}'.")
        raise Rejected(format_lazy(told, kinds=", ".join(Kind.values), found=", ".join(kinds)))
    secret = facts.get("secret")
    if secret is not None and len(secret) < SHORTEST_SECRET:
        told = _("Expected a secret of at least {least} characters, found {found}.")
        raise Rejected(format_lazy(told, least=SHORTEST_SECRET, found=len(secret)))


def _in_order(kinds: Sequence[str]) -> list[str]:
    return [kind for kind in Kind.values if kind in kinds]


__all__ = ["AddWebhook", "ChangeWebhook", "RemoveWebhook", "TestWebhook", "WebhookAction"]
