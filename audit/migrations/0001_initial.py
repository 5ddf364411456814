import django.db.models.deletion
import workflow.models.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("workflow", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("key", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(verbose_name="at")),
                ("actor_name", models.TextField(blank=True, default="", verbose_name="actor's name")),
                ("on_behalf_of", models.TextField(blank=True, default="", verbose_name="on behalf of")),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("ADMIN", "Back office"),
                            ("ENGINE_REST", "Camunda 7 API"),
                            ("V2", "Camunda 8 API"),
                            ("API", "Fettle API"),
                            ("BATCH", "Batch"),
                            ("SYSTEM", "System"),
                        ],
                        max_length=16,
                        verbose_name="channel",
                    ),
                ),
                ("request_id", models.UUIDField(blank=True, null=True, verbose_name="request id")),
                ("url", models.TextField(blank=True, default="", verbose_name="URL")),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("Activate", "Activate"),
                            ("Assign", "Assign"),
                            ("Cancel", "Cancel"),
                            ("Complete", "Complete"),
                            ("Correlate", "Correlate"),
                            ("Create", "Create"),
                            ("Delete", "Delete"),
                            ("Deploy", "Deploy"),
                            ("Fail", "Fail"),
                            ("Lock", "Lock"),
                            ("Modify", "Modify"),
                            ("Publish", "Publish"),
                            ("Resolve", "Resolve"),
                            ("Resume", "Resume"),
                            ("Retry", "Retry"),
                            ("Start", "Start"),
                            ("Suspend", "Suspend"),
                            ("Throw error", "Throw error"),
                            ("Trigger", "Trigger"),
                            ("Unlock", "Unlock"),
                            ("Update", "Update"),
                        ],
                        max_length=32,
                        verbose_name="event",
                    ),
                ),
                (
                    "subject",
                    models.CharField(
                        choices=[
                            ("Deployment", "Deployment"),
                            ("Element instance", "Element instance"),
                            ("Incident", "Incident"),
                            ("Job", "Job"),
                            ("Message", "Message"),
                            ("Process definition", "Process definition"),
                            ("Process instance", "Process instance"),
                            ("Process variables", "Process variables"),
                            ("User task", "User task"),
                            ("Workspace", "Workspace"),
                        ],
                        max_length=32,
                        verbose_name="subject",
                    ),
                ),
                (
                    "entity_type",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("Deployment", "Deployment"),
                            ("Element instance", "Element instance"),
                            ("Incident", "Incident"),
                            ("Job", "Job"),
                            ("Message", "Message"),
                            ("Process definition", "Process definition"),
                            ("Process instance", "Process instance"),
                            ("Process variables", "Process variables"),
                            ("User task", "User task"),
                            ("Workspace", "Workspace"),
                        ],
                        default="",
                        max_length=32,
                        verbose_name="entity",
                    ),
                ),
                ("entity_key", models.BigIntegerField(blank=True, null=True, verbose_name="entity key")),
                (
                    "process_instance_key",
                    models.BigIntegerField(blank=True, null=True, verbose_name="process instance"),
                ),
                ("definition_key", models.BigIntegerField(blank=True, null=True, verbose_name="process definition")),
                ("process_id", models.CharField(blank=True, default="", max_length=255, verbose_name="process id")),
                ("reason", models.TextField(blank=True, default="", verbose_name="reason")),
                (
                    "body",
                    models.JSONField(
                        default=dict, help_text="The plan, and values before and after.", verbose_name="details"
                    ),
                ),
                (
                    "result",
                    models.CharField(
                        choices=[("SUCCESS", "Success"), ("REFUSED", "Refused"), ("FAILED", "Failed")],
                        max_length=16,
                        verbose_name="result",
                    ),
                ),
                ("message", models.TextField(blank=True, default="", verbose_name="message")),
                (
                    "sequence",
                    models.BigIntegerField(
                        blank=True, help_text="Its place in the chain.", null=True, verbose_name="sequence"
                    ),
                ),
                ("hash", models.CharField(blank=True, max_length=64, null=True, verbose_name="hash")),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="actor",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="workflow.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "audit event",
                "verbose_name_plural": "audit events",
                "ordering": ["-key"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="VariableSnapshot",
            fields=[
                ("key", models.BigAutoField(primary_key=True, serialize=False)),
                ("process_instance_key", models.BigIntegerField(verbose_name="process instance")),
                ("scope_key", models.BigIntegerField(verbose_name="scope")),
                ("name", models.CharField(max_length=255, verbose_name="name")),
                ("existed", models.BooleanField(verbose_name="existed")),
                ("value", models.JSONField(null=True, verbose_name="value")),
                ("type", models.CharField(blank=True, default="", max_length=32, verbose_name="type")),
                ("revision", models.IntegerField(blank=True, null=True, verbose_name="revision")),
                ("taken_at", models.DateTimeField(verbose_name="taken at")),
                (
                    "audit_event",
                    workflow.models.fields.KeyReference(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="snapshots",
                        to="audit.auditevent",
                    ),
                ),
            ],
            options={
                "verbose_name": "variable snapshot",
                "verbose_name_plural": "variable snapshots",
                "ordering": ["-key"],
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                condition=models.Q(("process_instance_key__isnull", False)),
                fields=["process_instance_key", "-at", "-key"],
                name="audit_process_instance",
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["workspace", "-key"], name="audit_workspace"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(condition=models.Q(("sequence__isnull", True)), fields=["key"], name="audit_unsealed"),
        ),
        migrations.AddConstraint(
            model_name="auditevent",
            constraint=models.UniqueConstraint(
                condition=models.Q(("sequence__isnull", False)),
                fields=("workspace", "sequence"),
                name="one_place_in_chain",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="auditevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("hash__isnull", True), ("sequence__isnull", True)),
                    models.Q(("hash__isnull", False), ("sequence__isnull", False)),
                    _connector="OR",
                ),
                name="sealed_whole",
            ),
        ),
        migrations.AddIndex(
            model_name="variablesnapshot",
            index=models.Index(fields=["audit_event"], name="snapshot_event"),
        ),
        migrations.AddIndex(
            model_name="variablesnapshot",
            index=models.Index(fields=["process_instance_key", "scope_key", "name", "-key"], name="snapshot_variable"),
        ),
    ]
