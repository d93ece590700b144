"""The sandbox's clock: three numbers in one row."""

from __future__ import annotations

from django.db import models


class SandboxClock(models.Model):
    """`sim = anchor_sim + speed × (real − anchor_real)`; no row means real time.

    The carrier is given the same three numbers, so both sides agree without talking.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    anchor_real = models.DateTimeField()
    anchor_sim = models.DateTimeField()
    speed = models.FloatField(default=1.0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="clock_one_row"),
            models.CheckConstraint(condition=models.Q(speed__gt=0), name="clock_runs_forward"),
        ]

    def __str__(self) -> str:
        return f"{self.anchor_sim:%F %T} × {self.speed:g}"
