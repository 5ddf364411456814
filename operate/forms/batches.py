"""What the list of batches is narrowed by."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from operate.batch.models import Batch, BatchType
from operate.forms.filters import ListFilter, Rows

RUNNING = (Batch.State.ACTIVE, Batch.State.SUSPENDED, Batch.State.PARTIALLY_COMPLETED)


class BatchFilter(ListFilter):
    """Those in which something is left to do or to repair, or all; by type and requester."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("All states")), ("OPEN", _("Something left to do")), *Batch.State.choices],
    )
    type = forms.ChoiceField(label=_("Type"), required=False, choices=[("", _("All types")), *BatchType.choices])
    requester = forms.CharField(label=_("Asked for by"), required=False)

    def __init__(self, data: QueryDict, *, user: Any) -> None:
        super().__init__(data, user=user)
        self.fields.pop("workspace", None)  # a batch may touch several

    def narrowed(self, rows: Rows) -> Rows:
        state = self.value("state")
        if state:
            rows = rows.filter(state__in=RUNNING if state == "OPEN" else [state])
        if self.value("type"):
            rows = rows.filter(type=self.value("type"))
        if self.value("requester"):
            rows = rows.filter(requester_name=self.value("requester"))
        return rows


__all__ = ["BatchFilter"]
