"""What is sent when variables are edited on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from operate.forms.json_values import value_of, variables_of
from workflow.engine.errors import Rejected
from workflow.models import Variable


@dataclass(frozen=True, slots=True)
class VariableEdit:
    """Values to set, names to delete, and the revisions that the editor has seen (None: it did not exist)."""

    variables: Mapping[str, Any]
    delete: Sequence[str]
    expected: Mapping[str, int | None]


def read_edit(scope_key: int, body: Mapping[str, Any]) -> VariableEdit:
    """Read single edits, or a document: then what differs is set and what is missing is deleted."""
    expected = _revisions(body.get("expected") or {})
    if "document" in body:
        return _of_document(scope_key, str(body["document"]), expected)
    given = body.get("set") or {}
    if not isinstance(given, dict):
        raise Rejected("Expected 'set' to be an object of names and JSON texts.")
    variables = {name: value_of(str(text), name) for name, text in given.items()}
    return VariableEdit(variables, [str(name) for name in body.get("delete") or ()], expected)


def _of_document(scope_key: int, text: str, seen: Mapping[str, int | None]) -> VariableEdit:
    document = variables_of(text)
    present = dict(Variable.objects.filter(scope_key=scope_key).values_list("name", "value"))
    changed = {
        name: value for name, value in document.items() if name not in present or not _same(present[name], value)
    }
    deleted = [name for name in seen if name not in document]
    if not changed and not deleted:
        raise Rejected("Nothing has changed.")
    return VariableEdit(changed, deleted, {name: seen.get(name) for name in [*changed, *deleted]})


def _same(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same; 1 and true are not, although Python says so."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_same(left[name], right[name]) for name in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


def _revisions(sent: Any) -> dict[str, int | None]:
    try:
        return {name: None if revision is None else int(revision) for name, revision in sent.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise Rejected(f"Expected revisions by name, found something else: {error}.") from error
