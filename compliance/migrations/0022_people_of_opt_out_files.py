"""Files carried out before people were counted: as many as they wrote entries of customers."""

from __future__ import annotations

from django.db import migrations

COUNT = """
UPDATE compliance_optoutfile AS f SET people = (
    SELECT count(*) FROM compliance_suppression AS s
    WHERE s.customer_id IS NOT NULL AND s.evidence ->> 'sha256' = f.sha256)
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0021_opt_out_files_looked_at")]

    operations = [migrations.RunSQL(COUNT, migrations.RunSQL.noop)]
