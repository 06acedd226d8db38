"""The lines of a transcript: times of words and phonemes, from the model's durations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from core.part import Part, PartAudio
from core.recognition import UtteranceCheck
from core.record import JobError
from core.text import Utterance
from core.transcript import TimedWord, TranscriptLine

DIGITS = 6
"""Decimals of a time: a microsecond is far below a sample."""


def timed_lines(part: Part, audio: PartAudio, starts: Iterable[int]) -> Iterator[TranscriptLine]:
    """Yields the lines of a part with audio.

    Args:
        part: its utterances.
        audio: their samples and durations.
        starts: first sample of each utterance in the whole audio, at the part's sample rate.
    """
    checks = audio.checks or (None,) * len(audio.samples)
    figures = zip(audio.samples, audio.durations, audio.notices, checks, strict=True)
    for utterance, start, figure in zip(part.utterances, starts, figures, strict=True):
        samples, durations, notices, check = figure
        bounds = _bounds(durations, start, samples, audio.sample_rate)
        yield TranscriptLine(
            span=utterance.span,
            text=utterance.text,
            status="spoken",
            part=part.index,
            chapter=part.chapter,
            voice=utterance.voice,
            start=bounds[0],
            end=bounds[-1],
            words=tuple(_words(utterance, bounds, check)),
            phonemes=utterance.phonemes,
            bounds=bounds,
            notices=notices,
        )


def failed_lines(part: Part, error: JobError) -> Iterator[TranscriptLine]:
    """Yields the lines of a part that failed."""
    for utterance in part.utterances:
        yield TranscriptLine(
            span=utterance.span,
            text=utterance.text,
            status="failed",
            part=part.index,
            chapter=part.chapter,
            error=error.code,
        )


def _bounds(
    durations: Sequence[int], start: int, samples: int, sample_rate: int
) -> tuple[float, ...]:
    """Returns where each phoneme starts, and where the last one ends [s]."""
    frames = [0, *accumulate(durations)]
    hop = samples / frames[-1] if frames[-1] else 0.0
    return tuple(round((start + at * hop) / sample_rate, DIGITS) for at in frames)


def _words(
    utterance: Utterance, bounds: Sequence[float], check: UtteranceCheck | None
) -> Iterator[TimedWord]:
    findings = {f.word: f for f in check.findings} if check else {}
    for index, word in enumerate(utterance.words):
        finding = findings.get(index)
        yield TimedWord(
            text=word.text,
            span=word.span,
            start=bounds[word.start],
            end=bounds[word.end],
            confidence=check.confidences[index] if check else None,
            finding=finding.code if finding else None,
            expected="".join(utterance.phonemes[word.start : word.end]) if finding else "",
            recognized="".join(finding.recognized) if finding else "",
        )
