"""The normalizer: walks content once and turns all of it into words and punctuation."""

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
from text.normalization.tokens import Rule, RuleContext, Token, to_tokens
from text.segmentation.sentence_boundaries import ends_after_abbreviation, ends_sentence, line_break

LONGEST_WORD = 50
"""Letters. A longer run is not a word; it is read in pieces, so that an utterance stays bounded.

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
_STOPS = re.compile(r"[.?!…]+")
_DASH = re.compile(r"\s*(?:—|--+|(?<=\s)[-–](?=\s)|–)[-–—]*\s*")
_GOES_ON = re.compile(r"\s+[\"'(]?\w")
_NUMBERED = re.compile(r"(\d{1,2})[.)](?=\s+\S)")
_DECORATION = re.compile(r"([^\w\s.,;:?!'\"()])\1{2,}")
_LATIN_LETTERS = frozenset("ßøæœðþłđı")


class Normalizer:
    """Turns content into tokens.

    Args:
        in_lexicon: whether the lexicon has a lower-case word.

    Attributes:
        text, in_lexicon: as given.
        tokens: what has been read so far.
        silent: runs of characters that cannot be spoken.
    """

    def __init__(self, text: str, in_lexicon: Callable[[str], bool]) -> None:
        self.text = text
        self.in_lexicon = in_lexicon
        self._before: list[str] = []
        self.tokens: list[Token] = []
        self.silent: list[tuple[int, int]] = []

    def read(self, start: int, end: int) -> None:
        """Appends the tokens of ``text[start:end]``."""
        position = start
        while position < end:
            position = self._step(position, end)

    def add(self, token: Token) -> None:
        """Appends a token; a mark merges with the mark before it."""
        if token.kind == "punctuation":
            self._add_punctuation(token)
            return
        self.tokens.append(token)
        if token.kind == "word":
            self._before.append(token.text)
        else:
            self._before.clear()

    def _add_punctuation(self, token: Token) -> None:
        last = self.tokens[-1] if self.tokens else None
        if last is None or last.kind in ("break", "sentence", "paragraph"):
            return
        if last.kind == "word":
            self.tokens.append(token)
        elif not last.ends and (token.ends or _RANK[token.text] > _RANK[last.text]):
            text = max(token.text, last.text, key=_RANK.__getitem__)
            self.tokens[-1] = Token("punctuation", text, last.start, token.end, ends=token.ends)
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
        if character.isdigit() and (stop := self._list_number(at, end)):
            return stop
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
            self.add(Token("punctuation", ",", at, dash.end()))
            return dash.end()
        return stop

    def _list_number(self, at: int, end: int) -> int | None:
        """Reads the number of a list's item at the start of a line; returns where it ends."""
        if self.text[max(0, at - 8) : at].rstrip(" ")[-1:] not in ("", "\n"):
            return None
        match = _NUMBERED.match(self.text, at, end)
        if match is None:
            return None
        for token in to_tokens([*cardinal(int(match[1])), ","], at, match.end()):
            self.add(token)
        return match.end()

    def _rule(self, at: int, end: int) -> int | None:
        rules = _LETTER_RULES if self.text[at].isalpha() else _RULES
        context = RuleContext(self.text, end, self._before, self.in_lexicon)
        if at and self.text[at - 1].isalnum() and self.text[at].isalnum():
            return None
        for pattern, verbalize in rules:
            match = pattern.match(self.text, at, end)
            if match is None or (words := verbalize(match, context)) is None:
                continue
            for token in to_tokens(words, at, match.end()):
                self.add(token)
            if self.text[match.end() - 1] == "." and may_end(match, words):
                self._stop_after(match.end())
            return match.end()
        return None

    def _stop_after(self, at: int) -> None:
        if ends_after_abbreviation(self.text, at):
            self.add(Token("punctuation", ".", at, at, ends=True))

    def _letters(self, at: int, end: int) -> int:
        match = _WORD.match(self.text, at, end)
        word = self.text[at] if match is None else match[0]
        # \w takes numerals that are no digits
        letters = next((i for i, c in enumerate(word) if not (c.isalpha() or c == "'")), len(word))
        word, stop = word[:letters], at + letters
        if not _is_latin(word):
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
        """Returns whether a single letter is named: not the article, not the pronoun."""
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
        if match := _STOPS.match(text, at, end):
            return self._stops(match, end)
        if match := _CLIPPED.match(text, at, end):
            self.add(Token("word", match[1], at, match.end()))
            return match.end()
        if match := _DECORATION.match(text, at, end):
            self.add(Token("punctuation", ",", at, match.end()))
            return match.end()
        if match := _DASH.match(text, at, end):
            self.add(Token("punctuation", ",", at, match.end()))
            return match.end()
        return self._symbol(at)

    def _stops(self, match: re.Match[str], end: int) -> int:
        cluster, at = match[0], match.start()
        if cluster == "." and _inside_name(self.text, at, end):
            for token in to_tokens(["dot"], at, match.end()):
                self.add(token)
            return match.end()
        mark = "?" if "?" in cluster else "!" if "!" in cluster else "."
        ends = ends_sentence(self.text, match, self._before, self.in_lexicon)
        if mark == "." and not ends:
            if len(cluster) > 1 or "…" in cluster:
                self.add(Token("punctuation", ",", at, match.end()))
            return match.end()
        self.add(Token("punctuation", mark, at, match.end(), ends=ends))
        return match.end()

    def _symbol(self, at: int) -> int:
        text, character = self.text, self.text[at]
        if character in ",;:":
            self.add(Token("punctuation", character, at, at + 1))
        elif character in "([{" or (character in ")]}" and _GOES_ON.match(text, at + 1)):
            self.add(Token("punctuation", ",", at, at + 1))
        elif character == "#" and text[at + 1 : at + 2] in (" ", "#"):
            pass  # a Markdown heading
        elif character == "/" and _between_words(text, at) and self._joins(at):
            pass
        elif character in SYMBOLS and not (character in "~^" and at + 1 < len(text)):
            for token in to_tokens(SYMBOLS[character].split(), at, at + 1):
                self.add(token)
        elif (
            not unicodedata.category(character).startswith(("P", "Z", "M"))
            and character not in "`|"
        ):
            self.silent.append((at, at + 1))
        return at + 1

    def _joins(self, at: int) -> bool:
        """Returns whether a slash is silent: and/or, he/she, n/a."""
        if self.text[at - 1].isupper() and self.text[at + 1].isupper():
            return True  # TCP/IP
        last = self._before[-1].lower() if self._before else ""
        return last in ("and", "he", "she", "him", "his", "her", "s", "n", "yes", "either")


_RANK = {",": 0, ":": 1, ";": 1, ".": 2, "!": 3, "?": 4}


def _between_words(text: str, at: int) -> bool:
    return 0 < at < len(text) - 1 and text[at - 1].isalpha() and text[at + 1].isalpha()


def _inside_name(text: str, at: int, end: int) -> bool:
    """Returns whether a full stop is inside a name: ".NET", "node.js"."""
    after = text[at + 1 : at + 2]
    before = text[at - 1 : at] if at else ""
    if not after.isalpha() or at + 1 >= end:
        return False
    return before.isspace() or not before or (before.islower() and after.islower())


def _is_latin(word: str) -> bool:
    if word.isascii():
        return True
    decomposed = unicodedata.normalize("NFKD", word.lower())
    return all(
        c in "'" or c in _LATIN_LETTERS or (c.isascii() and c.isalpha()) or unicodedata.combining(c)
        for c in decomposed
    )
