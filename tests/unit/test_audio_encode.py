"""Every format that a request may name is really written by the installed libsndfile."""

from pathlib import Path
from typing import get_args

import av
import numpy as np
import pytest
import soundfile

from audio.encode import AudioEncoder, codec_of, file_error
from core.errors import FieldError, SynthesisError, Unavailable
from core.formats import check_bit_rate, check_format, resolve_sample_rate, sample_rates
from core.request import AudioFormat

FORMATS = get_args(AudioFormat)
PAIRS = [(f, r) for f in FORMATS for r in sample_rates(f)]


def tone(sample_rate: int, samples: int) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(samples) / sample_rate)).astype(np.float32)


def read_back(path: Path, format: AudioFormat) -> tuple[np.ndarray, int]:
    if format != "m4b":
        data, rate = soundfile.read(path, dtype="float32")
        return data, rate
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        blocks = [frame.to_ndarray()[0] for frame in file.decode(stream)]
        # The last frame of AAC is filled up; the edit list tells where the sound ends.
        return np.concatenate(blocks)[: stream.duration], stream.rate


@pytest.mark.parametrize(("format", "sample_rate"), PAIRS)
def test_reads_back_with_exact_length_rate_and_level(
    tmp_path: Path, format: AudioFormat, sample_rate: int
) -> None:
    samples = int(1.37 * sample_rate) + 17
    wave, path = tone(sample_rate, samples), tmp_path / "out"
    with AudioEncoder(path, format, sample_rate, samples) as encoder:
        for start in range(0, samples, 5000):
            encoder.write(wave[start : start + 5000])
    back, rate = read_back(path, format)
    assert (rate, len(back)) == (sample_rate, samples)
    middle = slice(samples // 4, -samples // 4)
    tolerance = 1 / 32768 if format in ("wav", "flac") else 0.1
    assert np.abs(back[middle] - wave[middle]).max() <= tolerance


@pytest.mark.parametrize("format", FORMATS)
def test_two_channels_are_equal(tmp_path: Path, format: AudioFormat) -> None:
    rate = 24000
    wave = tone(rate, rate)
    paths = [tmp_path / "mono", tmp_path / "stereo"]
    for channels, path in enumerate(paths, 1):
        with AudioEncoder(path, format, rate, rate, channels=channels) as encoder:
            encoder.write(wave)
    with av.open(str(paths[1])) as file:
        assert file.streams.audio[0].channels == 2
        frames = [f.to_ndarray() for f in file.decode(audio=0)]
    planes = [f if len(f) == 2 else f.reshape(-1, 2).T for f in frames]
    left, right = np.concatenate(planes, axis=1)
    np.testing.assert_allclose(left, right, atol=0.01 if format == "opus" else 0)
    if format in ("wav", "flac", "m4b"):
        with av.open(str(paths[0])) as file:
            mono = np.concatenate([f.to_ndarray().ravel() for f in file.decode(audio=0)])
        np.testing.assert_allclose(left[: len(mono)], mono, atol=1e-6)


@pytest.mark.parametrize(
    ("format", "rate", "bit_rate", "channels"),
    [
        ("mp3", 44100, 192_000, 1),
        ("mp3", 44100, 320_000, 2),
        ("mp3", 22050, 64_000, 1),
        ("mp3", 8000, 8_000, 1),
        ("opus", 48000, 96_000, 1),
        ("opus", 24000, 24_000, 1),
        ("opus", 48000, 160_000, 2),
        ("m4b", 44100, 128_000, 1),
        ("m4b", 22050, 32_000, 2),
    ],
)
def test_a_bit_rate_is_kept(
    tmp_path: Path, format: AudioFormat, rate: int, bit_rate: int, channels: int
) -> None:
    wave = 0.2 * np.random.default_rng(0).standard_normal(10 * rate).astype(np.float32)
    with AudioEncoder(
        tmp_path / "a", format, rate, len(wave), bit_rate=bit_rate, channels=channels
    ) as encoder:
        encoder.write(wave)
    found = (tmp_path / "a").stat().st_size * 8 / 10
    assert found == pytest.approx(bit_rate, rel=0.08 if format == "mp3" else 0.2)
    with av.open(str(tmp_path / "a")) as file:
        assert file.streams.audio[0].rate == (48000 if format == "opus" else rate)
        if format == "mp3":  # constant: every frame
            sizes = {p.size for p in file.demux(audio=0) if p.size}
            assert max(sizes) - min(sizes) <= 1


def test_bit_rates_that_nobody_writes_are_refused() -> None:
    for format, bit_rate, allowed in (
        ("flac", 64_000, "mp3, opus, m4b"),
        ("mp3", 100_000, "192000"),
        ("opus", 600_000, "6000 to 256000"),
        ("m4b", 400_000, "8000 to 242550"),
    ):
        with pytest.raises(FieldError) as caught:
            check_bit_rate(format, 44100, bit_rate, 1)  # type: ignore[arg-type]
        assert caught.value.field == "bit_rate"
        assert allowed in str(caught.value.allowed)


def test_full_scale_is_clipped_and_counted_never_wrapped(tmp_path: Path) -> None:
    wave = np.array([1.0, 1.5, -1.0, -3.0, 0.0], np.float32)
    with AudioEncoder(tmp_path / "o.wav", "wav", 22050, 5) as encoder:
        encoder.write(wave)
    pcm, _ = soundfile.read(tmp_path / "o.wav", dtype="int16")
    assert pcm.tolist() == [32767, 32767, -32768, -32768, 0]
    assert encoder.clipped == 2


def test_a_long_block_goes_through_vorbis(tmp_path: Path) -> None:
    wave = np.zeros(3_000_000, np.float32)
    with AudioEncoder(tmp_path / "o.ogg", "ogg", 22050, len(wave)) as encoder:
        encoder.write(wave)
    assert soundfile.info(tmp_path / "o.ogg").frames == len(wave)


def test_wav_header_of_a_stream_is_right(tmp_path: Path) -> None:
    with AudioEncoder(tmp_path / "o.wav", "wav", 22050, 100) as encoder:
        encoder.write(np.zeros(100, np.float32))
    data = (tmp_path / "o.wav").read_bytes()
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert data[:4] == b"RIFF"
    assert len(data) == 44 + 200


def test_rf64_above_four_gigabytes() -> None:
    assert codec_of("wav", 2_147_000_000)[0] == "WAV"
    assert codec_of("wav", 2_148_000_000)[0] == "RF64"
    assert codec_of("flac", 2_148_000_000)[0] == "FLAC"


def test_a_broken_promise_of_length_is_an_error(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match="promised"),
        AudioEncoder(tmp_path / "o", "wav", 8000, 5) as e,
    ):
        e.write(np.zeros(4, np.float32))
    with (
        pytest.raises(ValueError, match="promised"),
        AudioEncoder(tmp_path / "o", "wav", 8000, 5) as e,
    ):
        e.write(np.zeros(6, np.float32))


@pytest.mark.parametrize("format", FORMATS)
def test_not_finite_is_refused(tmp_path: Path, format: AudioFormat) -> None:
    with (
        pytest.raises(ValueError, match="finite"),
        AudioEncoder(tmp_path / "o", format, 8000, 2) as e,
    ):
        e.write(np.array([0, np.nan], np.float32))


def test_unwritable_path_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        AudioEncoder(tmp_path / "no" / "o.wav", "wav", 22050, 1)


def test_opus_names_the_allowed_rates() -> None:
    with pytest.raises(FieldError) as caught:
        check_format("opus", 22050)
    assert caught.value.field == "sample_rate"
    assert caught.value.allowed == "8000, 12000, 16000, 24000, 48000"


def test_rates_and_formats_nobody_writes_are_refused() -> None:
    with pytest.raises(FieldError, match="22051"):
        check_format("wav", 22051)
    with pytest.raises(FieldError, match="aiff"):
        check_format("aiff", 22050)  # type: ignore[arg-type]


def test_sample_rate_defaults_to_the_voice_or_the_next_above() -> None:
    assert resolve_sample_rate("wav", None, 22050) == 22050
    assert resolve_sample_rate("opus", None, 22050) == 24000
    assert resolve_sample_rate("mp3", 16000, 22050) == 16000


def test_only_what_the_system_refuses_may_go_well_another_time(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        AudioEncoder(tmp_path / "none" / "a.wav", "wav", 22050, None)
    with pytest.raises(soundfile.LibsndfileError) as refused:  # MP3 knows no such rate
        soundfile.SoundFile(tmp_path / "a.mp3", "w", 22051, 1, format="MP3")
    error = file_error("cannot write a.mp3", refused.value)
    assert isinstance(error, SynthesisError)
    assert (error.code, error.retryable) == ("encoding_failed", False)
