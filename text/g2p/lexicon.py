"""Pronunciation of plain words: gruut's English lexicon in memory, its tagger and its guesser.

gruut's own path through a sentence costs about 10 ms a word (a look-up in an unindexed table).
Read once, the table takes 0.2 s and about 30 MB; a word then costs under a microsecond.

Source: rhasspy/gruut@2.4.0 gruut/lang.py, gruut/phonemize.py (MIT): order of look-ups, roles.
Differs: possessives and plurals of listed words get the regular ending instead of a guess for
the whole. ``english.tsv`` adds words that the lexicon lacks (units, ordinals, today's words).
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Sequence
from contextlib import closing
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from threading import Lock

from gruut.g2p import GraphemesToPhonemes
from gruut.pos import PartOfSpeechTagger

from core.errors import ArtifactError, ArtifactMissing

Phonemes = tuple[str, ...]

_HISSING = frozenset(("s", "z", "ʃ", "ʒ", "t͡ʃ", "d͡ʒ"))
_VOICELESS = frozenset(("p", "t", "k", "f", "θ"))
_KIN = {
    "VBN": "VBD",
    "VBP": "VB",
    "VBZ": "VB",
    "MD": "VB",
    "NNP": "NN",
    "NNS": "NN",
    "RB": "JJ",
    "VBG": "VB",
}
"""A tag without an entry of its own takes that of its kin: "has read" as "she read".

Differs: gruut takes the word's first entry."""
_BASE = {"VBZ": "VB", "VB": "VB", "VBP": "VB"}
"""Tag of the word without its -s; a noun's otherwise."""
_MARKS = re.compile(r"\W")


class Lexicon:
    """Words to phonemes. Safe to share between threads.

    Args:
        folder: of the package gruut_lang_en.

    Raises:
        ArtifactMissing: its files are not there.
        ArtifactError: they are not what they should be.
    """

    def __init__(self, folder: Path) -> None:
        self._words, self._roles = _read(folder / "lexicon.db")
        for line in (
            files("text.g2p").joinpath("english.tsv").read_text(encoding="utf-8").splitlines()
        ):
            word, phonemes = line.split("\t")
            self._words.setdefault(word, phonemes)
        self._tagger = PartOfSpeechTagger(_present(folder / "pos" / "model.crf"))
        self._guesser = GraphemesToPhonemes(_present(folder / "g2p" / "model.crf"))
        # pycrfsuite keeps the sequence in the tagger between set and viterbi.
        self._lock = Lock()
        self._guessed = lru_cache(maxsize=8192)(self._guess)

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def is_homograph(self, word: str) -> bool:
        """True where the pronunciation depends on the part of speech."""
        plain = _plain(word)
        return plain in self._roles or (plain not in self._words and plain[:-1] in self._roles)

    def tags(self, words: Sequence[str]) -> list[str]:
        """Penn Treebank tags of a sentence's words, without punctuation."""
        with self._lock:
            return list(self._tagger(words))

    def pronounce(self, word: str, tag: str = "") -> tuple[Phonemes, bool]:
        """Phonemes of a word, and whether they are guessed.

        Args:
            word: letters and apostrophes.
            tag: its part of speech, or ``letter`` for a letter's name.
        """
        plain = _plain(word)
        for form in (word.lower(), plain, _MARKS.sub("", plain)):
            if found := self._find(form, tag):
                return found, False
            if plain.endswith("'s") and (base := self._find(plain[:-2], "NN")):
                return (*base, *_ending(base)), False
        if plain.endswith("s") and (base := self._find(plain[:-1], _BASE.get(tag, "NN"))):
            return (*base, *_ending(base)), False
        if plain.endswith("'s") and len(plain) > 2:
            base = self._guessed(plain[:-2])
            return (*base, *_ending(base)), True
        return self._guessed(_MARKS.sub("", plain)), True

    def _find(self, word: str, tag: str) -> Phonemes | None:
        roles = self._roles.get(word, {})
        found = roles.get(tag) or roles.get(_KIN.get(tag, "")) or self._words.get(word)
        return tuple(found.split(" ")) if found else None

    def _guess(self, word: str) -> Phonemes:
        with self._lock:
            return tuple(self._guesser(word)) if word else ()


def _plain(word: str) -> str:
    lowered = word.lower()
    if lowered.isascii():
        return lowered
    spread = unicodedata.normalize("NFKD", lowered.replace("ß", "ss").replace("ø", "o"))
    return "".join(c for c in spread.replace("æ", "ae").replace("œ", "oe") if c.isascii())


def _ending(base: Phonemes) -> Phonemes:
    """The regular -s. Source: any English grammar; the corpus has ɪz as in ˈɔɪzɪz."""
    if base and base[-1] in _HISSING:
        return ("ɪ", "z")
    return ("s",) if base and base[-1] in _VOICELESS else ("z",)


def _present(path: Path) -> Path:
    if not path.is_file():
        raise ArtifactMissing(f"the English lexicon lacks {path.name}; install gruut-lang-en")
    return path


def _read(path: Path) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Default pronunciation by word; pronunciations by tag, of homographs alone."""
    words: dict[str, str] = {}
    roles: dict[str, dict[str, str]] = {}
    query = "SELECT word, role, phonemes FROM word_phonemes ORDER BY word, pron_order"
    try:
        with closing(sqlite3.connect(f"file:{_present(path)}?mode=ro", uri=True)) as connection:
            for word, role, phonemes in connection.execute(query):
                if role:
                    tag = role.removeprefix("gruut:")
                    roles.setdefault(word, {}).setdefault(tag, phonemes)
                words.setdefault(word, phonemes)
    except sqlite3.Error as error:
        raise ArtifactError(f"the English lexicon cannot be read: {error}") from error
    return words, roles
