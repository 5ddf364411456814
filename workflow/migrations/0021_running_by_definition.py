"""What runs on a definition, and what waits at an element, is found in an index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflow", "0020_business_keys_and_job_types")]

    operations = [
        migrations.RemoveIndex(model_name="elementinstance", name="element_instance_waiting"),
        migrations.AddIndex(
            model_name="processinstance",
            index=models.Index(
                fields=["definition", "-key"], name="instance_running", condition=models.Q(("state", "ACTIVE"))
            ),
        ),
        migrations.AddIndex(
            model_name="elementinstance",
            index=models.Index(
                fields=["element_id", "started_at"],
                include=["process_instance"],
                name="element_instance_waiting",
                condition=models.Q(("state__in", ["ACTIVATING", "ACTIVE", "COMPLETING"])),
            ),
        ),
    ]
