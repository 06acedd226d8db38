"""Scores outputs and sums the scores up per system."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any

from benchmarks.quality.bootstrap import Estimate, mean, ratio_of_sums
from benchmarks.quality.mos import FIGURES, MosPredictor
from benchmarks.quality.recognizer import Recognition, Recognizer, to_recognizer_rate
from core.mel import Float32

Wav = tuple[str, Float32, int]
"""(text, samples (N,) float32 in [-1, 1], sample rate [Hz])."""


@dataclass(frozen=True, slots=True)
class SentenceScore:
    """The scores of one output.

    Attributes:
        recognition: transcript and its errors.
        predicted_mos: opinion scores by name; empty without predictors or for a silent output.
    """

    recognition: Recognition
    predicted_mos: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of a system over sentences.

    Attributes:
        wer: word error rate, Σ errors / Σ words.
        cer: character error rate, Σ errors / Σ characters.
        predicted_mos: mean opinion scores by name.
        empty: outputs without speech.
        truncated: outputs whose end is missing.
        repeated: outputs that repeat words.
        seconds: of audio, all together [s].
        sentence_scores: one per output.
    """

    wer: Estimate
    cer: Estimate
    predicted_mos: dict[str, Estimate]
    empty: int
    truncated: int
    repeated: int
    seconds: float
    sentence_scores: tuple[SentenceScore, ...]

    def as_json(self) -> dict[str, Any]:
        """Returns plain values."""
        return asdict(self)


def summarize(sentence_scores: Sequence[SentenceScore]) -> Scores:
    """Returns the scores of a system from those of its outputs.

    Raises:
        ValueError: there are no outputs.
    """
    recognitions = [score.recognition for score in sentence_scores]
    predicted_mos = {}
    for name in FIGURES:
        values = [o.predicted_mos[name] for o in sentence_scores if name in o.predicted_mos]
        if values:
            predicted_mos[name] = mean(values)
    return Scores(
        wer=ratio_of_sums([h.word_errors for h in recognitions], [h.words for h in recognitions]),
        cer=ratio_of_sums(
            [h.character_errors for h in recognitions], [h.characters for h in recognitions]
        ),
        predicted_mos=predicted_mos,
        empty=sum(h.failure_modes.empty for h in recognitions),
        truncated=sum(h.failure_modes.truncated for h in recognitions),
        repeated=sum(h.failure_modes.repeated for h in recognitions),
        seconds=sum(h.seconds for h in recognitions),
        sentence_scores=tuple(sentence_scores),
    )


def score_sentence(
    recognizer: Recognizer, predictors: Sequence[MosPredictor], wav: Wav
) -> SentenceScore:
    """Returns the scores of one output."""
    text, samples, sample_rate = wav
    recognition = recognizer.recognize(text, samples, sample_rate)
    predicted_mos: dict[str, float] = {}
    if not recognition.failure_modes.empty:
        audio = to_recognizer_rate(samples, sample_rate)
        for predict in predictors:
            predicted_mos |= predict(audio)
    return SentenceScore(recognition, predicted_mos)


def evaluate(
    wavs: Sequence[Wav],
    predictors: Sequence[MosPredictor] = (),
    on_each: Callable[[], None] = lambda: None,
) -> Scores:
    """Scores outputs; quick (about a second a sentence) without predictors.

    Args:
        wavs: (text, samples (N,) float32 in [-1, 1], sample rate [Hz]).
        predictors: MOS predictors; none leaves word errors and failure modes.
        on_each: called after each output.

    Raises:
        MissingTool: the recognizer is not installed.
        ValueError: there are no outputs.
    """
    recognizer, sentence_scores = _recognizer(), []
    for wav in wavs:
        sentence_scores.append(score_sentence(recognizer, predictors, wav))
        on_each()
    return summarize(sentence_scores)


@cache
def _recognizer() -> Recognizer:
    return Recognizer()
