from __future__ import annotations

from django.db import migrations

# audit.sealing and audit.verifying read entries by ranges of transactions.
INDEX = "CREATE INDEX audit_entry_by_transaction ON audit_entry (transaction)"
UNDO = "DROP INDEX audit_entry_by_transaction"


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_entries_partitioned")]
    operations = [migrations.RunSQL(INDEX, UNDO)]
