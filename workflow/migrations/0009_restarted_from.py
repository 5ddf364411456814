"""Finding what a process instance was restarted as."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflow", "0008_terminate_after")]

    operations = [
        migrations.AddIndex(
            model_name="processinstance",
            index=models.Index(
                fields=["restarted_from"],
                name="instance_restarted_from",
                condition=models.Q(restarted_from__isnull=False),
            ),
        ),
    ]
