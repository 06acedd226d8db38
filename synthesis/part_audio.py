"""The audio of parts in the audio store, each under the digest of all that made it.

An object is the length of its head (4 bytes, little endian), the head (``PartAudio`` as msgpack)
and the samples (float32, little endian).
"""

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
_LENGTH_BYTES = 4


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


def part_audio_of(results: Sequence[SynthesizedUtterance]) -> PartAudio:
    """Returns the head of a part's audio; all utterances have the same sample rate."""
    artifacts: dict[str, str] = {}
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
    )


def write_part_audio(
    store: AudioStore, digest: str, audio: PartAudio, results: Sequence[SynthesizedUtterance]
) -> None:
    """Stores a part's audio whole.

    Args:
        store: where to.
        digest: see ``part_digest``.
        audio: what ``part_audio_of`` returns of the results.
        results: one for each utterance, in order.

    Raises:
        Unavailable: the store refuses.
    """
    head = msgspec.msgpack.encode(audio)
    samples = np.concatenate([result.waveform.samples for result in results])
    length = len(head).to_bytes(_LENGTH_BYTES, "little")
    data = samples.astype("<f4", copy=False).tobytes()
    store.put(part_audio_key(digest), length + head + data)


def read_part_audio(store: AudioStore, digest: str) -> PartAudio:
    """Reads the head of a part's audio.

    Raises:
        NotFound: it is not there, or not whole.
        Unavailable: the store refuses.
    """
    key = part_audio_key(digest)
    head = _LENGTH_BYTES + int.from_bytes(store.read(key, 0, _LENGTH_BYTES), "little")
    try:
        audio = msgspec.msgpack.decode(store.read(key, _LENGTH_BYTES, head), type=PartAudio)
    except msgspec.DecodeError as error:
        raise NotFound(f"{key} is damaged", code="part_audio_not_found") from error
    if store.size(key) != head + 4 * sum(audio.samples):
        raise NotFound(f"{key} is damaged", code="part_audio_not_found")
    return audio


def read_samples(store: AudioStore, digest: str) -> Float32:
    """Reads the samples (N,) float32 of a part's audio.

    Raises:
        NotFound: it is not there.
        Unavailable: the store refuses.
    """
    data = store.get(part_audio_key(digest))
    head = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
    return np.frombuffer(data, "<f4", offset=head)
