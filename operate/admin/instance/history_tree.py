"""The history of one process instance as a tree of its element instances, read in slices that do not grow with it.

What has few element instances is read whole. Of others one level at a time: all children of a scope by number, the key with
which each slice begins, and the rows of one slice. Keys grow within an instance, so a slice stays what it is while more comes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from operate.admin.wording import body_id, drawn_id, element_icon, instance_state, label_in
from workflow.engine.state import OPEN_STATES
from workflow.graph import ElementType, ExecutableProcess, Semantics
from workflow.graph.types import SCOPE_TYPES
from workflow.models import ElementInstance, ProcessInstance
from workflow.persistence.connection import fetch

WHOLE = 500
"""Up to so many element instances the tree is read at once."""
SLICE = 200
SCOPES = frozenset(kind.value for kind in SCOPE_TYPES)
BODY = ElementType.MULTI_INSTANCE_BODY.value

COLUMNS = """e.key, e.element_id, e.element_type, e.flow_scope_key, e.state, e.active_children, e.completed_children,
  e.loop_counter, e.started_at, e.ended_at"""
STUCK = "EXISTS (SELECT 1 FROM workflow_incident i WHERE i.element_instance_key = e.key AND i.state = 'ACTIVE')"
ITERATIONS = "(SELECT v.value::text FROM workflow_variable v WHERE v.scope_key = e.key AND v.name = 'nrOfInstances')"
SHOWN = f"""{COLUMNS}, e.everything, e.place, e.siblings, {STUCK} AS stuck,
  CASE WHEN e.element_type = '{BODY}' THEN {ITERATIONS} END AS to_loop"""
FIRST = f"""
SELECT {SHOWN} FROM (
  SELECT {COLUMNS}, count(*) OVER () AS everything, row_number() OVER level AS place,
    count(*) OVER (PARTITION BY e.flow_scope_key) AS siblings
  FROM workflow_elementinstance e WHERE e.process_instance_key = %(key)s::bigint
  WINDOW level AS (PARTITION BY e.flow_scope_key ORDER BY e.key)) e
WHERE e.everything <= %(whole)s::bigint
  OR (e.flow_scope_key = %(key)s::bigint AND (e.place <= %(slice)s::bigint OR e.place % %(slice)s::bigint = 1))
ORDER BY e.key
"""
LEVEL = f"""
SELECT {SHOWN}, e.skipped FROM (
  SELECT {COLUMNS}, 0 AS everything, row_number() OVER (ORDER BY e.key) AS place, count(*) OVER () AS siblings,
    count(*) FILTER (WHERE e.key < %(begin)s::bigint) OVER () AS skipped
  FROM workflow_elementinstance e
  WHERE e.process_instance_key = %(key)s::bigint AND e.flow_scope_key = %(scope)s::bigint
    AND (%(states)s::text[] IS NULL OR e.state = ANY(%(states)s::text[]))) e
WHERE e.place % %(slice)s::bigint = 1 OR (e.place > e.skipped AND e.place <= e.skipped + %(slice)s::bigint)
ORDER BY e.key
"""
ABOVE = """
WITH RECURSIVE above AS (
  SELECT key, flow_scope_key, 0 AS distance FROM workflow_elementinstance
  WHERE key = %s::bigint AND process_instance_key = %s::bigint
  UNION ALL
  SELECT e.key, e.flow_scope_key, a.distance + 1 FROM workflow_elementinstance e JOIN above a ON e.key = a.flow_scope_key)
SELECT key FROM above ORDER BY distance DESC
"""
OF_ELEMENT = """
SELECT key, count(*) OVER () FROM workflow_elementinstance
WHERE process_instance_key = %s::bigint AND element_id = %s
ORDER BY state = ANY(%s::text[]) DESC, key DESC LIMIT 1
"""


@dataclass(slots=True)
class TreeRow:
    """One element instance in the history tree."""

    key: int
    scope_key: int
    element_id: str
    name: str
    type: str
    icon: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None
    loop_counter: int | None = None
    has_incident: bool = False
    tally: str = ""
    """Of a multi-instance body: how many iterations are done and how many run."""
    depth: int = 0
    children: list[TreeRow] = field(default_factory=list)
    called: list[ProcessInstance] = field(default_factory=list)

    @property
    def drawn_id(self) -> str:
        return drawn_id(self.element_id)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def is_scope(self) -> bool:
        """Whether there may be something in it."""
        return self.type in SCOPES

    @property
    def dot(self) -> str:
        """The state in one word, as it is coloured."""
        if self.has_incident:
            return "incident"
        return "active" if self.is_open else self.state.lower()

    @property
    def remark(self) -> str:
        """What is unusual about its state."""
        if self.state == ElementInstance.State.ACTIVATING and self.started_at is None:
            return _("about to begin")
        return _("about to leave") if self.state == ElementInstance.State.COMPLETING else ""

    def told(self) -> dict[str, Any]:
        """What the page's script shows of it; what says nothing is left out."""
        facts = {
            "key": str(self.key),
            "scope": str(self.scope_key),
            "element": self.drawn_id,
            "exact": self.element_id if self.element_id != self.drawn_id else "",
            "name": self.name,
            "icon": self.icon,
            "dot": self.dot,
            "state": self.state.capitalize(),
            "started": self.started_at.isoformat() if self.started_at else "",
            "ended": self.ended_at.isoformat() if self.ended_at else "",
            "remark": self.remark,
            "tally": self.tally,
            "isOpen": self.is_open,
            "isScope": self.is_scope,
            "called": [_told_of_called(each) for each in self.called],
        }
        return {name: value for name, value in facts.items() if value}


@dataclass(frozen=True, slots=True)
class Level:
    """The children of one scope: how many, with which key each slice of them begins, and the rows of one slice."""

    scope: int
    total: int
    starts: Sequence[int]
    rows: Sequence[TreeRow]

    def told(self) -> dict[str, Any]:
        return {
            "scope": str(self.scope),
            "total": self.total,
            "starts": [str(each) for each in self.starts],
            "rows": [row.told() for row in self.rows],
        }


@dataclass(frozen=True, slots=True)
class History:
    """What the page begins with: all element instances, or the first slice of those directly in the process instance."""

    is_whole: bool
    total: int
    top: Level
    rows: Sequence[TreeRow]

    def told(self) -> dict[str, Any]:
        first = self.rows if self.is_whole else self.top.rows
        return {**self.top.told(), "isWhole": self.is_whole, "slice": SLICE, "rows": [row.told() for row in first]}


class HistoryTree:
    """Reads and names the element instances of one process instance."""

    def __init__(self, instance: ProcessInstance, process: ExecutableProcess) -> None:
        self._instance = instance
        self._process = process

    def first(self, called: Iterable[ProcessInstance] = ()) -> History:
        """The whole tree if it is small, else the beginning of its outermost level; one query."""
        key = self._instance.key
        found = fetch(FIRST, {"key": key, "whole": WHOLE, "slice": SLICE})
        everything = found[0][10] if found else 0
        rows = self._rows(found, called)
        if everything <= WHOLE:
            top = [row for row in rows if row.scope_key == key]
            return History(True, everything, Level(key, len(top), [row.key for row in top[::SLICE]], top), rows)
        starts = [row.key for row, each in zip(rows, found, strict=True) if each[11] % SLICE == 1]
        first = [row for row, each in zip(rows, found, strict=True) if each[11] <= SLICE]
        return History(False, everything, Level(key, found[0][12], starts, first), first)

    def level(self, scope: int, begin: int = 0, *, is_open: bool = False) -> Level:
        """The children of a scope with one slice of them, from a key on; only those that run, if `is_open`."""
        states = list(OPEN_STATES) if is_open else None
        wanted = {"key": self._instance.key, "scope": scope, "begin": begin, "slice": SLICE, "states": states}
        found = fetch(LEVEL, wanted)
        skipped = found[0][15] if found else 0
        shown = [each for each in found if skipped < each[11] <= skipped + SLICE]
        calling = [each[0] for each in shown if each[2] == ElementType.CALL_ACTIVITY.value]
        called = ProcessInstance.objects.filter(parent_element_instance__in=calling).order_by("key")
        rows = self._rows(shown, called.annotate(process_name=F("definition__name")) if calling else ())
        starts = [each[0] for each in found if each[11] % SLICE == 1]
        return Level(scope, found[0][12] if found else 0, starts, rows)

    def row(self, key: int) -> TreeRow | None:
        """One element instance of this process instance."""
        row = ElementInstance.objects.filter(process_instance=self._instance.key, pk=key).first()
        if row is None:
            return None
        facts = (row.active_children, row.completed_children, row.loop_counter, row.started_at, row.ended_at)
        identity = (row.key, row.element_id, row.element_type, row.flow_scope_key, row.state)
        return self._row((*identity, *facts, 1, 1, 1, False, None))

    def way_to(self, key: int) -> list[int]:
        """The scopes around an element instance, outermost first, and itself; nothing if it is not of this instance."""
        return [each for (each,) in fetch(ABOVE, (key, self._instance.key))]

    def of_element(self, element_id: str) -> tuple[int, int] | None:
        """The element's newest instance, a running one if there is any, and how many there are."""
        for each in (element_id, body_id(element_id)):
            for key, total in fetch(OF_ELEMENT, (self._instance.key, each, list(OPEN_STATES))):
                return key, total
        return None

    def _rows(self, found: Sequence[Sequence[Any]], called: Iterable[ProcessInstance]) -> list[TreeRow]:
        rows = [self._row(each) for each in found]
        known = {row.key: row for row in rows}
        for each in called:
            caller = known.get(each.parent_element_instance_key or 0)
            if caller is not None:
                each.dot, _text = instance_state(each)  # type: ignore[attr-defined]
                caller.called.append(each)
        return rows

    def _row(self, found: Sequence[Any]) -> TreeRow:
        key, element_id, kind, scope, state, running, done, number, started_at, ended_at = found[:10]
        stuck, to_loop = found[13:15]
        name = label_in(self._process, element_id)
        tally = ""
        if kind == BODY:
            total = self._planned(to_loop) or (None if self._is_sequential(element_id) else number)
            name = f"{name} {done}/{total}" if total else _("%(name)s, %(done)s done") % {"name": name, "done": done}
            tally = _("%(running)s running") % {"running": running} if running and state in OPEN_STATES else ""
        elif number is not None:
            name = f"{name} #{number}"
        icon = element_icon(kind, self._process.elements.get(element_id))
        return TreeRow(
            key, scope, element_id, name, kind, icon, state, started_at, ended_at, number, bool(stuck), tally
        )

    def _planned(self, text: str | None) -> int | None:
        """How many iterations there will be, which Camunda 7 has in a variable."""
        is_known = self._process.semantics is Semantics.CAMUNDA_7 and text is not None and text.isdecimal()
        return int(text) if is_known and text else None

    def _is_sequential(self, element_id: str) -> bool:
        """Whether iterations begin one after the other, so that those begun are not all."""
        element = self._process.elements.get(element_id)
        return bool(getattr(element.details, "sequential", False)) if element else False


def in_order(rows: Collection[TreeRow], top: int) -> list[TreeRow]:
    """Rows in the order in which they were activated, each below its flow scope, with their depths."""
    known = {row.key: row for row in rows}
    outermost: list[TreeRow] = []
    for row in rows:
        parent = known.get(row.scope_key) if row.scope_key != top else None
        (outermost if parent is None else parent.children).append(row)
    return list(_flattened(outermost))


def _flattened(rows: Sequence[TreeRow]) -> Iterator[TreeRow]:
    waiting = [(row, 1) for row in reversed(rows)]
    while waiting:
        row, level = waiting.pop()
        row.depth = level
        yield row
        waiting += [(child, level + 1) for child in reversed(row.children)]


def _told_of_called(called: ProcessInstance) -> dict[str, Any]:
    name = getattr(called, "process_name", "") or called.process_id
    return {
        "key": str(called.key),
        "name": name,
        "dot": called.dot,  # type: ignore[attr-defined]
        "isOpen": called.state == ProcessInstance.State.ACTIVE,
    }
