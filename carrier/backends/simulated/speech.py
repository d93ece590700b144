"""How long words take, and how recognition gets them wrong."""

from __future__ import annotations

from random import Random

from carrier.core.verbs import Pause, Play, Prompt, Say

_PLAY_SECONDS = 4.0
_CONFUSED = {
    "是": "事", "的": "得", "不": "布", "要": "药", "打": "大", "电": "店", "话": "画",
    "再": "在", "在": "再", "我": "喔", "你": "泥", "好": "号", "可": "科", "以": "已",
    "分": "份", "期": "七", "银": "音", "行": "航", "办": "半", "需": "虚", "用": "佣",
    "方": "芳", "便": "变", "兴": "星", "趣": "去", "万": "完", "号": "好", "明": "名",
}  # fmt: skip


def seconds_of(text: str) -> float:
    """How long it takes to say this: 0.22 s a Chinese character, 0.07 s any other, and a breath."""
    return 0.3 + sum(0.22 if ord(ch) > 0x2E80 else 0.07 for ch in text)


def prompt_seconds(prompt: Prompt) -> float:
    """How long one round of a prompt lasts."""
    match prompt:
        case Say(text=text):
            return seconds_of(text) if text else 0.0
        case Play(url=url, digits=digits, seconds=seconds):
            if digits and not url:
                return 0.5 * len(digits)
            return _PLAY_SECONDS if seconds is None else seconds
        case Pause(seconds=seconds):
            return seconds


def prompt_text(prompt: Prompt) -> str:
    """What somebody hears of a prompt as words."""
    match prompt:
        case Say(text=text):
            return text
        case Play(words=words):
            return words
    return ""


def misheard(rng: Random, text: str) -> str:
    """Get one character wrong: another of the same sound, or lost."""
    places = [i for i, ch in enumerate(text) if ch in _CONFUSED]
    if places:
        place = rng.choice(places)
        return text[:place] + _CONFUSED[text[place]] + text[place + 1 :]
    if len(text) > 3:
        place = rng.randrange(len(text))
        return text[:place] + text[place + 1 :]
    return text
