"""Files for ACX: limited, over room tone, at their level, checked as they are decoded."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from audio.acx import check_file
from audio.containers.mp3 import mp3_bit_rates
from audio.delivery import Delivery
from audio.encode import AudioEncoder
from audio.mastering import (
    CEILING_DB,
    ROOM_TONE_DB,
    PeakLimiter,
    edge_samples,
    gains_for_rms,
    mastered,
    room_tone,
)
from audio.tags import ChapterMark, Tags

RATE = 44100


def speech(seconds: float, peak: float = 0.9) -> np.ndarray:
    """Syllables of noise with a crest like speech, pauses between them."""
    rng, n = np.random.default_rng(7), round(seconds * RATE)
    t = np.arange(n) / RATE
    syllables = np.maximum(0, np.sin(2 * np.pi * 4 * t)) * (t % 2 < 1.6)
    wave = syllables * np.convolve(rng.standard_normal(n), np.hanning(16), "same")
    return np.asarray(peak * wave / np.abs(wave).max(), np.float32)


@given(st.lists(st.integers(0, 3000), max_size=6), st.integers(0, 2**32 - 1))
def test_the_limiter_keeps_the_ceiling_however_blocks_are_cut(cuts: list[int], seed: int) -> None:
    wave = np.random.default_rng(seed).standard_normal(sum(cuts)).astype(np.float32)
    limiter, blocks, at = PeakLimiter(8000), [], 0
    for cut in cuts:
        blocks.append(limiter.push(wave[at : at + cut]))
        at += cut
    out = np.concatenate([*blocks, limiter.finish()])
    whole = PeakLimiter(8000)
    expected = np.concatenate([whole.push(wave), whole.finish()])
    assert len(out) == len(wave)
    np.testing.assert_array_equal(out, expected)
    assert np.abs(out).max(initial=0) <= 10 ** (CEILING_DB / 20) * (1 + 1e-6)


def test_the_limiter_leaves_alone_what_lies_below() -> None:
    wave = 0.5 * np.sin(np.arange(8000) / 9).astype(np.float32)
    limiter = PeakLimiter(8000)
    np.testing.assert_array_equal(np.concatenate([limiter.push(wave), limiter.finish()]), wave)


def test_room_tone_is_quiet_and_goes_on_where_it_was() -> None:
    tone = room_tone(RATE, 0, 10 * RATE)
    assert 10 * np.log10(np.square(tone).mean()) == pytest.approx(ROOM_TONE_DB, abs=0.1)
    np.testing.assert_array_equal(tone[12345:23456], room_tone(RATE, 12345, 11111))
    assert np.abs(np.diff(tone)).max() < 10 ** (-60 / 20)


def test_a_file_reaches_its_level_with_its_room_tone() -> None:
    lengths = [3 * RATE, 30 * RATE]
    waves = [speech(3, 0.2), speech(30, 0.05)]
    gains = gains_for_rms(iter(waves), lengths, RATE)
    for wave, gain in zip(waves, gains, strict=True):
        out = np.concatenate([*mastered(iter([wave]), gain, RATE, len(wave))])
        assert len(out) == len(wave) + sum(edge_samples(RATE))
        assert -23 < 10 * np.log10(np.square(out).mean()) < -18
        assert np.abs(out).max() < 10 ** (-3 / 20)
    assert gains_for_rms(iter([np.zeros(100, np.float32)]), [100], RATE) == [1.0]


def test_chapters_pass_acx_as_they_are_delivered(tmp_path: Path) -> None:
    waves = [speech(4, 0.3), speech(9, 0.02), np.zeros(0, np.float32)]
    marks, start = [], 0
    for number, wave in enumerate(waves, 1):
        marks.append(ChapterMark(f"Chapter {number}", start, len(wave)))
        start += len(wave)
    delivery = Delivery(
        format="mp3",
        package="chapters",
        sample_rate=RATE,
        bit_rate=192_000,
        marks=marks,
        tags=Tags(title="B"),
        gains=gains_for_rms(iter(waves), [len(w) for w in waves], RATE),
    )
    result = delivery.write(tmp_path / "a.zip", iter(waves))
    assert result.acx is not None
    assert (result.acx.failures, result.acx.files, result.acx.failed_files) == ((), 2, ())
    assert result.clipped == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        chapters = json.loads(archive.read("manifest.json"))["chapters"]
        assert [c["acx"]["failures"] for c in chapters] == [[], []]
        archive.extract(chapters[0]["file"], tmp_path)
    assert mp3_bit_rates(tmp_path / chapters[0]["file"]) == {192_000}
    info = soundfile.info(tmp_path / chapters[0]["file"])
    assert (info.samplerate, info.frames) == (RATE, chapters[0]["samples"])


def test_each_rule_of_a_file_can_be_missed(tmp_path: Path) -> None:
    def failures(wave: np.ndarray, rate: int = RATE, bit_rate: int | None = 192_000) -> set[str]:
        path = tmp_path / "a.mp3"
        with AudioEncoder(path, "mp3", rate, len(wave), bit_rate=bit_rate) as encoder:
            encoder.write(wave.astype(np.float32))
        return set(check_file(path, "a.mp3").failures)

    wave = speech(4)
    gain = gains_for_rms(iter([wave]), [len(wave)], RATE)[0]
    good = np.concatenate([*mastered(iter([wave]), gain, RATE, len(wave))])
    assert failures(good) == set()
    assert failures(good, bit_rate=128_000) == {"bit_rate"}
    assert failures(good, bit_rate=None) == {"bit_rate"}
    assert "sample_rate" in failures(good, 48000)
    head, tail = edge_samples(RATE)
    assert failures(good[head:]) == {"head"}
    assert failures(good[:-tail]) == {"tail"}
    assert failures(np.concatenate([good, room_tone(RATE, 0, 6 * RATE)])) >= {"tail"}
    assert "rms_low" in failures(0.5 * good)
    assert {"rms_high", "peak_high"} <= failures(1.4 * good)


def test_bit_rates_of_frames(tmp_path: Path) -> None:
    for rate, bit_rate in ((44100, 128_000), (22050, 64_000), (8000, 32_000)):
        path = tmp_path / "a.mp3"
        with AudioEncoder(path, "mp3", rate, None, bit_rate=bit_rate, tags=Tags(title="T")) as e:
            e.write(speech(2)[: 2 * rate])
        assert mp3_bit_rates(path) == {bit_rate}
    with AudioEncoder(path, "mp3", 44100, None) as encoder:
        encoder.write(speech(3))
    assert len(mp3_bit_rates(path)) > 1
