"""The workbench's pages and what they ask for while somebody works."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from django.test import Client

from accounts.models import User
from clock.reading import now
from console.texts.workbench import held_text
from robot.domain.intents.reading import Gate, Held, Reading
from robot.domain.versions import VersionState
from robot.models import ScriptVersion
from robot.publishing import install_shipped_scripts, store
from tests.cast import Cast
from tests.robot.scripts import SOURCES

SOURCE = SOURCES["cc-instalment-prescreen"].replace("不打扰您了，再见", "那就不打扰您了，再见")


def signed_in(client: Client, user: User, language: str = "zh-hans") -> Client:
    user.language = language
    user.save(update_fields=["language"])
    client.force_login(user)
    return client


@pytest.fixture
def draft(cast: Cast) -> ScriptVersion:
    install_shipped_scripts()
    return store(SOURCE, author=cast.writer, at=now())


@pytest.fixture
def writer(cast: Cast, client: Client) -> Client:
    return signed_in(client, cast.writer)


def test_the_list_shows_every_script_with_its_versions(
    writer: Client, draft: ScriptVersion
) -> None:
    text = writer.get("/workbench/").content.decode()
    assert "信用卡账单分期意向初筛" in text
    assert f"/workbench/{draft.pk}/" in text
    assert text.count('class="card"') == 3


def test_a_bank_without_scripts_is_told_so(writer: Client) -> None:
    assert "还没有话术" in writer.get("/workbench/").content.decode()


def test_a_version_opens_in_both_languages_with_its_source(
    cast: Cast, client: Client, draft: ScriptVersion
) -> None:
    for language, words in (("zh-hans", "提交签批"), ("en", "Submit for signature")):
        page = signed_in(client, cast.writer, language).get(f"/workbench/{draft.pk}/")
        text = page.content.decode()
        assert words in text
        assert "Credit-card instalment pre-screen: find who" in text


def test_others_may_read_and_try_but_not_write(
    cast: Cast, client: Client, draft: ScriptVersion
) -> None:
    client.force_login(cast.marketer)
    text = client.get(f"/workbench/{draft.pk}/").content.decode()
    assert "data-save" not in text
    assert client.post("/workbench/check/", {"source": SOURCE}).status_code == 200
    for address in ("save", "change"):
        assert client.post(f"/workbench/{address}/", {"source": SOURCE}).status_code == 403
    assert client.post(f"/workbench/{draft.pk}/ask/").status_code == 403
    assert client.post(f"/workbench/{draft.pk}/sign/").status_code == 403


def test_a_check_brings_findings_with_their_nodes_and_everything_that_is_drawn(
    writer: Client, draft: ScriptVersion
) -> None:
    found = writer.post("/workbench/check/", {"source": SOURCE}).json()
    assert found["findings"] == []
    assert found["picture"]["start"] == "open"
    assert len(found["matrix"]["rows"]) == 7
    assert len(found["dialogues"]) == 29
    broken = SOURCE.replace("deny: end_refused", "deny: pitch")
    found = writer.post("/workbench/check/", {"source": broken}).json()
    assert {"V8"} <= {one["rule"] for one in found["findings"]}
    assert all(one["text"] and one["mend"] for one in found["findings"])


def test_a_target_that_does_not_exist_is_a_finding_and_no_crash(
    writer: Client, draft: ScriptVersion
) -> None:
    hole = SOURCE.replace("then: end_silence", "then: nowhere").replace(
        "affirm: pitch", "affirm: x"
    )
    found = writer.post("/workbench/check/", {"source": hole}).json()
    assert "V1" in {one["rule"] for one in found["findings"]}


@pytest.mark.parametrize("source", ["", "nodes: [", "a: 1", "dialog: 1\ndialog: 1\n", "\0"])
def test_a_source_that_cannot_be_read_names_its_faults(writer: Client, source: str) -> None:
    for address in ("check", "save", "chat"):
        answer = writer.post(f"/workbench/{address}/", {"source": source})
        assert answer.status_code == 422
        assert all(fault["text"] for fault in answer.json()["faults"])


def test_what_keeps_a_source_from_being_read_is_said_in_chinese(writer: Client) -> None:
    writer.cookies["django_language"] = "zh-hans"
    (fault,) = writer.post("/workbench/check/", {"source": "a: b: c"}).json()["faults"]
    assert (fault["line"], fault["raw"]) == (1, "mapping values are not allowed here")
    assert "此处多了冒号" in fault["text"]
    source = "dialog: 1\nlimits:\n  turns: many\n"
    faults = writer.post("/workbench/check/", {"source": source}).json()["faults"]
    assert {"line": 3, "place": "limits.turns", "text": "请填写整数。", "raw": ""} in faults


def test_a_chat_goes_step_by_step_and_keeps_nothing(writer: Client, draft: ScriptVersion) -> None:
    begun = writer.post("/workbench/chat/", {"source": SOURCE}).json()
    assert begun["said"][0]["node"] == "open"
    asked = {"source": SOURCE, "state": begun["state"]}
    going = writer.post("/workbench/chat/", {**asked, "said": "方便，你说"}).json()
    assert (going["node"], going["trace"]["intent"]) == ("identify", "affirm")
    ended = writer.post(
        "/workbench/chat/", {"source": SOURCE, "state": going["state"], "said": "别再打了"}
    ).json()
    assert (ended["outcome"], ended["effects"], ended["ended"]) == ("OPT_OUT", ["dnc.add"], True)
    keyed = writer.post("/workbench/chat/", {**asked, "said": "#9"}).json()
    assert keyed["outcome"] == "OPT_OUT"
    silent = writer.post("/workbench/chat/", {**asked, "said": ""}).json()
    assert silent["trace"]["matched"] == "no_input"


def test_a_chat_says_which_gate_stopped_a_willing_answer(
    cast: Cast, client: Client, draft: ScriptVersion
) -> None:
    said = "上次投诉的事处理好了 你说吧"
    for language, words in (
        ("en", "risk that it is a refusal or a complaint: 4.7 %, must stay below 2.5 %"),
        ("zh-hans", "可能是拒绝或投诉的风险 4.7 %，须低于 2.5 %"),
    ):
        writer = signed_in(client, cast.writer, language)
        begun = writer.post("/workbench/chat/", {"source": SOURCE}).json()
        asked = {"source": SOURCE, "state": begun["state"]}
        stopped = writer.post("/workbench/chat/", {**asked, "said": said}).json()
        assert stopped["trace"]["matched"] == "no_match"
        assert words in stopped["held"] and "93 %" in stopped["held"]
        for clear in ("方便，你说", "别再打了", "#9", ""):
            assert not writer.post("/workbench/chat/", {**asked, "said": clear}).json()["held"]


def test_every_gate_has_words() -> None:
    for gate in get_args(Gate):
        told = held_text(Reading("", "affirm", 0.9, "model", False, held=(Held(gate, 0.5, 0.2),)))
        assert told and "%(" not in told


def test_a_chat_whose_node_was_taken_away_says_so(writer: Client, draft: ScriptVersion) -> None:
    begun = writer.post("/workbench/chat/", {"source": SOURCE}).json()
    elsewhere = SOURCES["birthday-greeting"]
    state = json.dumps({**json.loads(begun["state"]), "node": "pitch"})
    answer = writer.post("/workbench/chat/", {"source": elsewhere, "state": state, "said": "好"})
    assert (answer.status_code, answer.json()) == (409, {"gone": "pitch"})
    answer = writer.post("/workbench/chat/", {"source": elsewhere, "state": "{", "said": "好"})
    assert answer.status_code == 400


def test_a_form_changes_one_value_of_the_source(writer: Client, draft: ScriptVersion) -> None:
    fields = {"source": SOURCE, "path": '["limits", "turns"]', "value": "9"}
    assert "turns: 9" in writer.post("/workbench/change/", fields).json()["source"]
    for path in ("", "[]", "[1]", '"limits"'):
        assert writer.post("/workbench/change/", {**fields, "path": path}).status_code == 400


def test_what_is_kept_is_a_new_version_with_the_source_as_written(
    writer: Client, draft: ScriptVersion
) -> None:
    answer = writer.post("/workbench/save/", {"source": SOURCE.replace("turns: 14", "turns: 9")})
    kept = ScriptVersion.objects.get(pk=answer.json()["version"])
    assert (kept.number, kept.state) == (draft.number + 1, VersionState.DRAFT)
    assert "turns: 9" in kept.source
    assert writer.get(answer.json()["address"]).status_code == 200


def test_two_versions_are_compared_in_words(writer: Client, draft: ScriptVersion) -> None:
    shipped = draft.script.versions.get(number=1)
    text = writer.get(f"/workbench/{draft.pk}/against/{shipped.pk}/").content.decode()
    assert "节点 end_refused 的话术由" in text
    assert "内容一致" in writer.get(f"/workbench/{draft.pk}/against/{draft.pk}/").content.decode()
    stranger = ScriptVersion.objects.exclude(script=draft.script).first()
    assert stranger is not None
    assert writer.get(f"/workbench/{draft.pk}/against/{stranger.pk}/").status_code == 404


def test_a_version_goes_from_its_writer_to_the_reviewer_and_into_use(
    cast: Cast, client: Client, draft: ScriptVersion
) -> None:
    address = f"/workbench/{draft.pk}/"
    client.force_login(cast.writer)
    client.post(f"{address}ask/")
    assert client.post(f"{address}sign/").status_code == 403
    signed_in(client, cast.reviewer)
    assert "签批并发布" in client.get(address).content.decode()
    inbox = client.get("/compliance/inbox/").content.decode()
    assert address in inbox
    client.post(f"{address}return/", {"reason": ""})
    draft.refresh_from_db()
    assert draft.state == VersionState.DRAFT
    client.post(f"{address}sign/")
    draft.refresh_from_db()
    assert draft.state == VersionState.PUBLISHED
    client.force_login(cast.writer)
    client.post(f"{address}retire/")
    draft.refresh_from_db()
    assert draft.state == VersionState.RETIRED


def test_a_step_nobody_knows_and_a_version_that_is_not_there_are_404(
    writer: Client, draft: ScriptVersion
) -> None:
    assert writer.post(f"/workbench/{draft.pk}/destroy/").status_code == 404
    assert writer.get("/workbench/999999/").status_code == 404
    assert writer.get(f"/workbench/{draft.pk}/funnel/").json() == {"calls": 0, "nodes": {}}


def test_a_writer_rings_their_own_telephone_with_the_version_they_look_at(
    writer: Client, draft: ScriptVersion
) -> None:
    page = writer.get(f"/workbench/{draft.pk}/").content.decode()
    assert 'action="/test-calls/ring/"' in page
    assert f'name="version" value="{draft.pk}"' in page
    # without a verified number nothing rings, and the page says what is missing
    answer = writer.post("/test-calls/ring/", {"version": draft.pk}, follow=True)
    assert "请先填写并验证您的号码" in answer.content.decode()
