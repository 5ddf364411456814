"""Role groups and who is in them.

A role in a workspace is a group with permissions on that workspace. What a role may do is decided by the role table
alone; groups of other names can be given any permissions besides.
"""

from __future__ import annotations

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from guardian.models import GroupObjectPermission

from operate.models import RoleGrant
from operate.workspaces.access import Access, User
from operate.workspaces.roles import RIGHTS_OF_ROLE, WORKSPACE_ROLES, Right, Role, group_name
from workflow.engine.errors import NotFound
from workflow.models import DEFAULT_WORKSPACE, Workspace


def ensure_roles(workspace: Workspace) -> None:
    """Bring the workspace's role groups, and the organisation's, in step with the role table."""
    permissions = _permissions()
    _ensure_organisation_role(permissions)
    groups = _ensure_groups({role: group_name(workspace.slug, role) for role in WORKSPACE_ROLES})
    content_type = ContentType.objects.get_for_model(Workspace)
    wanted = {(group.pk, permissions[right].pk) for role, group in groups.items() for right in RIGHTS_OF_ROLE[role]}
    granted = GroupObjectPermission.objects.filter(
        group__in=groups.values(), content_type=content_type, object_pk=str(workspace.pk)
    )
    present = {
        (group, permission): pk for pk, group, permission in granted.values_list("pk", "group_id", "permission_id")
    }
    surplus = [pk for grant, pk in present.items() if grant not in wanted]
    for grant in RoleGrant.objects.filter(workspace=workspace, group__isnull=False).select_related("group"):
        _give_rights(grant.group, workspace)
    if surplus:
        GroupObjectPermission.objects.filter(pk__in=surplus).delete()
    GroupObjectPermission.objects.bulk_create(
        GroupObjectPermission(
            group_id=group, permission_id=permission, content_type=content_type, object_pk=str(workspace.pk)
        )
        for group, permission in wanted - present.keys()
    )


def add_member(user: User, workspace: Workspace | None, role: Role | str) -> None:
    """Give the user a role in the workspace; ORG_ADMIN is given without one."""
    _group(workspace, Role(role)).user_set.add(user)
    RoleGrant.objects.get_or_create(workspace=workspace, role=Role(role).value, user=user, group=None)
    Access.forget(user)


def remove_member(user: User, workspace: Workspace | None, role: Role | str | None = None) -> None:
    """Take a role from the user, or all roles in the workspace."""
    roles = [Role(role)] if role else WORKSPACE_ROLES
    for each in roles:
        _group(workspace, each).user_set.remove(user)
    for grant in RoleGrant.objects.filter(workspace=workspace, role__in=roles, user=user):
        grant.delete()  # one by one: that keeps the history
    Access.forget(user)


def add_group(group: Group, workspace: Workspace, role: Role | str) -> None:
    """Give the role in the workspace to everybody who is in the group, now or later."""
    if is_role_group(group):
        raise ValueError(f"Expected a group of people, found '{group.name}', which is a role's own group.")
    RoleGrant.objects.get_or_create(workspace=workspace, role=Role(role).value, user=None, group=group)
    _give_rights(group, workspace)


def remove_group(group: Group, workspace: Workspace, role: Role | str) -> None:
    """Take the role from the group; rights of its other roles in the workspace stay."""
    for grant in RoleGrant.objects.filter(workspace=workspace, role=Role(role).value, group=group):
        grant.delete()
    _give_rights(group, workspace)


def groups_with(workspace: Workspace, role: Role | str) -> QuerySet[Group]:
    """The groups that hold the role in the workspace."""
    grants = RoleGrant.objects.filter(workspace=workspace, role=Role(role).value, group__isnull=False)
    return Group.objects.filter(pk__in=grants.values("group")).order_by("name")


def is_role_group(group: Group) -> bool:
    """Whether the group is one that a role is made of."""
    return group.name == Role.ORG_ADMIN or group.name.rpartition(":")[2] in {*WORKSPACE_ROLES}


def _give_rights(group: Group, workspace: Workspace) -> None:
    """Bring what the group may do in the workspace in step with the roles that it holds there."""
    permissions = _permissions()
    roles = RoleGrant.objects.filter(workspace=workspace, group=group).values_list("role", flat=True)
    wanted = {permissions[right].pk for role in roles for right in RIGHTS_OF_ROLE[Role(role)]}
    held = GroupObjectPermission.objects.filter(
        group=group, content_type=ContentType.objects.get_for_model(Workspace), object_pk=str(workspace.pk)
    )
    present = set(held.values_list("permission_id", flat=True))
    held.exclude(permission_id__in=wanted).delete()
    GroupObjectPermission.objects.bulk_create(
        GroupObjectPermission(
            group=group,
            permission_id=permission,
            content_type=ContentType.objects.get_for_model(Workspace),
            object_pk=str(workspace.pk),
        )
        for permission in wanted - present
    )


def members(workspace: Workspace, role: Role | str) -> QuerySet[User]:
    """The users who hold the role in the workspace."""
    return _group(workspace, Role(role)).user_set.order_by("pk")


def workspace_named(slug: str | None) -> Workspace:
    """The workspace with this tenant id, the default one without; raises NotFound."""
    workspace = Workspace.objects.filter(slug=slug or DEFAULT_WORKSPACE).first()
    if workspace is None:
        raise NotFound(f"Expected to find a workspace with id '{slug}', but there is none.")
    return workspace


def no_such_workspace(workspace_id: int | None) -> str:
    """What is said of a workspace that somebody may not know of: the same as of one that does not exist."""
    slug = Workspace.objects.filter(pk=workspace_id).values_list("slug", flat=True).first()
    return f"Expected to find a workspace with id '{slug or workspace_id}', but there is none."


def _group(workspace: Workspace | None, role: Role) -> Group:
    if workspace is None and role is not Role.ORG_ADMIN:
        raise ValueError(f"Expected a workspace for role '{role}', found none; only ORG_ADMIN is held without one.")
    return Group.objects.get(name=group_name(workspace.slug if workspace else "", role))


def _ensure_groups(names: dict[Role, str]) -> dict[Role, Group]:
    known = {group.name: group for group in Group.objects.filter(name__in=names.values())}
    missing = [Group(name=name) for name in names.values() if name not in known]
    known |= {group.name: group for group in Group.objects.bulk_create(missing)}
    return {role: known[name] for role, name in names.items()}


def _ensure_organisation_role(permissions: dict[Right, Permission]) -> None:
    group = _ensure_groups({Role.ORG_ADMIN: group_name("", Role.ORG_ADMIN)})[Role.ORG_ADMIN]
    held = set(group.permissions.values_list("pk", flat=True))
    missing = {permissions[right].pk for right in RIGHTS_OF_ROLE[Role.ORG_ADMIN]} - held
    if missing:
        group.permissions.add(*missing)


def _permissions() -> dict[Right, Permission]:
    """The permission rows by right, made if Django has not yet come to it."""
    found = _stored_permissions()
    if len(found) < len(Right):
        create_permissions(apps.get_app_config("workflow"), verbosity=0, interactive=False)
        found = _stored_permissions()
    return found


def _stored_permissions() -> dict[Right, Permission]:
    rows = Permission.objects.filter(
        content_type__app_label="workflow", content_type__model="workspace", codename__in=[*Right]
    )
    return {Right(row.codename): row for row in rows}
