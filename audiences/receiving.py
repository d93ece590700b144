"""Taking in a customer file: kept on disk, with a batch of its own, imported by a worker."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import BinaryIO

import django_rq
from django.conf import settings

from accounts.models import User
from audiences.domain.faults import FileFault, FileFaultCode
from audiences.models import ImportBatch
from audiences.opening import fingerprint
from clock.reading import now


def enqueue(batch: ImportBatch) -> None:
    """Let a worker import it, once the caller's transaction has committed.

    The job is named by its path: importing its module here would load the tables of number ranges
    into every web process.
    """
    django_rq.get_queue("batch").enqueue("audiences.jobs.import_batch", batch.pk)


def receive(
    source: BinaryIO,
    *,
    file_name: str,
    maker: User | None,
    sandbox: bool = False,
    mapping: dict[str, str] | None = None,
) -> ImportBatch:
    """Keep an uploaded file and make its batch. Raises FileFault TOO_LARGE, and keeps nothing."""
    folder = settings.MEDIA_ROOT / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid.uuid4()}{Path(file_name).suffix[:8].lower()}"
    with path.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    if path.stat().st_size > settings.IMPORT_MAX_BYTES:
        size = path.stat().st_size
        path.unlink()
        raise FileFault(FileFaultCode.TOO_LARGE, detail=f"{size} > {settings.IMPORT_MAX_BYTES}")
    return register(path, file_name=file_name, maker=maker, sandbox=sandbox, mapping=mapping)


def register(
    path: Path,
    *,
    file_name: str,
    maker: User | None,
    sandbox: bool = False,
    mapping: dict[str, str] | None = None,
) -> ImportBatch:
    """A batch for a file that lies where the workers can read it; `run` or `enqueue` imports it."""
    return ImportBatch.objects.create(
        file_name=file_name[:200],
        path=str(path),
        sha256=fingerprint(path),
        size=path.stat().st_size,
        mapping=mapping or {},
        maker=maker,
        sandbox=sandbox,
        created_at=now(),
    )
