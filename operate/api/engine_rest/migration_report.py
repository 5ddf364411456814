"""What is wrong with a migration, as this API tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from operate.api.engine_rest.ids import id_of
from workflow.migration import InstanceRefused, InstanceReport, Mapping, MappingReport


class MigrationInstruction(TypedDict):
    sourceActivityIds: list[str]
    targetActivityIds: list[str]
    updateEventTrigger: bool


class InstructionReport(TypedDict):
    instruction: MigrationInstruction
    failures: list[str]


class PlanReport(TypedDict):
    instructionReports: list[InstructionReport]
    variableReports: dict[str, Any]


def instruction(mapping: Mapping) -> MigrationInstruction:
    return {
        "sourceActivityIds": [mapping.source_id],
        "targetActivityIds": [mapping.target_id],
        "updateEventTrigger": mapping.update_event_trigger,
    }


def plan_report(reports: Sequence[MappingReport]) -> PlanReport:
    """Of a plan; nothing is wrong if it lists nothing."""
    return {
        "instructionReports": [
            {"instruction": instruction(each.mapping), "failures": list(each.failures)} for each in reports
        ],
        "variableReports": {},
    }


def instance_report(refusal: InstanceRefused) -> dict[str, Any]:
    """Of a process instance that a plan does not fit."""
    return {
        "processInstanceId": id_of(refusal.process_instance_key),
        "failures": list(refusal.failures),
        "activityInstanceValidationReports": [
            _instance(each, "activityInstanceId") for each in refusal.reports if not each.is_transition
        ],
        "transitionInstanceValidationReports": [
            _instance(each, "transitionInstanceId") for each in refusal.reports if each.is_transition
        ],
    }


def _instance(report: InstanceReport, id_name: str) -> dict[str, Any]:
    return {
        "migrationInstruction": instruction(report.mapping) if report.mapping is not None else None,
        id_name: id_of(report.element_instance_key),
        "sourceScopeId": report.element_id,
        "failures": list(report.failures),
    }
