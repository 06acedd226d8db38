"""What comes out of the models is looked at before anybody hears it."""

from __future__ import annotations

import numpy as np

from core.errors import AnomalyError
from core.mel import Float32
from core.text import Notice, Utterance

SILENT_RMS = 1e-4
"""Speech below this root mean square (-80 dBFS) is no speech; read speech lies near 0.05."""
SECONDS_PER_PHONEME = (0.02, 0.6)
"""Plausible means over an utterance at speed 1 [s]: three times outside what the corpus holds
(0.061 to 0.26, edges of silence included)."""
EDGE_SECONDS = 1.0
"""Silence that a model may say around an utterance [s]; it dominates one-word sentences."""


def check_speech(
    samples: Float32, utterance: Utterance, speed: float, sample_rate: int
) -> tuple[Notice, ...]:
    """Refuses what is not speech, and tells what is unlikely.

    Args:
        samples: (N,) float32, before any gain.
        utterance: what should have been said.
        speed: mean over its phonemes.
        sample_rate: [Hz].

    Returns:
        Notices ``length_unlikely``.

    Raises:
        AnomalyError: there are no samples, one is not finite, or all are silent.
    """
    if not len(samples):
        raise AnomalyError("the voice said nothing", code="anomaly_empty")
    if not np.isfinite(samples).all():
        raise AnomalyError("the voice's samples are not finite", code="anomaly_not_finite")
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    if rms < SILENT_RMS and has_sound(utterance):
        raise AnomalyError(f"the voice stayed silent (RMS {rms:.1e})", code="anomaly_silent")
    return _length_notices(len(samples) / sample_rate * speed, utterance)


def has_sound(utterance: Utterance) -> bool:
    """True where a phoneme is a letter: gaps and punctuation may well be silent."""
    return any(letter.isalpha() for phoneme in utterance.phonemes for letter in phoneme)


def _length_notices(seconds: float, utterance: Utterance) -> tuple[Notice, ...]:
    count = len(utterance.phoneme_ids)
    low, high = (bound * count for bound in SECONDS_PER_PHONEME)
    if low <= seconds <= high + EDGE_SECONDS:
        return ()
    message = f"{seconds:.2f} s at speed 1 for {count} phonemes; {low:.2f} to {high:.2f} s expected"
    return (Notice("length_unlikely", message, utterance.span),)
