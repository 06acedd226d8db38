"""The audio of a part: the digest of all that made it, and what its results say of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from importlib.metadata import version

import msgspec
import numpy as np

from core.mel import Float32
from core.part import PartAudio
from core.report import StageSeconds
from core.voice import Component
from synthesis.parts import SynthesisItem
from synthesis.results import SynthesizedUtterance

FORMAT_VERSION = 4
"""Version of digest and object; raise it when the engine makes other samples of the same item."""


def part_digest(items: Iterable[SynthesisItem], *, owner: str | None = None) -> str:
    """Returns the BLAKE2b-256 of everything the samples depend on: phonemes, weights, controls.

    Where an utterance stands in a text is not among it, nor are the pauses around, which are not
    part of the stored audio.

    Args:
        items: of the part.
        owner: who alone may reuse the part; None = whoever asks without an owner.
    """
    causes: list[object] = [FORMAT_VERSION, version("rhapsode"), [_causes(i) for i in items]]
    if owner is not None:
        causes.append(owner)
    return hashlib.blake2b(msgspec.msgpack.encode(causes), digest_size=32).hexdigest()


def _causes(item: SynthesisItem) -> list[object]:
    """Returns what the stored audio of an item depends on; where it is checked, its words, too."""
    utterance, selection = item.utterance, item.selection
    causes = [
        utterance.phoneme_ids,
        selection.voice.speaker,
        _network_identity(selection.acoustic_component),
        _network_identity(selection.vocoder_component),
        item.runtime,
        selection.precision,
        item.speed,
        item.pitch,
        item.energy,
        item.seed,
        utterance.prosody,
    ]
    if item.recognizer is not None:
        other = item.alternative and item.alternative.acoustic_component
        words = [(word.start, word.end) for word in utterance.words]
        causes += [
            item.check,
            _network_identity(item.recognizer),
            item.recognizer.thresholds,
            words,
        ]
        causes += [other and _network_identity(other)]
    return causes


def _network_identity(component: Component) -> list[object]:
    config = sorted(component.config.items())
    return [component.network, component.sha256, config, component.mel]


def part_audio_of(results: Sequence[SynthesizedUtterance]) -> PartAudio:
    """Returns the head of a part's audio; all utterances have the same sample rate."""
    artifacts: dict[str, str] = {}
    checks = tuple(result.check for result in results if result.check is not None)
    for result in results:
        artifacts.update(result.artifacts)
    return PartAudio(
        samples=tuple(len(result.waveform.samples) for result in results),
        durations=tuple(result.durations for result in results),
        batch_sizes=tuple(result.batch_size for result in results),
        sample_rate=results[0].waveform.sample_rate,
        stage_seconds=sum((result.stage_seconds for result in results), StageSeconds()),
        artifacts=artifacts,
        notices=tuple(
            tuple(msgspec.structs.replace(notice, span=None) for notice in result.notices)
            for result in results
        ),
        checks=checks if len(checks) == len(results) else (),
    )


def part_samples(results: Sequence[SynthesizedUtterance]) -> Float32:
    """Returns the samples (N,) float32 of a part's utterances, one after the other."""
    return np.concatenate([result.waveform.samples for result in results])
