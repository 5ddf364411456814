from django.db import migrations, models

# What it holds is true for some seconds only: nothing is lost with it, and beats cost no write-ahead log.
# Rows are overwritten again and again, so pages keep room for that.
NOT_LOGGED = "ALTER TABLE operate_presence SET UNLOGGED, SET (fillfactor = 50)"
LOGGED = "ALTER TABLE operate_presence SET LOGGED, RESET (fillfactor)"


class Migration(migrations.Migration):
    dependencies = [("operate", "0011_undo_batches")]

    operations = [
        migrations.CreateModel(
            name="Presence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("process_instance_key", models.BigIntegerField()),
                ("user_id", models.IntegerField()),
                ("window", models.CharField(max_length=32)),
                (
                    "doing",
                    models.SmallIntegerField(
                        choices=[
                            (0, "looking"),
                            (1, "writing a note"),
                            (2, "at a task"),
                            (3, "editing variables"),
                            (4, "planning a modification"),
                        ],
                        default=0,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "presence",
                "verbose_name_plural": "presences",
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("process_instance_key", "user_id", "window"), name="one_presence_a_window"
                    )
                ],
            },
        ),
        migrations.RunSQL(NOT_LOGGED, LOGGED),
    ]
