"""What of a process people can search by, and what its user tasks have as keywords: one table to fill in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from audit.models import Channel
from operate.actions import ConfigureDataPaths, ReindexProcess
from operate.admin.answers import REFUSALS, refusal_of
from operate.admin.base import EngineModelAdmin
from operate.admin.reasons import Reasons
from operate.masking.masks import Masks
from operate.search.hiding import is_masked
from operate.workspaces import Right
from workflow.graph import DataPath, DataType, why_no_path
from workflow.models import ProcessDataPath, ProcessInstance, Reindexing, Variable

EMPTY_ROWS = 3
SAMPLE = 20
MAX_SUGGESTIONS = 200
MAX_DEPTH = 6


class DataPathsPages(EngineModelAdmin):
    """The page of a process definition for its searchable data."""

    def data_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """The configured paths; a POST replaces them, or asks for a re-indexing."""
        definition = self.visible(request, key)
        rows = [
            row_of(row.plain)
            for row in ProcessDataPath.objects.filter(
                workspace=definition.workspace_id, process_id=definition.process_id
            )
        ]
        error = ""
        if request.method == "POST":
            rows = rows_in(request.POST)
            try:
                self._save(request, key, rows)
            except REFUSALS as refusal:
                error = refusal_of(refusal)["message"]
            else:
                return redirect(request.path)
        run = Reindexing.objects.filter(workspace=definition.workspace_id, process_id=definition.process_id).first()
        why = Reasons.of(request).right(Right.MANAGE, definition.workspace_id)
        context = {
            "definition": definition,
            "rows": [*rows, *([row_of(None)] * (0 if why else EMPTY_ROWS))],
            "types": ProcessDataPath.Type.choices,
            "why": why,
            "error": error,
            "run": run,
            "is_running": run is not None and run.ended_at is None,
            "suggestions": suggestions(definition.workspace_id, definition.process_id),
        }
        title = _("Searchable data of %(definition)s") % {"definition": definition}
        return self.render(request, "data_paths.html", title, context, status=400 if error else 200)

    @staticmethod
    def _save(request: HttpRequest, key: int, rows: Iterable[Mapping[str, Any]]) -> None:
        if "reindex" in request.POST:
            ReindexProcess.of(request, Channel.ADMIN).execute(key)
            messages.success(request, _("All process instances are indexed anew, in the background."))
            return
        paths = [path_of(row) for row in rows]
        reason = request.POST.get("reason", "")
        asked = ConfigureDataPaths.of(request, Channel.ADMIN, reason=reason).execute(key, paths)
        if asked is None:
            messages.info(request, _("Nothing was changed."))
        else:
            messages.success(request, _("Saved. What was written before is indexed in the background."))


def row_of(path: DataPath | None) -> dict[str, Any]:
    """A row of the table; an empty one for a path to be."""
    if path is None:
        return {"path": "", "type": DataType.TEXT.value, "label": "", "searchable": True, "keyword": False}
    return {
        "path": path.path,
        "type": path.type.value,
        "label": path.label,
        "searchable": path.is_searchable,
        "keyword": path.is_keyword,
    }


def rows_in(sent: QueryDict) -> list[dict[str, Any]]:
    """The rows that were filled in; one whose path is blank is left out."""
    columns = zip(sent.getlist("path"), sent.getlist("type"), sent.getlist("label"), strict=False)
    searchable, keywords = set(sent.getlist("searchable")), set(sent.getlist("keyword"))
    return [
        {
            "path": path.strip(),
            "type": kind,
            "label": label.strip(),
            "searchable": str(number) in searchable,
            "keyword": str(number) in keywords,
        }
        for number, (path, kind, label) in enumerate(columns)
        if path.strip()
    ]


def path_of(row: Mapping[str, Any]) -> DataPath:
    """The path that a row means; what is wrong with it is told by the action."""
    kind = DataType(row["type"]) if row["type"] in ProcessDataPath.Type.values else DataType.TEXT
    return DataPath(row["path"], kind, row["searchable"], row["keyword"], row["label"][:100])


def suggestions(workspace_id: int, process_id: str) -> list[str]:
    """Paths into the variables of the newest process instances; none that is masked."""
    newest = ProcessInstance.objects.filter(workspace_id=workspace_id, process_id=process_id).order_by("-key")
    keys = list(newest.values_list("key", flat=True)[:SAMPLE])
    found: set[str] = set()
    for name, value in Variable.objects.filter(scope_key__in=keys).values_list("name", "value")[: SAMPLE * 50]:
        found.update(_paths(name, value, 1))
    masks = Masks.for_pages()
    usable = (path for path in found if not why_no_path(path))
    return sorted(path for path in usable if not is_masked(masks, (workspace_id, process_id), path))[:MAX_SUGGESTIONS]


def _paths(path: str, value: object, depth: int) -> Iterable[str]:
    if isinstance(value, list):
        for item in value[:SAMPLE]:
            yield from _paths(path, item, depth)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if depth < MAX_DEPTH and "." not in name:
                yield from _paths(f"{path}.{name}", inner, depth + 1)
    else:
        yield path
