from __future__ import annotations

from django.db import migrations

# The role that the application works as: it may add to the ledgers and read them. Whoever logs in
# is this role or a member of it, never the owner of the tables (audit/database_roles.py grants).
ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'sanshi_app') THEN
        CREATE ROLE sanshi_app NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;  -- another database's migration made it
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'the role sanshi_app does not exist'
            USING HINT = 'An administrator must run: CREATE ROLE sanshi_app NOLOGIN;';
END $$;
"""

# The number of the transaction that writes, and the number below which every transaction has ended.
# Functions, so that `audit rebase` can lift both at once after a dump was restored into a cluster
# whose numbers are lower. SQL functions of one expression cost nothing: the planner puts them in.
TRANSACTIONS = """
CREATE FUNCTION sanshi_transaction() RETURNS bigint LANGUAGE sql VOLATILE AS
    $$ SELECT pg_current_xact_id()::text::bigint + 0 $$;
CREATE FUNCTION sanshi_ended_below() RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint + 0 $$;
ALTER TABLE audit_entry ALTER COLUMN transaction SET DEFAULT sanshi_transaction();
"""

# A ledger refuses UPDATE, DELETE and TRUNCATE, whoever asks. Row triggers on a partitioned table
# reach its partitions by themselves; those on TRUNCATE do not, so each partition gets its own. Old
# partitions may still be detached and dropped by the owner.
LEDGERS = """
CREATE FUNCTION sanshi_refuse_truncate(part text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER no_truncate BEFORE TRUNCATE ON %I'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION sanshi_append_only()', part);
END $$;
CREATE FUNCTION sanshi_make_append_only(ledger text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part text;
BEGIN
    EXECUTE format('DROP TRIGGER IF EXISTS %I ON %I', ledger || '_append_only', ledger);
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I'
                   ' FOR EACH ROW EXECUTE FUNCTION sanshi_append_only()',
                   ledger || '_append_only', ledger);
    PERFORM sanshi_refuse_truncate(ledger);
    FOR part IN SELECT inhrelid::regclass::text FROM pg_inherits
                WHERE inhparent = ledger::regclass LOOP
        PERFORM sanshi_refuse_truncate(part);
    END LOOP;
END $$;
CREATE OR REPLACE FUNCTION sanshi_make_partitions(parent text, from_month date, to_month date)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    month date := date_trunc('month', from_month)::date;
    made integer := 0;
    name text;
    ledger boolean := EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = parent::regclass
                              AND tgname = parent || '_append_only');
BEGIN
    WHILE month < to_month LOOP
        name := parent || '_' || to_char(month, 'YYYYMM');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                           name, parent, month, (month + interval '1 month')::date);
            IF ledger THEN
                PERFORM sanshi_refuse_truncate(name);
            END IF;
            made := made + 1;
        END IF;
        month := (month + interval '1 month')::date;
    END LOOP;
    RETURN made;
END $$;
SELECT sanshi_make_append_only('audit_entry');
SELECT sanshi_make_append_only('audit_seal');
"""

# The role stays: other databases of the cluster may have granted to it.
UNDO = """
CREATE OR REPLACE FUNCTION sanshi_make_partitions(parent text, from_month date, to_month date)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    month date := date_trunc('month', from_month)::date;
    made integer := 0;
    name text;
BEGIN
    WHILE month < to_month LOOP
        name := parent || '_' || to_char(month, 'YYYYMM');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                           name, parent, month, (month + interval '1 month')::date);
            made := made + 1;
        END IF;
        month := (month + interval '1 month')::date;
    END LOOP;
    RETURN made;
END $$;
DO $$
DECLARE
    part text;
BEGIN
    FOR part IN SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'no_truncate' LOOP
        EXECUTE format('DROP TRIGGER no_truncate ON %s', part);
    END LOOP;
END $$;
DROP TRIGGER audit_seal_append_only ON audit_seal;
DROP FUNCTION sanshi_make_append_only(text);
DROP FUNCTION sanshi_refuse_truncate(text);
"""
UNDO_TRANSACTIONS = """
ALTER TABLE audit_entry ALTER COLUMN transaction SET DEFAULT (pg_current_xact_id()::text::bigint);
DROP FUNCTION sanshi_transaction();
DROP FUNCTION sanshi_ended_below();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_entry_by_transaction"), ("clock", "0001_initial")]
    operations = [
        migrations.RunSQL(ROLE, migrations.RunSQL.noop),
        migrations.RunSQL(TRANSACTIONS, UNDO_TRANSACTIONS),
        migrations.RunSQL(LEDGERS, UNDO),
    ]
