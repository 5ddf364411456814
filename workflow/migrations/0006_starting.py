"""Lets the last round trip of a start find out whether the definition may still be started.

The check travels with the rows that are written: it costs no round trip of its own, and it holds the definition until the
transaction ends, so that nobody deletes or suspends it under an instance that is being started.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION workflow_hold_startable(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    held record;
BEGIN
    SELECT process_id, version, suspended INTO held FROM workflow_processdefinition WHERE key = wanted FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'FT404',
            MESSAGE = format('Expected to find a process definition with key ''%s'', but there is none.', wanted);
    END IF;
    IF held.suspended THEN
        RAISE EXCEPTION USING ERRCODE = 'FT409', MESSAGE = format(
            'Cannot start process instance. Process definition ''%s'' version %s (key ''%s'') is suspended. '
            'Activate it first.', held.process_id, held.version, wanted);
    END IF;
END $$
"""
DROP = "DROP FUNCTION workflow_hold_startable(bigint)"


class Migration(migrations.Migration):
    dependencies = [("workflow", "0005_correlated_messages")]

    operations = [migrations.RunSQL(CREATE, DROP)]
