"""What the sandbox page says about each role, and what its script says."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext as _

from accounts.domain.roles import Role


class RoleText(NamedTuple):
    """A role's name and what its day is like, in the reader's language."""

    name: str
    day: str


def role_texts() -> dict[str, RoleText]:
    """By group name; "superuser" for whoever may do everything."""
    return {
        Role.MARKETING: RoleText(
            _("Marketing"), _("Imports customers, plans campaigns, watches the results.")
        ),
        Role.BRANCH_MANAGER: RoleText(
            _("Branch manager"), _("Approves or returns the list of customers to be called.")
        ),
        Role.AGENT: RoleText(_("Agent"), _("Takes over customers who want to talk to a person.")),
        Role.SUPERVISOR: RoleText(
            _("Supervisor"), _("Watches lines, agents and waiting customers; pauses a campaign.")
        ),
        Role.COMPLIANCE: RoleText(
            _("Compliance"), _("Keeps the rules and the do-not-call list; answers why.")
        ),
        Role.REVIEWER: RoleText(
            _("Consumer protection"), _("Reviews products, scripts and lists at head office.")
        ),
        Role.SCRIPT_WRITER: RoleText(_("Script writer"), _("Writes what the robot says.")),
        Role.OPERATIONS: RoleText(_("Operations"), _("Keeps everything running.")),
        "superuser": RoleText(_("Administrator"), _("May see and do everything.")),
    }


def sandbox_texts() -> dict[str, object]:
    """Texts by the key `static/js/sandbox.js` asks for."""
    return {
        "no_calls": _("No calls in flight."),
        "no_carrier": _("The carrier does not answer."),
        "robot": _("Robot"),
        "customer": _("Customer"),
        "saved": _("Saved."),
        "everybody": _("Everybody"),
        "as_drawn": _("As drawn"),
        "undo": _("Undo"),
        "personas": {
            "interested": _("Interested"),
            "impatient_parked": _("Interested, does not like to wait"),
            "refuses": _("Refuses"),
            "already_has": _("Has it already"),
            "opts_out": _("Wants no more calls"),
            "angry": _("Complains"),
            "wrong_person": _("Wrong person"),
            "proxy": _("A relative answers"),
            "asks_who": _("Asks who is calling"),
            "busy_callback": _("Has no time now"),
            "hangs_up": _("Hangs up"),
            "silent": _("Says nothing"),
            "caller": _("Rings back"),
            "machine": _("Answering machine"),
            "no_answer": _("Does not answer"),
            "busy": _("Line is busy"),
            "failed": _("Number is out of service"),
        },
        "statuses": {
            "queued": _("Queued"),
            "initiated": _("Dialling"),
            "ringing": _("Ringing"),
            "in-progress": _("Talking"),
            "completed": _("Ended"),
        },
        "faults": {
            "duplicated": _("Callbacks arrive twice"),
            "reordered": _("Callbacks arrive out of order"),
            "delayed": _("Callbacks arrive late"),
            "dropped": _("Callbacks are lost"),
            "refused": _("Callbacks find no connection"),
            "amd_late": _("Machine detection comes late"),
            "amd_never": _("Machine detection never comes"),
            "create_reply_lost": _("The call is made, the reply is lost"),
            "create_500": _("The call is made, the reply is an error"),
            "create_timeout": _("No call is made, the reply never comes"),
            "create_429": _("Too many requests"),
        },
    }
