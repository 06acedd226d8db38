"""The sentences that every system speaks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SENTENCES = Path(__file__).parent / "sentences.txt"
OWN_PREFIX = "OWN-"


@dataclass(frozen=True, slots=True)
class BenchSentence:
    """One line of ``sentences.txt``.

    Attributes:
        id: an id of the corpus (``LJ…``), or ``OWN-…`` for texts written for the bench.
        text: as given to every system.
    """

    id: str
    text: str

    @property
    def own(self) -> bool:
        """Whether it was written for the bench, so that the teacher has no audio of it."""
        return self.id.startswith(OWN_PREFIX)


def read_sentences(limit: int | None = None, path: Path = SENTENCES) -> list[BenchSentence]:
    """Reads the sentences in their fixed order.

    Args:
        limit: how many; taken at even distances over the whole list, never by result.
        path: the file.
    """
    lines = path.read_text("utf-8").splitlines()
    pairs = [line.split(" | ", 1) for line in lines if line and not line.startswith("#")]
    sentences = [BenchSentence(id=id, text=text) for id, text in pairs]
    return spread_out(sentences, limit or len(sentences))


def spread_out(sentences: list[BenchSentence], count: int) -> list[BenchSentence]:
    """Returns every k-th sentence, so that a short run has both sets.

    >>> spread_out([BenchSentence(str(i), "") for i in range(6)], 3)[1].id
    '2'
    """
    count = min(count, len(sentences))
    return [sentences[i * len(sentences) // count] for i in range(count)]
