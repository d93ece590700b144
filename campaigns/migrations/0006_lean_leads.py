from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

# A million leads are stored at a time, and each index and each foreign key costs every one of them.
# A list belongs to one campaign, so one key checks both; the single indexes on list, campaign and
# customer repeat the beginnings of others.
ONE_KEY = """
ALTER TABLE campaigns_targetlist ADD CONSTRAINT list_of_campaign UNIQUE (id, campaign_id);
ALTER TABLE campaigns_lead ADD CONSTRAINT lead_of_list_of_campaign
    FOREIGN KEY (target_list_id, campaign_id) REFERENCES campaigns_targetlist (id, campaign_id)
    DEFERRABLE INITIALLY DEFERRED;
"""
TWO_KEYS = """
ALTER TABLE campaigns_lead DROP CONSTRAINT lead_of_list_of_campaign;
ALTER TABLE campaigns_targetlist DROP CONSTRAINT list_of_campaign;
"""


class Migration(migrations.Migration):
    dependencies = [("audiences", "0001_initial"), ("campaigns", "0005_portions")]
    operations = [
        migrations.AlterField(
            model_name="lead",
            name="campaign",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="leads",
                to="campaigns.campaign",
            ),
        ),
        migrations.AlterField(
            model_name="lead",
            name="customer",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="audiences.customer",
            ),
        ),
        migrations.AlterField(
            model_name="lead",
            name="target_list",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="leads",
                to="campaigns.targetlist",
            ),
        ),
        migrations.RunSQL(ONE_KEY, TWO_KEYS),
    ]
