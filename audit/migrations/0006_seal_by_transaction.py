from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_erasable")]

    operations = [
        migrations.AddIndex(
            model_name="seal",
            index=models.Index(fields=["below_transaction"], name="seal_by_transaction"),
        ),
    ]
