"""Webhooks of a workspace: where its notifications are posted to, and whether that works."""

from __future__ import annotations

import secrets
from typing import Any
from uuid import uuid4

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit.models import Channel
from operate.actions.webhooks import AddWebhook, ChangeWebhook, RemoveWebhook, TestWebhook
from operate.admin.answers import REFUSALS, refusal_of
from operate.admin.base import EngineModelAdmin
from operate.forms.notifications import WebhookForm
from operate.notifications.delivering import MOST_ATTEMPTS, call
from operate.notifications.models import Kind, Webhook
from operate.notifications.posting import NotPosted
from operate.workspaces import Access, Forbidden, Right, visible_to
from workflow.models import Workspace
from workflow.persistence.unit_of_work import clock

SHOWN = "fettle_new_secret"
"""Where a session keeps a secret that was made until it is shown, once."""
LAST = 20


@admin.register(Webhook)
class WebhookAdmin(EngineModelAdmin):
    """Each workspace has its page; addresses may carry keys, so only who manages the workspace sees them."""

    right = Right.MANAGE
    list_template = "webhooks.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return visible_to(Webhook.objects.select_related("workspace"), request.user, Right.MANAGE)

    def pages(self) -> list[URLPattern]:
        return [
            self.page("of/<int:workspace>/", "of", self.workspace_view),
            self.page("of/<int:workspace>/<int:key>/", "do", self.do_view),
        ]

    def workspace_view(self, request: HttpRequest, workspace: int) -> HttpResponseBase:
        """The webhooks of a workspace and what went there lately; a POST adds one."""
        found = _managed(request, workspace)
        form = WebhookForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            secret = form.cleaned_data["secret"] or secrets.token_urlsafe(32)
            facts = {"url": form.cleaned_data["url"], "kinds": form.cleaned_data["kinds"], "secret": secret}
            try:
                made = AddWebhook.of(request, Channel.ADMIN).execute(found.pk, **facts)
            except Forbidden:
                raise
            except REFUSALS as refusal:
                form.add_error("url", refusal_of(refusal)["message"])
            else:
                if not form.cleaned_data["secret"]:
                    request.session[SHOWN] = [made.pk, secret]
                messages.success(request, _("Notifications go to %(url)s from now on.") % {"url": made.url})
                return redirect("admin:operate_webhook_of", found.pk)
        return self._page(request, found, form)

    def _page(self, request: HttpRequest, workspace: Workspace, form: WebhookForm) -> HttpResponseBase:
        shown, secret = request.session.pop(SHOWN, (None, ""))
        hooks = list(Webhook.objects.filter(workspace=workspace))
        for hook in hooks:
            hook.form = WebhookForm(webhook=hook)  # type: ignore[attr-defined]
            hook.shown_secret = secret if hook.pk == shown else ""  # type: ignore[attr-defined]
            hook.kind_labels = [Kind(kind).label for kind in hook.kinds]  # type: ignore[attr-defined]
            hook.latest = hook.notifications.select_related("notice").order_by("-key")[:LAST]  # type: ignore[attr-defined]
        context = {"workspace": workspace, "hooks": hooks, "form": form, "most_attempts": MOST_ATTEMPTS}
        status = 400 if form.is_bound else 200
        title = _("Webhooks of %(workspace)s") % {"workspace": workspace.name}
        return self.render(request, "workspace/webhooks.html", title, context, status=status)

    @method_decorator(require_POST)
    def do_view(self, request: HttpRequest, workspace: int, key: int) -> HttpResponseBase:
        """Change, test, switch or remove one; the button says which."""
        found = _managed(request, workspace)
        steps = {
            "change": self._change,
            "test": self._test,
            "off": self._switch,
            "on": self._switch,
            "secret": self._renew,
            "remove": self._remove,
        }
        step = steps.get(request.POST.get("do", ""))
        if step is None:
            raise Http404(
                _("Expected one of %(known)s, found '%(found)s'.")
                % {"known": ", ".join(steps), "found": request.POST.get("do", "")}
            )
        try:
            step(request, found, key)
        except Forbidden:
            raise
        except REFUSALS as refusal:
            messages.error(request, refusal_of(refusal)["message"])
        return redirect("admin:operate_webhook_of", found.pk)

    @staticmethod
    def _change(request: HttpRequest, workspace: Workspace, key: int) -> None:
        form = WebhookForm(request.POST)
        if not form.is_valid():
            for field, errors in form.errors.items():
                messages.error(request, f"{form.fields[field].label}: {' '.join(errors)}")
            return
        changes = {name: form.cleaned_data[name] for name in ("url", "kinds")}
        if form.cleaned_data["secret"]:
            changes["secret"] = form.cleaned_data["secret"]
        changed = ChangeWebhook.of(request, Channel.ADMIN).execute(workspace.pk, key, changes)
        messages.success(request, _("The webhook to %(url)s was changed.") % {"url": changed.url})

    @staticmethod
    def _switch(request: HttpRequest, workspace: Workspace, key: int) -> None:
        is_on = request.POST["do"] == "on"
        changed = ChangeWebhook.of(request, Channel.ADMIN).execute(workspace.pk, key, {"is_on": is_on})
        said = _("%(url)s is told again.") if is_on else _("%(url)s is told nothing any more.")
        messages.success(request, said % {"url": changed.url})

    @staticmethod
    def _renew(request: HttpRequest, workspace: Workspace, key: int) -> None:
        secret = secrets.token_urlsafe(32)
        ChangeWebhook.of(request, Channel.ADMIN).execute(workspace.pk, key, {"secret": secret})
        request.session[SHOWN] = [key, secret]
        messages.success(request, _("The webhook has a new secret. It is shown once."))

    @staticmethod
    def _remove(request: HttpRequest, workspace: Workspace, key: int) -> None:
        RemoveWebhook.of(request, Channel.ADMIN).execute(workspace.pk, key)
        messages.success(request, _("The webhook was removed."))

    @staticmethod
    def _test(request: HttpRequest, workspace: Workspace, key: int) -> None:
        hook = TestWebhook.of(request, Channel.ADMIN).execute(workspace.pk, key)
        payload = {
            "id": uuid4(),
            "kind": "TEST",
            "at": clock(),
            "workspace": workspace.slug,
            "subject": _("A test"),
            "text": _("%(user)s tests this webhook.") % {"user": request.user.get_username()},
            "url": request.build_absolute_uri(reverse("admin:operate_webhook_of", args=[workspace.pk])),
            "facts": {},
        }
        try:
            call(hook, str(payload["id"]), payload)
        except NotPosted as failure:
            messages.error(request, _("The test did not get through: %(error)s") % {"error": failure})
        else:
            messages.success(request, _("%(url)s has accepted the test.") % {"url": hook.url})


def _managed(request: HttpRequest, key: int) -> Workspace:
    found = visible_to(Workspace.objects.all(), request.user).filter(pk=key).first()
    if found is None:
        raise Http404(_("There is no workspace with key '%(key)s' that you may see.") % {"key": key})
    Access.of(request.user).require(Right.MANAGE, found.pk)
    return found
