"""The file a run leaves: figures per system and set of sentences, and which sentences they were."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.quality.scores import Scores, sum_up
from benchmarks.quality.sentences import Sentence

SETS = {
    "held-out": "Held-out LJSpeech sentences, which the teacher speaks too",
    "own": "Sentences written for this bench (dialogue, numbers, names; the teacher has none)",
}
"""Sets of sentences, and what a table says above them."""

Document = dict[str, Any]


class OtherSentences(Exception):
    """Two runs heard different sentences; their figures must not meet."""


def new_document(sentences: Sequence[Sentence], missing: Sequence[str], date: str) -> Document:
    """A run without systems.

    Args:
        sentences: that every system says.
        missing: judges that could not be loaded, and why.
        date: of the run, for readers.
    """
    sets = {name: [s for s in sentences if s.own == (name == "own")] for name in SETS}
    return {
        "date": date,
        "listener": "whisper-tiny.en",
        "judges_missing": list(missing),
        "sentences": {n: {"count": len(some), "digest": digest(some)} for n, some in sets.items()},
        "systems": {},
    }


def digest(sentences: Sequence[Sentence]) -> str:
    """SHA-256 over ids and texts: equal only for the same sentences in the same order."""
    lines = "".join(f"{sentence.id} | {sentence.text}\n" for sentence in sentences)
    return hashlib.sha256(lines.encode()).hexdigest()


def row(result: Scores | str, sentences: Sequence[Sentence], parts: dict[str, str]) -> Document:
    """What the file says of a system.

    Args:
        result: scores over all sentences, or why there are none.
        sentences: of the run.
        parts: kind, and of ours the voice and its components.
    """
    if isinstance(result, str):
        return {"parts": parts, "missing": result}
    own, sets = {s.text for s in sentences if s.own}, {}
    for name in SETS:
        some = [o for o in result.opinions if (o.heard.text in own) == (name == "own")]
        if some:
            sets[name] = sum_up(some).as_json()
            del sets[name]["opinions"]
    return {"parts": parts, "sets": sets, "opinions": [asdict(o) for o in result.opinions]}


def same_sentences(one: Document, other: Document) -> None:
    """Refuses to compare figures of different sentences.

    Raises:
        OtherSentences: they differ.
    """
    for name in SETS:
        first, second = one["sentences"][name], other["sentences"][name]
        if first["digest"] != second["digest"]:
            counts = f"{first['count']} and {second['count']} sentences"
            raise OtherSentences(f"set {name!r} differs ({counts}); figures cannot be compared")


def read(path: Path) -> Document:
    """A file of an earlier run, or bands."""
    document: Document = json.loads(path.read_text("utf-8"))
    return document


def write(path: Path, document: Document) -> None:
    """Writes a file, and the folder it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
