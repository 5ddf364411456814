"""Keeps role groups in step when workspaces appear and when a release changes the role table."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.db import connections
from guardian.models import GroupObjectPermission

from operate.models import RoleGrant
from operate.workspaces.membership import ensure_roles
from workflow.models import DEFAULT_WORKSPACE, Workspace


def workspace_saved(sender: type[Workspace], instance: Workspace, raw: bool = False, **rest: Any) -> None:
    """A workspace, new or changed, has its role groups."""
    if not raw:
        ensure_roles(instance)


def migrated(sender: object, using: str, **rest: Any) -> None:
    """After each migration (and after a flush) there is the default workspace, and all roles are as the table says.

    Where some app is migrated only in part or backwards, the tables may not be there; then there is nothing to do yet.
    """
    needed = {model._meta.db_table for model in (Workspace, Group, GroupObjectPermission, RoleGrant)}
    if not needed <= set(connections[using].introspection.table_names()):
        return
    Workspace.objects.get_or_create(slug=DEFAULT_WORKSPACE, defaults={"name": "Default"})
    for workspace in Workspace.objects.all():
        ensure_roles(workspace)
