"""Finding what somebody types: by key, by business key, by searchable data; process definitions by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from operate.admin.wording import instance_state
from operate.batch.models import Batch
from operate.forms.keys import key_of
from operate.masking.masks import Masks
from operate.search.hiding import is_masked
from operate.workspaces import visible_to
from workflow.models import ProcessDataPath, ProcessDataValue, ProcessDefinition, ProcessInstance, UserTask

FOUND = 8
MAX_TEXT = 255
SHORTEST_NAME = 2


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found, and where it is."""

    title: str
    hint: str
    icon: str
    url: str
    key: int = 0
    """Of a process instance that was found by its data: it cannot be listed by its business key."""


def find(user: Any, text: str) -> list[Hit]:
    """What the text is the key, the business key or some searchable data of; then process definitions by name."""
    text = text.replace("\x00", "").strip()[:MAX_TEXT]
    if not text:
        return []
    return [*by_key(user, text), *instances(user, text), *definitions(user, text)]


def single(user: Any, text: str) -> str:
    """Where to go if the text means exactly one thing; names of process definitions do not count. Else nothing."""
    text = text.replace("\x00", "").strip()[:MAX_TEXT]
    hits = {hit.url for hit in [*by_key(user, text), *instances(user, text)]} if text else set()
    return hits.pop() if len(hits) == 1 else ""


def by_key(user: Any, text: str) -> list[Hit]:
    """Rows with this key, whatever they are; at most one of each kind."""
    key = key_of(text)
    if key is None:
        return []
    found = [_instance_hit(row) for row in _named(visible_to(ProcessInstance.objects.filter(pk=key), user))]
    if found:
        return found
    for definition in visible_to(ProcessDefinition.objects.defer("xml").filter(pk=key), user):
        return [_definition_hit(definition)]
    for task in visible_to(UserTask.objects.filter(pk=key), user):
        url = reverse("admin:workflow_usertask_change", args=[task.key])
        return [Hit(task.name or task.element_id, _("User task %(key)s") % {"key": task.key}, "task_alt", url)]
    for batch in visible_to(Batch.objects.filter(pk=key), user):
        url = reverse("admin:operate_batch_change", args=[batch.key])
        return [
            Hit(
                f"{batch.get_type_display()} · {batch.total}",
                _("Batch %(key)s") % {"key": batch.key},
                "dynamic_feed",
                url,
            )
        ]
    return []


def instances(user: Any, text: str) -> list[Hit]:
    """Process instances with this business key; else those with it in their searchable data."""
    rows = visible_to(ProcessInstance.objects.all(), user)
    found = list(_named(rows.filter(business_key=text)).order_by("-pk")[:FOUND])
    if found:
        return [_instance_hit(row) for row in found]
    places = _data(user, text)
    known = {row.key: row for row in _named(rows.filter(pk__in=list(places)))}
    return [_instance_hit(known[key], f"{path}: {text}") for key, path in places.items() if key in known]


def _data(user: Any, text: str) -> dict[int, str]:
    """The newest process instances with the text at one of their searchable paths, and the path."""
    masks = Masks.for_pages()
    paths = visible_to(ProcessDataPath.objects.filter(is_searchable=True), user)
    open_paths: set[str] = set()
    hidden = Q()
    for path, workspace_id, process_id in paths.values_list("path", "workspace_id", "process_id"):
        if masks and is_masked(masks, (workspace_id, process_id), path):
            hidden |= Q(path=path, workspace_id=workspace_id, process_id=process_id)
        else:
            open_paths.add(path)
    if not open_paths:
        return {}
    wanted = Q(text=text)
    number = _number(text)
    if number is not None:
        wanted |= Q(number=number)
    rows = visible_to(ProcessDataValue.objects.filter(wanted, path__in=open_paths), user)
    rows = rows.exclude(hidden) if hidden else rows
    return dict(rows.order_by("-process_instance_key").values_list("process_instance_key", "path")[:FOUND])


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) < 100 else None


def definitions(user: Any, text: str) -> list[Hit]:
    """Latest versions whose name or id contains the text."""
    if len(text) < SHORTEST_NAME:
        return []
    latest = visible_to(ProcessDefinition.objects.filter(is_latest=True), user).defer("xml")
    named = latest.filter(Q(name__icontains=text) | Q(process_id__icontains=text)).order_by("name")[:FOUND]
    return [_definition_hit(each) for each in named]


def _named(rows: Any) -> Any:
    return rows.annotate(process_name=F("definition__name"))


def _instance_hit(row: Any, hint: str = "") -> Hit:
    title = f"{row.process_name or row.process_id} {row.business_key or ''}".strip()
    state = instance_state(row)[1]
    return Hit(
        title,
        " · ".join(part for part in (state, str(row.key), hint) if part),
        "account_tree",
        reverse("admin:workflow_processinstance_change", args=[row.key]),
        row.key if hint else 0,
    )


def _definition_hit(definition: ProcessDefinition) -> Hit:
    return Hit(
        definition.name or definition.process_id,
        _("Process definition, version %(version)s") % {"version": definition.version},
        "schema",
        reverse("admin:workflow_processdefinition_change", args=[definition.key]),
    )


def search_results(hits: Sequence[Hit]) -> list[dict[str, str]]:
    """Hits as the pages' scripts get them."""
    return [{"title": hit.title, "hint": hit.hint, "icon": hit.icon, "url": hit.url} for hit in hits]


__all__ = ["Hit", "find", "search_results", "single"]
