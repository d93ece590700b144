"""Layer 1: short answers whose meaning hangs on the question, and double negation."""

# ruff: noqa: E501  (a pattern is easier to read in one piece)
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from robot.domain.intents import limits
from robot.domain.intents.catalogue import UNCLEAR, Intent
from robot.domain.intents.normalise import Spoken
from robot.domain.script import Question


@dataclass(frozen=True, slots=True)
class Answer:
    intent: str
    rule: str
    score: float = 0.95
    #: Said clearly enough to go on.
    clear: bool = True
    #: Found among other words, which may say something else: the model is asked about them.
    among_others: bool = False


_HUM: Final = re.compile(
    r"^(?:嗯|恩|哦|噢|喔|啊|唔|呃|额|诶|哎|唉|哼|欸|mm+|hm+|uh|huh|mhm|uh ?huh|oh|ah|i see)+$"
)
_NOD: Final = re.compile(r"^(?:嗯|恩|mm|mhm|uh ?huh)+(?:啊|呢|哼)?$")
_RELUCTANT: Final = re.compile(r"^(?:那)?(?:好吧|行吧|那行吧|随便吧?|好吧好吧|也行吧|可以吧)$")
_PUT_OFF: Final = re.compile(
    r"^(?:那|先|就|好吧|嗯|哦|行吧|以后|回头|到时候?|有需要|下次|改天|看看|看情况|等等)*(?:再说|再看|再联系|再讲)(?:吧|了|咯|啦|呗)?$"
)
_YES: Final = re.compile(
    r"^(?:嗯|哦|啊|那|对|是|欸|诶)*(?:是的?|是啊|是呀|是我|对(?:的|啊|呀|头)?|对对+|没错|好(?:的|啊|呀|嘞|滴|哒|咧|哇)?|好好+|好的好的|行(?:啊|呀|的)?|行行+|可以(?:啊|呀|的|可以)?|可以的可以|阔以|没问题|没关系|"
    r"方便(?:的|啊)?|有空|有时间|你说|您说|说吧|请说|你讲|您讲|请讲|讲吧|说|讲|你说吧|您说吧|你说你说|ok|okay|okey|欧克|成|中|得|得行|要得|使得|系|系啊|得闲|冇问题|必须的|当然|当然可以|同意|愿意|需要(?:的|啊|呀)?|有需要|要(?:的|啊|呀)?|有兴趣(?:的|啊)?|想(?:要|听|听听)?|"
    r"转吧|接吧|转过来吧?|接过来吧?|可以转|帮我转|行转吧|好转吧|yes|yeah|yep|yup|sure|of course|go ahead|alright|all right|fine|right|correct|no problem|speaking|yes please|sure thing|sounds good)(?:吧|啊|呀|的|了|哈|呢|嘞|咯|噻|please)*$"
)
_NO: Final = re.compile(
    r"^(?:嗯|哦|啊|那|哎)*(?:不是(?:的|啊|我)?|不|不不+|不对|没有(?:啊)?|没|不行|不方便|不可以|不成|没空|没时间|不得闲|唔系|唔得|唔方便|唔得闲|冇|no+|nope|nah|not really|not now)(?:啊|呀|的|哦|呢|吧|了|哈)*$"
)
_NO_THANKS: Final = re.compile(
    r"^(?:嗯|哦|啊|那|哎|我)*(?:不要(?:不要)*|不用(?:不用)*|不需要|唔使|唔要|不必|算了|免了|用不着|没兴趣|不感兴趣|no thank you|no thanks|no thank|not interested)(?:了|啊|呀|的|哦|呢|吧|哈|谢谢|多谢|你|您|thanks|thank you)*$"
)
_HELLO: Final = re.compile(
    r"^(?:喂+|喂?你好+|喂?您好+|哈喽|哈罗|hello|hi|hey|喂喂+|你好你好|早上好|下午好|晚上好|中午好|hello hello|喂说话|喂请讲|你好请讲|您好请讲|喂哪位|喂你好哪位|你好哪位)(?:啊|呀|there)*$"
)
_ITS_ME: Final = re.compile(
    r"^(?:嗯|对|是|诶|哎|哦|喂|你好)*(?:的)?(?:我(?:就)?是(?:的|啊|呀|本人|机主)?|我就是(?:他|她)?|(?:我)?是?本人|是我(?:本人)?|我(?:就)?是[\u4e00-\u9fff]{2,3}|正是|系我|我系|this is (?:he|she|me|him|her)|speaking|that is me|it is me)(?:啊|呀|的|哦|呢|你说|怎么了|什么事|有什么事|请讲|您讲)*$"
)
_NOT_A_NAME: Final = re.compile(
    r"我(?:就)?是(?:他|她|学生|老师|公司|不是|没有|小孩|代|帮|在|来|想|做|开|谁|新|说|真的|农民|退休|家属|老婆|老公|儿子|女儿|同事|前台|秘书|助理|司机|保姆|朋友|妈|爸)"
)
_DOUBLE_NEGATION: Final = re.compile(
    r"(?:(?<!是)不是|并不是|也不是|又不是|倒不是|倒也不是|并非|没有|没说过?|没讲过?|没想|谁说|谁讲|哪里?说|何时说|什么时候说|哪有说|不能说|不等于|没表示|没人说)"
    r"(?:说|我|你|的|就|想|完全|真的|特别|那么|是|过|一定|绝对|对你们|对这个|对此|很|太|我就|我说|要)*"
    r"(?:不(?!是|同|过|知|懂|仅|止|光|只|太清|清)|没(?!有?(?:错|问题|听|关系))|别|拒绝|唔)(?:太|想|能|可|是|怎么|那么|再|要|愿|感|打)?(?:感兴趣|兴趣|需要|要|办|行|方便|可以|想|用|同意|愿意|考虑|有空|喜欢|接受|了解|听|能|打|分|信|转|接|好|愿|时间|空|需求)"
    r"|不(?:得|能|会|可能|可)不(?:要|办|用|需|同意|考虑|想)|(?:not|never) (?:that i am |saying i am |really )?(?:un|not )(?:interested|want|need)|not uninterested|(?:did|do) not say (?:no|i (?:do|did) not|i am not)"
)
_GO_ON: Final = re.compile(
    r"^(?:嗯|哦|啊|那)*(?:然后呢|接着说|接着讲|继续|你继续|继续说|往下说|后来呢|还有呢|go on|continue|and then|然后)(?:吧|啊)?$"
)
_LEAVE: Final = re.compile(
    r"^(?:嗯|好|好的|行|那|哦|就|先|啊)*(?:再见|拜拜|拜|88|先这样|这样吧|就这样|挂了|我挂了|不说了|先挂了|先不说了|bye+|goodbye|bye bye|see you|talk later|得了|回见|再会)(?:吧|啊|了|哈|哦|拜|呀)*$"
)
_LATER = r"(?:晚点|晚些|回头|待会儿?|等会儿?|等下|等一下|等我|过会儿?|一会儿?|改天|改日|明[天早晚]|后天|今晚|下午|晚上|上午|中午|早上|傍晚|下班|点钟?|点半|有空|周[一二三四五六日末]|礼拜[一二三四五六天]|分钟|小时|钟头|过[几两]天|下周|下个?月|月底|年后|空了|忙完|饭后|[0-9一二三四五六七八九十][号日])"
_CALL_BACK: Final = re.compile(
    rf"回电|回拨|回个?电话|{_LATER}(?:再|以后|后|之后|左右|的时候|时|过后)?(?:给我|跟我|你们?|让.{{1,4}})?(?:再)?(?:打|打过来|打来|打给我|联系|来电|打电话)(?:吧|过来|我|给我|都行|可以)?|^(?:please |can you |you can )?(?:call|ring)(?: me)? (?:back|later|tomorrow)"
)
_NO_CALL_BACK: Final = re.compile(
    r"不用|不要|别|勿|莫|甭|不需要|不必|再打|投诉|告|我(?:给|再)你|还打|又打|天天|老|凭|拉黑|他本人|not|never|stop"
)
_LATER_CALL: Final = re.compile(rf"{_LATER}(?:以后|后|之后|左右|的时候)?(?:给我)?再(?:给我)?打")
_TIME_ONLY: Final = re.compile(
    r"(?:[0-9零一二两三四五六七八九十几])+ ?(?:[点号日]|多?点)|点半|点钟|明天|后天|今[天晚]|周[一二三四五六日天末]|星期|礼拜|上午|下午|晚上|早上|中午|傍晚|下班|小时|分钟|半天|晚点|待会|等会|过会|回头|随时|都行|都可以|随便|morning|afternoon|evening|tomorrow|tonight|monday|tuesday|wednesday|thursday|friday|weekend|noon|o clock|\d ?[ap]m|any ?time|later"
)
_NO_TIME: Final = re.compile(
    r"不用|不要|算了|没兴趣|不需要|别|不考虑|不许|不准|不得|不让|休想|停|勿|莫|甭|销户|no thank|not interested|never|not call"
)
_AMOUNT: Final = re.compile(
    r"^(?:我|想|要|分|大概|大约|差不多|也就|就|可能|应该|估计|先|个|有|借|贷|需要|那|嗯)*(?:\d+|[一二两三四五六七八九十百几]+)(?:多|来|几)?(?:万|千|百|w)(?:[一二三四五六七八九])?(?:块|元|钱|多|左右|吧|的|样子|以内|以下|以上|够|就|行|可以|了)*$"
)
_AGREE_LIMITED: Final = re.compile(
    r"^(?:嗯|好|那)*(?:可以|行|好|能|没问题)(?:的|啊|是可以)?(?:但|但是|不过|就是|只要|记得)?(?:别|不要)太(?:晚|早|久|长|频繁|快|急)"
)


def answer(spoken: Spoken, question: Question) -> Answer | None:
    """The meaning of a short or twisted answer to a question of this kind, or None."""
    core, plain = spoken.core, spoken.plain
    if _double_negation(spoken):
        return Answer(UNCLEAR, "double_negation", clear=False)
    if _HUM.match(plain):
        if question == "yes_no" and _NOD.match(plain):
            return Answer(Intent.AFFIRM, "nod")
        return Answer(Intent.BACKCHANNEL, "hum", clear=False)
    if _PUT_OFF.match(plain) or _PUT_OFF.match(core):
        return Answer(Intent.HESITATE, "put_off", clear=False)
    if _RELUCTANT.match(core):
        if question in ("yes_no", "consent"):
            return Answer(Intent.AFFIRM, "reluctant", score=0.7)
        return Answer(Intent.BACKCHANNEL, "reluctant", score=0.7, clear=False)
    if _GO_ON.match(plain):
        return Answer(Intent.BACKCHANNEL, "go_on")
    if _ITS_ME.match(plain) and not _NOT_A_NAME.search(plain):
        return Answer(Intent.AFFIRM, "its_me")
    if _NO_THANKS.match(core):
        return Answer(Intent.NOT_INTERESTED, "no_thanks", clear=False)
    if _NO.match(core) and len(spoken.clauses) < 2:
        return Answer(Intent.DENY, "no", clear=False)
    if _HELLO.match(plain):
        return Answer(Intent.GREETING, "hello")
    if _LEAVE.match(plain) and not re.match(r"^(?:啊|哦|嗯)?这样(?:啊|哦)?$", plain):
        return Answer(Intent.GOODBYE, "leave", clear=False)
    if _YES.match(core) or (spoken.clauses and all(map(_YES.match, spoken.clauses))):
        return Answer(Intent.AFFIRM, "yes")
    if _AMOUNT.match(plain):
        return Answer(Intent.INTERESTED, "names_an_amount", score=0.8)
    if _AGREE_LIMITED.match(plain):
        return Answer(Intent.AFFIRM, "agree_limited", score=0.8)
    names_time = _TIME_ONLY.search(plain) and len(plain) <= 24 and not _NO_TIME.search(plain)
    if question == "callback_time" and names_time:
        return Answer(Intent.BUSY_CALLBACK, "names_a_time", among_others=True)
    if _CALL_BACK.search(plain) and not _NO_CALL_BACK.search(_LATER_CALL.sub("", plain)):
        return Answer(Intent.BUSY_CALLBACK, "call_back", score=0.85, among_others=True)
    if limits.names_another_time(plain):
        return Answer(Intent.BUSY_CALLBACK, "names_another_time", 0.85, among_others=True)
    return None


def _double_negation(spoken: Spoken) -> bool:
    """ "不是不需要" in one breath; a recogniser's comma ("不是，不需要") makes it two refusals."""
    return any(_DOUBLE_NEGATION.search(clause) for clause in spoken.clauses)
