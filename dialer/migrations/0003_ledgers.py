from __future__ import annotations

from django.db import migrations

# Append-only from now on, and sealed: the audit's sealer reads these rows by ranges of transactions
# (audit/books.py). BRIN, because the column grows with the table: an insert pays next to nothing.
LEDGER = """
ALTER TABLE dialer_callevent ADD COLUMN transaction bigint NOT NULL DEFAULT sanshi_transaction();
CREATE INDEX dialer_callevent_transaction ON dialer_callevent
    USING brin (transaction) WITH (pages_per_range = 16, autosummarize = on);
SELECT sanshi_make_append_only('dialer_callevent');
"""
UNDO = """
DROP TRIGGER dialer_callevent_append_only ON dialer_callevent;
ALTER TABLE dialer_callevent DROP COLUMN transaction;
"""


class Migration(migrations.Migration):
    dependencies = [("dialer", "0002_events_partitioned"), ("audit", "0005_erasable")]
    operations = [migrations.RunSQL(LEDGER, UNDO)]
