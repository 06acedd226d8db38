"""Windows tile the utterance and give every kept frame its context."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.mel import MelSpec
from core.networks import WindowPolicy
from core.protocols import Array
from vocoders.adapter import ConvVocoder
from vocoders.windows import plan_windows, stack_windows


@given(st.integers(0, 2000), st.integers(0, 20), st.integers(1, 300), st.booleans())
def test_cores_tile_and_have_context(frames: int, halo: int, core: int, static: bool) -> None:
    window = core + 2 * halo
    plan = plan_windows(frames, window, halo, static=static)
    edges = [w.keep_start for w in plan] + [frames]
    assert edges[0] == 0 or not plan
    assert [w.keep_stop for w in plan] == edges[1:]
    for w in plan:
        assert 0 <= w.start <= w.keep_start < w.keep_stop <= w.stop <= frames
        assert w.start == 0 or w.keep_start - w.start >= halo
        assert w.stop == frames or w.stop - w.keep_stop >= halo
        assert w.frames <= window
    assert len({w.frames for w in plan}) <= 1
    if static and len(plan) > 1:
        assert plan[0].frames == window


@given(st.integers(1, 2000), st.integers(0, 20), st.integers(1, 300))
def test_even_split_needs_no_more_windows(frames: int, halo: int, core: int) -> None:
    window = core + 2 * halo
    even = plan_windows(frames, window, halo, static=False)
    assert len(even) == len(plan_windows(frames, window, halo, static=True))


@given(st.lists(st.integers(0, 500), max_size=12), st.integers(30, 200), st.integers(1, 2000))
def test_batches_are_bounded_and_complete(
    lengths: list[int], window: int, max_batch_frames: int
) -> None:
    policy = WindowPolicy(window - 2 * 5, max_batch_frames=max_batch_frames)
    batches = list(stack_windows(lengths, 5, policy))
    for batch in batches:
        frames = {w.frames for _, w in batch}
        assert len(frames) == 1
        assert len(batch) == 1 or len(batch) * frames.pop() <= max_batch_frames
    kept = [0] * len(lengths)
    for item, w in (pair for batch in batches for pair in batch):
        kept[item] += w.keep_stop - w.keep_start
    assert kept == lengths


HOP, HALO = 4, 3
SPEC = MelSpec(n_mels=2, hop_length=HOP)


def smooth(*inputs: Array) -> tuple[Array, ...]:
    """A toy vocoder: a frame's samples depend on all frames within the halo, in exact numbers."""
    (mel,) = inputs
    padded = np.pad(mel.sum(1), ((0, 0), (HALO, HALO)))
    sums = sum(padded[:, i : i + mel.shape[2]] * (i + 1) for i in range(2 * HALO + 1))
    return (np.repeat(np.asarray(sums, np.float32), HOP, axis=1),)


@given(
    st.lists(st.integers(0, 120), min_size=1, max_size=6),
    st.integers(1, 40),
    st.integers(1, 200),
    st.booleans(),
    st.integers(0, 2**31),
)
def test_windowed_is_whole(
    lengths: list[int], core: int, max_batch_frames: int, static: bool, seed: int
) -> None:
    shape = (len(lengths), 2, max(lengths))
    values = np.random.default_rng(seed).integers(-50, 50, shape).astype(np.float32)
    policy = WindowPolicy(core, static, max_batch_frames)
    vocoder = ConvVocoder({"vocode": smooth}, SPEC, halo=HALO, policy=policy)
    mels = [mel[:, :length] for mel, length in zip(values, lengths, strict=True)]
    for mel, samples in zip(mels, vocoder(mels, [0] * len(mels)), strict=True):
        assert (samples == smooth(mel[None])[0][0]).all()
        streamed = [np.zeros(0, np.float32), *vocoder.stream(mel, 0)]
        assert (np.concatenate(streamed) == samples).all()
