"""The roles of people at work. A role is a Django group of the same name."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Who somebody is at work (design: people and their day)."""

    MARKETING = "marketing"
    BRANCH_MANAGER = "branch_manager"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    COMPLIANCE = "compliance"
    SCRIPT_WRITER = "script_writer"
    OPERATIONS = "operations"
    REVIEWER = "reviewer"
