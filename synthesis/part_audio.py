"""Parts' sounds in the audio store, each under the digest of all that made it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from importlib.metadata import version

import msgspec
import numpy as np

from core.errors import NotFound
from core.mel import Float32
from core.part import PartAudio
from core.protocols import AudioStore
from core.report import StageSeconds
from core.voice import Component
from jobs.storage.keys import part_audio_key
from synthesis.parts import SynthesisItem
from synthesis.results import SynthesizedUtterance

FORMAT_VERSION = 1
"""Version of digest and object; raise it when the engine makes other samples of the same item."""
_HEAD_BYTES = 4
"""Little-endian length of the msgpack that tells of the samples behind it."""


def part_digest(items: Iterable[SynthesisItem]) -> str:
    """Returns the BLAKE2b-256 of everything the samples depend on: phonemes, weights, controls.

    Where an utterance stands in a text is not among it, nor are the pauses around, which are not
    part of the stored audio.
    """
    causes = [FORMAT_VERSION, version("rhapsode"), [_causes(item) for item in items]]
    return hashlib.blake2b(msgspec.msgpack.encode(causes), digest_size=32).hexdigest()


def _causes(item: SynthesisItem) -> list[object]:
    utterance, selection = item.utterance, item.selection
    return [
        utterance.phoneme_ids,
        selection.voice.speaker,
        _network_identity(selection.acoustic_component),
        _network_identity(selection.vocoder_component),
        item.runtime,
        item.speed,
        item.pitch,
        item.energy,
        item.seed,
        utterance.prosody,
    ]


def _network_identity(component: Component) -> list[object]:
    config = sorted(component.config.items())
    return [component.network, component.sha256, config, component.mel]


def part_audio_of(spoken: Sequence[SynthesizedUtterance]) -> PartAudio:
    """What is known of utterances that were spoken together; all have the same sample rate."""
    artifacts: dict[str, str] = {}
    for one in spoken:
        artifacts.update(one.artifacts)
    return PartAudio(
        samples=tuple(len(one.waveform.samples) for one in spoken),
        durations=tuple(one.durations for one in spoken),
        batch_sizes=tuple(one.batch_size for one in spoken),
        sample_rate=spoken[0].waveform.sample_rate,
        stage_seconds=StageSeconds(
            acoustic=sum(one.stage_seconds.acoustic for one in spoken),
            vocoder=sum(one.stage_seconds.vocoder for one in spoken),
        ),
        artifacts=artifacts,
        notices=tuple(
            tuple(msgspec.structs.replace(n, span=None) for n in one.notices) for one in spoken
        ),
    )


def write_part_audio(
    audio: AudioStore, digest: str, sound: PartAudio, spoken: Sequence[SynthesizedUtterance]
) -> None:
    """Stores it whole.

    Raises:
        Unavailable: the store refuses.
    """
    head = msgspec.msgpack.encode(sound)
    samples = np.concatenate([one.waveform.samples for one in spoken]).astype("<f4", copy=False)
    length = len(head).to_bytes(_HEAD_BYTES, "little")
    audio.put(part_audio_key(digest), length + head + samples.tobytes())


def read_part_audio(audio: AudioStore, digest: str) -> PartAudio:
    """What is known of a stored sound.

    Raises:
        NotFound: it is not there, or not whole.
        Unavailable: the store refuses.
    """
    key = part_audio_key(digest)
    head = _HEAD_BYTES + int.from_bytes(audio.read(key, 0, _HEAD_BYTES), "little")
    try:
        sound = msgspec.msgpack.decode(audio.read(key, _HEAD_BYTES, head), type=PartAudio)
    except msgspec.DecodeError as error:
        raise NotFound(f"{key} is damaged", code="sound_not_found") from error
    if audio.size(key) != head + 4 * sum(sound.samples):
        raise NotFound(f"{key} is damaged", code="sound_not_found")
    return sound


def read_samples(audio: AudioStore, digest: str) -> Float32:
    """Samples (N,) of a stored sound, float32.

    Raises:
        NotFound: it is not there.
        Unavailable: the store refuses.
    """
    data = audio.get(part_audio_key(digest))
    head = _HEAD_BYTES + int.from_bytes(data[:_HEAD_BYTES], "little")
    return np.frombuffer(data, "<f4", offset=head)
