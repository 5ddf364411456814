"""The list of process instances: its columns, the diagram above it, and how many rows a filter means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from operate.admin.instance.page import OPEN, as_drawn
from operate.admin.reasons import Reasons
from operate.admin.wording import drawn_id, instance_state, label_in
from operate.alerts.configuring import with_alert_of
from operate.forms.instance_filter import ProcessInstanceFilter
from operate.lists import ListColumns, SavedFilter
from operate.workspaces import Access, Forbidden, Right, visible_to
from workflow.models import ElementInstance, Incident, ProcessDefinition, ProcessInstance
from workflow.persistence.definitions import executable_process

LIST = "process_instances"
MAX_NAMED_ELEMENTS = 3
MAX_FIGURES = 10_000
"""The diagram counts in the newest of these process instances; it says so where there are more."""
MAX_COUNTED = 100_000
MAX_QUERY = 4_000
COLUMNS = {
    "key": gettext_lazy("Key"),
    "business_key": gettext_lazy("Business key"),
    "elements": gettext_lazy("Active at"),
    "error": gettext_lazy("Error message"),
    "started": gettext_lazy("Started"),
    "ended": gettext_lazy("Ended"),
    "duration": gettext_lazy("Duration"),
    "parent": gettext_lazy("Called by"),
    "restarted": gettext_lazy("Restart of"),
    "semantics": gettext_lazy("Semantics"),
    "workspace": gettext_lazy("Workspace"),
}
"""What can be shown of each process instance besides its process and version."""
USUAL = ("key", "business_key", "elements", "started", "ended")
NOT_STORED = ("before", "after")
RIGHTS = {
    "resolve": Right.RESOLVE_INCIDENT,
    "suspend": Right.SUSPEND,
    "resume": Right.SUSPEND,
    "move": Right.MODIFY,
    "migrate": Right.MIGRATE,
    "variables": Right.EDIT_VARIABLES,
    "restart": Right.RESTART,
    "cancel": Right.CANCEL,
    "delete": Right.DELETE_INSTANCE,
}


# -- columns


def chosen_columns(user: Any, workspaces: int) -> tuple[str, ...]:
    """The columns that the user wants to see, or the usual ones."""
    found = ListColumns.objects.filter(list_name=LIST, user=user).values_list("columns", flat=True).first()
    if found is not None:
        return tuple(name for name in found if name in COLUMNS)
    return (*USUAL, "workspace") if workspaces > 1 else USUAL


def choose_columns(user: Any, names: Sequence[str]) -> None:
    """Remember the columns; none of them means the usual ones."""
    known = [name for name in names if name in COLUMNS]
    if known:
        ListColumns.objects.update_or_create(list_name=LIST, user=user, defaults={"columns": known})
    else:
        ListColumns.objects.filter(list_name=LIST, user=user).delete()


def decorate(request: HttpRequest, rows: Sequence[Any], columns: Sequence[str]) -> None:
    """What the columns show besides what is in the rows, with at most two queries for all of them."""
    reasons = Reasons.of(request)
    running = [row for row in rows if row.state == ProcessInstance.State.ACTIVE]
    elements = current_elements(running) if "elements" in columns else {}
    errors = newest_errors([row for row in running if row.open_incidents]) if "error" in columns else {}
    for row in rows:
        row.dot, row.state_text = instance_state(row)
        row.elements = elements.get(row.key, "")
        row.error = errors.get(row.key, "")
        row.why = reasons.of_instance(row)


def newest_errors(instances: Sequence[ProcessInstance]) -> dict[int, str]:
    """The message of the newest open incident of each process instance, with one query."""
    found = Incident.objects.filter(process_instance__in=[row.key for row in instances], state="ACTIVE")
    return dict(found.order_by("key").values_list("process_instance_key", "message"))


def current_elements(instances: Sequence[ProcessInstance]) -> dict[int, str]:
    """Where each process instance stands, with one query for all of them."""
    standing = standing_at(instances)
    return {row.key: _named(row, standing[row.key]) for row in instances if row.key in standing}


def standing_at(instances: Sequence[ProcessInstance]) -> Mapping[int, Sequence[tuple[str, int]]]:
    """The elements at which each process instance stands, and how often it does, with one query for all of them."""
    rows = (
        ElementInstance.objects.filter(process_instance__in=[row.key for row in instances], state__in=OPEN)
        .filter(active_children=0)
        .order_by()
        .values_list("process_instance_key", "element_id")
        .annotate(total=Count("key"))
    )
    standing: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for instance, element, total in rows:
        standing[instance].append((element, total))
    return {key: sorted(each) for key, each in standing.items()}


def _named(instance: ProcessInstance, standing: Sequence[tuple[str, int]]) -> str:
    elements = executable_process(instance.definition_key).elements
    names = [
        (elements[element].name if element in elements else "") or drawn_id(element)
        for element, _total in standing[:MAX_NAMED_ELEMENTS]
    ]
    counted = [
        f"{name} ×{total}" if total > 1 else name for name, (_element, total) in zip(names, standing, strict=False)
    ]
    more = len(standing) - len(counted)
    return ", ".join(counted) + (_(" and %(more)s more") % {"more": more} if more > 0 else "")


# -- the file


EXPORTED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "key": ("key", lambda row: row.key),
    "business_key": ("business_key", lambda row: row.business_key),
    "elements": ("active_at", lambda row: row.elements),
    "error": ("error", lambda row: row.error),
    "started": ("started_at", lambda row: row.started_at),
    "ended": ("ended_at", lambda row: row.ended_at),
    "duration": ("duration_seconds", lambda row: row.ended_at and row.ended_at - row.started_at),
    "parent": ("called_by", lambda row: row.parent_process_instance_key),
    "restarted": ("restart_of", lambda row: row.restarted_from_key),
    "semantics": ("semantics", lambda row: row.semantics),
    "workspace": ("workspace", lambda row: row.workspace_name),
}
"""The columns of the list as those of a file."""
ALWAYS_EXPORTED: dict[str, Callable[[Any], Any]] = {
    "process_id": lambda row: row.process_id,
    "process_name": lambda row: row.process_name,
    "version": lambda row: row.version,
    "state": lambda row: row.state,
    "suspended": lambda row: row.suspended,
    "open_incidents": lambda row: row.open_incidents,
}


def exported_columns(columns: Sequence[str]) -> dict[str, Callable[[Any], Any]]:
    """What a file has of each process instance: what is always shown, and the chosen columns."""
    return ALWAYS_EXPORTED | dict(EXPORTED[name] for name in columns)


def complete_for_export(rows: Sequence[Any], columns: Collection[str]) -> None:
    """What the file shows besides what is in the rows, with at most two queries for all of them."""
    running = [row for row in rows if row.state == ProcessInstance.State.ACTIVE]
    elements = standing_at(running) if "active_at" in columns else {}
    errors = newest_errors([row for row in running if row.open_incidents]) if "error" in columns else {}
    for row in rows:
        row.elements = " ".join(
            element if total == 1 else f"{element}:{total}" for element, total in elements.get(row.key, ())
        )
        row.error = errors.get(row.key, "")


# -- saved filters


def saved_filters(request: HttpRequest, workspaces: Sequence[Any]) -> list[SavedFilter]:
    """Those that the user may use: the own ones first."""
    usable = SavedFilter.objects.usable_by(request.user, [each.pk for each in workspaces])
    usable = with_alert_of(usable, request.user)
    found = list(usable.filter(list_name=LIST).select_related("owner", "workspace"))
    access = Access.of(request.user)
    for each in found:
        mine = each.owner_id == request.user.pk
        may = mine or (each.workspace_id is not None and access.may(Right.MANAGE, each.workspace_id))
        each.is_mine = mine  # type: ignore[attr-defined]
        each.why_not_delete = (  # type: ignore[attr-defined]
            ""
            if may
            else _("%(owner)s has saved it: only its owner or an administrator of the workspace removes it.")
            % {"owner": each.owner}
        )
        each.is_current = kept_query(request) == each.query  # type: ignore[attr-defined]
    return sorted(found, key=lambda each: (not each.is_mine, each.name.lower()))  # type: ignore[attr-defined]


def kept_query(request: HttpRequest) -> str:
    """The filters in the address without the place in the list, so that two of the same are told to be so."""
    query = request.GET.copy()
    for name in NOT_STORED:
        query.pop(name, None)
    return query.urlencode()


# -- the diagram


def shown_definition(request: HttpRequest, filters: ProcessInstanceFilter) -> ProcessDefinition | None:
    """The definition whose diagram is shown: of the chosen version, else the latest one."""
    if not filters.value("process"):
        return None
    rows = visible_to(ProcessDefinition.objects.defer("xml"), request.user).filter(process_id=filters.value("process"))
    slug = filters.value("workspace")
    if slug:
        rows = rows.filter(workspace__slug=slug)
    rows = rows.filter(version=int(filters.value("version"))) if filters.value("version") else rows
    return rows.order_by("-is_latest", "-version", "-key").first()


def figures_of(rows: QuerySet[Any], most: int = 0) -> dict[str, Any]:
    """How often each element is active, failing, completed and canceled in the newest of these process instances."""
    most = most or MAX_FIGURES
    newest = rows.order_by("-key").values("pk")[:most]
    counted = (
        ElementInstance.objects.filter(process_instance__in=newest)
        .order_by()
        .values_list("element_id")
        .annotate(
            active=Count("key", filter=Q(state__in=OPEN)),
            completed=Count("key", filter=Q(state="COMPLETED")),
            canceled=Count("key", filter=Q(state="TERMINATED")),
        )
    )
    found = {
        element: {"active": active, "completed": completed, "canceled": canceled}
        for element, active, completed, canceled in counted
    }
    failing = Incident.objects.filter(process_instance__in=newest, state="ACTIVE").order_by()
    for element, total in failing.values_list("element_id").annotate(total=Count("key")):
        found.setdefault(element, {})["incidents"] = total
    total = rows.order_by()[: most + 1].count()
    return {"elements": as_drawn(found), "total": min(total, most), "isCut": total > most}


def present(figures: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Only what is there now: what has happened before does not matter for where things go on."""
    now = {
        element: {kind: total for kind, total in each.items() if kind in ("active", "incidents") and total}
        for element, each in figures.items()
    }
    return {element: each for element, each in now.items() if each}


def count_of(rows: QuerySet[Any]) -> tuple[int, bool]:
    """How many rows there are, up to a number that nobody would look through, and whether there are more."""
    number = int(rows.order_by()[: MAX_COUNTED + 1].count())
    return min(number, MAX_COUNTED), number > MAX_COUNTED


def diagram_config(request: HttpRequest, filters: ProcessInstanceFilter) -> dict[str, Any]:
    """What the script of the list has to know."""
    definition = shown_definition(request, filters)
    config: dict[str, Any] = {
        "list": reverse("admin:workflow_processinstance_changelist"),
        "count": reverse("admin:workflow_processinstance_count"),
        "states": filters.chosen_states,
        "process": filters.value("process") or "",
        "version": filters.value("version") or "",
        "element": filters.value("element") or "",
        "why": why_not_at_all(request),
    }
    if definition is not None:
        process = executable_process(definition.key)
        element = filters.value("element")
        config |= {
            "xml": reverse("admin:workflow_processdefinition_xml", args=[definition.key]),
            "figures": reverse("admin:workflow_processinstance_figures"),
            "elementName": label_in(process, element) if element else "",
        }
    return config


def why_not_at_all(request: HttpRequest) -> dict[str, str]:
    """For each operation on many why the user has it nowhere; empty texts where it is possible somewhere."""
    access = Access.of(request.user)
    return {name: "" if access.may_anywhere(right) else Forbidden(right, "").message for name, right in RIGHTS.items()}


__all__ = [
    "COLUMNS",
    "LIST",
    "MAX_COUNTED",
    "choose_columns",
    "chosen_columns",
    "complete_for_export",
    "count_of",
    "current_elements",
    "decorate",
    "diagram_config",
    "exported_columns",
    "figures_of",
    "kept_query",
    "newest_errors",
    "present",
    "saved_filters",
]
