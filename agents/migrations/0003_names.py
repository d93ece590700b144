from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("agents", "0002_licences")]

    operations = [
        migrations.AlterModelOptions(
            name="presencechange",
            options={
                "verbose_name": "presence change",
                "verbose_name_plural": "presence changes",
            },
        ),
        migrations.AlterModelOptions(
            name="reservation",
            options={"verbose_name": "reservation", "verbose_name_plural": "reservations"},
        ),
    ]
