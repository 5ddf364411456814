import django.contrib.postgres.fields
import django.db.models.deletion
import workflow.models.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Deployment",
            fields=[
                ("key", workflow.models.fields.KeyField(primary_key=True, serialize=False)),
                ("name", models.CharField(blank=True, max_length=255, verbose_name="name")),
                ("source", models.CharField(blank=True, max_length=255, verbose_name="source")),
                ("deployed_at", models.DateTimeField(verbose_name="deployed at")),
            ],
            options={
                "verbose_name": "deployment",
                "verbose_name_plural": "deployments",
                "ordering": ["-key"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ElementInstance",
            fields=[
                ("key", workflow.models.fields.KeyField(primary_key=True, serialize=False)),
                ("element_id", models.CharField(max_length=255, verbose_name="element id")),
                ("element_type", models.CharField(max_length=40, verbose_name="element type")),
                (
                    "flow_scope_key",
                    models.BigIntegerField(
                        help_text="The process instance's key at the top.", verbose_name="flow scope"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("ACTIVATING", "Activating"),
                            ("ACTIVE", "Active"),
                            ("COMPLETING", "Completing"),
                            ("COMPLETED", "Completed"),
                            ("TERMINATED", "Terminated"),
                        ],
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("active_children", models.IntegerField(default=0)),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
            ],
            options={
                "verbose_name": "element instance",
                "verbose_name_plural": "element instances",
                "ordering": ["key"],
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Workspace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.CharField(
                        help_text="The tenant id of both APIs.", max_length=64, unique=True, verbose_name="id"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("description", models.TextField(blank=True, verbose_name="description")),
            ],
            options={
                "verbose_name": "workspace",
                "verbose_name_plural": "workspaces",
                "ordering": ["name"],
                "permissions": [
                    ("view_workspace", "View process instances"),
                    ("edit_variables", "Edit process variables (wks_process_instance_variables_edit)"),
                    ("start_processinstance", "Start process instances"),
                    ("modify_processinstance", "Modify process instances"),
                    ("cancel_processinstance", "Cancel process instances"),
                    ("suspend_processinstance", "Suspend and resume process instances"),
                    ("delete_processinstance", "Delete ended process instances"),
                    ("resolve_incident", "Resolve incidents and set retries"),
                    ("restart_processinstance", "Restart ended process instances"),
                    ("migrate_processinstance", "Migrate process instances"),
                    ("correlate_message", "Correlate messages"),
                    ("work_jobs", "Activate, complete and fail jobs"),
                    ("complete_usertask", "Claim and complete user tasks"),
                    ("deploy_processdefinition", "Deploy process definitions"),
                    ("delete_processdefinition", "Delete process definitions"),
                    ("approve_plan", "Approve plans"),
                    ("view_audit", "View the audit log"),
                    ("manage_workspace", "Manage the workspace and its members"),
                ],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ProcessDefinition",
            fields=[
                ("key", workflow.models.fields.KeyField(primary_key=True, serialize=False)),
                ("process_id", models.CharField(max_length=255, verbose_name="process id")),
                ("name", models.CharField(blank=True, max_length=255, verbose_name="name")),
                ("version", models.IntegerField(verbose_name="version")),
                ("version_tag", models.CharField(blank=True, max_length=64, verbose_name="version tag")),
                (
                    "semantics",
                    models.CharField(
                        choices=[("camunda7", "Camunda 7"), ("zeebe", "Camunda 8")],
                        max_length=16,
                        verbose_name="semantics",
                    ),
                ),
                ("resource_name", models.CharField(max_length=255, verbose_name="file")),
                ("xml", models.TextField(verbose_name="BPMN XML")),
                (
                    "checksum",
                    models.CharField(help_text="SHA-256 of the file's bytes.", max_length=64, verbose_name="checksum"),
                ),
                ("suspended", models.BooleanField(default=False, verbose_name="suspended")),
                ("is_latest", models.BooleanField(default=True, verbose_name="latest version")),
                ("deployed_at", models.DateTimeField(verbose_name="deployed at")),
                (
                    "deployment",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="workflow.deployment",
                    ),
                ),
                ("workspace", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="workflow.workspace")),
            ],
            options={
                "verbose_name": "process definition",
                "verbose_name_plural": "process definitions",
                "ordering": ["process_id", "-version"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ProcessInstance",
            fields=[
                ("key", workflow.models.fields.KeyField(primary_key=True, serialize=False)),
                ("process_id", models.CharField(max_length=255, verbose_name="process id")),
                ("version", models.IntegerField(verbose_name="version")),
                ("business_key", models.CharField(blank=True, max_length=255, null=True, verbose_name="business key")),
                (
                    "state",
                    models.CharField(
                        choices=[("ACTIVE", "Active"), ("COMPLETED", "Completed"), ("CANCELED", "Canceled")],
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("suspended", models.BooleanField(default=False, verbose_name="suspended")),
                ("revision", models.BigIntegerField(default=1, verbose_name="revision")),
                (
                    "active_children",
                    models.IntegerField(default=0, help_text="Tokens directly in the outermost scope."),
                ),
                ("open_incidents", models.IntegerField(default=0, verbose_name="open incidents")),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                ("start_element_id", models.CharField(blank=True, max_length=255, null=True)),
                ("start_reason", models.CharField(blank=True, default="", max_length=255)),
                ("end_reason", models.TextField(blank=True, default="")),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), blank=True, default=list, size=None
                    ),
                ),
                (
                    "last_key",
                    models.BigIntegerField(default=0, help_text="The newest key given to a row of this instance."),
                ),
                (
                    "definition",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="workflow.processdefinition",
                    ),
                ),
                (
                    "parent_element_instance",
                    workflow.models.fields.KeyReference(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflow.elementinstance",
                    ),
                ),
                (
                    "parent_process_instance",
                    workflow.models.fields.KeyReference(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="called_instances",
                        to="workflow.processinstance",
                    ),
                ),
                (
                    "restarted_from",
                    workflow.models.fields.KeyReference(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="restarted_as",
                        to="workflow.processinstance",
                    ),
                ),
                (
                    "root_process_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflow.processinstance",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="workflow.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "process instance",
                "verbose_name_plural": "process instances",
                "ordering": ["-key"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                ("key", workflow.models.fields.KeyField(primary_key=True, serialize=False)),
                ("element_id", models.CharField(max_length=255, verbose_name="element id")),
                (
                    "kind",
                    models.CharField(choices=[("EXTERNAL", "External worker")], max_length=24, verbose_name="kind"),
                ),
                (
                    "type",
                    models.CharField(
                        help_text="The job type or external task topic.", max_length=255, verbose_name="type"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("CREATED", "Created"),
                            ("FAILED", "Failed"),
                            ("ERROR_THROWN", "Error thrown"),
                            ("COMPLETED", "Completed"),
                            ("CANCELED", "Canceled"),
                        ],
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("retries", models.IntegerField(default=3, verbose_name="retries")),
                ("priority", models.BigIntegerField(default=0, verbose_name="priority")),
                ("custom_headers", models.JSONField(default=dict)),
                ("worker", models.CharField(blank=True, default="", max_length=255, verbose_name="worker")),
                ("locked_until", models.DateTimeField(blank=True, null=True, verbose_name="locked until")),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due at")),
                ("error_code", models.CharField(blank=True, default="", max_length=255, verbose_name="error code")),
                ("error_message", models.TextField(blank=True, default="", verbose_name="error message")),
                ("error_details", models.TextField(blank=True, default="", verbose_name="error details")),
                ("suspended", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "element_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="jobs",
                        to="workflow.elementinstance",
                    ),
                ),
                (
                    "definition",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflow.processdefinition",
                    ),
                ),
                (
                    "process_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="jobs",
                        to="workflow.processinstance",
                    ),
                ),
                (
                    "root_process_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflow.processinstance",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="workflow.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "job",
                "verbose_name_plural": "jobs",
                "ordering": ["key"],
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="elementinstance",
            name="process_instance",
            field=workflow.models.fields.KeyReference(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="element_instances",
                to="workflow.processinstance",
            ),
        ),
        migrations.AddField(
            model_name="elementinstance",
            name="root_process_instance",
            field=workflow.models.fields.KeyReference(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="workflow.processinstance",
            ),
        ),
        migrations.CreateModel(
            name="SequenceFlowTaken",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "flow_scope_key", "flow_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("flow_scope_key", models.BigIntegerField()),
                ("flow_id", models.CharField(max_length=255)),
                ("taken", models.IntegerField(default=0)),
                ("waiting", models.IntegerField(default=0)),
                (
                    "process_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="sequence_flows_taken",
                        to="workflow.processinstance",
                    ),
                ),
                (
                    "root_process_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflow.processinstance",
                    ),
                ),
            ],
            options={
                "verbose_name": "sequence flow taken",
                "verbose_name_plural": "sequence flows taken",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Variable",
            fields=[
                ("key", workflow.models.fields.KeyField(primary_key=True, serialize=False)),
                (
                    "scope_key",
                    models.BigIntegerField(
                        help_text="An element instance's or the process instance's key.", verbose_name="scope"
                    ),
                ),
                ("name", models.CharField(max_length=255, verbose_name="name")),
                ("value", models.JSONField(null=True, verbose_name="value")),
                (
                    "type",
                    models.CharField(
                        help_text="The value type of the Camunda 7 API.", max_length=32, verbose_name="type"
                    ),
                ),
                ("revision", models.IntegerField(default=1)),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("updated_at", models.DateTimeField(verbose_name="updated at")),
                (
                    "process_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="variables",
                        to="workflow.processinstance",
                    ),
                ),
                (
                    "root_process_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflow.processinstance",
                    ),
                ),
            ],
            options={
                "verbose_name": "variable",
                "verbose_name_plural": "variables",
                "ordering": ["name"],
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="UserTask",
            fields=[
                ("key", workflow.models.fields.KeyField(primary_key=True, serialize=False)),
                ("element_id", models.CharField(max_length=255, verbose_name="element id")),
                ("name", models.CharField(blank=True, max_length=255, verbose_name="name")),
                (
                    "state",
                    models.CharField(
                        choices=[("CREATED", "Created"), ("COMPLETED", "Completed"), ("CANCELED", "Canceled")],
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("assignee", models.CharField(blank=True, max_length=255, null=True, verbose_name="assignee")),
                (
                    "candidate_users",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=255), blank=True, default=list, size=None
                    ),
                ),
                (
                    "candidate_groups",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=255), blank=True, default=list, size=None
                    ),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due")),
                ("follow_up_at", models.DateTimeField(blank=True, null=True, verbose_name="follow-up")),
                ("priority", models.IntegerField(default=50, verbose_name="priority")),
                ("form_key", models.CharField(blank=True, max_length=255, null=True, verbose_name="form key")),
                ("suspended", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "definition",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflow.processdefinition",
                    ),
                ),
                (
                    "element_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="user_tasks",
                        to="workflow.elementinstance",
                    ),
                ),
                (
                    "process_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="user_tasks",
                        to="workflow.processinstance",
                    ),
                ),
                (
                    "root_process_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflow.processinstance",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="workflow.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "user task",
                "verbose_name_plural": "user tasks",
                "ordering": ["-key"],
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                ("key", workflow.models.fields.KeyField(primary_key=True, serialize=False)),
                ("element_id", models.CharField(max_length=255, verbose_name="element id")),
                (
                    "error_type",
                    models.CharField(
                        help_text="The error type of the Camunda 8 API.", max_length=64, verbose_name="type"
                    ),
                ),
                ("message", models.TextField(blank=True, verbose_name="message")),
                (
                    "state",
                    models.CharField(
                        choices=[("ACTIVE", "Active"), ("RESOLVED", "Resolved")], max_length=16, verbose_name="state"
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("resolved_at", models.DateTimeField(blank=True, null=True, verbose_name="resolved at")),
                (
                    "element_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="incidents",
                        to="workflow.elementinstance",
                    ),
                ),
                (
                    "job",
                    workflow.models.fields.KeyReference(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="incidents",
                        to="workflow.job",
                    ),
                ),
                (
                    "definition",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflow.processdefinition",
                    ),
                ),
                (
                    "process_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="incidents",
                        to="workflow.processinstance",
                    ),
                ),
                (
                    "root_process_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflow.processinstance",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="workflow.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "incident",
                "verbose_name_plural": "incidents",
                "ordering": ["-key"],
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="EventSubscription",
            fields=[
                ("key", workflow.models.fields.KeyField(primary_key=True, serialize=False)),
                ("element_id", models.CharField(max_length=255, verbose_name="element id")),
                ("kind", models.CharField(choices=[("MESSAGE", "Message")], max_length=16, verbose_name="kind")),
                ("name", models.CharField(max_length=255, verbose_name="name")),
                (
                    "correlation_key",
                    models.CharField(blank=True, max_length=255, null=True, verbose_name="correlation key"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("CREATED", "Created"), ("CORRELATED", "Correlated"), ("DELETED", "Deleted")],
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "element_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="event_subscriptions",
                        to="workflow.elementinstance",
                    ),
                ),
                (
                    "definition",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflow.processdefinition",
                    ),
                ),
                (
                    "process_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="event_subscriptions",
                        to="workflow.processinstance",
                    ),
                ),
                (
                    "root_process_instance",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflow.processinstance",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        to="workflow.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "event subscription",
                "verbose_name_plural": "event subscriptions",
                "ordering": ["key"],
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="deployment",
            name="workspace",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="workflow.workspace"),
        ),
        migrations.CreateModel(
            name="BufferedMessage",
            fields=[
                ("key", workflow.models.fields.KeyField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=255, verbose_name="name")),
                ("correlation_key", models.CharField(blank=True, max_length=255, verbose_name="correlation key")),
                ("message_id", models.CharField(blank=True, max_length=255, verbose_name="message id")),
                ("variables", models.JSONField(default=dict)),
                (
                    "correlated_to",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=255),
                        default=list,
                        help_text="Process ids that got it.",
                        size=None,
                    ),
                ),
                ("published_at", models.DateTimeField(verbose_name="published at")),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                ("workspace", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="workflow.workspace")),
            ],
            options={
                "verbose_name": "buffered message",
                "verbose_name_plural": "buffered messages",
                "ordering": ["key"],
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="elementinstance",
            index=models.Index(fields=["process_instance", "key"], name="element_instance_instance"),
        ),
        migrations.AddIndex(
            model_name="elementinstance",
            index=models.Index(
                condition=models.Q(("state__in", ["ACTIVATING", "ACTIVE", "COMPLETING"])),
                fields=["process_instance", "element_id"],
                name="element_instance_active",
            ),
        ),
        migrations.AddIndex(
            model_name="elementinstance",
            index=models.Index(
                condition=models.Q(("element_type", "PARALLEL_GATEWAY"), ("state", "ACTIVE")),
                fields=["process_instance"],
                name="element_instance_at_join",
            ),
        ),
        migrations.AddIndex(
            model_name="sequenceflowtaken",
            index=models.Index(fields=["process_instance"], name="sequence_flow_instance"),
        ),
        migrations.AddIndex(
            model_name="sequenceflowtaken",
            index=models.Index(
                condition=models.Q(("waiting__gt", 0)), fields=["process_instance"], name="sequence_flow_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="variable",
            index=models.Index(fields=["process_instance"], name="variable_instance"),
        ),
        migrations.AddConstraint(
            model_name="variable",
            constraint=models.UniqueConstraint(fields=("scope_key", "name"), name="one_variable_per_name_and_scope"),
        ),
        migrations.AddIndex(
            model_name="usertask",
            index=models.Index(fields=["process_instance"], name="user_task_instance"),
        ),
        migrations.AddIndex(
            model_name="usertask",
            index=models.Index(fields=["element_instance"], name="user_task_element_instance"),
        ),
        migrations.AddIndex(
            model_name="usertask",
            index=models.Index(
                condition=models.Q(("state", "CREATED")), fields=["workspace", "-key"], name="user_task_open"
            ),
        ),
        migrations.AddIndex(
            model_name="processinstance",
            index=models.Index(fields=["workspace", "-key"], name="instance_workspace"),
        ),
        migrations.AddIndex(
            model_name="processinstance",
            index=models.Index(fields=["definition", "-key"], name="instance_definition"),
        ),
        migrations.AddIndex(
            model_name="processinstance",
            index=models.Index(fields=["process_id", "-key"], name="instance_process"),
        ),
        migrations.AddIndex(
            model_name="processinstance",
            index=models.Index(
                condition=models.Q(("business_key__isnull", False)),
                fields=["business_key"],
                name="instance_business_key",
            ),
        ),
        migrations.AddIndex(
            model_name="processinstance",
            index=models.Index(condition=models.Q(("state", "ACTIVE")), fields=["-key"], name="instance_active"),
        ),
        migrations.AddIndex(
            model_name="processinstance",
            index=models.Index(
                condition=models.Q(("open_incidents__gt", 0)), fields=["-key"], name="instance_with_incident"
            ),
        ),
        migrations.AddIndex(
            model_name="processinstance",
            index=models.Index(
                condition=models.Q(("parent_process_instance__isnull", False)),
                fields=["parent_process_instance"],
                name="instance_parent",
            ),
        ),
        migrations.AddIndex(
            model_name="processdefinition",
            index=models.Index(fields=["deployment"], name="definition_deployment"),
        ),
        migrations.AddConstraint(
            model_name="processdefinition",
            constraint=models.UniqueConstraint(
                fields=("workspace", "process_id", "version"), name="one_definition_per_version"
            ),
        ),
        migrations.AddConstraint(
            model_name="processdefinition",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_latest", True)),
                fields=("workspace", "process_id"),
                name="one_latest_definition",
            ),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["process_instance"], name="job_instance"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["element_instance"], name="job_element_instance"),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("retries__gt", 0), ("state__in", ["CREATED", "FAILED"]), ("suspended", False)),
                fields=["type", "-priority", "key"],
                name="job_activatable",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["process_instance"], name="incident_instance"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["element_instance"], name="incident_element_instance"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("state", "ACTIVE")), fields=["workspace", "-key"], name="incident_open"
            ),
        ),
        migrations.AddIndex(
            model_name="eventsubscription",
            index=models.Index(fields=["process_instance"], name="subscription_instance"),
        ),
        migrations.AddIndex(
            model_name="eventsubscription",
            index=models.Index(fields=["element_instance"], name="subscription_element_instance"),
        ),
        migrations.AddIndex(
            model_name="eventsubscription",
            index=models.Index(
                condition=models.Q(("state", "CREATED")), fields=["name", "correlation_key"], name="subscription_open"
            ),
        ),
        migrations.AddIndex(
            model_name="bufferedmessage",
            index=models.Index(fields=["name", "correlation_key", "key"], name="message_correlation"),
        ),
        migrations.AddIndex(
            model_name="bufferedmessage",
            index=models.Index(fields=["expires_at"], name="message_expiry"),
        ),
    ]
