"""Products, caller IDs, packs, attempts, the ledger, and everything that says no or yes."""

from __future__ import annotations

from compliance.models.attempt import Attempt
from compliance.models.calendar import Blackout, CalendarDay, CalendarYear
from compliance.models.complaint import CaseNotice, Complaint, ComplaintEvent
from compliance.models.consent import Consent, Preference
from compliance.models.customer_merge import CustomerMerge
from compliance.models.exemption import Exemption
from compliance.models.kill_switch import KillSwitch
from compliance.models.ledger import Contact, Decision
from compliance.models.legal_hold import LegalHold
from compliance.models.lift import LiftRequest
from compliance.models.opt_out_file import OptOutFile, OptOutRejection
from compliance.models.pack import Pack, PackVersion
from compliance.models.product import CallerId, Product
from compliance.models.register import Register, RegisterEntry, RegisterImport, RegisterRejection
from compliance.models.staff_number import StaffNumber
from compliance.models.suppression import Suppression
from compliance.models.tally import CampaignHour

__all__ = [
    "Attempt",
    "Blackout",
    "CalendarDay",
    "CalendarYear",
    "CallerId",
    "CampaignHour",
    "CaseNotice",
    "Complaint",
    "ComplaintEvent",
    "Consent",
    "Contact",
    "CustomerMerge",
    "Decision",
    "Exemption",
    "KillSwitch",
    "LegalHold",
    "LiftRequest",
    "OptOutFile",
    "OptOutRejection",
    "Pack",
    "PackVersion",
    "Preference",
    "Product",
    "Register",
    "RegisterEntry",
    "RegisterImport",
    "RegisterRejection",
    "StaffNumber",
    "Suppression",
]
