"""Workspaces, who holds which role in them, and what is masked: configuration, with its audit events. There is no dry run of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group

from audit.models import Event, Subject
from operate.actions.base import Action
from operate.masking.models import MaskedVariable
from operate.masking.patterns import Pattern
from operate.models import WorkspaceSettings
from operate.workspaces.access import Forbidden, User
from operate.workspaces.membership import (
    add_group,
    add_member,
    is_role_group,
    remove_group,
    remove_member,
)
from operate.workspaces.roles import WORKSPACE_ROLES, Right, Role
from workflow.engine.errors import Conflict, NotFound, Rejected
from workflow.models import Workspace

SETTINGS = frozenset({"audit_worker_traffic"})


class WorkspaceAction(Action[Workspace]):
    """What is done to one workspace by who manages it."""

    permission = Right.MANAGE
    subject = Subject.WORKSPACE
    entity = Subject.WORKSPACE

    def managed(self, key: int) -> Workspace:
        """The workspace, if the actor manages it; NotFound."""
        self.about(key)
        workspace = Workspace.objects.filter(pk=key).first()
        if workspace is None:
            raise NotFound(self.nothing_found())
        self.context.authorize(workspace.pk)
        return workspace


class AddWorkspace(WorkspaceAction):
    """Make a workspace; only who manages all of them may."""

    event = Event.CREATE

    def perform(self, slug: str, name: str, description: str = "", **settings: Any) -> Workspace:
        self.note(slug=slug, name=name, description=description, settings=settings)
        if self.access.workspaces(Right.MANAGE) is not None:
            raise Forbidden(Right.MANAGE, "")
        if Workspace.objects.filter(slug=slug).exists():
            raise Conflict(f"Expected an id that no workspace has, found '{slug}'.")
        workspace = Workspace.objects.create(slug=slug, name=name, description=description)
        WorkspaceSettings.objects.create(workspace=workspace, **settings)
        self.about(workspace.pk)
        self.entry.workspace_id = workspace.pk
        return workspace


class ChangeWorkspace(WorkspaceAction):
    """Give a workspace another name, description or settings; its id names role groups and stays."""

    event = Event.UPDATE

    def perform(self, key: int, changes: Mapping[str, Any]) -> Workspace:
        self.note(changes=dict(changes))
        workspace = self.managed(key)
        own = {name: value for name, value in changes.items() if name not in SETTINGS}
        for name, value in own.items():
            setattr(workspace, name, value)
        if own:
            workspace.save()
        settings, _ = WorkspaceSettings.objects.get_or_create(workspace=workspace)
        chosen = {name: value for name, value in changes.items() if name in SETTINGS}
        for name, value in chosen.items():
            setattr(settings, name, value)
        if chosen:
            settings.save()
        return workspace


class RoleAction(WorkspaceAction):
    """What granting and revoking share."""

    subject = Subject.ROLE

    def perform(self, key: int, role: str, *, user: User | None = None, group: Group | None = None) -> Workspace:
        self.note(role=role, user=user and user.get_username(), group=group and group.name)
        workspace = self.managed(key)
        if role not in WORKSPACE_ROLES:
            raise Rejected(f"Expected one of the roles {', '.join(WORKSPACE_ROLES)}, found '{role}'.")
        if group is not None and is_role_group(group):
            raise Rejected(f"Expected a group of people, found '{group.name}', which is a role's own group.")
        if user is None and group is None:
            raise Rejected("Expected somebody, or a group, to hold the role; found nobody of that name.")
        self.change(workspace, Role(role), user, group)
        return workspace

    def change(self, workspace: Workspace, role: Role, user: User | None, group: Group | None) -> None:
        """Give or take the role."""
        raise NotImplementedError


class GrantRole(RoleAction):
    """Give a role in a workspace to a user or to a group."""

    event = Event.GRANT

    def change(self, workspace: Workspace, role: Role, user: User | None, group: Group | None) -> None:
        if user is not None:
            add_member(user, workspace, role)
        if group is not None:
            add_group(group, workspace, role)


class RevokeRole(RoleAction):
    """Take a role in a workspace from a user or from a group."""

    event = Event.REVOKE

    def change(self, workspace: Workspace, role: Role, user: User | None, group: Group | None) -> None:
        if user is not None:
            remove_member(user, workspace, role)
        if group is not None:
            remove_group(group, workspace, role)


class MaskVariables(WorkspaceAction):
    """Hide what a pattern names in the variables of all versions of a process."""

    subject = Subject.MASKING
    event = Event.CREATE

    def perform(self, key: int, process_id: str, pattern: str, *, note: str = "") -> Workspace:
        self.note(pattern=pattern, remark=note)
        self.entry.process_id = process_id
        workspace = self.managed(key)
        try:
            text = str(Pattern.read(pattern))
        except ValueError as error:
            raise Rejected(str(error)) from None
        if MaskedVariable.objects.filter(workspace=workspace, process_id=process_id, pattern=text).exists():
            raise Conflict(f"Pattern '{text}' is there already.")
        MaskedVariable.objects.create(workspace=workspace, process_id=process_id, pattern=text, note=note)
        return workspace


class UnmaskVariables(WorkspaceAction):
    """Hide no longer what a pattern names."""

    subject = Subject.MASKING
    event = Event.DELETE

    def perform(self, key: int, process_id: str, pattern: str) -> Workspace:
        self.note(pattern=pattern)
        self.entry.process_id = process_id
        workspace = self.managed(key)
        known = MaskedVariable.objects.filter(workspace=workspace, process_id=process_id, pattern=pattern).first()
        if known is None:
            raise NotFound(f"Expected to find pattern '{pattern}', but there is none.")
        known.delete()
        return workspace


__all__ = [
    "AddWorkspace",
    "ChangeWorkspace",
    "GrantRole",
    "MaskVariables",
    "RevokeRole",
    "UnmaskVariables",
    "WorkspaceAction",
]
