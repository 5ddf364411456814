"""Finding what waits at an element, and since when."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflow", "0018_time_and_value_indexes")]

    operations = [
        migrations.AddIndex(
            model_name="elementinstance",
            index=models.Index(
                fields=["element_id", "started_at"],
                name="element_instance_waiting",
                condition=models.Q(("state__in", ["ACTIVATING", "ACTIVE", "COMPLETING"])),
            ),
        ),
    ]
