"""What is asked before something is done to a process definition."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from workflow.services.definitions import MAX_TIME_TO_LIVE_DAYS


class OperationForm(forms.Form):
    """Why; goes into the audit log."""

    reason = forms.CharField(label=_("Reason"), required=False, max_length=500)

    field_order = ["days", "with_instances", "cascade", "reason"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field, forms.BooleanField):
                field.widget.attrs |= {"class": "ft-input", "autocomplete": "off"}


class SuspensionForm(OperationForm):
    """Whether the process instances go along."""

    with_instances = forms.BooleanField(required=False)


class HistoryForm(OperationForm):
    """How long ended process instances are kept."""

    days = forms.IntegerField(
        label=_("Days that ended process instances are kept"),
        required=False,
        min_value=0,
        max_value=MAX_TIME_TO_LIVE_DAYS,
        widget=forms.NumberInput({"placeholder": _("for ever")}),
    )


class DeletionForm(OperationForm):
    """Whether running process instances go along."""

    cascade = forms.BooleanField(required=False)
