"""The task of a part, while its stores come and go."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import SynthesisError, Unavailable
from core.mel import Waveform
from core.part import JobPlan, Part, PartResult
from core.record import JobRecord
from core.report import StageSeconds
from core.request import Controls, Source
from core.text import Span, Utterance
from core.voice import Catalogue
from jobs.protocols import SendReason, WorkerBeat
from jobs.storage.folder import FolderStore
from jobs.storage.part_audio import read_samples
from synthesis.parts import SynthesisItem
from synthesis.results import StreamedSamples, SynthesizedUtterance
from tests.fake_engine import CATALOGUE
from tests.memory_store import MemoryPartIndex, MemoryQueue, memory_job_store
from workers.context import Context, SystemClock
from workers.tasks.synthesize import synthesize

JOB = "0" * 32
UTTERANCE = Utterance(
    text="a", span=Span(0, 1), phonemes=("a",), phoneme_ids=(3,), pause_after_seconds=0.0
)


class Away(MemoryQueue):
    """A queue that does not answer the first time."""

    def assemble(self, job_id: str, *, long: bool = False, reason: SendReason = "first") -> None:
        self.assemble = super().assemble  # type: ignore[method-assign]
        raise Unavailable("the queue does not answer", code="queue_unavailable")


def silent(items: Sequence[SynthesisItem], lane: str, turn: Any) -> list[Any]:
    raise AssertionError("nothing is to be spoken")


@pytest.fixture
def context(tmp_path: Path) -> Context:
    store = memory_job_store()
    source = Source(text="a")
    store.records.create(
        JobRecord(id=JOB, state="queued", request=Controls(), source=source.facts, created_at=0.0),
        source,
    )
    plan = JobPlan(parts=1, utterances=1, lead_seconds=0.0, text_seconds=0.0)
    store.plans.put(JOB, plan, [Part(0, 0, (UTTERANCE,))])
    clock, audio = SystemClock(), FolderStore(tmp_path)
    return Context(store, Away(), audio, MemoryPartIndex(), Catalogue({}, {}), clock, "me", 3)


def test_a_worker_that_was_suspended_claims_its_part_again(context: Context) -> None:
    """Its lease was dropped meanwhile, and the message that was sent again found it at work."""
    begun: list[str] = []

    def waking(items: Sequence[SynthesisItem], lane: str, turn: Any) -> list[Any]:
        assert context.store.leases.expire(1e12, stale_before=0.0) == ((JOB, "0"),)
        turn.begin()
        begun.append(lane)
        return [SynthesisError("that will do")]

    context = dataclasses.replace(context, catalogue=CATALOGUE, queue=MemoryQueue())
    synthesize(context, waking, JOB, 0)
    assert begun == ["interactive"]
    (result,) = context.store.results.all(JOB)
    assert result.error is not None
    assert result.error.code == "synthesis"


def test_a_worker_that_was_suspended_leaves_a_part_that_another_has(context: Context) -> None:
    def waking(items: Sequence[SynthesisItem], lane: str, turn: Any) -> list[Any]:
        context.store.leases.expire(1e12, stale_before=0.0)
        now = context.clock.now()
        context.store.workers.beat(WorkerBeat("other", "synthesizer", now, True))
        assert context.store.leases.claim(JOB, "0", "other", now).verdict == "run"
        turn.begin()
        raise AssertionError("the part is another worker's")

    context = dataclasses.replace(context, catalogue=CATALOGUE, queue=MemoryQueue())
    synthesize(context, waking, JOB, 0)
    assert list(context.store.results.all(JOB)) == []


def test_the_last_part_sends_assemble_though_the_queue_was_away(context: Context) -> None:
    for worker in ("dead", "dead too", "dead as well"):  # three tries, so that this one gives up
        context.store.leases.claim(JOB, "0", worker, 0.0)
        context.store.leases.begin(JOB, "0", worker)
    with pytest.raises(Unavailable):
        synthesize(context, silent, JOB, 0)
    synthesize(context, silent, JOB, 0)
    assert isinstance(context.queue, MemoryQueue)
    assert context.queue.sent == [("assemble", JOB)]
    (result,) = context.store.results.all(JOB)
    assert isinstance(result, PartResult)
    assert result.error is not None


def streaming_context(context: Context) -> Context:
    context.store.records.mark_streamed(JOB)
    return dataclasses.replace(context, catalogue=CATALOGUE, queue=MemoryQueue())


def two_windows(items: Sequence[SynthesisItem], lane: str, turn: Any) -> list[Any]:
    samples = np.arange(10, dtype=np.float32)
    for start in (0, 4):
        piece = Waveform(samples[start : start + 4 + start // 2], 22050)
        turn.take_samples(StreamedSamples(0, start, 10, piece))
    wave = Waveform(samples, 22050)
    return [SynthesizedUtterance(wave, (1,), StageSeconds(), 1, {})]


def test_samples_of_a_streamed_job_are_handed_on_until_the_part_is_stored(context: Context) -> None:
    context = streaming_context(context)
    seen: list[Any] = []

    def submit(items: Sequence[SynthesisItem], lane: str, turn: Any) -> list[Any]:
        results = two_windows(items, lane, turn)
        seen.extend(context.store.samples.after(JOB, 0)[1])
        return results

    synthesize(context, submit, JOB, 0)
    assert [(c.utterance, c.start, c.total, c.sample_rate) for c in seen] == [
        (0, 0, 10, 22050),
        (0, 4, 10, 22050),
    ]
    sent = np.frombuffer(b"".join(chunk.data for chunk in seen), "<f4")
    result = context.store.results.get(JOB, 0)
    assert result is not None
    assert result.audio is not None
    assert (sent == read_samples(context.audio, result.digest, result.audio)).all()
    assert context.store.samples.after(JOB, 0)[1] == ()


def test_a_job_that_nobody_hears_hands_nothing_on(context: Context) -> None:
    def submit(items: Sequence[SynthesisItem], lane: str, turn: Any) -> list[Any]:
        assert turn.take_samples is None
        return [SynthesisError("that will do")]

    context = dataclasses.replace(context, catalogue=CATALOGUE, queue=MemoryQueue())
    synthesize(context, submit, JOB, 0)


def test_a_cancelled_stream_ends_at_its_next_window(context: Context) -> None:
    context = streaming_context(context)

    def submit(items: Sequence[SynthesisItem], lane: str, turn: Any) -> list[Any]:
        context.store.records.finish(JOB, "cancelled", 1.0)
        two_windows(items, lane, turn)
        raise AssertionError("nobody listens")

    synthesize(context, submit, JOB, 0)
    assert list(context.store.results.all(JOB)) == []


def test_samples_that_cannot_be_sent_cost_only_time(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = streaming_context(context)

    def away(*_: object) -> bool:
        raise Unavailable("away")

    monkeypatch.setattr(context.store.samples, "add", away)
    synthesize(context, two_windows, JOB, 0)
    assert context.store.results.get(JOB, 0) is not None
