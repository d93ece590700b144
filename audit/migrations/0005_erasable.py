from __future__ import annotations

from django.db import migrations

# A ledger may name columns that hold personal data. Their values go into a row's hash by a salted
# commitment; erasing puts the commitments into `erased`, blanks the columns and destroys the salt.
# The trigger lets through exactly that change and no other: the row's hash stays what it was.
ERASABLE = """
CREATE FUNCTION sanshi_commitment(salt uuid, value jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT encode(sha256(convert_to(salt::text || value::text, 'UTF8')), 'hex') $$;
CREATE OR REPLACE FUNCTION sanshi_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb;
    after jsonb;
    wanted jsonb := '{}';
    name text;
BEGIN
    IF TG_OP = 'UPDATE' AND TG_NARGS > 0 THEN
        before := to_jsonb(OLD);
        after := to_jsonb(NEW);
        IF before -> 'salt' <> 'null' THEN
            FOREACH name IN ARRAY TG_ARGV LOOP
                wanted := wanted || jsonb_build_object(
                    name, sanshi_commitment((before ->> 'salt')::uuid, before -> name));
                IF after -> name NOT IN ('""', '{}', 'null') THEN
                    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
                END IF;
            END LOOP;
            IF after -> 'salt' = 'null' AND after -> 'erased' = wanted
               AND after - TG_ARGV - '{salt,erased}'::text[]
                   = before - TG_ARGV - '{salt,erased}'::text[] THEN
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE FUNCTION sanshi_make_erasable(ledger text, personal text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ADD COLUMN salt uuid DEFAULT gen_random_uuid(),'
                   ' ADD COLUMN erased jsonb', ledger);
    EXECUTE format('DROP TRIGGER %I ON %I', ledger || '_append_only', ledger);
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I'
                   ' FOR EACH ROW EXECUTE FUNCTION sanshi_append_only(%s)',
                   ledger || '_append_only', ledger,
                   (SELECT string_agg(quote_literal(name), ', ') FROM unnest(personal) AS name));
END $$;
"""

UNDO = """
DROP FUNCTION sanshi_make_erasable(text, text[]);
CREATE OR REPLACE FUNCTION sanshi_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
DROP FUNCTION sanshi_commitment(uuid, jsonb);
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_ledgers")]
    operations = [migrations.RunSQL(ERASABLE, UNDO)]
