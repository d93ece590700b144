"""The key is unique by a constraint: `unique` on the field kept a second index, for beginnings."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("telephony", "0001_initial")]

    operations = [
        migrations.AddConstraint(
            model_name="receivedwebhook",
            constraint=models.UniqueConstraint(fields=["key"], name="webhook_once"),
        ),
        migrations.AlterField(
            model_name="receivedwebhook",
            name="key",
            field=models.CharField(max_length=200),
        ),
    ]
