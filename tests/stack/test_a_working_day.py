"""A day in real browsers: marketing, a branch manager, an agent, a supervisor."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.stack.conftest import Person, Stack

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.xdist_group("stack")]

SignIn = Callable[..., Person]


def username_of(stack: Stack, role: str) -> str:
    """Somebody who holds a role (for branches: who has a list to sign)."""
    rows = stack.query(
        "SELECT u.username FROM accounts_user u"
        " JOIN accounts_user_groups m ON m.user_id = u.id"
        " JOIN auth_group g ON g.id = m.group_id AND g.name = %s"
        " ORDER BY u.id LIMIT 1",
        role,
    )
    return str(rows[0][0])


def manager_with_a_list(stack: Stack) -> str:
    rows = stack.query(
        "SELECT u.username FROM accounts_user u"
        " JOIN accounts_user_groups m ON m.user_id = u.id"
        " JOIN auth_group g ON g.id = m.group_id AND g.name = 'branch_manager'"
        " JOIN campaigns_targetlist l ON l.branch_id = u.branch_id AND l.state = 'submitted'"
        " ORDER BY (l.counts->>'eligible')::int DESC, u.id LIMIT 1"
    )
    return str(rows[0][0])


def test_marketing_starts_a_manager_approves_an_agent_talks_a_supervisor_pauses(
    stack: Stack, sign_in: SignIn
) -> None:
    stack.everybody_is("interested")
    ((campaign_id,),) = stack.query("SELECT id FROM campaigns_campaign")

    marketing = sign_in(username_of(stack, "marketing"))
    page = marketing.page
    marketing.goto(f"{stack.web}/campaigns/{campaign_id}/")
    marketing.confirm('form[action$="/screen/"] button')
    expect(page.locator('form[action$="/submit/"] button').first).to_be_visible(timeout=30_000)
    marketing.confirm(f'form[action$="/campaigns/{campaign_id}/submit/"] button')
    assert stack.query("SELECT count(*) FROM campaigns_targetlist WHERE state = 'submitted'") != [
        (0,)
    ]

    manager = sign_in(manager_with_a_list(stack), language="en-US")
    manager.goto(f"{stack.web}/inbox/")
    manager.page.locator('main a[href*="/inbox/"]').first.click()
    manager.confirm('form[action$="/approve/"] button')
    assert stack.query("SELECT count(*) FROM campaigns_targetlist WHERE state = 'approved'") == [
        (1,)
    ]

    agent = sign_in("agent01")
    agent.goto(f"{stack.web}/desk/")
    agent.page.locator("#switch").click()
    expect(agent.page.locator("#desk-bar")).to_have_attribute("data-state", "ready")

    marketing.goto(f"{stack.web}/campaigns/{campaign_id}/")
    marketing.confirm('form[action$="/launch/"] button')

    # the screen-pop comes while the robot still asks; Enter accepts
    accept = agent.page.locator('#customer [data-part="actions"] button').first
    expect(accept).to_be_visible(timeout=60_000)
    agent.page.keyboard.press("Enter")
    expect(agent.page.locator("#desk-bar")).to_have_attribute(
        "data-state", "talking", timeout=30_000
    )
    # the customer hangs up when everything is said; then the talk is written up
    form = agent.page.locator("form.wrap-up")
    expect(form).to_be_visible(timeout=60_000)
    agent.page.locator('input[value="sold"]').check(force=True)
    agent.page.locator("#note").fill("十二期")
    # the call's end is told after the talk's: it takes nothing from what is being written
    while stack.query(
        "SELECT count(*) FROM dialer_call JOIN dialer_transfer AS t ON t.call_id = dialer_call.id"
        " WHERE t.state = 'wrap_up' AND dialer_call.state <> 'completed'"
    ) != [(0,)]:
        agent.page.wait_for_timeout(50)
    expect(agent.page.locator('[data-part="band"]')).to_be_visible()
    expect(agent.page.locator("#note")).to_have_value("十二期")
    form.locator("button:not([type=button])").last.click()
    expect(form).to_be_hidden()

    assert stack.query(
        "SELECT state, disposition, note FROM dialer_transfer WHERE state = 'done'"
    ) == [("done", "sold", "十二期")]

    supervisor = sign_in(username_of(stack, "supervisor"))
    supervisor.goto(f"{stack.web}/wall/")
    pause, resume = (supervisor.page.locator(f"[data-step={step}]") for step in ("pause", "resume"))
    expect(pause).to_be_visible(timeout=20_000)
    supervisor.confirm("[data-step=pause]", stays=True)
    expect(resume).to_be_visible()
    assert stack.query("SELECT state FROM campaigns_campaign") == [("paused",)]
