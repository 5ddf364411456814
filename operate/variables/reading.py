"""What variables are, for pages and `/api`: every value that is shown comes from here, masked as it has to be.

Values are JSON texts, with all digits of their numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from operate.masking.masks import Masks
from operate.masking.patterns import Pattern, masked
from operate.variables import exact
from operate.workspaces import Access, Right
from workflow.engine.errors import NotFound
from workflow.engine.state import OPEN_STATES
from workflow.graph import BODY_SUFFIX, ExecutableProcess
from workflow.graph.types import SCOPE_TYPES
from workflow.models import ElementInstance, ProcessInstance
from workflow.persistence.connection import fetch
from workflow.persistence.definitions import executable_process

MOST_SCOPES = 2_000
MOST_VARIABLES = 10_000

VARIABLES = """
SELECT v.key, v.scope_key, v.name, v.type, v.revision, v.created_at, v.updated_at, v.is_initial,
  length(v.value::text), {text}
FROM workflow_variable v WHERE v.scope_key = %s::bigint {more} ORDER BY v.name COLLATE "C" LIMIT {limit}
"""
WHOLE, PRETTY, CUT = "v.value::text", "jsonb_pretty(v.value)", "left(v.value::text, %s::int)"
SCOPES = f"""
SELECT e.key, e.element_id, e.element_type, e.flow_scope_key, e.state, e.started_at, e.loop_counter, v.total
FROM workflow_elementinstance e
LEFT JOIN LATERAL (SELECT count(*) AS total FROM workflow_variable v WHERE v.scope_key = e.key) v ON true
WHERE e.process_instance_key = %s::bigint AND e.state = ANY(%s::text[])
  AND (e.element_type = ANY(%s::text[]) OR v.total > 0)
ORDER BY e.key LIMIT {MOST_SCOPES}
"""
COUNT = "SELECT count(*) FROM workflow_variable WHERE scope_key = %s::bigint"


@dataclass(frozen=True, slots=True)
class Reading:
    """One variable as it may be shown; its text is the beginning of the value if it `is_cut`."""

    key: int
    scope_key: int
    name: str
    type: str
    text: str
    size: int
    is_cut: bool
    version: str
    updated_at: datetime
    created_at: datetime
    is_initial: bool
    is_masked: bool

    @property
    def value(self) -> Any:
        """The value with all digits; only of a whole one."""
        return exact.parse(self.text, self.name)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where variables live: the process instance itself, or one of its element instances."""

    key: int
    element_id: str
    element_type: str
    name: str
    depth: int
    state: str
    is_open: bool
    started_at: datetime | None
    loop_counter: int | None = None
    variables: int | None = None
    """How many; None where nobody has counted."""


def version_of(key: int, revision: int) -> str:
    """What names one value of one variable: a variable that was deleted and made again is another one."""
    return f"{key}.{revision}"


def name_of(process: ExecutableProcess, element_id: str) -> str:
    """The element's name in the model, its id where it has none; a multi-instance body by its activity's."""
    inner = element_id.removesuffix(BODY_SUFFIX)
    element = process.elements.get(inner)
    name = element.name if element is not None and element.name else inner
    return name if inner == element_id else f"{name} · multi-instance"


# -- scopes


def scope_of(scope_key: int, access: Access) -> tuple[ProcessInstance, Scope]:
    """The process instance and the scope with this key; NotFound if there is none, or none that may be seen."""
    instances = visible(ProcessInstance.objects.select_related("definition"), access)
    instance = instances.filter(pk=scope_key).first()
    if instance is not None:
        return instance, process_scope(instance)
    row = ElementInstance.objects.filter(pk=scope_key).first()
    instance = instances.filter(pk=row.process_instance_key).first() if row is not None else None
    if row is None or instance is None:
        raise NotFound(f"Expected to find an element instance with key '{scope_key}', but there is none.")
    return instance, _element_scope(instance, row)


def visible(rows: QuerySet[Any], access: Access) -> QuerySet[Any]:
    """Only what is in workspaces where the reader may look."""
    workspaces = access.workspaces(Right.VIEW)
    return rows if workspaces is None else rows.in_workspaces(workspaces)  # type: ignore[attr-defined, no-any-return]


def process_scope(instance: ProcessInstance, variables: int | None = None) -> Scope:
    """The outermost scope, which is the process instance itself."""
    return Scope(
        instance.key,
        instance.process_id,
        "PROCESS",
        "Process",
        0,
        instance.state,
        instance.state == ProcessInstance.State.ACTIVE,
        instance.started_at,
        variables=variables,
    )


def scopes(instance: ProcessInstance) -> list[Scope]:
    """The process instance and what is open in it that is a scope or has variables, each below what it is in.

    Two queries; at most 2,000 of them.
    """
    types = [kind.value for kind in SCOPE_TYPES]
    rows = fetch(SCOPES, (str(instance.key), list(OPEN_STATES), types))
    ((total,),) = fetch(COUNT, (str(instance.key),))
    process = executable_process(instance.definition_key)
    known = {row[0] for row in rows}
    inside: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        inside[row[3] if row[3] in known else instance.key].append(row)
    found = [process_scope(instance, total)]
    waiting = [(row, 1) for row in reversed(inside[instance.key])]
    while waiting:
        (key, element_id, kind, _outer, state, started_at, number, count), depth = waiting.pop()
        name = name_of(process, element_id)
        found.append(Scope(key, element_id, kind, name, depth, state, True, started_at, number, count))
        waiting += [(row, depth + 1) for row in reversed(inside[key])]
    return found


def _element_scope(instance: ProcessInstance, row: ElementInstance) -> Scope:
    name = name_of(executable_process(instance.definition_key), row.element_id)
    is_open = row.state in OPEN_STATES and instance.state == ProcessInstance.State.ACTIVE
    return Scope(
        row.key, row.element_id, row.element_type, name, 1, row.state, is_open, row.started_at, row.loop_counter
    )


def why_not_editable(instance: ProcessInstance, scope: Scope, access: Access) -> str:
    """Why the variables of the scope cannot be edited, in a sentence; empty if they can."""
    if instance.state != ProcessInstance.State.ACTIVE:
        return (
            f"This process instance is {instance.get_state_display().lower()}. Variables are edited only while a process "
            "instance is active or suspended."
        )
    if not scope.is_open:
        return f"'{scope.name}' has ended, and its variables with it."
    return access.why_not(Right.EDIT_VARIABLES, instance.workspace_id)


# -- values


def variables(
    instance: ProcessInstance,
    scope_key: int,
    *,
    masks: Masks | None = None,
    cut: int | None = None,
    pretty: bool = False,
    names: Sequence[str] | None = None,
) -> list[Reading]:
    """The variables of one scope of a visible process instance by name, whole or only how each begins; one query."""
    patterns = _patterns(instance, masks)
    text = PRETTY if pretty else CUT if cut is not None and not patterns else WHOLE
    more, params = "", ([cut] if text is CUT else []) + [str(scope_key)]
    if names is not None:
        more, params = "AND v.name = ANY(%s::text[])", [*params, list(names)]
    rows = fetch(VARIABLES.format(text=text, more=more, limit=MOST_VARIABLES), params)
    return [_reading(row, patterns, cut, pretty) for row in rows]


def variable(instance: ProcessInstance, scope_key: int, name: str, *, masks: Masks | None = None) -> Reading:
    """One variable with all of its value; NotFound if the scope has none of that name."""
    found = variables(instance, scope_key, masks=masks, names=[name])
    if not found:
        raise NotFound(f"Expected scope '{scope_key}' to have a variable '{name[:80]}', but it has none.")
    return found[0]


def document(readings: Iterable[Reading], *, is_pretty: bool = False) -> str:
    """All of the variables as one JSON object; `is_pretty` tells that they were read so."""
    if not is_pretty:
        return exact.dump({each.name: each.value for each in readings}, exact.INDENT)
    inner = " " * exact.INDENT
    members = [f"{inner}{exact.dump(each.name)}: {each.text.replace(chr(10), chr(10) + inner)}" for each in readings]
    return "{\n" + ",\n".join(members) + "\n}" if members else "{}"


def shown(name: str, text: str | None, patterns: Sequence[Pattern]) -> tuple[str | None, bool]:
    """A value's text as it may be shown, and whether something in it is masked."""
    if not patterns or text is None:
        return text, False
    value = exact.parse(text, name)
    found = masked(name, value, patterns)
    return (text, False) if found is value else (exact.dump(found), True)


def masking(instance: ProcessInstance, masks: Masks | None = None) -> Sequence[Pattern]:
    """What is not shown of this process instance."""
    return _patterns(instance, masks)


def _patterns(instance: ProcessInstance, masks: Masks | None) -> Sequence[Pattern]:
    return (masks if masks is not None else Masks.for_pages()).patterns(instance.workspace_id, instance.process_id)


def _reading(row: Sequence[Any], patterns: Sequence[Pattern], cut: int | None, pretty: bool) -> Reading:
    key, scope_key, name, kind, revision, created_at, updated_at, is_initial, size, text = row
    text = "null" if text is None else exact.indented(text) if pretty else text
    text, is_masked = shown(name, text, patterns)
    if is_masked and pretty:
        text = exact.dump(exact.parse(text), exact.INDENT)
    is_cut = cut is not None and len(text if patterns else " " * (size or 0)) > cut
    return Reading(
        key,
        scope_key,
        name,
        kind,
        text[:cut] if cut is not None else text,
        len(text) if is_masked else size or len("null"),
        is_cut,
        version_of(key, revision),
        updated_at,
        created_at,
        is_initial,
        is_masked,
    )


__all__ = [
    "Reading",
    "Scope",
    "document",
    "masking",
    "name_of",
    "process_scope",
    "scope_of",
    "scopes",
    "shown",
    "variable",
    "variables",
    "version_of",
    "visible",
    "why_not_editable",
]
