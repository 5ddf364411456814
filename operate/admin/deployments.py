"""Deployments: which files came together, and when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest

from operate.admin.base import EngineModelAdmin
from workflow.models import Deployment, ProcessDefinition


@admin.register(Deployment)
class DeploymentAdmin(EngineModelAdmin):
    """Read-only."""

    list_template = "deployments.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).annotate(workspace_name=F("workspace__name"))

    def decorated(self, request: HttpRequest, rows: Sequence[Any]) -> Sequence[Any]:
        found = ProcessDefinition.objects.filter(deployment__in=[row.key for row in rows]).defer("xml")
        made: dict[int, list[ProcessDefinition]] = {}
        for definition in found:
            made.setdefault(definition.deployment_key, []).append(definition)
        for row in rows:
            row.definitions = made.get(row.key, [])
        return rows
