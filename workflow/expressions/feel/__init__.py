"""FEEL: the common part runs in Python (`subset`), the rest in feelin inside V8 (`sandbox`, `entry.js`).

The interpreter is amended where Camunda 8 answers otherwise (`amendments.js`, `functions.js`): numbers are counted as on
paper, only true is a condition met, filters keep what is false, durations are multiplied. Known limits: a number that a
function touches has 17 digits; functions that need chance (`uuid`, `random number`) are missing on purpose; `now` and
`today` need a clock: `__now__` in the variables. Temporal values come out as ISO 8601 text.
"""

from workflow.expressions.feel.language import feel_expression, parse_feel

__all__ = ["feel_expression", "parse_feel"]
