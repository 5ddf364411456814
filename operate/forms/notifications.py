"""What notifications are narrowed by, and what is entered about them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from operate.actions.webhooks import SHORTEST_SECRET
from operate.forms.filters import ListFilter, Rows
from operate.notifications.models import Kind, NotificationPreference, Webhook


class NotificationFilter(ListFilter):
    """All, or what was not read yet; by kind."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), ("UNREAD", _("Unread"))])
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("All kinds")), *Kind.choices])

    def narrow(self, rows: Rows) -> Rows:
        """Only the rows that are asked for; the workspace stands with the notice."""
        self.is_valid()
        slug = self.value("workspace")
        if slug:
            rows = rows.filter(notice__workspace__slug=slug)
        return self.narrowed(rows)

    def narrowed(self, rows: Rows) -> Rows:
        if self.value("state") == "UNREAD":
            rows = rows.filter(read_at=None)
        if self.value("kind"):
            rows = rows.filter(notice__kind=self.value("kind"))
        return rows


class KindsField(forms.MultipleChoiceField):
    """Some kinds of notifications, each with a box to tick."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=Kind.choices, **options)


class MailForm(forms.Form):
    """Which kinds come by mail."""

    kinds = KindsField(label=_("By mail"), required=False)

    def __init__(self, data: Any = None, *, user: Any) -> None:
        known = NotificationPreference.objects.filter(user=user).first()
        declined = known.not_by_mail if known else []
        super().__init__(data, initial={"kinds": [kind for kind in Kind.values if kind not in declined]})
        self.user = user

    def save(self) -> None:
        """Remember what is not wanted."""
        declined = [kind for kind in Kind.values if kind not in self.cleaned_data["kinds"]]
        NotificationPreference.objects.update_or_create(user=self.user, defaults={"not_by_mail": declined})


class WebhookForm(forms.Form):
    """An address, and what is posted to it. Without a secret a new webhook gets one, and another keeps its own."""

    url = forms.URLField(
        label=_("URL"),
        max_length=1000,
        assume_scheme="https",
        help_text=_("Gets a POST with JSON for each notification."),
    )
    kinds = KindsField(label=_("Kinds"))
    secret = forms.CharField(
        label=_("Secret"), max_length=200, min_length=SHORTEST_SECRET, required=False, widget=forms.PasswordInput()
    )

    def __init__(self, data: Any = None, *, webhook: Webhook | None = None) -> None:
        known = {"url": webhook.url, "kinds": webhook.kinds} if webhook else {"kinds": Kind.values}
        super().__init__(data, initial=known, auto_id=f"webhook-{webhook.pk if webhook else 'new'}-%s")
        secret = self.fields["secret"]
        secret.help_text = (
            _("Signs what is sent. Leave it empty to keep the one that is there.")
            if webhook
            else _("Signs what is sent. Leave it empty and one is made.")
        )
        for name in ("url", "secret"):
            self.fields[name].widget.attrs |= {"class": "ft-input", "autocomplete": "off", "spellcheck": "false"}
        secret.widget.attrs["autocomplete"] = "new-password"
