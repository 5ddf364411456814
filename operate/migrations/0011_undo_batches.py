from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("operate", "0010_approvals"),
    ]

    operations = [
        migrations.AlterField(
            model_name="batch",
            name="type",
            field=models.CharField(
                choices=[
                    ("MODIFY", "Modify"),
                    ("RESTART", "Restart"),
                    ("MIGRATE", "Migrate"),
                    ("CANCEL", "Cancel"),
                    ("DELETE", "Delete"),
                    ("SUSPEND", "Suspend"),
                    ("RESUME", "Resume"),
                    ("RESOLVE_INCIDENTS", "Resolve incidents"),
                    ("SET_RETRIES", "Set retries"),
                    ("SET_VARIABLES", "Edit variables"),
                    ("UNDO", "Undo"),
                ],
                max_length=32,
                verbose_name="type",
            ),
        ),
    ]
