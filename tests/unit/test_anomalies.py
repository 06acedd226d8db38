"""Anomalies of single attempts."""

import dataclasses

import numpy as np
import pytest

from core.mel import Float32
from core.text import Span, Utterance
from synthesis.anomalies import REFUSED_ANOMALIES, Attempt, detect_anomalies

RATE, HOP = 22050, 256


def attempt(frames: int = 7, count: int = 30, speed: float = 1.0, phoneme: str = "a") -> Attempt:
    """A harmonic_tone at the corpus' loudness."""
    utterance = Utterance(
        text="a",
        span=Span(3, 9),
        phonemes=(phoneme,) * count,
        phoneme_ids=(1,) * count,
        pause_after_seconds=0.0,
    )
    return Attempt(
        utterance=utterance,
        speed=np.full(count, speed, np.float32),
        sample_rate=RATE,
        hop_length=HOP,
        durations=[frames] * count,
        samples=harmonic_tone(frames * count * HOP),
    )


def harmonic_tone(samples: int) -> Float32:
    tone: Float32 = (0.1 * np.sin(np.arange(samples) * 0.1)).astype(np.float32)
    return tone


def codes(one: Attempt) -> set[str]:
    found = detect_anomalies(one)
    assert all(notice.span == one.utterance.span for notice in found)
    return {notice.code for notice in found}


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.0, 2.0])
def test_usual_speech_has_none(speed: float) -> None:
    assert codes(attempt(round(6 / speed), speed=speed)) == set()


@pytest.mark.parametrize(
    ("frames", "speed", "code"),
    [(1, 1.0, "anomaly_short"), (60, 1.0, "anomaly_long"), (2, 0.25, "anomaly_short")],
)
def test_lengths_count_at_speed_one(frames: int, speed: float, code: str) -> None:
    assert code in codes(attempt(frames, speed=speed))


def test_a_word_without_frames_is_skipped_but_not_at_high_speed() -> None:
    usual = attempt()
    gone = dataclasses.replace(usual, durations=[8] * 25 + [0] * 5)
    assert codes(gone) == {"anomaly_skipped"}
    assert codes(dataclasses.replace(gone, speed=np.full(30, 3.0, np.float32))) == set()
    assert codes(dataclasses.replace(usual, durations=[8] * 26 + [0] * 4)) == set()


def test_a_pause_counts_at_the_slowest_phoneme() -> None:
    slow = attempt(28, speed=0.25)
    assert slow.samples is not None
    slow.samples[RATE : 4 * RATE] = 0
    assert codes(slow) == set()
    slow.samples[RATE : 8 * RATE] = 0
    assert codes(slow) == {"anomaly_silence"}


def test_full_scale_counts_above_a_thousandth() -> None:
    loud = attempt()
    assert loud.samples is not None
    loud.samples[: len(loud.samples) // 1001] = -1.2
    assert codes(loud) == set()
    loud.samples[: len(loud.samples) // 500] = -1.2
    assert codes(loud) == {"anomaly_clipped"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"runaway": True}, "anomaly_runaway"),
        ({"durations": [0] * 30}, "anomaly_empty"),
        ({"samples": np.full(30 * HOP, np.nan, np.float32)}, "anomaly_not_finite"),
        ({"samples": np.zeros(30 * HOP, np.float32)}, "anomaly_silent"),
    ],
)
def test_a_refused_anomaly_is_reported_alone(change: dict[str, object], code: str) -> None:
    assert codes(dataclasses.replace(attempt(), **change)) == {code}  # type: ignore[arg-type]
    assert code in REFUSED_ANOMALIES


def test_punctuation_may_be_anything() -> None:
    quiet = dataclasses.replace(attempt(60, phoneme="..."), samples=np.zeros(10 * HOP, np.float32))
    assert codes(quiet) == set()
