"""The bell: what one was told, read or not, and what comes by mail."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from operate.admin.base import EngineModelAdmin
from operate.approvals.finding import queue_of
from operate.forms.keys import keys_of
from operate.forms.notifications import MailForm, NotificationFilter
from operate.notifications.models import Notification
from operate.workspaces import Access, Right


@admin.register(Notification)
class NotificationAdmin(EngineModelAdmin):
    """One's own notifications; nobody sees those of others."""

    filter_form = NotificationFilter
    list_template = "notifications.html"

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = Notification.objects.of_user(request.user.pk).select_related("notice__workspace")
        seen = Access.of(request.user).workspaces(Right.VIEW)
        return rows if seen is None else rows.filter(notice__workspace__in=seen)

    def pages(self) -> list[URLPattern]:
        return [
            self.page("count/", "count", self.count_view),
            self.page("read/", "read", self.read_view),
            self.page("mail/", "mail", self.mail_view),
            self.page("<int:key>/", "open", self.open_view),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        why = "" if settings.FETTLE_MAIL else _("No mail server is set up here (EMAIL_URL).")
        if not why and not request.user.email:
            why = _("Your account has no mail address. Ask an administrator.")
        context = {"form": MailForm(user=request.user), "why_no_mail": why, **(extra_context or {})}
        return super().changelist_view(request, context)

    @method_decorator(require_GET)
    def count_view(self, request: HttpRequest) -> JsonResponse:
        """How many were not read yet, for the bell; how many drafts wait for one's decision, for the sidebar."""
        waiting = queue_of(request.user).count()
        return JsonResponse({"unread": self.get_queryset(request).unread().count(), "approvals": waiting})

    @method_decorator(require_GET)
    def open_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """Go to what it is about; then it was read."""
        found = self.visible(request, key)
        self._read(request, [key])
        where = found.notice.url
        is_ours = url_has_allowed_host_and_scheme(where, allowed_hosts=None)
        return HttpResponseRedirect(where) if is_ours else redirect("admin:operate_notification_changelist")

    @method_decorator(require_POST)
    def read_view(self, request: HttpRequest) -> HttpResponseBase:
        """Mark some as read, or all."""
        self._read(request, None if "all" in request.POST else keys_of(request.POST.getlist("key")))
        return redirect(_back(request))

    def _read(self, request: HttpRequest, keys: list[int] | None) -> None:
        rows = self.get_queryset(request).unread()
        (rows if keys is None else rows.filter(pk__in=keys)).update(read_at=timezone.now())

    @method_decorator(require_POST)
    def mail_view(self, request: HttpRequest) -> HttpResponseBase:
        """Choose what comes by mail."""
        form = MailForm(request.POST, user=request.user)
        if form.is_valid():
            form.save()
            messages.success(request, _("Saved: what comes by mail."))
        else:
            messages.error(request, " ".join(form.errors.get("kinds", ())))
        return redirect("admin:operate_notification_changelist")


def _back(request: HttpRequest) -> str:
    """The list as it was filtered."""
    query = request.GET.urlencode()
    address = reverse("admin:operate_notification_changelist")
    return f"{address}?{query}" if query else address
