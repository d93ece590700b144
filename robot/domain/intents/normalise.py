"""One spelling for what was said: width, script, punctuation, fillers, common mishearings."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_TRADITIONAL: Final = str.maketrans(
    "們個這說話電號碼銀行貸錢還沒來給對點時間訴報機構監會長轉為麼樣過問聽見開車單費數額萬億貓請讓誰裡後邊從應該認識係員經題實變現發運訊簡體國語網頁買賣務產業處無關門東風書馬媽爸爺嬸鐘樓區縣鄉灣臺離線誠實壞癌術醫療藥葬喪親戚兒孫婦歲幾隻條雙擾騷煩傳單幫護證據權隱資訂閱刪掉勿聯繫絡尋找錯瞭個啱嘢儲蓄卡辦審批覺驗碼號鍵滾賤靜聲響亂寫詐騙聰閉嘴",
    "们个这说话电号码银行贷钱还没来给对点时间诉报机构监会长转为么样过问听见开车单费数额万亿猫请让谁里后边从应该认识系员经题实变现发运讯简体国语网页买卖务产业处无关门东风书马妈爸爷婶钟楼区县乡湾台离线诚实坏癌术医疗药葬丧亲戚儿孙妇岁几只条双扰骚烦传单帮护证据权隐资订阅删掉勿联系络寻找错了个啱嘢储蓄卡办审批觉验码号键滚贱静声响乱写诈骗聪闭嘴",
)
_MISHEARD: Final = (
    (r"[头偷透投][诉速宿肃素]", "投诉"),
    (r"[举巨据][报抱暴爆]", "举报"),
    (r"[退推腿][订定丁钉]", "退订"),
    (r"([别被憋甭莫]|不要|还|敢|以后)[在载]([给跟往]我)?(打|来电|联系|骚扰|拨)", r"\1再\2\3"),
    (r"[憋瘪彆鳖](再|打|给我|来)", r"别\1"),
    (r"^(请|你们?|麻烦)?被(再打|打了|给我打)", r"\1别\2"),
    (r"别(再)?(大|达|答|搭)了", r"别\1打了"),
    (r"不要再?(大|达|搭)了", "不要再打了"),
    (r"[骚扫嫂][扰绕饶挠]", "骚扰"),
    (r"拉(嘿|海|和)(?!$)|拉黑黑", "拉黑"),
    (r"转人(公|供|功)", "转人工"),
    (r"打(搓|措|撮)了", "打错了"),
    (r"[利力历][西息悉习]", "利息"),
    (r"机器(人|仁)", "机器人"),
    (r"银(宝|报|保)(监|间)", "银保监"),
    (r"律(是|师|诗)(函|寒|韩)", "律师函"),
    (r"啥子", "什么"),
)
_MISHEARD_RULES: Final = tuple((re.compile(pattern), text) for pattern, text in _MISHEARD)
_FILLER: Final = re.compile(
    r"^(?:(?:嗯+|呃+|额+|哦+|噢+|喔+|啊+|诶+|哎呀?|唉|哎哟|那个(?!人|号)|这个(?!人|号|电话|产品|活动|是)|就是说?(?!我|这)|"
    r"我说|喂+|well|um+|uh+|er+|please)[,\s]*)+(?=.)"
)
_PUNCTUATION: Final = re.compile(r"[^\w\s]|_")
_CLAUSE: Final = re.compile(r"[,，。.!！?？;；、~…\n]+")
_SPACE_IN_CHINESE: Final = re.compile(
    r"(?<=[\u4e00-\u9fff0-9])\s+(?=[\u4e00-\u9fff0-9])|(?<=[\u4e00-\u9fff])\s+|\s+(?=[\u4e00-\u9fff])"
)
_STUTTER: Final = re.compile(r"([\u4e00-\u9fff]{2,4})\1{2,}")
_CONTRACTIONS: Final = (
    ("can't", "cannot"), ("won't", "will not"), ("n't", " not"), ("'m", " am"), ("'re", " are"),
    ("'s", " is"), ("'ll", " will"), ("'ve", " have"), ("'d", " would"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance in one spelling: `plain` without punctuation and with fillers, `core` without
    leading fillers, `clauses` where punctuation (if the recogniser gives any) parted them."""

    plain: str
    core: str
    clauses: tuple[str, ...]


@lru_cache(maxsize=16)  # an answer is read by several, one after the other
def normalise(text: str) -> Spoken:
    """The utterance in one spelling."""
    text = unicodedata.normalize("NFKC", text[:500]).lower().translate(_TRADITIONAL)
    text = text.replace("\u2019", "'")
    if "'" in text:
        for short, full in _CONTRACTIONS:
            text = text.replace(short, full)
    clauses = tuple(filter(None, (_squeeze(part) for part in _CLAUSE.split(text))))
    plain = _squeeze(text)
    core = _FILLER.sub("", plain) or plain
    return Spoken(plain=plain, core=core, clauses=clauses)


def _squeeze(text: str) -> str:
    text = _PUNCTUATION.sub(" ", text)
    text = re.sub(r"\s+", " ", text).strip()
    text = _SPACE_IN_CHINESE.sub("", text)
    text = _STUTTER.sub(r"\1\1", text)
    for pattern, right in _MISHEARD_RULES:
        text = pattern.sub(right, text)
    return text
