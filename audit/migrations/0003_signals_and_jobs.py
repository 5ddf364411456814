from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_append_only"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditevent",
            name="entity_type",
            field=models.CharField(
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
                    ("Signal", "Signal"),
                    ("User task", "User task"),
                    ("Workspace", "Workspace"),
                ],
                default="",
                max_length=32,
                verbose_name="entity",
            ),
        ),
        migrations.AlterField(
            model_name="auditevent",
            name="event",
            field=models.CharField(
                choices=[
                    ("Activate", "Activate"),
                    ("Assign", "Assign"),
                    ("Broadcast", "Broadcast"),
                    ("Cancel", "Cancel"),
                    ("Complete", "Complete"),
                    ("Correlate", "Correlate"),
                    ("Create", "Create"),
                    ("Delete", "Delete"),
                    ("Deploy", "Deploy"),
                    ("Execute", "Execute"),
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
                    ("Throw escalation", "Throw escalation"),
                    ("Trigger", "Trigger"),
                    ("Unlock", "Unlock"),
                    ("Update", "Update"),
                ],
                max_length=32,
                verbose_name="event",
            ),
        ),
        migrations.AlterField(
            model_name="auditevent",
            name="subject",
            field=models.CharField(
                choices=[
                    ("Deployment", "Deployment"),
                    ("Element instance", "Element instance"),
                    ("Incident", "Incident"),
                    ("Job", "Job"),
                    ("Message", "Message"),
                    ("Process definition", "Process definition"),
                    ("Process instance", "Process instance"),
                    ("Process variables", "Process variables"),
                    ("Signal", "Signal"),
                    ("User task", "User task"),
                    ("Workspace", "Workspace"),
                ],
                max_length=32,
                verbose_name="subject",
            ),
        ),
    ]
