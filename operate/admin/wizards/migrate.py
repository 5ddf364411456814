"""Moving process instances to another version of their process, or to another process."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from operate.admin.instance_list import figures_of, present
from operate.admin.wizards.base import (
    COUNTED,
    LISTED_VERSIONS,
    Wizard,
    model_address,
)
from operate.admin.wizards.previews import told
from operate.admin.wording import element_label
from operate.batch.plans import Migrate, Plan
from operate.batch.rehearsing import Rehearsal
from operate.workspaces import Access, Right
from workflow.engine.errors import Rejected
from workflow.graph import ExecutableProcess, FlowNode
from workflow.migration import (
    InstanceRefused,
    MappingsRefused,
    MigrationOptions,
    MigrationPlan,
    PlanRefused,
    StateRefused,
)
from workflow.migration import (
    Mapping as ElementMapping,
)
from workflow.models import ElementInstance, ProcessDefinition
from workflow.persistence.definitions import executable_process
from workflow.services import generate_migration_plan, validate_migration_plan


class MigrateWizard(Wizard):
    """On another version of their process, or another process."""

    template = "batch/migrate.html"

    @cached_property
    def _targets(self) -> list[ProcessDefinition]:
        one = self.one_version()
        rows = ProcessDefinition.objects.defer("xml").filter(workspace_id=one.workspace_id, semantics=one.semantics)
        own = rows.filter(process_id=one.process_id).exclude(pk=one.key).order_by("-version")[:LISTED_VERSIONS]
        others = rows.filter(is_latest=True).exclude(process_id=one.process_id).order_by("name", "process_id")
        return [*own, *others[:LISTED_VERSIONS]]

    @cached_property
    def _target(self) -> ProcessDefinition:
        chosen = self.sent.get("target", "")
        found = next((each for each in self._targets if str(each.key) == chosen), None)
        if found is None:
            own = [each for each in self._targets if each.process_id == self.definition.process_id]
            found = own[0] if own else None
        if found is None:
            raise Rejected(_("There is no other version of this process. Deploy one, or choose another process."))
        return found

    @property
    def _target_process(self) -> ExecutableProcess:
        return executable_process(self._target.key)

    @cached_property
    def _generated(self) -> dict[str, ElementMapping]:
        plan = generate_migration_plan(
            self.one_version().key, self._target.key, update_event_triggers=self.flag("update_events")
        )
        return {each.source_id: each for each in plan.mappings}

    @cached_property
    def _mapped(self) -> dict[str, ElementMapping]:
        """What is chosen in the form; before anything was chosen, what is the same in both."""
        if "mapped" not in self.sent:
            return self._generated
        chosen = {}
        for element in self._rows:
            target = self.sent.get(f"map:{element.id}", "")
            known = self._generated.get(element.id)
            if target:
                renewed = known.update_event_trigger if known and known.target_id == target else False
                chosen[element.id] = ElementMapping(element.id, target, renewed)
        return chosen

    @cached_property
    def _rows(self) -> list[FlowNode]:
        """What can be mapped: of a multi-instance activity in Camunda 7 semantics both, the body and the iteration."""
        nodes = [node for node in self.process.elements.values() if node.flow_scope is not None]
        if not self.is_camunda_7:
            nodes = [node for node in nodes if "#" not in node.id]
        return sorted(nodes, key=lambda node: element_label(node).lower())

    def plan(self) -> Plan:
        plan = MigrationPlan(
            self._target.key,
            tuple(self._mapped.values()),
            self.one_version().key,
            variables=self.variables_in("variables"),
        )
        options = MigrationOptions(self.flag("skip_io_mappings"), self.flag("skip_listeners"))
        return Migrate(plan, options, self.accepted())

    def context(self) -> dict[str, Any]:
        try:
            target = self._target
        except Rejected as refusal:
            return {"why_no_target": refusal.message, "config": {}}
        found = figures_of(self.rows, COUNTED)
        standing = self._standing()
        there = sorted(
            (node for node in self._target_process.elements.values() if node.flow_scope is not None),
            key=lambda node: element_label(node).lower(),
        )
        rows = [
            {
                "id": node.id,
                "name": element_label(node),
                "active": standing.get(node.id, 0),
                "target": self._mapped[node.id].target_id if node.id in self._mapped else "",
                "options": [(each.id, element_label(each)) for each in there if each.type is node.type],
            }
            for node in self._rows
        ]
        asked = [row for row in rows if row["active"] and row["id"] not in self._generated]
        idle = [row for row in rows if not row["active"] and row["id"] not in self._generated and row["options"]]
        return {
            "source": self.definition,
            "target": target,
            "targets": self._targets,
            "asked": asked,
            "mapped": [row for row in rows if row["id"] in self._generated],
            "idle": idle,
            "why_not_variables": Access.of(self.request.user).why_not(
                Right.EDIT_VARIABLES, self.definition.workspace_id
            ),
            "config": {
                "xml": model_address(self.definition.key),
                "figures": present(found["elements"]),
                "target": model_address(target.key),
            },
        }

    def _standing(self) -> dict[str, int]:
        newest = self.rows.order_by("-key").values("pk")[:COUNTED]
        rows = ElementInstance.objects.filter(
            process_instance__in=newest, state__in=("ACTIVATING", "ACTIVE", "COMPLETING")
        )
        return dict(rows.order_by().values_list("element_id").annotate(total=Count("key")))

    def shown(self, tried: Rehearsal) -> dict[str, Any]:
        failures: dict[str, list[str]] = defaultdict(list)
        plan = self.plan()
        if isinstance(plan, Migrate) and self.is_camunda_7:
            for report in validate_migration_plan(plan.plan):
                failures[report.mapping.source_id] += report.failures
        for each in tried.instances:
            for element_id, message in _failures(each.refusal):
                if message not in failures[element_id]:
                    failures[element_id].append(message)
        return told(tried, self._target_process) | {"rows": {key: texts for key, texts in failures.items() if texts}}


def _failures(error: Exception | None) -> Iterable[tuple[str, str]]:
    """What is wrong in a refused migration, by element of the source process."""
    match error:
        case PlanRefused():
            return [(report.mapping.source_id, text) for report in error.reports for text in report.failures]
        case InstanceRefused():
            return [(report.element_id, text) for report in error.reports for text in report.failures]
        case MappingsRefused() | StateRefused():
            return [(problem.element_id, problem.message) for problem in error.problems]
    return ()


__all__ = ["MigrateWizard"]
