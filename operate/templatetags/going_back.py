"""Whether a menu offers to go back."""

from __future__ import annotations

from django import template

from workflow.models import ProcessInstance
from workflow.persistence.definitions import executable_process

register = template.Library()


@register.filter
def allows_back(instance: ProcessInstance) -> bool:
    """Whether the process instance runs, and its model has user tasks that one may go back to."""
    is_active = instance.state == ProcessInstance.State.ACTIVE
    return is_active and bool(executable_process(instance.definition_key).back_targets)
