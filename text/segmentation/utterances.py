"""Sentences to utterances: voiced, cut where too long, with spans, words and prosody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import structs

from core.text import Prosody, Span, Utterance, Word
from text.g2p.phonemizer import Voiced, Voicing
from text.normalization.tokens import Token
from text.normalization.unicode import Content
from text.notices import Notices
from text.segmentation.sentences import Sentence
from text.segmentation.splitting import CLAUSE_PAUSE, LONGEST_UTTERANCE, Item, cut
from text.ssml.directives import Scope


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
            item = Item(token, next(voiced) if token.kind == "word" else Voiced(()))
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

    def _tell(self, item: Item) -> None:
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

    def _length(self, item: Item) -> int:
        if item.token.kind == "point":
            return 1
        return len(item.voiced.symbols) + len(self._voicing.gap)

    def _span(self, tokens: Sequence[Token], after: int) -> Span:
        real = [t for t in tokens if t.end > t.start]
        span = self._content.span(real[0].start, real[-1].end)
        start = max(span.start, after)
        return Span(start, max(span.end, start))

    def _utterance(self, items: Sequence[Item], after: int, pause: float) -> Utterance:
        edge = self._voicing.edge
        symbols: list[str] = []
        words: list[Word] = []
        for number, item in enumerate(items):
            if item.token.kind == "point":
                symbols += self._voicing.point(item.token.text, last=number == len(items) - 1)
                continue
            if symbols:
                symbols += self._voicing.gap
            start = len(edge) + len(symbols)
            symbols += item.voiced.symbols
            span = self._content.span(item.token.start, item.token.end)
            words.append(Word(item.token.text, span, start, len(edge) + len(symbols)))
        framed = (*edge, *symbols, *edge) if symbols else ()
        tokens = [item.token for item in items]
        spoken = [token for token in tokens if token.kind == "word"]
        return Utterance(
            text=_spelled(tokens),
            span=self._span(tokens, after),
            phonemes=framed,
            phoneme_ids=self._voicing.table.ids(framed),
            pause_after_seconds=pause,
            prosody=self._prosody(spoken, words, len(framed)) if self._scopes and spoken else (),
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
