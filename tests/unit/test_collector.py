"""Parts share the device without sharing their fate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest

from core.errors import Conflict, SynthesisError, Unavailable
from core.mel import Waveform
from core.report import StageSeconds
from core.request import Lane
from core.text import Span, Utterance
from synthesis.parts import SynthesisItem
from synthesis.results import StreamedSamples, SynthesizedUtterance, TakeSamples
from tests.fake_engine import CATALOGUE
from tests.turns import FREE, FixedTurn
from workers.device.collector import (
    BatchRunner,
    BatchStats,
    Collector,
    StreamItems,
    SynthesizeItems,
    UtteranceResult,
    without_stream,
)

DEADLINE = 120.0
"""Seconds; never reached when all is well."""


def item(name: str, symbols: int = 10) -> SynthesisItem:
    utterance = Utterance(
        text=name,
        span=Span(0, 1),
        phonemes=("a",) * symbols,
        phoneme_ids=(1,) * symbols,
        pause_after_seconds=0.0,
    )
    return SynthesisItem(utterance=utterance, selection=CATALOGUE.resolve(), runtime="onnx")


def result_of(part: SynthesisItem) -> SynthesizedUtterance:
    wave = Waveform(np.zeros(len(part.utterance.phonemes), np.float32), 22050)
    return SynthesizedUtterance(wave, (1,), StageSeconds(), 1, {part.utterance.text: ""})


class FakeDevice:
    """Synthesizes when it is let; records what came together."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.entered, self.free = threading.Semaphore(0), threading.Semaphore(0)

    def synthesize(self, items: Sequence[SynthesisItem]) -> list[UtteranceResult]:
        self.batches.append([part.utterance.text for part in items])
        self.entered.release()
        assert self.free.acquire(timeout=DEADLINE)
        return [result_of(part) for part in items]


@contextmanager
def running(
    synthesize: SynthesizeItems,
    *,
    symbols: int = 1000,
    seen: list[BatchStats] | None = None,
    stream: StreamItems = without_stream,
    flush_seconds: float = 0.0,
    runners: int = 1,
    monotonic: Callable[[], float] = time.monotonic,
) -> Iterator[Collector]:
    on_batch = (lambda stats: None) if seen is None else seen.append
    collector = Collector(symbols=symbols, flush_seconds=flush_seconds, monotonic=monotonic)
    threads = [
        threading.Thread(target=BatchRunner(collector, synthesize, stream, on_batch=on_batch).run)
        for _ in range(runners)
    ]
    for thread in threads:
        thread.start()
    try:
        yield collector
    finally:
        collector.close()
        for thread in threads:
            thread.join(DEADLINE)
            assert not thread.is_alive()


def wait_for(collector: Collector, lane: Lane, count: int) -> None:
    with collector._changed:
        assert collector._changed.wait_for(lambda: len(collector._waiting[lane]) == count, DEADLINE)


def test_what_waits_goes_together_interactive_first() -> None:
    device, seen = FakeDevice(), list[BatchStats]()
    with (
        running(device.synthesize, symbols=35, seen=seen) as collector,
        ThreadPoolExecutor(9) as pool,
    ):
        first = pool.submit(collector.submit, [item("first")], "bulk", FREE)
        assert device.entered.acquire(timeout=DEADLINE)
        rest = []
        lanes: list[Lane] = ["bulk", "bulk", "interactive", "interactive"]
        for index, lane in enumerate(lanes):
            rest.append(pool.submit(collector.submit, [item(f"{lane}{index}")], lane, FREE))
            wait_for(collector, lane, index % 2 + 1)
        for _ in range(3):
            device.free.release()
        results = [one.result(DEADLINE) for one in (first, *rest)]
    assert device.batches == [
        ["first"],
        ["interactive2", "interactive3", "bulk0"],  # 30 of 35 symbols
        ["bulk1"],
    ]
    names = [next(iter(o.artifacts)) for (o,) in results if isinstance(o, SynthesizedUtterance)]
    assert names == ["first", "bulk0", "bulk1", "interactive2", "interactive3"]
    assert [(taken.parts, taken.reason) for taken in seen[1:]] == [(3, "busy"), (1, "busy")]


def test_a_part_above_the_budget_goes_alone() -> None:
    device = FakeDevice()
    device.free.release()
    with running(device.synthesize, symbols=5) as collector:
        (outcome,) = collector.submit([item("long", 50)], "bulk", FREE)
    assert isinstance(outcome, SynthesizedUtterance)


def test_a_part_that_breaks_the_batch_costs_its_mates_nothing() -> None:
    entered, gate = threading.Event(), threading.Event()

    def synthesize(items: Sequence[SynthesisItem]) -> list[UtteranceResult]:
        entered.set()
        assert gate.wait(DEADLINE)
        if any(part.utterance.text == "poison" for part in items):
            raise ValueError("broken")
        return [result_of(part) for part in items]

    with running(synthesize) as collector, ThreadPoolExecutor(9) as pool:
        first = pool.submit(collector.submit, [item("first")], "bulk", FREE)
        assert entered.wait(DEADLINE)  # or an interactive part would be taken before it
        names = ("a", "poison", "b")
        rest = [pool.submit(collector.submit, [item(name)], "interactive", FREE) for name in names]
        wait_for(collector, "interactive", 3)
        gate.set()
        assert isinstance(first.result(DEADLINE)[0], SynthesizedUtterance)
        assert isinstance(rest[0].result(DEADLINE)[0], SynthesizedUtterance)
        with pytest.raises(ValueError, match="broken"):
            rest[1].result(DEADLINE)
        assert isinstance(rest[2].result(DEADLINE)[0], SynthesizedUtterance)


def test_an_error_of_one_utterance_stays_with_it() -> None:
    bad = SynthesisError("no")

    def synthesize(items: Sequence[SynthesisItem]) -> list[UtteranceResult]:
        return [bad if part.utterance.text == "bad" else result_of(part) for part in items]

    with running(synthesize) as collector:
        outcomes = collector.submit([item("a"), item("bad"), item("b")], "interactive", FREE)
    assert [isinstance(outcome, SynthesizedUtterance) for outcome in outcomes] == [
        True,
        False,
        True,
    ]


def test_a_device_that_loses_an_utterance_is_an_error() -> None:
    with running(lambda items: []) as collector, pytest.raises(RuntimeError, match="0 results"):
        collector.submit([item("a")], "interactive", FREE)


def test_closing_speaks_what_waits_and_refuses_what_comes() -> None:
    device = FakeDevice()
    with running(device.synthesize) as collector, ThreadPoolExecutor(2) as pool:
        first = pool.submit(collector.submit, [item("first")], "bulk", FREE)
        assert device.entered.acquire(timeout=DEADLINE)
        second = pool.submit(collector.submit, [item("second")], "bulk", FREE)
        wait_for(collector, "bulk", 1)
        collector.close()
        with pytest.raises(Unavailable):
            collector.submit([item("late")], "interactive", FREE)
        device.free.release()
        device.free.release()
        assert isinstance(first.result(DEADLINE)[0], SynthesizedUtterance)
        assert isinstance(second.result(DEADLINE)[0], SynthesizedUtterance)


def test_a_part_of_an_ended_job_is_never_synthesized() -> None:
    device, over = FakeDevice(), FixedTurn(Conflict("the job is over", code="job_over"))
    with running(device.synthesize, symbols=10) as collector, ThreadPoolExecutor() as pool:
        first = pool.submit(collector.submit, [item("a", 10)], "bulk", FREE)
        assert device.entered.acquire(timeout=DEADLINE)
        dropped = pool.submit(collector.submit, [item("b", 10)], "bulk", over)
        wait_for(collector, "bulk", 1)
        kept = pool.submit(collector.submit, [item("c", 10)], "bulk", FREE)
        wait_for(collector, "bulk", 2)
        device.free.release(2)
        assert len(first.result(DEADLINE)) == len(kept.result(DEADLINE)) == 1
        with pytest.raises(Conflict):
            dropped.result(DEADLINE)
    assert device.batches == [["a"], ["c"]]


def test_a_suspect_goes_alone_in_its_turn() -> None:
    device, turns = FakeDevice(), {"c": FixedTurn(suspect=True)}
    with running(device.synthesize, symbols=35) as collector, ThreadPoolExecutor(9) as pool:
        pool.submit(collector.submit, [item("first")], "bulk", FREE)
        assert device.entered.acquire(timeout=DEADLINE)
        for count, name in enumerate("abcde", 1):
            pool.submit(collector.submit, [item(name)], "bulk", turns.get(name, FREE))
            wait_for(collector, "bulk", count)
        device.free.release(4)
    assert device.batches == [["first"], ["a", "b"], ["c"], ["d", "e"]]


def test_a_full_batch_runs_beside_another_and_what_is_no_full_one_waits() -> None:
    device, seen = FakeDevice(), list[BatchStats]()
    with (
        running(device.synthesize, symbols=20, seen=seen, runners=2) as collector,
        ThreadPoolExecutor(9) as pool,
    ):
        pool.submit(collector.submit, [item("first")], "bulk", FREE)
        assert device.entered.acquire(timeout=DEADLINE)
        pool.submit(collector.submit, [item("a")], "bulk", FREE)
        wait_for(collector, "bulk", 1)
        assert device.batches == [["first"]]
        pool.submit(collector.submit, [item("b")], "bulk", FREE)
        assert device.entered.acquire(timeout=DEADLINE)
        assert device.batches == [["first"], ["a", "b"]]
        for count, name in enumerate("cde", 1):  # full, but two run already
            pool.submit(collector.submit, [item(name)], "bulk", FREE)
            wait_for(collector, "bulk", count)
        device.free.release(4)
    assert device.batches == [["first"], ["a", "b"], ["c", "d"], ["e"]]
    assert {stats.reason for stats in seen if stats.parts == 1} >= {"timeout"}
    assert {stats.reason for stats in seen if stats.parts == 2} >= {"budget"}


def test_the_time_of_batches_side_by_side_counts_once() -> None:
    device, seen, now = FakeDevice(), list[BatchStats](), [10.0]
    with (
        running(
            device.synthesize, symbols=10, seen=seen, runners=2, monotonic=lambda: now[0]
        ) as collector,
        ThreadPoolExecutor(3) as pool,
    ):
        for name, begins_at in (("a", 10.0), ("b", 12.0)):
            now[0] = begins_at
            pool.submit(collector.submit, [item(name)], "bulk", FREE)
            assert device.entered.acquire(timeout=DEADLINE)
        now[0] = 15.0
        device.free.release()  # ends either of them
        third = pool.submit(collector.submit, [item("c")], "bulk", FREE)
        assert device.entered.acquire(timeout=DEADLINE)
        now[0] = 20.0
        device.free.release(2)
        assert third.result(DEADLINE)
    assert sum(stats.busy_seconds for stats in seen) == 10.0


def test_nothing_runs_beside_a_suspect() -> None:
    device, turns = FakeDevice(), {"b": FixedTurn(suspect=True)}
    with (
        running(device.synthesize, symbols=10, runners=2) as collector,
        ThreadPoolExecutor(9) as pool,
    ):
        pool.submit(collector.submit, [item("a")], "bulk", FREE)
        assert device.entered.acquire(timeout=DEADLINE)
        for count, name in enumerate("bcd", 1):
            pool.submit(collector.submit, [item(name)], "bulk", turns.get(name, FREE))
            wait_for(collector, "bulk", count)
        assert device.batches == [["a"]]  # the suspect waits until it is alone
        device.free.release()
        assert device.entered.acquire(timeout=DEADLINE)
        assert device.batches == [["a"], ["b"]]
        device.free.release()
        assert device.entered.acquire(timeout=DEADLINE)
        assert device.entered.acquire(timeout=DEADLINE)
        assert sorted(device.batches[2:]) == [["c"], ["d"]]
        device.free.release(2)


def test_a_part_that_is_streamed_goes_alone_and_at_once() -> None:
    device, taken = FakeDevice(), list[StreamedSamples]()

    def stream(items: Sequence[SynthesisItem], take: TakeSamples) -> list[UtteranceResult]:
        results = [result_of(part) for part in items]
        for index, result in enumerate(results):
            length = len(result.waveform.samples)
            take(StreamedSamples(index, 0, length, result.waveform))
        return list(results)

    turn = FixedTurn(take_samples=taken.append)
    with (
        running(device.synthesize, stream=stream, flush_seconds=DEADLINE) as collector,
        ThreadPoolExecutor(3) as pool,
    ):
        (outcome,) = collector.submit([item("heard")], "interactive", turn)
        assert isinstance(outcome, SynthesizedUtterance)
        assert [samples.total for samples in taken] == [10]
        first = pool.submit(collector.submit, [item("first", 1000)], "interactive", FREE)
        assert device.entered.acquire(timeout=DEADLINE)
        second = pool.submit(collector.submit, [item("also heard")], "interactive", turn)
        wait_for(collector, "interactive", 1)
        third = pool.submit(collector.submit, [item("third", 1000)], "interactive", FREE)
        wait_for(collector, "interactive", 2)
        device.free.release(2)
        for one in (first, second, third):
            one.result(DEADLINE)
    assert device.batches == [["first"], ["third"]]
    assert len(taken) == 2


def test_who_takes_samples_may_end_the_part() -> None:
    def stream(items: Sequence[SynthesisItem], take: TakeSamples) -> list[UtteranceResult]:
        take(StreamedSamples(0, 0, 10, result_of(items[0]).waveform))
        raise AssertionError("nobody listens")

    def leave(samples: StreamedSamples) -> None:
        raise Conflict("nobody listens", code="job_over")

    with running(FakeDevice().synthesize, stream=stream) as collector, pytest.raises(Conflict):
        collector.submit([item("left")], "bulk", FixedTurn(take_samples=leave))
