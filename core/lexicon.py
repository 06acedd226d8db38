"""Pronunciations that a client gives. Wire types: they are stored, and copied into jobs."""

from __future__ import annotations

import msgspec


class LexiconEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a word or phrase is said: by phonemes or by an alias, one of the two."""

    grapheme: str
    """As it is written; capitals count, white space is one space."""
    phonemes: tuple[tuple[str, ...], ...] = ()
    """IPA phones of each word, stress marks on vowels."""
    alias: str = ""
    """Text that is read instead."""


class PronunciationLexicon(msgspec.Struct, frozen=True):
    """Entries under a name."""

    name: str
    digest: str
    """SHA-256 of the entries, hexadecimal: tells versions apart."""
    entries: tuple[LexiconEntry, ...]


class LexiconMatch(msgspec.Struct, frozen=True):
    """An entry that applies to a run of text; not stored."""

    entry: LexiconEntry
    end: int
    """Of the run; a possessive ending is left out."""
