"""What the workbench says, in the reader's language."""

from __future__ import annotations

from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from robot.domain.intents.reading import Reading
from robot.domain.model_life import ModelState
from robot.domain.versions import VersionState
from robot.wording import INTENTS

#: A state's name and the colour of its badge.
STATES: Final[dict[VersionState, tuple[str | Promise, str]]] = {
    VersionState.DRAFT: (gettext_lazy("Draft"), ""),
    VersionState.PUBLISHED: (gettext_lazy("Published"), "ok"),
    VersionState.RETIRED: (gettext_lazy("Retired"), "warn"),
}

#: What else may lead on from a node.
_WAYS: Final[dict[str, str | Promise]] = {
    "filled": gettext_lazy("Answer given"),
    "connected": gettext_lazy("Connected"),
    "no_agent": gettext_lazy("No agent free"),
    "no_answer": gettext_lazy("Agent did not answer"),
    "rejected": gettext_lazy("Agent declined"),
    "failed": gettext_lazy("Transfer failed"),
    "*": gettext_lazy("Anything else"),
}

#: Why a willing answer does not count (robot.domain.intents.reading.Held), in percent.
_HELD: Final[dict[str, str | Promise]] = {
    "unsure": gettext_lazy("the model is not sure enough: %(figure)s %%, at least %(limit)s %%"),
    "unheard": gettext_lazy("nothing was recognised: %(figure)s %% at best, needed %(limit)s %%"),
    "risky": gettext_lazy(
        "risk that it is a refusal or a complaint: %(figure)s %%, must stay below %(limit)s %%"
    ),
    "abusive": gettext_lazy(
        "risk that it is a refusal, a complaint or an insult: %(figure)s %%, must stay below "
        "%(limit)s %%"
    ),
    "contradicted": gettext_lazy(
        "before a look-alike was ruled out it sounded like a refusal: %(figure)s %%, must stay "
        "below %(limit)s %%"
    ),
    "unknown": gettext_lazy(
        "too little of the sentence is known: %(figure)s %%, at least %(limit)s %%"
    ),
    "recognised": gettext_lazy("it was heard badly: %(figure)s %%, at least %(limit)s %%"),
    "caution": gettext_lazy("a word that calls for caution: “%(word)s”"),
    "evidence": gettext_lazy("no word of the kind that such a question or wish has"),
    "listening": gettext_lazy("it only shows that somebody listens"),
    "core": gettext_lazy("consent needs more than a filler word"),
}


def held_text(reading: Reading) -> str:
    """Which gates stopped an answer that sounded willing, and with what figures; "" for none."""
    if not reading.held:
        return ""
    why = [
        str(_HELD[each.gate])
        % {
            "figure": f"{100 * each.figure:.1f}",
            "limit": f"{100 * each.limit:.1f}",
            "word": each.word,
        }
        for each in reading.held
    ]
    return _("Stopped by the gate: %(why)s. (Risk %(risk)s %%, known share %(known)s %%.)") % {
        "why": "; ".join(why),
        "risk": f"{100 * reading.risk:.1f}",
        "known": f"{100 * reading.known:.0f}",
    }


#: A model's state, and the colour of its badge.
MODEL_STATES: Final[dict[ModelState, tuple[str | Promise, str]]] = {
    ModelState.TRAINING: (gettext_lazy("Being trained"), "gold"),
    ModelState.FAILED: (gettext_lazy("Training failed"), "bad"),
    ModelState.CANDIDATE: (gettext_lazy("Candidate"), ""),
    ModelState.LIVE: (gettext_lazy("In force"), "ok"),
    ModelState.RETIRED: (pgettext_lazy("a model", "Used before"), "warn"),
}
#: Why a training failed (`IntentModel.trouble`).
TROUBLES: Final[dict[str, str | Promise]] = {
    "held_out": gettext_lazy("An example is part of the test set. Take it back and train anew."),
    "same": gettext_lazy("It came out exactly like a model that is there already."),
    "broken": gettext_lazy("The training broke off. Operations find the reason in the log."),
    "overdue": gettext_lazy("Its worker is gone. Train anew."),
}
#: Why a model may not be submitted (robot.domain.intents.comparing.shortcomings).
SHORTCOMINGS: Final[dict[str, str | Promise]] = {
    "stops": gettext_lazy("An opt-out or complaint of the test set would go on."),
    "good": gettext_lazy("Less than 92 percent of the test set are right or acceptable."),
    "flow": gettext_lazy("Less than 85 percent of those who want to go on would go on."),
    "dialogues": gettext_lazy("Golden dialogues of published versions no longer come out."),
}


#: Where a wording stands in a script: keys of a node, and the layers without one.
_VOICE_PLACES: Final[dict[str, str | Promise]] = {
    "say": gettext_lazy("Says"),
    "again": gettext_lazy("Asked once more, in short"),
    "say_without": gettext_lazy("Without a value"),
    "variants": gettext_lazy("Variant"),
    "hold": gettext_lazy("While waiting for a person"),
    "faq": gettext_lazy("Answer to a question"),
    "no_input": gettext_lazy("Silence"),
    "no_match": gettext_lazy("Not understood"),
}


def labels() -> dict[str, str]:
    """Each intent (and silence, nonsense, a transfer's results) in a few words."""
    return {name: str(label) for name, label in {**INTENTS, **_WAYS}.items()}


def texts() -> dict[str, Any]:
    """The script's own words, by their keys in workbench.js."""
    return {
        "checking": _("Checking …"),
        "proven": _("Proven: nothing to mend."),
        "unreadable": _("Cannot be read"),
        "findings": _("To mend"),
        "line": _("Line %s"),
        "raw": _("What the program said"),
        "path": _("Path"),
        "save_failed": _("It could not be kept. Check your connection and try again."),
        "check_failed": _("The check did not answer. It is tried again at the next change."),
        "robot": _("Robot"),
        "customer": _("Customer"),
        "silence": _("(silence)"),
        "ended": _("Ended: %s"),
        "grade": _("Grade"),
        "layer": _("Layer"),
        "slots": _("Slots"),
        "effects": _("Effects"),
        "transfer": _("Waits for a person"),
        "gone": _("The node of this chat no longer exists: begin again."),
        "everywhere": _("Everywhere"),
        "safety": _("Safety, always first"),
        "globals": _("Globals"),
        "faq": _("Answers to questions"),
        "retry": _("Silence and what is unclear"),
        "no_node": _("Choose a node in the picture to see and change it."),
        "say": _("Says"),
        "again": _("Asked once more, in short"),
        "tags": _("Tags"),
        "ways": _("Own ways"),
        "effective": _("What every answer leads to here"),
        "add_way": _("Add a way"),
        "remove": _("Remove"),
        "outcome": _("Outcome"),
        "ok": _("as it should"),
        "wrong": _("not as it should"),
        "no_dialogues": _("This script has no golden dialogues yet: add some under “tests”."),
        "no_matrix": _("The matrix appears once every way leads to a node that exists."),
        "entered": _("came here"),
        "left": _("went on"),
        "hung_up": _("hung up here"),
        "no_match": _("not understood"),
        "no_calls": _("No calls with this version in the last 30 days."),
        "voice": _("What it sounds like"),
        "voice_everywhere": _("What the lines sound like that no node has"),
        "voice_none": _("No fixed words here."),
        "voice_recorded": _("recorded, %s s"),
        "voice_made": _("synthesised voice"),
        "voice_later": _("synthesised at publishing"),
        "voice_say": _("the carrier's voice"),
        "voice_stale": _("The words have changed since this was recorded: “%s”. It is not used."),
        "voice_values": _("Values such as names are spliced in between."),
        "voice_play": _("Play"),
        "voice_record": _("Record"),
        "voice_stop": _("Stop and keep"),
        "voice_upload": _("Upload"),
        "voice_remove": _("Remove the recording"),
        "voice_sure": _("Remove this recording? Published versions keep it."),
        "voice_no_microphone": _("The browser gives no microphone. Allow it, or upload a file."),
        "voice_failed": _("It could not be kept. Check your connection and try again."),
        "voice_places": {key: str(label) for key, label in _VOICE_PLACES.items()},
    }
