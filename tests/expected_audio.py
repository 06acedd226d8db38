"""The length of the tiny voice's audio: every symbol lasts a known time."""

from __future__ import annotations

from exports.tiny_voice import FRAMES
from text.frontend import open_frontend

HOP = 256
SAMPLE_RATE = 22050


def expected_length(text: str, speed: float = 1.0, *, ssml: bool = False) -> int:
    """Returns the samples of a text, pauses included."""
    analysis = open_frontend("house-ipa", "en-us").analyze(text, ssml=ssml)
    total = round(analysis.lead_seconds / speed * SAMPLE_RATE)
    for utterance in analysis.utterances:
        frames = sum(round(FRAMES[i % 3] / speed) for i in utterance.phoneme_ids)
        total += frames * HOP + round(utterance.pause_after_seconds / speed * SAMPLE_RATE)
    return total
