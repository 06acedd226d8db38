"""The engine against fakes: order, isolation, sharing, gain."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import AnomalyError, RhapsodeError
from core.text import Prosody
from synthesis.batching import Budgets
from synthesis.engine import Engine
from tests.fake_engine import (
    CATALOGUE,
    HOP,
    LONG,
    MUTE,
    NOT_FINITE,
    NOTHING,
    POISON,
    Bench,
    FakeAcoustic,
    FakeVocoder,
    FakeVoice,
    item,
    succeeded,
    symbols_of,
)


def test_order_and_lengths_whatever_the_batches() -> None:
    rng = np.random.default_rng(0)
    sentences = [rng.integers(1, 80, n).tolist() for n in rng.integers(1, 60, 50)]
    bench = Bench(budgets=Budgets(symbols=200, frames=900, items=8, padding=0.3))
    results = bench.engine.synthesize([item(ids) for ids in sentences])
    assert [symbols_of(r) for r in results] == sentences
    for ids, result in zip(sentences, results, strict=True):
        assert len(succeeded(result).waveform.samples) == 6 * len(ids) * HOP
    assert all(f.size <= 8 for f in bench.figures)


def test_nothing_to_do() -> None:
    assert Bench().engine.synthesize([]) == []


def test_voices_that_share_networks_share_batches_and_loads() -> None:
    bench = Bench()
    one, two = bench.engine.synthesize([item([5]), item([5], voice="two")])
    assert bench.loads == ["one"]
    assert (symbols_of(one), symbols_of(two)) == ([5], [1005])
    assert succeeded(one).batch_size == 2
    assert [(f.stage, f.size) for f in bench.figures] == [("acoustic", 2), ("vocoder", 2)]


@pytest.mark.parametrize("count", [1, 2, 7, 16])
def test_a_poisoned_item_costs_itself_alone(count: int) -> None:
    items = [item([i + 1, 2, 3]) for i in range(count)]
    items.insert(count // 2, item([4, POISON]))
    results = Bench().engine.synthesize(items)
    bad = results.pop(count // 2)
    assert isinstance(bad, RhapsodeError)
    assert bad.code == "internal"
    assert [symbols_of(r) for r in results] == [[i + 1, 2, 3] for i in range(count)]


def test_a_small_device_speaks_all_in_halves() -> None:
    bench = Bench(largest=3)
    results = bench.engine.synthesize([item([i]) for i in range(1, 21)])
    assert [symbols_of(r) for r in results] == [[i] for i in range(1, 21)]
    assert max(succeeded(r).batch_size for r in results) <= 3


def test_a_broken_voice_costs_its_own_items() -> None:
    good, broken, empty = Bench().engine.synthesize(
        [item([1]), item([1], voice="broken"), item([])]
    )
    assert symbols_of(good) == [1]
    codes = [e.code for e in (broken, empty) if isinstance(e, RhapsodeError)]
    assert codes == ["artifact", "empty_utterance"]


@pytest.mark.parametrize(
    ("symbol", "code"),
    [
        (MUTE, "anomaly_silent"),
        (NOT_FINITE, "anomaly_not_finite"),
        (NOTHING, "anomaly_empty"),
    ],
)
def test_a_result_that_is_not_speech_is_refused(symbol: int, code: str) -> None:
    ids = [symbol] if symbol == NOTHING else [1, symbol]
    bad, good = Bench().engine.synthesize([item(ids), item([7])])
    assert isinstance(bad, AnomalyError)
    assert bad.code == code
    assert symbols_of(good) == [7]


def test_unlikely_lengths_are_reported_but_not_those_asked_for() -> None:
    asked = (Prosody(start=0, end=20, speed=0.01),)
    usual, slow, odd = Bench().engine.synthesize(
        [item([1] * 20), item([1] * 20, prosody=asked), item([LONG] * 5)]
    )
    assert succeeded(usual).notices == ()
    assert succeeded(slow).notices == ()
    assert [n.code for n in succeeded(odd).notices] == ["anomaly_long", "anomaly_stuck"]


def test_prosody_reaches_the_model_per_phoneme() -> None:
    runs = (Prosody(start=1, end=3, speed=2.0, pitch=1.5), Prosody(start=2, end=3, energy=3.0))
    bench = Bench()
    (result,) = bench.engine.synthesize([item([1, 2, 3, 4], speed=1.5, prosody=runs)])
    batch = bench.voice.acoustic.calls[0]
    assert batch.speed[0].tolist() == [1.5, 3.0, 3.0, 1.5]
    assert batch.pitch[0].tolist() == [1.0, 1.5, 1.5, 1.0]
    assert batch.energy[0].tolist() == [1.0, 1.0, 3.0, 1.0]
    assert succeeded(result).durations == (4, 2, 2, 4)


def test_gain_follows_the_durations_without_a_step() -> None:
    runs = (Prosody(start=1, end=2, gain=0.0),)
    plain, quiet = Bench().engine.synthesize([item([50] * 3), item([50] * 3, prosody=runs)])
    samples = succeeded(quiet).waveform.samples
    assert len(samples) == len(succeeded(plain).waveform.samples)
    middle, edge = slice(6 * HOP + 60, 12 * HOP - 60), 6 * HOP - 60
    assert not samples[middle].round(9).any()
    assert np.allclose(samples[:edge], 0.05)
    assert np.abs(np.diff(samples)).max() < 0.05 / 100


def test_seconds_are_shared_by_length() -> None:
    bench = Bench()
    short, long = bench.engine.synthesize([item([1]), item([1, 1, 1])])
    assert succeeded(short).stage_seconds.acoustic == pytest.approx(0.25)
    assert succeeded(long).stage_seconds.vocoder == pytest.approx(0.75)
    assert sum(f.seconds for f in bench.figures) == pytest.approx(2.0)


def test_several_threads_change_nothing_but_the_clock() -> None:
    budgets = Budgets(symbols=60, frames=300, items=4, padding=0.5)
    items = [item([i % 80 + 1] * (i % 7 + 1), seed=i) for i in range(60)]
    items[30] = item([POISON])
    one, bench = Bench(budgets=budgets), Bench(budgets=budgets)
    many = Engine(Path("unused"), budgets=budgets, load=bench.load, threads=4)
    expected, found = one.engine.synthesize(items), many.synthesize(items)
    assert isinstance(found[30], RhapsodeError)
    assert [symbols_of(r) for r in found[:30]] == [symbols_of(r) for r in expected[:30]]
    assert [symbols_of(r) for r in found[31:]] == [symbols_of(r) for r in expected[31:]]


def test_a_network_of_two_pairs_is_kept_once() -> None:
    bench = Bench()
    first = bench.engine.load(CATALOGUE.resolve("one", "fastspeech2", "hifigan"), "onnx")
    bench.voice = FakeVoice(FakeAcoustic(), FakeVocoder(), {})
    other = bench.engine.load(CATALOGUE.resolve("one", "fastspeech2", "melgan"), "onnx")
    assert bench.loads == ["one", "one"]
    assert other.acoustic is first.acoustic
    assert other.vocoder is not first.vocoder


def test_samples_that_are_not_finite_never_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    nan = np.full(12 * HOP, np.nan, np.float32)
    monkeypatch.setattr("synthesis.engine.apply_gain", lambda samples, *_: nan)
    (bad,) = Bench().engine.synthesize([item([50, 50])])
    assert isinstance(bad, AnomalyError)
    assert bad.code == "anomaly_not_finite"
