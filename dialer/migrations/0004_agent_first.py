"""Callbacks are dialled: a state "calling", a due time, and calls for which the agent comes first."""

from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

_FILL = """
UPDATE dialer_callback AS b SET due_at = b.promised_at, lead_id = c.lead_id
FROM dialer_call AS c WHERE c.id = b.call_id;
UPDATE dialer_callback SET state = 'cancelled', cause = 'booked_twice'
WHERE state = 'booked' AND EXISTS (
    SELECT 1 FROM dialer_callback AS later
    WHERE later.customer_id = dialer_callback.customer_id
      AND later.campaign_id = dialer_callback.campaign_id
      AND later.state = 'booked' AND later.id > dialer_callback.id);
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0001_initial"),
        ("dialer", "0003_ledgers"),
    ]
    operations = [
        migrations.RemoveConstraint(
            model_name="callback",
            name="callback_state_known",
        ),
        migrations.RemoveConstraint(
            model_name="transfer",
            name="transfer_state_known",
        ),
        migrations.AddField(
            model_name="call",
            name="callback",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="dials",
                to="dialer.callback",
            ),
        ),
        migrations.AddField(
            model_name="callback",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0, verbose_name="attempts"),
        ),
        migrations.AddField(
            model_name="callback",
            name="cause",
            field=models.CharField(blank=True, max_length=60, verbose_name="cause"),
        ),
        migrations.AddField(
            model_name="callback",
            name="codes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40),
                blank=True,
                default=list,
                size=None,
                verbose_name="reasons",
            ),
        ),
        migrations.AddField(
            model_name="callback",
            name="due_at",
            field=models.DateTimeField(null=True, verbose_name="due"),
        ),
        migrations.AddField(
            model_name="callback",
            name="lead",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="callbacks",
                to="campaigns.lead",
            ),
        ),
        migrations.AddField(
            model_name="callback",
            name="settled_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="settled"),
        ),
        migrations.AddField(
            model_name="transfer",
            name="agent_first",
            field=models.BooleanField(default=False),
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="callback",
            name="due_at",
            field=models.DateTimeField(verbose_name="due"),
        ),
        migrations.AlterField(
            model_name="callback",
            name="state",
            field=models.CharField(
                choices=[
                    ("booked", "Booked"),
                    ("calling", "Calling"),
                    ("done", "Done"),
                    ("cancelled", "Cancelled"),
                    ("expired", "Expired"),
                ],
                default="booked",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AlterField(
            model_name="transfer",
            name="state",
            field=models.CharField(
                choices=[
                    ("reserved", "Reserved"),
                    ("offered", "Offered"),
                    ("accepted", "Accepted"),
                    ("connected", "Connected"),
                    ("wrap_up", "Wrap_Up"),
                    ("done", "Done"),
                    ("no_agent", "No_Agent"),
                    ("abandoned", "Abandoned"),
                    ("stopped", "Stopped"),
                    ("not_wanted", "Not_Wanted"),
                    ("bridge_failed", "Bridge_Failed"),
                    ("not_reached", "Not_Reached"),
                ],
                default="reserved",
                max_length=14,
                verbose_name="state",
            ),
        ),
        migrations.AddIndex(
            model_name="callback",
            index=models.Index(
                condition=models.Q(("state__in", ["booked", "calling"])),
                fields=["due_at"],
                name="callback_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="call",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["answered", "placing", "planned", "queued", "ringing", "unknown"],
                    )
                ),
                fields=("callback",),
                name="call_one_live_per_callback",
            ),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["booked", "calling", "done", "cancelled", "expired"])
                ),
                name="callback_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["booked", "calling"])),
                fields=("customer", "campaign"),
                name="callback_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "reserved",
                            "offered",
                            "accepted",
                            "connected",
                            "wrap_up",
                            "done",
                            "no_agent",
                            "abandoned",
                            "stopped",
                            "not_wanted",
                            "bridge_failed",
                            "not_reached",
                        ],
                    )
                ),
                name="transfer_state_known",
            ),
        ),
    ]
