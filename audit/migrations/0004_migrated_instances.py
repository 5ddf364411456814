from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_signals_and_jobs"),
    ]

    operations = [
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
                    ("Migrate", "Migrate"),
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
    ]
