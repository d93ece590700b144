"""Writing a pack version before anybody signs it: a draft belongs to its maker.

A draft may be wrong in every way while it is written; `enacting.submit` asks for a whole one. Only
its maker changes it: whoever else wants something makes a draft of their own from it, so that the
second pair of eyes has written nothing of what it signs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from accounts.models import User
from approvals.refusing import Refused
from audit.recording import record
from clock.reading import now as clock_now
from compliance.domain.pack import Layer, content_hash
from compliance.domain.pack_checking import Problem, problems
from compliance.domain.pack_state import PackState
from compliance.domain.terms import local_date, start_of_day, zone
from compliance.models.pack import Pack, PackVersion


class PackRefused(Refused):
    """A step that was not taken: `code` for programs, `sentence` for people."""


class NotYourDraft(PackRefused):
    """Somebody else's, or no draft any more."""

    code = "not_your_draft"
    _sentence = gettext_noop("Only its maker changes a draft. Make a draft of your own from it.")


class ChangedMeanwhile(PackRefused):
    """The draft was saved in another window since it was opened."""

    code = "changed_meanwhile"
    _sentence = gettext_noop("The draft was changed in another window. Look again.")


class VersionTaken(PackRefused):
    """The pack has a version of this name."""

    code = "version_taken"
    _sentence = gettext_noop("The pack has a version of this name already.")


class AnotherPack(PackRefused):
    """The document names another pack or layer than the draft's."""

    code = "another_pack"
    _sentence = gettext_noop("A draft keeps the name and the layer of its pack.")


class NotReadable(PackRefused):
    """Too broken to be kept: it does not even say which pack it is."""

    code = "not_readable"
    _sentence = gettext_noop("The source does not say which pack, version, layer and zone it is.")


class NoDay(PackRefused):
    """A beginning that is no day, or lies beyond any plan."""

    code = "no_day"
    _sentence = gettext_noop("The beginning must be a day of the years 2000 to 2100.")


class NotStorable(PackRefused):
    """It holds a value that is not the same after it was stored."""

    code = "not_storable"
    _sentence = gettext_noop(
        "The source holds a value that cannot be kept: quote dates and keys that are numbers, and "
        "write numbers plainly."
    )


@transaction.atomic
def draft_from(base: PackVersion, maker: User) -> PackVersion:
    """A new draft with the content of any version, in force from the next day unless changed."""
    pack = Pack.objects.select_for_update(no_key=True).get(pk=base.pack_id)
    version = _next_name(base.version, set(pack.versions.values_list("version", flat=True)))
    begins = _tomorrow(str(base.document["zone"]))
    document = {**base.document, "version": version}
    return _create(pack, document, begins, maker, based_on=base.pk)


@transaction.atomic
def draft_of_new_pack(document: Mapping[str, Any], maker: User) -> PackVersion:
    """The first draft of a pack, or one more of a pack that is there, from a whole document.

    Raises NotReadable, NotStorable, NoDay, AnotherPack (another layer than the pack's) and
    VersionTaken.
    """
    head = _head_of(document)
    pack, _made = Pack.objects.select_for_update(no_key=True).get_or_create(
        code=document["pack"],
        defaults={
            "name": str(document["name_zh"])[:100],
            "name_en": str(document["name_en"])[:100],
            "layer": head.value,
        },
    )
    if pack.layer != head.value:
        raise AnotherPack
    return _create(pack, document, _begin_of(document), maker, based_on=None)


@transaction.atomic
def save(
    draft: PackVersion,
    document: Mapping[str, Any],
    *,
    actor: User,
    seen: str,
    effective_from: datetime | None = None,
) -> PackVersion:
    """Keep a changed document; `seen` is the hash of what the change was made from.

    Without `effective_from`, a new date in the document moves it. Raises NotYourDraft,
    ChangedMeanwhile, AnotherPack, VersionTaken, NotReadable, NotStorable, NoDay.
    """
    locked = PackVersion.objects.select_for_update(no_key=True).get(pk=draft.pk)
    if locked.state != PackState.DRAFT or locked.maker_id != actor.pk:
        raise NotYourDraft
    if locked.sha256 != seen:
        raise ChangedMeanwhile
    layer = _head_of(document)
    if document["pack"] != locked.pack.code or layer.value != locked.pack.layer:
        raise AnotherPack
    begins = effective_from or locked.effective_from
    if not _within_reach(begins):
        raise NoDay
    if effective_from is None and document.get("effective_from") != _day(begins, document):
        begins = _begin_of(document)
    whole = _whole(document, begins)
    changes = {
        "document": whole,
        "version": str(document["version"])[:20],
        "sha256": content_hash(whole),
        "effective_from": begins,
    }
    try:
        with transaction.atomic():
            PackVersion.objects.filter(pk=locked.pk).update(**changes)
    except IntegrityError as error:
        raise VersionTaken from error
    for name, value in changes.items():
        setattr(locked, name, value)
    _record("pack.draft_saved", locked, actor)
    return locked


def mistakes_of(version: PackVersion) -> list[Problem]:
    """What is still wrong with a draft."""
    return problems(version.document)


def _create(
    pack: Pack, document: Mapping[str, Any], begins: datetime, maker: User, based_on: int | None
) -> PackVersion:
    whole = _whole(document, begins)
    try:
        with transaction.atomic():
            draft = PackVersion.objects.create(
                pack=pack,
                version=str(document["version"])[:20],
                document=whole,
                sha256=content_hash(whole),
                state=PackState.DRAFT.value,
                effective_from=begins,
                maker=maker,
                created_at=clock_now(),
            )
    except IntegrityError as error:
        raise VersionTaken from error
    record(
        kind="pack.drafted",
        actor_id=maker.pk,
        subject=f"pack_version:{draft.pk}",
        payload={"pack": str(draft), "sha256": draft.sha256, "based_on": based_on},
    )
    return draft


def _head_of(document: Mapping[str, Any]) -> Layer:
    """The layer of a document that says at least what it is, and can be kept.

    Raises NotReadable, NotStorable, NoDay.
    """
    head = {"pack", "version", "layer", "zone", "name_zh", "name_en"}
    found = problems(document)
    if any(each.kind in _UNSTORABLE for each in found):
        raise NotStorable
    if any(each.path[:1] and each.path[0] in head for each in found):
        raise NotReadable
    if not head <= set(document) or not isinstance(document.get("rules"), list):
        raise NotReadable
    try:
        zone(str(document["zone"]))
    except (KeyError, ValueError) as error:
        raise NotReadable from error
    try:
        begins = _begin_of(document)
    except (ValueError, OverflowError) as error:
        raise NoDay from error
    if not _within_reach(begins):
        raise NoDay
    try:
        content_hash(document)
    except (ValueError, TypeError) as error:
        raise NotStorable from error
    return Layer(document["layer"])


#: Mistakes that no database keeps until they are mended.
_UNSTORABLE = frozenset({"unstorable", "finite_number"})


def _within_reach(begins: datetime) -> bool:
    return 2000 <= begins.year <= 2100


def _begin_of(document: Mapping[str, Any]) -> datetime:
    """The first instant of the document's first day; tomorrow's where it names none."""
    name, begins = str(document["zone"]), document.get("effective_from")
    if not begins:
        return _tomorrow(name)
    return start_of_day(datetime.fromisoformat(str(begins)).date(), name)


def _tomorrow(zone_name: str) -> datetime:
    today = local_date(clock_now(), zone_name)
    return datetime.combine(today + timedelta(days=1), time(), zone(zone_name))


def _whole(document: Mapping[str, Any], begins: datetime) -> dict[str, Any]:
    """The document with its first day, as JSON keeps it: what is hashed is what is stored."""
    whole: dict[str, Any] = json.loads(
        json.dumps({**document, "effective_from": _day(begins, document)}, ensure_ascii=False)
    )
    return whole


def _day(begins: datetime, document: Mapping[str, Any]) -> str:
    return str(local_date(begins, str(document["zone"])))


def _next_name(version: str, taken: set[str]) -> str:
    """ "1.0" → "1.1", or the next that is free."""
    head, dot, last = version.rpartition(".")
    number = int(last) if last.isdigit() else 0
    stem = f"{head}{dot}" if last.isdigit() else f"{version}."
    while True:
        number += 1
        if f"{stem}{number}" not in taken:
            return f"{stem}{number}"


def _record(kind: str, version: PackVersion, actor: User) -> None:
    record(
        kind=kind,
        actor_id=actor.pk,
        subject=f"pack_version:{version.pk}",
        payload={
            "pack": str(version),
            "sha256": version.sha256,
            "effective_from": version.effective_from,
        },
    )
