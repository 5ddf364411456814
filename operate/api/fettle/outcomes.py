"""What a command has done, or in a dry run would do, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

from operate.api.fettle.schema import ANYTHING, FLAG, TEXT, WHOLE, Schema, all_of, array
from operate.masking.masks import Masks
from operate.plans.json_form import KEY_SCHEMA
from workflow.engine.state import VariableChange
from workflow.graph.types import SCOPE_TYPES
from workflow.services import ElementFact, Outcome, RowFact

TIMER = "TIMER"
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


def outcome_json(outcome: Outcome, masks: Masks | None = None) -> dict[str, Any]:
    """All that an outcome tells, masked variables hidden. In a dry run the keys of what would be new are not given to anything.

    Who tells many outcomes reads what is masked once.
    """
    if masks is None:
        tells_values = any(each.variables for each in (outcome, *outcome.others))
        masks = Masks.for_pages() if tells_values else Masks({})
    return _facts(outcome, masks) | {"affected": [_facts(other, masks) for other in outcome.others]}


def _facts(outcome: Outcome, masks: Masks) -> dict[str, Any]:
    ended = [*outcome.completed, *outcome.terminated]
    return {
        "process_instance": {
            "key": str(outcome.process_instance_key),
            "process_id": outcome.process_id,
            "version": outcome.version,
            "definition_key": str(outcome.definition_key),
            "business_key": outcome.business_key,
            "state": outcome.state,
            "suspended": outcome.suspended,
            "revision": outcome.revision,
        },
        "ended": outcome.state != "ACTIVE",
        "elements": {
            "activated": _elements(outcome.activated),
            "completed": _elements(outcome.completed),
            "terminated": _elements(outcome.terminated),
        },
        "scopes": {"opened": _scopes(outcome.activated), "ended": _scopes(ended)},
        "jobs": _made_and_removed(
            [row for row in outcome.jobs_created if row.kind != TIMER],
            [row for row in outcome.jobs_closed if row.kind != TIMER],
        ),
        "timers": _made_and_removed(
            [row for row in outcome.jobs_created if row.kind == TIMER],
            [row for row in outcome.jobs_closed if row.kind == TIMER],
        ),
        "subscriptions": _made_and_removed(outcome.subscriptions_opened, outcome.subscriptions_closed),
        "user_tasks": _made_and_removed(outcome.user_tasks_created, outcome.user_tasks_closed),
        "incidents": {"created": _rows(outcome.incidents_created), "resolved": _rows(outcome.incidents_resolved)},
        "variables": [
            masks.body(outcome.workspace_id, outcome.process_id, _variable(change)) for change in outcome.variables
        ],
        "migrated": [
            {"key": str(fact.key), "from_element_id": fact.from_element_id, "element_id": fact.element_id}
            for fact in outcome.migrated
        ],
        "called": [
            {"key": str(fact.key), "process_id": fact.process_id, "state": fact.state, "is_new": fact.is_new}
            for fact in outcome.called
        ],
    }


def _elements(facts: Iterable[ElementFact]) -> list[dict[str, Any]]:
    return [
        {
            "key": str(fact.key),
            "element_id": fact.element_id,
            "element_type": fact.element_type,
            "flow_scope_key": str(fact.flow_scope_key),
        }
        for fact in facts
    ]


def _scopes(facts: Iterable[ElementFact]) -> list[dict[str, Any]]:
    return _elements(fact for fact in facts if fact.element_type in SCOPE_TYPES)


def _made_and_removed(created: Sequence[RowFact], closed: Sequence[RowFact]) -> dict[str, Any]:
    return {"created": _rows(created), "closed": _rows(closed)}


def _rows(facts: Iterable[RowFact]) -> list[dict[str, Any]]:
    """In the order of their keys: that in which the database has found them means nothing."""
    return [
        {"key": str(fact.key), "element_id": fact.element_id, "label": fact.label, "kind": fact.kind}
        for fact in sorted(facts, key=attrgetter("key"))
    ]


def _variable(change: VariableChange) -> dict[str, Any]:
    return {
        "scope_key": str(change.scope_key),
        "name": change.name,
        "existed": change.existed,
        "before": change.before,
        "type_before": change.type_before,
        "after": change.after,
        "type_after": change.type_after,
        "deleted": change.deleted,
    }


__all__ = ["OUTCOME", "outcome_json"]
