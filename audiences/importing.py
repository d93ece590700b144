"""Importing a customer file: check it, merge it, and say what became of its rows.

A fault of the file imports nothing; a fault of a row rejects the row. Running the same file again
changes nothing, so a run whose worker died is simply run again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

from accounts.models import User
from audiences.domain.faults import FileFault, FileFaultCode
from audiences.domain.import_state import TRANSITIONS, ImportState
from audiences.merging import merge
from audiences.models import ImportBatch
from audiences.receiving import register
from audiences.staging import stage
from audiences.wording import kept_fault
from audit.recording import record
from clock.reading import now
from database.session_locks import alone

_RUNNABLE = [
    state.value for state, following in TRANSITIONS.items() if ImportState.RUNNING in following
]
#: First key of the lock by which one worker runs a batch; the second is the batch's id.
RUN_LOCK = 0x494D5254


def run(batch_id: int) -> ImportBatch:
    """Import a batch's file. A batch that is done, or that another worker runs, is left alone.

    A fault of the file ends in FAILED with the fault in `error`; any other error also ends in
    FAILED, as INTERRUPTED, and is raised.
    """
    with alone(RUN_LOCK, batch_id) as mine:
        batch = ImportBatch.objects.get(pk=batch_id)
        if mine:
            _run(batch)
            batch.refresh_from_db()
    return batch


def _run(batch: ImportBatch) -> None:
    started = ImportBatch.objects.filter(pk=batch.pk, state__in=_RUNNABLE).update(
        state=ImportState.RUNNING,
        error="",
        rows_read=0,
        rows_created=0,
        rows_updated=0,
        rows_unchanged=0,
        rows_rejected=0,
    )
    if not started:
        return
    at = now()
    try:
        with transaction.atomic():
            staged = stage(batch, today=at.astimezone(ZoneInfo(settings.TIME_ZONE)).date())
        counts = {"rows_read": staged.read, "rows_rejected": staged.rejected}
        ImportBatch.objects.filter(pk=batch.pk).update(**counts)
        for merged in merge(batch, staged, at=at):
            counts |= {"created": merged.created, "updated": merged.updated}
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE staged_customer")
            if counts.get("created", 0) > 1000:
                # whoever screens this list next needs to know how large the tables have become
                cursor.execute(
                    "ANALYZE audiences_customer, audiences_number, audiences_customernumber"
                )
    except FileFault as fault:
        _finish(batch, ImportState.FAILED, {"fault": fault.code}, error=kept_fault(fault))
    except Exception:
        interrupted = FileFault(FileFaultCode.INTERRUPTED)
        _finish(
            batch, ImportState.FAILED, {"fault": interrupted.code}, error=kept_fault(interrupted)
        )
        raise
    else:
        _finish(batch, ImportState.DONE, counts)


def _finish(
    batch: ImportBatch, new: ImportState, payload: Mapping[str, object], *, error: str = ""
) -> None:
    with transaction.atomic():
        ImportBatch.objects.filter(pk=batch.pk, state=ImportState.RUNNING).update(
            state=new, error=error, finished_at=now()
        )
        record(
            kind=f"import.{new.value}",
            actor_id=batch.maker_id,
            subject=f"import:{batch.pk}",
            payload={"sha256": batch.sha256, **payload},
        )


def import_file(path: Path, *, maker: User | None = None, sandbox: bool = False) -> ImportBatch:
    """Register and run in one go, for commands and the sandbox."""
    return run(register(path, file_name=path.name, maker=maker, sandbox=sandbox).pk)
