"""How models mark expressions: Camunda 8 by a leading `=`, Camunda 7 by `${…}` or `#{…}`."""

from __future__ import annotations

from functools import lru_cache

from workflow.expressions.expression import Expression, static
from workflow.expressions.feel import feel_expression, parse_feel
from workflow.expressions.juel import parse_camunda7

__all__ = ["parse_camunda7", "parse_feel", "parse_zeebe"]


@lru_cache(maxsize=4096)
def parse_zeebe(text: str) -> Expression:
    """Return FEEL for text that starts with `=` and static text for any other; raise ExpressionError for bad FEEL."""
    stripped = text.strip()
    if not stripped.startswith("="):
        return static(text)
    return feel_expression(text, stripped[1:].strip())
