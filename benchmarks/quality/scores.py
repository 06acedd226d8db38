"""Listens to outputs and sums up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from benchmarks.quality.judges import FIGURES, Judge
from benchmarks.quality.listener import Heard, Listener, for_judges
from benchmarks.quality.spread import Figure, mean, ratio_of_sums
from core.mel import Float32

Wav = tuple[str, Float32, int]
"""(text, samples (N,) float32 in [-1, 1], sample rate [Hz])."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """One output: what was heard and what the judges say.

    Attributes:
        heard: by the listener.
        judged: figures by name; empty without judges or for a silent output.
    """

    heard: Heard
    judged: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scores:
    """A system over sentences.

    Attributes:
        wer: word error rate, Σ errors / Σ words.
        cer: character error rate, Σ errors / Σ characters.
        judged: mean opinions by name.
        empty: outputs without speech.
        truncated: outputs whose end is missing.
        repeated: outputs that say words twice.
        seconds: of audio, all together [s].
        opinions: per sentence.
    """

    wer: Figure
    cer: Figure
    judged: dict[str, Figure]
    empty: int
    truncated: int
    repeated: int
    seconds: float
    opinions: tuple[Opinion, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def sum_up(opinions: Sequence[Opinion]) -> Scores:
    """Figures over sentences.

    Raises:
        ValueError: no opinions.
    """
    heard = [opinion.heard for opinion in opinions]
    judged = {}
    for name in FIGURES:
        values = [o.judged[name] for o in opinions if name in o.judged]
        if values:
            judged[name] = mean(values)
    return Scores(
        wer=ratio_of_sums([h.word_errors for h in heard], [h.words for h in heard]),
        cer=ratio_of_sums([h.character_errors for h in heard], [h.characters for h in heard]),
        judged=judged,
        empty=sum(h.mishaps.empty for h in heard),
        truncated=sum(h.mishaps.truncated for h in heard),
        repeated=sum(h.mishaps.repeated for h in heard),
        seconds=sum(h.seconds for h in heard),
        opinions=tuple(opinions),
    )


def form_opinion(listener: Listener, judges: Sequence[Judge], wav: Wav) -> Opinion:
    """Listens to one output."""
    text, samples, sample_rate = wav
    heard = listener.hear(text, samples, sample_rate)
    judged: dict[str, float] = {}
    if not heard.mishaps.empty:
        audio = for_judges(samples, sample_rate)
        for judge in judges:
            judged |= judge(audio)
    return Opinion(heard, judged)


def listen(
    wavs: Sequence[Wav],
    judges: Sequence[Judge] = (),
    on_each: Callable[[], None] = lambda: None,
) -> Scores:
    """Scores outputs; quick (about a second a sentence) without judges.

    Args:
        wavs: (text, samples (N,) float32 in [-1, 1], sample rate [Hz]).
        judges: of ``benchmarks.quality.judges.open_judges``; none = word errors and mishaps only.
        on_each: called after each output.

    Raises:
        MissingTool: the listener is not installed.
        ValueError: no outputs.
    """
    listener, opinions = _listener(), []
    for wav in wavs:
        opinions.append(form_opinion(listener, judges, wav))
        on_each()
    return sum_up(opinions)


@cache
def _listener() -> Listener:
    return Listener()
