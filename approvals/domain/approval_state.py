"""The life of an approval: one enum, one table of transitions."""

from __future__ import annotations

from enum import StrEnum


class ApprovalState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


TRANSITIONS: dict[ApprovalState, frozenset[ApprovalState]] = {
    ApprovalState.PENDING: frozenset(
        {
            ApprovalState.APPROVED,
            ApprovalState.RETURNED,
            ApprovalState.WITHDRAWN,
            ApprovalState.EXPIRED,
        }
    ),
    ApprovalState.APPROVED: frozenset({ApprovalState.WITHDRAWN, ApprovalState.EXPIRED}),
    ApprovalState.RETURNED: frozenset(),
    ApprovalState.WITHDRAWN: frozenset(),
    ApprovalState.EXPIRED: frozenset(),
}
