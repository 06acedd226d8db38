"""What is sent while audio is made decodes to the samples of the finished file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import get_args

import av
import numpy as np
import pytest
import soundfile

from audio.aac.encoder import PRIMING
from audio.containers.mp3 import frame_header
from audio.encode import AudioEncoder
from audio.stream_encoder import StreamEncoder, wav_header
from core.mel import Float32
from core.request import AudioFormat, StreamFormat

RATE = 24000


@pytest.fixture(scope="module")
def samples() -> Float32:
    random = np.random.default_rng(5)
    time = np.arange(RATE * 3) / RATE
    noise = 0.02 * random.standard_normal(len(time))
    return (0.4 * np.sin(2 * np.pi * 300 * time) + noise).astype(np.float32)


def streamed(samples: Float32, format: StreamFormat, cuts: tuple[int, ...] = (9600,)) -> bytes:
    encoder, at, data = StreamEncoder(format, RATE), 0, b""
    for number in range(len(samples)):
        if at >= len(samples):
            break
        size = cuts[number % len(cuts)]
        data += encoder.encode(samples[at : at + size])
        at += size
    return data + encoder.finish()


def written(samples: Float32, format: AudioFormat, path: Path) -> bytes:
    with AudioEncoder(path, format, RATE, len(samples)) as encoder:
        encoder.write(samples)
    return path.read_bytes()


def decoded(data: bytes) -> Float32:
    """Returns the samples; libsndfile cannot read FLAC of unknown length, FFmpeg can."""
    if data[:4] != b"fLaC":
        return soundfile.read(io.BytesIO(data), dtype="float32")[0]  # type: ignore[no-any-return]
    with av.open(io.BytesIO(data), "r", format="flac") as container:
        blocks = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.concatenate(blocks).astype(np.float32)


@pytest.mark.parametrize("format", ["ogg", "opus", "flac", "wav"])
def test_a_stream_decodes_to_the_samples_of_the_file(
    format: AudioFormat, samples: Float32, tmp_path: Path
) -> None:
    sent = decoded(streamed(samples, format, (9600, 100, 33333)))  # type: ignore[arg-type]
    assert (sent == decoded(written(samples, format, tmp_path / "file"))).all()


def test_mp3_is_the_file_without_the_frame_that_informs(samples: Float32, tmp_path: Path) -> None:
    file = written(samples, "mp3", tmp_path / "file")
    header = frame_header(file)
    assert header is not None
    assert streamed(samples, "mp3", (5000, 7)) == file[header.length :]


def test_pcm_is_wav_without_its_header(samples: Float32) -> None:
    assert wav_header(RATE) + streamed(samples, "pcm") == streamed(samples, "wav")
    assert len(streamed(samples, "pcm")) == 2 * len(samples)


def test_aac_is_decoded_by_others(samples: Float32) -> None:
    with av.open(io.BytesIO(streamed(samples, "aac")), "r", format="aac") as container:
        stream = container.streams.audio[0]
        assert (stream.rate, stream.channels) == (RATE, 1)
        blocks = [frame.to_ndarray()[0] for frame in container.decode(stream)]
    sound = np.concatenate(blocks)[PRIMING:][: len(samples)]
    assert len(sound) == len(samples)
    error = np.sqrt(np.mean((sound - samples) ** 2))
    assert error < 0.03


@pytest.mark.parametrize("format", get_args(StreamFormat))
def test_the_first_second_is_not_held_back(format: StreamFormat, samples: Float32) -> None:
    """Pages of Ogg fill up with a second; all others are sent much sooner."""
    encoder = StreamEncoder(format, RATE)
    size = {"ogg": RATE, "opus": 2 * RATE}.get(format, RATE // 2)
    assert len(encoder.encode(samples[:size])) > 400


def test_a_head_is_sent_once_and_empty_audio_has_one() -> None:
    encoder = StreamEncoder("wav", RATE)
    assert encoder.encode(np.zeros(0, np.float32)) == wav_header(RATE)
    assert encoder.finish() == b""
    assert StreamEncoder("wav", RATE).finish() == wav_header(RATE)


def test_a_rate_that_a_format_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="opus"):
        StreamEncoder("opus", 22050)
