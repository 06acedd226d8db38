"""Sentences to utterances: pronounced, split where too long, with spans, words and prosody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from msgspec import structs

from core.text import Prosody, Span, Utterance, Word
from text.g2p.phonemizer import Phonemizer, Pronunciation
from text.language import foreign_passages
from text.normalization.tokens import Token
from text.normalization.unicode import FoldedText
from text.notices import Notices
from text.segmentation.sentences import TokenSentence
from text.segmentation.splitting import CLAUSE_PAUSE, LONGEST_UTTERANCE, PhonemizedToken, split
from text.ssml.directives import SsmlScope


class UtteranceBuilder:
    """Makes utterances of sentences.

    Args:
        content: for source spans.
        phonemizer: the symbol table at work.
        scopes: of the markup: prosody, voice.
        notices: collects warnings.
    """

    def __init__(
        self,
        content: FoldedText,
        phonemizer: Phonemizer,
        scopes: Sequence[SsmlScope],
        notices: Notices,
    ) -> None:
        self._content = content
        self._phonemizer = phonemizer
        self._scopes = _ActiveScopes(scopes)
        self._notices = notices

    def utterances(self, sentence: TokenSentence) -> list[Utterance]:
        """Returns one utterance, or several where the sentence is too long."""
        tokens = _with_final_mark(sentence.tokens)
        pronunciations = iter(self._phonemizer.pronounce([t for t in tokens if t.kind == "word"]))
        items: list[PhonemizedToken] = []
        for token in tokens:
            item = PhonemizedToken(
                token, next(pronunciations) if token.kind == "word" else Pronunciation(())
            )
            items.append(item)
        self._add_notices(items)
        pieces = split(items, [self._length(item) for item in items])
        if len(pieces) > 1:
            self._notices.add(
                "sentence_split",
                f"a sentence of over {LONGEST_UTTERANCE} symbols is spoken in {len(pieces)} pieces",
                self._span(tokens, -1),
            )
        utterances: list[Utterance] = []
        end = -1
        if len(pieces) > 1:
            pieces = _with_own_spans(pieces)
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            pause = sentence.pause if last else CLAUSE_PAUSE
            utterance = self._utterance(piece, end, pause)
            if utterance.phonemes:
                utterances.append(utterance)
                end = utterance.span.end
        return utterances

    def _add_notices(self, items: Sequence[PhonemizedToken]) -> None:
        words = [item for item in items if item.token.kind == "word"]
        passages = foreign_passages(
            [item.token.text.lower() for item in words],
            [not item.pronunciation.guessed for item in words],
        )
        foreign: set[int] = set()
        for start, end, language in passages:
            # Told of once: that all its words are guesses goes without saying.
            span = self._span([item.token for item in words[start:end]], -1)
            message = f"a passage in {language} is read as English"
            self._notices.add("foreign_passage", message, span)
            foreign.update(range(start, end))
        for at, item in enumerate(words):
            self._add_word_notices(item, at in foreign)

    def _add_word_notices(self, item: PhonemizedToken, foreign: bool) -> None:
        pronunciation, token = item.pronunciation, item.token
        if pronunciation.guessed and not foreign:
            self._notices.add(
                "word_guessed",
                f"{token.text!r} is not in the lexicon; its pronunciation is a guess",
                self._span([token], -1),
            )
        for phone, near in pronunciation.replaced:
            fate = f"replaced by {near!r}" if near else "left out"
            self._notices.add(
                "phoneme_replaced",
                f"the voice has no phoneme {phone!r}; {fate}",
                self._span([token], -1),
            )

    def _length(self, item: PhonemizedToken) -> int:
        if item.token.kind == "punctuation":
            return 1
        return len(item.pronunciation.symbols) + len(self._phonemizer.gap)

    def _span(self, tokens: Sequence[Token], after: int) -> Span:
        real = [t for t in tokens if t.end > t.start]
        span = self._content.span(real[0].start, real[-1].end)
        start = max(span.start, after)
        return Span(start, max(span.end, start))

    def _utterance(self, items: Sequence[PhonemizedToken], after: int, pause: float) -> Utterance:
        edge = self._phonemizer.edge
        tokens = [item.token for item in items]
        whole = self._span(tokens, after)
        symbols: list[str] = []
        words: list[Word] = []
        for number, item in enumerate(items):
            if item.token.kind == "punctuation":
                symbols += self._phonemizer.punctuation(
                    item.token.text, last=number == len(items) - 1
                )
                continue
            if symbols:
                symbols += self._phonemizer.gap
            start = len(edge) + len(symbols)
            symbols += item.pronunciation.symbols
            span = self._content.span(item.token.start, item.token.end)
            if span.start < whole.start:
                # One character of two words (℃), whose first ends the utterance before.
                span = Span(whole.start, max(span.end, whole.start))
            end = len(edge) + len(symbols)
            found = item.pronunciation
            words.append(Word(item.token.text, span, start, end, found.guessed, found.sense))
        framed = (*edge, *symbols, *edge) if symbols else ()
        words_only = [token for token in tokens if token.kind == "word"]
        return Utterance(
            text=_joined(tokens),
            span=whole,
            phonemes=framed,
            phoneme_ids=self._phonemizer.table.ids(framed),
            pause_after_seconds=pause,
            prosody=self._prosody(words_only, words, len(framed)),
            words=tuple(words),
            voice=self._voice(words_only),
        )

    def _voice(self, tokens: Sequence[Token]) -> str | None:
        if not tokens:
            return None
        at = tokens[0].start
        inside = [s.voice for s in self._scopes.within(at, at) if s.voice and s.start <= at < s.end]
        return inside[-1] if inside else None

    def _prosody(
        self, tokens: Sequence[Token], words: Sequence[Word], length: int
    ) -> tuple[Prosody, ...]:
        if not tokens:
            return ()
        scopes = self._scopes.within(tokens[0].start, tokens[-1].start)
        scopes = [scope for scope in scopes if not scope.voice]
        if not scopes:
            return ()
        runs: list[Prosody] = []
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


class _ActiveScopes:
    """The scopes around a place that only moves forward, so that all cost what they are many.

    Args:
        scopes: of a document.
    """

    def __init__(self, scopes: Sequence[SsmlScope]) -> None:
        # An inner element ends before those around it: among those of one start the widest first.
        self._waiting = sorted(scopes, key=lambda scope: (-scope.start, scope.end))
        self._active: list[SsmlScope] = []

    def within(self, first: int, last: int) -> list[SsmlScope]:
        """Returns the scopes that hold a character from ``first`` to ``last``, outer ones first."""
        while self._waiting and self._waiting[-1].start <= last:
            self._active.append(self._waiting.pop())
        self._active = [scope for scope in self._active if scope.end > first]
        return [scope for scope in self._active if scope.start <= last]


def _with_own_spans(pieces: Sequence[Sequence[PhonemizedToken]]) -> list[Sequence[PhonemizedToken]]:
    """Returns the pieces with what they share of the source divided between them.

    All words of a verbalization (an address, a long number) stand for the whole of it. Where it is
    split, every piece takes a part of its characters, in proportion to its words.
    """
    counts = Counter((item.token.start, item.token.end) for piece in pieces for item in piece)
    divided = {
        (before[-1].token.start, before[-1].token.end)
        for before, after in pairwise(pieces)
        if after[0].token.start < before[-1].token.end
    }
    taken: Counter[tuple[int, int]] = Counter()
    out: list[Sequence[PhonemizedToken]] = []
    for piece in pieces:
        here = Counter((item.token.start, item.token.end) for item in piece)
        spans: dict[tuple[int, int], tuple[int, int]] = {}
        for span, number in here.items():
            if span in divided:
                start, end = span
                first = start + (end - start) * taken[span] // counts[span]
                taken[span] += number
                last = start + (end - start) * taken[span] // counts[span]
                first = min(first, end - 1)
                spans[span] = (first, max(last, first + 1))
        out.append([_moved(item, spans) for item in piece])
    return out


def _moved(
    item: PhonemizedToken, spans: Mapping[tuple[int, int], tuple[int, int]]
) -> PhonemizedToken:
    place = spans.get((item.token.start, item.token.end))
    if place is None:
        return item
    return replace(item, token=replace(item.token, start=place[0], end=place[1]))


def _inside(run: Prosody, scope: SsmlScope) -> Prosody:
    """Returns the run inside one more scope: factors multiply."""
    return structs.replace(
        run,
        speed=run.speed * scope.speed,
        pitch=run.pitch * scope.pitch,
        energy=run.energy * scope.energy,
        gain=run.gain * scope.gain,
    )


def _factors(run: Prosody) -> tuple[float, ...]:
    return (run.speed, run.pitch, run.energy, run.gain)


def _with_final_mark(tokens: Sequence[Token]) -> list[Token]:
    """Returns the tokens with a final mark: without one the voice's melody stays open."""
    last = tokens[-1]
    if last.kind == "word":
        return [*tokens, Token("punctuation", ".", last.end, last.end)]
    return [*tokens]


def _joined(tokens: Iterable[Token]) -> str:
    text = ""
    for token in tokens:
        text += token.text if token.kind == "punctuation" or not text else " " + token.text
    return text
