"""The sample bank's people: branches of Hangzhou, somebody for every role, a team of agents."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from django.contrib.auth.models import Group

from accounts.domain.roles import Role
from accounts.models import Branch, User
from agents.models import Agent, Team

TEAM_CODE = "cards"

#: code, name, English name
BRANCHES = (
    ("HZ-XH", "西湖支行", "Xihu"),
    ("HZ-BJ", "滨江支行", "Binjiang"),
    ("HZ-SC", "上城支行", "Shangcheng"),
    ("HZ-GS", "拱墅支行", "Gongshu"),
    ("HZ-YH", "余杭支行", "Yuhang"),
    ("HZ-XS", "萧山支行", "Xiaoshan"),
    ("HZ-LP", "临平支行", "Linping"),
    ("HZ-QT", "钱塘支行", "Qiantang"),
)
#: user name, family name, given name, role; two officers, for what one submits another must sign
OFFICE = (
    ("marketing", "沈", "晓雯", Role.MARKETING),
    ("supervisor", "顾", "建平", Role.SUPERVISOR),
    ("compliance", "方", "慧敏", Role.COMPLIANCE),
    ("compliance2", "苗", "若兰", Role.COMPLIANCE),
    ("writer", "陆", "思远", Role.SCRIPT_WRITER),
    ("reviewer", "严", "秀英", Role.REVIEWER),
    ("operations", "傅", "志强", Role.OPERATIONS),
)
_MANAGERS = (
    ("潘", "丽华"), ("章", "伟民"), ("俞", "静"), ("何", "国栋"), ("施", "敏"), ("陶", "文斌"),
    ("倪", "雪芬"), ("余", "海峰"),
)  # fmt: skip
_AGENTS = (
    ("林", "晓燕"), ("周", "子轩"), ("吴", "梦洁"), ("郑", "浩然"), ("王", "雨桐"), ("冯", "佳怡"),
    ("陈", "俊杰"), ("褚", "思琪"), ("卫", "宇航"), ("蒋", "欣怡"), ("韩", "天佑"), ("杨", "若曦"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class People:
    """What was made, or was there already."""

    branches: dict[str, Branch]
    team: Team
    agents: int


def make_people(*, agents: int) -> People:
    """Make everybody once; a second call changes nothing. Nobody has a password.

    The sandbox page signs a visitor in as any of them; in production these people do not exist.
    """
    head, _ = Branch.objects.get_or_create(
        code="HO", defaults={"name": "总行", "name_en": "Head office", "region": "CN-33"}
    )
    branches = {}
    for (code, name, english), (family, given) in zip(BRANCHES, _MANAGERS, strict=True):
        branch, _ = Branch.objects.get_or_create(
            code=code,
            defaults={"name": name, "name_en": english, "region": "CN-33", "parent": head},
        )
        branches[code] = branch
        login = f"manager-{english.lower()}"
        _person(login, family, given, Role.BRANCH_MANAGER, branch)
    for login, family, given, role in OFFICE:
        _person(login, family, given, role, None)
    team, _ = Team.objects.get_or_create(
        code=TEAM_CODE, defaults={"name": "信用卡坐席组", "name_en": "Card desk"}
    )
    for index in range(agents):
        family, given = _AGENTS[index % len(_AGENTS)]
        suffix = "" if index < len(_AGENTS) else str(index // len(_AGENTS) + 1)
        user = _person(f"agent{index + 1:02d}", family, given + suffix, Role.AGENT, None)
        Agent.objects.get_or_create(user=user, defaults={"team": team})
    return People(branches, team, agents)


def _person(login: str, family: str, given: str, role: Role, branch: Branch | None) -> User:
    user, made = User.objects.get_or_create(
        username=login,
        defaults={
            "last_name": family,
            "first_name": given,
            "branch": branch,
            "is_staff": role is not Role.AGENT,
            "employee_no": f"E{zlib.crc32(login.encode()) % 100_000:05d}",
        },
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        user.groups.add(Group.objects.get_or_create(name=role.value)[0])
    return user
