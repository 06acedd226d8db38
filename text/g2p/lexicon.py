"""Pronunciations of English words, held in memory.

``english.lexicon.gz`` merges the lexicon of gruut-lang-en, which the voices learnt from, with
misaki's American dictionaries (recipe: ``training.pronunciation.lexicon``). ``english.tsv`` adds
what both lack and corrects them; ``*`` there stands for a word that is spelled. Words that neither
has are derived from words that they have, else guessed.

Source: PyPI gruut-lang-en 2.0.1 (MIT); PyPI misaki 0.9.4 (Apache-2.0); rhasspy/gruut@2.4.0
gruut/lang.py, gruut/phonemize.py (MIT): order of look-ups, roles.
Differs: possessives and plurals of listed words get the regular ending instead of a guess for
the whole.
"""

from __future__ import annotations

import gzip
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from core.errors import ArtifactMissing
from text.g2p.guesser import Guesser
from text.g2p.morphology import Morphology, ending, spelled
from text.g2p.tagger import PartOfSpeechTagger

Phonemes = tuple[str, ...]

_VOWELS = ("aɪ", "aʊ", "eɪ", "i", "oʊ", "u", "æ", "ɑ", "ɔ", "ɔɪ", "ə", "ɚ", "ɛ", "ɪ", "ʊ", "ʌ")
_CONSONANTS = (
    *("b", "d", "d͡ʒ", "f", "h", "j", "k", "l", "m", "n", "p", "s", "t", "t͡ʃ", "v", "w", "z"),
    *("ð", "ŋ", "ɡ", "ɹ", "ʃ", "ʒ", "θ"),
)
PHONES = frozenset((*_VOWELS, *_CONSONANTS))
STRESSED_PHONES = (*_CONSONANTS, *(mark + vowel for vowel in _VOWELS for mark in ("", "ˈ", "ˌ")))
_CODES = {phone: chr(ord("!") + i) for i, phone in enumerate(STRESSED_PHONES)}
_BY_CODE = {code: phone for phone, code in _CODES.items()}

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
_LONGEST_DERIVED = 40
"""Letters; what is longer is guessed without looking for the words in it."""


def encode(phonemes: Phonemes) -> str:
    """Returns phonemes as one character each, as the lexicon's file has them."""
    return "".join(_CODES[phone] for phone in phonemes)


def open_lexicon() -> Lexicon:
    """Returns the lexicon, with the tagger of the installed package gruut-lang-en.

    Raises:
        ArtifactMissing: the package or a file is not installed.
    """
    try:
        import gruut_lang_en
    except ImportError as error:
        message = "there is no English tagger; install gruut-lang-en"
        raise ArtifactMissing(message) from error
    return Lexicon(_existing(Path(gruut_lang_en.get_lang_dir()) / "pos" / "model.crf"))


class Lexicon:
    """Words to phonemes. Safe to share between threads.

    Args:
        tagger: the model of the part-of-speech tagger.

    Raises:
        ArtifactMissing: a file is not there.
    """

    def __init__(self, tagger: Path) -> None:
        self._words: dict[str, str] = {}
        self._roles: dict[str, dict[str, str]] = {}
        self._plain: set[str] = set()
        folder = Path(str(files("text.g2p")))
        self._read_built(_existing(folder / "english.lexicon.gz"))
        self._read_additions(folder / "english.tsv")
        # Most roles do not change the sound: "the" and "an" have one each.
        self._homographs = {
            word
            for word, roles in self._roles.items()
            if word not in ("a", "an", "the") and len({self._words[word], *roles.values()}) > 1
        }
        self._tagger = PartOfSpeechTagger(tagger)
        self._guesser = Guesser(_existing(folder / "guesser.npz"))
        self._morphology = Morphology(self.find, self._plain.__contains__)
        self._pronounce = lru_cache(maxsize=16384)(self._uncached)

    def _read_built(self, path: Path) -> None:
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            word, phonemes, plain, *roles = line.split("\t")
            self._words[word] = phonemes
            if plain:
                self._plain.add(word)
            if roles:
                self._roles[word] = dict(role.split("=", 1) for role in roles)

    def _read_additions(self, path: Path) -> None:
        for line in path.read_text(encoding="utf-8").splitlines():
            word, phonemes = line.split("\t")
            found = spelled(word, self.letter) if phonemes == "*" else tuple(phonemes.split(" "))
            self._words[word] = encode(found)
            self._roles.pop(word, None)

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def is_homograph(self, word: str) -> bool:
        """Returns whether the pronunciation depends on the part of speech."""
        plain = word.lower()
        return plain in self._homographs or (
            plain not in self._words and plain[:-1] in self._homographs
        )

    def tag(self, words: Sequence[str]) -> list[str]:
        """Returns the Penn Treebank tags of a sentence's words, which come without punctuation."""
        return self._tagger.tag(words)

    def letter(self, letter: str) -> Phonemes:
        """Returns the name of a letter."""
        return self.find(letter.lower(), "letter") or ()

    def pronounce(self, word: str, tag: str = "") -> tuple[Phonemes, bool]:
        """Returns the phonemes of a word, and whether they are guessed.

        Args:
            word: letters and apostrophes.
            tag: its part of speech, or ``letter`` for a letter's name.
        """
        return self._pronounce(word, tag)

    def _uncached(self, word: str, tag: str) -> tuple[Phonemes, bool]:
        plain = _plain(word)
        for form in (word.lower(), plain, _MARKS.sub("", plain)):
            if found := self.find(form, tag):
                return found, False
            if plain.endswith("'s") and (base := self.find(plain[:-2], "NN")):
                return (*base, *ending(base)), False
        if plain.endswith("s") and (base := self.find(plain[:-1], _BASE.get(tag, "NN"))):
            return (*base, *ending(base)), False
        if plain.endswith("'s") and len(plain) > 2:
            base, guessed = self.pronounce(plain[:-2], "NN")
            return (*base, *ending(base)), guessed
        letters = _MARKS.sub("", plain)
        if len(letters) <= _LONGEST_DERIVED:
            if found := self._morphology.derive(letters):
                return found, False
            if is_unpronounceable(letters):
                if letters.endswith("s") and len(letters) > 3:
                    base = spelled(letters[:-1], self.letter)  # pdfs
                    return (*base, *ending(base)), False
                return spelled(letters, self.letter), False
            if found := self._morphology.compound(letters):
                return found, True
        return self._guesser.guess(letters), True

    def words(self) -> Iterator[tuple[str, Phonemes]]:
        """Yields every word with its pronunciation."""
        for word, codes in self._words.items():
            yield word, tuple(_BY_CODE[code] for code in codes)

    def encoded(self) -> Iterator[tuple[str, str]]:
        """Yields every word with each of its pronunciations as ``encode`` writes them.

        Names of letters that are words, too, are left out.
        """
        for word, codes in self._words.items():
            yield word, codes
            for tag, other in self._roles.get(word, {}).items():
                if tag != "letter" and other != codes:
                    yield word, other

    def find(self, word: str, tag: str = "") -> Phonemes | None:
        """Returns the phonemes of a listed word, None for others."""
        roles = self._roles.get(word, {})
        found = roles.get(tag) or roles.get(_RELATED_TAGS.get(tag, "")) or self._words.get(word)
        return tuple(_BY_CODE[code] for code in found) if found else None


def is_unpronounceable(word: str) -> bool:
    """Returns whether a short word has no vowel and so is spelled: pdf, html, dvd.

    >>> is_unpronounceable("html"), is_unpronounceable("hymn"), is_unpronounceable("brrr")
    (True, False, False)
    """
    vowelless = 1 < len(word) < 6 and not re.search(r"[aeiouyàâéèêëîïôûü]", word)
    return vowelless and not re.search(r"(.)\1$|(.)\2\2", word)


def _plain(word: str) -> str:
    """Returns the word in lower-case ASCII."""
    lowered = word.lower()
    if lowered.isascii():
        return lowered
    decomposed = unicodedata.normalize("NFKD", lowered.replace("ß", "ss").replace("ø", "o"))
    replaced = decomposed.replace("æ", "ae").replace("œ", "oe").replace("ł", "l").replace("đ", "d")
    return "".join(c for c in replaced.replace("ð", "d").replace("þ", "th") if c.isascii())


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ArtifactMissing(f"the English lexicon lacks {path.name}; install gruut-lang-en")
    return path
