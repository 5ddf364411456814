"""What the audit log is narrowed by; `/api/audit-events` takes the same names."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from audit.models import Channel, Event, Result, Subject
from operate.forms.filters import KeysField, ListFilter

Rows = TypeVar("Rows", bound=QuerySet[Any])


def _choices(label: Any, choices: Any) -> list[tuple[str, Any]]:
    return [("", label), *sorted(choices, key=lambda choice: choice[0])]


class RequestIdField(forms.CharField):
    """The id that all events of one request carry."""

    def clean(self, value: str) -> UUID | None:
        text = super().clean(value).strip()
        try:
            return UUID(text) if text else None
        except ValueError:
            raise forms.ValidationError(_("Expected a request id (a UUID).")) from None


class MomentField(forms.DateTimeField):
    """A day or a minute, in the installation's time."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            input_formats=[
                "%Y-%m-%dT%H:%M",
                "%Y-%m-%dT%H:%M:%S",
                "%Y-%m-%d",
                "%Y-%m-%dT%H:%M:%S%z",
                "%Y-%m-%dT%H:%M:%S.%f%z",
            ],
            **options,
        )


class AuditFilter(ListFilter):
    """By who, what, to what, when, how and with which result."""

    actor = forms.CharField(label=_("Actor"), required=False)
    event = forms.ChoiceField(label=_("Event"), required=False, choices=_choices(_("All events"), Event.choices))
    subject = forms.ChoiceField(
        label=_("Subject"), required=False, choices=_choices(_("All subjects"), Subject.choices)
    )
    result = forms.ChoiceField(label=_("Result"), required=False, choices=[("", _("All results")), *Result.choices])
    channel = forms.ChoiceField(label=_("Channel"), required=False, choices=[("", _("All channels")), *Channel.choices])
    since = MomentField(label=_("From"))
    until = MomentField(label=_("Until"))
    instance = KeysField(label=_("Process instance"), required=False)
    variable = forms.CharField(label=_("Variable"), required=False, max_length=255)
    process = forms.CharField(label=_("Process id"), required=False, max_length=255)
    key = KeysField(label=_("Key of anything"), required=False)
    request = RequestIdField(label=_("Request id"), required=False)

    field_order = ["actor", "event", "subject", "result", "channel", "since", "until", "workspace"]
    RARE = ("instance", "variable", "process", "key", "request")
    """These fold away as long as nobody uses them."""

    def narrowed(self, rows: Rows) -> Rows:
        columns = {
            "event": "event", "subject": "subject", "result": "result", "channel": "channel", "actor": "actor_name",
            "since": "at__gte", "until": "at__lte", "instance": "process_instance_key__in", "process": "process_id",
            "request": "request_id",
        }  # fmt: skip
        for name, column in columns.items():
            if self.value(name):
                rows = rows.filter(**{column: self.value(name)})
        if self.value("variable"):
            rows = rows.of_variable(self.value("variable"))  # type: ignore[attr-defined]
        if keys := self.value("key"):
            rows = rows.filter(Q(process_instance_key__in=keys) | Q(entity_key__in=keys))
        return rows

    @property
    def usual(self) -> list[Any]:
        """The filters that are always there."""
        return [field for field in self if field.name not in self.RARE]

    @property
    def rare(self) -> list[Any]:
        """The others."""
        return [field for field in self if field.name in self.RARE]

    @property
    def is_rare_used(self) -> bool:
        return any(self.data.get(name) for name in self.RARE)

    @property
    def chosen(self) -> dict[str, str]:
        """What was filtered by, as it was entered."""
        return {name: str(self.data[name]) for name in self.fields if self.data.get(name)}
