"""Counts of what a reader of books leaves out, so that nothing is left out silently."""

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
    "table": "tables",
    "caption": "captions of pictures and tables",
    "deleted": "deleted or struck-through passages",
    "paragraph_number": "numbers and marks that paragraphs and verses carry",
    "markup": "pieces of HTML",
    "boilerplate": "passages of the distributor (Project Gutenberg's header, licence)",
}
"""What is left out: kinds, and how messages name them."""


MAX_REMARKS = 50
"""Remarks of one code that are kept; further ones are counted."""


class Omissions:
    """Counts of what is left out by kind, and other remarks for the listener."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._words: Counter[str] = Counter()
        self._remarks: dict[str, Notice] = {}
        self._remark_counts: Counter[str] = Counter()

    def leave_out(self, kind: str, text: str = "") -> None:
        """Counts one more of a kind.

        Args:
            kind: one of ``KINDS``.
            text: of what is left out; its words are counted.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind!r}")
        self._counts[kind] += 1
        self._words[kind] += len(text.split())

    def remark(self, code: str, message: str) -> None:
        """Adds anything else that a listener should know; a message is kept once."""
        if message in self._remarks:
            return
        self._remark_counts[code] += 1
        if self._remark_counts[code] <= MAX_REMARKS:
            self._remarks[message] = Notice(code, message)

    @property
    def words(self) -> int:
        """Number of words left out, of all kinds."""
        return self._words.total()

    def notices(self) -> tuple[Notice, ...]:
        """Returns ``left_out_<kind>`` with counts, in the order of ``KINDS``; then the remarks."""
        counted = (
            Notice(f"left_out_{kind}", f"{count} left out: {KINDS[kind]}{self._words_of(kind)}")
            for kind in KINDS
            if (count := self._counts[kind])
        )
        more = (
            Notice(code, f"{count - MAX_REMARKS} more notices like these")
            for code, count in self._remark_counts.items()
            if count > MAX_REMARKS
        )
        return (*counted, *self._remarks.values(), *more)

    def _words_of(self, kind: str) -> str:
        words = self._words[kind]
        return f" ({words} words)" if words else ""
