"""What a running process instance consists of. Only the unit of work writes these tables; everybody may read them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from workflow.models.definitions import ProcessDefinition, Workspace
from workflow.models.fields import KeyField, KeyReference
from workflow.models.querysets import ProcessInstanceQuerySet, WorkspaceQuerySet


class ProcessInstance(models.Model):
    """One run of a process definition. Its key is also the key of its outermost scope."""

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", _("Active")
        COMPLETED = "COMPLETED", _("Completed")
        CANCELED = "CANCELED", _("Canceled")

    key = KeyField()
    workspace = models.ForeignKey(Workspace, models.DO_NOTHING, db_constraint=False, db_index=False)
    definition = KeyReference(ProcessDefinition)
    process_id = models.CharField(_("process id"), max_length=255)
    version = models.IntegerField(_("version"))
    root_process_instance = KeyReference("self", related_name="+")
    parent_process_instance = KeyReference("self", null=True, blank=True, related_name="called_instances")
    parent_element_instance = KeyReference("ElementInstance", null=True, blank=True, related_name="+")
    business_key = models.CharField(_("business key"), max_length=255, null=True, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State.choices)
    suspended = models.BooleanField(_("suspended"), default=False)
    revision = models.BigIntegerField(_("revision"), default=1)
    active_children = models.IntegerField(default=0, help_text=_("Tokens directly in the outermost scope."))
    open_incidents = models.IntegerField(_("open incidents"), default=0)
    started_at = models.DateTimeField(_("started at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    start_element_id = models.CharField(max_length=255, null=True, blank=True)
    start_reason = models.CharField(max_length=255, blank=True, default="")
    end_reason = models.TextField(blank=True, default="")
    restarted_from = KeyReference("self", null=True, blank=True, related_name="restarted_as")
    tags = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    terminate_after = ArrayField(
        models.CharField(max_length=255),
        default=list,
        blank=True,
        help_text=_("Elements whose end ends the process instance too."),
    )
    last_key = models.BigIntegerField(default=0, help_text=_("The newest key given to a row of this instance."))

    objects = ProcessInstanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("process instance")
        verbose_name_plural = _("process instances")
        ordering = ["-key"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["workspace", "-key"], name="instance_workspace"),
            models.Index(fields=["definition", "-key"], name="instance_definition"),
            models.Index(fields=["process_id", "-key"], name="instance_process"),
            # by what it begins with, too, whatever the language of the database
            models.Index(
                fields=["business_key"],
                name="instance_business_key",
                opclasses=["varchar_pattern_ops"],
                condition=Q(business_key__isnull=False),
            ),
            models.Index(fields=["-key"], name="instance_active", condition=Q(state="ACTIVE")),
            models.Index(fields=["definition", "-key"], name="instance_running", condition=Q(state="ACTIVE")),
            models.Index(fields=["-key"], name="instance_with_incident", condition=Q(open_incidents__gt=0)),
            models.Index(fields=["-key"], name="instance_suspended", condition=Q(state="ACTIVE", suspended=True)),
            models.Index(fields=["-key"], name="instance_canceled", condition=Q(state="CANCELED")),
            models.Index(fields=["started_at"], name="instance_started"),
            models.Index(fields=["ended_at"], name="instance_ended", condition=Q(ended_at__isnull=False)),
            models.Index(
                fields=["parent_process_instance"],
                name="instance_parent",
                condition=Q(parent_process_instance__isnull=False),
            ),
            models.Index(
                fields=["restarted_from"],
                name="instance_restarted_from",
                condition=Q(restarted_from__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.key)


class InstanceRow(models.Model):
    """What every row that belongs to a process instance carries."""

    key = KeyField()
    process_instance = KeyReference(ProcessInstance, related_name="+")
    root_process_instance = KeyReference(ProcessInstance, related_name="+")

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        abstract = True
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.key)


class ElementInstance(InstanceRow):
    """One activation of an element. Ended ones stay; a null flow scope means the process instance itself."""

    class State(models.TextChoices):
        ACTIVATING = "ACTIVATING", _("Activating")
        ACTIVE = "ACTIVE", _("Active")
        COMPLETING = "COMPLETING", _("Completing")
        COMPLETED = "COMPLETED", _("Completed")
        TERMINATED = "TERMINATED", _("Terminated")

    process_instance = KeyReference(ProcessInstance, related_name="element_instances")
    element_id = models.CharField(_("element id"), max_length=255)
    element_type = models.CharField(_("element type"), max_length=40)
    flow_scope_key = models.BigIntegerField(_("flow scope"), help_text=_("The process instance's key at the top."))
    state = models.CharField(_("state"), max_length=16, choices=State.choices)
    active_children = models.IntegerField(default=0)
    completed_children = models.IntegerField(default=0, help_text=_("Of a multi-instance body: ended iterations."))
    loop_counter = models.IntegerField(
        null=True, blank=True, help_text=_("Of an iteration: its number. Of a multi-instance body: iterations begun.")
    )
    started_at = models.DateTimeField(
        _("started at"),
        null=True,
        blank=True,
        help_text=_("Empty while an asynchronous continuation stands before it."),
    )
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta(InstanceRow.Meta):
        abstract = False
        verbose_name = _("element instance")
        verbose_name_plural = _("element instances")
        ordering = ["key"]
        indexes = [
            models.Index(fields=["process_instance", "key"], name="element_instance_instance"),
            models.Index(
                fields=["process_instance", "element_id"],
                name="element_instance_active",
                condition=Q(state__in=["ACTIVATING", "ACTIVE", "COMPLETING"]),
            ),
            models.Index(
                fields=["element_id", "started_at"],
                include=["process_instance"],
                name="element_instance_waiting",
                condition=Q(state__in=["ACTIVATING", "ACTIVE", "COMPLETING"]),
            ),
            models.Index(
                fields=["process_instance"],
                name="element_instance_at_join",
                condition=Q(element_type="PARALLEL_GATEWAY", state="ACTIVE"),
            ),
        ]


class SequenceFlowTaken(models.Model):
    """How often a sequence flow was taken in one scope instance, and how many tokens wait on it for a join."""

    pk = models.CompositePrimaryKey("flow_scope_key", "flow_id")
    flow_scope_key = models.BigIntegerField()
    flow_id = models.CharField(max_length=255)
    process_instance = KeyReference(ProcessInstance, related_name="sequence_flows_taken")
    root_process_instance = KeyReference(ProcessInstance, related_name="+")
    taken = models.IntegerField(default=0)
    waiting = models.IntegerField(default=0)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("sequence flow taken")
        verbose_name_plural = _("sequence flows taken")
        default_permissions = ()
        indexes = [
            models.Index(fields=["process_instance"], name="sequence_flow_instance"),
            models.Index(fields=["process_instance"], name="sequence_flow_waiting", condition=Q(waiting__gt=0)),
        ]


class Variable(InstanceRow):
    """A named JSON value in one scope. Values stay when their scope ends."""

    process_instance = KeyReference(ProcessInstance, related_name="variables")
    scope_key = models.BigIntegerField(_("scope"), help_text=_("An element instance's or the process instance's key."))
    name = models.CharField(_("name"), max_length=255)
    value = models.JSONField(_("value"), null=True)
    type = models.CharField(_("type"), max_length=32, help_text=_("The value type of the Camunda 7 API."))
    revision = models.IntegerField(default=1)
    is_initial = models.BooleanField(default=False, help_text=_("Given when the process instance was started."))
    created_at = models.DateTimeField(_("created at"))
    updated_at = models.DateTimeField(_("updated at"))

    class Meta(InstanceRow.Meta):
        abstract = False
        verbose_name = _("variable")
        verbose_name_plural = _("variables")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["scope_key", "name"], name="one_variable_per_name_and_scope")]
        indexes = [
            models.Index(fields=["process_instance"], name="variable_instance"),
            models.Index(F("name"), Func(F("value"), function="jsonb_hash"), name="variable_value"),
        ]


class FormerValue(models.Model):
    """A value that a variable had before a command replaced it, or removed the variable. The present one is not here."""

    pk = models.CompositePrimaryKey("variable_key", "revision")
    variable_key = models.BigIntegerField()
    revision = models.IntegerField()
    process_instance = KeyReference(ProcessInstance, related_name="former_values")
    root_process_instance = KeyReference(ProcessInstance, related_name="+")
    scope_key = models.BigIntegerField(_("scope"))
    name = models.CharField(_("name"), max_length=255)
    value = models.JSONField(_("value"), null=True)
    type = models.CharField(_("type"), max_length=32)
    is_initial = models.BooleanField(default=False)
    is_deleted = models.BooleanField(default=False, help_text=_("The variable was removed."))
    created_at = models.DateTimeField(_("created at"), null=True, blank=True, help_text=_("When the variable was."))
    replaced_at = models.DateTimeField(_("replaced at"))

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name = _("former value")
        verbose_name_plural = _("former values")
        default_permissions = ()
        indexes = [models.Index(fields=["process_instance"], name="former_value_instance")]


class Job(InstanceRow):
    """Work that somebody outside the command has to do: an external worker, or the engine later."""

    class State(models.TextChoices):
        CREATED = "CREATED", _("Created")
        FAILED = "FAILED", _("Failed")
        ERROR_THROWN = "ERROR_THROWN", _("Error thrown")
        COMPLETED = "COMPLETED", _("Completed")
        CANCELED = "CANCELED", _("Canceled")

    class Kind(models.TextChoices):
        EXTERNAL = "EXTERNAL", _("External worker")
        TIMER = "TIMER", _("Timer")
        ASYNC_BEFORE = "ASYNC_BEFORE", _("Asynchronous continuation before")
        ASYNC_AFTER = "ASYNC_AFTER", _("Asynchronous continuation after")
        SIGNAL = "SIGNAL", _("Signal to be delivered")

    process_instance = KeyReference(
        ProcessInstance, related_name="jobs", null=True, blank=True, help_text=_("Empty for a timer that starts one.")
    )
    root_process_instance = KeyReference(ProcessInstance, related_name="+", null=True, blank=True)
    workspace = models.ForeignKey(Workspace, models.DO_NOTHING, db_constraint=False, db_index=False)
    definition = KeyReference(ProcessDefinition, related_name="+")
    element_instance = KeyReference(ElementInstance, related_name="jobs", null=True, blank=True)
    element_id = models.CharField(_("element id"), max_length=255)
    kind = models.CharField(_("kind"), max_length=24, choices=Kind.choices)
    type = models.CharField(_("type"), max_length=255, help_text=_("The job type or external task topic."))
    state = models.CharField(_("state"), max_length=16, choices=State.choices)
    retries = models.IntegerField(_("retries"), default=3)
    priority = models.BigIntegerField(_("priority"), default=0)
    custom_headers = models.JSONField(default=dict)
    worker = models.CharField(_("worker"), max_length=255, blank=True, default="")
    locked_until = models.DateTimeField(_("locked until"), null=True, blank=True)
    due_at = models.DateTimeField(_("due at"), null=True, blank=True)
    repeat = models.CharField(
        _("repeats"), max_length=255, blank=True, default="", help_text=_("The rest of a timer's cycle.")
    )
    exclusive = models.BooleanField(default=True)
    error_code = models.CharField(_("error code"), max_length=255, blank=True, default="")
    error_message = models.TextField(_("error message"), blank=True, default="")
    error_details = models.TextField(_("error details"), blank=True, default="")
    suspended = models.BooleanField(default=False)
    created_at = models.DateTimeField(_("created at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta(InstanceRow.Meta):
        abstract = False
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["key"]
        indexes = [
            models.Index(fields=["process_instance"], name="job_instance"),
            models.Index(fields=["element_instance"], name="job_element_instance"),
            models.Index(fields=["type"], name="job_type"),  # few types: PostgreSQL keeps each once, with all its rows
            models.Index(
                fields=["type", "-priority", "key"],
                name="job_activatable",
                condition=Q(state__in=["CREATED", "FAILED"], retries__gt=0, suspended=False, kind="EXTERNAL"),
            ),
            models.Index(
                fields=["due_at"],
                name="job_due",
                condition=Q(state__in=["CREATED", "FAILED"], retries__gt=0, suspended=False) & ~Q(kind="EXTERNAL"),
            ),
            models.Index(
                fields=["process_instance"],
                name="job_failed",
                condition=Q(state="FAILED", retries__gt=0),
            ),
            models.Index(
                fields=["definition"],
                name="job_of_definition",
                condition=Q(process_instance__isnull=True, state__in=["CREATED", "FAILED"]),
            ),
            models.Index(
                fields=["-key"], name="job_on_hold", condition=Q(state__in=["CREATED", "FAILED"], suspended=True)
            ),
        ]


class UserTask(InstanceRow):
    """Work that waits for a person."""

    class State(models.TextChoices):
        CREATED = "CREATED", _("Created")
        COMPLETED = "COMPLETED", _("Completed")
        CANCELED = "CANCELED", _("Canceled")

    class DelegationState(models.TextChoices):
        PENDING = "PENDING", _("Pending")
        RESOLVED = "RESOLVED", _("Resolved")

    process_instance = KeyReference(ProcessInstance, related_name="user_tasks")
    workspace = models.ForeignKey(Workspace, models.DO_NOTHING, db_constraint=False, db_index=False)
    definition = KeyReference(ProcessDefinition, related_name="+")
    element_instance = KeyReference(ElementInstance, related_name="user_tasks")
    element_id = models.CharField(_("element id"), max_length=255)
    name = models.CharField(_("name"), max_length=255, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State.choices)
    assignee = models.CharField(_("assignee"), max_length=255, null=True, blank=True)
    candidate_users = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    candidate_groups = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    follow_up_at = models.DateTimeField(_("follow-up"), null=True, blank=True)
    priority = models.IntegerField(_("priority"), default=50)
    form_key = models.CharField(_("form key"), max_length=255, null=True, blank=True)
    form = models.JSONField(
        _("form"), null=True, blank=True, help_text=_("A form by reference: its key, binding and version.")
    )
    owner = models.CharField(
        _("owner"), max_length=255, null=True, blank=True, help_text=_("Who has delegated the task.")
    )
    delegation_state = models.CharField(
        _("delegation"), max_length=16, choices=DelegationState.choices, null=True, blank=True
    )
    suspended = models.BooleanField(default=False)
    created_at = models.DateTimeField(_("created at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta(InstanceRow.Meta):
        abstract = False
        verbose_name = _("user task")
        verbose_name_plural = _("user tasks")
        ordering = ["-key"]
        indexes = [
            models.Index(fields=["process_instance"], name="user_task_instance"),
            models.Index(fields=["element_instance"], name="user_task_element_instance"),
            models.Index(fields=["workspace", "-key"], name="user_task_open", condition=Q(state="CREATED")),
            models.Index(
                fields=["assignee", "-key"],
                name="user_task_assigned",
                condition=Q(state="CREATED", assignee__isnull=False),
            ),
        ]


class Incident(InstanceRow):
    """Something that stands still until somebody repairs it."""

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", _("Active")
        RESOLVED = "RESOLVED", _("Resolved")

    process_instance = KeyReference(ProcessInstance, related_name="incidents")
    workspace = models.ForeignKey(Workspace, models.DO_NOTHING, db_constraint=False, db_index=False)
    definition = KeyReference(ProcessDefinition, related_name="+")
    element_instance = KeyReference(ElementInstance, related_name="incidents")
    element_id = models.CharField(_("element id"), max_length=255)
    job = KeyReference(Job, null=True, blank=True, related_name="incidents")
    error_type = models.CharField(_("type"), max_length=64, help_text=_("The error type of the Camunda 8 API."))
    message = models.TextField(_("message"), blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State.choices)
    created_at = models.DateTimeField(_("created at"))
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True)

    class Meta(InstanceRow.Meta):
        abstract = False
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        ordering = ["-key"]
        indexes = [
            models.Index(fields=["process_instance"], name="incident_instance"),
            models.Index(fields=["element_instance"], name="incident_element_instance"),
            models.Index(fields=["workspace", "-key"], name="incident_open", condition=Q(state="ACTIVE")),
        ]


class EventSubscription(InstanceRow):
    """An element instance waits for an event; without process instance, a definition's start event does."""

    class Kind(models.TextChoices):
        MESSAGE = "MESSAGE", _("Message")
        SIGNAL = "SIGNAL", _("Signal")
        CONDITIONAL = "CONDITIONAL", _("Condition")
        COMPENSATION = "COMPENSATION", _("Compensation")
        COMPENSATING = "COMPENSATING", _("Running compensation handler")

    class State(models.TextChoices):
        CREATED = "CREATED", _("Created")
        CORRELATED = "CORRELATED", _("Correlated")
        DELETED = "DELETED", _("Deleted")

    process_instance = KeyReference(ProcessInstance, related_name="event_subscriptions", null=True, blank=True)
    root_process_instance = KeyReference(ProcessInstance, related_name="+", null=True, blank=True)
    workspace = models.ForeignKey(Workspace, models.DO_NOTHING, db_constraint=False, db_index=False)
    definition = KeyReference(ProcessDefinition, related_name="+")
    element_instance = KeyReference(
        ElementInstance, related_name="event_subscriptions", null=True, blank=True, help_text=_("Who waits.")
    )
    element_id = models.CharField(_("element id"), max_length=255, help_text=_("The event that will occur."))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=255)
    correlation_key = models.CharField(_("correlation key"), max_length=255, null=True, blank=True)
    compensated_key = models.BigIntegerField(
        null=True, blank=True, help_text=_("The ended element instance that would be undone.")
    )
    state = models.CharField(_("state"), max_length=16, choices=State.choices)
    created_at = models.DateTimeField(_("created at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta(InstanceRow.Meta):
        abstract = False
        verbose_name = _("event subscription")
        verbose_name_plural = _("event subscriptions")
        ordering = ["key"]
        indexes = [
            models.Index(fields=["process_instance"], name="subscription_instance"),
            models.Index(fields=["element_instance"], name="subscription_element_instance"),
            models.Index(fields=["name", "correlation_key"], name="subscription_open", condition=Q(state="CREATED")),
            models.Index(
                fields=["definition"],
                name="subscription_of_definition",
                condition=Q(process_instance__isnull=True, state="CREATED"),
            ),
        ]


class CorrelatedMessage(InstanceRow):
    """A published message that a process instance has got (Zeebe semantics), or that has started it."""

    process_instance = KeyReference(ProcessInstance, related_name="correlated_messages")
    workspace = models.ForeignKey(Workspace, models.DO_NOTHING, db_constraint=False, db_index=False)
    definition = KeyReference(ProcessDefinition, related_name="+")
    element_id = models.CharField(_("element id"), max_length=255, help_text=_("The event that occurred."))
    element_instance = KeyReference(
        ElementInstance, related_name="+", null=True, blank=True, help_text=_("Who waited. Empty for a start event.")
    )
    subscription_key = models.BigIntegerField(_("event subscription"))
    message_key = models.BigIntegerField(_("message"))
    name = models.CharField(_("name"), max_length=255)
    correlation_key = models.CharField(_("correlation key"), max_length=255)
    correlated_at = models.DateTimeField(_("correlated at"))

    class Meta(InstanceRow.Meta):
        abstract = False
        verbose_name = _("correlated message")
        verbose_name_plural = _("correlated messages")
        ordering = ["key"]
        indexes = [models.Index(fields=["process_instance"], name="correlated_message_instance")]


class BufferedMessage(models.Model):
    """A published message within its time to live (Zeebe semantics): each process may get it once."""

    key = KeyField()
    workspace = models.ForeignKey(Workspace, models.CASCADE)
    name = models.CharField(_("name"), max_length=255)
    correlation_key = models.CharField(_("correlation key"), max_length=255, blank=True)
    message_id = models.CharField(_("message id"), max_length=255, blank=True)
    variables = models.JSONField(default=dict)
    correlated_to = ArrayField(models.CharField(max_length=255), default=list, help_text=_("Process ids that got it."))
    published_at = models.DateTimeField(_("published at"))
    expires_at = models.DateTimeField(_("expires at"))

    class Meta:
        verbose_name = _("buffered message")
        verbose_name_plural = _("buffered messages")
        ordering = ["key"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["name", "correlation_key", "key"], name="message_correlation"),
            models.Index(fields=["expires_at"], name="message_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.correlation_key})"
