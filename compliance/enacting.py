"""A pack version from draft to law of the house: submitted, signed by another, in force, ended.

Nothing is back-dated: a version begins after its signature. What was in force is never withdrawn:
it ends, by two people, and stays on record for every decision that was made under it. Which version
is in force is read from the rows at each decision (`facts.py`); nothing needs to be switched over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_noop

from accounts.models import User
from approvals import deciding
from approvals.models import Approval
from approvals.reading import history
from audit.recording import record
from clock.reading import now as clock_now
from compliance.domain.comparing import RuleChange, compare
from compliance.domain.pack import EffectivePack, Pack, PackError, compile_pack
from compliance.domain.pack_checking import problems
from compliance.domain.pack_state import TRANSITIONS, PackState, Phase, phase
from compliance.drafting import NotYourDraft, PackRefused
from compliance.models.pack import PackVersion
from compliance.packs import stack_of, versions_at

#: How long somebody has to sign that a version ends.
END_OPEN_FOR = timedelta(days=7)


class HasMistakes(PackRefused):
    """The document does not compile."""

    code = "has_mistakes"
    _sentence = gettext_noop("The draft has mistakes. Mend them first.")


class BackDated(PackRefused):
    """Its beginning does not lie ahead."""

    code = "back_dated"
    _sentence = gettext_noop("A version begins after it is signed: choose a later beginning.")


class WrongStep(PackRefused):
    """The version stands elsewhere by now."""

    code = "wrong_step"
    _sentence = gettext_noop("The version is not where you saw it. Look again.")


class NobodyAsked(PackRefused):
    """There is no open request."""

    code = "nobody_asked"
    _sentence = gettext_noop("Nothing waits for a signature here, or the time to sign is over.")


class ReasonMissing(PackRefused):
    """A step that others must be able to follow needs its reason."""

    code = "reason_missing"
    _sentence = gettext_noop("Give a reason.")


@transaction.atomic
def submit(version: PackVersion, maker: User) -> Approval:
    """Ask another person to sign. Raises NotYourDraft, HasMistakes, BackDated."""
    locked = _locked(version)
    if locked.state != PackState.DRAFT or locked.maker_id != maker.pk:
        raise NotYourDraft
    if problems(locked.document):
        raise HasMistakes
    if is_back_dated(locked, clock_now()):
        raise BackDated
    _move(locked, PackState.SUBMITTED, maker)
    return deciding.submit(
        subject=subject_of(locked),
        content_hash=signed_hash(locked),
        maker=maker,
        branch=None,
        title=str(locked),
        expires_at=locked.effective_from,
    )


@transaction.atomic
def sign(version: PackVersion, checker: User, seen: str, note: str = "") -> PackVersion:
    """Put a submitted version in force at its beginning; `seen` is the hash that was shown.

    Raises what `deciding.approve` raises, NobodyAsked and BackDated.
    """
    locked = _locked(version)
    if locked.state != PackState.SUBMITTED:
        raise WrongStep
    if is_back_dated(locked, clock_now()):
        raise BackDated
    asked = _asked(subject_of(locked))
    if asked.content_hash != signed_hash(locked):
        raise deciding.ContentChanged
    deciding.approve(
        approval=asked,
        checker=checker,
        content_hash=seen,
        note=note,
        valid_until=deciding.FOR_GOOD,
    )
    PackVersion.objects.filter(pk=locked.pk).update(checker=checker)
    locked.checker = checker
    return _move(locked, PackState.APPROVED, checker)


@transaction.atomic
def send_back(version: PackVersion, checker: User, reason: str) -> PackVersion:
    """Return a submitted version to its maker, who may change it again."""
    locked = _locked(version)
    if locked.state != PackState.SUBMITTED:
        raise WrongStep
    deciding.send_back(approval=_asked(subject_of(locked)), checker=checker, reason=reason)
    return _move(locked, PackState.DRAFT, checker)


@transaction.atomic
def take_back(version: PackVersion, maker: User) -> PackVersion:
    """The maker takes the request back, also one whose time ran out."""
    locked = _locked(version)
    if locked.state != PackState.SUBMITTED or locked.maker_id != maker.pk:
        raise NotYourDraft
    _withdraw_request(locked, maker, "taken back")
    return _move(locked, PackState.DRAFT, maker)


@transaction.atomic
def withdraw(version: PackVersion, actor: User, reason: str) -> PackVersion:
    """Give up a draft (its maker), or a signed version that has not begun (anybody who signs)."""
    locked = _locked(version)
    if not reason.strip():
        raise ReasonMissing
    if locked.state == PackState.DRAFT:
        if locked.maker_id != actor.pk:
            raise NotYourDraft
    elif locked.state != PackState.APPROVED or locked.effective_from <= clock_now():
        raise WrongStep
    _withdraw_request(locked, actor, reason)
    return _move(locked, PackState.WITHDRAWN, actor, reason)


@transaction.atomic
def ask_to_end(version: PackVersion, maker: User, reason: str) -> Approval:
    """Ask another person to end a version that is in force; the one before it takes over."""
    locked = _locked(version)
    if not reason.strip():
        raise ReasonMissing
    if phase_of(locked, clock_now()) is not Phase.IN_FORCE:
        raise WrongStep
    return deciding.submit(
        subject=end_subject_of(locked),
        content_hash=end_hash(locked),
        maker=maker,
        branch=None,
        title=f"{locked} ✕ {reason.strip()}"[:200],
        expires_at=clock_now() + END_OPEN_FOR,
    )


@transaction.atomic
def sign_end(version: PackVersion, checker: User, seen: str) -> PackVersion:
    """End it now."""
    locked = _locked(version)
    now = clock_now()
    if phase_of(locked, now) is not Phase.IN_FORCE:
        raise WrongStep
    deciding.approve(
        approval=_asked(end_subject_of(locked)),
        checker=checker,
        content_hash=seen,
        valid_until=deciding.FOR_GOOD,
    )
    PackVersion.objects.filter(pk=locked.pk, state=PackState.APPROVED.value).update(
        effective_to=now
    )
    locked.effective_to = now
    _record("pack.ended", locked, checker, "")
    return locked


@transaction.atomic
def refuse_end(version: PackVersion, checker: User, reason: str) -> None:
    """It stays in force."""
    deciding.send_back(approval=_asked(end_subject_of(version)), checker=checker, reason=reason)


def is_back_dated(version: PackVersion, now: datetime) -> bool:
    """Whether a version that is not signed yet would begin before its signature."""
    return version.effective_from <= now


def phase_of(version: PackVersion, now: datetime) -> Phase:
    """Where a version stands."""
    siblings = PackVersion.objects.filter(pack_id=version.pack_id).defer("document")
    return phases(siblings, now)[version.pk]


def phases(versions: Iterable[PackVersion], now: datetime) -> dict[int, Phase]:
    """Where each of these stands, given all versions of their packs; by id."""
    rows = list(versions)
    newest: dict[int, tuple[datetime, int]] = {}
    for one in rows:
        begun = one.state == PackState.APPROVED and one.effective_from <= now
        if begun and (one.effective_to is None or one.effective_to > now):
            key = (one.effective_from, one.pk)
            newest[one.pack_id] = max(newest.get(one.pack_id, key), key)
    return {
        one.pk: phase(
            PackState(one.state),
            one.effective_from,
            one.effective_to,
            replaced=newest.get(one.pack_id, (now, 0)) > (one.effective_from, one.pk)
            and one.pack_id in newest,
            now=now,
        )
        for one in rows
    }


def before(version: PackVersion, now: datetime) -> PackVersion | None:
    """The version of the same pack that this one replaces: in force when it begins or began."""
    at = version.effective_from
    if version.state != PackState.APPROVED:
        at = max(now, at)
    others = [one for one in versions_at(at, without=version.pk) if one.pack_id == version.pack_id]
    return others[0] if others else None


def changes(old: PackVersion | None, new: PackVersion) -> tuple[RuleChange, ...]:
    """What differs, rule by rule. Raises PackError for a draft that does not compile."""
    return compare(None if old is None else _compiled(old), _compiled(new))


def changed_by(ref: str) -> tuple[PackVersion | None, tuple[RuleChange, ...]]:
    """The version named "pack@version", and what it changed against the one in force before it.

    For who asks why something is blocked that was not when it was queued. Nothing for a pack that
    is no row (a campaign's own limits), for a first version, or one that cannot be read.
    """
    code, _at, name = ref.partition("@")
    signed = PackVersion.objects.filter(pack__code=code, state=PackState.APPROVED.value)
    version = signed.filter(version=name).select_related("pack").first()
    if version is None:
        return None, ()
    earlier = signed.filter(effective_from__lt=version.effective_from).select_related("pack")
    previous = earlier.order_by("-effective_from", "-pk").first()
    if previous is None:
        return version, ()
    try:
        return version, changes(previous, version)
    except PackError:
        return version, ()


def stack_with(version: PackVersion, at: datetime) -> EffectivePack:
    """The stack at an instant as if this version were in force. Raises PackError."""
    others = [one for one in versions_at(at) if one.pack_id != version.pack_id]
    mine = _compiled(version)
    return stack_of([(one.pk, one.sha256) for one in others]).with_pack(mine)


def subject_of(version: PackVersion) -> str:
    return f"pack_version:{version.pk}"


def end_subject_of(version: PackVersion) -> str:
    return f"pack_end:{version.pk}"


def signed_hash(version: PackVersion) -> str:
    """What a signature is on: the document and its time."""
    parts = (
        str(version),
        version.sha256,
        version.effective_from.astimezone(UTC).isoformat(),
        "" if version.effective_to is None else version.effective_to.astimezone(UTC).isoformat(),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def end_hash(version: PackVersion) -> str:
    """What a signature to end it is on."""
    return hashlib.sha256(f"end\n{version}\n{version.sha256}".encode()).hexdigest()


def _compiled(version: PackVersion) -> Pack:
    compiled = compile_pack(version.document)
    if compiled.sha256 != version.sha256:
        raise PackError(f"version {version.pk} was changed after it was signed")
    return compiled


def _locked(version: PackVersion) -> PackVersion:
    return (
        PackVersion.objects.select_for_update(no_key=True, of=("self",))
        .select_related("pack")
        .get(pk=version.pk)
    )


def _asked(subject: str) -> Approval:
    found = open_request(subject)
    if found is None:
        raise NobodyAsked
    return found


def open_request(subject: str) -> Approval | None:
    """The open request on a subject, whose time to sign has not run out."""
    newest = history(subject).first()
    if newest is None or newest.state != "pending" or newest.expires_at <= clock_now():
        return None
    return newest


def _withdraw_request(version: PackVersion, actor: User, reason: str) -> None:
    """The request or signature on it, if it still stands."""
    newest = history(subject_of(version)).first()
    if newest is None:
        return
    try:
        with transaction.atomic():
            deciding.withdraw(approval=newest, actor=actor, reason=reason)
    except deciding.AlreadyDecided:
        return


def _move(version: PackVersion, new: PackState, actor: User, reason: str = "") -> PackVersion:
    """Change the state as the table allows, and write it down."""
    old = PackState(version.state)
    moved = PackVersion.objects.filter(pk=version.pk, state=old.value).update(state=new.value)
    if new not in TRANSITIONS[old] or moved != 1:
        raise WrongStep
    version.state = new.value
    _record(f"pack.{_EVENTS[old, new]}", version, actor, reason)
    return version


_EVENTS = {
    (PackState.DRAFT, PackState.SUBMITTED): "submitted",
    (PackState.DRAFT, PackState.WITHDRAWN): "discarded",
    (PackState.SUBMITTED, PackState.APPROVED): "signed",
    (PackState.SUBMITTED, PackState.DRAFT): "returned",
    (PackState.APPROVED, PackState.WITHDRAWN): "withdrawn",
}


def _record(kind: str, version: PackVersion, actor: User, reason: str) -> None:
    record(
        kind=kind,
        actor_id=actor.pk,
        subject=subject_of(version),
        payload={
            "pack": str(version),
            "sha256": version.sha256,
            "effective_from": version.effective_from,
            "effective_to": version.effective_to,
            "reason": reason[:200],
        },
    )
