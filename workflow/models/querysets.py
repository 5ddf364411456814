"""Querysets narrowed to what somebody may see."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self

from django.db import models


class WorkspaceQuerySet(models.QuerySet):
    """Rows that belong to a process instance, or to a workspace directly."""

    workspace_path = "process_instance__workspace_id"

    def in_workspaces(self, workspaces: Collection[int] | None) -> Self:
        """Only rows of these workspaces; `None` stands for all of them."""
        if workspaces is None:
            return self
        names = {field.name for field in self.model._meta.get_fields()}
        path = "workspace_id" if "workspace" in names else self.workspace_path
        return self.filter(**{f"{path}__in": workspaces})


class ProcessInstanceQuerySet(WorkspaceQuerySet):
    """Process instances by what they are doing."""

    def active(self) -> Self:
        return self.filter(state="ACTIVE")

    def ended(self) -> Self:
        return self.exclude(state="ACTIVE")

    def with_incident(self) -> Self:
        return self.filter(open_incidents__gt=0)

    def at_element(self, element_id: str) -> Self:
        """Instances in which the element is active now."""
        from workflow.models.instances import ElementInstance

        active = ElementInstance.objects.filter(
            process_instance=models.OuterRef("pk"),
            element_id=element_id,
            state__in=["ACTIVATING", "ACTIVE", "COMPLETING"],
        )
        return self.filter(models.Exists(active))
