from __future__ import annotations

from django.db import migrations

# In a migration of its own: rows that were just updated cannot have their table altered.
FILL = """
UPDATE compliance_complaint AS c SET
    branch_id = (SELECT branch_id FROM audiences_customer WHERE id = c.customer_id),
    state = CASE WHEN c.closed_at IS NULL THEN 'opened' ELSE 'closed' END,
    forward_due_at = c.created_at + interval '3 days'
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0012_cases")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
