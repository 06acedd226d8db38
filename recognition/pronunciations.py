"""Words by the phonemes that spell them: a prefix tree, as the search for words walks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.mel import Float32, Int64
from recognition.labels import CHARACTERS, GAP, label_of_symbol
from text.frontend import english_lexicon
from text.g2p.homographs import homograph_pronunciations
from text.g2p.lexicon import STRESSED_PHONES, encode
from text.g2p.symbols import symbol_table

ROOT: Final = 0
"""Node before a word's first phoneme."""
LONGEST_WORD: Final = 64
"""Characters; longer words are not looked for."""
_SPELLING: Final = frozenset(CHARACTERS) - {GAP}


@dataclass(frozen=True, slots=True)
class PronunciationTree:
    """Words under the labels of their phonemes; words that begin alike share nodes.

    Nodes are numbered level by level, those below one node in a row.

    Attributes:
        words: all words; the index is a word's number.
        labels: (nodes,) int64 label by which a node is reached; 0 of the root.
        parents: (nodes,) int64 node above; 0 of the root.
        levels: first node of each level, the root's left out, and the number of nodes.
        first: (nodes + 1,) int64 first node below each node, up to the next node's first.
        endings: (nodes + 1,) int64 place in ``ended`` of each node's words, up to the next node's.
        ended: (pronunciations,) int64 numbers of the words that end, node by node.
    """

    words: Sequence[str]
    labels: Int64
    parents: Int64
    levels: tuple[int, ...]
    first: Int64
    endings: Int64
    ended: Int64

    def best_below(self, scores: Float32) -> Float32:
        """Returns the best score of the words at and below each node, (nodes,) float32.

        Args:
            scores: (words,) of each word.
        """
        best = np.full(len(self.labels), -np.inf, np.float32)
        nodes = np.repeat(np.arange(len(best)), np.diff(self.endings))
        np.maximum.at(best, nodes, scores[self.ended])
        for start, stop in zip(self.levels[-2::-1], self.levels[:0:-1], strict=True):
            np.maximum.at(best, self.parents[start:stop], best[start:stop])
        return best


def pronunciation_tree(pronunciations: Mapping[str, Iterable[bytes]]) -> PronunciationTree:
    """Returns the tree of words.

    Args:
        pronunciations: word → labels of the phonemes of each of its pronunciations, a byte each;
            empty ones are left out.

    >>> tree = pronunciation_tree({"a": [bytes([5])], "at": [bytes([5, 7])]})
    >>> tree.labels.tolist(), tree.parents.tolist(), tree.ended.tolist()
    ([0, 5, 7], [0, 0, 1], [0, 1])
    """
    words = list(pronunciations)
    pairs = [
        (spelling, number)
        for number, word in enumerate(words)
        for spelling in {*pronunciations[word]} - {b""}
    ]
    lengths = np.array([len(spelling) for spelling, _ in pairs], np.int64)
    longest = int(lengths.max(initial=0))
    padded = b"".join(spelling.ljust(longest, b"\0") for spelling, _ in pairs)
    letters = np.frombuffer(padded, np.uint8).reshape(len(pairs), longest).astype(np.int64)
    nodes = np.zeros(len(pairs), np.int64)
    labels, parents, levels = [np.zeros(1, np.int64)], [np.zeros(1, np.int64)], [1]
    for depth in range(longest):
        longer = np.flatnonzero(lengths > depth)
        steps, own = np.unique(nodes[longer] * 256 + letters[longer, depth], return_inverse=True)
        nodes[longer] = levels[-1] + own
        labels.append(steps % 256)
        parents.append(steps // 256)
        levels.append(levels[-1] + len(steps))
    every = np.arange(levels[-1] + 1)
    above = np.concatenate(parents)
    order = np.argsort(nodes, kind="stable")
    return PronunciationTree(
        words=words,
        labels=np.concatenate(labels),
        parents=above,
        levels=tuple(levels),
        first=np.searchsorted(above[1:], every) + 1,
        endings=np.searchsorted(nodes[order], every),
        ended=np.array([number for _, number in pairs], np.int64)[order],
    )


def english_pronunciations(symbols: str, words: Iterable[str] = ()) -> dict[str, set[bytes]]:
    """Returns the words of the dictionary, and others, with labels of their phonemes.

    Words of other characters than a to z and apostrophes are left out, and those that nobody can
    pronounce.

    Args:
        symbols: name of a table with the phonemes of English.
        words: that have to be among them, as those of a language model.
    """
    table, label, lexicon = symbol_table(symbols), label_of_symbol(symbols), english_lexicon()

    def label_of(phone: str) -> int:
        return label[table.ids([phone if phone in table else phone.lstrip("ˈˌ")])[0]]

    # In Latin-1 a character is a byte of the same number.
    of_code = {ord(encode((phone,))): chr(label_of(phone)) for phone in STRESSED_PHONES}
    found = dict[str, set[bytes]]()

    def add(word: str, codes: str) -> None:
        found.setdefault(word, set()).add(codes.translate(of_code).encode("latin-1"))

    for word, codes in lexicon.encoded():
        if len(word) <= LONGEST_WORD and _SPELLING.issuperset(word):
            add(word, codes)
    for word, phonemes in homograph_pronunciations():
        add(word, encode(phonemes))
    for word in words:
        if word not in found and len(word) <= LONGEST_WORD and _SPELLING.issuperset(word):
            phonemes, _ = lexicon.pronounce(word)
            if phonemes:
                add(word, encode(phonemes))
    return found
