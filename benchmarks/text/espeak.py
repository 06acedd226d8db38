"""espeak-ng beside our front end, as piper-tts of the extra ``bench`` carries it.

Nothing else here needs espeak-ng. What it makes of a text are phonemes, so a case counts as right
if it sounds like its right words.
"""

from __future__ import annotations

import importlib.util
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.text.homographs import LabelledSentence
from text.g2p.homographs import sense_phonemes

MISSING = "espeak-ng is not compared: piper-tts, which carries it, is not installed (extra `bench`)"
VOICE = "en-us"
_FOLDED = {"ɐ": "ə", "ᵻ": "ə", "ɪ": "ə", "ɾ": "t", "ɔ": "ɑ", "ʌ": "ə"}
"""Phones that dictionaries and espeak-ng write differently for one sound."""


def is_installed() -> bool:
    """Returns whether espeak-ng can be asked."""
    return importlib.util.find_spec("piper") is not None


class Espeak:
    """espeak-ng's American voice."""

    def __init__(self) -> None:
        from piper.phonemize_espeak import EspeakPhonemizer

        self._phonemizer = EspeakPhonemizer()

    def words(self, text: str) -> list[str]:
        """Returns the phonemes of each of its words: several of ours may be one of these."""
        sentences = self._phonemizer.phonemize(VOICE, text)
        ipa = " ".join("".join(sentence) for sentence in sentences)
        return [folded(word) for word in ipa.translate(_WITHOUT_MARKS).split()]

    def sound(self, text: str) -> str:
        """Returns all phonemes of a text."""
        return "".join(self.words(text))

    def unknown_words(self, held: Mapping[str, Sequence[str]]) -> tuple[int, int]:
        """Returns right and all of the words.

        Args:
            held: phonemes of each word.
        """
        right = sum(self.sound(word) == folded("".join(sound)) for word, sound in held.items())
        return right, len(held)

    def homographs(self, rows: Iterable[LabelledSentence]) -> dict[str, tuple[int, int]]:
        """Returns right and all by word: the right sense sounds in the sentence, and no other."""
        counts: dict[str, Counter[bool]] = defaultdict(Counter)
        for row in rows:
            words = self.words(row.sentence.replace("-", " "))
            senses = sense_phonemes(row.word).items()
            found = {sense for sense, sound in senses if folded("".join(sound)) in words}
            counts[row.word][found == {row.sense}] += 1
        return {word: (count[True], sum(count.values())) for word, count in counts.items()}

    def cases(self, rows: Iterable[tuple[str, str, str]]) -> dict[str, tuple[int, int]]:
        """Returns right and all by class.

        Args:
            rows: class, text, right words.
        """
        counts: dict[str, Counter[bool]] = defaultdict(Counter)
        for name, text, wanted in rows:
            readings = [self.sound(words) for words in wanted.split(" || ")]
            counts[name][self.sound(text) in readings] += 1
        return {name: (count[True], sum(count.values())) for name, count in counts.items()}

    def sentences_per_second(self, texts: Sequence[str]) -> float:
        """Returns the sentences that one core reads in a second of its time."""
        start = time.process_time()
        for text in texts:
            self._phonemizer.phonemize(VOICE, text)
        return len(texts) / (time.process_time() - start)


_WITHOUT_MODIFIERS = str.maketrans("", "", "ˈˌːʲ͡")
_WITHOUT_MARKS = str.maketrans(dict.fromkeys(".,:;?!-—“”\"'ʔ", " "))


def folded(phonemes: str) -> str:
    """Returns phonemes without stress and length, with sounds that are one written as one."""
    bare = phonemes.translate(_WITHOUT_MODIFIERS)
    for written, phone in (("ɜɹ", "ɚ"), ("ɜ", "ɚ"), ("oɹ", "ɔɹ"), ("ɚɹ", "ɚ"), ("l̩", "əl")):
        bare = bare.replace(written, phone)
    return "".join(_FOLDED.get(phone, phone) for phone in bare)
