"""What all wizards share: the selection, its process, and the fields of the form."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from operate.admin.selecting import Selected
from operate.admin.wording import element_label
from operate.batch.plans import Plan
from operate.batch.rehearsing import Rehearsal
from operate.workspaces import visible_to
from workflow.engine.errors import Rejected
from workflow.engine.values import Variables
from workflow.graph import ExecutableProcess, FlowNode, Semantics
from workflow.models import ProcessDefinition, ProcessInstance
from workflow.persistence.definitions import executable_process
from workflow.soundness import Acceptance

TRIED = 100
"""So many process instances are tried in a preview, the newest."""
COUNTED = 2_000
"""The diagrams of a wizard count in so many, the newest."""
LISTED_VERSIONS = 200
LISTED_VARIABLES = 100


class Wizard:
    """One kind of question about a selection."""

    template: ClassVar[str]

    def __init__(
        self, request: HttpRequest, selected: Selected, rows: QuerySet[ProcessInstance], sent: QueryDict
    ) -> None:
        self.request = request
        self.selected = selected
        self.rows = rows
        """Those of the selection that it can be done to."""
        self.sent = sent

    # -- for subclasses

    def plan(self) -> Plan:
        """What the fields mean; raises Rejected."""
        raise NotImplementedError

    def context(self) -> dict[str, Any]:
        """What the template asks."""
        raise NotImplementedError

    def shown(self, tried: Rehearsal) -> dict[str, Any]:
        """What a preview tells besides who would be refused."""
        raise NotImplementedError

    # -- shared

    def sample(self) -> list[int]:
        """The process instances that a preview tries: the newest."""
        return list(self.rows.order_by("-key").values_list("pk", flat=True)[:TRIED])

    @cached_property
    def definitions(self) -> list[ProcessDefinition]:
        """What the selected process instances run on, newest version first."""
        visible = visible_to(ProcessDefinition.objects.defer("xml"), self.request.user)
        if not self.selected.everything:
            keys = self.selected.rows.order_by().values("definition_key").distinct()
            return list(visible.filter(pk__in=keys).order_by("-version", "-key"))
        filters = self.selected.filters
        if not filters.value("process"):
            return []
        visible = visible.filter(process_id=filters.value("process"))
        if filters.value("workspace"):
            visible = visible.filter(workspace__slug=filters.value("workspace"))
        if filters.value("version"):
            visible = visible.filter(version=int(filters.value("version")))
        return list(visible.order_by("-version", "-key")[:LISTED_VERSIONS])

    @cached_property
    def definition(self) -> ProcessDefinition:
        """The newest of them; raises Rejected where they are not all of one process in one workspace."""
        if not self.definitions:
            raise Rejected(_("Choose one process in the filters first: the selected ones may belong to several."))
        if len({(each.workspace_id, each.process_id) for each in self.definitions}) > 1:
            raise Rejected(
                _("Expected process instances of one process in one workspace, found several. Narrow the list first.")
            )
        return self.definitions[0]

    def one_version(self) -> ProcessDefinition:
        """The only definition; raises Rejected where they run on several versions."""
        if len({each.key for each in self.definitions}) > 1:
            versions = ", ".join(sorted({str(each.version) for each in self.definitions}))
            raise Rejected(
                _("Expected process instances of one version, found versions %(versions)s. Narrow the list first.")
                % {"versions": versions}
            )
        return self.definition

    @cached_property
    def process(self) -> ExecutableProcess:
        return executable_process(self.definition.key)

    @property
    def is_camunda_7(self) -> bool:
        return self.process.semantics is Semantics.CAMUNDA_7

    def variables_in(self, name: str) -> Variables:
        """A field with a JSON object of variables; raises Rejected."""
        text = self.sent.get(name, "").strip()
        if not text:
            return {}
        found = json_in(text, _("the variables"))
        if not isinstance(found, dict):
            raise Rejected(
                _("Expected the variables as a JSON object, found %(name)s.") % {"name": type(found).__name__}
            )
        return found

    def accepted(self) -> tuple[Acceptance, ...]:
        """The red warnings that were ticked."""
        return tuple(acceptance_in(text) for text in self.sent.getlist("accepted"))

    def flag(self, name: str) -> bool:
        return bool(self.sent.get(name))


def json_in(text: str, what: str) -> Any:
    """What a JSON text says; raises Rejected."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Rejected(
            _("Expected %(what)s to be JSON: %(error)s. Texts stand in double quotes.") % {"what": what, "error": error}
        ) from None


def acceptance_in(text: str) -> Acceptance:
    """A red warning that was ticked: its code and its elements, as JSON."""
    found = json_in(text, _("an accepted warning"))
    if not (isinstance(found, list) and found and all(isinstance(each, str) for each in found)):
        raise Rejected(
            _("Expected an accepted warning as a list of its code and elements, found '%(text)s'.")
            % {"text": text[:80]}
        )
    return Acceptance(found[0], tuple(found[1:]))


def elements_of(process: ExecutableProcess) -> list[FlowNode]:
    """What is drawn and can have instances, by name."""
    found = [node for node in process.elements.values() if node.flow_scope is not None and "#" not in node.id]
    return sorted(found, key=lambda node: element_label(node).lower())


def model_address(definition_key: int) -> str:
    return reverse("admin:workflow_processdefinition_xml", args=[definition_key])


__all__ = [
    "COUNTED",
    "LISTED_VARIABLES",
    "LISTED_VERSIONS",
    "TRIED",
    "Wizard",
    "acceptance_in",
    "elements_of",
    "json_in",
    "model_address",
]
