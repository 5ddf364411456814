"""Who holds a right: the other way round than `Access`, which tells the rights of one user."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q, QuerySet
from guardian.models import GroupObjectPermission, UserObjectPermission

from operate.workspaces.roles import Right


def holding(right: Right, workspace_id: int) -> QuerySet[Any]:
    """The active users who hold the right in the workspace: by a role, a group, in person, everywhere, or as superuser."""
    permission = Permission.objects.filter(
        content_type__app_label="workflow", content_type__model="workspace", codename=right
    )
    here = {"permission__in": permission, "object_pk": str(workspace_id)}
    in_groups = Group.objects.filter(
        Q(permissions__in=permission) | Q(pk__in=GroupObjectPermission.objects.filter(**here).values("group"))
    )
    by_group = User.groups.through.objects.filter(group__in=in_groups)
    in_person = User.user_permissions.through.objects.filter(permission__in=permission)
    return User.objects.filter(
        Q(is_superuser=True)
        | Q(pk__in=by_group.values("user"))
        | Q(pk__in=in_person.values("user"))
        | Q(pk__in=UserObjectPermission.objects.filter(**here).values("user")),
        is_active=True,
    )


__all__ = ["holding"]
