"""What is wrong with a plan, as JSON: for answers of the API, and for pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from operate.plans.json_form import write
from operate.told import told
from workflow.soundness import Fix, SoundnessWarning


def warnings_json(warnings: Iterable[SoundnessWarning]) -> list[dict[str, Any]]:
    """Warnings with all that they tell."""
    return [
        {
            "code": each.code.value,
            "severity": each.severity.value,
            "elements": list(each.element_ids),
            "reason": told(each.reason),
            "instructions": list(each.positions),
            "fixes": [fix_json(fix) for fix in each.fixes],
            "variables": list(each.variables),
            "scope_key": None if each.scope_key is None else str(each.scope_key),
        }
        for each in warnings
    ]


def fix_json(fix: Fix) -> dict[str, Any]:
    """A change of a plan that takes care of something."""
    return {
        "kind": fix.kind.value,
        "label": told(fix.label),
        "add": [write(instruction) for instruction in fix.add],
        "leave_out": list(fix.leave_out),
        "variables": list(fix.variables),
        "instruction": fix.position,
    }


__all__ = ["fix_json", "warnings_json"]
