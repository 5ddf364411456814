"""Who may do what in a workspace, and why: read from the permissions themselves, so that it tells what holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.utils.translation import gettext as _
from guardian.models import GroupObjectPermission, UserObjectPermission

from operate.labels import role_label
from operate.models import RoleGrant
from operate.workspaces.membership import is_role_group
from operate.workspaces.roles import Right
from workflow.models import Workspace

ON_WORKSPACE = {
    "content_type__app_label": "workflow",
    "content_type__model": "workspace",
    "codename__in": [*Right],
}
ON_ONE = {f"permission__{name}": value for name, value in ON_WORKSPACE.items()}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a right comes from."""

    kind: str
    """role, group, person or superuser"""
    label: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.label} ({self.detail})" if self.detail else self.label


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who may do something in the workspace, with the sources of each right."""

    user: Any
    rights: Mapping[Right, Sequence[Source]]


def holders(workspace: Workspace) -> list[Holder]:
    """Everybody who may do anything in the workspace, by name; the number of queries does not grow with people."""
    found: dict[int, dict[Right, list[Source]]] = defaultdict(lambda: defaultdict(list))
    users = get_user_model()._default_manager.filter(is_active=True)
    for pk in users.filter(is_superuser=True).values_list("pk", flat=True):
        for right in Right:
            found[pk][right].append(Source("superuser", _("Superuser")))
    for group, rights in _of_groups(workspace).items():
        for pk in users.filter(groups=group).values_list("pk", flat=True):
            for right, source in rights:
                found[pk][right].append(source)
    for pk, right, source in _of_people(workspace):
        found[pk][right].append(source)
    people = users.filter(pk__in=found).order_by("first_name", "last_name", "username")
    return [Holder(user, found[user.pk]) for user in people]


def _of_groups(workspace: Workspace) -> dict[Group, list[tuple[Right, Source]]]:
    found: dict[Group, list[tuple[Right, Source]]] = defaultdict(list)
    groups = {group.pk: group for group in Group.objects.all()}
    roles: dict[int, list[str]] = defaultdict(list)
    for pk, role in RoleGrant.objects.filter(workspace=workspace, group__isnull=False).values_list("group", "role"):
        roles[pk].append(role_label(role))
    everywhere = Permission.objects.filter(**ON_WORKSPACE, group__isnull=False).values_list("group", "codename")
    here = GroupObjectPermission.objects.filter(object_pk=str(workspace.pk), **ON_ONE)
    for pk, codename in everywhere:
        found[groups[pk]].append((Right(codename), _source(groups[pk], _("all workspaces"), everywhere=True)))
    for pk, codename in here.values_list("group", "permission__codename"):
        found[groups[pk]].append((Right(codename), _source(groups[pk], ", ".join(sorted(roles[pk])))))
    return found


def _source(group: Group, detail: str, *, everywhere: bool = False) -> Source:
    if is_role_group(group):
        return Source("role", role_label(group.name.rpartition(":")[2]), detail if everywhere else "")
    return Source("group", _("group %(name)s") % {"name": group.name}, detail)


def _of_people(workspace: Workspace) -> list[tuple[int, Right, Source]]:
    everywhere = Permission.objects.filter(**ON_WORKSPACE, user__isnull=False).values_list("user", "codename")
    here = UserObjectPermission.objects.filter(object_pk=str(workspace.pk), **ON_ONE)
    found = [
        (pk, Right(codename), Source("person", _("in person"), _("all workspaces"))) for pk, codename in everywhere
    ]
    return found + [
        (pk, Right(codename), Source("person", _("in person")))
        for pk, codename in here.values_list("user", "permission__codename")
    ]
