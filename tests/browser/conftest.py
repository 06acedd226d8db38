"""A real browser on the studio; tests are skipped where none is installed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
)

from benchmarks.studio.browser import find_chromium, open_chromium
from cli.stack import Stack

WATCH = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""
WAIT_MS = 60_000
"""Of a test's patience; never reached when all is well."""

expect.set_options(timeout=WAIT_MS)


@dataclass
class Visit:
    """A page, and everything that went wrong on it."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Goes to a page of the service and waits until its scripts have run."""
        self.page.goto(self.url + path, wait_until="load")
        return self.page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium as the system has it. Not for the whole session: its event loop is in the way."""
    program = find_chromium()
    if program is None:
        pytest.skip("no chromium on PATH")
    with open_chromium(program) as chromium:
        yield chromium


def watched(context: BrowserContext, url: str) -> Visit:
    """A new page whose complaints are collected."""
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(WATCH)
    visit = Visit(context.new_page(), url)

    def on_console(line: ConsoleMessage) -> None:
        if line.type in ("error", "warning"):
            visit.complaints.append(line.text)

    visit.page.on("console", on_console)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    return visit


@pytest.fixture
def visit(browser: Browser, service: Stack) -> Iterator[Visit]:
    """A visit to the studio in which nothing may go wrong."""
    with browser.new_context(accept_downloads=True) as context:
        visit = watched(context, service.url)
        yield visit
        assert visit.complaints == []
