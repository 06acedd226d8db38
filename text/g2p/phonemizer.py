"""Words to symbols of a voice's table: IPA, ARPAbet or characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from text.g2p.symbols import SymbolTable
from text.normalization.tokens import Token

if TYPE_CHECKING:  # the lexicon brings gruut along, which whoever only checks a text need not load
    from text.g2p.lexicon import Lexicon, Phonemes

STRESSES = ("ˈ", "ˌ")

ARPABET = {
    "ɑ": "AA",
    "æ": "AE",
    "ʌ": "AH",
    "ə": "AH",
    "ɔ": "AO",
    "aʊ": "AW",
    "aɪ": "AY",
    "ɛ": "EH",
    "ɚ": "ER",
    "eɪ": "EY",
    "ɪ": "IH",
    "i": "IY",
    "oʊ": "OW",
    "ɔɪ": "OY",
    "ʊ": "UH",
    "u": "UW",
    "b": "B",
    "t͡ʃ": "CH",
    "d": "D",
    "ð": "DH",
    "f": "F",
    "ɡ": "G",
    "h": "HH",
    "d͡ʒ": "JH",
    "k": "K",
    "l": "L",
    "m": "M",
    "n": "N",
    "ŋ": "NG",
    "p": "P",
    "ɹ": "R",
    "s": "S",
    "ʃ": "SH",
    "t": "T",
    "θ": "TH",
    "v": "V",
    "w": "W",
    "j": "Y",
    "z": "Z",
    "ʒ": "ZH",
}
"""Source: the CMU pronouncing dictionary's phones; gruut's en-us phonemes are their IPA."""
VOWELS = frozenset(list(ARPABET)[:16])

NEAREST = {
    "a": "ɑ",
    "ɐ": "ə",
    "ɒ": "ɑ",
    "e": "eɪ",
    "o": "oʊ",
    "ɜ": "ɚ",
    "ɝ": "ɚ",
    "ɨ": "ɪ",
    "ʉ": "u",
    "y": "u",
    "ø": "ɚ",
    "œ": "ɚ",
    "ɘ": "ə",
    "ɵ": "ə",
    "ɯ": "u",
    "ɤ": "ʌ",
    "əʊ": "oʊ",
    "ɪə": "ɪ",
    "g": "ɡ",
    "r": "ɹ",
    "ɾ": "d",
    "ʁ": "ɹ",
    "ɻ": "ɹ",
    "ʀ": "ɹ",
    "ɫ": "l",
    "ɬ": "l",
    "ʎ": "l",
    "ɲ": "n",
    "ɱ": "m",
    "x": "k",
    "χ": "k",
    "ç": "h",
    "ɣ": "ɡ",
    "ɦ": "h",
    "ħ": "h",
    "β": "b",
    "ɸ": "f",
    "ʋ": "v",
    "ɥ": "w",
    "ʍ": "w",
    "ʔ": "t",
    "c": "k",
    "ɟ": "ɡ",
    "q": "k",
    "ʂ": "ʃ",
    "ʐ": "ʒ",
    "ɕ": "ʃ",
    "ʑ": "ʒ",
    "t͡s": "t",
    "ʈ": "t",
    "ɖ": "d",
    "ɭ": "l",
    "ɳ": "n",
}
"""Foreign phones to the nearest English one (a <phoneme> may hold any IPA)."""


@dataclass(frozen=True, slots=True)
class Voiced:
    """Symbols of one word and what there is to tell about them.

    Attributes:
        symbols: of the table.
        guessed: the pronunciation is a guess.
        replaced: phones the table lacks, and what stands for them.
    """

    symbols: tuple[str, ...]
    guessed: bool = False
    replaced: tuple[tuple[str, str], ...] = ()


class Voicing:
    """Speaks words in one symbol table.

    Args:
        lexicon: pronunciations.
        table: the voice's symbols.
    """

    def __init__(self, lexicon: Lexicon, table: SymbolTable) -> None:
        self._lexicon = lexicon
        self.table = table
        self.gap: tuple[str, ...] = () if table.name == "arpabet" else (" ",)
        # The house's voices learnt a gap of 50 ms at either end (training/data/corpus.py), so that
        # no onset is cut where a boundary is off by its tolerance.
        self.edge: tuple[str, ...] = (" ",) if table.name == "house-ipa" else ()

    def point(self, mark: str, *, last: bool) -> tuple[str, ...]:
        """Symbols of a punctuation mark; ``last`` at the end of the utterance."""
        if self.table.name != "arpabet":
            return (mark,)
        return () if last else ("@sp",)

    def words(self, tokens: Sequence[Token]) -> list[Voiced]:
        """Symbols of a sentence's words."""
        if self.table.name == "characters":
            return [self._characters(token) for token in tokens]
        tags = self._tags(tokens)
        voiced = []
        for token, tag in zip(tokens, tags, strict=True):
            phonemes, guessed = token.phonemes, False
            if phonemes is None:
                phonemes, guessed = self._lexicon.pronounce(token.text, tag)
            voiced.append(self._in_table(phonemes, guessed))
        return voiced

    def _tags(self, tokens: Sequence[Token]) -> list[str]:
        plain = [token.text for token in tokens]
        if any(not t.letter and self._lexicon.is_homograph(t.text) for t in tokens):
            tags = self._lexicon.tags(plain)
        else:
            tags = [""] * len(plain)
        return [
            "letter" if token.letter else "DT" if token.text.lower() == "a" else tag
            for token, tag in zip(tokens, tags, strict=True)
        ]

    def _in_table(self, phonemes: Phonemes, guessed: bool) -> Voiced:
        symbols: list[str] = []
        replaced: list[tuple[str, str]] = []
        for phone in phonemes:
            near = phone if self._symbol(phone) in self.table else nearest(phone)
            if near != phone:
                replaced.append((phone, near))
            if near:
                symbols.append(self._symbol(near))
        return Voiced(tuple(symbols), guessed, tuple(replaced))

    def _symbol(self, phone: str) -> str:
        return arpabet(phone) if self.table.name == "arpabet" else phone

    def _characters(self, token: Token) -> Voiced:
        if token.phonemes is not None:
            return Voiced(
                tuple(s for p in token.phonemes if (s := arpabet(nearest(p))) in self.table)
            )
        spread = unicodedata.normalize("NFKD", token.text.lower().replace("ß", "ss"))
        return Voiced(tuple(c for c in spread if c in self.table))


def nearest(phone: str) -> str:
    """The English phone that stands for any phone; empty where nothing does (length, tone).

    >>> nearest("ˈɒ"), nearest("r"), nearest("ː")
    ('ˈɑ', 'ɹ', '')
    """
    stress = phone[:1] if phone.startswith(STRESSES) else ""
    bare = unicodedata.normalize("NFC", phone[len(stress) :])
    spread = "".join(
        c for c in unicodedata.normalize("NFD", bare) if c == "͡" or not unicodedata.combining(c)
    )
    for form in (bare, spread, spread.rstrip("ːˑʰʲʷˠ"), spread[:1]):
        form = NEAREST.get(form, form)
        if form in ARPABET:
            return stress + form if form in VOWELS else form
    return ""


def arpabet(phone: str) -> str:
    """ARPAbet symbol, with stress on vowels.

    >>> arpabet("ˈɑ"), arpabet("ə"), arpabet("ˌoʊ"), arpabet("t͡ʃ")
    ('@AA1', '@AH0', '@OW2', '@CH')
    """
    stress = {"ˈ": "1", "ˌ": "2"}.get(phone[:1], "")
    bare = phone[1:] if stress else phone
    name = ARPABET.get(bare, "")
    return f"@{name}{stress or '0'}" if bare in VOWELS else f"@{name}"
