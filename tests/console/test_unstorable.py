"""Text fields given what no database holds: an answer for people, never an error of the server."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.campaigns.making import list_of, make_world, submitted
from tests.cast import Cast

pytestmark = pytest.mark.django_db

ODD = "a\0b\x1f"


@pytest.mark.parametrize(
    ("address", "fields"),
    [
        ("/compliance/evidence/dossier/", {"call": ODD, "why": "regulator"}),
        ("/compliance/evidence/dossier/", {"call": "\0", "why": "regulator", "reference": ODD}),
        ("/compliance/evidence/history/", {"q": ODD, "why": "regulator", "format": "csv"}),
        ("/compliance/why/", {"q": ODD, "why": "regulator", "reference": ODD}),
        ("/compliance/suppressions/", {"q": ODD, "why": "regulator"}),
        ("/compliance/cases/new/", {"number": ODD, "bank_id": ODD, "text": ODD, "channel": ODD}),
        ("/compliance/evidence/erasures/", {"q": ODD, "channel": ODD, "received_on": ODD}),
        ("/compliance/what-if/", {"list": f"campaign:{ODD}", "version": ODD, "at": ODD}),
    ],
)
def test_what_an_officer_types_is_answered(
    cast: Cast, client: Client, address: str, fields: dict[str, str]
) -> None:
    client.force_login(cast.officer)
    assert client.post(address, fields, follow=True).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/compliance/evidence/campaigns/",
        "/compliance/cases/",
        "/compliance/findings/",
        "/compliance/pressure/",
        "/compliance/evidence/abandonment/",
        "/compliance/evidence/registers/opt-outs/",
    ],
)
def test_what_an_address_asks_for_is_answered(cast: Cast, client: Client, address: str) -> None:
    client.force_login(cast.officer)
    names = ("q", "show", "since", "until", "campaign", "branch", "days", "page", "before")
    assert client.get(address, dict.fromkeys(names, ODD)).status_code in (200, 404)


def test_a_branch_is_answered_whatever_it_types(cast: Cast, client: Client) -> None:
    make_world()
    campaign = submitted(cast)
    xihu = list_of(campaign, "HZ-XH")
    client.force_login(cast.manager_xihu)
    assert client.get(f"/inbox/{xihu.pk}/", {"q": ODD}).status_code == 200
    for step in ("take-out", "return"):
        answer = client.post(f"/inbox/{xihu.pk}/{step}/", {"reason": ODD}, follow=True)
        assert answer.status_code == 200
