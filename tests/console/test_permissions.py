"""Who may open which page: one table, every page against every role."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.domain.roles import Role
from accounts.permissions import PAGES, Page
from agents.models import Agent, Team
from tests.cast import Cast

#: The addresses of the screens, each with the page that guards it.
ADDRESSES: dict[str, Page] = {
    "/desk/": Page.DESK,
    "/desk/state/": Page.DESK,
    "/wall/": Page.WALL,
    "/wall/state/": Page.WALL,
    "/inbox/": Page.INBOX,
    "/results/": Page.RESULTS,
    "/campaigns/": Page.CAMPAIGNS,
    "/compliance/": Page.COMPLIANCE,
    "/compliance/registers/": Page.REGISTERS,
    "/workbench/": Page.WORKBENCH,
    "/workbench/utterances/": Page.WORKBENCH,
    "/workbench/models/": Page.WORKBENCH,
    "/compliance/suppressions/": Page.SUPPRESSIONS,
    "/messages/": Page.MESSAGES,
    "/compliance/opt-outs/": Page.SUPPRESSIONS,
    "/compliance/inbox/": Page.APPROVALS,
    "/compliance/why/": Page.WHY,
    "/compliance/cases/": Page.CASES,
    "/compliance/cases/new/": Page.CASES,
    "/compliance/findings/": Page.FINDINGS,
    "/compliance/pressure/": Page.PRESSURE,
    "/compliance/packs/": Page.PACKS,
    "/compliance/packs/new/": Page.PACK_EDITING,
    "/compliance/switch/": Page.SWITCH,
    "/compliance/what-if/": Page.WHAT_IF,
    "/compliance/calendars/": Page.CALENDARS,
    "/test-calls/": Page.TEST_CALLS,
    "/compliance/evidence/": Page.EVIDENCE,
    "/compliance/evidence/registers/exceptions/": Page.EVIDENCE,
    "/compliance/evidence/erasures/": Page.ERASURES,
    "/compliance/evidence/abandonment/": Page.EVIDENCE,
    "/compliance/evidence/campaigns/": Page.CERTIFICATES,
    "/live-ticket/": Page.HOME,
}

PEOPLE: dict[str, Role | None] = {
    "marketer": Role.MARKETING,
    "manager_xihu": Role.BRANCH_MANAGER,
    "agent_lin": Role.AGENT,
    "supervisor": Role.SUPERVISOR,
    "officer": Role.COMPLIANCE,
    "writer": Role.SCRIPT_WRITER,
    "reviewer": Role.REVIEWER,
    "operator": Role.OPERATIONS,
    "outsider": None,
}


@pytest.fixture
def ready_cast(cast: Cast) -> Cast:
    team = Team.objects.create(code="cards", name="信用卡组")
    Agent.objects.create(user=cast.agent_lin, team=team)
    return cast


@pytest.mark.parametrize("person", PEOPLE)
def test_a_role_opens_its_pages_and_no_others(
    ready_cast: Cast, client: Client, person: str
) -> None:
    client.force_login(getattr(ready_cast, person))
    role = PEOPLE[person]
    wanted = {
        address: 200 if role is not None and role in PAGES[page] else 403
        for address, page in ADDRESSES.items()
    }
    assert {address: client.get(address).status_code for address in ADDRESSES} == wanted


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", *ADDRESSES])
def test_a_stranger_is_led_to_the_sign_in_page_and_back(client: Client, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/sign-in/?next={address}")


@pytest.mark.parametrize(
    "address",
    [
        "/desk/presence/",
        "/desk/ping/",
        "/desk/transfers/6a0f3a52-4f0f-4f0f-8d0f-000000000001/accept/",
        "/wall/campaigns/1/pause/",
    ],
)
@pytest.mark.parametrize("person", ["outsider", "manager_xihu", "writer"])
def test_an_action_is_refused_to_whoever_may_not_see_its_page(
    ready_cast: Cast, client: Client, person: str, address: str
) -> None:
    client.force_login(getattr(ready_cast, person))
    assert client.post(address).status_code == 403


#: What compliance's books let one do, each with the page that guards it; the ids are nobody's.
ACTIONS: dict[str, Page] = {
    "/compliance/cases/new/": Page.CASES,
    "/compliance/cases/999/answer/": Page.CASES,
    "/compliance/cases/999/hold/": Page.CASE_STEERING,
    **{
        f"/compliance/cases/999/steps/{step}/": Page.CASE_STEERING
        for step in ("assign", "extend", "close", "reopen")
    },
    "/compliance/findings/999/": Page.FINDINGS,
    "/compliance/registers/new/": Page.REGISTERS,
    "/compliance/registers/999/files/": Page.REGISTERS,
    "/compliance/registers/files/999/sign/": Page.REGISTERS,
    "/compliance/suppressions/": Page.SUPPRESSIONS,
    "/compliance/suppressions/999/": Page.SUPPRESSIONS,
    "/compliance/suppressions/requests/999/sign/": Page.SUPPRESSIONS,
    "/compliance/opt-outs/": Page.SUPPRESSIONS,
    "/compliance/opt-outs/999/carry-out/": Page.SUPPRESSIONS,
    "/compliance/opt-outs/999/drop/": Page.SUPPRESSIONS,
    "/compliance/evidence/erasures/": Page.ERASURES,
    "/compliance/evidence/erasures/999/": Page.ERASURES,
    "/compliance/calendars/preview/": Page.CALENDAR_EDITING,
    "/compliance/calendars/999/sign/": Page.CALENDAR_EDITING,
    "/compliance/switch/throw/": Page.SWITCH,
    "/compliance/switch/999/release/": Page.SWITCH_RELEASE,
}


@pytest.mark.parametrize("person", PEOPLE)
def test_a_role_does_in_compliances_books_what_its_pages_let_it(
    ready_cast: Cast, client: Client, person: str
) -> None:
    client.force_login(getattr(ready_cast, person))
    role = PEOPLE[person]
    found = {address: client.post(address).status_code for address in ACTIONS}
    for address, page in ACTIONS.items():
        allowed = role is not None and role in PAGES[page]
        # an empty form comes back, and what nobody has is not found
        assert found[address] in ({200, 404} if allowed else {403}), (address, found[address])


def test_watching_the_wall_is_not_steering(ready_cast: Cast, client: Client) -> None:
    client.force_login(ready_cast.operator)
    assert client.get("/wall/").status_code == 200
    assert client.post("/wall/campaigns/1/pause/").status_code == 403


def test_a_superuser_opens_everything_but_has_no_desk(ready_cast: Cast, client: Client) -> None:
    ready_cast.outsider.is_superuser = True
    ready_cast.outsider.save(update_fields=["is_superuser"])
    client.force_login(ready_cast.outsider)
    found = {address: client.get(address).status_code for address in ADDRESSES}
    assert found == {address: 404 if "desk" in address else 200 for address in ADDRESSES}
