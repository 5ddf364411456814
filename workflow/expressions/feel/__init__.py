"""FEEL: the common part runs in Python (`subset`), the rest in feelin inside V8 (`sandbox`, `entry.js`).

Known limits of the interpreter: its numbers are doubles, so 0.1 + 0.2 is not 0.3, and integers beyond 2^53 survive only
where no function touches them; ordering booleans, lists or contexts is an error instead of null; functions that need
chance (`uuid`, `random number`) are missing on purpose, and `now` and `today` need a clock: `__now__` in the variables.
"""

from workflow.expressions.feel.language import feel_expression, parse_feel

__all__ = ["feel_expression", "parse_feel"]
