"""Jobs that deliver signals which were thrown asynchronously."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workflow", "0015_assigned_user_tasks"),
    ]

    operations = [
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[
                    ("EXTERNAL", "External worker"),
                    ("TIMER", "Timer"),
                    ("ASYNC_BEFORE", "Asynchronous continuation before"),
                    ("ASYNC_AFTER", "Asynchronous continuation after"),
                    ("SIGNAL", "Signal to be delivered"),
                ],
                max_length=24,
                verbose_name="kind",
            ),
        ),
    ]
