"""What the wall's script says, in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext as _


def wall_texts() -> dict[str, object]:
    """Texts by the key `static/js/wall.js` asks for."""
    return {
        "agent_states": {
            "offline": _("Offline"),
            "ready": _("Ready"),
            "reserved": _("Promised"),
            "talking": _("Talking"),
            "wrap_up": _("Writing up"),
            "break": _("Break"),
        },
        "campaign_states": {
            "draft": _("Draft"),
            "screening": _("Screening"),
            "screened": _("Awaiting approval"),
            "running": _("Running"),
            "paused": _("Paused"),
            "ended": _("Ended"),
        },
        "causes": {
            "by_hand": _("by hand"),
            "abandonment": _("too many abandoned"),
            "complaints": _("too many complaints"),
            "carrier": _("the carrier fails"),
            "quality": _("a quality finding"),
        },
        "stages": {
            "dialling": _("Dialling"),
            "ringing": _("Ringing"),
            "talking": _("With the robot"),
            "interested": _("Interested"),
            "parked": _("Waiting"),
            "agent": _("With an agent"),
        },
        "pause": _("Pause"),
        "resume": _("Resume"),
        "stop": _("Stop"),
        "confirm": {
            "pause": _("Pause this campaign? Calls under way end by themselves."),
            "resume": _("Let this campaign go on?"),
            "stop": _("Stop this campaign for good? It cannot be started again."),
        },
        "lines": _("Lines"),
        "busy_agents": _("Agents busy"),
        "settled_of": _("{settled} of {listed} settled"),
        "calling": _("Calling"),
        "due": _("Due"),
        "consented": _("Agreed"),
        "abandoned": _("Abandoned"),
        "no_campaigns": _("No campaign is running."),
        "no_agents": _("Nobody is signed in."),
        "no_waiting": _("Nobody waits."),
        "no_data": _("No data for %s s: the dialer is not running."),
        "not_running": _("The dialer is not running."),
        "carrier_trouble": _("The carrier is in trouble: calls stay planned, nothing is lost."),
        "switched_off": _("Calling is switched off:"),
        "switch_scopes": {"all": _("everything"), "robot": _("the robot")},
        "no_connection": _("No live connection. Trying again…"),
        "refused": _("That did not work. Please try again."),
        "more_offline": _("offline"),
    }
