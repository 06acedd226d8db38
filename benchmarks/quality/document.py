"""The JSON file of a run: figures per system and set of sentences, and digests of the sentences."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.quality.scores import Scores, summarize
from benchmarks.quality.sentences import BenchSentence

SETS = {
    "held-out": "Held-out LJSpeech sentences, which the teacher speaks too",
    "own": "Sentences written for this bench (dialogue, numbers, names; the teacher has none)",
}
"""Sets of sentences, and what a table says above them."""

Document = dict[str, Any]


class DifferentSentences(Exception):
    """Two runs had different sentences: their figures cannot be compared."""


def new_document(sentences: Sequence[BenchSentence], missing: Sequence[str], date: str) -> Document:
    """Returns the document of a run without systems.

    Args:
        sentences: what every system speaks.
        missing: reasons why MOS predictors could not be loaded.
        date: date of the run.
    """
    sets = {name: [s for s in sentences if s.own == (name == "own")] for name in SETS}
    return {
        "date": date,
        "recognizer": "whisper-tiny.en",
        "predictors_missing": list(missing),
        "sentences": {n: {"count": len(some), "digest": digest(some)} for n, some in sets.items()},
        "systems": {},
    }


def digest(sentences: Sequence[BenchSentence]) -> str:
    """Returns the SHA-256 over ids and texts, in order."""
    lines = "".join(f"{sentence.id} | {sentence.text}\n" for sentence in sentences)
    return hashlib.sha256(lines.encode()).hexdigest()


def row(
    result: Scores | str, sentences: Sequence[BenchSentence], parts: dict[str, str]
) -> Document:
    """Returns the entry of a system.

    Args:
        result: scores over all sentences, or why there are none.
        sentences: sentences of the run.
        parts: voice and components of our own systems.
    """
    if isinstance(result, str):
        return {"parts": parts, "missing": result}
    own, sets = {s.text for s in sentences if s.own}, {}
    for name in SETS:
        some = [o for o in result.sentence_scores if (o.recognition.text in own) == (name == "own")]
        if some:
            sets[name] = summarize(some).as_json()
            del sets[name]["sentence_scores"]
    return {
        "parts": parts,
        "sets": sets,
        "sentence_scores": [asdict(o) for o in result.sentence_scores],
    }


def same_sentences(one: Document, other: Document) -> None:
    """Checks that two runs had the same sentences.

    Raises:
        DifferentSentences: they differ.
    """
    for name in SETS:
        first, second = one["sentences"][name], other["sentences"][name]
        if first["digest"] != second["digest"]:
            counts = f"{first['count']} and {second['count']} sentences"
            raise DifferentSentences(f"set {name!r} differs ({counts}); figures cannot be compared")


def read(path: Path) -> Document:
    """Reads the file of a run, or bands."""
    document: Document = json.loads(path.read_text("utf-8"))
    return document


def write(path: Path, document: Document) -> None:
    """Writes a document and makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
