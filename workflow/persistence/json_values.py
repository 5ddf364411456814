"""Variable values as PostgreSQL stores them."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from workflow.engine.errors import Rejected


def to_json(value: object) -> str:
    """JSON text of a value; raises Rejected for what JSON or PostgreSQL cannot hold."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_more, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise Rejected(f"A variable's value cannot be stored as JSON: {error}.") from None
    if "\\u0000" in text:
        raise Rejected("A variable's value contains the character U+0000, which cannot be stored.")
    return text


def from_json(text: str | None) -> Any:
    """The value of JSON text."""
    return None if text is None else json.loads(text)


def _more(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not a JSON value")
