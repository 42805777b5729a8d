"""A real browser in front of a real stack. Both are needed: without a Chromium these tests fail."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

from local_stack.serve import make_key
from local_stack.stack import LocalStack

PROJECT = Path(__file__).resolve().parents[2]
# Long, for a machine that is busy with other things; what is there is not waited for.
MOST_MILLISECONDS = 60_000
# Every tab loads all files of the page anew.
_UNTHROTTLED = {"StageRequestBurst": "1000", "OpenRequestBurst": "1000"}
expect.set_options(timeout=MOST_MILLISECONDS)
_ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("These tests need a Chromium on PATH; on Debian: apt-get install chromium")
    # Chromium has no sandbox for root.
    arguments = [*_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Served:
    """A stack behind its API, and a key that opens it."""

    url: str
    key: str


@pytest.fixture(scope="module")
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """The project's stack, with the module's ``PARAMETERS`` of its template where it has some."""
    with LocalStack(api_port=0, parameters=_UNTHROTTLED | getattr(request.module, "PARAMETERS", {})) as stack:
        yield Served(str(stack.api_url), make_key(stack))


@dataclass
class Visit:
    """A tab of a browser window of its own, on the docs page. ``troubles`` must be empty in the end."""

    page: Page
    origin: str
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(MOST_MILLISECONDS)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", self._asked)

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    @property
    def form(self) -> Locator:
        return self.page.get_by_role("region", name="Try it")

    @property
    def key(self) -> Locator:
        return self.form.get_by_label("API key")

    @property
    def status(self) -> Locator:
        return self.form.get_by_role("status")

    @property
    def alert(self) -> Locator:
        return self.form.get_by_role("alert")

    def enter(self, key: str) -> None:
        self.key.fill(key)
        self.key.blur()

    def capture(self, document: Path | dict[str, Any]) -> None:
        self.form.get_by_label("Document").set_input_files(document)
        self.form.get_by_role("button", name="Capture").press("Enter")

    def expect_troubles(self, text: str) -> None:
        """Chromium reports every refused request as an error, also where the page copes with it."""
        assert self.troubles
        assert all(text in trouble for trouble in self.troubles), self.troubles
        self.troubles.clear()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:", f"blob:{self.origin}/")):
            self.troubles.append(f"asked {request.url}")


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Open]:
    """Opens the page in a new window; the options are those of a browser context, and ``url`` is that of the API."""
    visits: list[Visit] = []

    def opened(url: str = served.url, **options: Any) -> Visit:
        visit = Visit(browser.new_context(**options).new_page(), url.removesuffix("/v1"))
        visits.append(visit)
        visit.page.goto(f"{url}/docs")
        visit.page.locator(".opblock").first.wait_for()
        return visit

    yield opened
    for each in visits:
        each.context.close()
    assert [trouble for each in visits for trouble in each.troubles] == []
