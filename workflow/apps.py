"""The engine and its tables, as Django knows them."""

from django.apps import AppConfig


class WorkflowConfig(AppConfig):
    """Process definitions, process instances and everything that the engine writes."""

    name = "workflow"
    verbose_name = "Processes"
    default_auto_field = "django.db.models.BigAutoField"
