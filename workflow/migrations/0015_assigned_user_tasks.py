"""Finding somebody's own tasks among all that are open."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflow", "0014_task_keyword_words")]

    operations = [
        migrations.AddIndex(
            model_name="usertask",
            index=models.Index(
                fields=["assignee", "-key"],
                name="user_task_assigned",
                condition=models.Q(("assignee__isnull", False), ("state", "CREATED")),
            ),
        ),
    ]
