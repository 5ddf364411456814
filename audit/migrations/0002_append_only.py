"""Let the database itself refuse to change or delete what was recorded, whoever asks."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Table "%" is append-only: expected INSERT, found %.', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege', HINT = 'Record another audit event that tells what is right.';
END $$;

CREATE FUNCTION audit_seal_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unsealed audit_auditevent := NEW;
BEGIN
    unsealed.sequence := NULL;
    unsealed.hash := NULL;
    IF NEW.sequence IS NULL OR unsealed *<> OLD THEN
        RAISE EXCEPTION 'Table "%" is append-only: expected to seal an unsealed row, found another UPDATE.',
            TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege', HINT = 'Record another audit event that tells what is right.';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_seal_only BEFORE UPDATE ON audit_auditevent FOR EACH ROW EXECUTE FUNCTION audit_seal_only();
CREATE TRIGGER audit_insert_unsealed BEFORE INSERT ON audit_auditevent FOR EACH ROW
    WHEN (NEW.sequence IS NOT NULL OR NEW.hash IS NOT NULL) EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_refuse_delete BEFORE DELETE ON audit_auditevent FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON audit_auditevent EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_refuse_change BEFORE UPDATE OR DELETE ON audit_variablesnapshot
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON audit_variablesnapshot EXECUTE FUNCTION audit_refuse();
"""

ALLOW = """
DROP TRIGGER audit_refuse_truncate ON audit_variablesnapshot;
DROP TRIGGER audit_refuse_change ON audit_variablesnapshot;
DROP TRIGGER audit_refuse_truncate ON audit_auditevent;
DROP TRIGGER audit_refuse_delete ON audit_auditevent;
DROP TRIGGER audit_insert_unsealed ON audit_auditevent;
DROP TRIGGER audit_seal_only ON audit_auditevent;
DROP FUNCTION audit_seal_only();
DROP FUNCTION audit_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
