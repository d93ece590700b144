"""Registers: a file comes in, a maker submits it, a second person signs it, and it is in force.

Signing is one commit: the old list ends and the new one begins, nobody falls between. The pass
that follows (register_settling.py) ends the calls that were under way at that moment.
"""

from __future__ import annotations

import shutil
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext_noop

from accounts.models import User
from approvals import deciding, reading
from approvals.models import Approval
from approvals.refusing import Refused
from audiences.domain.faults import FileFault, FileFaultCode
from audiences.opening import fingerprint
from audit.recording import record
from clock.reading import now
from compliance.domain.registers import (
    ImportMode,
    RegisterImportState,
    RegisterKind,
    RegisterTerms,
    signed_hash,
    sources,
)
from compliance.models import Register, RegisterImport

#: How long a submitted import waits for its signature (business time).
SIGN_WITHIN = timedelta(days=7)


class RegisterRefused(Refused):
    """A step that was not taken: `code` for programs, `sentence` for people."""


class OneAtATime(RegisterRefused):
    code = "one_at_a_time"
    _sentence = gettext_noop("Another file of this register is open. Withdraw it first.")


class DrawnInFuture(RegisterRefused):
    code = "drawn_in_future"
    _sentence = gettext_noop("The list cannot have been drawn in the future.")


class OlderThanInForce(RegisterRefused):
    code = "older_than_in_force"
    _sentence = gettext_noop("This list is older than the one in force.")


class NoWholeListYet(RegisterRefused):
    code = "no_whole_list_yet"
    _sentence = gettext_noop("A whole list must be in force before entries can be added.")


class NotNow(RegisterRefused):
    code = "not_now"
    _sentence = gettext_noop("Somebody has done this already, or it is too late for it.")


def define(
    *,
    name: str,
    title: str,
    kind: RegisterKind,
    terms: RegisterTerms,
    actor_id: int | None = None,
) -> Register:
    """A new register. Out of use until its first whole list has been signed.

    Raises django's ValidationError for a name that is taken or is none.
    """
    register = Register(name=name, title=title, kind=kind.value, active=False)
    _put_terms(register, terms)
    register.full_clean()
    with transaction.atomic():
        register.save()
        record(
            kind="register.defined",
            actor_id=actor_id,
            subject=f"register:{register.pk}",
            payload={"name": name, "kind": kind.value},
        )
    return register


def terms_of(register: Register) -> RegisterTerms:
    """The terms in force."""
    return RegisterTerms(
        max_age_days=register.max_age_days,
        purpose=register.purpose,
        product_family=register.product_family,
        entries_last_days=register.entries_last_days,
    )


def receive(
    source: BinaryIO | None,
    *,
    file_name: str,
    register: Register,
    mode: ImportMode,
    drawn_at: datetime,
    terms: RegisterTerms,
    maker: User,
) -> RegisterImport:
    """Keep an uploaded file (none to RETIRE a register) and make its import; nothing is read yet.

    Raises RegisterRefused, or FileFault TOO_LARGE; then nothing is kept.
    """
    _check(register, mode, drawn_at)
    path = None if source is None else _keep(source, file_name)
    try:
        with transaction.atomic():
            return _make(path, file_name, register, mode, drawn_at, terms, maker)
    except IntegrityError as error:
        if path is not None:
            path.unlink()
        raise OneAtATime from error


def _check(register: Register, mode: ImportMode, drawn_at: datetime) -> None:
    if drawn_at > now():
        raise DrawnInFuture
    if mode is ImportMode.REPLACE and register.imported_at and drawn_at < register.imported_at:
        raise OlderThanInForce
    if mode is not ImportMode.REPLACE and not register.active:
        raise NoWholeListYet


def _keep(source: BinaryIO, file_name: str) -> Path:
    folder = settings.MEDIA_ROOT / "registers"
    folder.mkdir(parents=True, exist_ok=True)
    path: Path = folder / f"{uuid.uuid4()}{Path(file_name).suffix[:8].lower()}"
    with path.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    size = path.stat().st_size
    if size > settings.IMPORT_MAX_BYTES:
        path.unlink()
        raise FileFault(FileFaultCode.TOO_LARGE, detail=f"{size} > {settings.IMPORT_MAX_BYTES}")
    return path


def _make(
    path: Path | None,
    file_name: str,
    register: Register,
    mode: ImportMode,
    drawn_at: datetime,
    terms: RegisterTerms,
    maker: User,
) -> RegisterImport:
    batch = RegisterImport.objects.create(
        register=register,
        mode=mode.value,
        file_name=file_name[:200] if path else "",
        path=str(path) if path else "",
        sha256=fingerprint(path) if path else "",
        size=path.stat().st_size if path else 0,
        drawn_at=drawn_at,
        terms=terms.model_dump(mode="json"),
        maker=maker,
        created_at=now(),
    )
    record(
        kind="register.uploaded",
        actor_id=maker.pk,
        subject=f"register_import:{batch.pk}",
        payload={"register": register.name, "mode": mode.value, "sha256": batch.sha256},
    )
    return batch


def content_of(batch: RegisterImport) -> str:
    """The hash that is signed, of what the import now is."""
    return signed_hash(
        import_id=batch.pk,
        register=batch.register.name,
        mode=ImportMode(batch.mode),
        sha256=batch.sha256,
        drawn_at=batch.drawn_at,
        terms=RegisterTerms.model_validate(batch.terms),
        counts={"entries": batch.entries, "rejected": batch.rows_rejected},
    )


def subject_of(batch: RegisterImport) -> str:
    return f"register_import:{batch.pk}"


@transaction.atomic
def submit(batch: RegisterImport, *, maker: User) -> Approval:
    """Ask for the second signature. Raises NotNow."""
    at = now()
    _move(batch, RegisterImportState.SUBMITTED)
    return deciding.submit(
        subject=subject_of(batch),
        content_hash=content_of(batch),
        maker=maker,
        branch=None,
        title=f"{batch.register.title or batch.register.name} {batch.drawn_at:%F}",
        expires_at=at + SIGN_WITHIN,
    )


@transaction.atomic
def sign(batch: RegisterImport, *, checker: User, content_hash: str) -> None:
    """The second signature, on what the checker saw: from this commit on the gate reads the list.

    Raises ApprovalRefused (MakerIsChecker, ContentChanged, Expired, …) or NotNow.
    """
    at = now()
    register = Register.objects.select_for_update().get(pk=batch.register_id)
    waiting = reading.pending(subject_of(batch), at)
    if waiting is None:
        raise NotNow
    if waiting.content_hash != content_of(batch):
        raise deciding.ContentChanged
    # who uploaded it does not sign it either, whoever pressed "submit"
    if batch.maker_id == checker.pk:
        raise deciding.MakerIsChecker
    signed = deciding.approve(approval=waiting, checker=checker, content_hash=content_hash)
    _take_effect(batch, register, at)
    record(
        kind="register.in_force",
        actor_id=checker.pk,
        subject=subject_of(batch),
        payload={
            "register": register.name,
            "mode": batch.mode,
            "sha256": batch.sha256,
            "entries": batch.entries,
            "approval": signed.pk,
        },
    )


@transaction.atomic
def send_back(batch: RegisterImport, *, checker: User, reason: str) -> None:
    """The checker does not sign. Raises ApprovalRefused or NotNow."""
    waiting = reading.pending(subject_of(batch), now())
    if waiting is None:
        raise NotNow
    deciding.send_back(approval=waiting, checker=checker, reason=reason)
    _move(batch, RegisterImportState.RETURNED, ended_at=now())


@transaction.atomic
def withdraw(batch: RegisterImport, *, actor: User) -> None:
    """The maker's side takes it back before it is signed. Raises NotNow."""
    at = now()
    _move(batch, RegisterImportState.WITHDRAWN, ended_at=at)
    waiting = reading.pending(subject_of(batch), at)
    if waiting is not None:
        deciding.withdraw(approval=waiting, actor=actor, reason="withdrawn")
    record(kind="register.withdrawn", actor_id=actor.pk, subject=subject_of(batch), payload={})


def _take_effect(batch: RegisterImport, register: Register, at: datetime) -> None:
    mode = ImportMode(batch.mode)
    if mode is not ImportMode.ADD:
        register.imports.filter(state=RegisterImportState.IN_FORCE.value).update(
            state=RegisterImportState.SUPERSEDED.value, ended_at=at
        )
    _move(batch, RegisterImportState.IN_FORCE, in_force_at=at)
    if mode is ImportMode.RETIRE:
        register.active = False
    if mode is ImportMode.REPLACE:
        register.active = True
        register.imported_at = batch.drawn_at
        register.sha256 = batch.sha256
        _put_terms(register, RegisterTerms.model_validate(batch.terms))
    total = register.imports.filter(state=RegisterImportState.IN_FORCE.value)
    register.rows = total.aggregate(rows=Sum("entries"))["rows"] or 0
    register.save()


def _put_terms(register: Register, terms: RegisterTerms) -> None:
    register.max_age_days = terms.max_age_days
    register.channel = terms.channel
    register.purpose = terms.purpose
    register.product_family = terms.product_family
    register.entries_last_days = terms.entries_last_days


def _move(batch: RegisterImport, new: RegisterImportState, **values: object) -> None:
    changed = RegisterImport.objects.filter(pk=batch.pk, state__in=sources(new)).update(
        state=new.value, **values
    )
    if changed != 1:
        raise NotNow
    batch.refresh_from_db()
