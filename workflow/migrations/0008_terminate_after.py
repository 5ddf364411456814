import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workflow", "0007_delegation"),
    ]

    operations = [
        migrations.AddField(
            model_name="processinstance",
            name="terminate_after",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=255),
                blank=True,
                default=list,
                help_text="Elements whose end ends the process instance too.",
                size=None,
            ),
        ),
    ]
