"""What is entered on the pages of workspaces."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from operate.models import WorkspaceSettings
from workflow.models import Workspace

SLUG = RegexValidator(r"^[A-Za-z0-9_.@+<>-]+$", _("Use letters, digits and . _ - @ + only."))


class WorkspaceForm(forms.Form):
    """A workspace; its id names role groups, so it stays as it was first given."""

    slug = forms.CharField(label=_("Id"), max_length=64, validators=[SLUG], help_text=_("The tenant id of both APIs."))
    name = forms.CharField(label=_("Name"), max_length=200)
    description = forms.CharField(label=_("Description"), required=False, widget=forms.Textarea({"rows": 3}))
    audit_worker_traffic = forms.BooleanField(
        label=_("Audit job workers"),
        required=False,
        help_text=_("Record an audit event for each job that a worker activates, completes or fails."),
    )

    def __init__(self, data: Any = None, *, workspace: Workspace | None = None) -> None:
        known = WorkspaceSettings.objects.filter(workspace=workspace).first() if workspace else None
        initial = {
            "slug": workspace.slug if workspace else "",
            "name": workspace.name if workspace else "",
            "description": workspace.description if workspace else "",
            "audit_worker_traffic": bool(known and known.audit_worker_traffic),
        }
        super().__init__(data, initial=initial)
        self.fields["slug"].disabled = workspace is not None
        for name, field in self.fields.items():
            if name != "audit_worker_traffic":
                field.widget.attrs["class"] = "ft-input"

    @property
    def changes(self) -> dict[str, Any]:
        """What was entered and differs from what is."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class MaskForm(forms.Form):
    """One more pattern."""

    pattern = forms.CharField(
        label=_("Pattern"),
        max_length=500,
        help_text=_("A variable, or a path in it: customer.iban, *.cardNumber, order.**.email"),
    )
    note = forms.CharField(label=_("Why"), max_length=500, required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        for field in self.fields.values():
            field.widget.attrs |= {"class": "ft-input", "autocomplete": "off", "spellcheck": "false"}
