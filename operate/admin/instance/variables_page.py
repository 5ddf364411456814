"""What the variables tab of a process instance asks for: values and their history, an edit, snapshots, the export.

The values that travel are JSON texts: a browser's numbers cannot hold all of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from audit.models import Channel
from operate.actions import EditVariables
from operate.actions.reveal import RevealVariables
from operate.admin.answers import REFUSALS, body_of, json_view, key_in, refusal_of, status_of
from operate.admin.four_eyes.asking import approval_for_edit, approval_json, command_of_edit
from operate.admin.four_eyes.plans import draft_address
from operate.admin.four_eyes.saving import Terms, save
from operate.admin.instance.variables_panel import DifferenceLine, SnapshotLine
from operate.approvals.gate import ApprovalNeeded
from operate.approvals.models import Draft
from operate.forms.keys import key_of
from operate.masking.masks import Masks
from operate.plans.asking import read_asked
from operate.variables import history, reading, snapshots
from operate.variables.checking import check
from operate.variables.edits import Edit, read_edit
from operate.variables.reading import Reading
from operate.variables.snapshots import SnapshotRow, State
from operate.variables.telling import (
    change_json,
    conflict_json,
    reading_json,
    refusal_json,
    type_change_json,
    warning_json,
    written_json,
)
from operate.variables.warnings import Link, Warning, warnings
from operate.workspaces import Access
from workflow.engine.errors import NotFound
from workflow.models import ProcessInstance

View = Callable[..., JsonResponse]


def edit_view(view: View) -> View:
    """As `json_view`; what refuses an edit says besides what would put it right."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        try:
            return view(request, *args, **kwargs)
        except REFUSALS as refusal:
            answer = {**refusal_of(refusal), **refusal_json(refusal)}
            if isinstance(refusal, ApprovalNeeded):
                answer |= {"code": "approval_needed", "approval": approval_json(refusal.policy, request)}
            return JsonResponse(answer, status=status_of(refusal))

    return answered


class VariablesViews:
    """The addresses below a process instance that have to do with its variables; mixed into its admin class."""

    def variables_pages(self) -> list[URLPattern]:
        """Where they are."""
        page = self.page  # type: ignore[attr-defined]
        return [
            page("<int:key>/variables/", "variables", self.variables_view),
            page("<int:key>/variables/warnings/", "variables_warnings", self.variable_warnings_view),
            page("<int:key>/variables/values/", "variables_values", self.variable_values_view),
            page("<int:key>/variables/reveal/", "variables_reveal", self.reveal_variables_view),
            page("<int:key>/variables/history/", "variables_history", self.variable_history_view),
            page("<int:key>/variables/export/", "variables_export", self.export_variables_view),
            page("<int:key>/snapshots/", "snapshots", self.snapshots_view),
            page("<int:key>/snapshots/compare/", "snapshots_compare", self.compare_snapshots_view),
            page("<int:key>/snapshots/<int:snapshot>/restore/", "snapshots_restore", self.restore_snapshot_view),
        ]

    # -- editing

    @method_decorator(require_POST)
    @method_decorator(edit_view)
    def variables_view(self, request: HttpRequest, key: int) -> JsonResponse:
        """Set and delete variables of one scope, all or none: single ones, or all of them as one document.

        With `draft` the edit is kept as one, and nothing is changed: `kept` is where to go then.
        """
        edit, reason = self._edit(request, key)
        kept = {}
        if isinstance(terms := body_of(request).get("draft"), dict):
            kept = {"kept": draft_address(self._keep(request, key, edit, {**terms, "reason": reason}))}
        else:
            EditVariables.of(request, Channel.ADMIN, reason=reason).execute(edit)
        return JsonResponse(self._now(request, key, edit.scope_key) | kept)  # type: ignore[attr-defined]

    def _keep(self, request: HttpRequest, key: int, edit: Edit, sent: dict[str, Any]) -> Draft:
        """The edit as a draft, after it was tried: what refuses an edit refuses its draft."""
        instance: ProcessInstance = self.visible(request, key)  # type: ignore[attr-defined]
        tried = EditVariables.of(request, Channel.ADMIN, dry_run=True).execute(edit)
        command = command_of_edit(edit, [change.name for change in tried.changes])
        sentences = read_asked(command, request.user).command.describe()
        return save(request, command, Terms.read(sent, instance.workspace_id, sentences))

    def _edit(self, request: HttpRequest, key: int) -> tuple[Edit, str]:
        instance: ProcessInstance = self.visible(request, key)  # type: ignore[attr-defined]
        body = body_of(request)
        scope = key_in(body, "scope")
        self._in_instance(request, instance, scope)
        return read_edit(scope, body), str(body.get("reason") or "")

    # -- reading

    @method_decorator(require_GET)
    @method_decorator(json_view)
    def variable_values_view(self, request: HttpRequest, key: int) -> JsonResponse:
        """The variables of a scope, whole; with `name` only this one."""
        instance, scope = self._scope(request, key)
        name = request.GET.get("name")
        if name is None:
            found: Sequence[Reading] = reading.variables(instance, scope)
        else:
            found = [reading.variable(instance, scope, name)]
        return JsonResponse({"variables": [reading_json(each) for each in found]})

    @method_decorator(require_POST)
    @method_decorator(json_view)
    def reveal_variables_view(self, request: HttpRequest, key: int) -> JsonResponse:
        """Variables of a scope without their masks, to who has the right; it goes on record before they are shown."""
        instance: ProcessInstance = self.visible(request, key)  # type: ignore[attr-defined]
        body = body_of(request)
        scope = key_in(body, "scope")
        self._in_instance(request, instance, scope)
        names = [str(name) for name in body.get("names") or ()]
        RevealVariables.of(request, Channel.ADMIN, reason=str(body.get("reason") or "")).execute(scope, names)
        found = reading.variables(instance, scope, masks=Masks({}), names=names)
        return JsonResponse({"variables": [reading_json(each) for each in found]})

    @method_decorator(require_GET)
    @method_decorator(json_view)
    def variable_history_view(self, request: HttpRequest, key: int) -> JsonResponse:
        """Every value that one variable had: who wrote it, when, and why."""
        instance, scope = self._scope(request, key)
        rows = history.history(instance, scope, [request.GET.get("name", "")], Access.of(request.user))
        return JsonResponse({"history": [{**written_json(row), "url": _audit_url(row.audit_event)} for row in rows]})

    @method_decorator(require_GET)
    @method_decorator(json_view)
    def variable_warnings_view(self, request: HttpRequest, key: int) -> JsonResponse:
        """What one should know before variables of a scope are saved, and the approval that this needs."""
        instance, scope = self._scope(request, key)
        found = warnings(instance, reading.scope_of(scope, Access.of(request.user))[1])
        approval = approval_for_edit(instance, request)
        return JsonResponse({"warnings": [_warning(each) for each in found], "approval": approval})

    @method_decorator(require_GET)
    def export_variables_view(self, request: HttpRequest, key: int) -> HttpResponseBase:
        """All variables of a scope as a JSON file."""
        try:
            instance, scope = self._scope(request, key)
        except NotFound as error:
            raise Http404(str(error)) from error
        text = reading.document(reading.variables(instance, scope, pretty=True), is_pretty=True)
        name = _plain(f"{instance.process_id}-{scope}-variables.json")
        return HttpResponse(
            text,
            content_type="application/json; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def _scope(self, request: HttpRequest, key: int) -> tuple[ProcessInstance, int]:
        """The process instance, and the scope in it that was asked for."""
        instance: ProcessInstance = self.visible(request, key)  # type: ignore[attr-defined]
        scope = key_of(request.GET.get("scope", "")) or key
        self._in_instance(request, instance, scope)
        return instance, scope

    @staticmethod
    def _in_instance(request: HttpRequest, instance: ProcessInstance, scope: int) -> None:
        """Raise NotFound for a scope that is elsewhere."""
        found, _scope = reading.scope_of(scope, Access.of(request.user))
        if found.key != instance.key:
            raise NotFound(
                _("Expected scope '%(scope)s' to be in process instance '%(key)s', but it is not.")
                % {"scope": scope, "key": instance.key}
            )

    # -- snapshots

    @method_decorator(require_GET)
    @method_decorator(json_view)
    def snapshots_view(self, request: HttpRequest, key: int) -> JsonResponse:
        """The list of snapshots, rendered."""
        instance: ProcessInstance = self.visible(request, key)  # type: ignore[attr-defined]
        access = Access.of(request.user)
        older = key_of(request.GET.get("before", ""))
        rows = snapshots.snapshots(instance, access, before=older)
        scopes = {each.key: each.name for each in reading.scopes(instance)[1:]}
        context = {
            "instance": instance,
            "rows": [
                SnapshotLine(row, scopes, instance.key, _audit_url(row.key) if row.actor else None) for row in rows
            ],
            "why": reading.why_not_editable(instance, reading.process_scope(instance), access),
            "is_more": len(rows) == snapshots.AT_ONCE,
        }
        return JsonResponse({"html": render_to_string("admin/fettle/instance/snapshots.html", context, request)})

    @method_decorator(require_GET)
    @method_decorator(json_view)
    def compare_snapshots_view(self, request: HttpRequest, key: int) -> JsonResponse:
        """What differs between two states, rendered; each named as in `state_of`."""
        self.visible(request, key)  # type: ignore[attr-defined]
        access = Access.of(request.user)
        named = [request.GET.get(side, "") for side in ("left", "right")]
        left, right = (snapshots.state_of(name, access) for name in named)
        found = snapshots.compare(left, right)
        context = {
            "differences": [DifferenceLine(each) for each in found],
            "is_cut": len(found) == snapshots.MOST_DIFFERENCES,
            "left": left,
            "right": right,
            "left_name": _moment_named(named[0], left, key),
            "right_name": _moment_named(named[1], right, key),
        }
        html = render_to_string("admin/fettle/instance/comparison.html", context, request)
        return JsonResponse({"html": html, "differences": len(found)})

    @method_decorator(require_POST)
    @method_decorator(edit_view)
    def restore_snapshot_view(self, request: HttpRequest, key: int, snapshot: int) -> JsonResponse:
        """Bring back what was before a snapshot's edit; with `dryRun` only say what that would do."""
        instance: ProcessInstance = self.visible(request, key)  # type: ignore[attr-defined]
        body = body_of(request)
        row = self._snapshot(request, instance, snapshot)
        scope = key_in(body, "scope")
        edit = snapshots.restoring(
            instance, row, scope_key=scope, whole=body.get("whole") is True, seen=_versions(body.get("seen"))
        )
        if body.get("dryRun") is True:
            return JsonResponse(_checked(request, edit) | {"approval": approval_for_edit(instance, request)})
        if isinstance(terms := body.get("draft"), dict):
            sent = {**terms, "reason": str(body.get("reason") or "")}
            kept = draft_address(self._keep(request, key, edit, sent))
            return JsonResponse(self._now(request, key, None) | {"kept": kept})  # type: ignore[attr-defined]
        EditVariables.of(request, Channel.ADMIN, reason=str(body.get("reason") or "")).execute(edit)
        return JsonResponse(self._now(request, key, None))  # type: ignore[attr-defined]

    @staticmethod
    def _snapshot(request: HttpRequest, instance: ProcessInstance, key: int) -> SnapshotRow:
        found, row = snapshots.snapshot(key, Access.of(request.user))
        if found.key != instance.key:
            raise NotFound(
                _("Expected snapshot '%(key)s' to be of process instance '%(instance)s', but it is not.")
                % {"key": key, "instance": instance.key}
            )
        return row


def _checked(request: HttpRequest, edit: Edit) -> dict[str, Any]:
    found = check(edit, lambda: EditVariables.of(request, Channel.ADMIN, dry_run=True), Access.of(request.user))
    return {
        "changes": [change_json(each) for each in found.changes],
        "type_changes": [type_change_json(each) for each in found.type_changes],
        "conflicts": [conflict_json(each) for each in found.conflicts],
        "warnings": [_warning(each) for each in found.warnings],
        "seen": {**edit.seen, **found.seen},
    }


def _warning(warning: Warning) -> dict[str, Any]:
    return {**warning_json(warning), "links": list(_links(warning.links))}


def _links(links: Iterable[Link]) -> Iterable[dict[str, str]]:
    """Where a warning leads; what has no page of its own is named in its sentence."""
    for link in links:
        if link.kind == "process_instance" and link.key is not None:
            yield {"label": link.label, "url": reverse("admin:workflow_processinstance_change", args=[link.key])}


def _versions(seen: Any) -> dict[str, str | None] | None:
    return {str(name): version for name, version in seen.items()} if isinstance(seen, dict) else None


def _moment_named(reference: str, state: State, key: int) -> str:
    """A state in words, such as 'Before 21 Nov 13:29:32'."""
    where = "" if state.instance.key == key else _(", instance %(key)s") % {"key": state.instance.key}
    if state.at is None:
        return _("Now%(where)s") % {"where": where}
    kind = reference.partition(":")[0].capitalize()
    return f"{kind} {timezone.localtime(state.at):%-d %b %H:%M:%S}{where}"


def _audit_url(key: int | None) -> str | None:
    return reverse("admin:audit_auditevent_change", args=[key]) if key else None


def _plain(name: str) -> str:
    """A file name that needs no quoting."""
    return "".join(sign if (sign.isalnum() and sign.isascii()) or sign in "-_." else "_" for sign in name)
