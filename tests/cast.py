"""The named cast: one person for each role, one outsider who must see nothing, some customers.

Everyone tests with these people instead of factories. Nothing here depends on an order of tests:
`make_cast` also brings the roles back, which a flush between transaction tests removes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.contrib.auth.models import Group

from accounts.domain.roles import Role
from accounts.models import Branch, User
from audiences.models import Customer, CustomerNumber, Number
from clock.reading import now

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
    """Create everybody; may be called once a test."""
    xihu = Branch.objects.create(code="HZ-XH", name="西湖支行", name_en="Xihu", region="CN-33")
    binjiang = Branch.objects.create(
        code="HZ-BJ", name="滨江支行", name_en="Binjiang", region="CN-33"
    )
    shared = number("+8613905710003")
    return Cast(
        xihu=xihu,
        binjiang=binjiang,
        marketer=person("marketer", Role.MARKETING),
        manager_xihu=person("manager_xihu", Role.BRANCH_MANAGER, xihu),
        manager_binjiang=person("manager_binjiang", Role.BRANCH_MANAGER, binjiang),
        agent_lin=person("agent_lin", Role.AGENT),
        agent_zhou=person("agent_zhou", Role.AGENT),
        supervisor=person("supervisor", Role.SUPERVISOR),
        officer=person("officer", Role.COMPLIANCE),
        writer=person("writer", Role.SCRIPT_WRITER),
        reviewer=person("reviewer", Role.REVIEWER),
        operator=person("operator", Role.OPERATIONS),
        outsider=person("outsider", None),
        wang=customer("C0001", "王芳", xihu, [number("+8613905710001")], born=1990, risk=3),
        li=customer("C0002", "李建国", xihu, [number("+8613905710002")], born=1955, risk=2),
        zhao=customer("C0003", "赵伟", binjiang, [shared], born=1985, risk=4, household="H1"),
        qian=customer("C0004", "钱丽", binjiang, [shared], born=1987, risk=3, household="H1"),
        sun=customer(
            "C0005", "孙强", xihu, [number("+8613905710005")], born=1980, risk=3, region="CN-65"
        ),
    )


def person(username: str, role: Role | None, branch: Branch | None = None) -> User:
    """A user who can sign in with PASSWORD and holds at most one role."""
    user = User.objects.create(
        username=username, branch=branch, is_staff=role is not None, language="en"
    )
    user.password = _hashed()
    user.save(update_fields=["password"])
    if role is not None:
        user.groups.add(Group.objects.get_or_create(name=role.value)[0])
    return user


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
    at = now()
    made = Customer.objects.create(
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
    for priority, each in enumerate(numbers, start=1):
        CustomerNumber.objects.create(customer=made, number=each, priority=priority)
    return made


_HASHES: list[str] = []


def _hashed() -> str:
    """The password's hash, taken once a run (hashing is slow on purpose)."""
    if not _HASHES:
        probe = User()
        probe.set_password(PASSWORD)
        _HASHES.append(probe.password)
    return _HASHES[0]
