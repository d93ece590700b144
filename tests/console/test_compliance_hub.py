"""The way to the compliance screens, and back."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.cast import Cast

#: Who is led there.
LED = ("officer", "reviewer", "operator")


def opened(cast: Cast, who: str) -> Client:
    client = Client()
    client.force_login(getattr(cast, who))
    return client


@pytest.mark.parametrize("who", LED)
def test_every_tile_leads_to_a_screen_that_its_reader_may_open(cast: Cast, who: str) -> None:
    client = opened(cast, who)
    page = client.get("/compliance/").content.decode()
    tiles = re.findall(r'class="card tile" href="([^"]+)"', page)
    assert len(tiles) > 2
    assert {tile: client.get(tile).status_code for tile in tiles} == dict.fromkeys(tiles, 200)


@pytest.mark.parametrize("who", LED)
def test_every_screen_leads_back_to_the_hub(cast: Cast, who: str) -> None:
    client = opened(cast, who)
    page = client.get("/compliance/").content.decode()
    for tile in re.findall(r'class="card tile" href="(/compliance/[^"]+)"', page):
        shown = client.get(tile).content.decode()
        # in the page itself, not only in the bar above
        assert 'href="/compliance/">←' in shown or 'href="/compliance/evidence/">←' in shown, tile


def test_whoever_may_not_open_the_hub_is_not_sent_there(cast: Cast) -> None:
    assert opened(cast, "manager_xihu").get("/compliance/").status_code == 403
    assert (
        'href="/compliance/"'
        not in opened(cast, "manager_xihu").get("/compliance/cases/").content.decode()
    )
