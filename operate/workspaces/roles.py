"""Rights, and the roles that bundle them."""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    """What somebody may do in a workspace: the codenames of Workspace's permissions."""

    VIEW = "view_workspace"
    EDIT_VARIABLES = "edit_variables"
    REVEAL = "reveal_variables"
    START = "start_processinstance"
    MODIFY = "modify_processinstance"
    CANCEL = "cancel_processinstance"
    SUSPEND = "suspend_processinstance"
    DELETE_INSTANCE = "delete_processinstance"
    RESOLVE_INCIDENT = "resolve_incident"
    RESTART = "restart_processinstance"
    MIGRATE = "migrate_processinstance"
    CORRELATE_MESSAGE = "correlate_message"
    WORK_JOBS = "work_jobs"
    COMPLETE_TASK = "complete_usertask"
    DEPLOY = "deploy_processdefinition"
    DELETE_DEFINITION = "delete_processdefinition"
    APPROVE = "approve_plan"
    BREAK_GLASS = "break_glass"
    VIEW_AUDIT = "view_audit"
    MANAGE = "manage_workspace"


class Role(StrEnum):
    """The predefined roles. All but ORG_ADMIN are held in one workspace."""

    ORG_ADMIN = "ORG_ADMIN"
    WORKSPACE_ADMIN = "WORKSPACE_ADMIN"
    OPERATOR = "OPERATOR"
    SUPPORT = "SUPPORT"
    AUDITOR = "AUDITOR"
    WORKER = "WORKER"


RIGHTS_OF_ROLE: dict[Role, frozenset[Right]] = {
    Role.ORG_ADMIN: frozenset(Right),
    Role.WORKSPACE_ADMIN: frozenset(Right),
    Role.OPERATOR: frozenset(
        {
            Right.VIEW,
            Right.START,
            Right.MODIFY,
            Right.CANCEL,
            Right.SUSPEND,
            Right.RESOLVE_INCIDENT,
            Right.RESTART,
            Right.MIGRATE,
            Right.CORRELATE_MESSAGE,
            Right.WORK_JOBS,
            Right.COMPLETE_TASK,
        }
    ),
    Role.SUPPORT: frozenset({Right.VIEW}),
    Role.AUDITOR: frozenset({Right.VIEW, Right.VIEW_AUDIT}),
    Role.WORKER: frozenset({Right.VIEW, Right.WORK_JOBS, Right.CORRELATE_MESSAGE}),
}

OPERATING = frozenset(
    {
        Right.MODIFY,
        Right.CANCEL,
        Right.SUSPEND,
        Right.RESOLVE_INCIDENT,
        Right.RESTART,
        Right.MIGRATE,
        Right.EDIT_VARIABLES,
        Right.COMPLETE_TASK,
    }
)
"""Who holds one of these works with process instances, and does not only look at them."""

WORKSPACE_ROLES = tuple(role for role in Role if role is not Role.ORG_ADMIN)


def group_name(slug: str, role: Role) -> str:
    """The group that holds a role in a workspace; the organisation's administrators are one group for all of them."""
    return role.value if role is Role.ORG_ADMIN else f"{slug}:{role.value}"
