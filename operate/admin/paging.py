"""Pages of long tables without counting: by key, so that the thousandth page costs what the first does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.db.models import QuerySet
from django.http import HttpRequest

from operate.forms.keys import key_of

NEWER, OLDER = "after", "before"


@dataclass(frozen=True, slots=True)
class KeySlice:
    """Some rows, newest first, and where the neighbouring ones are."""

    rows: Sequence[Any]
    newer: str = ""
    older: str = ""

    @classmethod
    def of(cls, rows: QuerySet[Any], request: HttpRequest, size: int) -> Self:
        """Read one row more than is shown: that tells whether there are others."""
        before, after = _key(request, OLDER), _key(request, NEWER)
        if after is not None:
            found = list(rows.filter(pk__gt=after).order_by("pk")[: size + 1])
            has_newer, has_older = len(found) > size, True
            found = found[:size][::-1]
        else:
            older = rows if before is None else rows.filter(pk__lt=before)
            found = list(older.order_by("-pk")[: size + 1])
            has_newer, has_older = before is not None, len(found) > size
            found = found[:size]
        if not found:
            return cls((), newer=_link(request) if before is not None or after is not None else "")
        return cls(
            found,
            newer=_link(request, NEWER, found[0].pk) if has_newer else "",
            older=_link(request, OLDER, found[-1].pk) if has_older else "",
        )


def _key(request: HttpRequest, name: str) -> int | None:
    return key_of(request.GET.get(name, ""))


def _link(request: HttpRequest, name: str = "", key: int = 0) -> str:
    query = request.GET.copy()
    for each in (NEWER, OLDER):
        query.pop(each, None)
    if name:
        query[name] = str(key)
    return f"?{query.urlencode()}"
