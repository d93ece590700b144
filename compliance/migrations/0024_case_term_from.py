from __future__ import annotations

from django.db import migrations, models

# A case that was reopened has its term from then: its last event of that kind.
FILL = """
UPDATE compliance_complaint AS c SET term_from = coalesce(
    (SELECT max(e.at) FROM compliance_complaintevent AS e
     WHERE e.complaint_id = c.id AND e.step = 'reopened'), c.created_at)
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0023_contacts_said")]
    operations = [
        migrations.AddField(
            model_name="complaint",
            name="term_from",
            field=models.DateTimeField(null=True, verbose_name="term counts from"),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="complaint",
            name="term_from",
            field=models.DateTimeField(verbose_name="term counts from"),
        ),
    ]
