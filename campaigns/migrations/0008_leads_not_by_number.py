from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Nobody looks for the leads of a number, and numbers are not deleted: an index of a million
    leads is paid for with every screening.
    """

    dependencies = [("campaigns", "0007_leads_refer_by_statement")]

    operations = [
        migrations.AlterField(
            model_name="lead",
            name="number",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="audiences.number",
            ),
        ),
    ]
