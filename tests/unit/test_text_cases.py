"""Shared cases of hard texts: every one is read as its row says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import TextError
from text.frontend import open_frontend

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases" / "text"
FRONTEND = open_frontend("house-ipa")


def rows() -> Iterator[tuple[str, str]]:
    """Inputs and what they are read as."""
    for name in ("readings", "lines"):
        path = CASES / f"{name}.tsv"
        if not path.is_file():
            reason = pytest.mark.skip(reason="the shared cases are not beside this checkout")
            yield pytest.param("", "", marks=reason, id=name)  # type: ignore[misc]
            continue
        for line in path.read_text(encoding="utf-8").splitlines()[1:]:
            text, *_, right = line.split("\t")
            unescaped = re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), text)
            yield unescaped.replace("\\n", "\n"), right


def words(text: str) -> list[str]:
    """Words without case and punctuation; | stays."""
    return re.sub(r"[^\w\s|']", "", text.lower().replace("-", " ")).split()


@pytest.mark.parametrize(("text", "right"), list(rows()))
def test_read_as_it_should(text: str, right: str) -> None:
    if right.startswith("silence"):
        with pytest.raises(TextError, match="nothing to speak"):
            FRONTEND.analyze(text, ssml=False)
        return
    analysis = FRONTEND.analyze(text, ssml=False)
    if match := re.fullmatch(r"(.+) = /(.+)/", right):
        sounds = [
            "".join(utterance.phonemes[word.start : word.end])
            for utterance in analysis.utterances
            for word in utterance.words
            if match[1] in (word.text, text[word.span.start : word.span.end])
        ]
        assert sounds == [match[2]]
        return
    ends = " | " if "|" in right else " "
    assert words(ends.join(u.text for u in analysis.utterances)) == words(right)
