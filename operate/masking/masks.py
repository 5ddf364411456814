"""What one reader is not shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F

from operate.masking.models import MaskedVariable
from operate.masking.patterns import Pattern, masked, touches
from operate.workspaces.access import Access, User
from operate.workspaces.roles import Right
from workflow.models import ProcessInstance, Variable

Place = tuple[int, str]
"""A workspace and a process id."""

_VALUES = frozenset({"before", "after", "value"})
_BY_NAME = frozenset(
    {
        "variables",
        "local_variables",
        "values",
        "texts",
        "initial_variables",
        "set_variables",
        "merge",
        "only_if",
        "correlation_keys",
        "local_correlation_keys",
    }
)


class Masks:
    """Hides what is configured to be hidden; costs nothing where nothing is."""

    ATTRIBUTE = "_fettle_masks"

    def __init__(self, patterns: Mapping[Place, tuple[Pattern, ...]]) -> None:
        self._patterns = patterns

    @classmethod
    def for_pages(cls) -> Masks:
        """What nobody is shown before it is revealed."""
        return cls(_read(frozenset()))

    @classmethod
    def of(cls, user: User) -> Masks:
        """What the user has no right to be shown; read once for a user object, and only if a right is missing."""
        known: Masks | None = getattr(user, cls.ATTRIBUTE, None)
        if known is None:
            revealed = Access.of(user).workspaces(Right.REVEAL)
            known = cls({} if revealed is None else _read(revealed))
            setattr(user, cls.ATTRIBUTE, known)
        return known

    def __bool__(self) -> bool:
        """Whether anything at all is masked."""
        return bool(self._patterns)

    def patterns(self, workspace_id: int | None, process_id: str = "") -> tuple[Pattern, ...]:
        """Those of one process; where the process is not known all of the workspace, or of all workspaces."""
        if workspace_id is not None and process_id:
            return self._patterns.get((workspace_id, process_id), ())
        if not self._patterns:
            return ()
        return tuple(
            pattern
            for (workspace, _process), patterns in self._patterns.items()
            if workspace_id in (None, workspace)
            for pattern in patterns
        )

    def places_of(self, name: str) -> list[Place]:
        """The processes in which something in a variable of this name is hidden: it must not be found by its value."""
        return [place for place, patterns in self._patterns.items() if touches(name, patterns)]

    def value(self, workspace_id: int | None, process_id: str, name: str, value: Any) -> Any:
        """A variable's value as it may be shown; the very same object if nothing in it is masked."""
        patterns = self.patterns(workspace_id, process_id)
        return masked(name, value, patterns) if patterns else value

    def variables(self, rows: Iterable[Variable]) -> list[Variable]:
        """The rows with values as they may be shown, one query for all of them; they are not to be saved."""
        found = list(rows)
        if not self or not found:
            return found
        places = _places({row.process_instance_key for row in found})
        for row in found:
            row.value = self.value(*places[row.process_instance_key], row.name, row.value)
        return found

    def document(self, workspace_id: int | None, process_id: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Variables by name as they may be shown."""
        return {name: self.value(workspace_id, process_id, name, value) for name, value in variables.items()}

    def body(self, workspace_id: int | None, process_id: str, body: Any) -> Any:
        """The body of an audit event (or of a plan) as it may be shown."""
        patterns = self.patterns(workspace_id, process_id)
        return _masked_body(body, patterns) if patterns else body


def _read(revealed: frozenset[int]) -> dict[Place, tuple[Pattern, ...]]:
    found: dict[Place, list[Pattern]] = defaultdict(list)
    rows = MaskedVariable.objects.order_by("pk").values_list("workspace_id", "process_id", "pattern")
    for workspace_id, process_id, text in rows:
        if workspace_id not in revealed:
            found[workspace_id, process_id].append(Pattern.read(text))
    return {place: tuple(patterns) for place, patterns in found.items()}


def _places(instances: Iterable[int]) -> dict[int, Place]:
    rows = ProcessInstance.objects.filter(pk__in=instances).order_by().annotate(process=F("process_id"))
    return {key: (workspace, process) for key, workspace, process in rows.values_list("pk", "workspace_id", "process")}


def _masked_body(found: Any, patterns: tuple[Pattern, ...]) -> Any:
    """Wherever a body tells a variable: as name with values, or as an object of values by name."""
    match found:
        case list():
            return [_masked_body(item, patterns) for item in found]
        case Mapping():
            name = found.get("name")
            is_variable = isinstance(name, str) and not _VALUES.isdisjoint(found)
            return {
                key: _masked_part(key, item, name if is_variable else None, patterns) for key, item in found.items()
            }
    return found


def _masked_part(key: str, item: Any, name: Any, patterns: tuple[Pattern, ...]) -> Any:
    if name is not None and key in _VALUES:
        return masked(name, item, patterns)
    if key in _BY_NAME and isinstance(item, Mapping):
        return {each: masked(each, value, patterns) for each, value in item.items()}
    return _masked_body(item, patterns)
