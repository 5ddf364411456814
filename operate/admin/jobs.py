"""Jobs: what external workers have to do."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest

from operate.admin.base import EngineModelAdmin
from operate.forms.filters import JobFilter
from workflow.models import Job


@admin.register(Job)
class JobAdmin(EngineModelAdmin):
    """Read-only: workers take jobs through the APIs."""

    filter_form = JobFilter
    list_template = "jobs.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                process_name=F("definition__name"),
                process_id=F("definition__process_id"),
                workspace_name=F("workspace__name"),
            )
        )
