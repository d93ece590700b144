from __future__ import annotations

from django.db import migrations

# Until now the evidence of erased people left a SHA-256 without a salt: whoever guessed the words
# could confirm them. One salt for all, kept nowhere: equal prints stay equal.
TABLES = (
    "compliance_suppression",
    "compliance_consent",
    "compliance_preference",
    "compliance_exemption",
    "compliance_complaint",
    "dialer_callback",
)
SALT = "CREATE TEMPORARY TABLE print_salt ON COMMIT DROP AS SELECT gen_random_uuid() AS salt"
COMMIT = """
UPDATE {table} SET evidence = jsonb_build_object('erased', sanshi_commitment(
    (SELECT salt FROM print_salt), evidence))
WHERE evidence ? 'erased' AND evidence - 'erased' = '{{}}'
"""


class Migration(migrations.Migration):
    dependencies = [
        ("evidence", "0001_initial"),
        ("audit", "0005_erasable"),
        ("compliance", "0010_ledgers"),
        ("dialer", "0001_initial"),
    ]
    # what was erased stays erased: there is no way back, and none is needed
    operations = [
        migrations.RunSQL(
            [SALT, *(COMMIT.format(table=table) for table in TABLES), "DROP TABLE print_salt"],
            migrations.RunSQL.noop,
        )
    ]
