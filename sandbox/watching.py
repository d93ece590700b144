"""Waiting for a campaign to come to its end, and saying how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable

from campaigns.domain.lead_state import ENDS
from campaigns.models import Campaign, Lead
from dialer.domain.call_state import LIVE
from dialer.domain.transfer_state import ENDS as TRANSFER_ENDS
from dialer.models import Call, Transfer

#: Real seconds between two looks, and between two lines on the terminal.
LOOK_S = 0.5
SAY_EVERY_S = 5.0
#: Real seconds without any change after which something must be wrong.
PATIENCE_S = 90.0


class NotSettled(Exception):
    """The campaign does not move any more and is not at its end."""


def wait_until_settled(campaign: Campaign, *, say: Callable[[str], object]) -> None:
    """Return when every lead is at an end, no call is live and no agent has notes to write.

    Raises NotSettled when nothing has changed for a long time.
    """
    last, changed_at, said_at = (-1, -1, -1), time.monotonic(), 0.0
    total = Lead.objects.filter(campaign=campaign).count()
    while True:
        left = _left(campaign)
        if left == (0, 0, 0):
            return
        moment = time.monotonic()
        if left != last:
            last, changed_at = left, moment
        if moment - said_at >= SAY_EVERY_S:
            said_at = moment
            say(f"{total - left[0]} of {total} settled, {left[1]} calls on the line")
        if moment - changed_at > PATIENCE_S:
            raise NotSettled(f"stuck: leads, calls, transfers left: {left}")
        time.sleep(LOOK_S)


def _left(campaign: Campaign) -> tuple[int, int, int]:
    """Open leads, live calls, open hand-overs."""
    return (
        Lead.objects.filter(campaign=campaign)
        .exclude(state__in=[state.value for state in ENDS])
        .count(),
        Call.objects.filter(state__in=[state.value for state in LIVE]).count(),
        Transfer.objects.exclude(state__in=[state.value for state in TRANSFER_ENDS]).count(),
    )
