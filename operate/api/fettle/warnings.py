"""What is wrong with a plan, as JSON."""

from __future__ import annotations

from typing import Any

from operate.api.fettle.schema import FLAG, OBJECT, OPTIONAL_WHOLE, TEXT, WHOLE, Schema, all_of, array
from operate.plans.json_form import KEY_SCHEMA
from operate.plans.judgement import warnings_json
from workflow.services import Outcome
from workflow.soundness import Code, FixKind, JudgedOutcome, Severity

FIX = all_of(
    kind={**TEXT, "enum": [kind.value for kind in FixKind]},
    label=TEXT,
    add={**array(OBJECT), "description": "Instructions to append to the plan."},
    leave_out={**array(WHOLE), "description": "Positions of instructions to leave out, counted from 0."},
    variables={**array(TEXT), "description": "Variables that need a value, in the instruction at 'instruction'."},
    instruction=OPTIONAL_WHOLE,
)
WARNING = all_of(
    code={**TEXT, "enum": [code.value for code in Code]},
    severity={**TEXT, "enum": [severity.value for severity in Severity]},
    elements={**array(TEXT), "description": "To be highlighted, the one that matters most first."},
    reason=TEXT,
    instructions={**array(WHOLE), "description": "Positions of the instructions it is due to, counted from 0."},
    fixes=array(FIX),
    variables=array(TEXT),
    scope_key={**KEY_SCHEMA, "nullable": True},
)
JUDGEMENT: dict[str, Schema] = {
    "warnings": {
        **array(WARNING),
        "description": "What is wrong after the plan that was not wrong before, the worst first.",
    },
    "warnings_complete": {**FLAG, "description": "False if there is more that could happen than was looked at."},
}


def judgement_json(outcome: Outcome) -> dict[str, Any]:
    """What was found wrong with a judged outcome; nothing for others."""
    if not isinstance(outcome, JudgedOutcome):
        return {}
    judged = outcome.judged
    return {"warnings": warnings_json(judged.warnings), "warnings_complete": judged.is_complete}


__all__ = ["JUDGEMENT", "WARNING", "judgement_json"]
