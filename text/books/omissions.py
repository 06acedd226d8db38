"""What a reader of books leaves out, counted by kind, so that nothing is left out silently."""

from __future__ import annotations

from collections import Counter

from core.text import Notice

KINDS = {
    "note": "footnotes and endnotes",
    "note_reference": "references to notes",
    "aside": "asides (boxes beside the text)",
    "page_number": "page numbers of the printed book",
    "image": "images (their alternative texts too)",
    "contents": "entries of tables of contents in the text",
    "navigation": "pages of navigation",
    "nonlinear": "pages outside of the reading order",
    "hidden": "hidden elements",
    "script": "scripts and styles",
    "media": "sound, video, forms and embedded objects",
    "formula": "formulas",
    "ruby": "readings beside characters (ruby)",
    "code": "blocks of code",
    "markup": "pieces of HTML",
    "boilerplate": "passages of the distributor (Project Gutenberg's header, licence)",
}
"""Kinds of what is left out, and how they are called."""


class Omissions:
    """Counts what is left out, and collects other remarks."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._words: Counter[str] = Counter()
        self._remarks: dict[str, Notice] = {}

    def leave_out(self, kind: str, text: str = "") -> None:
        """One more of a kind.

        Args:
            kind: one of ``KINDS``.
            text: what it says; its words are counted.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}")
        self._counts[kind] += 1
        self._words[kind] += len(text.split())

    def remark(self, code: str, message: str) -> None:
        """Anything else the listener should know; the same message is told once."""
        self._remarks.setdefault(message, Notice(code, message))

    @property
    def words(self) -> int:
        """Words left out, of all kinds."""
        return self._words.total()

    def notices(self) -> tuple[Notice, ...]:
        """``left_out_<kind>`` with its count, in the order of ``KINDS``; then the remarks."""
        told = (
            Notice(f"left_out_{kind}", f"{count} left out: {KINDS[kind]}{self._told(kind)}")
            for kind in KINDS
            if (count := self._counts[kind])
        )
        return (*told, *self._remarks.values())

    def _told(self, kind: str) -> str:
        words = self._words[kind]
        return f" ({words} words)" if words else ""
