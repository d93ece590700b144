"""What an answer was worked out from, and what of it is another by now.

Facts about customers change with every call: they are of the moment that the answer names. What
can be said exactly is whether the version, the rules in force and the list are still the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from campaigns.models import Audience, WhatIf
from compliance.domain.pack import EffectivePack, PackError
from compliance.packs import in_force

#: A list up to this long is compared by its people, a longer one by how it is chosen.
COMPARED = 20_000

Person = tuple[int, int]


class Changed(StrEnum):
    """What differs from when an answer was worked out."""

    VERSION = "version"
    RULES_IN_FORCE = "rules_in_force"
    LIST = "list"


def basis_of(
    asked: WhatIf, people: Sequence[Person], stack: EffectivePack, at: datetime
) -> dict[str, Any]:
    """What is kept with an answer; `stack` are the rules in force at the instant asked about."""
    return {
        "worked_out_at": at.isoformat(),
        "rules": _rules(stack),
        "people": _people(people) if len(people) <= COMPARED else "",
        "choice": _choice(asked),
    }


def changed_since(asked: WhatIf, people: Sequence[Person]) -> tuple[Changed, ...]:
    """What is another now; `people` are at most COMPARED + 1 of the list as it is.

    An answer that kept no basis is compared by the version alone.
    """
    found = []
    if asked.version.sha256 != asked.sha256:
        found.append(Changed.VERSION)
    basis = asked.result.get("basis")
    if basis is None:
        return tuple(found)
    try:
        rules = _rules(in_force(asked.at))
    except PackError:
        rules = []
    if rules != basis["rules"]:
        found.append(Changed.RULES_IN_FORCE)
    if basis["choice"] != _choice(asked) or basis["people"] not in ("", _people(people)):
        found.append(Changed.LIST)
    return tuple(found)


def _rules(stack: EffectivePack) -> list[list[str]]:
    return [[pack.ref, pack.sha256] for pack in stack.packs]


def _people(people: Sequence[Person]) -> str:
    text = "\n".join(f"{customer_id} {number_id}" for customer_id, number_id in people)
    return hashlib.sha256(text.encode()).hexdigest()


def _choice(asked: WhatIf) -> str:
    """How the list is chosen, and the campaign's own limits and product, as a hash."""
    parts: list[object] = [asked.batch_id, asked.segment and asked.segment.filter]
    campaign = asked.campaign
    if campaign is not None:
        audience = Audience.objects.filter(campaign=campaign).select_related("segment").first()
        parts += [
            audience and audience.batch_id,
            audience and audience.segment and audience.segment.filter,
            campaign.starts_at.isoformat(),
            campaign.product_id,
            campaign.limits,
        ]
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
