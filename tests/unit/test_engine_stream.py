"""Samples are handed on as they are made, and are those of the result."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import AnomalyError, Conflict, RhapsodeError, SynthesisError
from core.mel import Float32
from core.text import Prosody
from synthesis.parts import SynthesisItem
from synthesis.results import StreamedSamples, SynthesizedUtterance
from tests.fake_engine import (
    HOP,
    LOUD,
    MUTE,
    NOTHING,
    POISON,
    RUNAWAY,
    WHIM,
    Bench,
    item,
    succeeded,
    symbols_of,
)
from tests.unit.test_retry import CORRECTED, PLAIN


def streamed(
    bench: Bench, items: list[SynthesisItem]
) -> tuple[list[StreamedSamples], list[SynthesizedUtterance | RhapsodeError]]:
    taken: list[StreamedSamples] = []
    return taken, bench.engine.stream(items, taken.append)


def joined(taken: list[StreamedSamples], utterance: int) -> Float32:
    pieces = [piece for piece in taken if piece.utterance == utterance]
    at = 0
    for piece in pieces:
        assert piece.start == at
        at += len(piece.waveform.samples)
        assert piece.total >= at
    assert pieces[-1].total == at
    return np.concatenate([piece.waveform.samples for piece in pieces])


def test_what_was_handed_on_is_the_result_in_order() -> None:
    sentences = [[3, 4, 5] * 8, [7], [9, 10] * 9]
    bench = Bench()
    taken, results = streamed(bench, [item(ids) for ids in sentences])
    assert [piece.utterance for piece in taken] == sorted(piece.utterance for piece in taken)
    for index, (ids, result) in enumerate(zip(sentences, results, strict=True)):
        assert symbols_of(result) == ids
        assert (joined(taken, index) == succeeded(result).waveform.samples).all()
    assert len(taken[0].waveform.samples) == 10 * HOP < taken[0].total
    assert [f.stage for f in bench.figures].count("vocoder") == 3
    assert all(succeeded(r).stage_seconds.vocoder > 0 for r in results)


def test_samples_are_those_of_a_batch() -> None:
    items = [item([3, 4, 5] * 8), item([7])]
    _, results = streamed(Bench(), items)
    for one, other in zip(results, Bench().engine.synthesize(items), strict=True):
        assert (succeeded(one).waveform.samples == succeeded(other).waveform.samples).all()


def test_a_change_of_volume_goes_on_across_windows() -> None:
    soft = item([20] * 12, prosody=(Prosody(start=2, end=9, gain=0.25),))
    taken, (result,) = streamed(Bench(), [soft])
    assert (joined(taken, 0) == succeeded(result).waveform.samples).all()
    (whole,) = Bench().engine.synthesize([soft])
    assert (succeeded(result).waveform.samples == succeeded(whole).waveform.samples).all()


def test_what_the_acoustic_model_got_wrong_is_tried_again_before_anything_is_sent() -> None:
    bench = Bench()
    whimsical = item([WHIM, *PLAIN, RUNAWAY], acoustic="tacotron2", seed=CORRECTED)
    taken, (result,) = streamed(bench, [whimsical])
    assert symbols_of(result) == [WHIM, *PLAIN, WHIM]
    assert (joined(taken, 0) == succeeded(result).waveform.samples).all()
    assert [n.code for n in succeeded(result).notices] == ["anomaly_retried"]


@pytest.mark.parametrize(("symbol", "code"), [(RUNAWAY, "anomaly_runaway"), (NOTHING, "anomaly")])
def test_what_is_no_speech_is_not_vocoded(symbol: int, code: str) -> None:
    taken, (bad, good) = streamed(Bench(), [item([symbol]), item([5])])
    assert isinstance(bad, AnomalyError)
    assert bad.code.startswith(code)
    assert {piece.utterance for piece in taken} == {1}
    assert symbols_of(good) == [5]


def test_what_was_sent_is_not_tried_again() -> None:
    bench = Bench()
    taken, (clipped, silent) = streamed(
        bench, [item([*PLAIN, LOUD], vocoder="waveglow"), item([*PLAIN, MUTE])]
    )
    assert {n.code for n in succeeded(clipped).notices} >= {"anomaly_clipped"}
    assert isinstance(silent, AnomalyError)
    assert bench.voice.vocoder.sizes == [1, 1]
    assert {"anomaly_clipped", "anomaly_silent"} <= set(bench.anomalies)
    assert len(taken) == 14


def test_a_fault_costs_its_utterance_alone() -> None:
    _, (bad, good) = streamed(Bench(), [item([POISON]), item([5])])
    assert isinstance(bad, SynthesisError)
    assert symbols_of(good) == [5]


def test_a_listener_that_raises_ends_the_whole() -> None:
    def leave(samples: StreamedSamples) -> None:
        raise Conflict("nobody listens", code="job_over")

    bench = Bench()
    with pytest.raises(Conflict):
        bench.engine.stream([item([5] * 30), item([5])], leave)
    assert bench.voice.vocoder.sizes == [1]
