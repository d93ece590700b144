"""The why page: who may look, that looking is written down, and what it answers."""

from __future__ import annotations

import html
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.models import User
from audiences.models import Customer, Number
from audit.models import Entry
from campaigns import reasons
from campaigns.approving import approve_list
from campaigns.asking import wish_of
from campaigns.models import Campaign
from campaigns.steering import launch
from clock.setting import set_sandbox_clock
from compliance import suppressing
from compliance.domain.codes import CODES
from compliance.domain.facts import ContactKind
from compliance.domain.intent import Actor
from compliance.gate import reserve
from compliance.legal_wording import legal_ref
from compliance.models import (
    Attempt,
    Contact,
    Decision,
    Register,
    RegisterEntry,
    RegisterImport,
)
from compliance.packs import read_shipped
from console import why_rows
from console.templatetags.legal import legal
from console.why_rows import limit
from dialer.models import Call
from tests.audit.test_record import tamper
from tests.campaigns.making import TUESDAY, list_of, make_campaign, make_world, submitted
from tests.cast import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world() -> None:
    make_world()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def look(user: User, customer: Customer, **query: str) -> str:
    """The customer's page, opened with a reason."""
    client = signed_in(user)
    address = f"/compliance/why/{customer.pk}/"
    assert client.post(address, {"why": "customer_asks"}).status_code == 302
    answer = client.get(address, query)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def running(cast: Cast) -> Campaign:
    campaign = submitted(cast)
    xihu = list_of(campaign, "HZ-XH")
    approve_list(xihu, cast.manager_xihu, xihu.content_hash)
    launch(campaign, cast.marketer)
    return campaign


# --- finding and looking -------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["C0001", "c0001", "138-0000", "+8613905710001", "139 0571 0001"])
def test_a_customer_is_found_by_the_id_or_any_spelling_of_the_number(
    cast: Cast, query: str
) -> None:
    answer = signed_in(cast.officer).post("/compliance/why/", {"q": query, "why": "regulator"})
    if query == "138-0000":
        assert "Nobody found" in html.unescape(answer.content.decode())
    else:
        assert answer.headers["Location"] == f"/compliance/why/{cast.wang.pk}/"


def test_a_shared_number_shows_both_masked_to_choose_from(cast: Cast) -> None:
    answer = signed_in(cast.officer).post(
        "/compliance/why/", {"q": "13905710003", "why": "regulator"}
    )
    shown = answer.content.decode()
    assert "C0003" in shown and "C0004" in shown
    assert cast.zhao.name not in shown


def test_nobody_is_shown_before_a_reason_is_given(cast: Cast) -> None:
    client = signed_in(cast.officer)
    shown = client.get(f"/compliance/why/{cast.wang.pk}/").content.decode()
    assert "say why you look" in shown
    assert "王" not in shown
    refused = client.post(f"/compliance/why/{cast.wang.pk}/", {"why": "curiosity"})
    assert "Choose why you look" in html.unescape(refused.content.decode())


def test_looking_is_written_down_with_its_reason_and_no_personal_data(cast: Cast) -> None:
    signed_in(cast.officer).post(
        "/compliance/why/", {"q": "13905710001", "why": "complaint", "reference": "12378-7 王芳"}
    )
    searched, looked = Entry.objects.filter(kind__startswith="customer.").order_by("id")
    assert searched.payload == {"by": "number", "found": 1, "why": "complaint"}
    assert (looked.actor_id, looked.subject) == (cast.officer.pk, f"customer:{cast.wang.pk}")
    assert looked.payload == {"why": "complaint", "reference": "12378-7"}


def test_a_reason_lasts_half_an_hour(cast: Cast) -> None:
    client = signed_in(cast.officer)
    address = f"/compliance/why/{cast.wang.pk}/"
    client.post(address, {"why": "quality"})
    assert "May we call now?" in client.get(address).content.decode()
    session = client.session
    kept = session["looked_at"][str(cast.wang.pk)]
    session["looked_at"] = {str(cast.wang.pk): kept.replace(kept[:4], "2020")}
    session.save()
    assert "say why you look" in client.get(address).content.decode()


def test_a_customer_of_another_branch_is_not_found(cast: Cast) -> None:
    client = signed_in(cast.manager_xihu)
    assert client.get(f"/compliance/why/{cast.zhao.pk}/").status_code == 404
    assert client.post(f"/compliance/why/{cast.zhao.pk}/", {"why": "quality"}).status_code == 404
    answer = client.post("/compliance/why/", {"q": "13905710003", "why": "quality"})
    assert "Nobody found" in html.unescape(answer.content.decode())


# --- the answers ---------------------------------------------------------------------------------


def test_a_clean_customer_on_a_signed_list_may_be_called(cast: Cast) -> None:
    campaign = running(cast)
    shown = look(cast.officer, cast.wang)
    assert campaign.name in shown
    assert "No rule objects." in shown
    assert "王*" in shown and "王芳" not in shown
    assert "13905710001" not in shown


def test_a_refusal_names_its_rule_its_law_and_what_would_change_it(cast: Cast) -> None:
    running(cast)
    suppressing.opt_out(
        customer_id=cast.wang.pk, number_id=None, source="app", evidence={}, at=TUESDAY
    )
    shown = look(cast.officer, cast.wang)
    assert "The customer asked not to be called" in shown
    assert "cn-bank@" in shown
    assert "消费者权益保护法实施条例第24条" in shown
    assert "A new wish of the customer's own" in shown
    assert "time alone does not change it" in shown


def test_an_elder_may_be_called_by_a_person_only(cast: Cast) -> None:
    running(cast)
    shown = look(cast.officer, cast.li)
    assert "From age 65 only a person may call" in shown


def test_a_screened_campaign_says_what_is_still_missing(cast: Cast) -> None:
    submitted(cast)
    shown = look(cast.officer, cast.wang)
    assert "No approval is in force for the list" in shown
    assert "The missing signature" in shown
    assert "Drawn as if campaign, script and list were signed and running." in shown


def test_outside_the_hours_it_says_from_when(cast: Cast) -> None:
    running(cast)
    set_sandbox_clock(sim=TUESDAY + timedelta(hours=7), speed=0.000001)  # 21:00
    shown = look(cast.officer, cast.wang)
    assert "may be called again from 2026-03-11 09:00:00" in shown


def test_the_days_to_come_are_drawn_for_robot_and_person(cast: Cast) -> None:
    running(cast)
    shown = look(cast.officer, cast.wang)
    # Tuesday 14:00 until a minute before 20:00, and Saturday for a person alone
    assert "Robot 14:00–19:59" in shown
    assert "A person 10:00–11:59" in shown
    assert "Robot 10:00–11:59" not in shown


def test_asking_writes_nothing_but_that_somebody_looked(cast: Cast) -> None:
    running(cast)
    before = (Decision.objects.count(), Attempt.objects.count(), Contact.objects.count())
    kinds = set(Entry.objects.values_list("pk", flat=True))
    client = signed_in(cast.officer)
    client.post(f"/compliance/why/{cast.wang.pk}/", {"why": "quality"})
    with CaptureQueriesContext(connection) as captured:
        client.get(f"/compliance/why/{cast.wang.pk}/")
    assert (Decision.objects.count(), Attempt.objects.count(), Contact.objects.count()) == before
    new = Entry.objects.exclude(pk__in=kinds)
    assert [entry.kind for entry in new] == ["customer.looked_at"]
    written = [q["sql"] for q in captured if not q["sql"].lstrip().upper().startswith("SELECT")]
    assert not [sql for sql in written if "compliance_" in sql and "WITH moment" not in sql]
    assert not [q["sql"] for q in captured if "advisory" in q["sql"] or "FOR UPDATE" in q["sql"]]


def test_a_branch_manager_sees_only_campaigns_that_asked_the_branch(cast: Cast) -> None:
    campaign = running(cast)
    other = make_campaign(cast, name="Head office only")
    Campaign.objects.filter(pk=other.pk).update(state="screened")
    shown = look(cast.manager_xihu, cast.wang)
    assert campaign.name in shown
    assert "Head office only" not in shown
    assert "Head office only" in look(cast.officer, cast.wang)


def test_without_campaigns_it_says_so(cast: Cast) -> None:
    assert "No campaign runs or is ready to" in look(cast.officer, cast.wang)


# --- what lies behind ----------------------------------------------------------------------------


def test_contacts_of_every_channel_are_told(cast: Cast) -> None:
    for kind, channel, outcome in (
        (ContactKind.CONVERSATION, "wechat", ""),
        (ContactKind.OUTCOME, "voice", "refused"),
    ):
        Contact.objects.create(
            at=TUESDAY - timedelta(days=3),
            kind=kind.value,
            customer_id=cast.wang.pk,
            actor="human",
            purpose="marketing",
            channel=channel,
            outcome=outcome,
        )
    shown = look(cast.officer, cast.wang)
    assert "WeChat" in shown
    assert "Not interested" in shown


@pytest.mark.django_db(transaction=True)
def test_a_stored_decision_opens_with_its_facts_and_comes_out_the_same(cast: Cast) -> None:
    campaign = running(cast)
    stored = _decide(campaign, cast.wang)
    client = signed_in(cast.officer)
    client.post(f"/compliance/why/{cast.wang.pk}/", {"why": "regulator"})
    listed = client.get(f"/compliance/why/{cast.wang.pk}/").content.decode()
    address = f"/compliance/why/{cast.wang.pk}/decisions/{stored.pk}/"
    assert address in listed
    shown = html.unescape(client.get(address).content.decode())
    assert "the same answer, byte for byte" in shown
    assert "birth_date" not in shown and "1990-06-01" not in shown
    assert "<dt>Age</dt><dd>35 years</dd>" in shown and '"age": 35' in shown
    assert "<dt>Product family</dt><dd>Deposits</dd>" in shown
    assert "<details" in shown.split('id="facts"')[1]
    assert Entry.objects.filter(kind="record.opened", subject=f"decision:{stored.pk}").exists()
    # a decision somebody tampered with is found out
    tamper("UPDATE compliance_decision SET decision = decision || '{\"verdicts\": {}}'")
    assert "differs" in client.get(address).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_decision_is_for_those_who_may_and_for_its_own_customer(cast: Cast) -> None:
    stored = _decide(running(cast), cast.wang)
    marketer = signed_in(cast.marketer)
    assert "Open" not in look(cast.marketer, cast.wang).split('id="decisions"')[1]
    address = f"/compliance/why/{cast.wang.pk}/decisions/{stored.pk}/"
    assert marketer.get(address).status_code == 403
    officer = signed_in(cast.officer)
    assert officer.get(address).headers["Location"] == f"/compliance/why/{cast.wang.pk}/"
    wrong = f"/compliance/why/{cast.li.pk}/decisions/{stored.pk}/"
    assert officer.get(wrong).status_code == 404


def _decide(campaign: Campaign, customer: Customer) -> Decision:
    """A real decision of the gate about this customer."""
    lead = campaign.leads.get(customer=customer)
    wish = wish_of(campaign, lead, campaign.caller_ids.get().pk, TUESDAY)
    intent = replace(
        wish,
        customer_id=customer.pk,
        number_id=lead.number_id,
        actor=Actor.ROBOT,
        idempotency_key="k1",
    )
    result = reserve(lambda: intent)
    assert result.decision_id is not None
    return Decision.objects.get(pk=result.decision_id)


# --- words instead of codes, and numbers that nobody has ------------------------------------------


def test_codes_come_in_words_with_the_code_when_pointed_at(cast: Cast) -> None:
    running(cast)
    suppressing.opt_out(
        customer_id=cast.wang.pk, number_id=None, source="ring_back", evidence={}, at=TUESDAY
    )
    shown = look(cast.officer, cast.wang)
    for words, code in (("Asked not to be called", "opt_out"), ("When ringing back", "ring_back")):
        assert f'<span title="{code}">{words}</span>' in shown
    assert "every product · Telephone" in " ".join(shown.split())
    assert ">*<" not in shown and "· voice" not in shown
    cast.officer.language = "zh-hans"
    cast.officer.save(update_fields=["language"])
    shown = look(cast.officer, cast.wang)
    assert "所有产品" in shown and "CBIRC" not in shown


def test_the_limit_of_a_least_gap_has_its_unit() -> None:
    with translation.override("en"):
        for code, value, said in (
            ("MIN_GAP", 120, "2 h"),
            ("MIN_GAP", 45, "45 min"),
            ("TAIL_GUARD", "60", "1 min"),
            ("CAP_C1", 2, "2"),
            ("COOLOFF_refused", "30天", "30 days"),
            ("COOLOFF_bought", "1个月", "1 month"),
            ("COOLOFF_bought", "永久", "for ever"),
            ("REGISTER_STALE", "—", "—"),
        ):
            found = limit(code, value)
            assert found is not None and found.text == said
        assert limit("DNC_LIST", None) is None


class Made:
    """A decision that was made again."""

    def __init__(self, document: dict[str, object]) -> None:
        self._document = document

    def document(self) -> dict[str, object]:
        return self._document


def test_a_sentence_that_reads_otherwise_since_is_no_other_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    again: dict[str, object] = {
        "decision": "BLOCK",
        "reasons": [{"code": "MIN_GAP", "zh": "新", "en": "new"}],
    }
    monkeypatch.setattr(why_rows, "replay", lambda _stored: Made(again))
    for reasons_then, same, reworded in (
        ([{"code": "MIN_GAP", "zh": "新", "en": "new"}], True, True),
        ([{"code": "MIN_GAP", "zh": "旧", "en": "old"}], False, True),
        ([{"code": "CAP_C1", "zh": "新", "en": "new"}], False, False),
        ([], False, False),
    ):
        stored = Decision(facts={"a": 1}, decision={"decision": "BLOCK", "reasons": reasons_then})
        found = why_rows.replayed(stored)
        assert (found["same"], found["reworded"]) == (same, reworded)


def test_every_code_has_words() -> None:
    for code in (*CODES, "CAP_C1", "COOLOFF_REFUSED", "DNC_LIST"):
        assert code not in reasons.sentence(code)


def test_the_legal_basis_is_english_on_english_pages(cast: Cast) -> None:
    running(cast)
    suppressing.opt_out(
        customer_id=cast.wang.pk, number_id=None, source="app", evidence={}, at=TUESDAY
    )
    shown = look(cast.officer, cast.wang)
    assert "Regulations implementing the Consumer Protection Law, Art. 24" in shown


@pytest.mark.parametrize("name", ["cn-bank", "us-tsr", "uk-ofcom"])
def test_every_shipped_reference_is_had_in_english(name: str) -> None:
    for rule in read_shipped(name)["rules"]:
        assert legal_ref(rule["legal_ref"], "en")[1] == "", rule["legal_ref"]


def test_a_reference_that_nobody_translated_says_in_which_language_it_is() -> None:
    with translation.override("en"):
        assert "(Chinese text)" in legal("本行制度第3条") and 'lang="zh-Hans"' in legal("本行制度")
        assert legal("<b>") == "&lt;b&gt;"
    with translation.override("zh-hans"):
        assert legal("本行制度第3条") == "本行制度第3条"
        assert "（英文原文）" in legal("47 CFR 64.1200(c)(1); state acts")


def ask_about(user: User, number: str) -> str:
    answer = signed_in(user).post("/compliance/why/", {"q": number, "why": "regulator"})
    return html.unescape(answer.content.decode())


def test_a_number_that_nobody_has_says_what_is_known(cast: Cast) -> None:
    clean = ask_about(cast.officer, "139 0000 0001")
    assert "No customer has this number." in clean and "+86139****0001" in clean
    assert "13900000001" not in clean.replace('value="139 0000 0001"', "")
    assert "none can call it" in clean and "Nothing on record refuses it" in clean
    assert "No call was ever placed to it" in clean

    stranger = Number.objects.create(e164="+8613900000002", kind="mobile")
    suppressing.opt_out(
        customer_id=None, number_id=stranger.pk, source="ring_back", evidence={}, at=TUESDAY
    )
    Call.objects.create(kind="inbound", number=stranger, to="", planned_at=TUESDAY)
    shown = ask_about(cast.officer, "13900000002")
    assert "Asked not to be called" in shown and "When ringing back" in shown
    assert "Somebody rang us" in shown
    assert "refuses it from that moment" in shown
    assert Entry.objects.filter(kind="customer.searched").count() == 2


@pytest.mark.parametrize("query", ["\0", "x" * 100, "138****8000", "' or 1=1", "10086"])
def test_what_is_neither_id_nor_number_finds_nobody(cast: Cast, query: str) -> None:
    assert "Nobody found" in ask_about(cast.officer, query)


def test_a_number_on_a_register_says_so(cast: Cast) -> None:
    register = Register.objects.create(name="industry", title="Industry list")
    batch = RegisterImport.objects.create(
        register=register,
        mode="replace",
        drawn_at=TUESDAY,
        created_at=TUESDAY,
        state="in_force",
        maker=cast.officer,
    )
    RegisterEntry.objects.create(batch_id=batch.pk, key="+8613900000003", since=TUESDAY)
    shown = ask_about(cast.officer, "13900000003")
    assert "Industry list" in shown and "refuses it from that moment" in shown
    RegisterImport.objects.filter(pk=batch.pk).update(state="superseded")
    assert "It is on no register in force" in ask_about(cast.officer, "13900000003")


def test_whoever_sees_one_branch_learns_nothing_of_numbers_elsewhere(cast: Cast) -> None:
    for number in ("13900000001", "13905710003"):  # nobody's, and another branch's customer's
        shown = ask_about(cast.manager_xihu, number)
        assert "Nobody found" in shown and "No customer has" not in shown
