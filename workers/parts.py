"""A text analysis cut into parts: the units of queueing, checkpoint and retry. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from core.errors import TextError
from core.job import Part, RuntimeName, SynthesisRequest
from core.text import TextAnalysis, Utterance
from core.units import samples_of
from core.voice import Catalogue

SECONDS_PER_PHONEME = 0.08
"""Mean speech per symbol, word gaps included [s]: 16 784 s / 208 895 symbols of the corpus."""
PART_SECONDS = 24.0
"""Speech of a part [s]: a second or two of work on two cores, little lost when a worker dies."""
FIRST_PART_SECONDS = 6.0
"""Speech of a job's first part [s], so that its first audio does not wait for a long part."""


class Speech(msgspec.Struct, frozen=True, kw_only=True):
    """One utterance with everything its sound depends on."""

    utterance: Utterance
    voice: str
    """Name of a voice of the catalogue; no field is left to a default."""
    acoustic: str
    """Name of an acoustic model the voice offers."""
    vocoder: str
    """Name of a vocoder the voice offers."""
    runtime: RuntimeName
    speed: float = 1.0
    """2.0 = half the duration."""
    pitch: float = 1.0
    """Factor on F0 [Hz]."""
    energy: float = 1.0
    """Factor on the energy."""
    seed: int = 0
    """The utterance's own, see ``utterance_seed``."""


def estimate_seconds(utterance: Utterance, speed: float = 1.0) -> float:
    """How long an utterance with its pause will be, before speaking it [s]."""
    speech = len(utterance.phoneme_ids) * SECONDS_PER_PHONEME
    return (speech + utterance.pause_after_seconds) / speed


def cut_parts(
    analysis: TextAnalysis,
    *,
    speed: float = 1.0,
    part_seconds: float = PART_SECONDS,
    first_seconds: float = FIRST_PART_SECONDS,
) -> tuple[Part, ...]:
    """Cuts an analysis into parts; utterances are never split, order is kept.

    Args:
        analysis: what the text front end said.
        speed: of the request; a slow job has shorter parts.
        part_seconds: estimated speech of a part [s]; exceeded only by a single long utterance.
        first_seconds: the same for the first part.

    Raises:
        TextError: there is nothing to speak.
    """
    if not analysis.utterances:
        raise TextError("text", "nothing in the text can be spoken")
    parts: list[Part] = []
    start, seconds = 0, 0.0
    for index, utterance in enumerate(analysis.utterances):
        limit = part_seconds if parts else first_seconds
        own = estimate_seconds(utterance, speed)
        if index > start and seconds + own > limit:
            parts.append(Part(len(parts), start, analysis.utterances[start:index]))
            start, seconds = index, 0.0
        seconds += own
    parts.append(Part(len(parts), start, analysis.utterances[start:]))
    return tuple(parts)


def utterance_seed(seed: int, index: int) -> int:
    """The seed of one utterance: the first 8 bytes of BLAKE2b("seed:index"), without the sign bit.

    It depends on the utterance's place in the job alone, so cutting or batching differently does
    not change a sample.

    >>> utterance_seed(0, 0) != utterance_seed(0, 1) != utterance_seed(1, 0)
    True
    """
    digest = hashlib.blake2b(f"{seed}:{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def speeches(part: Part, request: SynthesisRequest, catalogue: Catalogue) -> Iterator[Speech]:
    """What an engine speaks for a part, in order.

    An utterance with its own voice (SSML ``<voice>``) takes that voice's acoustic model and vocoder
    of the request's name where it offers them, else its defaults.

    Args:
        part: utterances of the request's job.
        request: the job's; open fields take the voice's defaults.
        catalogue: of the worker.

    Raises:
        FieldError: the catalogue lacks the voice or network, or voices do not go together.
    """
    base = catalogue.voice(request.voice)
    acoustic, base_model = catalogue.component("acoustic", base.acoustic, request.acoustic)
    vocoder, _ = catalogue.component("vocoder", base.vocoders, request.vocoder)
    for offset, utterance in enumerate(part.utterances):
        voice = base if utterance.voice is None else catalogue.voice(utterance.voice)
        own_acoustic, _ = catalogue.inner_model(base_model, voice, acoustic)
        own_vocoder = vocoder if vocoder in voice.vocoders else next(iter(voice.vocoders))
        yield Speech(
            utterance=utterance,
            voice=voice.name,
            acoustic=own_acoustic,
            vocoder=own_vocoder,
            runtime=request.runtime,
            speed=request.speed,
            pitch=request.pitch,
            energy=request.energy,
            seed=utterance_seed(request.seed, part.first + offset),
        )


def pause_samples(seconds: float, speed: float, sample_rate: int) -> int:
    """A pause in samples, shortened or stretched with the speech.

    >>> pause_samples(0.5, 2.0, 22050)
    5512
    """
    return samples_of(seconds / speed, sample_rate)
