"""What insights counts ahead of time, because pages must not count millions of rows."""

from __future__ import annotations

from django.db import models


class PressureCount(models.Model):
    """How often customers of one branch were contacted, as last counted (insights/pressure.py).

    `branch_id` 0 holds what is no branch's: the caps that were looked at, and how long it took.
    A copy made of the ledger alone; every count replaces all of it.
    """

    branch_id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    counted_real = models.DateTimeField()
    document = models.JSONField()

    def __str__(self) -> str:
        return f"{self.branch_id} {self.at:%F %T}"
