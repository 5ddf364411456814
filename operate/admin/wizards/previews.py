"""What became of the process instances that a preview has tried."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

from operate.admin.modification.preview import WORDS
from operate.admin.wording import label_in
from operate.batch.rehearsing import Rehearsal
from operate.told import told as said
from workflow.graph import ExecutableProcess
from workflow.persistence.definitions import executable_process
from workflow.soundness import Severity


def told(tried: Rehearsal, process: ExecutableProcess | None) -> dict[str, Any]:
    """What became of all that were tried, added up by element, and the refusals by what they say."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in (outcome for each in tried.instances for outcome in each.outcomes):
        names = process or executable_process(outcome.definition_key)
        for name in ("activated", "completed", "terminated"):
            sums[name].update(label_in(names, fact.element_id) for fact in getattr(outcome, name))
        waits = [*outcome.jobs_created, *outcome.subscriptions_opened]
        sums["waits"].update(
            WORDS[fact.kind] % {"element": label_in(names, fact.element_id)} for fact in waits if fact.kind in WORDS
        )
        sums["incidents"].update(label_in(names, fact.element_id) for fact in outcome.incidents_created)
        sums["ends"].update([outcome.state] if outcome.state != "ACTIVE" else [])
    return {
        "tried": tried.examined,
        "detailed": len(tried.instances),
        "refused": [
            {"message": each.text, "total": each.count, "keys": [str(key) for key in each.keys[:3]]}
            for each in tried.reasons.values()
        ],
        "warnings": [
            {
                "severity": harm.warning.severity.value,
                "reason": said(harm.warning.reason),
                "elements": list(harm.warning.element_ids),
                "total": harm.count,
                "accepted": json.dumps([harm.warning.code.value, *harm.warning.element_ids]),
            }
            for harm in tried.harms.values()
            if harm.warning.severity is not Severity.INFO
        ],
        "sums": {
            name: [{"name": what, "total": n} for what, n in found.most_common(8)] for name, found in sums.items()
        },
    }


__all__ = ["told"]
