"""What the list of process instances is narrowed by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from operate.batch.models import Batch, BatchItem
from operate.diagnosis import waiting_longer_than_usual
from operate.forms.filters import KeysField, ListFilter, Rows, midnight
from operate.forms.keys import key_of
from operate.masking.masks import Masks
from operate.notes.reading import with_notes
from operate.search import OPERATORS, Condition, narrow, parse_conditions
from operate.workspaces import visible_to
from workflow.engine.errors import Rejected
from workflow.engine.state import OPEN_STATES
from workflow.models import ElementInstance, Incident, Job, ProcessDefinition, ProcessInstance, Variable

RUNNING = ("active", "incidents", "suspended")
FINISHED = ("completed", "canceled")
GROUPS: dict[str, tuple[str, ...]] = {"running": RUNNING, "finished": FINISHED, "all": (*RUNNING, *FINISHED)}
STATES: dict[str, tuple[str, Q]] = {
    "active": (_("Active"), Q(state="ACTIVE", suspended=False, open_incidents=0)),
    "incidents": (_("Incidents"), Q(open_incidents__gt=0)),
    "suspended": (_("Suspended"), Q(state="ACTIVE", suspended=True)),
    "completed": (_("Completed"), Q(state="COMPLETED")),
    "canceled": (_("Canceled"), Q(state="CANCELED")),
}
SINGLE = ("key", "business_key", "called_by", "batch")
"""Who asks for these asks for certain process instances, whatever their state."""
MOST_VERSIONS = 200


class ValuesField(forms.CharField):
    """One JSON value or several, separated by commas."""

    def clean(self, value: str) -> list[Any]:
        text = super().clean(value).strip()
        if not text:
            return []
        try:
            return list(json.loads(f"[{text}]"))
        except (ValueError, RecursionError):
            raise forms.ValidationError(
                _("Expected JSON, or several values separated by commas; texts stand in double quotes.")
            ) from None


class DataField(forms.CharField):
    """Conditions on searchable data, separated by semicolons: `customer.name:like:smith; amount:gt:100`."""

    def clean(self, value: str) -> tuple[Condition, ...]:
        try:
            return parse_conditions(super().clean(value).split(";"))
        except Rejected as refusal:
            raise forms.ValidationError(refusal.message) from None


class ErrorField(forms.CharField):
    """A part of an error message, in any case; in double quotes what it begins with, exactly."""

    def clean(self, value: str) -> Q | None:
        text = super().clean(value)
        if not text:
            return None
        if len(text) > 1 and text[0] == text[-1] == '"':
            return Q(message__startswith=text[1:-1])
        return Q(message__icontains=text)


def quoted_error(message: str) -> str:
    """What finds the incidents whose message begins with this text."""
    return f'"{message}"'


class ProcessInstanceFilter(ListFilter):
    """By state, process, version, element, keys, business key, caller, variable, data, time, error, batch and retries."""

    process = forms.ChoiceField(label=_("Process"), required=False)
    version = forms.ChoiceField(label=_("Version"), required=False)
    element = forms.CharField(label=_("Element id"), required=False, max_length=255)
    business_key = forms.CharField(label=_("Business key"), required=False, max_length=255)
    key = KeysField(label=_("Keys"), required=False)
    called_by = KeysField(label=_("Called by"), required=False)
    variable = forms.CharField(label=_("Variable"), required=False, max_length=255)
    value = ValuesField(label=_("JSON value, or several"), required=False)
    search = DataField(label=_("Data"), required=False)
    error = ErrorField(label=_("Error message"), required=False, strip=False)
    retrying = forms.BooleanField(label=_("Failed, retries left"), required=False)
    waiting = forms.BooleanField(label=_("Waiting longer than usual"), required=False)
    notes = forms.BooleanField(label=_("Has notes"), required=False)
    started_from = forms.DateField(label=_("Started from"), required=False, widget=forms.DateInput({"type": "date"}))
    started_to = forms.DateField(label=_("Started to"), required=False, widget=forms.DateInput({"type": "date"}))
    ended_from = forms.DateField(label=_("Ended from"), required=False, widget=forms.DateInput({"type": "date"}))
    ended_to = forms.DateField(label=_("Ended to"), required=False, widget=forms.DateInput({"type": "date"}))
    batch = forms.CharField(label=_("Batch key"), required=False, max_length=20)
    not_batch = forms.CharField(label=_("Not in batch"), required=False, max_length=20)

    field_order = ["workspace", "process", "version", "element", "business_key", "key"]
    always = ("workspace", "process", "version", "element", "business_key", "key")

    def __init__(self, data: QueryDict, *, user: Any) -> None:
        super().__init__(data, user=user)
        definitions = visible_to(ProcessDefinition.objects.all(), user)
        latest = definitions.filter(is_latest=True).order_by("name", "process_id")
        names = {process: name or process for process, name in latest.values_list("process_id", "name")}
        self.process_id = data.get("process", "")
        if self.process_id:
            names.setdefault(self.process_id, self.process_id)
        choices = [("", _("All processes")), *names.items()]
        self.fields["process"].choices = choices  # type: ignore[attr-defined]
        self._definitions = definitions
        self._offer_versions(definitions)
        self._batches = visible_to(Batch.objects.all(), user)
        self.fields["business_key"].widget.attrs["title"] = _("With * at the end: all that begin like this.")
        self.fields["search"].widget.attrs |= {
            "placeholder": "customer.name:like:smith",
            "title": _("Operators: %(operators)s. Several conditions are separated by semicolons.")
            % {"operators": ", ".join(OPERATORS)},
        }

    def _offer_versions(self, definitions: Any) -> None:
        """The versions of the chosen process; a version alone means nothing."""
        versions: list[int] = []
        if self.process_id:
            rows = definitions.filter(process_id=self.process_id).order_by("-version")
            versions = list(dict.fromkeys(rows.values_list("version", flat=True)[:MOST_VERSIONS]))
        asked = self.data.get("version", "")
        if asked.isascii() and asked.isdigit() and len(asked) < 10 and int(asked) not in versions:
            versions.append(int(asked))
        field = self.fields["version"]
        field.choices = [("", _("All versions")), *((str(each), str(each)) for each in versions)]  # type: ignore[attr-defined]
        if not versions:
            field.widget.attrs |= {"disabled": True, "data-off": True, "title": str(_("Choose a process first."))}

    # -- states

    @property
    def chosen_states(self) -> tuple[str, ...]:
        """The chosen states: the running ones, or all where single instances are asked for."""
        asked = {name for text in self.data.getlist("state") for name in text.split(",")}
        chosen = {each for name in asked for each in GROUPS.get(name, (name,))}
        found = tuple(name for name in STATES if name in chosen)
        if found:
            return found
        return GROUPS["all"] if any(self.data.get(name) for name in SINGLE) else RUNNING

    @property
    def state(self) -> str:
        """The chosen states in the shortest form that the address has for them."""
        chosen = self.chosen_states
        return next((name for name, states in GROUPS.items() if states == chosen), ",".join(chosen))

    @property
    def state_groups(self) -> list[dict[str, Any]]:
        """The groups of states to choose from, with what is chosen of each."""
        chosen = self.chosen_states
        return [
            {
                "name": name,
                "label": label,
                "is_chosen": all(each in chosen for each in states),
                "states": [(each, STATES[each][0], each in chosen) for each in states],
            }
            for name, label, states in (("running", _("Running"), RUNNING), ("finished", _("Finished"), FINISHED))
        ]

    @property
    def more_are_used(self) -> bool:
        """Whether one of the filters that are folded away is in use."""
        return any(self.data.get(name) for name in self.fields if name not in self.always)

    @property
    def usual(self) -> list[Any]:
        return [self[name] for name in self.fields if name in self.always]

    @property
    def more(self) -> list[Any]:
        return [self[name] for name in self.fields if name not in self.always]

    @property
    def is_narrowed(self) -> bool:
        return super().is_narrowed or bool(self.data.get("state"))

    # -- what it means

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if self.data.get("value") and not found.get("variable"):
            self.add_error("variable", _("Name has to be filled."))
        if found.get("variable") and not self.data.get("value"):
            self.add_error("value", _("Value has to be filled."))
        self._check_data(found)
        if found.get("waiting") and not self.process_id:
            self.add_error("waiting", _("Choose a process first: what is usual differs from one to the other."))
        for name in ("batch", "not_batch"):
            if found.get(name) and key_of(found[name].strip()) is None:
                self.add_error(name, _("Expected the key of a batch (a number)."))
        return found

    def _check_data(self, found: dict[str, Any]) -> None:
        """Say beside the field what is not searchable, or cannot be compared like that."""
        try:
            self._with_data(ProcessInstance.objects.none(), found)
        except Rejected as refusal:
            self.add_error("search", refusal.message)

    @staticmethod
    def _with_data(rows: Rows, found: dict[str, Any]) -> Rows:
        conditions, process_id = found.get("search") or (), found.get("process") or ""
        return narrow(rows, conditions, process_id=process_id, masks=Masks.for_pages()) if conditions else rows

    def narrowed(self, rows: Rows) -> Rows:
        rows = self._with_data(self._narrow_to_states(rows), self.cleaned_data)
        if self.value("process"):
            rows = rows.filter(process_id=self.value("process"))
        if self.value("version"):
            rows = rows.filter(version=int(self.value("version")))
        if self.value("business_key"):
            rows = rows.filter(with_business_key(self.value("business_key")))
        if self.value("key"):
            rows = rows.filter(pk__in=self.value("key"))
        if self.value("called_by"):
            rows = rows.filter(parent_process_instance__in=self.value("called_by"))
        if self.value("element"):
            rows = rows.filter(at_element(self.value("element"), self.chosen_states))
        if self.value("notes"):
            rows = with_notes(rows)
        if self.value("variable") and self.value("value"):
            rows = rows.filter(with_variable(self.value("variable"), self.value("value")))
        return self._narrow_to_days(self._narrow_to_batches(self._narrow_to_failures(rows)))

    def _narrow_to_states(self, rows: Rows) -> Rows:
        chosen = self.chosen_states
        if chosen == GROUPS["all"]:
            return rows
        condition = Q(state="ACTIVE") if set(RUNNING) <= set(chosen) else Q()
        for name in chosen:
            if name not in RUNNING or not set(RUNNING) <= set(chosen):
                condition |= STATES[name][1]
        return rows.filter(condition)

    def _narrow_to_failures(self, rows: Rows) -> Rows:
        if self.value("error"):
            failing = Incident.objects.filter(process_instance=OuterRef("pk"), state="ACTIVE")
            rows = rows.filter(Exists(failing.filter(self.value("error"))), open_incidents__gt=0)
        if self.value("retrying"):
            failed = Job.objects.filter(process_instance=OuterRef("pk"), state="FAILED", retries__gt=0)
            rows = rows.filter(Exists(failed), state="ACTIVE")
        if self.value("waiting"):
            keys = self._definitions.filter(process_id=self.process_id).values_list("pk", flat=True)
            rows = rows.filter(pk__in=waiting_longer_than_usual(list(keys)))
        return rows

    def _narrow_to_batches(self, rows: Rows) -> Rows:
        for name in ("batch", "not_batch"):
            text = self.value(name)
            if not text:
                continue
            batch = self._batches.filter(pk=key_of(text.strip()))
            mine = Exists(
                BatchItem.objects.filter(process_instance_key=OuterRef("pk"), batch__in=batch.values("pk")).order_by()
            )
            rows = rows.filter(mine) if name == "batch" else rows.exclude(mine)
        return rows

    def _narrow_to_days(self, rows: Rows) -> Rows:
        for column in ("started", "ended"):
            first, last = self.value(f"{column}_from"), self.value(f"{column}_to")
            if first:
                rows = rows.filter(**{f"{column}_at__gte": midnight(first)})
            if last:
                rows = rows.filter(**{f"{column}_at__lt": midnight(last + timedelta(days=1))})
        return rows


def at_element(element_id: str, states: Sequence[str]) -> Q:
    """Running process instances in which the element is active; ended ones that were there."""
    there = ElementInstance.objects.filter(
        process_instance=OuterRef("pk"), element_id__in=(element_id, f"{element_id}#multiInstanceBody")
    )
    runs = Q(Exists(there.filter(state__in=OPEN_STATES)))
    was = Q(Exists(there), ~Q(state="ACTIVE"))
    asks_running = any(name in RUNNING for name in states)
    asks_ended = any(name in FINISHED for name in states)
    if asks_running and asks_ended:
        return runs | was
    return runs if asks_running else was


def with_business_key(text: str) -> Q:
    """Process instances with this business key; with `*` at its end those whose business key begins like this."""
    beginning, star, more = text.rpartition("*")
    return Q(business_key__startswith=beginning) if star and beginning and not more else Q(business_key=text)


def with_variable(name: str, values: Sequence[Any]) -> Q:
    """Process instances that have one of these values in a variable, in any scope.

    The one place where lists search in variables. Where a variable is masked it finds nothing: what is hidden is not guessed.
    """
    found = Q()
    for value in values:
        found |= Q(value__same=value)
    has_it = Q(Exists(Variable.objects.filter(process_instance=OuterRef("pk"), name=name).filter(found)))
    for workspace_id, process_id in Masks.for_pages().places_of(name):
        has_it &= ~Q(workspace=workspace_id, process_id=process_id)
    return has_it


__all__ = ["STATES", "ProcessInstanceFilter", "quoted_error", "with_variable"]
