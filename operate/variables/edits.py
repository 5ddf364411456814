"""What somebody wants variables to be, and deciding under the lock whether it may be so.

An editor sends what was seen: the version of each variable. What is *mine* is told by comparing with that, not with how
things are now; so what somebody else has changed meanwhile stays, and where both have changed the same variable the edit
is refused with what was, what they made of it and what I did.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from operate.masking.masks import Masks
from operate.masking.patterns import Pattern, has_mask
from operate.variables import exact
from operate.variables.merging import MISSING, merge, unmask
from operate.variables.reading import shown, version_of
from operate.variables.types import check_type, kept_type
from workflow.engine.errors import Conflict, Rejected
from workflow.engine.state import VariableRow
from workflow.engine.values import ExactValue, TypedValue, type_of
from workflow.graph import Semantics
from workflow.persistence.connection import fetch
from workflow.services import OpenScope, VariableEdit

NAME_LIMIT = 255
LISTED = 100

ADDED, CHANGED, DELETED = "added", "changed", "deleted"

EXACT_TEXTS = """
SELECT key, revision, value::text, type FROM workflow_variable WHERE key = ANY(%s::bigint[])
UNION ALL
SELECT f.variable_key, f.revision, f.value::text, f.type
FROM unnest(%s::bigint[], %s::int[]) AS seen(key, revision)
JOIN workflow_formervalue f ON f.variable_key = seen.key AND f.revision = seen.revision
"""


@dataclass(frozen=True, slots=True)
class NewValue:
    """A value to be set, of a type if one was named."""

    value: Any
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """New values for one scope, and the versions that their editor has seen (none: the variable did not exist).

    A whole document also deletes what was seen and is not in it, and brings along what its editor did not touch.
    """

    scope_key: int
    set: Mapping[str, NewValue]
    delete: Sequence[str] = ()
    seen: Mapping[str, str | None] = field(default_factory=dict)
    is_whole: bool = False
    accept_types: frozenset[str] | None = frozenset()
    """The variables that may get another type; None stands for all."""
    restored_from: int | None = None
    """The snapshot whose values these are."""

    def accepts_type(self, name: str) -> bool:
        return self.accept_types is None or name in self.accept_types


@dataclass(frozen=True, slots=True)
class Side:
    """What a variable is to somebody."""

    text: str
    type: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Author:
    """Who has written a value, and when."""

    who: str
    at: datetime
    event: str


@dataclass(frozen=True, slots=True)
class TwoEdits:
    """One variable that two people have changed; what does not exist is None.

    `merge` is both changes in one value, unless they overlap at `overlaps`.
    """

    name: str
    was: Side | None
    theirs: Side | None
    mine: Side | None
    merge: str | None = None
    overlaps: Sequence[str] = ()
    theirs_by: Author | None = None


class VariablesChanged(Conflict):
    """Somebody else has changed what this edit changes."""

    def __init__(
        self,
        process_instance_key: int,
        scope_key: int,
        conflicts: Sequence[TwoEdits],
        seen: Mapping[str, str],
        merged: str | None = None,
    ) -> None:
        names = [f"'{each.name}'" for each in conflicts[:LISTED]]
        verb = "was" if len(names) == 1 else "were"
        super().__init__(
            f"{', '.join(names)} {verb} changed by somebody else since you opened it. Nothing was saved: compare, and decide "
            "what it is to be."
        )
        self.process_instance_key = process_instance_key
        self.scope_key = scope_key
        self.conflicts = conflicts
        self.seen = seen
        """The versions now, to be sent with what was decided."""
        self.merged = merged
        """Of a whole document: all variables as they are now with both changes, unless they overlap."""


@dataclass(frozen=True, slots=True)
class TypeChange:
    """A variable whose new value its type cannot hold."""

    name: str
    before: str
    after: str


class TypesChange(Conflict):
    """Values that their variables' types cannot hold, which is to be confirmed."""

    def __init__(self, changes: Sequence[TypeChange]) -> None:
        told = ", ".join(f"'{each.name}' from {each.before} to {each.after}" for each in changes[:LISTED])
        super().__init__(
            f"This changes the type of {told}. Expressions and workers may rely on it: confirm, or name the type."
        )
        self.changes = changes


class NothingChanged(Rejected):
    """An edit that changes nothing."""

    def __init__(self) -> None:
        super().__init__("Nothing has changed.")


@dataclass(frozen=True, slots=True)
class Change:
    """One variable before and after the edit, as texts."""

    name: str
    kind: str
    before: str | None
    after: str | None
    type_before: str
    type_after: str


# -- reading what was sent


def read_edit(scope_key: int, body: Mapping[str, Any]) -> Edit:
    """The edit that a JSON body means: single changes, or all variables as one document."""
    seen = _seen(body.get("seen"))
    accepted = body.get("accept_types")
    accept = None if accepted is True else frozenset(_names(accepted or (), "accept_types"))
    if "document" in body:
        document = body["document"]
        values = exact.parse_object(document) if isinstance(document, str) else document
        if not isinstance(values, dict):
            raise Rejected("Expected 'document' to be a JSON object, or its text, like {\"amount\": 100}.")
        given = {_name(name): NewValue(value) for name, value in values.items()}
        return Edit(scope_key, given, [name for name in seen if name not in given], seen, True, accept)
    changes = body.get("set") or {}
    if not isinstance(changes, dict):
        raise Rejected("Expected 'set' to be an object with the variables by name.")
    given = {_name(name): _new_value(name, value) for name, value in changes.items()}
    deleted = _names(body.get("delete") or (), "delete")
    both = sorted(given.keys() & set(deleted))
    if both:
        raise Rejected(f"'{both[0]}' is both set and deleted. Expected one of them.")
    return Edit(scope_key, given, deleted, seen, False, accept)


def _new_value(name: str, given: Any) -> NewValue:
    if not isinstance(given, dict) or not ({"text", "value"} & given.keys()):
        raise Rejected(f'Expected \'{name[:80]}\' to be like {{"text": "100"}} or {{"value": 100, "type": "Long"}}.')
    kind = given.get("type") or None
    if kind is not None and not isinstance(kind, str):
        raise Rejected(f"Expected the type of '{name[:80]}' to be text.")
    value = exact.parse(str(given["text"]), name) if "text" in given else given["value"]
    if kind is not None:
        check_type(name, kind, value)
    return NewValue(value, kind)


def _seen(given: Any) -> dict[str, str | None]:
    if not isinstance(given, dict):
        raise Rejected(
            "Expected 'seen': the versions of the variables as they were read, by name (null for one that did not exist), "
            "so that nobody's change is lost."
        )
    for name, version in given.items():
        if version is not None and (not isinstance(version, str) or _key_and_revision(version) is None):
            raise Rejected(f"Expected the version of '{name[:80]}' as it was read, found '{str(version)[:40]}'.")
    return dict(given)


def _names(given: Any, where: str) -> list[str]:
    if not isinstance(given, list | tuple) or not all(isinstance(name, str) for name in given):
        raise Rejected(f"Expected '{where}' to be a list of names.")
    return list(dict.fromkeys(given))


def _name(name: str) -> str:
    if not name or len(name) > NAME_LIMIT or "\x00" in name:
        raise Rejected(f"Expected a variable name of 1 to {NAME_LIMIT} characters, but found '{name[:40]}'.")
    return name


def _key_and_revision(version: str) -> tuple[int, int] | None:
    key, dot, revision = version.partition(".")
    if dot and key.isdecimal() and revision.isdecimal() and len(key) < 20 and len(revision) < 10:
        return int(key), int(revision)
    return None


# -- deciding


class Decision:
    """Decides, once the scope is locked, what an edit sets and deletes; afterwards it knows what that changes.

    At most one query, and none for what neither has fractions nor was changed by somebody else.
    """

    def __init__(self, edit: Edit, masks: Callable[[], Masks] = Masks.for_pages) -> None:
        self._edit = edit
        self._masks = masks
        self._known_patterns: Sequence[Pattern] | None = None
        self._texts: dict[str, tuple[str, str]] = {}
        self._values: dict[str, Any] = {}
        self.changes: list[Change] = []

    def __call__(self, scope: OpenScope) -> VariableEdit:
        self._scope = scope
        rows = scope.variables
        self._read_texts(rows)
        conflicts: list[TwoEdits] = []
        wanted: dict[str, Any] = {}
        for name, mine in self._mine(rows):
            row = rows.get(name)
            if self._is_seen(name, row):
                wanted[name] = mine
            elif row is not None or mine is not MISSING:  # both have deleted it otherwise
                conflicts.append(self._conflict(name, row, mine))
        if conflicts:
            now = {name: version_of(row.key, row.revision) for name, row in rows.items()}
            raise VariablesChanged(
                scope.process_instance_key, scope.key, conflicts, now, self._merged(rows, wanted, conflicts)
            )
        decided = self._decided(wanted, rows, scope.semantics)
        if not self.changes:
            raise NothingChanged
        return decided

    def _mine(self, rows: Mapping[str, VariableRow]) -> Iterable[tuple[str, Any]]:
        """What the editor has changed, each as it shall be: a value, or MISSING."""
        edit = self._edit
        for name, new in edit.set.items():
            was = self._was(name, rows)
            value = new.value
            if has_mask(value) and self._patterns:
                value = self._unmasked(name, value, was)
            if was is MISSING or not exact.is_same(value, was) or new.type not in (None, self._type_was(name, rows)):
                yield name, value
        for name in edit.delete:
            if edit.seen.get(name) is not None or name in rows:
                yield name, MISSING

    @property
    def _patterns(self) -> Sequence[Pattern]:
        """What is masked; asked for only by what shows a value, or brings one with a mask."""
        if self._known_patterns is None:
            self._known_patterns = self._masks().patterns(self._scope.workspace_id, self._scope.process_id)
        return self._known_patterns

    def _unmasked(self, name: str, value: Any, was: Any) -> Any:
        """The value with what its editor was not shown; Rejected where there was nothing masked."""
        if was is not MISSING:
            text, _ = shown(name, exact.dump(was), self._patterns)
            value = unmask(value, exact.parse(text or "null"), was)
        if has_mask(value):
            raise Rejected(f"'{name}' has a masked part in a new place. Reveal it first, or type its value.")
        return value

    def _is_seen(self, name: str, row: VariableRow | None) -> bool:
        seen = self._edit.seen.get(name)
        return seen == (None if row is None else version_of(row.key, row.revision))

    def _was(self, name: str, rows: Mapping[str, VariableRow]) -> Any:
        """The value that the editor has seen."""
        seen, row = self._edit.seen.get(name), rows.get(name)
        if seen is None:
            return MISSING
        if row is not None and seen == version_of(row.key, row.revision):
            return self._value(row)
        return self._parsed(seen, name) if seen in self._texts else MISSING

    def _type_was(self, name: str, rows: Mapping[str, VariableRow]) -> str | None:
        seen, row = self._edit.seen.get(name), rows.get(name)
        if row is not None and seen == version_of(row.key, row.revision):
            return row.type
        return self._texts[seen][1] if seen in self._texts else None

    # -- digits

    def _read_texts(self, rows: Mapping[str, VariableRow]) -> None:
        """Read what is needed beyond the rows: with all digits where they matter, and what was replaced meanwhile."""
        edit = self._edit
        keys: set[int] = set()
        former: list[tuple[int, int]] = []
        for name in {*edit.set, *edit.delete}:
            row, seen = rows.get(name), edit.seen.get(name)
            current = None if row is None else version_of(row.key, row.revision)
            if row is not None and (seen != current or self._digits_matter(row, edit.set.get(name))):
                keys.add(row.key)
            if seen is not None and seen != current and (place := _key_and_revision(seen)) is not None:
                former.append(place)
        self._read(keys, former)

    def _read(self, keys: Collection[int], former: Sequence[tuple[int, int]]) -> None:
        if not keys and not former:
            return
        found = fetch(EXACT_TEXTS, (list(keys), [key for key, _ in former], [revision for _, revision in former]))
        self._texts |= {version_of(key, revision): (text or "null", kind) for key, revision, text, kind in found}

    @staticmethod
    def _digits_matter(row: VariableRow, new: NewValue | None) -> bool:
        return new is not None and exact.has_floats(row.value)

    def _value(self, row: VariableRow) -> Any:
        version = version_of(row.key, row.revision)
        return self._parsed(version, row.name) if version in self._texts else row.value

    def _parsed(self, version: str, name: str) -> Any:
        if version not in self._values:
            self._values[version] = exact.parse(self._texts[version][0], name)
        return self._values[version]

    # -- what comes of it

    def _decided(
        self, wanted: Mapping[str, Any], rows: Mapping[str, VariableRow], semantics: Semantics
    ) -> VariableEdit:
        values: dict[str, TypedValue] = {}
        types: list[TypeChange] = []
        deleted = [name for name, value in wanted.items() if value is MISSING and name in rows]
        for name, value in wanted.items():
            if value is MISSING:
                continue
            row = rows.get(name)
            kind = self._kind(name, value, row, semantics, types)
            values[name] = _stored(value, kind)
            self._note(name, row, value, kind)
        if types:
            raise TypesChange(types)
        for name in deleted:
            self._note(name, rows[name], MISSING, "")
        return VariableEdit(values, deleted)

    def _kind(
        self, name: str, value: Any, row: VariableRow | None, semantics: Semantics, types: list[TypeChange]
    ) -> str:
        named = self._edit.set[name].type
        if named is not None:
            return named
        if row is None or semantics is Semantics.ZEEBE:
            return type_of(value)
        kept = kept_type(row.type, value)
        if kept is not None:
            return kept
        if not self._edit.accepts_type(name):
            types.append(TypeChange(name, row.type, type_of(value)))
        return type_of(value)

    def _note(self, name: str, row: VariableRow | None, value: Any, kind: str) -> None:
        what = ADDED if row is None else DELETED if value is MISSING else CHANGED
        before = None if row is None else exact.dump(self._value(row))
        after = None if value is MISSING else exact.dump(value)
        self.changes.append(Change(name, what, before, after, row.type if row is not None else "", kind))

    def _conflict(self, name: str, row: VariableRow | None, mine: Any) -> TwoEdits:
        seen = self._edit.seen.get(name)
        was = self._parsed(seen, name) if seen is not None and seen in self._texts else MISSING
        theirs = MISSING if row is None else self._value(row)
        merged = merge(was, theirs, mine, name)
        is_clean = not merged.overlaps and merged.value is not MISSING
        return TwoEdits(
            name,
            self._side(name, was, self._texts[seen][1] if seen in self._texts else "", seen),
            self._side(name, theirs, row.type, version_of(row.key, row.revision)) if row is not None else None,
            self._side(name, mine, "" if mine is MISSING else type_of(mine)),
            self._shown(name, merged.value) if is_clean else None,
            tuple(merged.overlaps),
        )

    def _merged(
        self, rows: Mapping[str, VariableRow], mine: Mapping[str, Any], conflicts: Sequence[TwoEdits]
    ) -> str | None:
        """The document as it would be with everybody's changes; None where they overlap."""
        if not self._edit.is_whole or any(each.merge is None for each in conflicts):
            return None
        self._read({row.key for row in rows.values() if exact.has_floats(row.value)}, [])
        values = {name: self._value(row) for name, row in rows.items()} | dict(mine)
        values |= {each.name: exact.parse(each.merge, each.name) for each in conflicts if each.merge is not None}
        found = {name: value for name, value in sorted(values.items()) if value is not MISSING}
        if self._patterns:
            found = {name: exact.parse(self._shown(name, value)) for name, value in found.items()}
        return exact.dump(found, exact.INDENT)

    def _side(self, name: str, value: Any, kind: str, version: str | None = None) -> Side | None:
        return None if value is MISSING else Side(self._shown(name, value), kind, version)

    def _shown(self, name: str, value: Any) -> str:
        text, _ = shown(name, exact.dump(value), self._patterns)
        return text or "null"


def _stored(value: Any, kind: str) -> TypedValue:
    return ExactValue(value, kind, exact.dump(value)) if exact.has_floats(value) else TypedValue(value, kind)


__all__ = [
    "ADDED",
    "CHANGED",
    "DELETED",
    "Author",
    "Change",
    "Decision",
    "Edit",
    "NewValue",
    "NothingChanged",
    "Side",
    "TwoEdits",
    "TypeChange",
    "TypesChange",
    "VariablesChanged",
    "read_edit",
]
