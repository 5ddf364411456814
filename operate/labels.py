"""Labels of the engine's constants that have none of their own: states as trees know them, error types of incidents."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

_LABELS = {
    "ACTIVATING": _("Activating"),
    "ACTIVE": _("Active"),
    "COMPLETING": _("Completing"),
    "COMPLETED": _("Completed"),
    "TERMINATED": _("Terminated"),
    "CANCELED": _("Canceled"),
    "SUSPENDED": _("Suspended"),
    "INCIDENT": _("Incident"),
    "added": _("added"),
    "removed": _("removed"),
    "changed": _("changed"),
    "CALLED_ELEMENT_ERROR": _("Called element error"),
    "CONDITION_ERROR": _("Condition error"),
    "EXTRACT_VALUE_ERROR": _("Extract value error"),
    "IO_MAPPING_ERROR": _("Io mapping error"),
    "JOB_NO_RETRIES": _("Job no retries"),
    "UNHANDLED_ERROR_EVENT": _("Unhandled error event"),
}

_ROLES = {
    "ORG_ADMIN": _("Org admin"),
    "WORKSPACE_ADMIN": _("Workspace admin"),
    "OPERATOR": _("Operator"),
    "SUPPORT": _("Support"),
    "AUDITOR": _("Auditor"),
    "WORKER": _("Worker"),
}


def role_label(role: str) -> str:
    """A role as people read it."""
    return str(_ROLES.get(role) or role.replace("_", " ").capitalize())


def constant(name: str) -> str:
    """A constant as people read it."""
    return str(_LABELS.get(name) or name.replace("_", " ").capitalize())
