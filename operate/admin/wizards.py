"""Wizards for many process instances, or one: move, restart, migrate, edit variables.

Each reads its plan from the fields of one form, so that the page, its preview and what is done at the end cannot differ.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import Count, F, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from operate.admin.instance_list import figures_of, present
from operate.admin.instance_page import as_drawn
from operate.admin.modification import WORDS, Running, why_not_add, why_not_move_from
from operate.admin.selecting import Selected
from operate.admin.wording import drawn_id, element_icon, element_label, label_in
from operate.batch.plans import EditVariables, Migrate, Modify, Plan, Restart
from operate.batch.rehearsing import Rehearsal
from operate.forms.json_values import json_text
from operate.masking.masks import Masks
from operate.workspaces import Access, Right, visible_to
from workflow.engine.errors import Rejected
from workflow.engine.values import Variables
from workflow.graph import ElementType, ExecutableProcess, FlowNode, Semantics
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
from workflow.models import ElementInstance, FormerValue, ProcessDefinition, ProcessInstance, Variable
from workflow.modification import (
    ActivateElement,
    AncestorChoice,
    CancelAll,
    Instruction,
    ModificationOptions,
    MoveElements,
    ScopedVariables,
    StartBefore,
)
from workflow.persistence.definitions import executable_process
from workflow.services import RestartOptions, generate_migration_plan, validate_migration_plan
from workflow.soundness import Acceptance, Severity

TRIED = 100
"""So many process instances are tried in a preview, the newest."""
DETAILED = 20
"""Of so many of them it is told what happens in them."""
COUNTED = 2_000
"""The diagrams of a wizard count in so many, the newest."""
LISTED_VERSIONS = 200
LISTED_VARIABLES = 100
SCOPES = (
    ElementType.SUB_PROCESS,
    ElementType.EVENT_SUB_PROCESS,
    ElementType.TRANSACTION,
    ElementType.AD_HOC_SUB_PROCESS,
    ElementType.AD_HOC_SUB_PROCESS_INNER_INSTANCE,
    ElementType.MULTI_INSTANCE_BODY,
)


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
            raise Rejected("Choose one process in the filters first: the selected ones may belong to several.")
        if len({(each.workspace_id, each.process_id) for each in self.definitions}) > 1:
            raise Rejected(
                "Expected process instances of one process in one workspace, found several. Narrow the list first."
            )
        return self.definitions[0]

    def one_version(self) -> ProcessDefinition:
        """The only definition; raises Rejected where they run on several versions."""
        if len({each.key for each in self.definitions}) > 1:
            versions = ", ".join(sorted({str(each.version) for each in self.definitions}))
            raise Rejected(
                f"Expected process instances of one version, found versions {versions}. Narrow the list first."
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
        found = json_in(text, "the variables")
        if not isinstance(found, dict):
            raise Rejected(f"Expected the variables as a JSON object, found {type(found).__name__}.")
        return found

    def flag(self, name: str) -> bool:
        return bool(self.sent.get(name))


def json_in(text: str, what: str) -> Any:
    """What a JSON text says; raises Rejected."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Rejected(f"Expected {what} to be JSON: {error}. Texts stand in double quotes.") from None


def elements_of(process: ExecutableProcess) -> list[FlowNode]:
    """What is drawn and can have instances, by name."""
    found = [node for node in process.elements.values() if node.flow_scope is not None and "#" not in node.id]
    return sorted(found, key=lambda node: element_label(node).lower())


def model_address(definition_key: int) -> str:
    return reverse("admin:workflow_processdefinition_xml", args=[definition_key])


def told(tried: Rehearsal, process: ExecutableProcess | None) -> dict[str, Any]:
    """What became of all that were tried, added up by element, and the refusals by what they say."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in (outcome for each in tried.instances for outcome in each.outcomes):
        names = process or executable_process(outcome.definition_key)
        for name in ("activated", "completed", "terminated"):
            sums[name].update(label_in(names, fact.element_id) for fact in getattr(outcome, name))
        waits = [*outcome.jobs_created, *outcome.subscriptions_opened]
        sums["waits"].update(
            f"{WORDS[fact.kind]} '{label_in(names, fact.element_id)}'" for fact in waits if fact.kind in WORDS
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
                "reason": harm.warning.reason,
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


# -- moving


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
            accepted=tuple(self._accepted()),
        )

    def _accepted(self) -> Iterator[Acceptance]:
        """The red warnings that were ticked."""
        for text in self.sent.getlist("accepted"):
            found = json_in(text, "an accepted warning")
            if not (isinstance(found, list) and found and all(isinstance(each, str) for each in found)):
                raise Rejected(f"Expected an accepted warning as a list of its code and elements, found '{text[:80]}'.")
            yield Acceptance(found[0], tuple(found[1:]))

    def _element(self, name: str) -> FlowNode:
        chosen = self.sent.get(name, "")
        element = self.process.elements.get(chosen)
        if element is None:
            raise Rejected(
                "Choose on the diagram where the tokens stand."
                if name == "source"
                else "Choose on the diagram where they should go on."
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
        running = Running(self.process, {each.id: 1 for each in around}, {})
        return {
            element.id: "It is where they come from." if element is source else why_not_add(element, running)
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
                or ("" if figures.get(each.id, {}).get("active") else "None of the selected instances is there."),
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


# -- restarting


class RestartWizard(Wizard):
    """New process instances for ended ones, begun where those stood."""

    template = "batch/restart.html"

    def plan(self) -> Plan:
        definition = self.one_version()
        elements = [self._startable(each) for each in self.sent.getlist("element")]
        if not elements:
            raise Rejected("Choose at least one element to begin at.")
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
        return Restart(definition.key, tuple(instructions), options)

    def _startable(self, element_id: str) -> FlowNode:
        element = self._target_process.elements.get(element_id)
        if element is None:
            raise Rejected(f"Version {self._target.version} has no element '{element_id}'. Choose another one.")
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
            if process.semantics is Semantics.CAMUNDA_7 or not why_not_add(each, Running(process, {}, {}))
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
                    f"Of {missing} of {len(tried.instances)} no first values are kept: they begin without variables."
                ]
        return answer


# -- editing variables


class VariablesWizard(Wizard):
    """Set, merge and delete global variables in each of them."""

    template = "batch/variables.html"

    def plan(self) -> Plan:
        variables: dict[str, Any] = {}
        merge: dict[str, Any] = {}
        delete: list[str] = []
        for number, (kind, name, text) in enumerate(self._edits(), start=1):
            if not name:
                raise Rejected(f"Row {number}: Name has to be filled.")
            if name in variables or name in merge or name in delete:
                raise Rejected(f"Row {number}: '{name}' stands in two rows.")
            if kind == "delete":
                delete.append(name)
            elif not text:
                raise Rejected(f"Row {number}: Value has to be filled.")
            else:
                (merge if kind == "merge" else variables)[name] = json_in(text, f"the value of '{name}'")
        return EditVariables(variables, tuple(delete), merge, self._condition())

    def _edits(self) -> list[tuple[str, str, str]]:
        rows = zip(self.sent.getlist("kind"), self.sent.getlist("name"), self.sent.getlist("value"), strict=False)
        found = [(kind, name.strip(), value.strip()) for kind, name, value in rows]
        return [row for row in found if row[1] or row[2]]

    def _condition(self) -> dict[str, Any]:
        name, text = self.sent.get("if_name", "").strip(), self.sent.get("if_value", "").strip()
        if not name and not text:
            return {}
        if not name or not text:
            raise Rejected("The condition needs the name of a variable and a value.")
        return {name: json_in(text, "the value of the condition")}

    def context(self) -> dict[str, Any]:
        newest = self.rows.order_by("-key").values("pk")[:TRIED]
        names = Variable.objects.filter(process_instance__in=newest, scope_key=F("process_instance"))
        return {
            "edits": self._edits() or [("set", "", "")],
            "known": sorted(set(names.order_by().values_list("name", flat=True)))[:LISTED_VARIABLES],
            "if_name": self.sent.get("if_name", ""),
            "if_value": self.sent.get("if_value", ""),
            "config": {},
        }

    def shown(self, tried: Rehearsal) -> dict[str, Any]:
        masks = Masks.for_pages()
        answer = told(tried, None)
        diffs = []
        skipped = unchanged = 0
        for each in tried.instances:
            if each.refusal is not None:
                continue
            if not each.outcomes:
                skipped += 1
                continue
            outcome = each.outcomes[0]
            place = (outcome.workspace_id, outcome.process_id)
            changes = [
                {
                    "name": change.name,
                    "before": json_text(masks.value(*place, change.name, change.before)) if change.existed else "",
                    "after": "" if change.deleted else json_text(masks.value(*place, change.name, change.after)),
                }
                for change in outcome.variables
            ]
            unchanged += not changes
            if changes:
                diffs.append({"key": str(each.process_instance_key), "changes": changes})
        notes = []
        if skipped:
            notes.append(f"{skipped} of {len(tried.instances)} do not meet the condition and stay as they are.")
        if unchanged:
            notes.append(f"{unchanged} of {len(tried.instances)} would not change: they have these values already.")
        return answer | {"diffs": diffs, "notes": notes}


# -- migrating


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
            raise Rejected("There is no other version of this process. Deploy one, or choose another process.")
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
        return Migrate(plan, options)

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


WIZARDS: Mapping[str, type[Wizard]] = {
    "move": MoveWizard,
    "restart": RestartWizard,
    "variables": VariablesWizard,
    "migrate": MigrateWizard,
}

__all__ = ["DETAILED", "WIZARDS", "Wizard"]
