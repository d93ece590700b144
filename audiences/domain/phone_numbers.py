"""Any spelling of a telephone number → E.164, or a named reason why not.

The hard part is left to `phonenumbers` (Google's libphonenumber). This file undoes what people,
spreadsheets and exports do to a number before it gets there, and is careful to give no number where
digits may be missing or where it is not one person's line: a wrong number is somebody else's phone.

What is undone: full-width and other digits, invisible characters, quotes and apostrophes (also
Excel's `="…"`), labels (`手机：`, `tel:`), brackets, dashes, dots, spaces, thousands separators, a
trailing `.0`, scientific notation that lost no digit, `+86`/`0086`/`86` prefixes, a trunk 0.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

#: Longer texts are no number.
MAX_CHARS = 200


class Reason(StrEnum):
    """Why a text gave no number."""

    EMPTY = "empty"
    LETTERS = "letters"
    MASKED = "masked"  # 138****5678
    SPREADSHEET_ERROR = "spreadsheet_error"  # #N/A
    LOST_DIGITS = "lost_digits"  # 1.38E+10
    SEVERAL_NUMBERS = "several_numbers"
    EXTENSION = "extension"  # rings a switchboard, not a person
    NO_AREA_CODE = "no_area_code"
    NOT_CALLABLE = "not_callable"  # service numbers, premium rate
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    UNASSIGNED = "unassigned"  # well formed, in a range that nobody has
    UNKNOWN_COUNTRY = "unknown_country"
    MALFORMED = "malformed"


class Kind(StrEnum):
    """What a number is; UNKNOWN when that cannot be told."""

    MOBILE = "mobile"
    FIXED_LINE = "fixed_line"
    FIXED_LINE_OR_MOBILE = "fixed_line_or_mobile"  # countries that do not tell (+1)
    SERVICE = "service"  # 400, 95xxx, 10086
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class NormalizedNumber:
    """`e164` or `reason`, never both and never neither."""

    raw: str
    e164: str | None
    kind: str
    reason: str | None


_KINDS: dict[int, Kind] = {
    PhoneNumberType.MOBILE: Kind.MOBILE,
    PhoneNumberType.FIXED_LINE: Kind.FIXED_LINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: Kind.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.TOLL_FREE: Kind.TOLL_FREE,
    PhoneNumberType.SHARED_COST: Kind.SERVICE,
    PhoneNumberType.UAN: Kind.SERVICE,
    PhoneNumberType.VOICEMAIL: Kind.SERVICE,
    PhoneNumberType.PREMIUM_RATE: Kind.PREMIUM,
}
_NOT_CALLABLE = frozenset({Kind.SERVICE, Kind.TOLL_FREE, Kind.PREMIUM})

# Exactly what spreadsheets and people write for "none".
_NOTHING = frozenset(
    {"", "-", "--", "---", "/", "\\", ".", "0", "n/a", "na", "nil", "nan", "none", "null", "无"}
    | {"没有", "暂无", "空", "未知", "不详", "unknown", "(null)", "<null>"}
)
_QUOTES = "'\"`´‘’“”′″ʹʼ「」『』"
_LABEL = re.compile(
    r"^(?:联系(?:电话|方式|手机)|手机(?:号码|号)?|电话(?:号码)?|移动电话|固定?电话|座机|固话"
    r"|telephone|mobile|phone|cell|mob|tel)\.?\s*(?:no\.?|number|号码?)?\s*[:：]?\s*(?=[+(\d])",
    re.IGNORECASE,
)
_SCIENTIFIC = re.compile(r"^\+?(\d+)(?:\.(\d*))?[eE]\+?(\d{1,3})$")
_THOUSANDS = re.compile(r"^\d{1,3}(?:,\d{3}){2,}(?:\.0+)?$")
_TRAILING_ZERO = re.compile(r"^(\+?\d{5,})\.0+$")
_SEVERAL = re.compile(r"[,;/|\\、，；\n\r\t&]|\s(?:or|and)\s|或者?|和|及", re.IGNORECASE)
_EXTENSION = re.compile(
    r"^(?P<main>.*\d\D*?)(?:转|分机号?|ext(?:ension|n)?\.?|#|x)\s*[:：.]?\s*\d{1,6}#?$",
    re.IGNORECASE,
)
# 0571-88888888-801: the usual Chinese way to write an extension
_DASHED_EXTENSION = re.compile(r"^(?:\+?86[- ]?)?\(?0\d{2,3}\)?[- ]?\d{7,8}-\d{1,6}$")
_SEPARATORS = re.compile(r"[\s\-().\[\]{}<>_~]+")
_DIGITS = re.compile(r"^\+?\d+$")
# Numbers of services within China: 95xxx, 96xxx, 10086 and the like, 110, 400 and 800.
_CN_SERVICE = re.compile(
    r"^(?:0\d{2,3})?(?:95\d{3,6}|96\d{3,4}|1[012]\d{1,3}|100\d{2,3}|116\d{3})$"
)
_CN_NO_AREA_CODE = re.compile(r"^[2-8]\d{6,7}$")
_CN_MOBILE_SHAPE = re.compile(r"^1[3-9]\d*$")


def normalize(raw: str, region: str) -> NormalizedNumber:
    """The number that `raw` spells, read as somebody in `region` (ISO 3166-1, "CN") would.

    Never raises. `e164` is given only for one complete, assigned number that rings at somebody's.
    """
    if len(raw) > MAX_CHARS:
        return NormalizedNumber(raw, None, Kind.UNKNOWN, Reason.TOO_LONG)
    # nearly every cell of a large file is a plain mobile number
    plain = _plain_mobile(region)
    if plain is not None and plain.fullmatch(raw):
        return NormalizedNumber(raw, f"+{_country_code(region)}{raw}", Kind.MOBILE, None)
    e164, kind, reason = _read(_clean(raw), region)
    return NormalizedNumber(raw, e164, kind.value, None if reason is None else reason.value)


_Answer = tuple[str | None, Kind, Reason | None]


def _read(text: str, region: str) -> _Answer:
    """The answer for a cleaned text, in this order: not a number, several, spoilt, one."""
    if text.lower() in _NOTHING:
        return None, Kind.UNKNOWN, Reason.EMPTY
    if text.startswith("#") and any(c.isalpha() for c in text):
        return None, Kind.UNKNOWN, Reason.SPREADSHEET_ERROR
    if _is_masked(text):
        return None, Kind.UNKNOWN, Reason.MASKED
    if _THOUSANDS.match(text):
        text = text.replace(",", "")
    parts = [part for part in (p.strip() for p in _SEVERAL.split(text)) if part]
    if len(parts) > 1:
        return _several(parts, region)
    text = parts[0] if parts else ""
    if match := _SCIENTIFIC.match(text.replace(" ", "")):
        whole, fraction, exponent = match.group(1), match.group(2) or "", int(match.group(3))
        # 1.38E+10 says nothing about its last eight digits
        if len(fraction) < exponent:
            return None, Kind.UNKNOWN, Reason.LOST_DIGITS
        if fraction[exponent:].strip("0"):
            return None, Kind.UNKNOWN, Reason.MALFORMED
        text = whole + fraction[:exponent]
    elif match := _TRAILING_ZERO.match(text):
        text = match.group(1)
    if _EXTENSION.match(text) or (region == "CN" and _DASHED_EXTENSION.match(text)):
        main = re.split(r"转|分机|ext|#|x", text, maxsplit=1, flags=re.IGNORECASE)[0]
        if main == text:
            main = text.rpartition("-")[0]
        return None, _one(_SEPARATORS.sub("", main), region)[1], Reason.EXTENSION
    bare = _SEPARATORS.sub("", text)
    if not bare:
        return None, Kind.UNKNOWN, Reason.EMPTY
    if not _DIGITS.match(bare):
        letters = any(c.isalpha() for c in bare)
        return None, Kind.UNKNOWN, Reason.LETTERS if letters else Reason.MALFORMED
    answer = _one(bare, region)
    if answer[0] is None and " " in text:
        apart = text.split()
        found = [_one(_SEPARATORS.sub("", part), region)[0] for part in apart]
        if len(found) > 1 and all(found):
            return _several(apart, region)
    return answer


def _several(parts: list[str], region: str) -> _Answer:
    """One number written twice is one number; anything else is several."""
    answers = {_read(part, region) for part in parts}
    if len(answers) == 1:
        answer = answers.pop()
        if answer[0] is not None:
            return answer
    return None, Kind.UNKNOWN, Reason.SEVERAL_NUMBERS


def _one(bare: str, region: str) -> _Answer:
    """The answer for digits, with or without a leading +."""
    if not any(c.isdigit() for c in bare):
        return None, Kind.UNKNOWN, Reason.EMPTY
    # "+0086…" and "00+86…" as people who play safe write it
    if bare.startswith("+00"):
        bare = "+" + bare[3:]
    if region == "CN":
        national = _cn_national(bare)
        if _CN_SERVICE.match(national):
            return None, Kind.SERVICE, Reason.NOT_CALLABLE
        if _CN_NO_AREA_CODE.match(national):
            return None, Kind.FIXED_LINE, Reason.NO_AREA_CODE
        if national != bare:
            bare = "+86" + national
    try:
        number = phonenumbers.parse(bare, region)
    except phonenumbers.NumberParseException as error:
        return None, Kind.UNKNOWN, _PARSE_REASONS.get(error.error_type, Reason.MALFORMED)
    if not phonenumbers.is_valid_number(number):
        return None, Kind.UNKNOWN, _why_invalid(number)
    kind = _KINDS.get(phonenumbers.number_type(number), Kind.OTHER)
    if _is_switch_code(number):
        kind = Kind.SERVICE
    if kind in _NOT_CALLABLE:
        return None, kind, Reason.NOT_CALLABLE
    return phonenumbers.format_number(number, PhoneNumberFormat.E164), kind, None


_PARSE_REASONS = {
    phonenumbers.NumberParseException.INVALID_COUNTRY_CODE: Reason.UNKNOWN_COUNTRY,
    phonenumbers.NumberParseException.NOT_A_NUMBER: Reason.TOO_SHORT,
    phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD: Reason.TOO_SHORT,
    phonenumbers.NumberParseException.TOO_SHORT_NSN: Reason.TOO_SHORT,
    phonenumbers.NumberParseException.TOO_LONG: Reason.TOO_LONG,
}


def _cn_national(bare: str) -> str:
    """The digits behind +86, 0086 or 86; `bare` itself when none of these leads."""
    if bare.startswith("+86"):
        return bare[3:]
    if bare.startswith("0086"):
        return bare[4:]
    # "86" also begins nothing that is complete without it: 13 digits with a mobile behind
    if bare.startswith("86") and len(bare) >= 12:
        return bare[2:]
    return bare


def _why_invalid(number: PhoneNumber) -> Reason:
    if number.country_code == 86:
        national = str(number.national_number)
        if _CN_MOBILE_SHAPE.match(national):
            # a mobile has eleven digits, whatever else of that length exists
            if len(national) < 11:
                return Reason.TOO_SHORT
            return Reason.TOO_LONG if len(national) > 11 else Reason.UNASSIGNED
    possible = phonenumbers.is_possible_number_with_reason(number)
    return {
        ValidationResult.TOO_SHORT: Reason.TOO_SHORT,
        ValidationResult.TOO_LONG: Reason.TOO_LONG,
        ValidationResult.IS_POSSIBLE_LOCAL_ONLY: Reason.NO_AREA_CODE,
        ValidationResult.INVALID_COUNTRY_CODE: Reason.UNKNOWN_COUNTRY,
        ValidationResult.INVALID_LENGTH: Reason.MALFORMED,
    }.get(possible, Reason.UNASSIGNED)


def _is_switch_code(number: PhoneNumber) -> bool:
    """An area code before a service number (010-95588), which the metadata calls a fixed line."""
    return number.country_code == 86 and len(str(number.national_number)) < 10


def _is_masked(text: str) -> bool:
    return bool(
        re.search(r"\d[\s\-]*[*＊●•xX]{2,}", text) or re.search(r"[*＊●•]{2,}[\s\-]*\d", text)
    )


def _clean(raw: str) -> str:
    """ASCII digits and punctuation, no quotes, no labels, nothing invisible."""
    text = "".join(_plain_characters(raw)).strip()
    if text.startswith("="):  # ="13812345678", Excel's way to force text
        text = text[1:].strip()
    text = text.translate(_NO_QUOTES).strip()
    text = _LABEL.sub("", text)
    return text.strip(" .,;、，；。:：")


_NO_QUOTES = str.maketrans("", "", _QUOTES)


def _plain_characters(raw: str) -> Iterable[str]:
    for char in raw:
        if " " <= char <= "~" or char in "\t\n\r":
            yield char
            continue
        category = unicodedata.category(char)
        if category == "Nd":
            yield str(unicodedata.digit(char))
        elif category in ("Cf", "Cc", "Mn", "Me"):
            continue
        elif category in ("Zs", "Zl", "Zp"):
            yield " "
        elif category == "Pd" or char in "−ー﹣":
            yield "-"
        elif 0xFF01 <= ord(char) <= 0xFF5E:
            yield chr(ord(char) - 0xFEE0)
        elif char in "【〔〖「（":
            yield "("
        elif char in "】〕〗」）":
            yield ")"
        elif char in "．。·・•":
            yield "."
        else:
            yield char


@cache
def _plain_mobile(region: str) -> re.Pattern[str] | None:
    """Mobile numbers of a region as the metadata has them, where a fast path is safe."""
    if region != "CN":
        return None
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    pattern = metadata.mobile.national_number_pattern if metadata and metadata.mobile else None
    return re.compile(pattern, re.ASCII) if pattern else None


@cache
def _country_code(region: str) -> int:
    return int(phonenumbers.country_code_for_region(region))
