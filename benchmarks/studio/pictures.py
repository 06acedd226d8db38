"""The documentation's pictures: each is taken at the end of a flow."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, FilePayload, Page, ViewportSize, expect

WAIT_MS: Final = 300_000
"""How long a flow may take: a voice may have to be exported first."""
QUALITY: Final = 82
"""Of WebP, 0 to 100: letters stay sharp, a picture stays below 150 kB."""
DESK: Final = ViewportSize(width=1080, height=860)
WHOLE: Final = ViewportSize(width=1080, height=1340)
PHONE: Final = ViewportSize(width=390, height=780)
TEXT: Final = (
    "Dr. Smith paid $4.50 for the zyrglon on March 3rd, 1999. "
    "Nobody in the village had ever seen one, and she would not say where it came from."
)
BOOK: Final = """\
# The Lighthouse

## The first evening

The keeper climbed the stairs as he had done every evening for thirty years, and counted them. There
were a hundred and nine.

![A drawing of the stairs](stairs.png)

## A letter

It had come with the boat, and it was not for him.

```
N 54 10.8  W 003 24.1
```

## What the boat brought back

Nobody asked what was in the crate. By noon the whole island knew.
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: how wide and how coloured the page is, and what is done before it is taken."""

    name: str
    viewport: ViewportSize
    scheme: Literal["light", "dark"]
    walk: Callable[[Page, str], None]


def _speak(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_label("Text to speak").fill(TEXT)
    page.get_by_role("button", name="Speak", exact=True).click()
    expect(page.locator(".wave[data-peaks=decoded]")).to_be_visible()
    page.get_by_role("slider", name="Position in the audio").press("End")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.locator(".word").nth(8).click()
    if (page.viewport_size or DESK)["width"] == PHONE["width"]:
        page.locator("article.job").evaluate("e => e.scrollIntoView()")


def _book(page: Page, url: str) -> None:
    page.goto(f"{url}/studio/book")
    file = FilePayload(name="lighthouse.md", mimeType="text/markdown", buffer=BOOK.encode())
    page.get_by_label("Drop a book here").set_input_files(file)
    expect(page.get_by_role("button", name="Make the audiobook")).to_be_visible()


def _page(path: str) -> Callable[[Page, str], None]:
    def walk(page: Page, url: str) -> None:
        page.goto(url + path)

    return walk


PICTURES: Final = (
    Picture("speak", WHOLE, "light", _speak),
    Picture("speak-phone", PHONE, "dark", _speak),
    Picture("book", DESK, "light", _book),
    Picture("voices", DESK, "dark", _page("/studio/voices")),
    Picture("jobs", DESK, "light", _page("/studio/jobs")),
)


def take_pictures(browser: Browser, url: str, folder: Path) -> Iterator[Path]:
    """Takes all pictures and yields their files.

    Args:
        browser: to take them with.
        url: of the service.
        folder: to write to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=WAIT_MS)
    for picture in PICTURES:
        with browser.new_context(viewport=picture.viewport, color_scheme=picture.scheme) as context:
            context.set_default_timeout(WAIT_MS)
            page = context.new_page()
            picture.walk(page, url)
            path = folder / f"studio-{picture.name}.webp"
            path.write_bytes(_webp(page))
            yield path


def _webp(page: Page) -> bytes:
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    return base64.b64decode(taken["data"])
