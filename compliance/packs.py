"""Packs as rows: installing the shipped ones, and the stack in force at an instant.

A version is immutable and named by its hash, so what is compiled from it may be kept for ever.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction
from django.db.models import Q

from audit.recording import record
from clock.reading import now as business_now
from compliance.domain.pack import (
    EffectivePack,
    PackDocument,
    PackError,
    compile_pack,
    content_hash,
    outermost_first,
)
from compliance.domain.pack import Pack as CompiledPack
from compliance.domain.pack_state import PackState
from compliance.domain.terms import start_of_day
from compliance.models.pack import Pack, PackVersion

SHIPPED = Path(__file__).resolve().parent / "packs"

_compiled: dict[tuple[int, str], CompiledPack] = {}
_stacks: dict[tuple[tuple[int, str], ...], EffectivePack] = {}


def in_force(at: datetime) -> EffectivePack:
    """The stack in force at an instant (empty when nothing is: that blocks every call)."""
    return stack_of([(version.pk, version.sha256) for version in versions_at(at)])


def versions_at(at: datetime, *, without: int = 0) -> list[PackVersion]:
    """The version of each pack in force at an instant, as if `without` did not exist."""
    return list(
        PackVersion.objects.filter(state=PackState.APPROVED.value, effective_from__lte=at)
        .filter(Q(effective_to__isnull=True) | Q(effective_to__gt=at))
        .exclude(pk=without)
        .select_related("pack")
        .order_by("pack_id", "-effective_from", "-id")
        .distinct("pack_id")
    )


def stack_of(versions: Sequence[tuple[int, str]]) -> EffectivePack:
    """The stack of these (id, hash), outermost layer first; compiled once a process.

    Raises PackError when a document cannot be read or is not what its hash says.
    """
    key = tuple(sorted(versions))
    found = _stacks.get(key)
    if found is None:
        missing = [version for version in key if version not in _compiled]
        if missing:
            _compile([identity for identity, _ in missing])
        try:
            packs = [_compiled[version] for version in key]
        except KeyError as error:
            raise PackError("a pack version is not what its hash says") from error
        found = EffectivePack(tuple(sorted(packs, key=outermost_first)))
        _stacks[key] = found
    return found


def _compile(identities: list[int]) -> None:
    for version in PackVersion.objects.filter(pk__in=identities):
        if content_hash(version.document) != version.sha256:
            raise PackError(f"version {version.pk} was changed after it was signed")
        _compiled[version.pk, version.sha256] = compile_pack(version.document)


def read_shipped(name: str) -> dict[str, Any]:
    """The document of a shipped pack, e.g. "cn-bank"; the caller's own, to change at will."""
    return copy.deepcopy(_shipped(name))


@cache
def _shipped(name: str) -> dict[str, Any]:
    """As in the file, which comes with the code: read once a process."""
    with (SHIPPED / f"{name}.yaml").open(encoding="utf-8") as file:
        document: dict[str, Any] = yaml.safe_load(file)
    return document


@transaction.atomic
def install_shipped_packs(country: str = "CN") -> list[PackVersion]:
    """Put a country's shipped packs in force, once; a version that is there already is left alone.

    Packs stack, and every layer blocks: those of other countries would forbid everything here.
    """
    installed = []
    for path in sorted(SHIPPED.glob("*.yaml")):
        document = read_shipped(path.stem)
        parsed = PackDocument.model_validate(document)
        compile_pack(document)
        if parsed.country not in ("", country):
            continue
        pack, _ = Pack.objects.get_or_create(
            code=parsed.pack,
            defaults={
                "name": parsed.name_zh,
                "name_en": parsed.name_en,
                "layer": parsed.layer.value,
            },
        )
        at = business_now()
        begins = datetime.fromisoformat(parsed.effective_from).date()
        version, created = PackVersion.objects.get_or_create(
            pack=pack,
            version=parsed.version,
            defaults={
                "document": document,
                "sha256": content_hash(document),
                "state": PackState.APPROVED.value,
                "effective_from": start_of_day(begins, parsed.zone),
                "created_at": at,
            },
        )
        if created:
            record(
                kind="pack.installed",
                actor_id=None,
                subject=f"pack_version:{version.pk}",
                payload={"pack": str(version), "sha256": version.sha256},
            )
            installed.append(version)
    return installed
