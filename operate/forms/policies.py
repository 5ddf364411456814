"""What is entered about an approval policy."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from operate.approvals.governing import Rules, rules_of
from operate.approvals.models import DEFAULT_HOURS, GOVERNED, MOST_HOURS, ApprovalPolicy
from workflow.models import ProcessDefinition, Workspace

MOST_PROCESSES = 500


class PolicyForm(forms.Form):
    """Of what size and risk an operation has to be for somebody else to approve it, and for how long a request stands."""

    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("Who needs an approval is told it."))
    operation = forms.ChoiceField(label=_("Operation"), required=False, choices=[("", _("All operations")), *GOVERNED])
    process_id = forms.CharField(
        label=_("Process"), max_length=255, required=False, help_text=_("Empty: all processes.")
    )
    min_instances = forms.IntegerField(
        label=_("From process instances"),
        min_value=1,
        initial=1,
        help_text=_("How many one command has to concern."),
    )
    risk = forms.ChoiceField(label=_("When"), choices=ApprovalPolicy.Risk.choices)
    hours = forms.IntegerField(
        label=_("A request expires after (hours)"), min_value=1, max_value=MOST_HOURS, initial=DEFAULT_HOURS
    )

    def __init__(self, data: Any = None, *, workspace: Workspace, policy: ApprovalPolicy | None = None) -> None:
        known = (
            None if policy is None else {name: getattr(rules_of(policy), name) for name in Rules.__dataclass_fields__}
        )
        super().__init__(data, initial=known)
        for field in self.fields.values():
            field.widget.attrs |= {"class": "ft-input", "autocomplete": "off"}
        self.fields["process_id"].widget.attrs |= {"list": "processes", "spellcheck": "false", "placeholder": _("All")}
        rows = ProcessDefinition.objects.filter(workspace=workspace, is_latest=True).order_by("process_id")
        self.processes = list(rows.values_list("process_id", "name")[:MOST_PROCESSES])

    @property
    def rules(self) -> Rules:
        """What was entered."""
        return Rules(**self.cleaned_data)
