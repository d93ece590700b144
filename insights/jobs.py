"""Background work of insights, on the RQ queue `batch`."""

from __future__ import annotations

import django_rq

from insights import pressure


def enqueue_pressure() -> None:
    """Ask a worker to count anew, if nobody did lately; asking twice counts once."""
    django_rq.get_queue("batch").enqueue(count_pressure, job_id="pressure")


def count_pressure() -> None:
    """Count how often customers were contacted, unless the last count is fresh."""
    pressure.rebuild(only_stale=True)
