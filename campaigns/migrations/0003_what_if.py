"""What-ifs: a version of a pack against a list, with its answer."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

STATES = ["queued", "running", "done", "failed"]


class Migration(migrations.Migration):
    dependencies = [
        ("audiences", "0002_batch_members"),
        ("campaigns", "0002_automated_audience"),
        ("compliance", "0009_who_released"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WhatIf",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sha256", models.CharField(max_length=64, verbose_name="fingerprint")),
                (
                    "actor",
                    models.CharField(default="robot", max_length=10, verbose_name="who speaks"),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "state",
                    models.CharField(
                        choices=[(state, state.title()) for state in STATES],
                        default="queued",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("done", models.PositiveIntegerField(default=0, verbose_name="judged")),
                ("wanted", models.PositiveIntegerField(default=0, verbose_name="to judge")),
                ("result", models.JSONField(blank=True, default=dict, verbose_name="result")),
                (
                    "problem",
                    models.CharField(blank=True, max_length=200, verbose_name="problem"),
                ),
                ("created_at", models.DateTimeField(verbose_name="created")),
                (
                    "batch",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="audiences.importbatch",
                        verbose_name="import",
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="campaigns.campaign",
                        verbose_name="campaign",
                    ),
                ),
                (
                    "maker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked by",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="compliance.product",
                        verbose_name="product",
                    ),
                ),
                (
                    "segment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="audiences.segment",
                        verbose_name="segment",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="compliance.packversion",
                        verbose_name="rule pack version",
                    ),
                ),
            ],
            options={
                "verbose_name": "what-if",
                "verbose_name_plural": "what-ifs",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", STATES)), name="what_if_state_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("campaign__isnull", False),
                            ("segment__isnull", False),
                            ("batch__isnull", False),
                            _connector="OR",
                        ),
                        name="what_if_has_a_list",
                    ),
                ],
            },
        ),
    ]
