"""What holds for every page: accessible in light and dark, on a phone, small, and quiet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect

from api.studio.rendering import PAGES
from benchmarks.studio.__main__ import MOST_BYTES
from benchmarks.studio.browser import ReceivedBytes
from cli.stack import Stack
from tests.browser.conftest import Visit, watched

PATHS = [path for path, _ in PAGES.values()]
LEXICON = {"GIF": "dʒɪf", "Hermione": {"alias": "her my oh nee"}}
PHONE = ViewportSize(width=360, height=740)


@pytest.fixture(scope="module")
def job(service: Stack) -> str:
    """A job that has ended, with warnings and places to listen to; and a lexicon to look at."""
    with httpx.Client(base_url=service.url, timeout=300, trust_env=False) as http:
        http.put("/lexicons/names", json=LEXICON).raise_for_status()
        body = {"text": "The wizzlegomp sat by the river. Nobody saw it.", "check": "report"}
        answer = http.post("/synthesize", json=body, headers={"Prefer": "wait=60"})
        job = answer.json()
        assert job["report"]["places"]
        return str(job["id"])


@pytest.fixture(params=["light", "dark"])
def coloured(request: pytest.FixtureRequest, browser: Browser, service: Stack) -> Iterator[Visit]:
    scheme: Literal["light", "dark"] = request.param
    with browser.new_context(color_scheme=scheme) as context:
        visit = watched(context, service.url)
        yield visit
        assert visit.complaints == []


def violations(page: Page) -> list[Any]:
    """What axe-core finds. It is evaluated from outside, so that the page's policy stands."""
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]


def test_axe_finds_nothing_on_any_page(coloured: Visit, job: str) -> None:
    for path in [*PATHS, f"/studio/jobs/{job}", "/studio/lexicons/names", "/studio/session"]:
        page = coloured.open(path)
        for details in page.locator("details").all():
            details.evaluate("element => (element.open = true)")
        assert (path, violations(page)) == (path, [])


def test_no_page_is_wider_than_a_phone(browser: Browser, service: Stack, job: str) -> None:
    with browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True) as context:
        visit = watched(context, service.url)
        for path in [*PATHS, f"/studio/jobs/{job}", "/studio/lexicons/names"]:
            page = visit.open(path)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert (path, width <= PHONE["width"]) == (path, True)
        assert visit.complaints == []


def test_pages_are_small(visit: Visit) -> None:
    received = ReceivedBytes(visit.page)
    visit.open("/")
    assert len(received.sizes) > 5
    assert received.total <= MOST_BYTES


def test_the_keyboard_reaches_everything(visit: Visit) -> None:
    page = visit.open("/studio/jobs")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page = visit.open("/")
    page.get_by_label("Text to speak").focus()
    page.keyboard.type("Good evening.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("article.job .player")).to_be_visible()
    page.get_by_role("button", name="Speak", exact=True).focus()
    page.keyboard.press("Tab")
    expect(page.locator(".play")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".wave")).to_be_focused()
