"""System checks: what production must not start with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import DatabaseError, connection

from audit.database_roles import faults


def check_production_is_safe(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse unsafe settings outside the sandbox.

    - sanshi.E001: the secret key is the development one
    - sanshi.E002: the sandbox carrier's token is used against a real carrier
    - sanshi.E003: debug pages are on
    - sanshi.E004: the sandbox clock has been set in this database
    - sanshi.E005: the application's role could change what has been recorded
    - sanshi.E006: an arbiter is turned on without an address, or with a mode nobody knows
    - sanshi.E007: an SMS gateway without a secret to sign with
    """
    if settings.SANDBOX:
        return []
    found: list[CheckMessage] = []
    if settings.SECRET_KEY == settings.UNSAFE_SECRET_KEY:
        found.append(Error("SECRET_KEY is not set.", hint="Set SECRET_KEY.", id="sanshi.E001"))
    if settings.TWILIO_AUTH_TOKEN == "sandbox-auth-token":  # noqa: S105 (the value refused here)
        found.append(
            Error("TWILIO_AUTH_TOKEN is the sandbox's.", hint="Set TWILIO_*.", id="sanshi.E002")
        )
    if settings.DEBUG:
        found.append(Error("DEBUG is on.", hint="Unset DEBUG.", id="sanshi.E003"))
    known = settings.ARBITER_MODE in ("off", "shadow", "live")
    if not known or (settings.ARBITER_MODE != "off" and not settings.ARBITER_BASE_URL):
        hint = "ARBITER_MODE is off, shadow or live; the latter two need ARBITER_BASE_URL."
        found.append(Error("The arbiter is not set up.", hint=hint, id="sanshi.E006"))
    if settings.SMS_GATEWAY_URL and not settings.SMS_GATEWAY_SECRET:
        hint = "Set SMS_GATEWAY_SECRET: requests and receipts are signed with it."
        found.append(Error("The SMS gateway has no secret.", hint=hint, id="sanshi.E007"))
    if _sandbox_clock_is_set():
        found.append(
            Error(
                "This database holds a sandbox clock: its time is not real.",
                hint="Use a database of its own for production.",
                id="sanshi.E004",
            )
        )
    if too_strong := _too_strong():
        found.append(
            Error(
                "DATABASE_URL's role could change the ledgers: " + ", ".join(too_strong[:5]) + ".",
                hint="Log in as sanshi_app or a member of it; give the owner to"
                " MIGRATION_DATABASE_URL, for manage.py migrate alone.",
                id="sanshi.E005",
            )
        )
    return found


def _too_strong() -> list[str]:
    """What the role may do and must not; a database that cannot be asked is migrate's business."""
    try:
        return faults(connection)
    except DatabaseError:
        return []


def _sandbox_clock_is_set() -> bool:
    """Whether the clock row exists; a database that cannot be asked is migrate's business."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('clock_sandboxclock') IS NOT NULL")
            row = cursor.fetchone()
            if row is None or not row[0]:
                return False
            cursor.execute("SELECT EXISTS (SELECT 1 FROM clock_sandboxclock)")
            row = cursor.fetchone()
            return bool(row and row[0])
    except DatabaseError:
        return False
