"""The back office: pages over the engine's tables. They read what the user may see and write through actions alone."""

from operate.admin import (
    alerts,
    audit_events,
    batches,
    deployments,
    incidents,
    jobs,
    masking,
    notifications,
    people,
    policies,
    process_definitions,
    process_instances,
    user_tasks,
    webhooks,
    workspaces,
)
from operate.admin.four_eyes import pages as four_eyes

__all__ = [
    "alerts",
    "audit_events",
    "batches",
    "deployments",
    "four_eyes",
    "incidents",
    "jobs",
    "masking",
    "notifications",
    "people",
    "policies",
    "process_definitions",
    "process_instances",
    "user_tasks",
    "webhooks",
    "workspaces",
]
