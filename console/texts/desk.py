"""What the desk's script says, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from dialer.deskwork import Disposition
from dialer.wishes import Wish


def dispositions() -> list[dict[str, str]]:
    """The ways a talk can end, in the order of their number keys."""
    labels = {
        Disposition.SOLD: _("Sold"),
        Disposition.INTERESTED_LATER: _("Interested, later"),
        Disposition.CALLBACK: _("Callback booked"),
        Disposition.NOT_INTERESTED: _("Not interested"),
        Disposition.OPT_OUT: _("Wants no more calls"),
        Disposition.COMPLAINT: _("Complaint"),
        Disposition.WRONG_NUMBER: _("Wrong person"),
    }
    serious = {Disposition.OPT_OUT, Disposition.COMPLAINT}
    return [
        {
            "value": each.value,
            "label": label,
            "key": str(number),
            "tone": "bad" if each in serious else "",
        }
        for number, (each, label) in enumerate(labels.items(), start=1)
    ]


def desk_texts() -> dict[str, object]:
    """Texts by the key `static/js/desk.js` asks for."""
    return {
        "states": {
            "offline": _("Offline"),
            "ready": _("Ready"),
            "reserved": _("A customer may be coming"),
            "offered": _("A customer is waiting"),
            "first_offered": _("A call for you"),
            "first_accepted": _("The customer is being called"),
            "talking": _("With a customer"),
            "wrap_up": _("Writing up"),
            "break": _("On a break"),
        },
        "hints": {
            "offline": _("You get no customers. Press the button when you are at your desk."),
            "ready": _("You are next in line when a customer wants to talk."),
            "reserved": _("Have a look at who it is."),
            "offered": _("They agreed to talk to you."),
            "first_offered": _("Have a look at who it is."),
            "first_accepted": _("You hear when they pick up."),
            "talking": _("Take your time."),
            "wrap_up": _("You are ready again as soon as you save."),
            "break": _("You get no customers until you are ready again."),
        },
        "go_ready": _("I am ready"),
        "go_break": _("Take a break"),
        "bands": {
            "reserved": _("The robot is asking whether the customer wants to talk to you"),
            "early": _("Accepted. You are connected the moment the customer agrees"),
            "offered": _("The customer agreed and is waiting for you"),
            "accepted": _("Connecting you with the customer"),
            "connected": _("You are talking"),
            "wrap_up": _("The talk is over. What came of it?"),
        },
        "first": {
            "offered": _("A promised call is due. You come first, then the customer is rung"),
            "offered_by_hand": _("Only a person may call this customer. You come first"),
            "connecting": _("Connecting you. Then the customer is rung"),
            "ringing": _("The customer's telephone is ringing"),
            "promised": _("Promised for"),
            "note": _("Your colleague's note"),
            "accept": _("Call"),
            "stop": _("Stop calling"),
            "not_reached": _("The customer was not reached."),
            "outcomes": {
                "NO_ANSWER": _("Nobody answered."),
                "BUSY": _("The customer's line was busy."),
                "FAILED": _("The number could not be reached."),
            },
            "withdrawn": _("The customer wants no more calls. The call was called off."),
            "nobody_came": _("You could not be connected. The call is due again in a minute."),
        },
        "call_now": _("Call now"),
        "moved_to": _("moved to"),
        "being_called": _("is being called"),
        "after_the_end": _("after the campaign's end"),
        "tries": _("tries"),
        "accept": _("Accept"),
        "accept_early": _("Accept in advance"),
        "decline": _("Decline"),
        "hang_up": _("Hang up"),
        "opt_out": _("Wants no more calls"),
        "opt_out_noted": _("Noted: wants no more calls. It takes effect when you save."),
        "who": {"robot": _("Robot"), "customer": _("Customer"), "agent": _("You")},
        "gender": {"M": _("Mr"), "F": _("Ms"), "male": _("Mr"), "female": _("Ms")},
        "segment": {
            "retail": _("Retail"),
            "sme": _("Small business"),
            "county": _("County"),
            "wealth": _("Wealth"),
        },
        "years": _("years"),
        "slots": {
            "amount": _("Amount"),
            "callback_at": _("Callback time"),
            "term": _("Term"),
            "purpose": _("Purpose"),
            "months": _("Months"),
        },
        "nothing_said": _("Nothing has been said yet."),
        "nothing_noted": _("Nothing in particular yet."),
        "do": [
            _("Give your name and the bank's."),
            _("Take up what the customer already said."),
            _("Repeat what was agreed before you end."),
        ],
        "dont": [
            _("Promise a rate, a limit or an approval."),
            _("Ask for passwords or one-time codes."),
            _("Go on after a no."),
        ],
        "gone": _("The customer has left or was offered to somebody else."),
        "missed": _("The offer went by. The customer was offered to somebody else."),
        "customer_hung_up": _("The customer has hung up."),
        "saved": _("Saved."),
        "away": _("This browser was silent for a while, so you were set offline."),
        "no_connection": _("No connection. Trying again…"),
        "refused": _("That did not work. Please try again."),
        "no_callbacks": _("No callbacks are booked."),
        "phone": {
            "starting": _("Phone is connecting"),
            "ready": _("Phone is ready"),
            "trouble": _("Phone has no connection"),
            "missing": _("This browser has no phone. Ask operations."),
        },
    }


def wishes() -> list[tuple[str, str]]:
    """What a customer may want instead of "never", for the agent to note."""
    return [
        (Wish.NO_ROBOT, _("Called by people only, no robot")),
        (Wish.NOT_THIS, _("Nothing about this kind of product")),
        (Wish.WEEKEND, _("At the weekend only")),
        (Wish.EVENING, _("In the evening only")),
        (Wish.MONTHLY, _("Once a month at most")),
        (Wish.YEARLY, _("Once a year at most")),
    ]
