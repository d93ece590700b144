"""Signs of life: of the leader, and of the carrier."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """One row a part: "leader" (who ticks), "carrier" (whether it takes calls).

    All times are real. `failed_at` is the last failure; `detail` its short cause, or for the leader
    the process that ticks.
    """

    name = models.CharField(max_length=20, primary_key=True)
    ok = models.BooleanField(default=True)
    seen_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    detail = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return self.name
