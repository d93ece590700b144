"""Work for the `batch` queue."""

from __future__ import annotations

from audiences.importing import run


def import_batch(batch_id: int) -> None:
    """Import a customer file."""
    run(batch_id)
