"""The sequence that all keys come from, and the workspace that is meant where none is named."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# The increment is the size of the blocks in which keys are taken: the value v owns v … v + 999.
CREATE_SEQUENCE = "CREATE SEQUENCE workflow_key_seq START 1 INCREMENT 1000"
DROP_SEQUENCE = "DROP SEQUENCE workflow_key_seq"


def create_default_workspace(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    workspace = apps.get_model("workflow", "Workspace")
    workspace._default_manager.using(schema_editor.connection.alias).create(slug="<default>", name="Default")


class Migration(migrations.Migration):
    dependencies = [("workflow", "0001_initial")]

    operations = [
        migrations.RunSQL(CREATE_SEQUENCE, DROP_SEQUENCE),
        migrations.RunPython(create_default_workspace, migrations.RunPython.noop, elidable=False),
    ]
