"""BPMN elements: how each is read, what it is, how it behaves. Importing this package registers all of them."""

from workflow.elements import (
    end_event,
    exclusive_gateway,
    job_task,
    parallel_gateway,
    process,
    receive_task,
    script_task,
    start_event,
    sub_process,
    task,
    user_task,
)

__all__ = [
    "end_event",
    "exclusive_gateway",
    "job_task",
    "parallel_gateway",
    "process",
    "receive_task",
    "script_task",
    "start_event",
    "sub_process",
    "task",
    "user_task",
]
