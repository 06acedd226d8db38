"""Content to tokens: walks the text once and says every stretch of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from text.normalization.abbreviations import NAME_RULES, may_end
from text.normalization.addresses import ADDRESS_RULES
from text.normalization.dates import CALENDAR_RULES
from text.normalization.measures import MEASURE_RULES, money
from text.normalization.numbers import cardinal
from text.normalization.quantities import QUANTITY_RULES, alphanumeric, dotted
from text.normalization.tables.names import PLAIN_ABBREVIATIONS
from text.normalization.tables.signs import SYMBOLS
from text.normalization.tokens import Place, Rule, Token, say
from text.segmentation.sentence_boundaries import ends_after_abbreviation, ends_sentence, line_break

LONGEST_WORD = 50
"""Letters. A longer run is no word; it is read in pieces, so that an utterance stays bounded.

The longest word of English dictionaries has 45 letters."""

_RULES: tuple[Rule, ...] = (
    *ADDRESS_RULES,
    *CALENDAR_RULES,
    *MEASURE_RULES,
    *QUANTITY_RULES,
    *NAME_RULES,
)
_NUMERIC = frozenset({rule[1] for rule in (*MEASURE_RULES, *QUANTITY_RULES)})
_LETTER_RULES: tuple[Rule, ...] = tuple(
    rule for rule in _RULES if rule[1] not in _NUMERIC - {money, dotted, alphanumeric}
)
"""Those that may begin with a letter."""
_SIMPLE = re.compile(r"[a-z]{2,50}(?=[\s,;!?\")]|:(?!/)|--|$)")
_NOT_SIMPLE = {*PLAIN_ABBREVIATIONS, "ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii"}
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_CLIPPED = re.compile(r"'(em|tis|twas|cause|til|till|bout|n|nuff)\b'?", re.IGNORECASE)
_POINTS = re.compile(r"[.?!…]+")
_DASH = re.compile(r"\s*(?:—|--+|(?<=\s)[-–](?=\s)|–)[-–—]*\s*")
_GOES_ON = re.compile(r"\s+[\"'(]?\w")
_NUMBERED = re.compile(r"(\d{1,2})[.)](?=\s+\S)")
_DECORATION = re.compile(r"([^\w\s.,;:?!'\"()])\1{2,}")
_LATIN_LETTERS = frozenset("ßøæœðþłđı")


class Reader:
    """Reads content.

    Args:
        knows: whether the lexicon has a lower-case word.

    Attributes:
        text, knows: as given.
        tokens: what has been read so far.
        silent: stretches nobody can say.
    """

    def __init__(self, text: str, knows: Callable[[str], bool]) -> None:
        self.text = text
        self.knows = knows
        self._before: list[str] = []
        self.tokens: list[Token] = []
        self.silent: list[tuple[int, int]] = []

    def read(self, start: int, end: int) -> None:
        """Reads ``text[start:end]``."""
        position = start
        while position < end:
            position = self._step(position, end)

    def add(self, token: Token) -> None:
        """Adds a token; a point merges with the point before it."""
        if token.kind == "point":
            self._add_point(token)
            return
        self.tokens.append(token)
        if token.kind == "word":
            self._before.append(token.text)
        else:
            self._before.clear()

    def _add_point(self, token: Token) -> None:
        last = self.tokens[-1] if self.tokens else None
        if last is None or last.kind in ("break", "sentence", "paragraph"):
            return
        if last.kind == "word":
            self.tokens.append(token)
        elif not last.ends and (token.ends or _RANK[token.text] > _RANK[last.text]):
            text = max(token.text, last.text, key=_RANK.__getitem__)
            self.tokens[-1] = Token("point", text, last.start, token.end, ends=token.ends)
        if token.ends:
            self._before.clear()

    def _step(self, at: int, end: int) -> int:
        text = self.text
        character = text[at]
        if character.isspace():
            return self._space(at, end)
        if (simple := _SIMPLE.match(text, at, end)) and simple[0] not in _NOT_SIMPLE:
            self._word(simple[0], at, simple.end())
            return simple.end()
        if character.isdigit() and (item := self._item(at, end)):
            return item
        if (ruled := self._rule(at, end)) is not None:
            return ruled
        if character.isalpha():
            return self._letters(at, end)
        return self._mark(at, end)

    def _space(self, at: int, end: int) -> int:
        stop = at
        while stop < end and self.text[stop].isspace():
            stop += 1
        if kind := line_break(self.text, at, stop):
            self.add(Token(kind, "", at, stop))
        elif dash := _DASH.match(self.text, at, end):
            self.add(Token("point", ",", at, dash.end()))
            return dash.end()
        return stop

    def _item(self, at: int, end: int) -> int | None:
        """The number of a list's item, at the start of a line."""
        if self.text[max(0, at - 8) : at].rstrip(" ")[-1:] not in ("", "\n"):
            return None
        match = _NUMBERED.match(self.text, at, end)
        if match is None:
            return None
        for token in say([*cardinal(int(match[1])), ","], at, match.end()):
            self.add(token)
        return match.end()

    def _rule(self, at: int, end: int) -> int | None:
        rules = _LETTER_RULES if self.text[at].isalpha() else _RULES
        place = Place(self.text, end, self._before, self.knows)
        if at and self.text[at - 1].isalnum() and self.text[at].isalnum():
            return None
        for pattern, read in rules:
            match = pattern.match(self.text, at, end)
            if match is None or (reading := read(match, place)) is None:
                continue
            for token in say(reading, at, match.end()):
                self.add(token)
            if self.text[match.end() - 1] == "." and may_end(match, reading):
                self._stop_after(match.end())
            return match.end()
        return None

    def _stop_after(self, at: int) -> None:
        if ends_after_abbreviation(self.text, at):
            self.add(Token("point", ".", at, at, ends=True))

    def _letters(self, at: int, end: int) -> int:
        match = _WORD.match(self.text, at, end)
        word = self.text[at] if match is None else match[0]
        # \w takes numerals that are no digits
        letters = next((i for i, c in enumerate(word) if not (c.isalpha() or c == "'")), len(word))
        word, stop = word[:letters], at + letters
        if not _sayable(word):
            self.silent.append((at, stop))
            return stop
        for start in range(at, stop, LONGEST_WORD):
            piece = self.text[start : min(start + LONGEST_WORD, stop)]
            if piece.strip("'"):
                self._word(piece.strip("'"), start, start + len(piece))
        return stop

    def _word(self, word: str, start: int, end: int) -> None:
        self.add(Token("word", word, start, end, letter=self._is_letter(word, end)))

    def _is_letter(self, word: str, end: int) -> bool:
        """Whether a single letter is named: not the article, not the pronoun."""
        if len(word) > 1 or word == "I":
            return False
        after = self.text[end : end + 2]
        if after[:1] and after[0] in "+=*^":
            return True
        if word == "A":
            return bool(self._before) and not after[:1].isspace()
        return word != "a"

    def _mark(self, at: int, end: int) -> int:
        text = self.text
        if match := _POINTS.match(text, at, end):
            return self._points(match, end)
        if match := _CLIPPED.match(text, at, end):
            self.add(Token("word", match[1], at, match.end()))
            return match.end()
        if match := _DECORATION.match(text, at, end):
            self.add(Token("point", ",", at, match.end()))
            return match.end()
        if match := _DASH.match(text, at, end):
            self.add(Token("point", ",", at, match.end()))
            return match.end()
        return self._symbol(at)

    def _points(self, match: re.Match[str], end: int) -> int:
        cluster, at = match[0], match.start()
        if cluster == "." and _glued(self.text, at, end):
            for token in say(["dot"], at, match.end()):
                self.add(token)
            return match.end()
        mark = "?" if "?" in cluster else "!" if "!" in cluster else "."
        ends = ends_sentence(self.text, match, self._before, self.knows)
        if mark == "." and not ends:
            if len(cluster) > 1 or "…" in cluster:
                self.add(Token("point", ",", at, match.end()))
            return match.end()
        self.add(Token("point", mark, at, match.end(), ends=ends))
        return match.end()

    def _symbol(self, at: int) -> int:
        text, character = self.text, self.text[at]
        if character in ",;:":
            self.add(Token("point", character, at, at + 1))
        elif character in "([{" or (character in ")]}" and _GOES_ON.match(text, at + 1)):
            self.add(Token("point", ",", at, at + 1))
        elif character == "#" and text[at + 1 : at + 2] in (" ", "#"):
            pass  # a Markdown heading
        elif character == "/" and _between_words(text, at) and self._joins(at):
            pass
        elif character in SYMBOLS and not (character in "~^" and at + 1 < len(text)):
            for token in say(SYMBOLS[character].split(), at, at + 1):
                self.add(token)
        elif (
            not unicodedata.category(character).startswith(("P", "Z", "M"))
            and character not in "`|"
        ):
            self.silent.append((at, at + 1))
        return at + 1

    def _joins(self, at: int) -> bool:
        """and/or, he/she, n/a: the stroke is not said."""
        if self.text[at - 1].isupper() and self.text[at + 1].isupper():
            return True  # TCP/IP
        last = self._before[-1].lower() if self._before else ""
        return last in ("and", "he", "she", "him", "his", "her", "s", "n", "yes", "either")


_RANK = {",": 0, ":": 1, ";": 1, ".": 2, "!": 3, "?": 4}


def _between_words(text: str, at: int) -> bool:
    return 0 < at < len(text) - 1 and text[at - 1].isalpha() and text[at + 1].isalpha()


def _glued(text: str, at: int, end: int) -> bool:
    """A point inside a name: ".NET", "node.js"."""
    after = text[at + 1 : at + 2]
    before = text[at - 1 : at] if at else ""
    if not after.isalpha() or at + 1 >= end:
        return False
    return before.isspace() or not before or (before.islower() and after.islower())


def _sayable(word: str) -> bool:
    if word.isascii():
        return True
    spread = unicodedata.normalize("NFKD", word.lower())
    return all(
        c in "'" or c in _LATIN_LETTERS or (c.isascii() and c.isalpha()) or unicodedata.combining(c)
        for c in spread
    )
