"""What a plan would do, told by element."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from operate.admin.wording import label_in
from operate.masking.masks import Masks
from workflow.engine.state import VariableChange
from workflow.models import ProcessInstance
from workflow.persistence.definitions import executable_process
from workflow.services import CalledFact, ElementFact, Outcome, RowFact

LISTED = 200
MOST_ENDING = 10_000
"""More variables or endings are not listed one by one."""

WORDS = {
    "EXTERNAL": gettext_lazy("job '%(element)s'"),
    "TIMER": gettext_lazy("timer '%(element)s'"),
    "ASYNC_BEFORE": gettext_lazy("continuation before '%(element)s'"),
    "ASYNC_AFTER": gettext_lazy("continuation after '%(element)s'"),
    "MESSAGE": gettext_lazy("message '%(element)s'"),
    "SIGNAL": gettext_lazy("signal '%(element)s'"),
    "CONDITIONAL": gettext_lazy("condition '%(element)s'"),
}
CALLED_ANEW = {
    "ACTIVE": gettext_lazy("Starts the called instance of '%(process)s'."),
    "COMPLETED": gettext_lazy("Starts and completes the called instance of '%(process)s'."),
    "CANCELED": gettext_lazy("Cancels the called instance of '%(process)s'."),
}


def preview(instance: ProcessInstance, outcome: Outcome) -> dict[str, Any]:
    """What a plan would do, told by element."""
    process = executable_process(instance.definition_key)

    def told(facts: Iterable[ElementFact]) -> list[dict[str, Any]]:
        counted = Counter(fact.element_id for fact in facts)
        return [{"id": key, "name": label_in(process, key), "total": total} for key, total in counted.items()]

    def waits(facts: Iterable[RowFact]) -> list[dict[str, Any]]:
        counted = Counter(
            WORDS[fact.kind] % {"element": label_in(process, fact.element_id)} for fact in facts if fact.kind in WORDS
        )
        return [{"id": name, "name": name, "total": total} for name, total in counted.items()]

    masks = Masks.for_pages()
    names = {instance.key: "", **{fact.key: label_in(process, fact.element_id) for fact in outcome.activated}}
    return {
        "state": outcome.state,
        "variables": [_variable(change, instance, names, masks) for change in outcome.variables[:LISTED]],
        "activated": told(outcome.activated),
        "completed": told(outcome.completed),
        "terminated": told(outcome.terminated),
        "ends": [str(fact.key) for fact in outcome.terminated[:MOST_ENDING]],
        "waits": waits([*outcome.jobs_created, *outcome.subscriptions_opened]),
        "waitsNoMore": waits([*outcome.jobs_closed, *outcome.subscriptions_closed]),
        "called": [_called(fact) for fact in outcome.called],
        "incidents": [
            {"name": label_in(process, fact.element_id), "label": fact.label} for fact in outcome.incidents_created
        ],
    }


def _variable(
    change: VariableChange, instance: ProcessInstance, names: Mapping[int, str], masks: Masks
) -> dict[str, Any]:
    def text(value: object) -> str:
        shown = masks.value(instance.workspace_id, instance.process_id, change.name, value)
        return json.dumps(shown, ensure_ascii=False, default=str)

    return {
        "name": change.name,
        "scope": names.get(change.scope_key, _("scope %(key)s") % {"key": change.scope_key}),
        "before": text(change.before) if change.existed else None,
        "after": None if change.deleted else text(change.after),
    }


def _called(fact: CalledFact) -> str:
    if fact.is_new:
        told = str(CALLED_ANEW[fact.state])
    elif fact.state == "CANCELED":
        told = _("Cancels the called instance %(key)s of '%(process)s'.")
    else:
        told = _("Ends the called instance %(key)s of '%(process)s'.")
    return told % {"key": fact.key, "process": fact.process_id}
