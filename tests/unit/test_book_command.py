"""``rhapsode book``: what it says before anything is spoken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.book import book
from core.errors import FieldError
from tests.epub_files import epub


@pytest.fixture
def file(tmp_path: Path) -> Path:
    pages = {
        "a.xhtml": "<h1>One</h1><p>Text of many quxwords.</p><pre><code>f()</code></pre>",
        "b.xhtml": "<p>Two more words.</p>",
    }
    path = tmp_path / "small.epub"
    path.write_bytes(epub(pages, [("One", "a.xhtml"), ("Two", "b.xhtml")]))
    return path


@pytest.fixture(autouse=True)
def _no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*args: object, **options: object) -> None:
        raise AssertionError("a service was started")

    monkeypatch.setattr("cli.stack.Stack.__enter__", start)
    monkeypatch.delenv("RHAPSODE_URL", raising=False)


def run(*arguments: str | Path) -> object:
    return book.main([str(argument) for argument in arguments], standalone_mode=False)


def test_a_list_needs_no_service(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file, "--list", "--json") == 0
    view = json.loads(capsys.readouterr().out)
    assert [(c["number"], c["title"], c["words"]) for c in view["chapters"]] == [
        (1, "One", 5),
        (2, "Two", 3),
    ]
    assert view["chapters"][1]["seconds"] == pytest.approx(1.1)
    assert [notice["code"] for notice in view["notices"]] == ["left_out_code"]


def test_a_list_shows_what_is_chosen_and_left_out(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(file, "--list", "--chapters", "2", "--include", "code", "--say-titles") == 0
    shown = capsys.readouterr()
    assert "Two" in shown.out
    assert "One" not in shown.out
    assert shown.err == ""


def test_a_dry_run_shows_all_warnings(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file, "--dry-run") == 0
    warnings = capsys.readouterr().err
    assert "left_out_code" in warnings
    assert "word_guessed" in warnings


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (("--include", "pictures", "--list"), "include"),
        (("-o", "missing/book.m4b"), "--out"),
        (("-o", "book.tex"), "format"),
        (("-o", "missing/book.m4b", "--dry-run"), "--out"),
        (("-o", "book.mp3", "--bit-rate", "99000", "--dry-run"), "bit_rate"),
        (("-o", "book.opus", "--sample-rate", "22050"), "sample_rate"),
        ((), "--out"),
        (("--chapters", "one", "--list"), "--chapters"),
    ],
)
def test_mistakes_are_named_before_a_service_starts(
    file: Path, options: tuple[str, ...], field: str
) -> None:
    with pytest.raises(FieldError) as refused:
        run(file, *options)
    assert refused.value.field.startswith(field)
