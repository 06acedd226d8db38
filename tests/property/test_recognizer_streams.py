"""A recognizer over a stream gives what the same windows give over the whole utterance.

The whole: the mel of all samples, the front over all of it, then the windows. The stream: samples
in pieces of any lengths, mel and front over pieces of their input with a halo. Only the order of
sums may differ, so the bound is that of rounding.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audio.log_mel import log_mel
from core.errors import SynthesisError
from core.mel import TACOTRON2_MEL, Float32, MelSpec
from core.protocols import Array, Graph
from core.recognition import RecognizerOutput, StreamWindow
from core.settings import SHIPPED_VOICES
from core.voice import read_component
from exports.voice import load_recognizer
from recognition.convolutional_bilstm.adapter import FRONT_HALO, ConvolutionalBiLstmRecognizer
from recognition.convolutional_bilstm.config import ConvolutionalBiLstmConfig
from recognition.halo_stream import MelStream
from recognition.rates import SLOTS, STRIDE, slots_of

BOUND = 1e-3
"""Largest difference of a log-probability [nats]; some 1e-4 of them are seen."""
WINDOWS = st.builds(StreamWindow, st.integers(1, 20), st.integers(0, 20))
SPEC = MelSpec()


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> ConvolutionalBiLstmRecognizer:
    """The recognizer that ships."""
    component = read_component(SHIPPED_VOICES / "components/recognizer-small")
    recognizer = load_recognizer(
        component, runtime="eager", artifacts=tmp_path_factory.mktemp("artifacts")
    )
    assert isinstance(recognizer, ConvolutionalBiLstmRecognizer)
    return recognizer


def sound(samples: int, seed: int) -> Float32:
    """Tones that move and noise that comes and goes."""
    rng, clock = np.random.default_rng(seed), np.arange(samples) / SPEC.sample_rate
    tone = np.sin(2 * np.pi * (150 + 100 * np.sin(3 * clock)) * clock) * np.abs(np.sin(9 * clock))
    return (0.3 * tone + rng.normal(0, 0.05, samples) * (clock % 0.4 < 0.1)).astype(np.float32)


def joined(chunks: Sequence[RecognizerOutput]) -> tuple[Float32, Float32]:
    return (
        np.concatenate([np.zeros((0, 78), np.float32), *(c.phonemes for c in chunks)]),
        np.concatenate([np.zeros((0, 29), np.float32), *(c.characters for c in chunks)]),
    )


def over_the_whole(
    recognize: ConvolutionalBiLstmRecognizer, mel: Float32, window: StreamWindow
) -> tuple[Float32, Float32]:
    """The definition: the same windows over what the front makes of the whole mel."""
    encoder = recognize.encoder(window)
    return joined([*encoder.push(recognize.front(mel)), *encoder.finish()])


def streamed(
    recognize: ConvolutionalBiLstmRecognizer, mels: Sequence[Float32], window: StreamWindow
) -> tuple[Float32, Float32]:
    stream = recognize.stream(window)
    chunks = [chunk for mel in mels for chunk in stream.push(mel)]
    return joined([*chunks, *stream.finish()])


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.integers(1, 60_000),
    st.lists(st.floats(0, 1), max_size=12),
    WINDOWS,
    st.integers(0, 99),
)
def test_a_stream_is_its_definition_over_the_whole(
    shipped: ConvolutionalBiLstmRecognizer,
    samples: int,
    cuts: list[float],
    window: StreamWindow,
    seed: int,
) -> None:
    clip, mels = sound(samples, seed), MelStream(SPEC)
    pieces = np.split(clip, sorted(round(cut * samples) for cut in cuts))
    blocks = [*map(mels.push, pieces), mels.finish()]
    mel = log_mel(clip, SPEC)
    np.testing.assert_allclose(np.concatenate(blocks, 1), mel, atol=BOUND)
    found, wanted = streamed(shipped, blocks, window), over_the_whole(shipped, mel, window)
    for one, other in zip(found, wanted, strict=True):
        assert len(one) == slots_of(mel.shape[1])
        np.testing.assert_allclose(one, other, atol=BOUND)
    for one, other in zip(found, streamed(shipped, [np.hstack(blocks)], window), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_window_of_all_is_the_whole_utterance(shipped: ConvolutionalBiLstmRecognizer) -> None:
    mel = log_mel(sound(50_000, 1), SPEC)
    (whole,) = shipped([mel])
    for window in (StreamWindow(10_000, 0), StreamWindow(49, 5), StreamWindow(49, 0)):
        phonemes, characters = streamed(shipped, [mel], window)
        np.testing.assert_allclose(phonemes, whole.phonemes, atol=BOUND)
        np.testing.assert_allclose(characters, whole.characters, atol=BOUND)
    # The windows of a shorter one begin backwards within the utterance.
    phonemes, _ = streamed(shipped, [mel], StreamWindow(8, 8))
    assert np.abs(phonemes - whole.phonemes).max() > BOUND


def test_nothing_is_known_of_what_follows_the_context(
    shipped: ConvolutionalBiLstmRecognizer,
) -> None:
    mel, window = log_mel(sound(60_000, 2), SPEC), StreamWindow(6, 4)
    reach = STRIDE * (window.chunk + window.context + FRONT_HALO)
    stream = shipped.stream(window)
    assert stream.push(mel[:, : reach - 1]) == []
    (first,) = stream.push(mel[:, reach - 1 : reach])
    assert len(first.phonemes) == SLOTS * window.chunk
    other = mel.copy()
    other[:, reach:] = -3.0
    np.testing.assert_array_equal(
        streamed(shipped, [other], window)[0][: len(first.phonemes)], first.phonemes
    )


def test_a_stream_of_nothing_has_no_chunks(shipped: ConvolutionalBiLstmRecognizer) -> None:
    mels, stream = MelStream(SPEC), shipped.stream(StreamWindow())
    assert mels.push(np.zeros(0, np.float32)).shape == mels.finish().shape == (80, 0)
    assert stream.push(np.zeros((80, 0), np.float32)) == stream.finish() == []


def test_what_would_spoil_the_state_is_refused(shipped: ConvolutionalBiLstmRecognizer) -> None:
    mel, window = log_mel(sound(30_000, 3), SPEC), StreamWindow(6, 4)
    stream, spoilt = shipped.stream(window), mel.copy()
    spoilt[40, 70] = np.nan
    chunks = stream.push(mel[:, :60])
    for wrong in (spoilt, np.full((80, 3), np.inf, np.float32), mel[:40], mel[0]):
        with pytest.raises(SynthesisError):
            stream.push(wrong)
    chunks += [*stream.push(mel[:, 60:]), *stream.finish()]
    np.testing.assert_array_equal(joined(chunks)[0], streamed(shipped, [mel], window)[0])
    for sizes in ((0, 4), (4, -1)):
        with pytest.raises(ValueError, match="a window of"):
            StreamWindow(*sizes)


@given(
    st.integers(0, 9_000),
    st.lists(st.integers(0, 9_000), max_size=6),
    st.sampled_from([SPEC, TACOTRON2_MEL]),
)
@settings(deadline=None)
def test_the_mel_of_a_stream_is_that_of_the_whole(
    samples: int, cuts: list[int], spec: MelSpec
) -> None:
    clip, stream = sound(samples, 4), MelStream(spec)
    blocks = [*map(stream.push, np.split(clip, sorted(cuts))), stream.finish()]
    wanted = log_mel(clip, spec) if samples else np.zeros((80, 0), np.float32)
    np.testing.assert_allclose(np.concatenate(blocks, 1), wanted, atol=BOUND)


def test_an_endless_stream_takes_no_more_memory_than_a_short_one() -> None:
    config = ConvolutionalBiLstmConfig(n_symbols=78, channels=4, hidden=4)

    def front(*inputs: Array) -> tuple[Array, ...]:
        return (np.zeros((1, -(-inputs[0].shape[2] // STRIDE), 4), np.float32),)

    def window(*inputs: Array) -> tuple[Array, ...]:
        slots = SLOTS * inputs[0].shape[1]
        heads = (np.zeros((1, slots, n), np.float32) for n in (78, 29))
        return (*heads, *inputs[3:])

    graphs: dict[str, Graph] = {"front": front, "window": window}
    stream = ConvolutionalBiLstmRecognizer(graphs, SPEC, config).stream(StreamWindow())
    peaks, block = [], np.zeros((80, 50), np.float32)
    tracemalloc.start()
    try:
        for blocks in (50, 2_000):
            tracemalloc.reset_peak()
            assert sum(len(stream.push(block)) for _ in range(blocks)) > 0
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
