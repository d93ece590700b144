from __future__ import annotations

from django.db import migrations

# Append-only from now on, and sealed: the audit's sealer reads these rows by ranges of transactions
# (audit/books.py). BRIN, because the column grows with the table: an insert pays next to nothing.
# Personal columns are erasable (audit/erasing.py).
LEDGER = """
ALTER TABLE robot_turn ADD COLUMN transaction bigint NOT NULL DEFAULT sanshi_transaction();
CREATE INDEX robot_turn_transaction ON robot_turn
    USING brin (transaction) WITH (pages_per_range = 16, autosummarize = on);
SELECT sanshi_make_append_only('robot_turn');
SELECT sanshi_make_erasable('robot_turn', ARRAY['text', 'digits', 'said', 'step']);
"""
UNDO = """
DROP TRIGGER robot_turn_append_only ON robot_turn;
ALTER TABLE robot_turn DROP COLUMN transaction, DROP COLUMN salt, DROP COLUMN erased;
"""


class Migration(migrations.Migration):
    dependencies = [("robot", "0002_clearance"), ("audit", "0005_erasable")]
    operations = [migrations.RunSQL(LEDGER, UNDO)]
