"""What each role may do in the admin, as Django permissions of its group.

Screens are in `accounts.permissions`; this is the same question for the admin. Models are named
by their labels: they lie above this app. A bank that wants more for somebody makes a group of its
own: the groups of roles are set to exactly this table whenever `manage.py grantroles` runs.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from accounts.domain.roles import Role

VIEW = ("view",)
EDIT = ("view", "add", "change")
ALL = ("view", "add", "change", "delete")

GRANTS: dict[Role, dict[str, tuple[str, ...]]] = {
    Role.MARKETING: {
        "accounts.branch": VIEW,
        "agents.team": VIEW,
        "approvals.approval": VIEW,
        "audiences.customer": VIEW,
        "audiences.importbatch": ("view", "add"),
        "audiences.rejectedrow": VIEW,
        "audiences.segment": ALL,
        "campaigns.audience": EDIT,
        "campaigns.campaign": EDIT,
        "campaigns.lead": VIEW,
        "campaigns.targetlist": VIEW,
        "compliance.callerid": VIEW,
        "compliance.product": EDIT,
        "robot.script": VIEW,
        "robot.scriptversion": VIEW,
    },
    # the admin's customers and approvals are bounded by branch, as the inbox is
    Role.BRANCH_MANAGER: {
        "approvals.approval": VIEW,
        "audiences.customer": VIEW,
    },
    Role.AGENT: {},
    Role.SUPERVISOR: {
        "agents.agent": ("view", "change"),
        "agents.presencechange": VIEW,
        "agents.reservation": VIEW,
        "agents.team": EDIT,
        "campaigns.campaign": VIEW,
        "dialer.call": VIEW,
        "dialer.callback": VIEW,
        "dialer.recording": VIEW,
        "dialer.transfer": VIEW,
        "robot.conversation": VIEW,
    },
    Role.COMPLIANCE: {
        "accounts.branch": VIEW,
        "approvals.approval": VIEW,
        "audiences.customer": VIEW,
        "audiences.importbatch": VIEW,
        "audiences.segment": VIEW,
        "audit.seal": VIEW,
        "campaigns.campaign": VIEW,
        "campaigns.lead": VIEW,
        "campaigns.targetlist": VIEW,
        "compliance.attempt": VIEW,
        "compliance.blackout": ALL,
        "compliance.calendarday": VIEW,
        "compliance.calendaryear": VIEW,
        "compliance.callerid": EDIT,
        "compliance.complaint": EDIT,
        "compliance.consent": VIEW,
        "compliance.contact": VIEW,
        "compliance.customermerge": ("view", "add"),
        "compliance.decision": VIEW,
        "compliance.exemption": VIEW,
        "compliance.killswitch": EDIT,
        "compliance.legalhold": VIEW,
        "compliance.pack": EDIT,
        "compliance.packversion": EDIT,
        "compliance.preference": VIEW,
        "compliance.product": EDIT,
        "compliance.register": EDIT,
        "compliance.suppression": ("view", "add"),
        "dialer.call": VIEW,
        "dialer.callback": VIEW,
        "dialer.recording": VIEW,
        "dialer.transfer": VIEW,
        "robot.conversation": VIEW,
        "robot.script": VIEW,
        "robot.scriptversion": VIEW,
        "robot.suspectedoptout": ("view", "change"),
    },
    Role.SCRIPT_WRITER: {
        "approvals.approval": VIEW,
        "compliance.product": VIEW,
        "robot.conversation": VIEW,
        "robot.script": EDIT,
        "robot.scriptversion": EDIT,
    },
    Role.OPERATIONS: {
        "accounts.branch": EDIT,
        "accounts.user": EDIT,
        "agents.agent": EDIT,
        "agents.presencechange": VIEW,
        "agents.reservation": VIEW,
        "agents.team": EDIT,
        "audiences.importbatch": ("view", "add"),
        "audiences.rejectedrow": VIEW,
        "audit.seal": VIEW,
        "auth.group": VIEW,
        "campaigns.campaign": VIEW,
        "compliance.callerid": EDIT,
        "dialer.call": VIEW,
        "dialer.transfer": VIEW,
        "telephony.receivedwebhook": VIEW,
    },
    Role.REVIEWER: {
        "approvals.approval": VIEW,
        "campaigns.campaign": VIEW,
        "campaigns.targetlist": VIEW,
        "compliance.complaint": VIEW,
        "compliance.product": VIEW,
        "robot.script": VIEW,
        "robot.scriptversion": VIEW,
        "robot.suspectedoptout": ("view", "change"),
    },
}


@transaction.atomic
def grant_admin_permissions() -> dict[Role, int]:
    """Set every role's group to its table; how many permissions each has. Idempotent.

    Runs after `migrate`, which makes the permissions. Models that are not installed are passed
    over.
    """
    known = {
        (permission.content_type.app_label, permission.codename): permission
        for permission in Permission.objects.select_related("content_type")
    }
    granted = {}
    for role, models in GRANTS.items():
        group, _ = Group.objects.get_or_create(name=role.value)
        wanted = [known[name] for name in _names(models) if name in known]
        group.permissions.set(wanted)
        granted[role] = len(wanted)
    return granted


def _names(models: dict[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
    for label, actions in models.items():
        app, model = label.split(".")
        for action in actions:
            yield app, f"{action}_{model}"
