"""Not then, but then: a wish about the time of a call that names a better one.

"上午别打，下午三点以后打" forbids a call and asks for one. Without the forbidden time, what is left
must name another, and forbid nothing more.
"""

# ruff: noqa: E501  (a pattern is easier to read in one piece)
from __future__ import annotations

import re
from typing import Final

_CLOCK: Final = r"[0-9零一二两三四五六七八九十]+点(?:半|钟|多)?"
_TIME: Final = (
    rf"(?:{_CLOCK}|早上|上午|中午|下午|傍晚|晚上|半夜|夜里|白天|周末|周[一二三四五六日天末]|礼拜[一二三四五六天日]|星期[一二三四五六天日]|工作日|节假日|放假|上班|上课|午休|吃饭|睡觉|开会|考试|"
    r"现在|这会儿?|这个点|这时候|今[天晚]|明[天早晚]|后天|这[几两]天|这个?(?:周|月|礼拜)|下个?(?:周|月|礼拜)|月[初中底末]|国庆|春节|过年|年前|年底|腊月|正月|五一|端午|中秋|元旦)"
)
_RING: Final = r"(?:打(?:过来|来|给我|我|电话)?|来电(?:话)?|联系(?:我)?)"
_NOT: Final = r"(?:别|不要|莫|勿|甭|唔好)"
_END: Final = r"(?:了|吧|啊|哈|嘛|哦)*"
#: The time that is forbidden.
_FORBIDDEN: Final = re.compile(
    rf"{_NOT}(?:在|给我)?(?:(?:太|那么|这么)(?:早|晚)|(?:{_TIME})+(?:以?前|之前|以?后|之后)?)(?:的?时候|时间|里)?(?:给我)?{_RING}?{_END}"
    rf"|(?:{_TIME})+(?:以?前|之前|以?后|之后)?(?:的?时候|时间|里|可|就|都|也|你们?|千万|请|先)*{_NOT}(?:给我)?{_RING}{_END}"
    r"|(?:do not|not) (?:call|ring|phone)(?: me)? (?:in|on|at|before|during|after) (?:the |my )?(?:morning|afternoon|evening|weekends?|work|lunch|night|noon|class|\w+)"
)
#: The time that is asked for.
_WANTED: Final = re.compile(
    rf"(?:{_TIME}|下班|有空|晚点|回头|忙完|[0-9零一二两三四五六七八九十]+[号日]|之[前后]|以[前后]).{{0,8}}?(?:{_RING}|可以|都?行|有空|得闲|方便|再说|随便)"
    r"|(?:call|ring|try|phone)(?: me)? (?:after|before|around|at|in|on|later|tomorrow|any)"
)
_FORBIDS_MORE: Final = re.compile(
    r"不用|不要|别|勿|莫|甭|不需要|不必|不许|不准|休想|投诉|举报|告你|天天|老是|凭|拉黑|销|not |never|stop"
)


def without_limit(plain: str) -> str:
    """The utterance without the time that it forbids, where it asks for another and forbids nothing
    more; else the utterance as it is.
    """
    rest = _FORBIDDEN.sub(" ", plain)
    if rest != plain and _WANTED.search(rest) and not _FORBIDS_MORE.search(rest):
        return rest
    return plain


def names_another_time(plain: str) -> bool:
    """Whether one time is forbidden and another asked for."""
    return without_limit(plain) != plain
