"""The audio of parts in the audio store, each under the digest of all that made it.

An object is the BLAKE2b-256 of its head, the head's length (4 bytes, little endian), the head
(``PartHead`` as msgpack) and the samples (float32, little endian), whose own digest stands in the
head. So a damaged object is known whichever of its bytes changed, and is treated as a missing one.
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

FORMAT_VERSION = 2
"""Version of digest and object; raise it when the engine makes other samples of the same item."""
_DIGEST_BYTES, _LENGTH_BYTES = 32, 4


class PartHead(msgspec.Struct, frozen=True):
    """What stands before the samples of a stored part."""

    audio: PartAudio
    samples_digest: bytes
    """BLAKE2b-256 of the samples' bytes."""


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
    samples = np.concatenate([result.waveform.samples for result in results])
    data = samples.astype("<f4", copy=False).tobytes()
    head = msgspec.msgpack.encode(PartHead(audio, _digest(data)))
    length = len(head).to_bytes(_LENGTH_BYTES, "little")
    store.put(part_audio_key(digest), _digest(head) + length + head + data)


def read_part_audio(store: AudioStore, digest: str) -> PartAudio:
    """Reads what is known of a stored part, without its samples.

    Raises:
        NotFound: it is not there, or damaged so far (code ``part_audio_damaged``).
        Unavailable: the store refuses.
    """
    key = part_audio_key(digest)
    start = _DIGEST_BYTES + _LENGTH_BYTES
    begin = store.read(key, 0, start)
    stop = start + int.from_bytes(begin[_DIGEST_BYTES:], "little")
    size = store.size(key)
    audio = _checked_head(key, begin + store.read(key, start, min(stop, size))).audio
    if size != stop + 4 * sum(audio.samples):
        raise _damaged(key)
    return audio


def read_samples(store: AudioStore, digest: str, audio: PartAudio) -> Float32:
    """Reads the samples (N,) float32 of a stored part.

    Args:
        store: where it is.
        digest: of the part.
        audio: what the part's result knows of it; the samples must be as many.

    Raises:
        NotFound: it is not there, or damaged (code ``part_audio_damaged``).
        Unavailable: the store refuses.
    """
    key = part_audio_key(digest)
    stored = store.get(key)
    start = _DIGEST_BYTES + _LENGTH_BYTES
    stop = start + int.from_bytes(stored[_DIGEST_BYTES:start], "little")
    head = _checked_head(key, stored[:stop])
    data = memoryview(stored)[stop:]
    if _digest(data) != head.samples_digest or head.audio.samples != audio.samples:
        raise _damaged(key)
    return np.frombuffer(data, "<f4")


def _checked_head(key: str, begin: bytes) -> PartHead:
    """Returns the head in the first bytes of an object. Raises NotFound: it is damaged."""
    head = begin[_DIGEST_BYTES + _LENGTH_BYTES :]
    if _digest(head) != begin[:_DIGEST_BYTES]:
        raise _damaged(key)
    try:
        return msgspec.msgpack.decode(head, type=PartHead)
    except msgspec.DecodeError as error:  # of another version
        raise _damaged(key) from error


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()


def _damaged(key: str) -> NotFound:
    return NotFound(f"{key} is damaged", code="part_audio_damaged")
