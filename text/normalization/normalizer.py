"""The normalizer: walks content once and turns all of it into words and punctuation."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence

from text.normalization.abbreviations import BIBLE_RULE, LETTERED, NAME_RULES, is_shouting, may_end
from text.normalization.addresses import ADDRESS_RULES
from text.normalization.dates import CALENDAR_RULES
from text.normalization.measures import (
    LONE_UNITS,
    MEASURE_RULES,
    bare_unit,
    letters_fraction,
    lone_unit,
    money,
)
from text.normalization.numbers import cardinal
from text.normalization.quantities import (
    QUANTITY_RULES,
    alphanumeric,
    dotted,
    function_of,
    times,
)
from text.normalization.ranges import range_dash
from text.normalization.tables.names import PLAIN_ABBREVIATIONS, PLAIN_COUNTED
from text.normalization.tables.quantities import MONTH_NUMBERS
from text.normalization.tables.signs import GREEK, SYMBOLS
from text.normalization.tokens import LONGEST_WORD, Rule, RuleContext, Token, Verbalizer, to_tokens
from text.segmentation.sentence_boundaries import ends_after_abbreviation, ends_sentence, line_break

_RULES: tuple[Rule, ...] = (
    BIBLE_RULE,
    *ADDRESS_RULES,
    *CALENDAR_RULES,
    *MEASURE_RULES,
    *QUANTITY_RULES,
    *NAME_RULES,
)
_NUMERIC = frozenset({rule[1] for rule in (*MEASURE_RULES, *QUANTITY_RULES)})
_LETTER_RULES: tuple[Rule, ...] = tuple(
    rule
    for rule in _RULES
    if rule[1]
    not in _NUMERIC
    - {money, dotted, alphanumeric, bare_unit, times, function_of, letters_fraction, lone_unit}
)
"""Those that may begin with a letter."""
_SIMPLE = re.compile(r"[a-z]{2,50}(?=[\s,;!?\")]|:(?!/)|--|$)")
_NUMERALS = re.compile(r"(?=[ivxl]{2})(?:xl|l?x{0,3})(?:ix|iv|v?i{0,3})$")
_NOT_SIMPLE = {*LONE_UNITS, *PLAIN_ABBREVIATIONS, *PLAIN_COUNTED, *MONTH_NUMBERS}
"""Lower-case words that a rule may read."""
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_CLIPPED = re.compile(r"'(em|tis|twas|cause|til|till|bout|n|nuff)\b'?", re.IGNORECASE)
_OPERATOR = re.compile(r"\s?[+=*^×÷<>≤≥]")
_OPERATION = re.compile(r"\s(?:squared|cubed|plus|minus|times|equals|over|to the)\b")
"""What follows a letter that is no article, in signs and in words."""
_WORD_BEFORE = re.compile(r"(?:^|[\s\w])(\w*[a-z]) $")
_STOPS = re.compile(r"[.?!…]+")
_DASH = re.compile(r"\s*(?:—|--+|(?<=\s)[-–](?=\s)|–)[-–—]*\s*")
_GOES_ON = re.compile(r"\s+[\"'(]?\w")
_NUMBERED = re.compile(r"(0{0,2}\d{1,2})[.)](?=\s+\S)")
_DECORATION = re.compile(r"([^\w\s.,;:?!'\"()])\1{2,}")
_ORNAMENT = re.compile(
    r"[ \t]*(?:[-–—~=*_]+[oO0xX]{1,5}[-–—~=*_]+|"
    r"[#*=~§¶†‡•·◆◇■□●○★☆✦✧❦❧❖⁂\-–—_+|^<>](?:[#*=~§¶†‡•·◆◇■□●○★☆✦✧❦❧❖⁂\-–—_+|^<>. \t])*)(?=\n|$)"
)
"""A line without words: a scene break."""
_MINUS = re.compile(r" - (?=\d|[A-Zb-hj-z](?![\w'.])|\d*[a-z]{1,2}\b\^)")
_OPERAND = re.compile(r".*(?:\d|\d[a-z]{1,2}|\^\d|[ (][a-zA-Z]|^[a-zA-Z])$")
_CAPITALS_OR_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_ENDS = re.compile(r"[.!?\n]")
_LONGEST_GAP = 4
"""Characters between two words in capitals of one run."""
_DIVIDED = re.compile(r"-\n[ \t]*([a-z]+)(?![\w'-])")
_REFERENCE = re.compile(
    r"\[(?:\d{1,3}(?:[,–-]\s?\d{1,3}){0,9}|[a-z]|[nN]ote \d{1,3}|citation needed|"
    r"(?P<page>(?:Pg|pg|Page|page|p|P)\.?\s?[\divxlc]{1,6}))\]"
)
"""A footnote's mark or the number of a printed page."""
_LATIN_LETTERS = frozenset("ßøæœðþłđı")


EntryAt = Callable[[str, int, int], tuple[list[Token], int] | None]


class Normalizer:
    """Turns content into tokens.

    Args:
        in_lexicon: whether the lexicon has a lower-case word.
        entry_at: the tokens of a client's lexicon entry at a position and where it ends, if any.

    Attributes:
        text, in_lexicon: as given.
        tokens: what has been read so far.
        silent: runs of characters that cannot be spoken.
    """

    def __init__(
        self, text: str, in_lexicon: Callable[[str], bool], entry_at: EntryAt | None = None
    ) -> None:
        self.text = text
        self._entry_at = entry_at
        self.in_lexicon = in_lexicon
        self._before: list[str] = []
        self.tokens: list[Token] = []
        self.silent: list[tuple[int, int]] = []
        self._last: tuple[Verbalizer, int] | None = None
        """The last rule that read something, and where that ended."""
        self._capitals: list[tuple[int, int]] | None = None
        """Runs of words in capitals that are emphasis; found when first asked for."""

    def read(self, start: int, end: int) -> None:
        """Appends the tokens of ``text[start:end]``."""
        position = start
        while position < end:
            position = self._ornament(position, end) or self._step(position, end)

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
        if self._entry_at is not None and not (at and text[at - 1].isalnum()):
            found = self._entry_at(text, at, end)
            if found is not None:
                for token in found[0]:
                    self.add(token)
                return found[1]
        if simple := _SIMPLE.match(text, at, end):
            word = simple[0]
            if word not in _NOT_SIMPLE and not _NUMERALS.match(word):
                self._word(word, at, simple.end())
                return simple.end()
        if character in "-–—" and (stop := self._range(at, end)):
            return stop
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
        elif dash_end := self._range(at, end) or self._minus(at, end):
            return dash_end
        elif dash := _DASH.match(self.text, at, end):
            self.add(Token("punctuation", ",", at, dash.end()))
            return dash.end()
        return stop

    def _ornament(self, at: int, end: int) -> int | None:
        """Passes over a line of ornaments, a scene break; returns where it ends."""
        if at and self.text[at - 1] != "\n":
            return None
        match = _ORNAMENT.match(self.text, at, end)
        return match.end() if match and match.end() > at else None

    def _range(self, at: int, end: int) -> int | None:
        """Reads a dash as "to" between two things of one kind; returns where it ends."""
        last = self.tokens[-1] if self.tokens else None
        if last is None or last.kind != "word":
            return None
        rule = self._last[0] if self._last and self._last[1] == at else None
        if rule is None and not last.end <= at <= last.end + 1:
            return None
        dash = range_dash(self.text, at, end, rule, last.text)
        if dash is None:
            return None
        self.add(Token("word", "to", at, dash.end()))
        return dash.end()

    def _minus(self, at: int, end: int) -> int | None:
        """Reads a spaced hyphen between numbers or formulas; returns where it ends."""
        match = _MINUS.match(self.text, at, end)
        if match is None or not _OPERAND.match(self.text[max(0, at - 3) : at]):
            return None
        self.add(Token("word", "minus", at, match.end()))
        return match.end()

    def _is_shouted(self, at: int) -> bool:
        """Returns whether a word in capitals is in a run of capitals that is emphasis."""
        if self._capitals is None:
            self._capitals = self._find_capitals()
        run = bisect_right(self._capitals, (at, len(self.text))) - 1
        return run >= 0 and at < self._capitals[run][1]

    def _find_capitals(self) -> list[tuple[int, int]]:
        runs: list[tuple[int, int]] = []
        words: list[str] = []
        start = stop = 0
        for match in _CAPITALS_OR_WORD.finditer(self.text):
            capital = match[0].isupper()
            gap = self.text[stop : match.start()] if words else ""
            if words and (not capital or len(gap) > _LONGEST_GAP or _ENDS.search(gap)):
                if len(words) > 1 and is_shouting(words, self.in_lexicon):
                    runs.append((start, stop))
                words = []
            if capital:
                start = start if words else match.start()
                words.append(match[0])
                stop = match.end()
        if len(words) > 1 and is_shouting(words, self.in_lexicon):
            runs.append((start, stop))
        return runs

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
        context = RuleContext(self.text, end, self._before, self.in_lexicon, self._is_shouted)
        inside = at and self.text[at - 1].isalnum() and self.text[at].isalnum()
        if inside and self.text[at].lower() not in GREEK:
            return None
        for pattern, verbalize in rules:
            match = pattern.match(self.text, at, end)
            if match is None or (words := verbalize(match, context)) is None:
                continue
            for token in to_tokens(words, at, match.end()):
                self.add(token)
            self._last = (verbalize, match.end())
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
        if divided := _DIVIDED.match(self.text, stop, end):
            # A word divided at the end of a line.
            joined = word + divided[1]
            if self.in_lexicon(joined.lower()):
                self._word(joined, at, divided.end())
                return divided.end()
        if not _is_latin(word):
            self.silent.append((at, stop))
            return stop
        for start in range(at, stop, LONGEST_WORD):
            piece = self.text[start : min(start + LONGEST_WORD, stop)]
            if piece.strip("'"):
                self._word(piece.strip("'"), start, start + len(piece))
        return stop

    def _word(self, word: str, start: int, end: int) -> None:
        self.add(Token("word", word, start, end, letter=self._is_letter(word, start, end)))

    def _is_letter(self, word: str, start: int, end: int) -> bool:
        """Returns whether a single letter is named: not the article, not the pronoun."""
        if len(word) > 1 or word == "I":
            return False
        if word not in "Aa" or _OPERATOR.match(self.text, end):
            return True
        if word == "A" and _OPERATION.match(self.text, end):
            return True
        last = self._before[-1].lower() if self._before else ""
        after = self.text[end : end + 2]
        closes = not after or after[0] in ".,;:!?)"
        if last in ("an", "letter") or (closes and last in ("plus", "equals")):
            return True
        if word == "a" or not last:
            return False
        if last in LETTERED or not after[:1].isspace():
            return True
        # "Plan A is ready", but neither "A Tale" in a title, nor "WHAT A shame", nor after a colon
        # or a quotation mark, where a sentence begins.
        before = _WORD_BEFORE.search(self.text[max(0, start - 20) : start])
        return after[1:].islower() and before is not None and not before[1].isupper()

    def _mark(self, at: int, end: int) -> int:
        text = self.text
        if match := _STOPS.match(text, at, end):
            return self._stops(match, end)
        if match := _CLIPPED.match(text, at, end):
            self.add(Token("word", match[1], at, match.end()))
            return match.end()
        reference = _REFERENCE.match(text, at, end)
        if reference and _is_reference(text, reference, self.tokens):
            return reference.end()
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


def _is_reference(text: str, match: re.Match[str], tokens: Sequence[Token]) -> bool:
    """Returns whether brackets hold a reference, not something the sentence speaks of."""
    before = text[match.start() - 1 : match.start()]
    sentence_over = not tokens or tokens[-1].ends or tokens[-1].kind != "word"
    return bool(match["page"]) or (bool(before) and not before.isspace()) or sentence_over


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
