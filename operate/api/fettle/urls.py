"""Addresses of Fettle's own API, below `/api/`."""

from __future__ import annotations

from django.urls import path

from operate.api.fettle import back, modification, search
from operate.api.fettle.openapi import OpenApiDocument

INSTANCE = "process-instances/<str:key>"

resources = [
    path("dry-run", DryRun.as_view()),
    path(f"{INSTANCE}/modification", modification.Modify.as_view()),
    path(f"{INSTANCE}/modification/dry-run", modification.ModifyDryRun.as_view()),
    path(f"{INSTANCE}/modification/validate", modification.Validate.as_view()),
    path(f"{INSTANCE}/modification/export", modification.Export.as_view()),
    path(f"{INSTANCE}/back", back.Back.as_view()),
    path(f"{INSTANCE}/back/dry-run", back.BackDryRun.as_view()),
    path(f"{INSTANCE}/back/targets", back.BackTargets.as_view()),
    path("search/process-instances", search.SearchProcessInstances.as_view()),
    path("search/paths", search.SearchablePaths.as_view()),
]
urlpatterns = [path("openapi.json", OpenApiDocument.as_view()), *resources]
