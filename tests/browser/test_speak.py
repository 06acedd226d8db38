"""The page that speaks a text, in a real browser."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit

TEXT = "The wizzlegomp sat by the river. It was late."


def speak(page: Page, text: str) -> None:
    page.get_by_label("Text to speak").fill(text)
    page.get_by_role("button", name="Speak", exact=True).click()
    expect(page.locator("article.job .player")).to_be_visible()


def test_a_text_becomes_audio_words_and_costs(visit: Visit) -> None:
    page = visit.open("/")
    speak(page, TEXT)
    expect(page.locator(".state")).to_have_text("succeeded")
    expect(page.locator("[data-role=rtf]")).to_have_text(re.compile(r"^\d"))
    assert page.locator(".word").all_text_contents() == TEXT.replace(".", "").split()
    expect(page.locator("canvas.wave[data-peaks=decoded]")).to_be_visible()
    shares = page.locator(".bar span").evaluate_all("all => all.map(e => e.offsetWidth)")
    assert len(shares) == 4
    assert sum(shares) > 100


def test_the_word_at_the_cursor_is_lit(visit: Visit) -> None:
    page = visit.open("/")
    speak(page, TEXT)
    wave = page.get_by_role("slider", name="Position in the audio")
    wave.focus()
    wave.press("End")  # it began to play by itself
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.locator(".word").nth(3).click()
    expect(page.locator(".word.lit")).to_have_text("by")
    expect(wave).to_have_attribute("aria-valuetext", re.compile(r", by$"))
    middle = "e => (Number(e.dataset.start) + Number(e.dataset.end)) / 2"
    at = page.locator(".word").first.evaluate(middle) / float(
        wave.get_attribute("aria-valuemax") or 1
    )
    width = wave.evaluate("canvas => canvas.clientWidth")
    wave.hover(position={"x": at * width, "y": 20})
    expect(page.locator(".word.lit")).to_have_text("The")
    page.mouse.move(0, 0)
    wave.press("End")
    expect(wave).to_have_attribute("aria-valuenow", re.compile(r"^[1-9]"))
    wave.press("Home")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_a_guessed_word_gets_another_sound(visit: Visit) -> None:
    page = visit.open("/")
    speak(page, TEXT)
    expect(page.locator(".word.warned")).to_have_text("wizzlegomp")
    page.get_by_role("button", name="Say it otherwise").first.click()
    page.get_by_label("Say it as").fill("wizard")
    first = page.locator("article.job").get_attribute("data-job")
    page.get_by_role("button", name="Speak again").click()
    expect(page.locator(f"article.job:not([data-job='{first}']) .player")).to_be_visible()
    expect(page.locator(".warnings")).to_contain_text("1 of 1 entries used")
    entries = page.request.get(f"{visit.url}/lexicons/studio").json()["entries"]
    assert entries == [{"grapheme": "wizzlegomp", "alias": "wizard"}]
    page.request.delete(f"{visit.url}/lexicons/studio")


def test_a_refusal_stands_at_its_field(visit: Visit) -> None:
    page = visit.open("/")
    page.get_by_label("SSML").check()
    page.get_by_label("Text to speak").fill("<speak>no end")
    page.get_by_role("button", name="Speak", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("line 1")
    expect(page.get_by_label("Text to speak")).to_have_attribute("aria-invalid", "true")
    assert [c for c in visit.complaints if "422" not in c] == []
    visit.complaints.clear()


def test_any_format_and_the_command(visit: Visit, tmp_path: Path) -> None:
    page = visit.open("/")
    speak(page, TEXT)
    for name, magic in {"flac": b"fLaC", "wav": b"RIFF", "srt": b"1\n00:"}.items():
        with page.expect_download() as found:
            page.locator(".actions").get_by_text(name, exact=True).click()
        assert Path(found.value.path()).read_bytes().startswith(magic)
        assert found.value.suggested_filename.endswith(f".{name}")
    page.get_by_text("The same with curl").click()
    words = shlex.split(page.locator("pre").inner_text().replace("\\\n", ""))
    assert words[2] == f"{visit.url}/synthesize"
    body = json.loads(words[words.index("--json") + 1])
    assert (body["text"], body["voice"]) == (TEXT, "tiny")
