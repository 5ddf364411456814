"""What a command has done, or in a dry run would do, as JSON; masked variables are hidden in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

from operate.batch.rehearsing import Rehearsal
from operate.batch.running import text_of
from operate.masking.masks import Masks
from operate.plans.judgement import warnings_json
from workflow.engine.state import VariableChange
from workflow.graph.types import SCOPE_TYPES
from workflow.services import ElementFact, Outcome, RowFact

TIMER = "TIMER"


def rehearsal_json(tried: Rehearsal, refusal_json: Callable[[Exception], Any] | None = None) -> dict[str, Any]:
    """All that a dry run tells; refusals as the caller tells them, else with their text as `detail`."""
    masks = Masks.for_pages()
    tell = refusal_json or (lambda refusal: {"detail": text_of(refusal)})
    return {
        "total": tried.total,
        "examined": tried.examined,
        "succeeded": tried.succeeded,
        "refused": tried.refused,
        "reasons": [
            {"reason": each.text, "count": each.count, "process_instance_keys": [str(key) for key in each.keys]}
            for each in tried.reasons.values()
        ],
        "warnings": [
            {**told, "count": harm.count, "process_instance_keys": [str(key) for key in harm.keys]}
            for harm in tried.harms.values()
            for told in warnings_json([harm.warning])
        ],
        "instances": [
            {
                "process_instance_key": str(each.process_instance_key),
                "outcomes": [outcome_json(outcome, masks) for outcome in each.outcomes],
                "warnings": warnings_json(each.warnings),
                "refusal": None if each.refusal is None else tell(each.refusal),
            }
            for each in tried.instances
        ],
    }


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


__all__ = ["outcome_json", "rehearsal_json"]
