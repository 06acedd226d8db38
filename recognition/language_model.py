"""An n-gram model of words in ARPA form, as KenLM and SRILM write it.

Source: the format of SRILM's manual, ngram-format(5): logarithms to base 10, and a weight for each
history by which it backs off to the next shorter one (Katz 1987).
"""

from __future__ import annotations

import gzip
import math
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
UNKNOWN_SCORE = -6.0
"""Logarithm to base 10 of an unknown word's probability, in models that have no ``<unk>``."""
ENGLISH = Path(__file__).with_name("english.arpa.gz")
"""The model that ships (recipe: ``benchmarks.recognition.ngrams``)."""
_COUNT = re.compile(r"ngram\s+([0-9]{1,9})\s*=\s*([0-9]{1,18})")
_SECTION = re.compile(r"\\([0-9]{1,9})-grams:")


@dataclass(frozen=True, slots=True)
class NgramModel:
    """Probabilities of words after others.

    Attributes:
        order: words of the longest n-grams.
        scores: n-gram → natural logarithm of its last word's probability after the others.
        backoffs: history → natural logarithm of its weight, where that is not 0.
    """

    order: int
    scores: dict[tuple[str, ...], float]
    backoffs: dict[tuple[str, ...], float]

    def __contains__(self, word: str) -> bool:
        """Returns whether a word is known."""
        return (word,) in self.scores

    @property
    def words(self) -> list[str]:
        """All words that are known, the marks of beginning, end and the unknown left aside."""
        marks = (BEGIN, END, UNKNOWN)
        return [gram[0] for gram in self.scores if len(gram) == 1 and gram[0] not in marks]

    def score(self, history: Sequence[str], word: str) -> float:
        """Returns the natural logarithm of a word's probability after a history.

        Args:
            history: the words before, from ``<s>`` on; the last ``order`` - 1 count.
            word: a word, or ``</s>``.
        """
        if word not in self:
            word = UNKNOWN
        context = tuple(history[max(0, len(history) - self.order + 1) :])
        known = tuple(w if w in self else UNKNOWN for w in context)
        backoff = 0.0
        while (*known, word) not in self.scores:
            if not known:
                return backoff + UNKNOWN_SCORE * math.log(10.0)
            backoff += self.backoffs.get(known, 0.0)
            known = known[1:]
        return backoff + self.scores[(*known, word)]


def read_arpa(lines: Iterable[str]) -> NgramModel:
    r"""Reads a model.

    Raises:
        InputError: the text is no ARPA file, or has not as many n-grams as its head says.

    >>> text = "\\data\\\nngram 1=2\n\n\\1-grams:\n-1.0\ta\t-0.5\n-2.0\tb\n\n\\end\\"
    >>> round(read_arpa(text.splitlines()).score(["a"], "b") / math.log(10), 6)
    -2.0
    """
    scores, backoffs = dict[tuple[str, ...], float](), dict[tuple[str, ...], float]()
    counts, length, ended = dict[int, int](), 0, False
    for number, line in enumerate(map(str.strip, lines), 1):
        if line.startswith("\\") and (section := _SECTION.fullmatch(line)):
            length = int(section[1])
        elif line == "\\end\\":
            ended = True
            break
        elif length and line:
            try:
                gram, score, backoff = _entry(line, length)
            except ValueError:
                raise InputError(f"line {number} is no {length}-gram: {line[:60]!r}") from None
            scores[gram] = score
            if backoff:
                backoffs[gram] = backoff
        elif count := _COUNT.fullmatch(line):
            counts[int(count[1])] = int(count[2])
    if not ended or not scores:
        raise InputError("it is no language model in ARPA form, or cut off")
    found = Counter(map(len, scores))
    for size in sorted(counts.keys() | found.keys()):
        if found[size] != counts.get(size, 0):
            listed = counts.get(size, 0)
            raise InputError(f"it has {found[size]} {size}-grams, its head says {listed}")
    return NgramModel(max(found), scores, backoffs)


def open_arpa(path: Path) -> NgramModel:
    """Reads a model's file, whose name ends in ``.gz`` if it is compressed.

    Raises:
        InputError: it is no model.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", errors="replace") as lines:
            return read_arpa(lines)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path.name} is no language model: {error}") from error


def _entry(line: str, length: int) -> tuple[tuple[str, ...], float, float]:
    """Returns the words of a line, and natural logarithms of their probability and weight.

    Raises:
        ValueError: it is no n-gram of this length, or its numbers are none of a logarithm.
    """
    fields = line.split()
    if len(fields) not in (length + 1, length + 2):
        raise ValueError
    score, backoff = float(fields[0]), float(fields[-1]) if len(fields) == length + 2 else 0.0
    if not (-math.inf < score <= 0.0 and math.isfinite(backoff)):
        raise ValueError
    # The same word stands in many n-grams: one string for all of them.
    gram = tuple(map(sys.intern, fields[1 : length + 1]))
    return gram, score * math.log(10.0), backoff * math.log(10.0)


def arpa_lines(model: NgramModel) -> Iterator[str]:
    """Yields the lines of a model in ARPA form."""
    grams: dict[int, list[tuple[str, ...]]] = {n: [] for n in range(1, model.order + 1)}
    for gram in model.scores:
        grams[len(gram)].append(gram)
    yield "\\data\\"
    for length, own in grams.items():
        yield f"ngram {length}={len(own)}"
    for length, own in grams.items():
        yield ""
        yield f"\\{length}-grams:"
        for gram in own:
            fields = [f"{model.scores[gram] / math.log(10.0):.4f}", " ".join(gram)]
            if gram in model.backoffs:
                fields.append(f"{model.backoffs[gram] / math.log(10.0):.4f}")
            yield "\t".join(fields)
    yield ""
    yield "\\end\\"
