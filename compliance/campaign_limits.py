"""A campaign's own limits, read before anybody signs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compliance.domain.pack import Pack, PackError, campaign_layer


class LimitsUnreadable(ValueError):
    """The campaign's limits cannot be read; the message names the rule and the field."""


def read_limits(limits: Mapping[str, Any] | None) -> Pack:
    """The campaign's layer, compiled. Raises LimitsUnreadable, also for an unknown kind of rule."""
    try:
        layer = campaign_layer(limits or {}, None, "Asia/Shanghai")
    except PackError as error:
        raise LimitsUnreadable(str(error)) from error
    if layer.unknown:
        raise LimitsUnreadable(f"unknown kind of rule: {layer.unknown[0][1]}")
    return layer
