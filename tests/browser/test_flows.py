"""Books, jobs, voices, lexicons and keys, in a real browser."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, expect

from api.app import create_app, open_backends
from api.settings import ApiSettings
from cli.stack import Stack
from core.record import JobError, JobRecord
from core.request import Controls, Source
from jobs.ids import new_job_id
from jobs.redis_backend.api_keys import RedisApiKeys
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.store import redis_job_store
from tests.browser.conftest import Visit, watched
from tests.epub_files import epub

PAGES = {
    "one.xhtml": "<h1>One</h1><p>The <i>first</i> chapter is short.<a epub:type='noteref' "
    "href='#n'>1</a></p><aside epub:type='footnote' id='n'><p>A note.</p></aside>",
    "two.xhtml": "<h1>Two</h1><p>The second one ends the book.</p>",
}
LINKS = [("One", "one.xhtml"), ("Two", "two.xhtml")]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.epub"
    path.write_bytes(epub(PAGES, LINKS, title="Two Chapters"))
    return path


def test_a_book_is_opened_chosen_made_and_read_along(visit: Visit, book: Path) -> None:
    page = visit.open("/studio/book")
    page.get_by_label("Drop a book here").set_input_files(book)
    expect(page.get_by_role("heading", name="Two Chapters")).to_be_visible()
    expect(page.locator("#chapters .warnings")).to_contain_text("footnotes and endnotes")
    page.get_by_label("notes", exact=True).check()
    expect(page.locator("#chapters .warnings")).not_to_contain_text("1 left out: footnotes")
    page.get_by_role("button", name="None").click()
    page.get_by_label("Two", exact=True).check()
    page.get_by_label("One", exact=True).check()
    page.get_by_role("button", name="Make the audiobook").click()
    expect(page.locator("article.job .player")).to_be_visible()
    chapters = page.locator("ol.chapters button")
    expect(chapters).to_have_text(["One", "Two"])
    chapters.last.click()
    expect(page.locator(".reading")).to_contain_text("The second one")
    expect(chapters.last).to_have_attribute("aria-current", "true")
    expect(page.locator(".word.lit")).to_have_count(1)
    with page.expect_download() as found:
        page.get_by_role("link", name="m4b").click()
    assert b"ftyp" in Path(found.value.path()).read_bytes()[:16]
    page.get_by_label("File", exact=True).select_option("epub")
    page.get_by_role("button", name="Make the audiobook").click()
    expect(page.get_by_role("link", name="epub")).to_be_visible()
    expect(page.locator(".player")).to_have_count(0)


def test_ready_chapters_play_while_the_rest_is_made(visit: Visit, tmp_path: Path) -> None:
    sentences = (f"<p>Sentence {n} of a chapter that takes a while.</p>" for n in range(1000))
    path = tmp_path / "long.epub"
    last = {"three.xhtml": f"<h1>Three</h1>{''.join(sentences)}"}
    path.write_bytes(epub(PAGES | last, [*LINKS, ("Three", "three.xhtml")], title="A Long Book"))
    page = visit.open("/studio/book")
    page.get_by_label("Drop a book here").set_input_files(path)
    page.get_by_label("File", exact=True).select_option("mp3")
    page.get_by_label("One loudness for the whole book").uncheck()
    page.get_by_role("button", name="Make the audiobook").click()
    ready = page.locator("ol.chapters button")
    expect(ready).to_have_text(["One", "Two"])
    with page.expect_response(re.compile(r"/audio\?stream=true&chapter=2$")) as stream:
        ready.last.click()
    assert stream.value.ok
    expect(ready.last).to_have_attribute("aria-pressed", "true")
    expect(ready.first).to_have_attribute("aria-pressed", "false")
    with page.expect_response(re.compile(r"/studio/jobs/\w+/chapters$")):
        pass  # the list is shown anew, and who is heard still stands in it
    expect(ready.last).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Pause").click()
    expect(ready.last).to_have_attribute("aria-pressed", "false")
    ready.first.click()
    expect(ready.first).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("article.job .state")).to_have_text("cancelled")


def test_what_is_no_book_is_refused(visit: Visit, tmp_path: Path) -> None:
    broken = tmp_path / "broken.epub"
    broken.write_bytes(b"PK\x03\x04 nothing")
    page = visit.open("/studio/book")
    page.get_by_label("Drop a book here").set_input_files(broken)
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name="Make the audiobook")).to_be_hidden()
    visit.complaints.clear()  # the browser tells of the 422


def test_a_job_is_found_cancelled_and_deleted(visit: Visit, service: Stack) -> None:
    long = "Somebody has to read all of this aloud, one sentence after the other. " * 8000
    with httpx.Client(base_url=service.url, timeout=60, trust_env=False) as http:
        body = {"text": long, "lane": "bulk", "voice": "tiny"}
        job = http.post("/synthesize", json=body).raise_for_status().json()["id"]
        page = visit.open("/studio/jobs?lane=bulk")
        row = page.locator(f"#row-{job}")
        row.get_by_role("button", name="Cancel").click()
        expect(row.locator(".state")).to_have_text("cancelled")
        page.get_by_label("State").select_option("succeeded")
        expect(row).to_have_count(0)
        page.get_by_label("State").select_option("cancelled")
        expect(row).to_have_count(1)
        assert "state=cancelled" in page.url
        assert http.get(f"/jobs/{job}").json()["state"] == "cancelled"
        page.on("dialog", lambda dialog: dialog.accept())
        row.get_by_role("button", name="Delete").click()
        expect(row).to_have_count(0)
        assert http.get(f"/jobs/{job}").status_code == 404


def test_what_failed_runs_again(visit: Visit, service: Stack) -> None:
    client = open_redis(service.redis_url)
    records = redis_job_store(client).records
    now = time.time()
    source = Source(text="Once more.")
    request = Controls(voice="tiny", acoustic="fastspeech2", vocoder="hifigan", sample_rate=22050)
    record = JobRecord(
        id=new_job_id(now), state="queued", request=request, source=source.facts, created_at=now
    )
    records.create(record, source)
    records.finish(record.id, "failed", now, error=JobError("planted", "a planted failure"))
    page = visit.open("/studio/jobs?state=failed")
    page.locator(f"#row-{record.id}").get_by_role("link").click()
    expect(page.locator("article.job")).to_contain_text("a planted failure")
    page.get_by_role("button", name="Run again what failed").click()
    expect(page.locator("article.job .player")).to_be_visible()
    expect(page.locator(".state")).to_have_text("succeeded")
    client.close()


def test_places_that_sound_wrong_are_listed_and_played(visit: Visit, service: Stack) -> None:
    text = "The morning was bright and cold. Nobody in the village had seen the ship."
    body = {"text": text, "voice": "tiny", "check": "report"}  # it makes tones: no speech
    with httpx.Client(base_url=service.url, timeout=60, trust_env=False) as http:
        job = http.post("/synthesize", json=body, headers={"Prefer": "wait=50"}).json()["id"]
        page = visit.open(f"/studio/jobs/{job}")
        expect(page.locator("article.job .player")).to_be_visible()
        report = http.get(f"/jobs/{job}").json()["report"]
    rows = page.locator("ol.places li")
    expect(rows).to_have_count(report["flagged_words"])
    place, first = report["places"][0], rows.first
    expect(first.locator("b")).to_have_text(place["text"])
    expect(first.locator("[data-role=expected]")).to_have_text(place["expected"])
    expect(first.locator("[data-role=recognized]")).to_have_text(place["recognized"] or "nothing")
    expect(first).to_contain_text(place["code"].replace("_", " "))
    first.get_by_role("button").click()
    stopped = "end => { const a = document.querySelector('.player audio'); "
    stopped += "return a.paused && a.currentTime >= end && a.currentTime; }"
    at = page.wait_for_function(stopped, arg=place["end"]).json_value()
    assert at < report["audio_seconds"] / 2  # it stops after the word by itself


def test_every_voice_gives_a_sample(visit: Visit) -> None:
    page = visit.open("/studio/voices")
    page.get_by_label("Sentence that they speak").fill("A sample.")
    section = page.locator("section.voice").first
    section.get_by_role("button", name=re.compile("^Hear")).first.click()
    expect(section.locator("[data-role=rtf]").first).to_have_text(re.compile(r"^0|\d"))


def test_a_lexicon_is_written_and_tried(visit: Visit, service: Stack) -> None:
    page = visit.open("/studio/lexicons")
    page.get_by_label("New lexicon").fill("mine")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="mine")).to_be_visible()
    page.get_by_label("Word or phrase").fill("GIF")
    page.get_by_label("By").select_option("IPA")
    page.get_by_label("Say it as").fill("dʒɪf")
    with page.expect_response(re.compile(r"/jobs/\w+/audio$")) as sample:
        page.get_by_role("button", name="Hear").click()
    assert sample.value.ok
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-role=saved]")).to_have_text("Saved: 1 entries.")
    page = visit.open("/studio/lexicons/mine")
    expect(page.get_by_label("Word or phrase")).to_have_value("GIF")
    expect(page.get_by_label("By")).to_have_value("phoneme")
    page.get_by_label("Say it as").fill("%")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("no IPA phone")
    visit.complaints.clear()  # the browser tells of the 422
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete lexicon").click()
    expect(page.get_by_role("heading", name="Lexicons")).to_be_visible()
    with httpx.Client(base_url=service.url, trust_env=False) as http:
        names = [one["name"] for one in http.get("/lexicons").json()["lexicons"]]
    assert "mine" not in names


@pytest.fixture
def guarded(redis_url: str, tiny_voices: Path, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """An API that asks for keys and lets admins make them; its URL and an admin's key."""
    client = open_redis(redis_url)
    token = RedisApiKeys(client).add("operator", time.time(), admin=True)[1]
    client.close()
    settings = ApiSettings(
        redis_url=redis_url,
        data=tmp_path,
        voices=(tiny_voices,),
        shipped_voices=False,
        require_keys=True,
        keys_over_http=True,
    )
    app = create_app(settings, open_backends(settings))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.05)
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", token
    server.should_exit = True
    thread.join()


def test_an_admin_makes_and_revokes_keys(browser: Browser, guarded: tuple[str, str]) -> None:
    url, token = guarded
    with browser.new_context() as context:
        visit = watched(context, url)
        page = visit.open("/studio/jobs")
        page.get_by_label("Key").fill(token)
        page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
        page.get_by_role("link", name="Keys").click()
        page.get_by_label("Whose it is").fill("Reading room")
        page.get_by_label("Requests a minute").fill("120")
        page.get_by_role("button", name="Make").click()
        made = page.locator("[data-role=made] code")
        expect(made).to_have_text(re.compile("^rk_"))
        row = page.get_by_role("row", name="Reading room")
        expect(row).to_contain_text("120 a minute")
        headers = {"X-API-Key": made.inner_text()}
        with httpx.Client(base_url=url, headers=headers, trust_env=False) as http:
            assert http.get("/jobs").status_code == 200
            assert http.get("/keys").status_code == 403
            page.on("dialog", lambda dialog: dialog.accept())
            row.get_by_role("button", name="Revoke").click()
            expect(row).to_contain_text("revoked")
            assert http.get("/jobs").status_code == 401
        page.get_by_role("button", name="Forget key").click()
        expect(page.get_by_label("Key")).to_be_visible()
        assert visit.complaints == []
