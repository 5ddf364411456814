"""Moving tokens from one element to another, in each of the selected process instances."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from operate.admin.instance_list import figures_of, present
from operate.admin.modification.offers import Running, why_not_add, why_not_move_from
from operate.admin.wizards.base import (
    COUNTED,
    Wizard,
    elements_of,
    model_address,
)
from operate.admin.wizards.previews import told
from operate.admin.wording import element_label
from operate.batch.plans import Modify, Plan
from operate.batch.rehearsing import Rehearsal
from operate.workspaces import Access, Right
from workflow.engine.errors import Rejected
from workflow.graph import FlowNode
from workflow.modification import (
    AncestorChoice,
    CancelAll,
    Instruction,
    ModificationOptions,
    MoveElements,
    ScopedVariables,
    StartBefore,
)


class MoveWizard(Wizard):
    """From one element to another, in each of them."""

    template = "batch/move.html"

    def plan(self) -> Plan:
        source, target = self._element("source"), self._element("target")
        why = why_not_move_from(source.body or source) or self.targets(source.id).get(target.id, "")
        if why:
            raise Rejected(why)
        of_one = len({each.key for each in self.definitions}) == 1
        return Modify(
            self._instructions(source, target),
            of_definition=self.definition.key if of_one else None,
            options=ModificationOptions(self.flag("skip_io_mappings"), self.flag("skip_listeners")),
            accepted=self.accepted(),
        )

    def _element(self, name: str) -> FlowNode:
        chosen = self.sent.get(name, "")
        element = self.process.elements.get(chosen)
        if element is None:
            raise Rejected(
                _("Choose on the diagram where the tokens stand.")
                if name == "source"
                else _("Choose on the diagram where they should go on.")
            )
        return element

    def _instructions(self, source: FlowNode, target: FlowNode) -> tuple[Instruction, ...]:
        variables = self.variables_in("variables")
        if self.is_camunda_7:
            return (
                StartBefore((target.body or target).id, variables=variables),
                CancelAll((source.body or source).id, only_current=True),
            )
        shared = source.flow_scope is target.flow_scope
        within = target.flow_scope is not None and target.flow_scope.flow_scope is not None
        ancestor = AncestorChoice.direct()
        if shared:
            ancestor = AncestorChoice.source_parent()
        elif within and target.flow_scope in source.flow_scopes():
            ancestor = AncestorChoice.inferred()
        parts = (ScopedVariables(variables),) if variables else ()
        return (MoveElements(target.id, source_element_id=source.id, ancestor=ancestor, variables=parts),)

    def targets(self, source_id: str) -> dict[str, str]:
        """For each element why tokens of the source cannot go there; an empty text if they can."""
        source = self.process.elements.get(source_id)
        around = [source, *source.flow_scopes()] if source is not None else []
        running = Running(self.process, {each.id: 1 for each in around})
        return {
            element.id: _("It is where they come from.") if element is source else why_not_add(element, running)
            for element in elements_of(self.process)
        }

    def context(self) -> dict[str, Any]:
        found = figures_of(self.rows, COUNTED)
        figures = present(found["elements"])
        source = self.sent.get("source") or self.selected.filters.value("element") or ""
        if not source:
            standing = [each for each, figure in figures.items() if figure.get("active") and self._is_leaf(each)]
            source = standing[0] if len(standing) == 1 else ""
        elements = elements_of(self.process)
        targets = self.targets(source)
        rows = [
            {
                "id": each.id,
                "name": element_label(each),
                "active": figures.get(each.id, {}).get("active", 0),
                "why_source": why_not_move_from(each.body or each)
                or ("" if figures.get(each.id, {}).get("active") else _("None of the selected instances is there.")),
                "why_target": targets.get(each.id, ""),
            }
            for each in elements
        ]
        return {
            "elements": rows,
            "source": source,
            "target": self.sent.get("target", ""),
            "is_camunda_7": self.is_camunda_7,
            "figures": found,
            "why_not_variables": Access.of(self.request.user).why_not(
                Right.EDIT_VARIABLES, self.definition.workspace_id
            ),
            "config": {
                "xml": model_address(self.definition.key),
                "figures": figures,
                "elements": {row["id"]: {"name": row["name"], "whySource": row["why_source"]} for row in rows},
                "targets": {
                    each.id: self.targets(each.id) for each in elements if figures.get(each.id, {}).get("active")
                },
            },
        }

    def _is_leaf(self, element_id: str) -> bool:
        element = self.process.elements.get(element_id)
        return element is not None and not element.is_scope

    def shown(self, tried: Rehearsal) -> dict[str, Any]:
        return told(tried, self.process)


__all__ = ["MoveWizard"]
