"""Detects results that are not speech, or unlikely speech, before anybody hears them.

Bounds marked *corpus* lie at half the smallest or twice the largest figure among 2 627 utterances
of the training corpus (4.4 h of read speech, two speakers): what is outside was never seen there,
by far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.mel import Float32
from core.text import Notice, Utterance

REFUSED_ANOMALIES: Final = frozenset(
    {"anomaly_empty", "anomaly_not_finite", "anomaly_silent", "anomaly_runaway"}
)
"""Results that nobody should hear; the other anomalies are kept and reported."""
VOCODER_ANOMALIES: Final = frozenset(
    {"anomaly_not_finite", "anomaly_silent", "anomaly_clipped", "anomaly_silence"}
)
"""What another seed of the vocoder alone may correct: lengths are the acoustic model's."""
CHANCE_ANOMALIES: Final = frozenset({"anomaly_empty", "anomaly_not_finite", "anomaly_silent"})
"""What a device or a batch may cause, so that a network without a seed is run once more."""

SILENT_RMS: Final = 1e-4
"""Speech below this root mean square (-80 dBFS) is no speech; *corpus*: 0.053 to 0.079."""
SECONDS_PER_PHONEME: Final = (0.03, 0.35)
"""Means over an utterance at speed 1 [s]; *corpus*: 0.0607 to 0.174, its 1st and 99th percentiles
0.0637 and 0.095, edges of silence included."""
EDGE_SECONDS: Final = 1.4
"""Silence that a model may put around an utterance [s]; it dominates one-word sentences. *corpus*:
at most 0.72 at either end."""
SYMBOL_SECONDS: Final = 1.44
"""Longest symbol at speed 1 [s]; *corpus*: at most 0.72. An attention that got stuck holds one."""
SKIPPED_LETTERS: Final = 5
"""Letters in a row without a single frame: a word. *corpus*: none up to twice the speed."""
SKIPPED_SPEED: Final = 2.0
"""Above this speed, letters of a frame or two are rounded away."""
CLIPPED_LEVEL: Final = 0.999
"""Full scale but for a 16-bit step or so."""
CLIPPED_SHARE: Final = 1e-3
"""Share of samples at full scale; *corpus*: at most 3.9e-5. A tenth of a percent is heard."""
QUIET_RMS: Final = 10 ** (-50 / 20)
"""Frames of 20 ms below -50 dBFS are a pause, not a phoneme."""
QUIET_FRAME_SECONDS: Final = 0.02
QUIET_SECONDS: Final = 1.48
"""Longest pause at speed 1 [s]; *corpus*: at most 0.74. Pauses that a text asks for lie between
utterances, so none of them is in here."""
STRAY_SECONDS: Final = 0.22
"""Attention that went back for so long repeats: three symbols, the distance at which an acoustic
model counts it as gone back, at the corpus' median of 0.074 s."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at an utterance, as far as it went.

    Attributes:
        utterance: what was to be synthesized.
        speed: (L,) factor of each phoneme, 2.0 = half the duration.
        sample_rate: [Hz].
        hop_length: samples per frame.
        durations: frames of each phoneme.
        samples: (N,) float32, before any gain; None where no vocoder ran.
        runaway: the acoustic model did not stop.
        stray_frames: frames in which its attention stood on symbols that it had left before.
    """

    utterance: Utterance
    speed: Float32
    sample_rate: int
    hop_length: int
    durations: Sequence[int]
    samples: Float32 | None = None
    runaway: bool = False
    stray_frames: int = 0


def is_audible(utterance: Utterance) -> bool:
    """Returns whether a phoneme is a letter: gaps and punctuation may well be silent."""
    return any(_is_letter(phoneme) for phoneme in utterance.phonemes)


def detect_anomalies(attempt: Attempt) -> tuple[Notice, ...]:
    """Returns what is wrong with an attempt; empty = nothing.

    Without samples the durations alone are looked at: what is streamed is checked before it is
    vocoded, because what was sent cannot be tried again.

    Returns:
        If it is no speech, one notice of ``REFUSED_ANOMALIES``; else all that is unlikely:
        ``anomaly_short``, ``anomaly_long``, ``anomaly_stuck``, ``anomaly_skipped``,
        ``anomaly_repeat``, ``anomaly_clipped``, ``anomaly_silence``.
    """
    if refused := _refused(attempt):
        return (_notice(attempt, *refused),)
    if not is_audible(attempt.utterance):
        return ()
    checks = [_length, _stuck, _skipped, _repeat]
    if attempt.samples is not None:
        checks += [_clipped, _silence]
    return tuple(_notice(attempt, *found) for check in checks if (found := check(attempt)))


def _notice(attempt: Attempt, code: str, message: str) -> Notice:
    return Notice(code, message, attempt.utterance.span)


def _is_letter(phoneme: str) -> bool:
    return any(character.isalpha() for character in phoneme)


Finding = tuple[str, str] | None


def _refused(attempt: Attempt) -> Finding:
    if attempt.runaway:
        return "anomaly_runaway", "the acoustic model did not stop"
    if not sum(attempt.durations):
        return "anomaly_empty", "the acoustic model predicted no frame"
    if attempt.samples is None:
        return None
    if not np.isfinite(attempt.samples).all():
        return "anomaly_not_finite", "the voice's samples are not finite"
    rms = _rms(attempt.samples)
    if rms < SILENT_RMS and is_audible(attempt.utterance):
        return "anomaly_silent", f"the voice stayed silent (RMS {rms:.1e})"
    return None


def _rms(samples: Float32) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def _length(attempt: Attempt) -> Finding:
    count = len(attempt.durations)
    mean_speed = float(1 / np.mean(1 / attempt.speed.astype(np.float64)))
    seconds = sum(attempt.durations) * attempt.hop_length / attempt.sample_rate * mean_speed
    low, high = (bound * count for bound in SECONDS_PER_PHONEME)
    high += EDGE_SECONDS
    if low <= seconds <= high:
        return None
    code = "anomaly_short" if seconds < low else "anomaly_long"
    length = f"{seconds:.2f} s at speed 1 for {count} phonemes"
    return code, f"{length}; {low:.2f} to {high:.2f} s expected"


def _stuck(attempt: Attempt) -> Finding:
    seconds = (
        np.asarray(attempt.durations) * attempt.speed * (attempt.hop_length / attempt.sample_rate)
    )
    longest = int(seconds.argmax())
    if seconds[longest] <= SYMBOL_SECONDS:
        return None
    message = f"phoneme {longest} lasts {seconds[longest]:.2f} s at speed 1"
    return "anomaly_stuck", f"{message}; at most {SYMBOL_SECONDS} s expected"


def _skipped(attempt: Attempt) -> Finding:
    if float(attempt.speed.max()) > SKIPPED_SPEED:
        return None
    both = zip(attempt.utterance.phonemes, attempt.durations, strict=True)
    left_out = np.array([frames == 0 for phoneme, frames in both if _is_letter(phoneme)], np.bool_)
    count = _longest_run(left_out)
    if count < SKIPPED_LETTERS:
        return None
    return "anomaly_skipped", f"{count} phonemes in a row have no sound"


def _repeat(attempt: Attempt) -> Finding:
    seconds = attempt.stray_frames * attempt.hop_length / attempt.sample_rate
    if seconds <= STRAY_SECONDS:
        return None
    message = f"for {seconds:.2f} s the attention stood on symbols that it had left before"
    return "anomaly_repeat", message


def _clipped(attempt: Attempt) -> Finding:
    assert attempt.samples is not None
    share = float(np.mean(np.abs(attempt.samples) >= CLIPPED_LEVEL))
    if share <= CLIPPED_SHARE:
        return None
    return "anomaly_clipped", f"{share:.2%} of the samples are at full scale"


def _silence(attempt: Attempt) -> Finding:
    assert attempt.samples is not None
    size = round(QUIET_FRAME_SECONDS * attempt.sample_rate)
    whole = attempt.samples[: len(attempt.samples) // size * size].reshape(-1, size)
    quiet = np.mean(np.square(whole), axis=1) < QUIET_RMS**2
    seconds = _longest_run(quiet) * size / attempt.sample_rate
    # Where speeds differ within an utterance, the slowest phoneme may be the pause.
    if seconds * min(1.0, float(attempt.speed.min())) <= QUIET_SECONDS:
        return None
    return "anomaly_silence", f"{seconds:.2f} s of silence within the utterance"


def _longest_run(flags: NDArray[np.bool_]) -> int:
    return max((sum(1 for _ in run) for true, run in groupby(flags.tolist()) if true), default=0)
