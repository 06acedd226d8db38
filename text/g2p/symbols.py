"""Symbol tables: which symbols a voice knows, and their ids.

A table is a text file beside this module, one symbol a line, in the order of its ids. Id 0 is
padding in every table: the reference tables begin with a padding symbol, the house's list does
not and is shifted by one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from core.errors import FieldError

PADDING = "_"
"""The symbol of id 0."""


@dataclass(frozen=True, slots=True)
class SymbolTable:
    """The symbols a voice knows, and their ids.

    Attributes:
        name: as voices name it.
        symbols: all symbols; the index is the id, [0] is padding.
        size: rows of an embedding over this table, at least ``len(symbols)``.
    """

    name: str
    symbols: tuple[str, ...]
    size: int
    _index: dict[str, int]

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._index

    def ids(self, symbols: Iterable[str]) -> tuple[int, ...]:
        """Returns the ids of symbols.

        Raises:
            FieldError: a symbol is not in this table.

        >>> symbol_table("characters").ids("no")
        (51, 52)
        """
        index = self._index
        try:
            return tuple(index[symbol] for symbol in symbols)
        except KeyError as error:
            raise FieldError("phonemes", f"{error.args[0]!r} is no {self.name} symbol") from error


SYMBOL_TABLES = ("house-ipa", "arpabet", "characters")
"""house-ipa: the house's voices. arpabet: ming024's FastSpeech 2. characters: NVIDIA's Tacotron 2.

Source: ming024/FastSpeech2@d4e79eb text/symbols.py; NVIDIA/tacotron2@185cd24 text/symbols.py.
"""

_SPARE_ROWS = {"arpabet": 1}
"""ming024's embedding has one row more than symbols (n_src_vocab = len(symbols) + 1)."""


@cache
def symbol_table(name: str) -> SymbolTable:
    """Returns the table of that name.

    Raises:
        FieldError: there is no such table.

    >>> symbol_table("house-ipa").ids([" ", "!", "z"])
    (1, 2, 30)
    >>> symbol_table("arpabet").size
    361
    """
    if name not in SYMBOL_TABLES:
        raise FieldError("symbols", f"no symbol table {name!r}", allowed=", ".join(SYMBOL_TABLES))
    lines = files("text.g2p").joinpath(f"{name}.txt").read_text(encoding="utf-8").split("\n")[:-1]
    symbols = tuple(lines) if lines[0] == PADDING else (PADDING, *lines)
    index = {symbol: number for number, symbol in enumerate(symbols)}
    return SymbolTable(name, symbols, len(symbols) + _SPARE_ROWS.get(name, 0), index)
