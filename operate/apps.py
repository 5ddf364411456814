"""The back office, as Django knows it."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, post_save
from django.utils.translation import gettext_lazy as _


class OperateConfig(AppConfig):
    """Operations, roles and pages; keeps the role groups of every workspace in step with the role table."""

    name = "operate"
    verbose_name = _("Operations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from operate.undo import plan as _undoing_is_a_plan_too  # noqa: F401
        from operate.workspaces import signals
        from workflow.models import Workspace

        post_save.connect(signals.workspace_saved, sender=Workspace, dispatch_uid="operate.workspace_saved")
        post_migrate.connect(signals.migrated, sender=self, dispatch_uid="operate.migrated")
