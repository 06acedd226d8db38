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
from core.voice import Catalogue, Component
from jobs.storage.keys import part_audio_key
from synthesis.parts import SynthesisItem
from synthesis.results import SynthesizedUtterance

FORM = 1
"""Of digest and object; raise it when the engine says the same thing otherwise."""
_HEAD_BYTES = 4
"""Little-endian length of the msgpack that tells of the samples behind it."""


def part_digest(speeches: Iterable[SynthesisItem], catalogue: Catalogue) -> str:
    """BLAKE2b-256 of everything the samples depend on: what is said, by which weights, how.

    Not of where it stands in a text, and not of the pauses around, which are not part of the sound.

    Raises:
        FieldError: the catalogue lacks a voice or network.
    """
    made = [FORM, version("rhapsode"), [_made_of(speech, catalogue) for speech in speeches]]
    return hashlib.blake2b(msgspec.msgpack.encode(made), digest_size=32).hexdigest()


def _made_of(speech: SynthesisItem, catalogue: Catalogue) -> list[object]:
    card = catalogue.voice(speech.voice)
    _, model = catalogue.component("acoustic", card.acoustic, speech.acoustic)
    _, coder = catalogue.component("vocoder", card.vocoders, speech.vocoder)
    said = speech.utterance
    how = [speech.runtime, speech.speed, speech.pitch, speech.energy, speech.seed, said.prosody]
    return [said.phoneme_ids, card.speaker, _network(model), _network(coder), *how]


def _network(component: Component) -> list[object]:
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
