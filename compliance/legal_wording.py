"""Legal references in the reader's language.

A pack is immutable and hashed, and a reference is quoted as its author wrote it: the shipped packs'
Chinese references have their English here, beside the packs and outside the hash. What nobody
translated is shown as it is, and says in which language it is.
"""

from __future__ import annotations

import re

_CHINESE = re.compile(r"[\u4e00-\u9fff]")

#: The shipped packs' references, and what stands for a campaign's own limits.
ENGLISH: dict[str, str] = {
    "银行自定": "The bank's own",
    "活动自定": "The campaign's own",
    "银行自定（双人复核）": "The bank's own (four eyes)",
    "银行自定，不超出保监发〔2013〕40号 09–21 时": (
        "The bank's own, within the 09:00–21:00 of CIRC document [2013] No. 40"
    ),
    "银行自定；日期依据国务院办公厅年度节假日安排通知": (
        "The bank's own; the days are those of the State Council's yearly notice on holidays"
    ),
    "国务院办公厅关于部分节假日安排的通知（逐年）": (
        "Notices of the General Office of the State Council on holidays (yearly)"
    ),
    "消费者权益保护法实施条例第24条；工信部联信管〔2018〕138号；"
    "个人信息保护法第24条（有效期为银行自定）": (
        "Regulations implementing the Consumer Protection Law, Art. 24; MIIT joint document [2018] "
        "No. 138; Personal Information Protection Law, Art. 24 (the validity is the bank's own)"
    ),
    "消费者权益保护法实施条例第24条；银行保险机构消费者权益保护管理办法（2022年第9号）": (
        "Regulations implementing the Consumer Protection Law, Art. 24; CBIRC Order 2022 No. 9 on "
        "consumer protection by banks and insurers"
    ),
    "保监会投诉与禁呼要求；12321 谢绝来电": (
        "CIRC requirements on complaints and no-call lists; 12321 refusal of calls"
    ),
    "个人信息保护法第24条；银行自定": (
        "Personal Information Protection Law, Art. 24; the bank's own"
    ),
    "银行自定（参照香港银行公会守则每周3次）": (
        "The bank's own (after the Hong Kong Association of Banks' code, 3 a week)"
    ),
    "银行自定（Godfrey 等 2011，每季度3次）": ("The bank's own (Godfrey et al. 2011, 3 a quarter)"),
    "银行自定（严于运营商每24小时5次）": (
        "The bank's own (stricter than the carriers' 5 in 24 hours)"
    ),
    "保监发〔2013〕40号：拒绝后不少于6个月（保险）；其他产品为银行自定": (
        "CIRC document [2013] No. 40: at least 6 months after a refusal (insurance); the "
        "bank's own for other products"
    ),
    "金融机构产品适当性管理办法（金融监管总局令2025年第7号）；理财销售办法§42（R4以上）": (
        "Measures on the suitability of financial products (NFRA Order 2025 No. 7); Measures on "
        "selling wealth products, § 42 (R4 and above)"
    ),
    "金融监管总局令2025年第7号（65岁以上特别注意义务）；数值为银行自定": (
        "NFRA Order 2025 No. 7 (special care from the age of 65); the values are the bank's own"
    ),
    "反电信网络诈骗法第13条；工信部信管〔2020〕81号": (
        "Law against Telecom and Online Fraud, Art. 13; MIIT document [2020] No. 81"
    ),
    "银行自定（参照 Ofcom 2016 与 16 CFR 310.4 的放弃率）": (
        "The bank's own (after the abandonment rates of Ofcom 2016 and 16 CFR 310.4)"
    ),
    "消费者权益保护法实施条例第24条；通信短信息服务管理规定（31号令）": (
        "Regulations implementing the Consumer Protection Law, Art. 24; MIIT Order No. 31 on text "
        "message services"
    ),
    "保监发〔2013〕40号（客户主动要求除外）": (
        "CIRC document [2013] No. 40 (except where the customer asks for it)"
    ),
}


def legal_ref(reference: str, language: str) -> tuple[str, str]:
    """A reference for a reader of "zh" or "en", and the language it could not be had in.

    The second is "" where the text is in the reader's language, else "zh" or "en": what the text
    is in.
    """
    if language == "en":
        english = ENGLISH.get(reference)
        if english is not None:
            return english, ""
        return reference, "zh" if _CHINESE.search(reference) else ""
    # an English reference without any word of Chinese is a foreign law's
    foreign = reference and not _CHINESE.search(reference) and re.search(r"[A-Za-z]{3}", reference)
    return reference, "en" if foreign else ""
