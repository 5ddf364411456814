"""Workspaces, deployments and process definitions."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop

from workflow.graph import Semantics
from workflow.models.fields import KeyField, KeyReference
from workflow.models.querysets import WorkspaceQuerySet

DEFAULT_WORKSPACE = "<default>"


class Workspace(models.Model):
    """Who may see and touch what is decided here; the APIs call it a tenant."""

    slug = models.CharField(_("id"), max_length=64, unique=True, help_text=_("The tenant id of both APIs."))
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)

    class Meta:
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")
        ordering = ["name"]
        default_permissions = ()
        permissions = [
            ("view_workspace", noop("View process instances")),
            ("edit_variables", noop("Edit process variables (wks_process_instance_variables_edit)")),
            ("reveal_variables", noop("Reveal masked variables (variables.reveal)")),
            ("start_processinstance", noop("Start process instances")),
            ("modify_processinstance", noop("Modify process instances")),
            ("cancel_processinstance", noop("Cancel process instances")),
            ("suspend_processinstance", noop("Suspend and resume process instances")),
            ("delete_processinstance", noop("Delete ended process instances")),
            ("resolve_incident", noop("Resolve incidents and set retries")),
            ("restart_processinstance", noop("Restart ended process instances")),
            ("migrate_processinstance", noop("Migrate process instances")),
            ("correlate_message", noop("Correlate messages")),
            ("work_jobs", noop("Activate, complete and fail jobs")),
            ("complete_usertask", noop("Claim and complete user tasks")),
            ("deploy_processdefinition", noop("Deploy process definitions")),
            ("delete_processdefinition", noop("Delete process definitions")),
            ("approve_plan", noop("Approve plans")),
            ("break_glass", noop("Do without an approval what needs one")),
            ("view_audit", noop("View the audit log")),
            ("manage_workspace", noop("Manage the workspace and its members")),
        ]

    def __str__(self) -> str:
        return self.name


class Deployment(models.Model):
    """One act of deploying: the files that came together."""

    key = KeyField()
    workspace = models.ForeignKey(Workspace, models.PROTECT)
    name = models.CharField(_("name"), max_length=255, blank=True)
    source = models.CharField(_("source"), max_length=255, blank=True)
    deployed_at = models.DateTimeField(_("deployed at"))

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("deployment")
        verbose_name_plural = _("deployments")
        ordering = ["-key"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.name or str(self.key)


class ProcessDefinition(models.Model):
    """One version of a process, with the model it was read from."""

    class SemanticsChoice(models.TextChoices):
        CAMUNDA_7 = Semantics.CAMUNDA_7.value, "Camunda 7"
        ZEEBE = Semantics.ZEEBE.value, "Camunda 8"

    key = KeyField()
    workspace = models.ForeignKey(Workspace, models.PROTECT)
    deployment = KeyReference(Deployment)
    process_id = models.CharField(_("process id"), max_length=255)
    name = models.CharField(_("name"), max_length=255, blank=True)
    version = models.IntegerField(_("version"))
    version_tag = models.CharField(_("version tag"), max_length=64, blank=True)
    semantics = models.CharField(_("semantics"), max_length=16, choices=SemanticsChoice.choices)
    resource_name = models.CharField(_("file"), max_length=255)
    xml = models.TextField(_("BPMN XML"))
    checksum = models.CharField(_("checksum"), max_length=64, help_text=_("SHA-256 of the file's bytes."))
    suspended = models.BooleanField(_("suspended"), default=False)
    history_time_to_live_days = models.IntegerField(
        _("history time to live"),
        null=True,
        blank=True,
        help_text=_("Days that ended instances are kept. Empty: for ever."),
    )
    is_latest = models.BooleanField(_("latest version"), default=True)
    deployed_at = models.DateTimeField(_("deployed at"))

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("process definition")
        verbose_name_plural = _("process definitions")
        ordering = ["process_id", "-version"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["workspace", "process_id", "version"], name="one_definition_per_version"),
            models.UniqueConstraint(
                fields=["workspace", "process_id"], condition=Q(is_latest=True), name="one_latest_definition"
            ),
        ]
        indexes = [models.Index(fields=["deployment"], name="definition_deployment")]

    def __str__(self) -> str:
        return f"{self.name or self.process_id} v{self.version}"
