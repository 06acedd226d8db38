"""What goes wrong is tried once more where that may help, and reported."""

import numpy as np
import pytest

from core.errors import AnomalyError
from synthesis.parts import utterance_seed
from tests.fake_engine import (
    CROWDED,
    LONG,
    LOUD,
    MUTE,
    NOT_FINITE,
    NOTHING,
    PAUSE,
    RUNAWAY,
    STRAY,
    WHIM,
    Bench,
    item,
    succeeded,
    symbols_of,
)

PLAIN = [20] * 10
CORRECTED = next(s for s in range(0, 100, 2) if utterance_seed(s, 1) % 2 == 1)
"""An even seed whose second is odd: the first try fails, the second behaves."""
HOPELESS = next(s for s in range(0, 100, 2) if utterance_seed(s, 1) % 2 == 0)
SUSPICIOUS = [
    (LONG, {"anomaly_stuck"}),
    (LOUD, {"anomaly_clipped"}),
    (PAUSE, {"anomaly_silence", "anomaly_stuck"}),
    (STRAY, {"anomaly_repeat"}),
]
REFUSED = [
    (MUTE, "anomaly_silent"),
    (NOT_FINITE, "anomaly_not_finite"),
    (RUNAWAY, "anomaly_runaway"),
]


@pytest.mark.parametrize(("symbol", "codes"), SUSPICIOUS)
def test_a_suspicious_result_is_kept_and_reported(symbol: int, codes: set[str]) -> None:
    bench = Bench()
    odd, good = bench.engine.synthesize([item([*PLAIN, symbol]), item(PLAIN)])
    found = {n.code for n in succeeded(odd).notices}
    assert found & codes == codes
    assert "anomaly_retried" not in found
    assert succeeded(good).notices == ()
    assert len(bench.voice.acoustic.calls) == 1  # the same samples would come again
    assert sorted(bench.anomalies) == sorted(found)


@pytest.mark.parametrize("symbol", [s for s, _ in SUSPICIOUS] + [s for s, _ in REFUSED])
def test_a_network_with_a_seed_gets_another_one(symbol: int) -> None:
    bench, again = Bench(), Bench()
    whimsical = item([WHIM, *PLAIN, symbol], acoustic="tacotron2", seed=CORRECTED)
    (result,) = bench.engine.synthesize([whimsical])
    assert [n.code for n in succeeded(result).notices] == ["anomaly_retried"]
    assert symbols_of(result) == [WHIM, *PLAIN, WHIM]
    assert [c.seeds.tolist() for c in bench.voice.acoustic.calls] == [
        [CORRECTED],
        [utterance_seed(CORRECTED, 1)],
    ]
    assert bench.anomalies
    (same,) = again.engine.synthesize([whimsical])
    assert np.array_equal(succeeded(same).waveform.samples, succeeded(result).waveform.samples)


@pytest.mark.parametrize(("symbol", "code"), REFUSED)
def test_a_second_result_that_is_not_speech_fails_its_part(symbol: int, code: str) -> None:
    bench = Bench()
    whimsical = item([WHIM, *PLAIN, symbol], acoustic="tacotron2", seed=HOPELESS)
    bad, good = bench.engine.synthesize([whimsical, item(PLAIN)])
    assert isinstance(bad, AnomalyError)
    assert bad.code == code
    assert bench.anomalies == [code, code]
    assert symbols_of(good) == PLAIN


def test_of_two_suspicious_attempts_the_first_is_kept() -> None:
    whimsical = item([WHIM, *PLAIN, LOUD], acoustic="tacotron2", seed=HOPELESS)
    (result,) = Bench().engine.synthesize([whimsical])
    assert [n.code for n in succeeded(result).notices] == ["anomaly_retried", "anomaly_clipped"]
    assert "the first attempt" in succeeded(result).notices[0].message


def test_a_vocoder_with_noise_is_asked_alone_of_its_own_faults() -> None:
    bench = Bench()
    items = [
        item([WHIM, *PLAIN, symbol], vocoder="waveglow", seed=CORRECTED) for symbol in (LOUD, LONG)
    ]
    loud, long = bench.engine.synthesize(items)
    assert [n.code for n in succeeded(loud).notices] == ["anomaly_retried"]
    assert {n.code for n in succeeded(long).notices} == {"anomaly_stuck"}
    assert len(bench.voice.acoustic.calls) == 1
    assert bench.voice.vocoder.sizes[-1] == 1


@pytest.mark.parametrize(
    ("symbol", "code"),
    [(MUTE, "anomaly_silent"), (NOT_FINITE, "anomaly_not_finite"), (NOTHING, "anomaly_empty")],
)
def test_without_a_seed_a_refused_result_is_retried_alone(symbol: int, code: str) -> None:
    bench = Bench()
    ids = [symbol] if symbol == NOTHING else [1, symbol]
    bad, *good = bench.engine.synthesize([item(ids), item([7]), item([8])])
    assert isinstance(bad, AnomalyError)
    assert bad.code == code
    assert [symbols_of(g) for g in good] == [[7], [8]]
    assert [len(c.ids) for c in bench.voice.acoustic.calls] == [3, 1]


def test_an_anomaly_that_the_batch_caused_is_gone_alone() -> None:
    odd, good = Bench().engine.synthesize([item([CROWDED, 30]), item([7])])
    assert symbols_of(odd) == [CROWDED, 30]
    assert [n.code for n in succeeded(odd).notices] == ["anomaly_retried"]
    assert "alone" in succeeded(odd).notices[0].message
    assert succeeded(good).notices == ()


def test_both_attempts_are_paid_for() -> None:
    bench = Bench()
    whimsical = item([WHIM, *PLAIN, MUTE], acoustic="tacotron2", seed=CORRECTED)
    (result,) = bench.engine.synthesize([whimsical])
    assert succeeded(result).stage_seconds.total == pytest.approx(4.0)
