"""Which column of a file holds what: headers in Chinese or English, or a saved mapping."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from audiences.domain.faults import FileFault, FileFaultCode


class Field(StrEnum):
    """What a column may hold. A file may have several phone columns, tried in their order."""

    BANK_ID = "bank_id"
    NAME = "name"
    PHONE = "phone"
    BRANCH = "branch"
    GENDER = "gender"
    BIRTH_DATE = "birth_date"
    SEGMENT = "segment"
    REGION = "region"
    RISK = "risk_tolerance"
    ASSESSED_ON = "risk_assessed_on"
    HOUSEHOLD = "household"
    VULNERABLE = "vulnerable"
    DECEASED = "deceased"
    NO_PROFILING = "no_profiling"
    CONSENT_ON = "consent_granted_on"
    CONSENT_FAMILIES = "consent_families"


REQUIRED = (Field.BANK_ID, Field.NAME, Field.PHONE, Field.BRANCH)

#: Headers as they are met, already folded (see `fold`).
HEADERS: dict[Field, tuple[str, ...]] = {
    Field.BANK_ID: (
        "客户号", "客户编号", "客户id", "核心客户号", "cif", "cifno", "customerid", "customerno",
        "customernumber", "bankid", "clientid",
    ),
    Field.NAME: ("姓名", "客户姓名", "客户名称", "名称", "name", "customername", "fullname"),
    Field.PHONE: (
        "手机号", "手机号码", "手机", "移动电话", "电话", "电话号码", "联系电话", "联系方式",
        "固定电话", "座机", "备用电话", "备用手机号", "phone", "phonenumber", "mobile",
        "mobilephone", "mobilenumber", "tel", "telephone", "number", "landline",
    ),
    Field.BRANCH: (
        "网点", "网点号", "网点编号", "网点代码", "机构", "机构号", "机构代码", "支行", "支行代码",
        "开户网点", "所属机构", "所属网点", "branch", "branchcode", "branchid",
    ),
    Field.GENDER: ("性别", "gender", "sex"),
    Field.BIRTH_DATE: (
        "出生日期", "生日", "出生年月日", "birthdate", "dateofbirth", "birthday", "dob",
    ),
    Field.SEGMENT: ("客群", "客户类型", "客户类别", "segment", "customertype"),
    Field.REGION: (
        "地区", "省份", "居住地", "所在地区", "常住地", "居住省份", "region", "province",
        "residence",
    ),
    Field.RISK: (
        "风险等级", "风险承受能力", "客户风险等级", "风险评级", "风险承受等级", "risk", "risklevel",
        "risktolerance", "riskgrade",
    ),
    Field.ASSESSED_ON: (
        "评估日期", "风险评估日期", "测评日期", "风评日期", "assessedon", "assessmentdate",
        "riskassessedon", "riskdate",
    ),
    Field.HOUSEHOLD: ("家庭", "家庭号", "家庭编号", "household", "householdid"),
    Field.VULNERABLE: ("特殊人群", "特殊客户", "弱势群体", "vulnerable"),
    Field.DECEASED: ("已故", "是否已故", "死亡", "身故", "deceased"),
    Field.NO_PROFILING: ("拒绝画像", "不做画像", "拒绝自动化决策", "noprofiling"),
    Field.CONSENT_ON: (
        "同意日期", "同意营销日期", "授权日期", "consentdate", "consentgrantedon", "consenton",
    ),
    Field.CONSENT_FAMILIES: (
        "同意产品", "同意范围", "授权产品", "consentfamilies", "consentproducts",
    ),
}  # fmt: skip

#: Attributes that rules ask for, by the names that the rules use.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "assets": ("资产", "金融资产", "管理资产", "资产余额", "aum", "assets"),
    "hardship": ("经济困难", "困难客户", "生活困难", "hardship"),
    "bereaved": ("丧亲", "亲属离世", "bereaved", "bereavement"),
    "fraud_victim": ("诈骗受害", "受骗客户", "电诈受害人", "fraudvictim"),
    "capacity": ("民事行为能力", "行为能力", "capacity", "legalcapacity"),
}

_ATTRIBUTE_OF = {header: name for name, headers in ATTRIBUTES.items() for header in headers}
_FIELD_OF = {header: field for field, headers in HEADERS.items() for header in headers}
_NOTE = re.compile(r"[(（\[【].*?[)）\]】]")
_NOISE = re.compile(r"[\s_\-*:：.]+")
_COUNTER = re.compile(r"[0-9一二三四五]$")

#: A wider table is no customer file.
MAX_COLUMNS = 500
MAX_HEADER = 60


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions of fields; `others` are (position, header) kept as attributes."""

    header: tuple[str, ...]
    at: Mapping[Field, int]
    phones: tuple[int, ...]
    others: tuple[tuple[int, str], ...]

    def title(self, index: int) -> str:
        """The header over a cell."""
        return self.header[index] if 0 <= index < len(self.header) else ""


def fold(header: str) -> str:
    """A header without case, width, spaces, marks and bracketed notes."""
    text = unicodedata.normalize("NFKC", header).replace("\ufeff", "").lower()
    return _NOISE.sub("", _NOTE.sub("", text))


def read_header(header: Sequence[str], saved: Mapping[str, str] | None = None) -> Columns:
    """Find the fields of a header row; `saved` maps a header's text to a field, "" to leave out.

    Raises FileFault: MISSING_COLUMNS names what is not there, DUPLICATE_COLUMN what is twice,
    TOO_WIDE a table of more than MAX_COLUMNS.
    """
    if len(header) > MAX_COLUMNS:
        raise FileFault(FileFaultCode.TOO_WIDE, row=1, detail=str(len(header)))
    saved = saved or {}
    at: dict[Field, int] = {}
    phones: list[int] = []
    others: list[tuple[int, str]] = []
    for index, raw in enumerate(header):
        title = raw.strip()[:MAX_HEADER]
        if not title:
            continue
        field = _field(title, saved)
        if field is Field.PHONE:
            phones.append(index)
        elif field is None:
            if saved.get(title) != "":
                others.append((index, _ATTRIBUTE_OF.get(fold(title), title)))
        elif field in at:
            raise FileFault(FileFaultCode.DUPLICATE_COLUMN, row=1, detail=title)
        else:
            at[field] = index
    missing = [f for f in REQUIRED if f not in at and not (f is Field.PHONE and phones)]
    if missing:
        raise FileFault(FileFaultCode.MISSING_COLUMNS, row=1, detail=", ".join(missing))
    return Columns(tuple(h.strip() for h in header), at, tuple(phones), tuple(others))


def _field(title: str, saved: Mapping[str, str]) -> Field | None:
    if title in saved:
        chosen = saved[title]
        return Field(chosen) if chosen in set(Field) else None
    folded = fold(title)
    field = _FIELD_OF.get(folded)
    if field is None and _COUNTER.search(folded):
        # 手机号2, phone1: numbered columns are phones only
        field = _FIELD_OF.get(folded[:-1])
        if field is not Field.PHONE:
            return None
    return field
