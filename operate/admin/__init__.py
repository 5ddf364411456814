"""The back office: pages over the engine's tables. They read what the user may see and write through actions alone."""

from operate.admin import (
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

__all__ = [
    "audit_events",
    "batches",
    "deployments",
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
