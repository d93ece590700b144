from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audiences", "0004_merged"),
    ]

    operations = [
        migrations.AlterField(
            model_name="customer",
            name="time_zone",
            field=models.CharField(
                blank=True, default="Asia/Shanghai", max_length=40, verbose_name="time zone"
            ),
        ),
        migrations.AlterField(
            model_name="number",
            name="time_zone",
            field=models.CharField(
                blank=True, default="Asia/Shanghai", max_length=40, verbose_name="time zone"
            ),
        ),
    ]
