"""The pages of rule packs: reading, drafting by form and source, rehearsing, signing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from accounts.domain.roles import Role
from accounts.models import User
from approvals.models import Approval
from compliance.domain.comparing import compare
from compliance.domain.pack import compile_pack
from compliance.models import Decision, PackVersion
from compliance.pack_source import read, write
from compliance.packs import in_force, read_shipped
from console import rule_forms
from console.rule_forms import Control
from tests.cast import person
from tests.compliance.conftest import Bank, make_bank, set_time
from tests.compliance.world import beijing
from tests.kept import kept

FIRST_DAY = beijing("2026-12-01 00:00")


def browser(user: User, language: str = "en") -> Client:
    user.language = language
    user.save(update_fields=["language"])
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def bank(db: None) -> Bank:
    return make_bank()


@pytest.fixture
def maker(bank: Bank) -> Client:
    return browser(kept("maker", lambda: person("maker", Role.COMPLIANCE)))


@pytest.fixture
def checker(bank: Bank) -> Client:
    return browser(person("checker", Role.COMPLIANCE))


def page(client: Client, name: str, *args: Any) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def take(client: Client, version: PackVersion, step: str, **fields: str) -> str:
    address = reverse("pack-step", args=[version.pk, step])
    answer = client.post(address, fields, follow=True)
    assert answer.status_code == 200
    version.refresh_from_db()
    return answer.content.decode()


def drafted(client: Client) -> PackVersion:
    return kept("draft", lambda: make_draft(client), client.session["_auth_user_id"])


def make_draft(client: Client) -> PackVersion:
    take(client, PackVersion.objects.get(version="1.0"), "draft")
    draft = PackVersion.objects.latest("pk")
    client.post(
        reverse("pack-head", args=[draft.pk]),
        {"version": "1.1", "begins": "2026-12-01T00:00", "seen": draft.sha256},
    )
    draft.refresh_from_db()
    return draft


def posted(controls: list[Control]) -> dict[str, Any]:
    """What a browser sends for a form that nobody touched."""
    fields: dict[str, Any] = {}
    for control in controls:
        if control.kind == "windows":
            fields |= {f"{control.name}.{row['day']}": row["text"] for row in control.value}
        elif control.kind == "span":
            fields[f"{control.name}.unit"] = control.value["unit"]
            fields[f"{control.name}.amount"] = str(control.value["amount"])
        elif control.kind == "bool":
            fields |= {control.name: "on"} if control.value else {}
        else:
            fields[control.name] = "" if control.value is None else control.value
    return fields


def form_data(fields: dict[str, Any]) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in fields.items():
        data.setlist(name, value if isinstance(value, list) else [str(value)])
    return data


def save_rule(client: Client, version: PackVersion, rule_id: str, **changes: Any) -> str:
    rule = next(each for each in version.document["rules"] if each["id"] == rule_id)
    fields = {**posted(rule_forms.controls(rule)), **changes, "seen": version.sha256}
    address = reverse("pack-rule", args=[version.pk, rule_id])
    answer = client.post(address, fields, follow=True)
    version.refresh_from_db()
    return answer.content.decode()


@pytest.mark.parametrize("name", ["cn-bank", "us-tsr", "uk-ofcom"])
def test_a_form_that_nobody_touched_changes_no_rule(name: str) -> None:
    document = read_shipped(name)
    again = []
    for rule in document["rules"]:
        changed, shown = rule_forms.read(rule, form_data(posted(rule_forms.controls(rule))))
        assert [control.errors for control in shown if control.errors] == []
        again.append(changed)
    assert compare(compile_pack(document), compile_pack({**document, "rules": again})) == ()


@pytest.mark.parametrize("name", ["cn-bank", "us-tsr", "uk-ofcom"])
def test_a_source_written_and_read_again_is_the_same(name: str) -> None:
    document = read_shipped(name)
    source = read(write(document))
    assert source.mistakes == ()
    assert source.document == document


def test_the_viewer_says_each_rule_with_basis_and_values(maker: Client) -> None:
    version = PackVersion.objects.get()
    shown = page(maker, "pack-version", version.pk)
    assert "At most 2 attempts per customer and calendar day" in shown
    assert "消费者权益保护法实施条例第24条" in shown
    assert "09:00–12:00" in shown
    assert ">law<" in shown and ">policy<" in shown
    assert "cn-bank" in page(maker, "packs")
    chinese = browser(User.objects.get(username="maker"), "zh-hans")
    assert "每位客户每个自然日最多拨打2次" in page(chinese, "pack-version", version.pk)


def test_from_draft_to_signature_over_the_pages(maker: Client, checker: Client) -> None:
    draft = drafted(maker)
    assert (draft.version, draft.effective_from) == ("1.1", FIRST_DAY)
    assert "Saved." in save_rule(maker, draft, "C1", limit="")
    shown = page(maker, "pack-version", draft.pk)
    assert "1 loosening" in shown
    assert "switched off: needs four eyes" in shown
    assert "Submitted" in take(maker, draft, "submit")
    assert draft.state == "submitted"
    assert "Whoever submitted this cannot decide it" in take(
        maker, draft, "sign", content_hash=hash_on(page(maker, "pack-version", draft.pk), draft)
    )
    inbox = page(checker, "approvals-inbox")
    assert reverse("pack-version", args=[draft.pk]) in inbox
    shown = page(checker, "pack-version", draft.pk)
    assert "It loosens what protects customers today" in shown
    assert "Signed." in take(checker, draft, "sign", content_hash=hash_on(shown, draft))
    assert in_force(FIRST_DAY).refs == ("cn-bank@1.1",)
    assert "Signed, not yet in force" in page(maker, "packs")


def hash_on(shown: str, version: PackVersion) -> str:
    found = re.search(r'name="content_hash" value="([0-9a-f]{64})"', shown)
    return found[1] if found else "0" * 64


def test_a_returned_draft_shows_its_reason_and_is_changed(maker: Client, checker: Client) -> None:
    draft = drafted(maker)
    save_rule(maker, draft, "C1", limit="1")
    take(maker, draft, "submit")
    take(checker, draft, "return", reason="Ask the branches first")
    assert draft.state == "draft"
    assert "Ask the branches first" in page(maker, "pack-version", draft.pk)
    assert "Saved." in save_rule(maker, draft, "C1", limit="2")


def test_zero_is_never_and_says_so(maker: Client) -> None:
    draft = drafted(maker)
    save_rule(maker, draft, "C1", limit="0")
    shown = page(maker, "pack-version", draft.pk)
    assert "0 = never" in shown
    assert "1 loosening" not in shown


@pytest.mark.parametrize(
    ("rule_id", "fields", "complaint"),
    [
        ("C1", {"limit": "-1"}, "It must be at least 0."),
        ("C1", {"limit": "two"}, "This is no number."),
        ("C1", {"window.unit": "rolling_days", "window.amount": ""}, "A number is needed."),
        ("C1", {"per": []}, "At least one is needed."),
        ("C1", {"zh": "最多{lmit}次"}, "lmit"),
        ("W1", {"windows.workday": "nine to five"}, "No span of hours: nine to five"),
        ("W1", {"windows.workday": "09:00-25:00"}, "25:00"),
        ("S2", {"bands": "{{{"}, "A quotation mark or bracket is not closed."),
        ("C1", {"limit": "1000000000000"}, "It must be at most 1000. For no limit leave it empty"),
        ("C1", {"limit": "9" * 5000}, "This is no number."),
        (
            "C2",
            {"window.unit": "rolling_days", "window.amount": "1000000000"},
            "It must be at most 400 here.",
        ),
        ("C4G", {"min_gap_s": "9" * 30}, "It must be at most 34560000 here."),
        ("O1-bought", {"days": "1000000000"}, "It must be at most 3660 here."),
        ("S1", {"max_amount_percent": "101"}, "It must be at most 100 here."),
        ("P1", {"abandonment": "{of: consented, hours: 720, stop_above_percent: .nan}"}, "finite"),
        ("C1", {"zh": "最多\0{limit}次"}, "cannot be stored"),
        ("S2", {"bands": "[{from: 65}]"}, "There is no such key here."),
    ],
)
def test_a_wrong_value_is_told_beside_its_field(
    maker: Client, rule_id: str, fields: dict[str, Any], complaint: str
) -> None:
    draft = drafted(maker)
    before = draft.sha256
    shown = save_rule(maker, draft, rule_id, **fields)
    assert complaint in shown
    assert "1 field needs another look" in shown
    assert draft.sha256 == before


def test_hours_are_typed_as_people_write_them(maker: Client) -> None:
    draft = drafted(maker)
    save_rule(maker, draft, "W1", **{"windows.workday": "9:30–12:00，14:00-19:00"})
    rule = next(each for each in draft.document["rules"] if each["id"] == "W1")
    assert rule["windows"] == {"workday": [["9:30", "12:00"], ["14:00", "19:00"]]}
    assert "tighter" in page(maker, "pack-version", draft.pk)


def test_a_rule_taken_out_may_leave_a_gap_and_the_page_says_so(maker: Client) -> None:
    draft = drafted(maker)
    address = reverse("pack-rule", args=[draft.pk, "K1"])
    maker.post(address, {"remove": "1", "seen": draft.sha256})
    shown = page(maker, "pack-version", draft.pk)
    assert "Rule removed" in shown
    assert 'marketing · robot <code class="small">marketing/robot</code>: Consent' in shown


def test_only_the_maker_opens_the_form_of_a_draft(maker: Client, checker: Client) -> None:
    draft = drafted(maker)
    answer = checker.get(reverse("pack-rule", args=[draft.pk, "C1"]), follow=True)
    assert "Only its maker changes a draft" in answer.content.decode()
    assert maker.get(reverse("pack-rule", args=[draft.pk, "NONE"])).status_code == 404


def test_a_source_with_mistakes_is_kept_and_names_their_lines(maker: Client) -> None:
    draft = drafted(maker)
    text = write(draft.document).replace("kind: blackout", "kind: blackuot")
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "blackuot" in row)
    address = reverse("pack-source", args=[draft.pk])
    answer = maker.post(address, {"source": text, "seen": draft.sha256}, follow=True)
    shown = answer.content.decode()
    assert "Saved, with mistakes." in shown
    assert f'data-line="{line}"' in shown
    assert "There is no such kind of rule." in shown
    draft.refresh_from_db()
    assert "The draft has mistakes" in take(maker, draft, "submit")
    assert "B1 › kind" in page(maker, "pack-version", draft.pk)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("rules: [", "A quotation mark or bracket is not closed."),
        ("pack: a: b", "A colon stands where none may be"),
        ("\tpack: a", "indent with spaces only"),
        ("pack: *a", "names an anchor that does not exist"),
        ("pack: !!python/object:os.system a", "Tags (!…) are not allowed"),
        ("pack: a\0", "cannot be stored"),
        ("pack: a\nrules: []\npack: b", "is given twice, first on line 1"),
        ('pack: cn\nrules: []\nnotes: "\\0"', "cannot be stored"),
        ('pack: cn\nrules: []\nnotes: "\\ud800"', "cannot be stored"),
        pytest.param("[" * 2000 + "]" * 2000, "too deeply nested", id="deep"),
        pytest.param("pack: a\n" + "x" * 600_000, "too large", id="large"),
        pytest.param("pack: 0x" + "f" * 9000, "A text is needed", id="a number"),
        ("", "A pack is a mapping"),
        ("a: &a [*a]", "too large"),
        ("pack: cn-33", "This is missing."),
    ],
)
def test_what_is_no_pack_is_not_kept(maker: Client, source: str, complaint: str) -> None:
    draft = drafted(maker)
    before = draft.sha256
    address = reverse("pack-source", args=[draft.pk])
    answer = maker.post(address, {"source": source, "seen": draft.sha256}, follow=True)
    assert complaint in answer.content.decode()
    draft.refresh_from_db()
    assert draft.sha256 == before
    new = maker.post(reverse("pack-new"), {"source": source})
    assert complaint in new.content.decode()


def test_a_mistake_comes_in_the_readers_language_with_the_raw_text_beside_it(maker: Client) -> None:
    draft = drafted(maker)
    chinese = browser(User.objects.get(username="maker"), "zh-hans")
    address = reverse("pack-source", args=[draft.pk])
    shown = chinese.post(address, {"source": "pack: a: b", "seen": draft.sha256}).content.decode()
    assert "此处多了冒号" in shown
    assert "程序原文" in shown and "mapping values are not allowed here" in shown
    text = write(draft.document).replace("window: {calendar: day}", "window: {calender: day}")
    text = text.replace("window:\n    calendar: day", "window:\n    calender: day")
    answer = chinese.post(address, {"source": text, "seen": draft.sha256}, follow=True)
    shown = re.sub(r"<details.*?</details>", "", answer.content.decode(), flags=re.DOTALL)
    assert "C1 › window › calender" in shown
    assert "此处没有该字段" in shown
    assert "There is no such key" not in shown and "extra_forbidden" not in shown


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        # each of these was a failure of the page, or of the whole process
        ("id: W1", "id: {a: 1}", "A text is needed"),
        ("limit: 2", "limit: .nan", "A finite number is needed."),
        ("limit: 2", "limit: 0x" + "f" * 6000, "It must be at most 1000."),
        ("{limit}", "{limit:>9999999999}", "Curly brackets hold the plain name"),
        ("{limit}", "{limit.__class__}", "Curly brackets hold the plain name"),
        ("{limit}", "{", "Curly brackets hold the plain name"),
        ("limit: 2", "limit: 2001-12-14", "a value that cannot be kept"),
        ("'2026-12-01'", "'0001-01-01'", "a day of the years 2000 to 2100"),
        ("'2026-12-01'", "'9999-12-31'", "a day of the years 2000 to 2100"),
        ("'2026-12-01'", "'never'", "a day of the years 2000 to 2100"),
        ("version: '1.1'", "version: '" + "1" * 21 + "'", "At most 20 characters"),
        ("version: '1.1'", "version: ' '", "This is missing."),
    ],
)
def test_a_value_beyond_sense_is_told_and_breaks_nothing(
    maker: Client, old: str, new: str, complaint: str
) -> None:
    draft = drafted(maker)
    text = write(draft.document)
    assert old in text
    address = reverse("pack-source", args=[draft.pk])
    fields = {"source": text.replace(old, new, 1), "seen": draft.sha256}
    answer = maker.post(address, fields, follow=True)
    assert answer.status_code == 200 and complaint in answer.content.decode()
    page(maker, "pack-version", draft.pk)
    page(maker, "packs")


@pytest.mark.parametrize("begins", ["0001-01-01T00:00", "9999-12-31T23:59", "tomorrow", ""])
def test_a_beginning_beyond_any_plan_is_refused(maker: Client, begins: str) -> None:
    draft = drafted(maker)
    fields = {"version": "1.1", "begins": begins, "seen": draft.sha256}
    maker.post(reverse("pack-head", args=[draft.pk]), fields)
    draft.refresh_from_db()
    assert draft.effective_from == FIRST_DAY
    page(maker, "pack-version", draft.pk)


def test_two_windows_on_one_draft_lose_nothing_of_each_other(maker: Client) -> None:
    draft = drafted(maker)
    seen = draft.sha256
    save_rule(maker, draft, "C1", limit="1")
    address = reverse("pack-source", args=[draft.pk])
    mine = write(draft.document).replace("tail_guard_s: 60", "tail_guard_s: 90", 1)
    shown = maker.post(address, {"source": mine, "seen": seen}).content.decode()
    assert "The draft was changed in another window" in shown
    assert "tail_guard_s: 90" in shown  # what was typed is still there
    draft.refresh_from_db()
    assert next(r for r in draft.document["rules"] if r["id"] == "C1")["limit"] == 1


def test_submitted_and_signed_twice_it_happens_once(maker: Client, checker: Client) -> None:
    draft = drafted(maker)
    take(maker, draft, "submit")
    assert "Only its maker changes a draft" in take(maker, draft, "submit")
    seen = hash_on(page(checker, "pack-version", draft.pk), draft)
    assert "Signed." in take(checker, draft, "sign", content_hash=seen)
    assert "The version is not where you saw it" in take(checker, draft, "sign", content_hash=seen)
    assert Approval.objects.count() == 1


def test_a_file_of_bombs_is_refused_unopened(maker: Client) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(9)
    )
    answer = maker.post(reverse("pack-new"), {"file": SimpleUploadedFile("b.yaml", bomb.encode())})
    assert "too large" in answer.content.decode()


def test_a_new_layer_is_made_from_a_file(maker: Client) -> None:
    document = {**read_shipped("cn-bank"), "pack": "cn-33", "version": "1", "layer": "province"}
    file = SimpleUploadedFile("cn-33.yaml", write(document).encode())
    answer = maker.post(reverse("pack-new"), {"file": file}, follow=True)
    assert "cn-33@1" in answer.content.decode()


def test_shipped_scenarios_run_against_a_draft(maker: Client) -> None:
    draft = drafted(maker)
    address = reverse("pack-rehearse", args=[draft.pk])
    shown = maker.post(address, {"shipped": "cn-bank.yaml"}).content.decode()
    assert "Every scenario came out as expected." in shown
    assert "Outside calling hours <code>WINDOW</code>" in shown
    save_rule(maker, draft, "C1", limit="0")
    shown = maker.post(address, {"shipped": "cn-bank.yaml"}).content.decode()
    assert "CAP_C1" in shown
    assert "Every scenario came out as expected." not in shown
    for words in ("<td>Answer</td>", "<td>Not now</td>", "<td>Yes</td>", "<td>Reasons</td>"):
        assert words in shown
    maker.cookies["django_language"] = "zh-hans"
    shown = maker.post(address, {"shipped": "cn-bank.yaml"}).content.decode()
    assert "<td>暂不可</td>" in shown and "expected" not in shown


OWN = """\
scenarios:
  - name: after one call today
    at: 2026-12-02 15:00:00
    given: {contacts: [{at: 2026-12-02 10:00:00}]}
    expect: {decision: block, codes: [CAP_C1]}
"""


def test_a_scenario_file_of_ones_own_is_run_and_reads_no_file(maker: Client) -> None:
    draft = drafted(maker)
    save_rule(maker, draft, "C1", limit="1")
    address = reverse("pack-rehearse", args=[draft.pk])
    shown = maker.post(address, {"file": SimpleUploadedFile("own.yaml", OWN.encode())})
    assert "Every scenario came out as expected." in shown.content.decode()
    for name in ("../packs/us-tsr.yaml", "/etc/hosts.yaml", "../cn-bank", "no-such-pack"):
        text = OWN.replace("scenarios:", f"pack: {name}\nscenarios:", 1)
        answer = maker.post(address, {"file": SimpleUploadedFile("own.yaml", text.encode())})
        assert "note error" in answer.content.decode()
        assert "Every scenario" not in answer.content.decode()


def test_what_is_in_force_ends_by_two_over_the_page(maker: Client, checker: Client) -> None:
    version = PackVersion.objects.get()
    take(maker, version, "ask-end", reason="a new law")
    assert Approval.objects.get().subject == f"pack_end:{version.pk}"
    shown = page(checker, "pack-version", version.pk)
    assert "a new law" in shown
    assert "Ended." in take(checker, version, "sign-end", content_hash=hash_on(shown, version))
    assert "Without one" not in page(maker, "packs")
    assert version.effective_to is not None


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.OPERATIONS])
def test_a_reader_reads_and_changes_nothing(bank: Bank, role: Role) -> None:
    client = browser(person("reader", role))
    version = PackVersion.objects.get()
    shown = page(client, "pack-version", version.pk)
    assert "New draft from it" not in shown
    assert "readonly" in page(client, "pack-source", version.pk)
    for name in ("pack-head", "pack-rehearse"):
        assert client.post(reverse(name, args=[version.pk])).status_code == 403
    step = reverse("pack-step", args=[version.pk, "draft"])
    assert client.post(step).status_code == 403
    source = client.post(reverse("pack-source", args=[version.pk]), {"source": "x"}, follow=True)
    assert "Only its maker changes a draft" in source.content.decode()


def test_a_decision_under_a_new_version_says_what_is_new(
    bank: Bank, maker: Client, checker: Client
) -> None:
    draft = drafted(maker)
    save_rule(maker, draft, "C1", limit="1")
    take(maker, draft, "submit")
    shown = page(checker, "pack-version", draft.pk)
    take(checker, draft, "sign", content_hash=hash_on(shown, draft))
    reason = {
        "code": "CAP_C1",
        "rule": "C1",
        "pack": "cn-bank@1.1",
        "legal_ref": "",
        "zh": "次数已满",
        "en": "called often enough",
    }
    stored = Decision.objects.create(
        at=beijing("2026-12-01 14:00"),
        verdict="block_retriable",
        codes=["CAP_C1"],
        purpose="marketing",
        actor="human",
        packs=["cn-bank@1.1"],
        intent={},
        facts={},
        decision={"reasons": [reason]},
        inputs_hash="",
        customer_id=bank.x.pk,
    )
    maker.post(f"/compliance/why/{bank.x.pk}/", {"why": "customer_asks"})
    answer = maker.get(f"/compliance/why/{bank.x.pk}/decisions/{stored.pk}/")
    text = answer.content.decode()
    assert "New in cn-bank@1.1, in force from 2026-12-01 00:00:" in text
    assert "At most 2 → <b>1</b>" in text


def test_a_limit_that_is_off_reads_so(maker: Client) -> None:
    draft = drafted(maker)
    save_rule(maker, draft, "C1", limit="")
    shown = page(maker, "pack-version", draft.pk)
    assert "No limit (switched off): At most … attempts per customer" in shown
    assert "None" not in shown
    chinese = page(browser(User.objects.get(username="maker"), "zh-hans"), "pack-version", draft.pk)
    assert "不限（已关闭）：每位客户每个自然日最多拨打…次" in chinese
    assert "已关闭：须双人复核" in chinese
    browser(User.objects.get(username="maker"))
    save_rule(maker, draft, "C2", **{"window.amount": "10"})
    assert "the sentence is unchanged" in page(maker, "pack-version", draft.pk)


def test_a_first_version_is_compared_with_nothing(maker: Client, checker: Client) -> None:
    first = PackVersion.objects.get()
    shown = page(maker, "pack-version", first.pk)
    assert "there is nothing to compare it with" in shown
    assert "Rules that make exceptions: X1." in shown
    assert "loosening" not in shown
    document = {**read_shipped("cn-bank"), "pack": "cn-33", "version": "1", "layer": "province"}
    file = SimpleUploadedFile("cn-33.yaml", write(document).encode())
    shown = maker.post(reverse("pack-new"), {"file": file}, follow=True).content.decode()
    assert "there is nothing to compare it with" in shown and "loosening" not in shown


def test_a_replaced_version_is_not_compared_with_its_successor(
    maker: Client, checker: Client
) -> None:
    first, draft = PackVersion.objects.get(), drafted(maker)
    save_rule(maker, draft, "C1", limit="1")
    take(maker, draft, "submit")
    take(
        checker, draft, "sign", content_hash=hash_on(page(checker, "pack-version", draft.pk), draft)
    )
    set_time(FIRST_DAY)
    assert "there is nothing to compare it with" in page(maker, "pack-version", first.pk)
    assert "against cn-bank@1.0" in page(maker, "pack-version", draft.pk)


def test_a_beginning_in_the_past_is_said_at_once(maker: Client) -> None:
    draft = drafted(maker)
    said = "choose a later beginning"
    assert f'role="alert" hidden>A version begins after it is signed: {said}' in page(
        maker, "pack-version", draft.pk
    )
    fields = {"version": "1.1", "begins": "2020-01-01T00:00", "seen": draft.sha256}
    shown = maker.post(reverse("pack-head", args=[draft.pk]), fields, follow=True).content.decode()
    assert f'role="alert" >A version begins after it is signed: {said}' in shown
    assert 'id="submit" disabled' in shown
    assert said in page(maker, "pack-source", draft.pk)
    assert said in take(maker, draft, "submit")
    assert draft.state == "draft"


def test_an_unknown_step_or_version_is_not_found(maker: Client) -> None:
    version = PackVersion.objects.get()
    assert maker.post(reverse("pack-step", args=[version.pk, "dance"])).status_code == 404
    assert maker.get(reverse("pack-version", args=[999])).status_code == 404


def test_the_admin_leads_to_the_page(bank: Bank, client: Client) -> None:
    version = PackVersion.objects.get()
    client.force_login(User.objects.create_superuser("root"))
    answer = client.get(reverse("admin:compliance_packversion_change", args=[version.pk]))
    assert reverse("pack-version", args=[version.pk]) in answer.content.decode()
