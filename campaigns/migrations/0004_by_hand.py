from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audiences", "0004_merged"),
        ("campaigns", "0003_what_if"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="by_hand",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="agents call whom a robot may not"
            ),
        ),
        migrations.AddField(
            model_name="lead",
            name="by_hand",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="by a person only"
            ),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("by_hand", True), ("state", "due")),
                fields=["campaign", "due_at", "id"],
                name="lead_due_by_hand",
            ),
        ),
    ]
