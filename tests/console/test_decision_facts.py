"""A stored decision's facts in words; whatever an older document lacks is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils.translation import override

from console.decision_facts import CONTACTS_SHOWN, masked, sections

AT = datetime(2026, 3, 10, 6, tzinfo=UTC)


def shown(facts: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    with override("en"):
        return {section.title: section.rows for section in sections(facts, AT)}


def test_refusals_consents_contacts_and_the_world_come_in_words() -> None:
    contact = {"at": "2026-03-01T06:00:00Z", "kind": "outcome", "outcome": "refused",
               "actor": "robot", "purpose": "marketing", "channel": "voice",
               "product_family": "card"}  # fmt: skip
    found = shown(
        {
            "suppressions": [
                {"source": "opt_out", "since": "2026-03-09T06:00:00Z", "product_family": "card",
                 "register": "", "expires_at": None}
            ],
            "consents": [
                {"granted_at": "2025-01-01T00:00:00Z", "channel": "voice", "basis": "written",
                 "product_family": "", "withdrawn_at": "2026-01-01T00:00:00Z"}
            ],
            "contacts": [contact] * (CONTACTS_SHOWN + 2),
            "world": {
                "registers": [{"name": "12321", "imported_at": None}],
                "kill_switches": [{"scope": "robot"}],
            },
        }
    )  # fmt: skip
    assert found["Refusals and consents"] == [
        ("Asked not to be called", "Credit cards · since 2026-03-09 14:00"),
        (
            "Consent withdrawn",
            "every product · Telephone · In writing · since 2025-01-01 08:00"
            " · withdrawn 2026-01-01 08:00",
        ),
    ]
    contacts = found["Earlier contacts"]
    assert contacts[0][0] == "2026-03-01 14:00" and "Credit cards" in contacts[0][1]
    assert contacts[-1] == ("…", "2 earlier lines")
    around = dict(found["Calendar, lists and switches"])
    assert around == {"12321": "never imported", "Kill switch": "the robot"}


def test_a_region_is_called_by_its_name() -> None:
    assert shown({"customer": {"region": "CN-33"}})["Customer"] == [("Region", "Zhejiang")]
    with override("zh-hans"):
        (section,) = sections({"customer": {"region": "CN-33"}}, AT)
    assert section.rows == [("地区", "浙江")]


def test_the_age_is_the_one_on_the_day_of_the_decision() -> None:
    facts = {"customer": {"id": 7, "birth_date": "1990-03-11"}}
    assert masked(facts, AT) == {"customer": {"age": 35, "id": 7}}
    assert shown(facts)["Customer"] == [("Age", "35 years")]


def test_a_document_without_facts_has_nothing_to_show() -> None:
    assert shown({}) == {}
    assert shown({"suppressions": [{}], "contacts": [{}], "consents": [{}]})
