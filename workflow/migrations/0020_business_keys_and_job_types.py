"""Finding business keys by what they begin with, and the jobs of a type whatever their state."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflow", "0019_waiting_elements")]

    operations = [
        migrations.RemoveIndex(model_name="processinstance", name="instance_business_key"),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(fields=["type"], name="job_type"),
        ),
        migrations.AddIndex(
            model_name="processinstance",
            index=models.Index(
                fields=["business_key"],
                name="instance_business_key",
                opclasses=["varchar_pattern_ops"],
                condition=models.Q(("business_key__isnull", False)),
            ),
        ),
    ]
