"""Who sees and may do what, decided in one place for pages, both APIs and batches."""

from operate.workspaces.access import Access, Forbidden, Hidden, visible_to
from operate.workspaces.membership import (
    add_group,
    add_member,
    ensure_roles,
    groups_with,
    is_role_group,
    members,
    remove_group,
    remove_member,
    workspace_named,
)
from operate.workspaces.roles import RIGHTS_OF_ROLE, Right, Role

__all__ = [
    "RIGHTS_OF_ROLE",
    "Access",
    "Forbidden",
    "Hidden",
    "Right",
    "Role",
    "add_group",
    "add_member",
    "ensure_roles",
    "groups_with",
    "is_role_group",
    "members",
    "remove_group",
    "remove_member",
    "visible_to",
    "workspace_named",
]
