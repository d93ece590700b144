"""Layers of rules put in force in the database, on top of the shipped pack."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from clock.reading import now
from compliance.domain.pack import content_hash
from compliance.models import Pack, PackVersion


def put_in_force(*rules: dict[str, Any], layer: str = "bank", **document: Any) -> PackVersion:
    """A pack of these rules (law and sentences filled in), in force since an hour ago."""
    filled = [{"legal_ref": "-", "basis": "policy", "zh": "-", "en": "-", **rule} for rule in rules]
    code = f"extra-{Pack.objects.count()}"
    whole = {
        "pack": code,
        "version": "1",
        "layer": layer,
        "name_zh": "附加",
        "name_en": "Extra",
        "zone": "Asia/Shanghai",
        **document,
        "rules": filled,
    }
    pack = Pack.objects.create(code=code, name="附加", layer=layer)
    return PackVersion.objects.create(
        pack=pack,
        version="1",
        document=whole,
        sha256=content_hash(whole),
        state="approved",
        effective_from=now() - timedelta(hours=1),
        created_at=now(),
    )
