"""A script writer at the workbench, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FloatRect

from tests.stack.conftest import Person, Stack

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.xdist_group("stack")]


def test_a_writer_breaks_a_rule_mends_it_by_the_form_and_submits(
    stack: Stack, sign_in: Callable[..., Person]
) -> None:
    writer = sign_in("writer")
    page = writer.page
    writer.goto(f"{stack.web}/workbench/")
    page.locator("section", has_text="cc-instalment-prescreen").locator("a.btn.primary").click()
    page.wait_for_selector(".badge.ok[data-verdict]")
    # the chat answers, and says why
    page.fill("[data-chat-input]", "方便，你说")
    page.keyboard.press("Enter")
    page.wait_for_selector(".bubble.robot >> nth=1")
    # selling after a refusal is found, named, and leads to its node
    page.locator('.node[data-name="pitch"]').click()
    page.locator("#tab-node").click()
    page.locator(".way-row", has_text="否定").locator("select").select_option("amount")
    page.wait_for_selector(".badge.bad[data-verdict]")
    page.locator(".finding", has_text="V8").first.click()
    assert page.locator(".node.is-chosen").count() == 1
    # mended, with other words, kept and submitted
    page.locator('.node[data-name="pitch"]').click()
    page.locator(".way-row", has_text="否定").locator("select").select_option("end_refused")
    page.wait_for_selector(".badge.ok[data-verdict]")
    page.locator("[data-node] textarea").first.fill(
        "您本期账单可以分期，年化利率{{apr}}，以审批为准。要请客户经理介绍吗？"
    )
    page.locator("[data-node] textarea").first.blur()
    page.wait_for_selector("[data-save]:not([disabled])")
    page.wait_for_selector(".badge.ok[data-verdict]")
    with page.expect_navigation():
        page.locator("[data-save]").click()
    with page.expect_navigation():
        page.locator("[data-ask]").click()
    assert page.locator(".badge.gold", has_text="待签批").count() == 1


def test_the_workbench_can_be_used_in_a_narrow_window(
    stack: Stack, sign_in: Callable[..., Person]
) -> None:
    writer = sign_in("writer")
    page = writer.page
    page.set_viewport_size({"width": 800, "height": 900})
    writer.goto(f"{stack.web}/workbench/")
    page.locator("section", has_text="cc-instalment-prescreen").locator("a.btn.primary").click()
    page.wait_for_selector(".badge.ok[data-verdict]")

    def box(selector: str) -> FloatRect:
        found = page.locator(selector).first.bounding_box()
        assert found is not None
        return found

    # nothing is cut off at the side: no entry of the menu, no pane
    for entry in page.locator(".nav a").all():
        found = entry.bounding_box()
        assert found is not None and found["x"] + found["width"] <= 800
    assert page.evaluate("document.documentElement.scrollWidth") == 800
    assert box(".bench-picture")["y"] > box(".bench-source")["y"] + 400
    # the dialogue begins in sight, and all of it is a click away
    room, start = box("[data-picture]"), box(".node")
    assert room["x"] <= start["x"] and start["x"] + start["width"] <= room["x"] + room["width"]
    page.locator("[data-zoom=fit]").click()
    world = box("[data-picture] svg > g")
    assert world["x"] >= room["x"] - 1
    assert world["x"] + world["width"] <= room["x"] + room["width"] + 1
    assert world["y"] + world["height"] <= room["y"] + room["height"] + 1
