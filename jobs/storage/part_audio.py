"""The audio of parts in the audio store: one object a part, which tells whether it is damaged.

An object is the BLAKE2b-256 of its head, the head's length (4 bytes, little endian), the head
(``PartHead`` as msgpack) and the samples (float32, little endian), whose own digest stands in the
head. So a damaged object is known whichever of its bytes changed, and is treated as a missing one.
"""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np

from core.errors import NotFound
from core.mel import Float32
from core.part import PartAudio
from core.protocols import AudioStore
from jobs.storage.keys import part_audio_key

_DIGEST_BYTES, _LENGTH_BYTES = 32, 4


class PartHead(msgspec.Struct, frozen=True):
    """What stands before the samples of a stored part."""

    audio: PartAudio
    samples_digest: bytes
    """BLAKE2b-256 of the samples' bytes."""


def write_part_audio(store: AudioStore, digest: str, audio: PartAudio, samples: Float32) -> None:
    """Stores a part's audio whole.

    Args:
        store: where to.
        digest: see ``synthesis.part_audio.part_digest``.
        audio: what is known of the samples.
        samples: (N,) float32 of its utterances, one after the other.

    Raises:
        Unavailable: the store refuses.
    """
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
