"""Chromium as the system has it, driven by Playwright; and what it received for a page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Containers have no user namespaces for the sandbox; only pages of our own are opened.
OPTIONS: Final = ("--no-sandbox", "--disable-dev-shm-usage", "--mute-audio")
TIMES: Final = """() => {
  const [entry] = performance.getEntriesByType("navigation");
  return [entry.domContentLoadedEventEnd, entry.loadEventEnd];
}"""


def find_chromium() -> str | None:
    """Returns the path of an installed Chromium; None: there is none."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@contextmanager
def open_chromium(program: str) -> Iterator[Browser]:
    """Yields a browser without a window.

    Args:
        program: its path.
    """
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=[*OPTIONS]) as chromium,
    ):
        yield chromium


@dataclass
class ReceivedBytes:
    """A count of what a page receives from the moment it is made.

    Args:
        page: to be opened afterwards.
    """

    page: Page
    sizes: list[int] = field(default_factory=list)
    """Bytes of every response as they came over the wire, headers included."""

    def __post_init__(self) -> None:
        session = self.page.context.new_cdp_session(self.page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", self._add)

    def _add(self, event: dict[str, Any]) -> None:
        self.sizes.append(round(event["encodedDataLength"]))

    @property
    def total(self) -> int:
        """Bytes of all of them."""
        return sum(self.sizes)


@dataclass(frozen=True, slots=True)
class PageLoad:
    """What it took to open a page with an empty cache."""

    path: str
    received_bytes: int
    dom_seconds: float
    """Until DOMContentLoaded was handled, from the start of the navigation [s]."""
    load_seconds: float


def load_page(browser: Browser, url: str, path: str) -> PageLoad:
    """Opens a page once, in a context of its own."""
    with browser.new_context() as context:
        page = context.new_page()
        received = ReceivedBytes(page)
        page.goto(url + path, wait_until="networkidle")
        dom, load = page.evaluate(TIMES)
        return PageLoad(path, received.total, dom / 1000, load / 1000)
