"""Levels measured block by block against pyloudnorm and against what is known."""

import numpy as np
import pyloudnorm
import pytest

from audio.acx import AcxMeter
from audio.loudness import (
    SILENCE_LUFS,
    LoudnessMeter,
    MeasuredLoudness,
    gain_for,
    gain_notice,
)
from core.acx import AcxReport


def programme(rate: int, seconds: float) -> np.ndarray:
    """Bursts of noise of changing level between digital silence, as speech in pauses."""
    rng = np.random.default_rng(3)
    n = round(rate * seconds)
    level = np.repeat(rng.choice([0.0, 0.001, 0.02, 0.1, 0.3], n // 3000 + 1), 3000)[:n]
    return (level * rng.standard_normal(n) * 0.5).astype(np.float32)


def measure(wave: np.ndarray, rate: int, block: int = 4097) -> MeasuredLoudness:
    meter = LoudnessMeter(rate)
    for start in range(0, len(wave), block):
        meter.push(wave[start : start + block])
    return meter.finish()


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 24000, 44100, 48000])
def test_equal_to_pyloudnorm(rate: int) -> None:
    wave = programme(rate, 31.0)
    expected = pyloudnorm.Meter(rate).integrated_loudness(wave.astype(np.float64))
    assert measure(wave, rate).integrated == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("block", [1, 333, 22050, 10**6])
def test_blocks_make_no_difference(block: int) -> None:
    wave = programme(22050, 0.9 if block == 1 else 10.0)
    whole = measure(wave, 22050, len(wave))
    parts = measure(wave, 22050, block)
    assert parts.integrated == pytest.approx(whole.integrated, abs=1e-9)
    assert parts.true_peak == pytest.approx(whole.true_peak, rel=1e-5)


def test_reference_tone() -> None:
    """A full-scale 997 Hz sine in one channel is -3.01 LUFS. Source: BS.1770-4 annex 1."""
    wave = np.sin(2 * np.pi * 997 * np.arange(48000 * 5) / 48000).astype(np.float32)
    measured = measure(wave, 48000)
    assert measured.integrated == pytest.approx(-3.01, abs=0.05)
    assert measured.true_peak == pytest.approx(1.0, abs=0.01)


def test_true_peak_finds_what_lies_between_samples() -> None:
    """A tone at a quarter of the rate, 45° off: its samples stay 3 dB below its peak."""
    wave = (0.5 * np.sin(np.pi / 2 * np.arange(48000) + np.pi / 4)).astype(np.float32)
    measured = measure(wave, 48000)
    assert measured.sample_peak == pytest.approx(0.354, abs=0.001)
    # The onset, a step, rings above the tone's own 0.5.
    assert 0.5 <= measured.true_peak < 0.6


def test_silence_and_nothing_have_no_loudness_and_get_no_gain() -> None:
    for wave in (np.zeros(22050, np.float32), np.zeros(0, np.float32)):
        measured = measure(wave, 22050)
        assert measured.integrated == SILENCE_LUFS
        assert gain_for(-18.0, measured).factor == 1.0


def test_a_short_sentence_has_a_loudness() -> None:
    tone = np.sin(2 * np.pi * 997 * np.arange(2000) / 22050).astype(np.float32)
    assert measure(tone, 22050).integrated == pytest.approx(-3.0, abs=0.3)


def test_the_gain_reaches_the_target() -> None:
    wave = programme(22050, 20.0)
    gain = gain_for(-30.0, measure(wave, 22050))
    assert not gain.limited
    assert gain_notice(-30.0, gain) is None
    again = measure((wave * gain.factor).astype(np.float32), 22050)
    assert again.integrated == pytest.approx(-30.0, abs=0.01)


def test_the_ceiling_limits_the_gain_and_says_so() -> None:
    wave = programme(22050, 20.0)
    measured = measure(wave, 22050)
    gain = gain_for(-5.0, measured, ceiling_db=-3.0)
    assert gain.limited
    assert gain.factor * measured.true_peak == pytest.approx(10 ** (-3 / 20))
    assert (notice := gain_notice(-5.0, gain)) is not None
    assert "instead of -5.0" in notice.message


def check(wave: np.ndarray, rate: int = 22050) -> AcxReport:
    meter = AcxMeter(rate)
    for start in range(0, len(wave), 999):
        meter.push(wave[start : start + 999].astype(np.float32))
    return meter.finish()


def test_acx_levels_are_those_of_the_signal() -> None:
    rate = 22050
    tone = 0.5 * np.sin(2 * np.pi * 300 * np.arange(2 * rate) / rate)
    hiss = 10 ** (-65 / 20) * np.random.default_rng(0).standard_normal(rate)
    report = check(np.concatenate([tone, hiss, tone]))
    assert report.peak_db == pytest.approx(-6.02, abs=0.01)
    assert report.rms_db == pytest.approx(-9.03 + 10 * np.log10(0.8), abs=0.01)
    assert report.noise_floor_db == pytest.approx(-65.0, abs=0.3)
    assert report.failures == ("rms_high",)


def test_acx_passes_and_fails_by_each_rule() -> None:
    rate = 22050
    rng = np.random.default_rng(0)
    good = np.concatenate([0.1 * rng.standard_normal(4 * rate).clip(-3, 3), np.zeros(rate)])
    assert check(good).failures == ()
    assert check(good).noise_floor_db == -120.0
    assert check(good * 0.1).failures == ("rms_low",)
    assert check(good * 2.9).failures == ("rms_high", "peak_high")
    assert "noise_floor_high" in check(good[: 4 * rate]).failures


def test_acx_of_less_than_a_window_and_of_nothing() -> None:
    assert check(np.full(100, 0.1)).noise_floor_db == pytest.approx(-20.0)
    assert check(np.zeros(0)) == AcxReport(-120.0, -120.0, -120.0, ("rms_low",))


def test_resampler_of_the_meter_has_no_end_left() -> None:
    """The last block reaches the meter: a click at the very end is a peak."""
    wave = np.zeros(22050, np.float32)
    wave[-1] = 0.7
    assert measure(wave, 22050).true_peak >= 0.699
