from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("robot", "0004_version_source"),
    ]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="trial",
            field=models.BooleanField(default=False, verbose_name="trial"),
        ),
    ]
