"""Books over HTTP: chapters, audio with times and a manifest of every character."""

from __future__ import annotations

import io
import json
import re
import time
import zipfile
from collections.abc import Iterator
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pyloudnorm
import pytest
import soundfile
from click.testing import CliRunner

from cli.book import book
from cli.stack import Stack
from core.errors import FieldError
from core.record import TERMINAL
from tests.epub_files import epub
from tests.overlays import read_made

BOOK = """\
---
title: The Small Book
author: Nobody
---

# The First

It began. Then it went on for a while & on.

And then? It *ended*.

# The Second

Short, this one.

# The Third

The end of it all.
"""
DEADLINE = 300.0
"""Seconds; never reached when all is well."""


@pytest.fixture
def http(service: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=DEADLINE, trust_env=False) as client:
        yield client


def send(http: httpx.Client, path: str = "/audiobooks", **request: Any) -> httpx.Response:
    files = {"file": ("small.md", BOOK.encode(), "text/markdown")}
    return http.post(path, files=files, data={"request": json.dumps(request)})


def ended(http: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    job: dict[str, Any] = answer.json()
    deadline = time.monotonic() + DEADLINE
    while job["state"] not in TERMINAL:
        assert time.monotonic() < deadline, job
        job = http.get(f"/jobs/{job['id']}").json()
    return job


def test_chapters_are_listed_before_anything_is_synthesized(http: httpx.Client) -> None:
    book = send(http, "/audiobooks/chapters").json()
    assert (book["title"], book["authors"]) == ("The Small Book", ["Nobody"])
    assert [c["title"] for c in book["chapters"]] == ["The First", "The Second", "The Third"]
    assert [c["number"] for c in book["chapters"]] == [1, 2, 3]


def test_a_book_has_times_for_everything(http: httpx.Client) -> None:
    job = ended(http, send(http, format="wav", pauses={"chapter": 2.0}, loudness_lufs=None))
    assert (job["state"], job["error"]) == ("succeeded", None)
    assert job["request"]["lane"] == "bulk"
    data, rate = soundfile.read(io.BytesIO(http.get(job["audio"]).content))
    assert len(data) == job["report"]["samples"]
    times = http.get(f"/jobs/{job['id']}/timings", params={"phonemes": True}).json()
    assert times["seconds"] == pytest.approx(len(data) / rate)
    starts = [chapter["start"] for chapter in times["chapters"]]
    assert starts[0] == 0.0
    assert [c["title"] for c in times["chapters"]] == ["The First", "The Second", "The Third"]
    for one, two in pairwise(times["sentences"]):
        pause = two["start"] - one["end"]
        expected = 2.0 if one["chapter"] != two["chapter"] else None
        assert pause == pytest.approx(expected, abs=1e-3) if expected else 0 <= pause < 1
    for sentence in times["sentences"]:
        assert all(word["start"] <= word["end"] for word in sentence["words"])
        assert len(sentence["bounds"]) == len(sentence["phonemes"]) + 1
        assert sentence["bounds"] == sorted(sentence["bounds"])


def test_every_character_is_accounted_for(http: httpx.Client) -> None:
    job = ended(http, send(http, format="wav", chapters=[1, 3]))
    manifest = http.get(f"/jobs/{job['id']}/manifest").json()
    spans = [entry["span"] for entry in manifest["entries"]]
    assert (spans[0][0], spans[-1][1]) == (0, manifest["characters"])
    assert all(a[1] == b[0] for a, b in pairwise(spans))
    assert sum(manifest["counts"].values()) == manifest["characters"]
    assert set(manifest["counts"]) == {"spoken", "silent"}


def test_subtitles_have_a_cue_for_every_sentence(http: httpx.Client) -> None:
    job = ended(http, send(http, format="wav"))
    srt = http.get(f"/jobs/{job['id']}/timings", params={"format": "srt"})
    assert srt.headers["content-type"].startswith("application/x-subrip")
    cues = srt.text.strip().split("\n\n")
    assert cues[0].splitlines()[0] == "1"
    assert re.fullmatch(r"[\d:,]{12} --> [\d:,]{12}", cues[0].splitlines()[1])
    vtt = http.get(f"/jobs/{job['id']}/timings", params={"format": "vtt"}).text
    assert vtt.startswith("WEBVTT\n\n")
    assert "&amp;" in vtt
    texts = [cue.splitlines()[2:] for cue in vtt.strip().split("\n\n")[1:]]
    assert len(texts) == len(cues)
    assert all(rows[0].startswith("<v ") for rows in texts)
    assert max(len(row.split(">")[-1]) for rows in texts for row in rows) <= 65 + len("amp;")
    assert len(cues) == len(http.get(f"/jobs/{job['id']}/timings").json()["sentences"])


def test_podcast_players_get_the_chapters(http: httpx.Client) -> None:
    job = ended(http, send(http, format="mp3"))
    answer = http.get(f"/jobs/{job['id']}/timings", params={"format": "chapters"})
    assert answer.headers["content-type"].startswith("application/json+chapters")
    times = http.get(f"/jobs/{job['id']}/timings").json()["chapters"]
    assert answer.json() == {
        "version": "1.2.0",
        "chapters": [
            {"startTime": c["start"], "endTime": c["end"], "title": c["title"]} for c in times
        ],
    }


def test_a_changed_sentence_costs_its_part_alone(http: httpx.Client) -> None:
    paragraphs = [f"Paragraph {n} says this. It says {n} twice." for n in range(60)]
    first = ended(http, http.post("/synthesize", json={"text": "\n\n".join(paragraphs)}))
    again = ended(http, http.post("/synthesize", json={"text": "\n\n".join(paragraphs)}))
    assert again["report"]["reused_seconds"] == pytest.approx(
        again["report"]["audio_seconds"], rel=0.3
    )
    assert again["report"]["stage_seconds"]["vocoder"] == 0
    files = [http.get(job["audio"]).content for job in (first, again)]
    assert files[0] == files[1]
    paragraphs[30] = "Paragraph thirty says something else. It says 30 twice."
    changed = ended(http, http.post("/synthesize", json={"text": "\n\n".join(paragraphs)}))
    whole = again["report"]["reused_seconds"]
    assert whole - changed["report"]["reused_seconds"] < 2 * 32.0
    assert changed["report"]["reused_seconds"] > whole / 2


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"chapters": [4]}, "chapters"),
        ({"chapters": []}, "chapters"),
        ({"package": "chapters"}, "package"),
        ({"speed": 9}, "speed"),
        ({"loudness_lufs": 0}, "loudness_lufs"),
        ({"pauses": {"chapter": -1}}, "pauses.chapter"),
    ],
)
def test_refusals_name_the_field(http: httpx.Client, request_: dict[str, Any], field: str) -> None:
    answer = send(http, **request_)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_file_of_an_unknown_kind_is_refused(http: httpx.Client) -> None:
    answer = http.post("/audiobooks", files={"file": ("x.pdf", b"%PDF-1.7", "application/pdf")})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "file"


def test_a_book_becomes_an_m4b_with_chapters_and_tags(http: httpx.Client, tmp_path: Path) -> None:
    job = ended(http, send(http))
    assert (job["state"], job["error"]) == ("succeeded", None)
    assert job["report"]["acx"]["rms_db"] < 0
    file = tmp_path / "book.m4b"
    file.write_bytes(http.get(job["audio"]).content)
    times = http.get(f"/jobs/{job['id']}/timings").json()
    with av.open(str(file)) as container:
        marks = container.chapters()
        assert [mark["metadata"]["title"] for mark in marks] == [
            "The First",
            "The Second",
            "The Third",
        ]
        for mark, chapter in zip(marks, times["chapters"], strict=True):
            assert mark["time_base"] is not None
            assert float(mark["start"] * mark["time_base"]) == pytest.approx(chapter["start"])
            assert float(mark["end"] * mark["time_base"]) == pytest.approx(chapter["end"])
        rate = container.streams.audio[0].rate
        assert container.streams.audio[0].duration == job["report"]["samples"]
        assert rate == job["report"]["sample_rate"]
        assert container.metadata["title"] == "The Small Book"


def test_chapters_come_as_files_in_a_zip(http: httpx.Client) -> None:
    job = ended(http, send(http, format="flac", package="chapters", loudness_lufs=None))
    answer = http.get(job["audio"])
    assert answer.headers["content-type"] == "application/zip"
    whole = ended(http, send(http, format="flac", loudness_lufs=None))
    expected, _ = soundfile.read(io.BytesIO(http.get(whole["audio"]).content), dtype="int16")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = [n for n in archive.namelist() if n.endswith(".flac")]
        assert names == ["01 The First.flac", "02 The Second.flac", "03 The Third.flac"]
        pieces = [soundfile.read(io.BytesIO(archive.read(n)), dtype="int16")[0] for n in names]
    assert np.array_equal(np.concatenate(pieces), expected)


def test_one_gain_reaches_the_loudness_that_was_asked_for(http: httpx.Client) -> None:
    plain, quiet = (
        ended(http, send(http, format="wav", loudness_lufs=lufs)) for lufs in (None, -30.0)
    )
    gain = 10 ** (quiet["report"]["gain_db"] / 20)
    one, two = (
        soundfile.read(io.BytesIO(http.get(job["audio"]).content))[0] for job in (plain, quiet)
    )
    assert np.abs(two - gain * one).max() < 2 / 32768
    assert pyloudnorm.Meter(22050).integrated_loudness(two) == pytest.approx(-30.0, abs=0.1)


def test_a_well_job_is_not_retried(http: httpx.Client) -> None:
    job = ended(http, http.post("/synthesize", json={"text": "All is well."}))
    assert http.post(f"/jobs/{job['id']}/retry").status_code == 409


def test_the_preset_makes_files_that_acx_takes(http: httpx.Client) -> None:
    job = ended(http, send(http, preset="acx"))
    assert job["state"] == "succeeded", job["error"]
    acx = job["report"]["acx"]
    assert (acx["failures"], acx["files"], acx["failed_files"]) == ([], 5, [])
    with zipfile.ZipFile(io.BytesIO(http.get(job["audio"]).content)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".mp3")]
    assert names == [
        "01 Opening Credits.mp3",
        "02 The First.mp3",
        "03 The Second.mp3",
        "04 The Third.mp3",
        "05 Closing Credits.mp3",
    ]
    times = http.get(f"/jobs/{job['id']}/timings").json()
    words = " ".join(sentence["text"] for sentence in times["sentences"]).lower()
    assert words.startswith("the small book.")
    assert "written by nobody" in words
    assert words.rstrip(".").endswith("the end")


def test_the_command_writes_a_book_for_acx_with_subtitles_beside(
    service: Stack, tmp_path: Path
) -> None:
    (tmp_path / "small.md").write_text(BOOK)
    words = [str(tmp_path / "small.md"), "--url", service.url, "-o", str(tmp_path / "b.zip")]
    words += ["--preset", "acx"]
    for form in ("vtt", "chapters", "audiobookshelf"):
        words += ["--also", form]
    done = CliRunner().invoke(book, words, catch_exceptions=False, standalone_mode=False)
    assert done.return_value == 0, done.output
    assert "ACX: all 5 files pass" in done.output
    assert (tmp_path / "b.vtt").read_text().startswith("WEBVTT\n\n1\n")
    chapters = json.loads((tmp_path / "b.chapters.json").read_text())["chapters"]
    assert [chapter["title"] for chapter in chapters][1:3] == ["The First", "The Second"]
    shelf = json.loads((tmp_path / "metadata.json").read_text())
    assert (shelf["title"], shelf["authors"]) == ("The Small Book", ["Nobody"])
    assert [c["start"] for c in shelf["chapters"]] == [c["startTime"] for c in chapters]
    with zipfile.ZipFile(tmp_path / "b.zip") as zipped:
        files = json.loads(zipped.read("manifest.json"))
    ends = accumulate(file["samples"] / files["sample_rate"] for file in files["chapters"])
    assert [c["endTime"] for c in chapters] == pytest.approx(list(ends), abs=1e-3)


def test_the_preset_needs_a_file_per_chapter(tmp_path: Path) -> None:
    (tmp_path / "small.md").write_text(BOOK)
    words = [str(tmp_path / "small.md"), "-o", str(tmp_path / "b.m4b"), "--preset", "acx"]
    with pytest.raises(FieldError, match="file per chapter"):
        CliRunner().invoke(book, words, catch_exceptions=False, standalone_mode=False)


def test_a_changed_lexicon_entry_costs_the_parts_that_hold_its_word(http: httpx.Client) -> None:
    def put(sounds: str) -> None:
        lexicon = {"zephyr": sounds, "absent": "a"}
        answer = http.put("/lexicons/names", json=lexicon)
        assert answer.status_code in (200, 201)
        assert answer.json()["entries"] == 2

    sentence = "The harbour lay quiet while the boats went slowly home, one after the other. "
    text = sentence * 40 + "A zephyr came. " + sentence * 40
    files = {"file": ("wind.txt", text.encode())}

    def speak() -> dict[str, Any]:
        form = {"request": json.dumps({"lexicons": ["names"], "format": "wav"})}
        return ended(http, http.post("/audiobooks", files=files, data=form))

    put("ˈzɛfɚ")
    first = speak()
    warnings = [w["message"] for w in first["report"]["warnings"] if w["code"] == "lexicon_used"]
    assert "1 of 2 entries used; never used: absent" in warnings[0]
    put("zəˈfiɹ")
    second = speak()
    report = second["report"]
    assert 0 < report["audio_seconds"] - report["reused_seconds"] < 2 * 32.0
    assert report["reused_seconds"] > report["audio_seconds"] / 2
    unknown = http.post("/synthesize", json={"text": "Hi.", "lexicons": ["nobodys"]})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "lexicon_not_found")
    assert http.get("/lexicons/names").json()["entries"][0]["grapheme"] == "zephyr"
    assert [lexicon["name"] for lexicon in http.get("/lexicons").json()["lexicons"]] == ["names"]
    assert http.delete("/lexicons/names").status_code == 204
    assert http.delete("/lexicons/names").status_code == 404
    refused = http.put(
        "/lexicons/names", content=b"<lexicon/>", headers={"Content-Type": "application/pls+xml"}
    )
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_lexicon")


def test_an_epub_sounds_at_the_times_of_the_timings(service: Stack, tmp_path: Path) -> None:
    pages = {
        "a.xhtml": "<h1>One</h1><p>It <i>began. Then</i> it went on.</p>",
        "b.xhtml": "<h1>Two</h1><p>It ended.</p>",
    }
    (tmp_path / "in.epub").write_bytes(epub(pages, [("One", "a.xhtml"), ("Two", "b.xhtml")]))
    words = [str(tmp_path / "in.epub"), "--url", service.url, "-o", str(tmp_path / "out.epub")]
    done = CliRunner().invoke(
        book, [*words, "--json"], catch_exceptions=False, standalone_mode=False
    )
    assert done.return_value == 0, done.output
    job = json.loads(done.stdout)
    assert job["request"]["format"] == "epub"
    with httpx.Client(base_url=service.url, trust_env=False) as http:
        times = http.get(f"/jobs/{job['id']}/timings").json()
        assert http.head(job["audio"]).headers["content-type"] == "application/epub+zip"
    made = read_made(tmp_path / "out.epub")
    starts = dict(zip(sorted({par.audio for par in made}), times["chapters"], strict=True))
    assert len(made) == len(times["sentences"])
    for par, sentence in zip(made, times["sentences"], strict=True):
        start = starts[par.audio]["start"]
        assert par.begin + start == pytest.approx(sentence["start"], abs=1e-3)
        assert par.end + start == pytest.approx(sentence["end"], abs=1e-3)
    assert [par.text for par in made] == [
        "One",
        "It began.",
        "Then it went on.",
        "Two",
        "It ended.",
    ]


def test_a_book_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "in.epub").write_bytes(epub({"a.xhtml": "<p>It began.</p>"}))
    words = [str(tmp_path / "in.epub"), "-o", str(tmp_path / "in.epub")]
    with pytest.raises(FieldError, match="the book itself"):
        CliRunner().invoke(book, words, catch_exceptions=False, standalone_mode=False)


def test_voices_and_pronunciations_of_a_book(http: httpx.Client) -> None:
    page = (
        '<div xmlns:ssml="http://www.w3.org/2001/10/synthesis" ssml:alphabet="ipa">'
        '<p>ANN: The <i ssml:ph="ˈnjuːlɪn">Newlyn</i> pier.</p><p>“Two,” said Bob.</p></div>'
    )
    files = {"file": ("a.epub", epub({"a.xhtml": page}, [("One", "a.xhtml")]))}
    request = {"speakers": {"Ann": "tiny-high"}, "quote_voice": "tiny-high", "format": "wav"}
    form = {"request": json.dumps(request)}
    job = ended(http, http.post("/audiobooks", files=files, data=form))
    assert job["state"] == "succeeded"
    (used,) = (w["message"] for w in job["report"]["warnings"] if w["code"] == "lexicon_used")
    assert "'ssml:ph'" in used
    assert "1 of 1 entries used" in used
    vtt = http.get(f"/jobs/{job['id']}/timings", params={"format": "vtt"}).text
    assert len(set(re.findall(r"<v ([^>]+)>", vtt))) == 2
    analysis = http.post("/audiobooks/analyze", files=files, data=form).json()
    utterances = analysis["chapters"][0]["analysis"]["utterances"]
    assert [(u["spoken"], u["voice"]) for u in utterances] == [
        ("The Newlyn pier", "tiny-high"),
        ("Two", "tiny-high"),
        ("said Bob", None),
    ]
    assert "njˈulɪn" in utterances[0]["phonemes"]
    unknown = http.post("/audiobooks", files=files, data={"request": '{"quote_voice": "nobody"}'})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_voice")
