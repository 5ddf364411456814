"""Process instances and user tasks found by their data."""

from operate.search import lookups  # noqa: F401  (registers the lookup)
from operate.search.conditions import (
    OPERATORS,
    Condition,
    Operator,
    conditions_text,
    narrow,
    parse_condition,
    parse_conditions,
)
from operate.search.keywords import with_words

__all__ = [
    "OPERATORS",
    "Condition",
    "Operator",
    "conditions_text",
    "narrow",
    "parse_condition",
    "parse_conditions",
    "with_words",
]
