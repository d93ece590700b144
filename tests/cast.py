"""The named cast: one person for each role, one outsider who must see nothing, some customers.

Everyone tests with these people instead of factories. Nothing here depends on an order of tests:
`make_cast` also brings the roles back, which a flush between transaction tests removes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.contrib.auth.models import Group

from accounts.domain.roles import Role
from accounts.models import Branch, User
from audiences.models import Customer, CustomerNumber, Number
from clock.reading import now
from tests.kept import kept

#: Everybody's password.
PASSWORD = "three-suitables"


@dataclass(frozen=True, slots=True)
class Cast:
    """Branches, users and customers by name."""

    xihu: Branch
    binjiang: Branch
    marketer: User  # marketing, head office
    manager_xihu: User
    manager_binjiang: User
    agent_lin: User
    agent_zhou: User
    supervisor: User
    officer: User  # compliance
    writer: User  # script writer
    reviewer: User  # head-office consumer protection
    operator: User  # operations
    outsider: User  # signs in and may see nothing
    wang: Customer  # Xihu, 35, C3, a mobile of her own
    li: Customer  # Xihu, 70, C2: only a person may call
    zhao: Customer  # Binjiang, 40, C4, shares a number with his wife
    qian: Customer  # Binjiang, Zhao's wife and household
    sun: Customer  # Xihu, lives in Xinjiang


def make_cast() -> Cast:
    """Everybody (most tests start here); may be called once a test."""
    return kept("cast", _make_cast)


def _make_cast() -> Cast:
    """Create them, a table at a time."""
    xihu, binjiang = Branch.objects.bulk_create(
        [
            Branch(code="HZ-XH", name="西湖支行", name_en="Xihu", region="CN-33"),
            Branch(code="HZ-BJ", name="滨江支行", name_en="Binjiang", region="CN-33"),
        ]
    )
    users = _people(
        {
            "marketer": (Role.MARKETING, None),
            "manager_xihu": (Role.BRANCH_MANAGER, xihu),
            "manager_binjiang": (Role.BRANCH_MANAGER, binjiang),
            "agent_lin": (Role.AGENT, None),
            "agent_zhou": (Role.AGENT, None),
            "supervisor": (Role.SUPERVISOR, None),
            "officer": (Role.COMPLIANCE, None),
            "writer": (Role.SCRIPT_WRITER, None),
            "reviewer": (Role.REVIEWER, None),
            "operator": (Role.OPERATIONS, None),
            "outsider": (None, None),
        }
    )
    wang, li, zhao, qian, sun = Customer.objects.bulk_create(
        [
            _customer("C0001", "王芳", xihu, born=1990, risk=3),
            _customer("C0002", "李建国", xihu, born=1955, risk=2),
            _customer("C0003", "赵伟", binjiang, born=1985, risk=4, household="H1"),
            _customer("C0004", "钱丽", binjiang, born=1987, risk=3, household="H1"),
            _customer("C0005", "孙强", xihu, born=1980, risk=3, region="CN-65"),
        ]
    )
    wangs, lis, shared, suns = Number.objects.bulk_create(
        Number(e164=f"+861390571000{last}", kind="mobile", region="CN-33") for last in (1, 2, 3, 5)
    )
    owners = ((wang, wangs), (li, lis), (zhao, shared), (qian, shared), (sun, suns))
    CustomerNumber.objects.bulk_create(
        CustomerNumber(customer=each, number=theirs, priority=1) for each, theirs in owners
    )
    return Cast(
        xihu=xihu, binjiang=binjiang, wang=wang, li=li, zhao=zhao, qian=qian, sun=sun, **users
    )


def person(username: str, role: Role | None, branch: Branch | None = None) -> User:
    """A user who can sign in with PASSWORD and holds at most one role."""
    return _people({username: (role, branch)})[username]


def number(e164: str, *, kind: str = "mobile", region: str = "CN-33") -> Number:
    """A number, made once."""
    return Number.objects.get_or_create(e164=e164, defaults={"kind": kind, "region": region})[0]


def customer(
    bank_id: str,
    name: str,
    branch: Branch,
    numbers: list[Number],
    *,
    born: int,
    risk: int | None,
    household: str = "",
    region: str = "CN-33",
) -> Customer:
    """A sample customer born on 1 June, assessed on 2026-01-05, with numbers in that order."""
    made = _customer(
        bank_id, name, branch, born=born, risk=risk, household=household, region=region
    )
    made.save()
    for priority, each in enumerate(numbers, start=1):
        CustomerNumber.objects.create(customer=made, number=each, priority=priority)
    return made


def _people(wanted: Mapping[str, tuple[Role | None, Branch | None]]) -> dict[str, User]:
    """Users by name, each with one role at most. Roles that are missing are made."""
    users = {
        name: User(
            username=name,
            password=_hashed(),
            branch=branch,
            is_staff=role is not None,
            language="en",
        )
        for name, (role, branch) in wanted.items()
    }
    User.objects.bulk_create(users.values())
    roles = {role.value for role, _ in wanted.values() if role is not None}
    groups = {group.name: group for group in Group.objects.filter(name__in=roles)}
    groups |= {
        group.name: group
        for group in Group.objects.bulk_create(
            Group(name=name) for name in sorted(roles - set(groups))
        )
    }
    User.groups.through.objects.bulk_create(
        User.groups.through(user=users[name], group=groups[role.value])
        for name, (role, _) in wanted.items()
        if role is not None
    )
    return users


def _customer(
    bank_id: str,
    name: str,
    branch: Branch,
    *,
    born: int,
    risk: int | None,
    household: str = "",
    region: str = "CN-33",
) -> Customer:
    at = now()
    return Customer(
        bank_id=bank_id,
        name=name,
        branch=branch,
        birth_date=date(born, 6, 1),
        risk_tolerance=risk,
        risk_assessed_on=date(2026, 1, 5) if risk else None,
        household=household,
        region=region,
        sandbox=True,
        created_at=at,
        updated_at=at,
    )


_HASHES: list[str] = []


def _hashed() -> str:
    """The password's hash, taken once a run (hashing is slow on purpose)."""
    if not _HASHES:
        probe = User()
        probe.set_password(PASSWORD)
        _HASHES.append(probe.password)
    return _HASHES[0]
