from __future__ import annotations

from django.db import migrations, models

# a campaign's machines, without reading every outcome for them
MACHINES = """
CREATE INDEX compliance_contact_machine ON compliance_contact (campaign_id, at)
    WHERE kind = 'outcome' AND outcome IN ('machine', 'machine_wrong');
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0004_legal_holds")]

    operations = [
        migrations.CreateModel(
            name="CampaignHour",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "campaign_id",
                        "hour",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("campaign_id", models.BigIntegerField()),
                ("hour", models.DateTimeField()),
                ("connects", models.PositiveIntegerField()),
                ("machines", models.PositiveIntegerField()),
                ("machine_wrong", models.PositiveIntegerField()),
                ("consented", models.PositiveIntegerField()),
                ("conversations", models.PositiveIntegerField()),
                ("abandoned", models.PositiveIntegerField()),
            ],
        ),
        migrations.RunSQL(MACHINES, "DROP INDEX compliance_contact_machine"),
    ]
