"""Finding process instances and user tasks by their data, and going back to earlier tasks.

What is configured here is written by the services; the unit of work writes the rest, in the transaction of the command that
changes the variables.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from workflow.graph import DataPath, DataType
from workflow.models.definitions import Workspace
from workflow.models.fields import KeyReference, NumericField
from workflow.models.instances import ElementInstance, InstanceRow, ProcessInstance, UserTask
from workflow.models.querysets import WorkspaceQuerySet


class ProcessDataPath(models.Model):
    """A path into the variables of a process that people search by, for all its versions in a workspace."""

    class Type(models.TextChoices):
        TEXT = DataType.TEXT.value, _("Text")
        NUMBER = DataType.NUMBER.value, _("Number")
        DATE = DataType.DATE.value, _("Date")
        BOOLEAN = DataType.BOOLEAN.value, _("Yes or no")

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="data_paths", verbose_name=_("workspace"))
    process_id = models.CharField(_("process id"), max_length=255)
    path = models.CharField(_("path"), max_length=255, help_text=_("As in customer.address.city."))
    type = models.CharField(_("type"), max_length=16, choices=Type.choices, default=Type.TEXT)
    label = models.CharField(_("label"), max_length=100, blank=True)
    is_searchable = models.BooleanField(_("process instances are found by it"), default=True)
    is_keyword = models.BooleanField(_("keyword of user tasks"), default=False)
    is_declared = models.BooleanField(default=False, help_text=_("It came with the model, nobody has changed it."))

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("data path")
        verbose_name_plural = _("data paths")
        ordering = ["path"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["workspace", "process_id", "path"], name="one_data_path_per_process")
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def plain(self) -> DataPath:
        """What the engine's side knows of it."""
        return DataPath(self.path, DataType(self.type), self.is_searchable, self.is_keyword, self.label)


class Reindexing(models.Model):
    """One walk through the process instances of a process, after what is configured for it has changed."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    process_id = models.CharField(_("process id"), max_length=255)
    total = models.BigIntegerField(_("process instances"), default=0)
    done = models.BigIntegerField(_("done"), default=0)
    last_key = models.BigIntegerField(default=0, help_text=_("The process instance that was done last."))
    requested_at = models.DateTimeField(_("requested at"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("re-indexing")
        verbose_name_plural = _("re-indexings")
        ordering = ["-pk"]
        default_permissions = ()
        indexes = [models.Index(fields=["workspace", "process_id", "-id"], name="reindexing_process")]


class ProcessDataValue(models.Model):
    """What stands at a searchable path in the variables of a process instance; of a list, each item."""

    pk = models.CompositePrimaryKey("process_instance_key", "path", "position")
    process_instance = KeyReference(ProcessInstance, related_name="data_values")
    root_process_instance = KeyReference(ProcessInstance, related_name="+")
    workspace = models.ForeignKey(Workspace, models.DO_NOTHING, db_constraint=False, db_index=False)
    process_id = models.CharField(max_length=255)
    path = models.CharField(max_length=255)
    position = models.SmallIntegerField()
    text = models.TextField(null=True, blank=True)
    number = NumericField(null=True, blank=True)
    date = models.DateTimeField(null=True, blank=True)
    boolean = models.BooleanField(null=True, blank=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("searchable value")
        verbose_name_plural = _("searchable values")
        default_permissions = ()
        indexes = [
            models.Index(fields=["path", "text"], name="data_value_text", condition=Q(text__isnull=False)),
            models.Index(fields=["path", "number"], name="data_value_number", condition=Q(number__isnull=False)),
            models.Index(fields=["path", "date"], name="data_value_date", condition=Q(date__isnull=False)),
            models.Index(fields=["path", "boolean"], name="data_value_boolean", condition=Q(boolean__isnull=False)),
        ]


class TaskKeywords(models.Model):
    """What a user task is found by: the values of its process's keyword paths, as the task sees them."""

    user_task = models.OneToOneField(
        UserTask,
        models.DO_NOTHING,
        primary_key=True,
        db_column="user_task_key",
        db_constraint=False,
        related_name="keywords",
    )
    process_instance = KeyReference(ProcessInstance, related_name="+")
    root_process_instance = KeyReference(ProcessInstance, related_name="+")
    values = models.JSONField(default=dict, help_text=_("Texts by path."))
    is_open = models.BooleanField(default=True)
    words = models.GeneratedField(
        expression=Func(
            F("values"),
            template="jsonb_to_tsvector('simple'::regconfig, %(expressions)s, '[\"string\"]'::jsonb)",
            output_field=SearchVectorField(),
        ),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        verbose_name = _("keywords")
        verbose_name_plural = _("keywords")
        default_permissions = ()
        indexes = [
            models.Index(fields=["process_instance"], name="task_keywords_instance"),
            GinIndex(fields=["words"], name="task_keywords_of_open", condition=Q(is_open=True)),
            GinIndex(fields=["words"], name="task_keywords_of_ended", condition=Q(is_open=False)),
        ]


class ProcessSnapshot(InstanceRow):
    """A process instance as it was when a user task began to wait that one may go back to. Never changed afterwards."""

    process_instance = KeyReference(ProcessInstance, related_name="snapshots")
    element_id = models.CharField(_("element id"), max_length=255)
    element_instance = KeyReference(ElementInstance, related_name="+")
    scope_keys = ArrayField(
        models.BigIntegerField(), help_text=_("The scopes around the task, innermost first; the last is the instance.")
    )
    marking = models.JSONField(help_text=_("What was active: key, element id and flow scope of each element instance."))
    variables = models.JSONField(
        null=True, blank=True, help_text=_("By scope and name: value and type. Empty where they are not brought back.")
    )
    taken_at = models.DateTimeField(_("taken at"))

    class Meta(InstanceRow.Meta):
        abstract = False
        verbose_name = _("process snapshot")
        verbose_name_plural = _("process snapshots")
        ordering = ["-key"]
        indexes = [models.Index(fields=["process_instance", "-key"], name="process_snapshot_instance")]


__all__ = ["ProcessDataPath", "ProcessDataValue", "ProcessSnapshot", "Reindexing", "TaskKeywords"]
