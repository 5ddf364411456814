"""What is told of a command's outcome, for OpenAPI."""

from __future__ import annotations

from operate.api.fettle.schema import ANYTHING, FLAG, TEXT, WHOLE, Schema, all_of, array
from operate.plans.json_form import KEY_SCHEMA
from operate.plans.outcomes import outcome_json

ELEMENT = all_of(key=KEY_SCHEMA, element_id=TEXT, element_type=TEXT, flow_scope_key=KEY_SCHEMA)
ROW = all_of(key=KEY_SCHEMA, element_id=TEXT, label=TEXT, kind=TEXT)
MADE_AND_REMOVED = all_of(created=array(ROW), closed=array(ROW))
VARIABLE = all_of(
    scope_key=KEY_SCHEMA,
    name=TEXT,
    existed=FLAG,
    before=ANYTHING,
    type_before=TEXT,
    after=ANYTHING,
    type_after=TEXT,
    deleted=FLAG,
)
FACTS: dict[str, Schema] = {
    "process_instance": all_of(
        key=KEY_SCHEMA,
        process_id=TEXT,
        version=WHOLE,
        definition_key=KEY_SCHEMA,
        business_key={**TEXT, "nullable": True},
        state=TEXT,
        suspended=FLAG,
        revision={**WHOLE, "description": "After the command."},
    ),
    "ended": FLAG,
    "elements": all_of(activated=array(ELEMENT), completed=array(ELEMENT), terminated=array(ELEMENT)),
    "scopes": all_of(opened=array(ELEMENT), ended=array(ELEMENT)),
    "jobs": MADE_AND_REMOVED,
    "timers": MADE_AND_REMOVED,
    "subscriptions": MADE_AND_REMOVED,
    "user_tasks": MADE_AND_REMOVED,
    "incidents": all_of(created=array(ROW), resolved=array(ROW)),
    "variables": array(VARIABLE),
    "migrated": array(all_of(key=KEY_SCHEMA, from_element_id=TEXT, element_id=TEXT)),
    "called": array(all_of(key=KEY_SCHEMA, process_id=TEXT, state=TEXT, is_new=FLAG)),
}
OUTCOME: Schema = all_of(
    **FACTS,
    affected={
        **array(all_of(**FACTS)),
        "description": "The same of every other process instance that changes: called ones, callers, who catches a signal.",
    },
)

__all__ = ["OUTCOME", "outcome_json"]
