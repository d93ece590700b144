"""Provinces by any of their names, as ISO 3166-2 codes ("CN-33"), and the clocks of a region."""

from __future__ import annotations

from audiences.domain import us_states

#: GB/T 2260 code, short name, suffix of the full name, English name
_PROVINCES: tuple[tuple[str, str, str, str], ...] = (
    ("11", "北京", "市", "Beijing"),
    ("12", "天津", "市", "Tianjin"),
    ("13", "河北", "省", "Hebei"),
    ("14", "山西", "省", "Shanxi"),
    ("15", "内蒙古", "自治区", "Inner Mongolia"),
    ("21", "辽宁", "省", "Liaoning"),
    ("22", "吉林", "省", "Jilin"),
    ("23", "黑龙江", "省", "Heilongjiang"),
    ("31", "上海", "市", "Shanghai"),
    ("32", "江苏", "省", "Jiangsu"),
    ("33", "浙江", "省", "Zhejiang"),
    ("34", "安徽", "省", "Anhui"),
    ("35", "福建", "省", "Fujian"),
    ("36", "江西", "省", "Jiangxi"),
    ("37", "山东", "省", "Shandong"),
    ("41", "河南", "省", "Henan"),
    ("42", "湖北", "省", "Hubei"),
    ("43", "湖南", "省", "Hunan"),
    ("44", "广东", "省", "Guangdong"),
    ("45", "广西", "壮族自治区", "Guangxi"),
    ("46", "海南", "省", "Hainan"),
    ("50", "重庆", "市", "Chongqing"),
    ("51", "四川", "省", "Sichuan"),
    ("52", "贵州", "省", "Guizhou"),
    ("53", "云南", "省", "Yunnan"),
    ("54", "西藏", "自治区", "Tibet"),
    ("61", "陕西", "省", "Shaanxi"),
    ("62", "甘肃", "省", "Gansu"),
    ("63", "青海", "省", "Qinghai"),
    ("64", "宁夏", "回族自治区", "Ningxia"),
    ("65", "新疆", "维吾尔自治区", "Xinjiang"),
    ("71", "台湾", "省", "Taiwan"),
    ("91", "香港", "特别行政区", "Hong Kong"),
    ("92", "澳门", "特别行政区", "Macau"),
)

#: Short Chinese name → code.
CODE_OF: dict[str, str] = {short: f"CN-{code}" for code, short, _, _ in _PROVINCES}
_CODES = frozenset(CODE_OF.values())
_ENGLISH = {
    english.lower().replace(" ", ""): f"CN-{code}" for code, _, _, english in _PROVINCES
} | {"xizang": "CN-54", "neimenggu": "CN-15"}
#: Short names are two characters but for two.
_LONG_NAMES = ("内蒙古", "黑龙江")


def province_in(text: str) -> str:
    """The code of the province with which a Chinese place name begins, or ""."""
    for name in _LONG_NAMES:
        if text.startswith(name):
            return CODE_OF[name]
    return CODE_OF.get(text[:2], "")


def read_region(text: str) -> str | None:
    """The code of a province written as code, name or administrative number; None if unknown.

    "CN-33", "33", "330106", "浙江", "浙江省", "浙江省杭州市", "Zhejiang" all give "CN-33". A state
    of the United States is read by its code ("US-FL") or name.
    """
    plain = text.strip()
    if plain.upper() in _CODES:
        return plain.upper()
    if plain.isascii() and plain.isdigit() and len(plain) in (2, 4, 6):
        code = f"CN-{plain[:2]}"
        return code if code in _CODES else None
    word = plain.lower().replace(" ", "").removesuffix("province")
    return province_in(plain) or _ENGLISH.get(word) or us_states.read_state(plain)


_NAMES = {f"CN-{code}": (short, english) for code, short, _, english in _PROVINCES}


def name_of(region: str, *, chinese: bool) -> str:
    """A region's name, "浙江" or "Zhejiang"; a state of the United States has its English one, and
    what we have no name for is called by its code.
    """
    named = _NAMES.get(region)
    if named is not None:
        return named[0] if chinese else named[1]
    return us_states.NAMES.get(region, region)


def is_region(text: str) -> bool:
    """Whether it is a country ("CN"), or a part of one: of those we know, one that exists."""
    country, _, part = text.partition("-")
    if not (len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()):
        return False
    if country == "CN":
        return text in ("CN", *_CODES)
    if country == "US":
        return text in us_states.ZONES
    return text == country or (0 < len(part) <= 3 and part.isalnum() and part.isupper())


#: Countries that keep one clock throughout.
_ONE_CLOCK = {"CN": ("Asia/Shanghai",), "GB": ("Europe/London",)}


def zones_of(region: str) -> tuple[str, ...]:
    """Every clock that is kept in a region ("US-FL" has two); () = we do not know."""
    return _ONE_CLOCK.get(region[:2]) or us_states.ZONES.get(region, ())
