"""Pronunciations of English words: the lexicon of the package gruut-lang-en, held in memory.

Its table has no index, a look-up costs about 10 ms. Read once, the table takes 0.2 s and about
30 MB; a word then costs under a microsecond.

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
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from core.errors import ArtifactError, ArtifactMissing
from text.g2p.guesser import Guesser
from text.g2p.tagger import PartOfSpeechTagger

Phonemes = tuple[str, ...]

_SIBILANTS = frozenset(("s", "z", "ʃ", "ʒ", "t͡ʃ", "d͡ʒ"))
_VOICELESS = frozenset(("p", "t", "k", "f", "θ"))
_RELATED_TAGS = {
    "VBN": "VBD",
    "VBP": "VB",
    "VBZ": "VB",
    "MD": "VB",
    "NNP": "NN",
    "NNS": "NN",
    "RB": "JJ",
    "VBG": "VB",
}
"""A tag without an entry of its own takes a related one's: "has read" as "she read".

Differs: gruut takes the word's first entry."""
_BASE = {"VBZ": "VB", "VB": "VB", "VBP": "VB"}
"""Tag of the word without its -s; that of a noun otherwise."""
_MARKS = re.compile(r"\W")


def open_lexicon() -> Lexicon:
    """Returns the lexicon of the installed package gruut-lang-en.

    Raises:
        ArtifactMissing: the package or one of its files is not installed.
        ArtifactError: a file is not what it should be.
    """
    package = find_spec("gruut_lang_en")  # data only: nothing of it is imported
    if package is None or package.origin is None:
        raise ArtifactMissing("there is no English lexicon; install gruut-lang-en")
    return Lexicon(Path(package.origin).parent)


class Lexicon:
    """Words to phonemes. Safe to share between threads.

    Args:
        folder: of the package gruut-lang-en.

    Raises:
        ArtifactMissing: one of its files is not there.
        ArtifactError: a file is not what it should be.
    """

    def __init__(self, folder: Path) -> None:
        self._words, self._roles = _read(folder / "lexicon.db")
        for line in (
            files("text.g2p").joinpath("english.tsv").read_text(encoding="utf-8").splitlines()
        ):
            word, phonemes = line.split("\t")
            self._words.setdefault(word, phonemes)
        self._tagger = PartOfSpeechTagger(_existing(folder / "pos" / "model.crf"))
        self._guesser = Guesser(_existing(folder / "g2p" / "model.crf"))

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def is_homograph(self, word: str) -> bool:
        """Returns whether the pronunciation depends on the part of speech."""
        plain = _plain(word)
        return plain in self._roles or (plain not in self._words and plain[:-1] in self._roles)

    def tag(self, words: Sequence[str]) -> list[str]:
        """Returns the Penn Treebank tags of a sentence's words, which come without punctuation."""
        return self._tagger.tag(words)

    def pronounce(self, word: str, tag: str = "") -> tuple[Phonemes, bool]:
        """Returns the phonemes of a word, and whether they are guessed.

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
            base = self._guesser.guess(plain[:-2])
            return (*base, *_ending(base)), True
        return self._guesser.guess(_MARKS.sub("", plain)), True

    def _find(self, word: str, tag: str) -> Phonemes | None:
        roles = self._roles.get(word, {})
        found = roles.get(tag) or roles.get(_RELATED_TAGS.get(tag, "")) or self._words.get(word)
        return tuple(found.split(" ")) if found else None


def _plain(word: str) -> str:
    """Returns the word in lower-case ASCII."""
    lowered = word.lower()
    if lowered.isascii():
        return lowered
    decomposed = unicodedata.normalize("NFKD", lowered.replace("ß", "ss").replace("ø", "o"))
    return "".join(c for c in decomposed.replace("æ", "ae").replace("œ", "oe") if c.isascii())


def _ending(base: Phonemes) -> Phonemes:
    """Returns the regular -s after these phonemes.

    Source: any English grammar; the corpus has ɪz as in ˈɔɪzɪz.
    """
    if base and base[-1] in _SIBILANTS:
        return ("ɪ", "z")
    return ("s",) if base and base[-1] in _VOICELESS else ("z",)


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ArtifactMissing(f"the English lexicon lacks {path.name}; install gruut-lang-en")
    return path


def _read(path: Path) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Returns the default pronunciation by word, and those by tag of homographs alone."""
    words: dict[str, str] = {}
    roles: dict[str, dict[str, str]] = {}
    query = "SELECT word, role, phonemes FROM word_phonemes ORDER BY word, pron_order"
    try:
        with closing(sqlite3.connect(f"file:{_existing(path)}?mode=ro", uri=True)) as connection:
            for word, role, phonemes in connection.execute(query):
                if role:
                    tag = role.removeprefix("gruut:")
                    roles.setdefault(word, {}).setdefault(tag, phonemes)
                words.setdefault(word, phonemes)
    except sqlite3.Error as error:
        raise ArtifactError(f"the English lexicon cannot be read: {error}") from error
    return words, roles
