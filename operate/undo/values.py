"""Variables that an event has changed, and what has become of them since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from workflow.engine.state import OPEN_STATES
from workflow.models import ElementInstance, ProcessInstance, Variable
from workflow.modification import Instruction, SetScopeVariables

Changes = Sequence[Mapping[str, Any]]
Place = tuple[int, str]


class _Present:
    """The values of now of what was changed, and which of the scopes are open."""

    def __init__(self, changes: Changes) -> None:
        scopes = {change["scope_key"] for change in changes}
        rows = Variable.objects.filter(scope_key__in=scopes, name__in={change["name"] for change in changes})
        self.values: Mapping[Place, Any] = {(row.scope_key, row.name): row.value for row in rows}
        opened = ElementInstance.objects.filter(pk__in=scopes, state__in=OPEN_STATES).values_list("key", flat=True)
        running = ProcessInstance.objects.active().filter(pk__in=scopes).values_list("key", flat=True)
        self.open_scopes = {*opened, *running}


def changes_of(body: Mapping[str, Any]) -> Changes:
    """The variables that an event tells of, each with its value before and after."""
    found = body.get("variables")
    return found if isinstance(found, list) else ()


def _kept(change: Mapping[str, Any], now: _Present) -> str:
    """Why a value is not brought back; empty if nobody has changed it since."""
    place = (change["scope_key"], change["name"])
    if change["scope_key"] not in now.open_scopes:
        return _("was of a scope that has ended.")
    if change.get("deleted"):
        return "" if place not in now.values else _("has been made again since.")
    if place not in now.values:
        return _("has been deleted since.") if change["existed"] else _("is gone already.")
    return "" if now.values[place] == change["after"] else _("has been changed since; that value stays.")


def split(changes: Changes, *, may_delete: bool = False) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The changes that can be taken back because nobody has changed the variables since, and why the others stay."""
    now = _Present(changes)
    back: list[Mapping[str, Any]] = []
    notes: list[str] = []
    for change in changes:
        why = _kept(change, now)
        if not why and not change["existed"] and not may_delete:
            why = _("did not exist before; it is deleted on the variables page.")
        if why:
            notes.append(f"'{change['name']}' {why}")
        else:
            back.append(change)
    return back, notes


def restored(changes: Changes) -> tuple[list[Instruction], list[str]]:
    """Instructions that bring back the values from before, and what stays."""
    back, notes = split(changes)
    before: dict[int, dict[str, Any]] = {}
    for change in back:
        before.setdefault(change["scope_key"], {})[change["name"]] = change["before"]
    return [SetScopeVariables(scope, values) for scope, values in before.items()], notes


__all__ = ["Changes", "changes_of", "restored", "split"]
