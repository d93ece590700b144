"""Rules as sentences: lengths of time as people say them, whatever the pack counts in."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils import translation

from compliance.domain.pack import compile_pack
from compliance.packs import read_shipped
from compliance.rule_wording import rule_sentence
from console.texts.packs import parameter_text


def rule_of(pack: str, identity: str) -> Any:
    return next(
        rule for _kind, rule in compile_pack(read_shipped(pack)).rules if rule.id == identity
    )


@pytest.mark.parametrize(
    ("identity", "zh", "en"),
    [
        ("X1", "约定时间前后30分钟内、一次有效", "within 30 min of the promise and once"),
        ("C4G", "同一号码两次拨打至少相隔2小时", "At least 2 h between two attempts on a number"),
        ("W1", "时段结束前1分钟不再拨出", "last dial 1 min before"),
    ],
)
def test_seconds_are_said_as_minutes_and_hours(identity: str, zh: str, en: str) -> None:
    rule = rule_of("cn-bank", identity)
    assert zh in re.sub(r"\s", "", rule_sentence(rule, "zh"))
    assert en in rule_sentence(rule, "en")


def test_the_sentence_follows_the_value_and_the_rule_stays_as_it_is() -> None:
    rule = rule_of("cn-bank", "C4G")
    longer = rule.model_copy(update={"min_gap_s": 5400})
    assert rule_sentence(longer, "en").startswith("At least 1 h 30 min between")
    assert "{min_gap_s}" in longer.en


def test_few_seconds_stay_seconds_and_a_limit_that_is_off_has_none() -> None:
    rule = rule_of("cn-bank", "C4G")
    for value, said in ((45, "At least 45 s between"), (None, "At least … s between")):
        assert rule_sentence(rule.model_copy(update={"min_gap_s": value}), "en").startswith(said)


@pytest.mark.parametrize("name", ["cn-bank", "us-tsr", "uk-ofcom"])
def test_no_shipped_rule_is_told_in_more_than_a_minute_of_seconds(name: str) -> None:
    for _kind, rule in compile_pack(read_shipped(name)).rules:
        for language in ("zh", "en"):
            assert not re.search(r"\d{3,} ?(s\b|秒)", rule_sentence(rule, language)), rule.id


def test_a_parameter_in_seconds_is_also_said_as_people_do() -> None:
    with translation.override("en"):
        assert parameter_text("min_gap_s", 7200) == "7200 s (2 h)"
        assert parameter_text("connect_within_s", 2) == "2"
        assert parameter_text("limit", 7200) == "7200"
    with translation.override("zh-hans"):
        assert parameter_text("tolerance_s", 1800).replace(" ", "") == "1800秒（30分钟）"
