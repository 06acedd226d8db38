"""What would be said, told without audio: library and command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import rhapsode
from core.book import Book, BookChapter
from core.errors import TextError
from text.analysis import analyze_book, analyze_text
from text.frontend import open_frontend

FRONTEND = open_frontend("house-ipa")


def test_utterances_words_guesses_and_homographs() -> None:
    text = "She used 3 pens. Blorptastic!"
    found = analyze_text(FRONTEND, text, ssml=False)
    first, second = found.utterances
    assert (first.text, first.spoken) == ("She used 3 pens.", "She used three pens")
    assert first.phonemes == "ʃˈi jˈuzd θɹˈi pˈɛnz."
    assert [text[w.span.start : w.span.end] for w in first.words] == ["She", "used", "3", "pens"]
    assert found.guessed == ("Blorptastic",)
    assert [(word.text, word.sense) for word in found.homographs] == [("used", "applied")]
    assert second.seconds > 0.5
    assert found.seconds == pytest.approx(first.seconds + second.seconds, abs=0.02)


def test_silent_characters_have_reasons() -> None:
    found = analyze_text(FRONTEND, "Hi. 😀", ssml=False)
    assert [(run.text, run.reason) for run in found.unspoken] == [("😀", "emoji")]


def test_markup() -> None:
    found = analyze_text(FRONTEND, "<speak>a<break time='2s'/>b</speak>", ssml=True)
    assert [u.spoken for u in found.utterances] == ["a", "b"]
    assert found.utterances[0].seconds > 2


def test_a_book_by_chapters() -> None:
    chapters = (BookChapter("One", "One.\n\nHello."), BookChapter("Scene", "* * *"))
    book = Book(title="T", chapters=chapters)
    found = analyze_book(FRONTEND, book)
    assert [chapter.title for chapter in found.chapters] == ["One"]
    with pytest.raises(TextError, match="nothing to speak"):
        analyze_book(FRONTEND, Book(title="T", chapters=chapters[1:]))


def test_command(tmp_path: Path) -> None:
    run = CliRunner().invoke(rhapsode, ["analyze", "--json", "Hello there."])
    assert run.exit_code == 0
    (utterance,) = json.loads(run.output)["utterances"]
    assert {"text", "spoken", "phonemes", "span"} <= utterance.keys()
    assert utterance["span"] == [0, 12]
    words = ["analyze", "ANN: Hi. “No,” I said.", "--voice-of", "ann=edmund"]
    assert "edmund: Hi" in CliRunner().invoke(rhapsode, words).output
    page = tmp_path / "a.html"
    page.write_text("<h1>One</h1><p>Hello.</p><pre><code>x = 1</code></pre>")
    command = ["analyze", "--book", str(page), "--json"]
    assert "equals" not in CliRunner().invoke(rhapsode, command).output
    assert "equals" in CliRunner().invoke(rhapsode, [*command, "--include", "code"]).output
    book = tmp_path / "a.txt"
    book.write_text("CHAPTER I\n\nHello.\n\nCHAPTER II\n\nBye.")
    run = CliRunner().invoke(rhapsode, ["analyze", "--json", "--book", str(book)])
    assert len(json.loads(run.output)["chapters"]) == 2
    plain = CliRunner().invoke(rhapsode, ["analyze", "Hello there."])
    assert "Hello there\n" in plain.output
