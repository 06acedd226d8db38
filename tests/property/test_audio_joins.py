"""Joins, PCM and resampling keep exact lengths whatever comes."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.join import fade_edges, join
from audio.pcm import from_pcm16, to_pcm16
from audio.resample import Resampler, resample, resampled_length

RATES = st.sampled_from([8000, 16000, 22050, 24000, 44100, 48000])
LENGTHS = st.integers(0, 3000)


@given(st.lists(st.tuples(LENGTHS, LENGTHS), max_size=8), st.integers(0, 500), RATES)
def test_join_is_the_sum_to_the_sample(pairs: list[tuple[int, int]], lead: int, rate: int) -> None:
    pieces = [(np.full(n, 0.7, np.float32), pause) for n, pause in pairs]
    whole = join(pieces, rate, lead=lead)
    assert len(whole) == lead + sum(n + pause for n, pause in pairs)
    assert not whole[:lead].any()
    cursor = lead
    for n, pause in pairs:
        assert not whole[cursor + n : cursor + n + pause].any()
        cursor += n + pause


@given(st.integers(2, 3000), RATES, st.floats(-1, 1, width=32))
def test_no_click_at_an_edge_not_even_of_an_offset(n: int, rate: int, offset: float) -> None:
    samples = np.full(n, offset, np.float32)
    faded = fade_edges(samples, rate)
    padded = np.concatenate([[0.0], faded, [0.0]])
    ramp = min(round(0.003 * rate), n // 2)
    # steepest step of a raised cosine over `ramp` samples
    assert np.abs(np.diff(padded)).max() <= abs(offset) * (np.pi / 2 / max(ramp, 1) + 1e-6) + 1e-9
    assert (faded[ramp : n - ramp] == samples[ramp : n - ramp]).all()


@given(st.lists(st.floats(-1e6, 1e6, width=32), max_size=50))
def test_pcm_never_wraps(values: list[float]) -> None:
    samples = np.array(values, np.float32)
    pcm = to_pcm16(samples)
    assert (np.sign(pcm) * np.sign(samples) >= 0).all()
    assert np.abs(from_pcm16(pcm) - samples.clip(-1, 32767 / 32768)).max(initial=0) <= 0.5 / 32768


@given(st.integers(-32768, 32767))
def test_pcm_round_trip(value: int) -> None:
    pcm = np.array([value], np.int16)
    assert (to_pcm16(from_pcm16(pcm)) == pcm).all()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 5000), max_size=5), RATES, RATES)
def test_resampling_length_and_blocks(blocks: list[int], rate_in: int, rate_out: int) -> None:
    total = sum(blocks)
    wave = np.sin(np.arange(total) / 20).astype(np.float32)
    resampler, out, cursor = Resampler(rate_in, rate_out), [], 0
    for n in blocks:
        out.append(resampler.push(wave[cursor : cursor + n]))
        cursor += n
    out.append(resampler.finish())
    streamed = np.concatenate(out)
    assert len(streamed) == resampled_length(total, rate_in, rate_out)
    assert np.allclose(streamed, resample(wave, rate_in, rate_out), atol=1e-5)


def test_resampling_keeps_a_tone_in_place() -> None:
    t = np.arange(22050) / 22050
    wave = np.sin(2 * np.pi * 440 * t).astype(np.float32)
    out = resample(wave, 22050, 48000)
    expected = np.sin(2 * np.pi * 440 * np.arange(48000) / 48000)
    assert np.abs(out - expected)[2000:-2000].max() < 1e-3


@given(st.integers(1, 3000), RATES, st.lists(st.integers(1, 1500), min_size=1, max_size=6))
def test_an_utterance_in_pieces_is_faded_like_the_whole(n: int, rate: int, cuts: list[int]) -> None:
    samples = np.random.default_rng(n).standard_normal(n).astype(np.float32)
    edges = [0, *(edge for edge in np.cumsum(cuts) if edge < n), n]
    pieces = [fade_edges(samples[a:b], rate, start=int(a), total=n) for a, b in pairwise(edges)]
    assert (np.concatenate(pieces) == fade_edges(samples, rate)).all()
