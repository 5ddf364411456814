"""Addresses of Fettle's own API, below `/api/`."""

from __future__ import annotations

from django.urls import path

from operate.api.fettle import (
    alerts,
    approval_policies,
    audit_events,
    back,
    diagnosis,
    drafts,
    modification,
    notes,
    search,
    snapshots,
    undo,
    variables,
)
from operate.api.fettle.dry_run import DryRun
from operate.api.fettle.openapi import OpenApiDocument

INSTANCE = "process-instances/<str:key>"
SCOPE = "scopes/<str:key>"
DRAFT = "drafts/<str:key>"

resources = [
    path("saved-filters", alerts.SavedFilters.as_view()),
    path("alerts", alerts.Alerts.as_view()),
    path("alerts/<str:key>", alerts.OneAlert.as_view()),
    path("alerts/<str:key>/history", alerts.AlertHistory.as_view()),
    path("drafts", drafts.Drafts.as_view()),
    path(DRAFT, drafts.OneDraft.as_view()),
    path(f"{DRAFT}/comments", drafts.DraftComments.as_view()),
    path(f"{DRAFT}/dry-run", drafts.TryDraft.as_view()),
    path(f"{DRAFT}/request", drafts.RequestDraft.as_view()),
    path(f"{DRAFT}/approve", drafts.Approve.as_view()),
    path(f"{DRAFT}/reject", drafts.Reject.as_view()),
    path(f"{DRAFT}/withdraw", drafts.Withdraw.as_view()),
    path(f"{DRAFT}/apply", drafts.Apply.as_view()),
    path("approval-policies", approval_policies.Policies.as_view()),
    path("approval-policies/<str:key>", approval_policies.OnePolicy.as_view()),
    path("audit-events/search", audit_events.SearchAuditEvents.as_view()),
    path("audit-events/export", audit_events.ExportAuditEvents.as_view()),
    path("audit-events/<str:key>/undo", undo.UndoOfEvent.as_view()),
    path("audit-events/<str:key>/undo/dry-run", undo.UndoDryRun.as_view()),
    path("batches/<str:key>/undo", undo.UndoOfBatch.as_view()),
    path("batches/<str:key>/undo/dry-run", undo.UndoOfBatchDryRun.as_view()),
    path("dry-run", DryRun.as_view()),
    path(f"{INSTANCE}/modification", modification.Modify.as_view()),
    path(f"{INSTANCE}/modification/dry-run", modification.ModifyDryRun.as_view()),
    path(f"{INSTANCE}/modification/validate", modification.Validate.as_view()),
    path(f"{INSTANCE}/modification/export", modification.Export.as_view()),
    path(f"{INSTANCE}/undo/<str:event>", undo.UndoOf.as_view()),
    path(f"{INSTANCE}/why-stuck", diagnosis.WhyStuck.as_view()),
    path(f"{INSTANCE}/back", back.Back.as_view()),
    path(f"{INSTANCE}/back/dry-run", back.BackDryRun.as_view()),
    path(f"{INSTANCE}/back/targets", back.BackTargets.as_view()),
    path(f"{INSTANCE}/notes", notes.Notes.as_view()),
    path(f"{INSTANCE}/notes/<str:note>", notes.OneNote.as_view()),
    path("search/process-instances", search.SearchProcessInstances.as_view()),
    path("search/paths", search.SearchablePaths.as_view()),
    path(f"{INSTANCE}/scopes", variables.Scopes.as_view()),
    path(f"{INSTANCE}/variables-at", snapshots.VariablesAt.as_view()),
    path(f"{INSTANCE}/variable-snapshots", snapshots.Snapshots.as_view()),
    path("variable-snapshots/<str:key>", snapshots.Snapshot.as_view()),
    path("variable-snapshots/<str:key>/restore", snapshots.RestoreSnapshot.as_view()),
    path("variable-comparison", snapshots.Comparison.as_view()),
    path(f"{SCOPE}/variables", variables.ScopeVariables.as_view()),
    path(f"{SCOPE}/variables/<str:name>", variables.OneVariable.as_view()),
    path(f"{SCOPE}/variables/<str:name>/history", variables.VariableHistory.as_view()),
    path(f"{SCOPE}/document", variables.Document.as_view()),
    path(f"{SCOPE}/check", variables.CheckEdit.as_view()),
]
urlpatterns = [path("openapi.json", OpenApiDocument.as_view(resources=resources)), *resources]
