"""Starting new process instances for ended ones, where those stood."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any

from django.db.models import Count, F
from django.utils.translation import gettext as _

from operate.admin.instance.page import as_drawn
from operate.admin.modification.offers import Running, why_not_add
from operate.admin.wizards.base import (
    COUNTED,
    LISTED_VARIABLES,
    LISTED_VERSIONS,
    Wizard,
    elements_of,
    model_address,
)
from operate.admin.wizards.previews import told
from operate.admin.wording import drawn_id, element_icon, element_label, label_in
from operate.batch.plans import Plan, Restart
from operate.batch.rehearsing import Rehearsal
from operate.forms.json_values import json_text
from operate.masking.masks import Masks
from operate.workspaces import Access, Right
from workflow.engine.errors import Rejected
from workflow.graph import ElementType, ExecutableProcess, FlowNode, Semantics
from workflow.models import ElementInstance, FormerValue, ProcessDefinition, Variable
from workflow.modification import (
    ActivateElement,
    Instruction,
    ScopedVariables,
    StartBefore,
)
from workflow.persistence.definitions import executable_process
from workflow.services import RestartOptions

SCOPES = (
    ElementType.SUB_PROCESS,
    ElementType.EVENT_SUB_PROCESS,
    ElementType.TRANSACTION,
    ElementType.AD_HOC_SUB_PROCESS,
    ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE,
    ElementType.MULTI_INSTANCE_BODY,
)


class RestartWizard(Wizard):
    """New process instances for ended ones, begun where those stood."""

    template = "batch/restart.html"

    def plan(self) -> Plan:
        definition = self.one_version()
        elements = [self._startable(each) for each in self.sent.getlist("element")]
        if not elements:
            raise Rejected(_("Choose at least one element to begin at."))
        changed = self.variables_in("variables")
        instructions: list[Instruction] = []
        for number, element in enumerate(elements):
            mine = changed if number == 0 else {}
            if self._target_process.semantics is Semantics.CAMUNDA_7:
                instructions.append(StartBefore((element.body or element).id, variables=mine))
            else:
                parts = (ScopedVariables(mine),) if mine else ()
                instructions.append(ActivateElement(drawn_id(element.id), variables=parts))
        options = RestartOptions(
            initial_variables=self.sent.get("base") == "initial",
            without_business_key=self.flag("without_business_key"),
            skip_listeners=self.flag("skip_listeners"),
            skip_io_mappings=self.flag("skip_io_mappings"),
            on_definition_key=None if self._target.key == definition.key else self._target.key,
        )
        return Restart(definition.key, tuple(instructions), options, self.accepted())

    def _startable(self, element_id: str) -> FlowNode:
        element = self._target_process.elements.get(element_id)
        if element is None:
            raise Rejected(
                _("Version %(version)s has no element '%(element_id)s'. Choose another one.")
                % {"version": self._target.version, "element_id": element_id}
            )
        return element

    @cached_property
    def _versions(self) -> list[ProcessDefinition]:
        one = self.one_version()
        rows = ProcessDefinition.objects.defer("xml").filter(workspace_id=one.workspace_id, process_id=one.process_id)
        return list(rows.order_by("-version")[:LISTED_VERSIONS])

    @cached_property
    def _target(self) -> ProcessDefinition:
        chosen = self.sent.get("version", "")
        return next((each for each in self._versions if str(each.key) == chosen), self.one_version())

    @property
    def _target_process(self) -> ExecutableProcess:
        return executable_process(self._target.key)

    @cached_property
    def stood(self) -> Counter[str]:
        """By element how many of the newest process instances stood there when they were ended."""
        newest = self.rows.order_by("-key").values("pk")[:COUNTED]
        ended = ElementInstance.objects.filter(
            process_instance__in=newest, state="TERMINATED", ended_at=F("process_instance__ended_at")
        ).exclude(element_type__in=SCOPES)
        found = ended.order_by().values_list("element_id").annotate(total=Count("process_instance", distinct=True))
        return Counter(dict(found))

    def _preselected(self) -> list[str]:
        """Where they stood; where they were not ended from outside, the process's own beginning."""
        process = self._target_process
        stood = [each for each in self.stood if each in process.elements]
        if stood:
            return stood
        starts = [node for node in process.root.start_events if node.event is None] or process.root.start_events
        if process.semantics is Semantics.ZEEBE:
            starts = [flow.target for start in starts for flow in start.outgoing]
        return [node.id for node in starts[:1]]

    def context(self) -> dict[str, Any]:
        process = self._target_process
        chosen = self.sent.getlist("element") if "shown" in self.sent else self._preselected()
        lost = [label_in(self.process, each) for each in self.stood if each not in process.elements]
        elements = [
            {
                "id": each.id,
                "name": element_label(each),
                "icon": element_icon(each.type, each),
                "stood": self.stood.get(each.id, 0),
                "is_chosen": each.id in chosen,
            }
            for each in elements_of(process)
            if process.semantics is Semantics.CAMUNDA_7 or not why_not_add(each, Running(process))
        ]
        elements.sort(key=lambda each: (not each["is_chosen"], -each["stood"]))
        definition = self.one_version()
        return {
            "elements": elements,
            "lost": lost,
            "versions": self._versions,
            "target": self._target,
            "is_initial": self.sent.get("base") == "initial",
            "why_not_variables": Access.of(self.request.user).why_not(Right.EDIT_VARIABLES, definition.workspace_id),
            **self._variables(),
            "config": {
                "xml": model_address(self._target.key),
                "figures": as_drawn({each: {"canceled": total} for each, total in self.stood.items()}),
                "elements": {each["id"]: {"name": each["name"]} for each in elements},
            },
        }

    def _variables(self) -> dict[str, Any]:
        """The variables of a single process instance; of many only whether the first values are kept."""
        sample = self.sample()
        if len(sample) != 1:
            return {"single": False}
        [key] = sample
        masks = Masks.for_pages()
        rows = masks.variables(Variable.objects.filter(process_instance=key).order_by("name")[:LISTED_VARIABLES])
        initial = [row for row in rows if row.scope_key == key and row.is_initial]
        former = FormerValue.objects.filter(process_instance=key, scope_key=key, is_initial=True)
        return {
            "single": True,
            "last": [(row.name, json_text(row.value)) for row in rows if row.scope_key == key],
            "local": sorted({row.name for row in rows if row.scope_key != key}),
            "has_initial": bool(initial) or former.exists(),
        }

    def shown(self, tried: Rehearsal) -> dict[str, Any]:
        answer = told(tried, self._target_process)
        if self.sent.get("base") == "initial":
            missing = sum(
                each.refusal is None and not any(outcome.variables for outcome in each.outcomes)
                for each in tried.instances
            )
            if missing:
                answer["notes"] = [
                    _("Of %(missing)s of %(instances)s no first values are kept: they begin without variables.")
                    % {"missing": missing, "instances": len(tried.instances)}
                ]
        return answer


__all__ = ["RestartWizard"]
