"""The engine and its tables, as Django knows them."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkflowConfig(AppConfig):
    """Process definitions, process instances and everything that the engine writes."""

    name = "workflow"
    verbose_name = _("Processes")
    default_auto_field = "django.db.models.BigAutoField"
