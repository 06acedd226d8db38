"""Tokens to utterances: sentences voiced, cut where they are too long, spans and pauses told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msgspec import structs

from core.text import Prosody, Span, Utterance, Word
from text.notices import Notices
from text.source import Content
from text.ssml import Scope
from text.tokens import Token
from text.voicing import Voiced, Voicing

SENTENCE_PAUSE = 0.25
"""Seconds between sentences; the voice's own full stop carries about as much again."""
PARAGRAPH_PAUSE = 0.6
"""Seconds between paragraphs."""
CLAUSE_PAUSE = 0.0
"""Seconds where a long sentence is cut: its comma carries the silence."""
LONGEST_UTTERANCE = 150
"""Symbols. The corpus's longest utterance has 152: beyond it the positions are untrained."""
_CONJUNCTIONS = frozenset(("and", "or", "but", "because", "which", "that", "while", "when", "so"))


@dataclass(slots=True)
class Sentence:
    """Words and points, and the silence after them [s]."""

    tokens: list[Token]
    pause: float

    def settle(self) -> None:
        """A comma that a break put at its end becomes a full stop: nothing follows."""
        last = self.tokens[-1]
        if last.text == "," and last.start == last.end:
            self.tokens[-1] = Token("point", ".", last.start, last.end, ends=True)


@dataclass(frozen=True, slots=True)
class _Item:
    """A token with its symbols; points have no word."""

    token: Token
    voiced: Voiced


def sentences(tokens: Iterable[Token]) -> tuple[float, list[Sentence]]:
    """Groups tokens; the first value is the silence before everything [s]."""
    grouping = _Grouping()
    for token in tokens:
        grouping.take(token)
    return grouping.finished()


class _Grouping:
    def __init__(self) -> None:
        self._lead = 0.0
        self._done: list[Sentence] = []
        self._open: list[Token] = []
        self._asked = False
        """The pause after the last sentence is the author's."""

    def take(self, token: Token) -> None:
        if token.kind in ("word", "point"):
            self._open.append(token)
            if token.ends:
                self._close()
        elif token.kind == "break":
            self._pause(token)
        else:
            if self._open:
                self._close()
            elif self._done:
                self._done[-1].settle()
            if token.kind == "paragraph" and self._done and not self._asked:
                self._done[-1].pause = PARAGRAPH_PAUSE

    def _close(self) -> None:
        if any(token.kind == "word" for token in self._open):
            self._done.append(Sentence(self._open, SENTENCE_PAUSE))
            self._asked = False
        self._open = []

    def _pause(self, token: Token) -> None:
        if self._open and not token.seconds:
            return
        if self._open:
            self._open.append(Token("point", ",", token.start, token.start))
            self._close()
        if not self._done:
            self._lead += token.seconds
            return
        last = self._done[-1]
        last.pause = token.seconds + (last.pause if self._asked else 0.0)
        self._asked = True

    def finished(self) -> tuple[float, list[Sentence]]:
        if self._open:
            self._close()
        if self._done:
            self._done[-1].settle()
            if not self._asked:
                self._done[-1].pause = 0.0
        return self._lead, self._done


class Assembler:
    """Makes utterances of sentences.

    Args:
        content: for source spans.
        voicing: the symbol table at work.
        scopes: of the markup: prosody, voice.
        notices: collects warnings.
    """

    def __init__(
        self, content: Content, voicing: Voicing, scopes: Sequence[Scope], notices: Notices
    ) -> None:
        self._content = content
        self._voicing = voicing
        self._scopes = scopes
        self._notices = notices

    def utterances(self, sentence: Sentence) -> list[Utterance]:
        """One, or several where the sentence is too long."""
        tokens = _finished(sentence.tokens)
        voiced = iter(self._voicing.words([t for t in tokens if t.kind == "word"]))
        items = []
        for token in tokens:
            item = _Item(token, next(voiced) if token.kind == "word" else Voiced(()))
            self._tell(item)
            items.append(item)
        pieces = cut(items, [self._length(item) for item in items])
        if len(pieces) > 1:
            self._notices.add(
                "sentence_split",
                f"a sentence of over {LONGEST_UTTERANCE} symbols is spoken in {len(pieces)} pieces",
                self._span(tokens, -1),
            )
        out: list[Utterance] = []
        end = -1
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            pause = sentence.pause if last else CLAUSE_PAUSE
            said = self._utterance(piece, end, pause)
            if said.phonemes:
                out.append(said)
                end = said.span.end
        return out

    def _tell(self, item: _Item) -> None:
        word, token = item.voiced, item.token
        if word.guessed:
            self._notices.add(
                "word_guessed",
                f"{token.text!r} is not in the lexicon; its pronunciation is a guess",
                self._span([token], -1),
            )
        for phone, near in word.replaced:
            told = f"replaced by {near!r}" if near else "left out"
            self._notices.add(
                "phoneme_replaced",
                f"the voice has no phoneme {phone!r}; {told}",
                self._span([token], -1),
            )

    def _length(self, item: _Item) -> int:
        if item.token.kind == "point":
            return 1
        return len(item.voiced.symbols) + len(self._voicing.gap)

    def _span(self, tokens: Sequence[Token], after: int) -> Span:
        real = [t for t in tokens if t.end > t.start]
        span = self._content.span(real[0].start, real[-1].end)
        start = max(span.start, after)
        return Span(start, max(span.end, start))

    def _utterance(self, items: Sequence[_Item], after: int, pause: float) -> Utterance:
        symbols: list[str] = []
        words: list[Word] = []
        for number, item in enumerate(items):
            if item.token.kind == "point":
                symbols += self._voicing.point(item.token.text, last=number == len(items) - 1)
                continue
            if symbols:
                symbols += self._voicing.gap
            start = len(symbols)
            symbols += item.voiced.symbols
            span = self._content.span(item.token.start, item.token.end)
            words.append(Word(item.token.text, span, start, len(symbols)))
        tokens = [item.token for item in items]
        spoken = [token for token in tokens if token.kind == "word"]
        return Utterance(
            text=_spelled(tokens),
            span=self._span(tokens, after),
            phonemes=tuple(symbols),
            phoneme_ids=self._voicing.table.ids(symbols),
            pause_after_seconds=pause,
            prosody=self._prosody(spoken, words, len(symbols)) if self._scopes and spoken else (),
            words=tuple(words),
            voice=self._voice(spoken[0]) if spoken else None,
        )

    def _voice(self, token: Token) -> str | None:
        inside = [s.voice for s in self._scopes if s.voice and s.start <= token.start < s.end]
        return inside[-1] if inside else None

    def _prosody(
        self, tokens: Sequence[Token], words: Sequence[Word], length: int
    ) -> tuple[Prosody, ...]:
        runs: list[Prosody] = []
        first, last = tokens[0].start, tokens[-1].start
        scopes = [s for s in self._scopes if s.start <= last and first < s.end and not s.voice]
        for number, (token, word) in enumerate(zip(tokens, words, strict=True)):
            end = words[number + 1].start if number + 1 < len(words) else length
            here = Prosody(start=word.start, end=end)
            for scope in scopes:
                if scope.start <= token.start < scope.end:
                    here = _inside(here, scope)
            if runs and _factors(runs[-1]) == _factors(here):
                here = structs.replace(runs.pop(), end=end)
            runs.append(here)
        return tuple(run for run in runs if any(factor != 1.0 for factor in _factors(run)))


def _inside(run: Prosody, scope: Scope) -> Prosody:
    """The run inside one more scope: factors multiply."""
    return structs.replace(
        run,
        speed=run.speed * scope.speed,
        pitch=run.pitch * scope.pitch,
        energy=run.energy * scope.energy,
        gain=run.gain * scope.gain,
    )


def _factors(run: Prosody) -> tuple[float, ...]:
    return (run.speed, run.pitch, run.energy, run.gain)


def _finished(tokens: Sequence[Token]) -> list[Token]:
    """A sentence always ends in a point: without one the voice's melody stays open."""
    last = tokens[-1]
    if last.kind == "word":
        return [*tokens, Token("point", ".", last.end, last.end)]
    return [*tokens]


def _spelled(tokens: Iterable[Token]) -> str:
    out = ""
    for token in tokens:
        out += token.text if token.kind == "point" or not out else " " + token.text
    return out


def cut(items: Sequence[_Item], lengths: Sequence[int]) -> list[Sequence[_Item]]:
    """Pieces of at most LONGEST_UTTERANCE symbols, cut at clauses, else between words."""
    pieces: list[Sequence[_Item]] = []
    start, rest = 0, sum(lengths)
    while rest > LONGEST_UTTERANCE and start < len(items) - 1:
        target = rest / -(-rest // LONGEST_UTTERANCE)
        stop = _cut_near(items, lengths, start, target)
        if stop >= len(items):
            break
        pieces.append(items[start:stop])
        rest -= sum(lengths[start:stop])
        start = stop
    return [*pieces, items[start:]]


def _cut_near(items: Sequence[_Item], lengths: Sequence[int], start: int, target: float) -> int:
    """Index of the best first item of the next piece."""
    best, best_cost, said = len(items), float("inf"), 0
    for stop in range(start + 1, len(items)):
        said += lengths[stop - 1]
        if items[stop].token.kind == "point":
            continue  # a point stays with the word before it
        if said > LONGEST_UTTERANCE and best < len(items):
            break
        before, after = items[stop - 1].token, items[stop].token
        cost = abs(said - target) / target
        if after.start < before.end:
            cost += 3.0  # inside a reading ("one hundred")
        elif before.kind != "point":
            cost += 0.6 if after.text.lower() in _CONJUNCTIONS else 1.0
        if cost < best_cost:
            best, best_cost = stop, cost
    return best
