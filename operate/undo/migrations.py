"""Taking back a migration: another one, back to the definition that it came from, with the mappings turned round."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from audit.models import AuditEvent
from operate.batch.plans import Migrate
from operate.undo.base import Undo, named, nothing_left
from operate.undo.values import changes_of, split
from workflow.engine.state import OPEN_STATES
from workflow.engine.values import Variables
from workflow.graph import BODY_SUFFIX, ExecutableProcess
from workflow.migration import Mapping as ElementMapping
from workflow.migration import MigrationOptions, MigrationPlan
from workflow.models import ElementInstance, ProcessDefinition, ProcessInstance
from workflow.persistence.definitions import executable_process
from workflow.services import generate_migration_plan


def undo_of(event: AuditEvent) -> Undo:
    """A migration to the definition that the process instance ran on before."""
    instance = ProcessInstance.objects.get(pk=event.process_instance_key)
    body: Mapping[str, Any] = event.body or {}
    source = _source(event, body)
    if instance.definition_key != body.get("target_definition_key"):
        raise nothing_left(event, [_("The process instance has been migrated again since. Undo that first.")])
    back = _Back(instance, source, body)
    values, stays = _variables(instance, body)
    plan = MigrationPlan(source.key, back.mappings(), instance.definition_key, variables=values)
    options = MigrationOptions(expected_revision=instance.revision)
    return Undo(event, instance.key, Migrate(plan, options), (*back.notes(), *stays))


def _source(event: AuditEvent, body: Mapping[str, Any]) -> ProcessDefinition:
    key = body.get("source_definition_key")
    if key is None:
        raise nothing_left(
            event,
            [
                _(
                    "It was recorded before events told which definition a process instance came from. Migrate it by hand."
                )
            ],
        )
    found = ProcessDefinition.objects.filter(pk=key).first()
    if found is None:
        raise nothing_left(
            event, [_("The process definition that it came from, '%(key)s', has been deleted.") % {"key": key}]
        )
    return found


class _Back:
    """The way back of one process instance: which element of the source stands for which of the target."""

    def __init__(self, instance: ProcessInstance, source: ProcessDefinition, body: Mapping[str, Any]) -> None:
        self._instance = instance
        self._source_definition = source
        self._source: ExecutableProcess = executable_process(source.key)
        self._target: ExecutableProcess = executable_process(instance.definition_key)
        self._plan: Sequence[Mapping[str, Any]] = body.get("plan") or ()
        self._events: Mapping[str, Sequence[str]] = body.get("events") or {}
        rows = ElementInstance.objects.filter(process_instance=instance.key, state__in=OPEN_STATES)
        self._standing = dict(rows.order_by("key").values_list("key", "element_id"))
        facts = (body.get("migrated") or {}).get("elements") or ()
        self._came_from = {int(fact["key"]): str(fact["from_element_id"]) for fact in facts}

    def mappings(self) -> tuple[ElementMapping, ...]:
        """Those of the migration turned round; what else is the same in both goes by its name."""
        turned = {target: self._turned(target, given) for target, given in self._given().items()}
        taken = {each.target_id for each in turned.values()}
        same = generate_migration_plan(self._instance.definition_key, self._source_definition.key).mappings
        rest = [each for each in same if each.source_id not in turned and each.target_id not in taken]
        return (*turned.values(), *rest)

    def _given(self) -> dict[str, list[Mapping[str, Any]]]:
        found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for mapping in self._plan:
            found[mapping["target_id"]].append(mapping)
        return found

    def _turned(self, target: str, given: Sequence[Mapping[str, Any]]) -> ElementMapping:
        """Of several elements that have become one, the one that most of what stands there came from."""
        origins = [
            self._came_from.get(key, "").removesuffix(BODY_SUFFIX)
            for key, element in self._standing.items()
            if element == target
        ]
        first = max(given, key=lambda each: origins.count(each["source_id"]))
        return ElementMapping(target, first["source_id"], bool(first.get("update_event_trigger")))

    def notes(self) -> Iterator[str]:
        """What is not as it was."""
        version = _("version %(version)s of '%(process_id)s'") % {
            "version": self._source_definition.version,
            "process_id": self._source_definition.process_id,
        }
        yield _("It runs on %(version)s again; what it has done on the other one meanwhile stays.") % {
            "version": version
        }
        moved = [element for key, element in self._standing.items() if key not in self._came_from]
        if moved:
            yield _("It has gone on since: %(elements)s goes back as what stands for it there.") % {
                "elements": named(self._target, moved)
            }
        several = [target for target, given in self._given().items() if len(given) > 1]
        if several:
            yield _("Several elements have become %(elements)s; all of it goes back as one of them.") % {
                "elements": named(self._target, several)
            }
        closed = self._events.get("closed") or ()
        if closed:
            yield _("%(elements)s waits again, but anew: timers count from now, and what came meanwhile is lost.") % {
                "elements": named(self._source, closed)
            }
        opened = self._events.get("opened") or ()
        if opened:
            yield _("%(elements)s no longer waits.") % {"elements": named(self._target, opened)}


def _variables(instance: ProcessInstance, body: Mapping[str, Any]) -> tuple[Variables, list[str]]:
    """The values of before of what the migration has set in the process instance, and what stays."""
    changes = [change for change in changes_of(body) if change["scope_key"] == instance.key]
    back, notes = split(changes)
    return {change["name"]: change["before"] for change in back}, notes


__all__ = ["undo_of"]
