from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_seal_by_transaction")]

    operations = [
        # seals that stand, and those that a process of the old code still makes, are of version 1
        migrations.AddField(
            model_name="seal",
            name="version",
            field=models.PositiveSmallIntegerField(db_default=1),
        ),
    ]
