"""The whole set of processes, as `bin/demo` starts them, driven by the tests as people do."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from config.demo import Addresses, Run

START = "2026-03-10T14:00:00+08:00"
#: Fast enough for a test, slow enough for a hand on a mouse.
SPEED = 8


@dataclass
class Stack:
    """A running installation with a draft campaign, no played agents, and friendly customers."""

    run: Run

    @property
    def web(self) -> str:
        return self.run.addresses.environment()["PUBLIC_BASE_URL"]

    @property
    def carrier(self) -> str:
        return self.run.addresses.environment()["TWILIO_API_BASE"]

    def query(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Rows of the installation's database."""
        connection = psycopg2.connect(self.run.env["DATABASE_URL"])
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, values)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def everybody_is(self, persona: str) -> None:
        """All sample customers behave like this one persona."""
        numbers = self.query("SELECT e164 FROM audiences_number")
        body = {str(number): persona for (number,) in numbers}
        requests.post(
            f"{self.carrier}/_carrier/personas/assign", json=body, timeout=10
        ).raise_for_status()


# Of the package, not of the session: what the worker runs afterwards must find no stack that takes
# its processor and no event loop of a browser's.
@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder: Path = tmp_path_factory.mktemp("stack")
    # A secret may begin with a dash: one in sixty-four does, and no command line may read it.
    (folder / "carrier-token").write_text("-" + secrets.token_urlsafe(40))
    with Run(folder, Addresses.find(preferred=False), fresh=True, environ={}) as run:
        run.manage(
            "sandboxprepare",
            "--customers", "40",
            "--seed", "11",
            "--start", START,
            "--folder", str(folder),
            "--agents", "3",
            "--draft",
        )  # fmt: skip
        run.start_all(seed=11, agents=0)
        run.manage("sandboxclockset", "--start", START, "--speed", str(SPEED))
        yield Stack(run)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The distribution's Chromium; root may not use its sandbox."""
    arguments = ["--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    executable = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
    browser = playwright.chromium.launch(executable_path=executable, args=arguments)
    yield browser
    browser.close()


@dataclass
class Person:
    """Somebody with a browser of their own, signed in."""

    page: Page
    context: BrowserContext

    def goto(self, address: str) -> None:
        self.page.goto(address)

    def confirm(self, button: str, *, stays: bool = False) -> None:
        """Press a button and say yes to the question it asks; back when the next page is there.

        `stays`: the page posts by itself and stays.
        """
        self.page.locator(button).first.click()
        if stays:
            self.page.locator("#confirm-yes").click()
            return
        with self.page.expect_navigation():
            self.page.locator("#confirm-yes").click()


@pytest.fixture
def sign_in(stack: Stack, chromium: Browser) -> Iterator[object]:
    """`sign_in(username)` → a Person who signed in on the sandbox page. Any script error fails."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def signed_in(username: str, *, language: str = "zh-CN") -> Person:
        context = chromium.new_context(locale=language, viewport={"width": 1280, "height": 860})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{stack.web}/sandbox/")
        for group in page.locator("details").all():
            group.evaluate("group => { group.open = true }")
        page.locator(f'button[name=user][value="{username}"]').first.click()
        page.wait_for_url(lambda url: not url.endswith("/sandbox/sign-in/"))
        return Person(page, context)

    yield signed_in
    for context in contexts:
        context.close()
    assert errors == []
