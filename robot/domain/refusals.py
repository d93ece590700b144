"""Why a customer said no: a closed list, read off the words of the refusal."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    NO_NEED = "no_need"
    PRICE = "price"
    DISTRUST = "distrust"
    TIMING = "timing"
    ALREADY_HAS = "already_has"
    COMPETITOR = "competitor"
    PROCESS = "process"
    TOO_MANY_CALLS = "too_many_calls"


_SIGNS: Final = (
    (Reason.TOO_MANY_CALLS, r"天天|老是|总是|一直打|又打|又是你们|几个电话|好多电话|每天|烦"),
    (
        Reason.COMPETITOR,
        r"别的银行|其他银行|他行|(?:工商|建设|农业|招商|中国|交通|邮储|平安)银?行|花呗|借呗|微粒贷|支付宝",
    ),
    (Reason.ALREADY_HAS, r"办过|有了|已经有|分期了|申请过|办理过|开通了"),
    (Reason.DISTRUST, r"骗|不信|不放心|不安全|泄露|谁知道"),
    (Reason.PRICE, r"利息|利率|手续费|太贵|太高|不划算|费用|高利"),
    (Reason.PROCESS, r"麻烦|手续|材料|太慢|繁琐|跑银行|跑一趟"),
    (Reason.TIMING, r"没空|没时间|忙|开会|开车|上班|不方便|以后|再说|考虑|暂时|目前"),
)


def reason(text: str) -> Reason:
    """The reason a refusal gives; most people simply do not need it."""
    for found, pattern in _SIGNS:
        if re.search(pattern, text):
            return found
    return Reason.NO_NEED
