"""A year comes in force once it is signed; what is in the tables came with set-up and is."""

from django.db import migrations, models

STATES = ["waiting", "approved", "refused"]


class Migration(migrations.Migration):
    dependencies = [("compliance", "0013_cases_filled")]

    operations = [
        migrations.AddField(
            model_name="calendaryear",
            name="state",
            field=models.CharField(
                choices=[(state, state.title()) for state in STATES],
                default="approved",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AlterField(
            model_name="calendaryear",
            name="state",
            field=models.CharField(
                choices=[(state, state.title()) for state in STATES],
                default="waiting",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AlterField(
            model_name="calendaryear",
            name="in_force",
            field=models.BooleanField(default=False, verbose_name="in force"),
        ),
        migrations.AddConstraint(
            model_name="calendaryear",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", STATES)), name="calendar_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="calendaryear",
            constraint=models.CheckConstraint(
                condition=models.Q(("in_force", False), ("state", "approved"), _connector="OR"),
                name="calendar_in_force_is_signed",
            ),
        ),
    ]
