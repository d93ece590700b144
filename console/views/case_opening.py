"""Opening a case from any telephone number or customer id.

What is doubtful is said and asked before anything is kept: a number that is not the customer's (a
relative may well complain from another telephone), a complaint that seems to be on record already,
and one that came in more than a year ago. What was confirmed is written down with the case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Min, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.permissions import Page, branches_of, requires
from accounts.personal_access import clean_reference
from audiences.domain.phone_numbers import normalize
from audiences.models import Customer, Number
from audiences.one_person import kept_id
from audiences.wording import row_reason_sentence
from clock.reading import now as clock_now
from compliance import case_wording, cases
from compliance.complaints import is_theirs, open_case, same_matter
from compliance.domain.case_terms import CaseChannel
from compliance.locking import keys_of, take
from compliance.models import Complaint, Consent, Contact, Suppression
from console.views.cases import case_row, cases_of, user_of

#: So many cases that may be the same matter are shown.
SHOWN = 5
#: Terms count from when a complaint came in: an older one is most likely a slip of the pen.
OLD = timedelta(days=365)
#: How far back the bank's records reach where it has none yet.
NO_RECORDS = timedelta(days=3653)


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is asked before the case is opened. `key` comes back as its confirmation.

    `cases`: those that may be the same matter; `received`: when it came in, of an old one; neither:
    it is about the number.
    """

    key: str
    cases: tuple[Complaint, ...] = ()
    known: bool = False
    received: datetime | None = None


class Doubtful(Exception):
    """The case is not opened yet: somebody must confirm the doubts first."""

    def __init__(self, doubts: list[Doubt]) -> None:
        super().__init__()
        self.doubts = doubts


class OpeningForm(forms.Form):
    """Who complained, where, of what; number or customer id, or both."""

    channel = forms.ChoiceField(
        label=gettext_lazy("Where it came in"),
        choices=[(channel.value, case_wording.CHANNELS[channel]) for channel in CaseChannel],
    )
    reference = forms.CharField(
        label=gettext_lazy("Their reference"), max_length=40, required=False, strip=True
    )
    number = forms.CharField(
        label=gettext_lazy("Telephone number that was called"), max_length=60, required=False
    )
    bank_id = forms.CharField(label=gettext_lazy("Customer id"), max_length=40, required=False)
    received = forms.DateTimeField(
        label=gettext_lazy("Received"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("Terms count from here; empty means now."),
    )
    text = forms.CharField(
        label=gettext_lazy("What they say"), max_length=4000, widget=forms.Textarea
    )

    def __init__(self, *args: Any, branches: QuerySet[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.branches = branches
        self.customer: Customer | None = None
        self.e164 = self.kind = ""

    def clean_number(self) -> str:
        """Any spelling; what is no one line is refused with its reason."""
        text = str(self.cleaned_data["number"]).strip()
        if not text:
            return ""
        found = normalize(text, "CN")
        if found.e164 is None:
            raise forms.ValidationError(row_reason_sentence(found.reason or ""))
        self.e164, self.kind = found.e164, found.kind
        return text

    def clean_bank_id(self) -> str:
        """A customer of the opener's branches."""
        text = str(self.cleaned_data["bank_id"]).strip()
        if text:
            self.customer = Customer.objects.filter(bank_id=text, branch__in=self.branches).first()
            if self.customer is None:
                raise forms.ValidationError(_("No customer of yours has this id."))
        return text

    def clean_received(self) -> datetime | None:
        """Not in the future, and not before there was anything to complain of."""
        at: datetime | None = self.cleaned_data["received"]
        now = clock_now()
        if at is not None and at > now:
            raise forms.ValidationError(_("This moment is still to come."))
        if at is not None and at < now - OLD:
            first = _first_record(now)
            if at < first:
                raise forms.ValidationError(
                    _("The bank's records begin on %(day)s; a complaint cannot be older.")
                    % {"day": f"{localtime(first):%Y-%m-%d}"}
                )
        return at

    def clean(self) -> dict[str, Any]:
        """One of the two must be there."""
        if not self.errors and not self.e164 and self.customer is None:
            self.add_error("number", _("Give a telephone number or a customer id."))
        return self.cleaned_data


@require_http_methods(["GET", "POST"])
@requires(Page.CASES)
def new(request: HttpRequest) -> HttpResponse:
    """Open a case from a telephone number (of anybody) or a customer id; the person is not called
    from then on.
    """
    form = OpeningForm(request.POST or None, branches=branches_of(user_of(request)))
    doubts: list[Doubt] = []
    if request.method == "POST" and form.is_valid():
        try:
            case = _open(request, form)
        except Doubtful as asked:
            doubts = asked.doubts
        else:
            messages.success(
                request, _("The case is open. Nobody calls this person for marketing any more.")
            )
            return redirect("case", case.pk)
    now = clock_now()
    return render(
        request,
        "compliance/case_new.html",
        {
            "form": form,
            "doubts": [
                {"doubt": doubt, "rows": [case_row(case, now) for case in doubt.cases]}
                for doubt in doubts
            ],
            "confirmed": request.POST.getlist("confirmed"),
        },
    )


@transaction.atomic
def _open(request: HttpRequest, form: OpeningForm) -> Complaint:
    """Raises Doubtful, and then nothing is kept."""
    number: Number | None = cases.number_for_case(form.e164, form.kind) if form.e164 else None
    customer = form.customer or _only_owner(number)
    customer_id = customer.pk if customer is not None else None
    number_id = number.pk if number is not None else None
    data = form.cleaned_data
    reference, at = clean_reference(data["reference"]), clock_now()
    # the same form sent twice at once: the second waits here, and then finds the first one's case
    take(
        keys_of(
            customer_ids=[] if customer_id is None else [customer_id, kept_id(customer_id)],
            number_ids=[number_id],
        )
    )
    strange = (
        customer_id is not None
        and number_id is not None
        and not is_theirs(customer_id=customer_id, number_id=number_id)
    )
    same = same_matter(
        customer_id=customer_id,
        number_id=number_id,
        source=data["channel"],
        reference=reference,
        received_at=data["received"] or at,
    )
    seen = tuple(
        same.filter(pk__in=cases_of(request).values("pk")).select_related("handler")[:SHOWN]
    )
    doubts = []
    if strange and number is not None:
        known = number.customers.exists()
        doubts.append(Doubt(f"number:{customer_id}:{form.e164}", known=known))
    if seen:
        doubts.append(Doubt("case:" + ",".join(str(case.pk) for case in seen), seen))
    if data["received"] is not None and data["received"] < at - OLD:
        doubts.append(Doubt(f"received:{data['received'].isoformat()}", received=data["received"]))
    confirmed = set(request.POST.getlist("confirmed"))
    if any(doubt.key not in confirmed for doubt in doubts):
        raise Doubtful(doubts)
    return open_case(
        customer_id=customer_id,
        number_id=number_id,
        source=data["channel"],
        evidence={"opened_by": user_of(request).pk},
        at=at,
        text=data["text"].strip(),
        reference=reference,
        received_at=data["received"],
        branch_id=user_of(request).branch_id,
        actor_id=user_of(request).pk,
        number_not_theirs=strange,
        beside=[case.pk for case in seen],
    )


def _first_record(now: datetime) -> datetime:
    """When the bank's records of calls, consents and refusals begin."""
    found = [
        Contact.objects.aggregate(first=Min("at"))["first"],
        Consent.objects.aggregate(first=Min("granted_at"))["first"],
        Suppression.objects.aggregate(first=Min("since"))["first"],
    ]
    return min((at for at in found if at is not None), default=now - NO_RECORDS)


def _only_owner(number: Number | None) -> Customer | None:
    """The customer of a number that nobody shares."""
    owners = list(number.customers.all()[:2]) if number is not None else []
    return owners[0] if len(owners) == 1 else None
