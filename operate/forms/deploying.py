"""Uploading models, and starting a process instance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from operate.forms.json_values import variables_of
from workflow.engine.errors import Rejected
from workflow.graph import Semantics
from workflow.models import Workspace

SEMANTICS = [(Semantics.CAMUNDA_7.value, _("Camunda 7")), (Semantics.ZEEBE.value, _("Camunda 8"))]


class FilesInput(forms.ClearableFileInput):
    """Several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """A list of files."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(each, initial) for each in files]


class UploadForm(forms.Form):
    """Where to deploy which files, and whose rules they follow."""

    workspace = forms.ChoiceField(label=_("Workspace"))
    files = FilesField(label=_("BPMN files"))
    semantics = forms.ChoiceField(
        label=_("Semantics"), required=False, choices=[("", _("As detected in each file")), *SEMANTICS]
    )
    name = forms.CharField(label=_("Deployment name"), required=False, max_length=255)
    reason = forms.CharField(label=_("Reason"), required=False, max_length=500)

    def __init__(self, *args: Any, workspaces: Sequence[Workspace], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workspace"].choices = [(each.pk, each.name) for each in workspaces]  # type: ignore[attr-defined]
        self.fields["files"].widget.attrs |= {"accept": ".bpmn,.xml", "multiple": True}
        for field in self.fields.values():
            field.widget.attrs["class"] = "ft-input"


class StartForm(forms.Form):
    """What a new process instance gets along."""

    business_key = forms.CharField(label=_("Business key"), required=False, max_length=255)
    variables = forms.CharField(
        label=_("Variables (JSON)"),
        required=False,
        strip=False,
        initial="{}",
        widget=forms.Textarea({"rows": 8, "spellcheck": "false"}),
    )
    reason = forms.CharField(label=_("Reason"), required=False, max_length=255)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs["class"] = "ft-input ft-mono" if name == "variables" else "ft-input"

    def clean_variables(self) -> str:
        text: str = self.cleaned_data["variables"]
        try:
            variables_of(text)
        except Rejected as refusal:
            raise forms.ValidationError(refusal.message) from refusal
        return text
