from __future__ import annotations

from django.db import migrations

# Append-only from now on, and sealed: the audit's sealer reads these rows by ranges of transactions
# (audit/books.py). BRIN, because the column grows with the table: an insert pays next to nothing.
# Personal columns are erasable (audit/erasing.py).
LEDGER = """
ALTER TABLE compliance_contact ADD COLUMN transaction bigint NOT NULL DEFAULT sanshi_transaction();
CREATE INDEX compliance_contact_transaction ON compliance_contact
    USING brin (transaction) WITH (pages_per_range = 16, autosummarize = on);
SELECT sanshi_make_append_only('compliance_contact');
ALTER TABLE compliance_decision ADD COLUMN transaction bigint NOT NULL DEFAULT sanshi_transaction();
CREATE INDEX compliance_decision_transaction ON compliance_decision
    USING brin (transaction) WITH (pages_per_range = 16, autosummarize = on);
SELECT sanshi_make_append_only('compliance_decision');
SELECT sanshi_make_erasable('compliance_decision', ARRAY['facts']);
"""
UNDO = """
DROP TRIGGER compliance_contact_append_only ON compliance_contact;
ALTER TABLE compliance_contact DROP COLUMN transaction;
DROP TRIGGER compliance_decision_append_only ON compliance_decision;
ALTER TABLE compliance_decision DROP COLUMN transaction, DROP COLUMN salt, DROP COLUMN erased;
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0009_who_released"), ("audit", "0005_erasable")]
    operations = [migrations.RunSQL(LEDGER, UNDO)]
