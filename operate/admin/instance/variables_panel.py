"""What the tabs 'Variables' and 'Snapshots' of a process instance show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from operate.variables import reading
from operate.variables.reading import Reading
from operate.variables.snapshots import Difference, SnapshotRow
from workflow.graph import Semantics
from workflow.models import ProcessInstance

BEGINNING = 400
"""So many characters of a value are on the page; the rest is fetched when somebody looks at it."""
SHORT = 120
NAMED = 6
PROCESS_INSTANCE = gettext_lazy("Process instance")


@dataclass(frozen=True, slots=True)
class ScopeOption:
    """One scope that can be chosen."""

    key: int
    name: str
    depth: int
    variables: int | None

    @property
    def label(self) -> str:
        """Its name below what it is in, and how many variables it has."""
        inside = "\u2003" * self.depth
        return f"{inside}{self.name}" + (f" ({self.variables})" if self.variables is not None else "")


@dataclass(frozen=True, slots=True)
class VariableLine:
    """One variable of the chosen scope."""

    variable: Reading

    @property
    def is_container(self) -> bool:
        """Whether there is something in it that can be opened."""
        return self.variable.text[:1] in ("{", "[") and self.variable.text not in ("{}", "[]")

    @property
    def kind(self) -> str:
        """What its JSON is, as it is coloured."""
        first = self.variable.text[:1]
        return {"{": "object", "[": "array", '"': "string", "n": "null", "t": "boolean", "f": "boolean"}.get(
            first, "number"
        )

    @property
    def is_shortened(self) -> bool:
        """Whether the value is at hand, but not all of it, or not as it is, is shown."""
        return not self.variable.is_cut and self.short != self.variable.text

    @property
    def short(self) -> str:
        """The beginning of the value, on one line."""
        line = " ".join(self.variable.text.split())
        return f"{line[:SHORT]}…" if len(line) > SHORT or self.variable.is_cut else line


class VariablesPanel:
    """The variables of one scope, and the other scopes that could be chosen."""

    def __init__(self, instance: ProcessInstance, scope_key: int, why: str, *, name: str = "", ended: str = "") -> None:
        self.instance = instance
        self.scope_key = scope_key
        self._why = why
        self._name = name
        self._ended = ended

    @property
    def why_not_edit(self) -> str:
        """Why nothing can be edited here; empty if it can."""
        if self.instance.state != ProcessInstance.State.ACTIVE:
            state = self.instance.get_state_display().lower()
            return _(
                "This process instance is %(state)s. Variables are edited only while a process instance is active or suspended."
            ) % {"state": state}
        if not self._why and self._ended:
            return _("'%(ended)s' has ended, and its variables with it.") % {"ended": self._ended}
        return self._why

    @cached_property
    def scopes(self) -> list[ScopeOption]:
        """The process instance and each running scope; also the chosen one, should it have ended or have no variables."""
        process, *inner = reading.scopes(self.instance)
        found = [ScopeOption(process.key, PROCESS_INSTANCE, 0, process.variables)]
        for scope in inner:
            name = f"{scope.name} #{scope.loop_counter}" if scope.loop_counter is not None else scope.name
            found.append(ScopeOption(scope.key, name, scope.depth, scope.variables))
        if all(each.key != self.scope_key for each in found):
            name = (
                _("%(ended)s (ended)") % {"ended": self._ended} if self._ended else self._name or _("Element instance")
            )
            found.append(ScopeOption(self.scope_key, name, 1, len(self.lines)))
        return found

    @property
    def scope_name(self) -> str:
        return next(each.name for each in self.scopes if each.key == self.scope_key)

    @property
    def is_typed(self) -> bool:
        """Whether variables have types of their own, as those of Camunda 7 have."""
        semantics: str = getattr(self.instance, "semantics", "")
        return semantics == Semantics.CAMUNDA_7

    @cached_property
    def lines(self) -> list[VariableLine]:
        return [VariableLine(row) for row in reading.variables(self.instance, self.scope_key, cut=BEGINNING)]


@dataclass(frozen=True, slots=True)
class SnapshotLine:
    """One edit in the list of snapshots."""

    row: SnapshotRow
    scope_names: Mapping[int, str]
    instance_key: int
    audit_url: str | None

    @property
    def names(self) -> str:
        """The variables that it has changed, as many as one reads."""
        more = len(self.row.names) - NAMED
        return ", ".join(self.row.names[:NAMED]) + (_(" and %(more)s more") % {"more": more} if more > 0 else "")

    @property
    def scopes(self) -> list[tuple[int, str]]:
        """Where they live: each scope with its name."""
        return [
            (key, PROCESS_INSTANCE if key == self.instance_key else self.scope_names.get(key, f"ended scope {key}"))
            for key in self.row.scope_keys
        ]


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """One place at which two states differ."""

    difference: Difference

    @property
    def types(self) -> str:
        """Both types where they are not the same."""
        left, right = self.difference.left_type, self.difference.right_type
        return f"{left} → {right}" if left and right and left != right else ""
