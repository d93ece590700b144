from __future__ import annotations

import json
import subprocess
import sys
import time

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audiences.domain.phone_numbers import Kind, Reason, normalize

MOBILE = "+8613812345678"


@pytest.mark.parametrize(
    "raw",
    [
        "13812345678",
        " 13812345678 ",
        "138 1234 5678",
        "138-1234-5678",
        "138.1234.5678",
        "(138)12345678",
        "１３８１２３４５６７８",  # full width
        "＋８６１３８１２３４５６７８",
        "（+86）138 1234 5678",
        "+86 138 1234 5678",
        "+86-138-1234-5678",
        "+86(138)12345678",
        "86 13812345678",
        "8613812345678",
        "86-13812345678",
        "008613812345678",
        "0086-138-1234-5678",
        "+008613812345678",
        "013812345678",  # a needless trunk 0
        "17951 13812345678",  # a cheap-rate prefix of old
        "'13812345678",  # a spreadsheet's text mark
        "’13812345678",
        '"13812345678"',
        '="13812345678"',
        "13812345678.0",
        "13812345678.00",
        "8613812345678.0",
        "13,812,345,678",
        "1.3812345678E+10",
        "1.3812345678e10",
        "1.38123456780E+10",
        "8.613812345678E+12",
        "13812345678E+0",
        "138\u200b1234\u200b5678",  # zero-width space
        "\ufeff13812345678",
        "138\u00a01234\u00a05678",  # non-breaking space
        "138\u30001234\u30005678",  # ideographic space
        "\u202d13812345678\u202c",  # what a phone's contacts put around a number
        "138–1234—5678",  # en and em dash
        "138－1234－5678",
        "手机：13812345678",
        "电话:13812345678",
        "手机号码 13812345678",
        "Tel: +86 138 1234 5678",
        "tel:+8613812345678",
        "13812345678、",
        "13812345678；",
        "13812345678。",
        "١٣٨١٢٣٤٥٦٧٨",  # other digits
        "13812345678/13812345678",  # the same number twice
        "13812345678\t",
        "[13812345678]",
        "【13812345678】",
    ],
)
def test_every_spelling_of_a_mobile_gives_its_number(raw: str) -> None:
    found = normalize(raw, "CN")
    assert (found.e164, found.kind, found.reason) == (MOBILE, "mobile", None)
    assert found.raw == raw


@pytest.mark.parametrize(
    ("raw", "e164", "kind", "reason"),
    [
        # fixed lines
        ("0571-88888888", "+8657188888888", Kind.FIXED_LINE, None),
        ("(0571)88888888", "+8657188888888", Kind.FIXED_LINE, None),
        ("+86 (0)571 8888 8888", "+8657188888888", Kind.FIXED_LINE, None),
        ("010 8888 8888", "+861088888888", Kind.FIXED_LINE, None),
        ("57188888888", "+8657188888888", Kind.FIXED_LINE, None),  # the spreadsheet ate the 0
        ("0991-2345678", "+869912345678", Kind.FIXED_LINE, None),
        ("88888888", None, Kind.FIXED_LINE, Reason.NO_AREA_CODE),
        ("8888888", None, Kind.FIXED_LINE, Reason.NO_AREA_CODE),
        # services
        ("400-812-3123", None, Kind.SERVICE, Reason.NOT_CALLABLE),
        ("4008123123", None, Kind.SERVICE, Reason.NOT_CALLABLE),
        ("95588", None, Kind.SERVICE, Reason.NOT_CALLABLE),
        ("+86 95588", None, Kind.SERVICE, Reason.NOT_CALLABLE),
        ("010-95588", None, Kind.SERVICE, Reason.NOT_CALLABLE),
        ("0571-96596", None, Kind.SERVICE, Reason.NOT_CALLABLE),
        ("95533123", None, Kind.SERVICE, Reason.NOT_CALLABLE),
        ("10086", None, Kind.SERVICE, Reason.NOT_CALLABLE),
        ("110", None, Kind.SERVICE, Reason.NOT_CALLABLE),
        ("800-810-1234", None, Kind.TOLL_FREE, Reason.NOT_CALLABLE),
        # digits lost or to be guessed
        ("1.38E+10", None, Kind.UNKNOWN, Reason.LOST_DIGITS),
        ("1.38123E+10", None, Kind.UNKNOWN, Reason.LOST_DIGITS),
        ("1.381234567E+10", None, Kind.UNKNOWN, Reason.LOST_DIGITS),
        ("8.61381E+12", None, Kind.UNKNOWN, Reason.LOST_DIGITS),
        ("1.38123456789E+10", None, Kind.UNKNOWN, Reason.MALFORMED),
        ("138****5678", None, Kind.UNKNOWN, Reason.MASKED),
        ("138xxxx5678", None, Kind.UNKNOWN, Reason.MASKED),
        # several
        ("13812345678/13912345678", None, Kind.UNKNOWN, Reason.SEVERAL_NUMBERS),
        ("13812345678，13912345678", None, Kind.UNKNOWN, Reason.SEVERAL_NUMBERS),
        ("13812345678、13912345678", None, Kind.UNKNOWN, Reason.SEVERAL_NUMBERS),
        ("13812345678;0571-88888888", None, Kind.UNKNOWN, Reason.SEVERAL_NUMBERS),
        ("13812345678 13912345678", None, Kind.UNKNOWN, Reason.SEVERAL_NUMBERS),
        ("13812345678\n13912345678", None, Kind.UNKNOWN, Reason.SEVERAL_NUMBERS),
        ("13812345678或13912345678", None, Kind.UNKNOWN, Reason.SEVERAL_NUMBERS),
        # a switchboard is not a person
        ("0571-88888888转801", None, Kind.FIXED_LINE, Reason.EXTENSION),
        ("0571-88888888-801", None, Kind.FIXED_LINE, Reason.EXTENSION),
        ("0571-88888888 ext. 801", None, Kind.FIXED_LINE, Reason.EXTENSION),
        ("0571-88888888#801", None, Kind.FIXED_LINE, Reason.EXTENSION),
        ("0571-88888888分机801", None, Kind.FIXED_LINE, Reason.EXTENSION),
        # nothing
        ("", None, Kind.UNKNOWN, Reason.EMPTY),
        ("   ", None, Kind.UNKNOWN, Reason.EMPTY),
        ("\u200b", None, Kind.UNKNOWN, Reason.EMPTY),
        ("无", None, Kind.UNKNOWN, Reason.EMPTY),
        ("N/A", None, Kind.UNKNOWN, Reason.EMPTY),
        ("-", None, Kind.UNKNOWN, Reason.EMPTY),
        ("#N/A", None, Kind.UNKNOWN, Reason.SPREADSHEET_ERROR),
        # wrong
        ("call me", None, Kind.UNKNOWN, Reason.LETTERS),
        ("138O2345678", None, Kind.UNKNOWN, Reason.LETTERS),
        ("13812345678(本人)", None, Kind.UNKNOWN, Reason.LETTERS),
        ("1381234567", None, Kind.UNKNOWN, Reason.TOO_SHORT),
        ("138123456789", None, Kind.UNKNOWN, Reason.TOO_LONG),
        ("1381234567813912345678", None, Kind.UNKNOWN, Reason.TOO_LONG),
        ("12345", None, Kind.SERVICE, Reason.NOT_CALLABLE),
        ("1" * 500, None, Kind.UNKNOWN, Reason.TOO_LONG),
        ("12012345678", None, Kind.UNKNOWN, Reason.UNASSIGNED),
        ("14012345678", None, Kind.UNKNOWN, Reason.UNASSIGNED),
        ("+999 12345678", None, Kind.UNKNOWN, Reason.UNKNOWN_COUNTRY),
        # abroad
        ("+852 9123 4567", "+85291234567", Kind.MOBILE, None),
        ("00852 91234567", "+85291234567", Kind.MOBILE, None),
        ("+1 (415) 555-2671", "+14155552671", Kind.FIXED_LINE_OR_MOBILE, None),
        ("+44 20 7946 0958", "+442079460958", Kind.FIXED_LINE, None),
    ],
)
def test_numbers_and_reasons(raw: str, e164: str | None, kind: str, reason: str | None) -> None:
    found = normalize(raw, "CN")
    assert (found.e164, found.kind, found.reason) == (e164, kind, reason)


@given(st.text() | st.text(alphabet="0123456789+-() .,/eEx转０１＋\u200b'", max_size=24))
@example("\x00")
@example("²³")
@example("+")
@example("\ud800")
def test_nothing_raises_and_each_answer_is_a_number_or_a_reason(raw: str) -> None:
    for region in ("CN", "US", "GB"):
        found = normalize(raw, region)
        assert (found.e164 is None) != (found.reason is None)
        assert found.kind in set(Kind)
        if found.e164 is not None:
            again = normalize(found.e164, region)
            assert (again.e164, again.kind) == (found.e164, found.kind)


prefixes = st.sampled_from(
    ["", "+86", "86", "0086", "+86 ", "0086-", "（+86）", "+0086", "0", "86-"]
)
gaps = st.sampled_from(["", " ", "-", "\u00a0", "\u200b", ".", "－", "\u3000"])
wraps = st.sampled_from([("", ""), ("'", ""), ('"', '"'), (" ", "\t"), ("手机：", ""), ('="', '"')])
mobiles = st.tuples(
    st.sampled_from(["130", "138", "139", "150", "159", "166", "171", "177", "186", "191", "199"]),
    st.integers(0, 99_999_999),
).map(lambda parts: f"{parts[0]}{parts[1]:08d}")


@given(mobiles, prefixes, gaps, wraps, st.booleans())
def test_every_spelling_gives_the_same_number(
    mobile: str, prefix: str, gap: str, wrap: tuple[str, str], wide: bool
) -> None:
    spelled = prefix + gap.join((mobile[:3], mobile[3:7], mobile[7:]))
    if wide:
        spelled = spelled.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
    assert normalize(wrap[0] + spelled + wrap[1], "CN").e164 == f"+86{mobile}"


@given(mobiles)
def test_scientific_notation_with_all_digits_loses_nothing(mobile: str) -> None:
    assert normalize(f"{mobile[0]}.{mobile[1:]}E+10", "CN").e164 == f"+86{mobile}"
    assert normalize(f"{int(mobile):.4E}", "CN").reason == Reason.LOST_DIGITS


@given(st.from_regex(r"\A1[0-9]{10}\Z"))
def test_the_fast_path_agrees_with_the_library(digits: str) -> None:
    number = phonenumbers.parse("+86" + digits, None)
    valid = phonenumbers.is_valid_number(number)
    mobile = valid and phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    found = normalize(digits, "CN")
    if mobile:
        assert (found.e164, found.kind) == ("+86" + digits, Kind.MOBILE)
    else:
        assert found.kind != Kind.MOBILE or found.e164 != "+86" + digits


def command(given_bytes: bytes) -> list[dict[str, str | None]]:
    done = subprocess.run(
        [sys.executable, "-m", "audiences.normalize", "--region", "CN"],
        input=given_bytes,
        capture_output=True,
        check=True,
        env={"PYTHONPATH": ".", "LC_ALL": "C"},
        timeout=30,
    )
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def test_the_command_answers_line_by_line_whatever_the_bytes() -> None:
    answers = command(
        b"\xef\xbb\xbf13812345678\r\n\r\n\xff\xfe\x00\n"
        + "０５７１－８８８８８８８８\n".encode()
        + b"9" * 100_000
        + b"\n139 1234 5678"
    )
    assert [answer["e164"] for answer in answers] == [
        "+8613812345678", None, None, "+8657188888888", None, "+8613912345678",
    ]  # fmt: skip
    assert [answer["reason"] for answer in answers] == [
        None, "empty", "malformed", None, "too_long", None,
    ]  # fmt: skip
    assert answers[0] == {"raw": "13812345678", "e164": MOBILE, "kind": "mobile", "reason": None}
    assert answers[3]["raw"] == "０５７１－８８８８８８８８"


def test_the_command_is_quick() -> None:
    began = time.monotonic()
    many = b"".join(b"%d\n" % (13_800_000_000 + n) for n in range(50_000))
    assert len(command(many)) == 50_000
    assert time.monotonic() - began < 15


def test_the_command_needs_no_django() -> None:
    code = "import sys, audiences.normalize; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "False"
