"""What two runs of one command told, made alike where they have to differ: in keys of what is new, and in times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db.models import Model

from workflow.services import RowFact


def comparable(answer: object, *, after: int) -> Any:
    """The answer with keys greater than `after` numbered in the order in which they are told, and without times."""
    return _plain(answer, after, {})


def _plain(value: Any, after: int, numbers: dict[int, str]) -> Any:
    match value:
        case bool() | None | float():
            return value
        case int() if value > after:
            return numbers.setdefault(value, f"new {len(numbers) + 1}")
        case str() if value.isdigit() and int(value) > after:
            return numbers.setdefault(int(value), f"new {len(numbers) + 1}")
        case datetime():
            return "a time"
        case Mapping():
            return {name: _plain(each, after, numbers) for name, each in value.items()}
        case tuple() if value and all(isinstance(each, RowFact) for each in value):
            # in the order of their keys: that in which the database has found them means nothing
            return [_plain(each, after, numbers) for each in sorted(value, key=attrgetter("key"))]
        case Model():
            rows = {each.attname: getattr(value, each.attname) for each in value._meta.concrete_fields}
            rows.pop(value._meta.pk.attname)  # from a sequence of its own, of which a dry run takes one, too
            return _plain(rows, after, numbers)
        case list() | tuple() | set() | frozenset():
            return [_plain(each, after, numbers) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name), after, numbers) for each in fields(value)}
    return value
