"""Several voices in plain text: tags, speakers of a script, quotations."""

from __future__ import annotations

import pytest

from core.book import ReadingOptions
from core.text import VoiceAssignment
from text.books.reader import read_book
from text.frontend import open_frontend

FRONTEND = open_frontend("house-ipa")
NONE: dict[str, str] = {}


def voices_of(text: str, speakers: dict[str, str] = NONE, quotes: str | None = None) -> str:
    """Returns the utterances, each with its voice before it; every character is accounted for."""
    assignment = VoiceAssignment(speakers=speakers, quotes=quotes)
    analysis = FRONTEND.analyze(text, ssml=False, voices=assignment)
    accounted = {at for u in analysis.utterances for at in range(u.span.start, u.span.end)}
    accounted |= {at for s in analysis.silences for at in range(s.span.start, s.span.end)}
    assert accounted == set(range(len(text)))
    return " ".join(f"{u.voice or '-'}: {u.text}" for u in analysis.utterances)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[voice:ed] Hello.\nBye.", "ed: Hello. -: Bye."),
        ("[voice:ed] Hello.\n\nBye.", "ed: Hello. -: Bye."),
        ("[voice:ed]\nHello.\n\nI stay.\n[voice]\nBye.", "ed: Hello. ed: I stay. -: Bye."),
        ("[voice:ed] Hi.\n[voice:cl] Ho.\n", "ed: Hi. cl: Ho."),
        ("One. [voice:ed] Two. [/voice] Three.", "-: One. ed: Two. -: Three."),
        (f"[voice:ed] {'long ' * 12}line\ngoes on.", f"ed: {'long ' * 12}line goes on."),
        ("No [voice: what?] here.", "-: No, voice: what? here."),
    ],
)
def test_tags(text: str, expected: str) -> None:
    assert voices_of(text) == expected


SCRIPT = (
    "ROMEO: But soft!\nIt is the east.\nNURSE: Madam!\n\nThey go.\n\n"
    "JULIET.\n\nAy me!\nAnon.\n\nExeunt."
)


def test_speakers_of_a_script() -> None:
    assert voices_of(SCRIPT, {"Romeo": "ed", "Juliet": "cl"}) == (
        "ed: But soft! ed: It is the east. -: nurse: Madam! -: They go. "
        "cl: Ay me! cl: Anon. -: Exeunt."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“I am,” said Bob, “here.”", "q: I am, -: said Bob, q: here."),
        ('"Stop!" he cried. "Now."', "q: Stop! -: he cried. q: Now."),
        ("The “art” of “War and Peace”.", "-: The art of War and Peace."),
        ("“One.\n\n“Two.” He left.", "q: One. q: Two. -: He left."),
        (
            "‘I don’t know,’ said she. The boys’ hat.",
            "q: I don't know, -: said she. -: The boys hat.",
        ),
        ('A 5" nail and a "no".', "-: A five inch nail and a no."),
    ],
)
def test_quotations(text: str, expected: str) -> None:
    assert voices_of(text, quotes="q") == expected


def test_a_speaker_quotes_in_the_own_voice() -> None:
    text = "ANN: He said, “Go away, now.”\n\n“I did,” said Bob."
    assert (
        voices_of(text, {"ANN": "cl"}, "q") == "cl: He said, Go away, now. q: I did, -: said Bob."
    )


def test_a_wrapped_script_keeps_its_speeches() -> None:
    line = "word " * 14
    text = f"{line}\n{line}\nANN: {line}\n{line}end.\nBOB: {line}\n{line}end.\n"
    (chapter,) = read_book(text.encode(), "a.txt", ReadingOptions(speakers=("Ann", "Bob"))).chapters
    assert [p[:5] for p in chapter.text.split("\n\n")] == ["word ", "ANN: ", "BOB: "]
