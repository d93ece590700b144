"""What a call is for, on our side of the line."""

from __future__ import annotations

from enum import StrEnum


class CallKind(StrEnum):
    """ROBOT rings a customer and talks. CALLBACK and AGENT ring a customer once an agent is in the
    room: at the promised minute, or because only a person may call them. AGENT_LEG rings one of our
    agents, TEST a telephone of our own staff; INBOUND is somebody who rings us back.
    """

    ROBOT = "robot"
    CALLBACK = "callback"
    AGENT = "agent"
    AGENT_LEG = "agent_leg"
    TEST = "test"
    INBOUND = "inbound"


#: The customer is rung only while an agent waits for them.
AGENT_FIRST = frozenset({CallKind.CALLBACK, CallKind.AGENT})
#: Such a call shows a customer one of our numbers: its caps count it.
TO_CUSTOMER = AGENT_FIRST | {CallKind.ROBOT}
