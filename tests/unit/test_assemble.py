"""A job's parts put together, while other things happen to the job."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.errors import Conflict, NotFound
from core.mel import Waveform
from core.part import JobPlan, Part, PartResult
from core.record import JobRecord
from core.report import StageSeconds
from core.request import BookFacts, Controls, Source
from core.text import Span, Utterance
from core.voice import Catalogue
from jobs.protocols import WorkerBeat
from jobs.storage.folder import FolderStore
from jobs.storage.keys import audio_key, job_folder, part_audio_key
from jobs.storage.part_audio import write_part_audio
from synthesis.part_audio import part_audio_of, part_samples
from synthesis.results import SynthesizedUtterance
from synthesis.timeline import place_parts
from tests.memory_store import MemoryPartIndex, MemoryQueue, memory_job_store
from workers.context import Context
from workers.tasks.assemble import assemble

JOB = "0" * 32
PARTS = 3
SAMPLES = 2205
UTTERANCE = Utterance(
    text="a", span=Span(0, 1), phonemes=("a",), phoneme_ids=(3,), pause_after_seconds=0.0
)


class Watch:
    """A clock that the test moves; every look may do something."""

    def __init__(self) -> None:
        self.seconds, self.looks = 0.0, 0
        self.then: Callable[[], object] = lambda: None

    def now(self) -> float:
        self.looks += 1
        self.then()
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def source() -> Source:
    return Source(text="abc")


@pytest.fixture
def context(source: Source, tmp_path: Path, watch: Watch) -> Context:
    store, audio = memory_job_store(), FolderStore(tmp_path)
    store.records.create(
        JobRecord(id=JOB, state="queued", request=Controls(), source=source.facts, created_at=0.0),
        source,
    )
    plan = JobPlan(parts=PARTS, utterances=PARTS, lead_seconds=0.0, text_seconds=0.1)
    store.plans.put(JOB, plan, [Part(i, i, (UTTERANCE,)) for i in range(PARTS)])
    context = Context(
        store, MemoryQueue(), audio, MemoryPartIndex(), Catalogue({}, {}), watch, "me", 3
    )
    for index in range(PARTS):
        add_audio(context, index)
    return context


def add_audio(context: Context, index: int) -> None:
    waveform = Waveform(np.zeros(SAMPLES, np.float32), 22050)
    result = SynthesizedUtterance(waveform, (1,), StageSeconds(acoustic=0.1), 1, {})
    audio, digest = part_audio_of([result]), f"0{index}"
    write_part_audio(context.audio, digest, audio, part_samples([result]))
    context.store.leases.claim(JOB, str(index), "me", 0.0)
    context.store.results.add(JOB, PartResult(index=index, digest=digest, audio=audio), "me", 0.0)


def sent(context: Context) -> list[tuple[str, ...]]:
    assert isinstance(context.queue, MemoryQueue)
    return context.queue.sent


def test_whole(context: Context) -> None:
    assemble(context, JOB)
    record = context.store.records.get(JOB)
    assert record.report is not None
    assert (record.state, record.report.samples) == ("succeeded", PARTS * SAMPLES)


@pytest.mark.parametrize(
    "source", [Source(text="abc", book=BookFacts(title="Book", cover="image/png"))]
)
def test_a_missing_cover_costs_no_audio(context: Context) -> None:
    assemble(context, JOB)
    record = context.store.records.get(JOB)
    assert record.report is not None
    assert (record.state, record.report.samples) == ("succeeded", PARTS * SAMPLES)
    assert "cover_gone" in [notice.code for notice in record.report.warnings]


@pytest.mark.parametrize("source", [Source(text="abc", unreadable=("c4.xhtml",))])
def test_a_page_that_cannot_be_read_makes_the_job_partial(context: Context) -> None:
    assemble(context, JOB)
    record = context.store.records.get(JOB)
    assert record.state == "partial"
    assert record.error is not None
    assert (record.error.code, "c4.xhtml" in record.error.message) == ("page_unreadable", True)


def test_missing_part_audio_is_made_again(context: Context) -> None:
    context.audio.delete(part_audio_key("01"))
    assemble(context, JOB)
    assert sent(context) == [("synthesize", JOB, "1", "interactive")]
    assert context.store.records.get(JOB).state == "running"
    add_audio(context, 1)
    assemble(context, JOB)
    assert context.store.records.get(JOB).state == "succeeded"


def test_parts_that_were_made_meanwhile_are_not_waited_for(context: Context) -> None:
    """Another job found the damage first: nothing is missing when this one looks closer."""
    read, reads = context.audio.get, []

    def fail_once(key: str) -> bytes:
        reads.append(key)
        if len(reads) == 1:
            raise NotFound("gone for a moment")
        return read(key)

    context.audio.get = fail_once  # type: ignore[method-assign]
    assemble(context, JOB)
    assert sent(context) == [("assemble", JOB)]
    assemble(context, JOB)
    assert context.store.records.get(JOB).state == "succeeded"


def test_parts_that_were_undone_are_waited_for(context: Context) -> None:
    """Who undid them died, or ``assemble`` was sent twice."""
    context.store.records.discard_results(JOB, [1, 2], 0.0)
    assemble(context, JOB)
    assert sent(context) == [("synthesize", JOB, str(i), "interactive") for i in (1, 2)]
    assert context.store.records.get(JOB).state == "running"
    add_audio(context, 1)
    add_audio(context, 2)
    assemble(context, JOB)
    assert context.store.records.get(JOB).state == "succeeded"


def test_a_long_assembly_is_not_taken_for_lost(context: Context, watch: Watch) -> None:
    """As ``recover`` asks, in the middle of it: nobody but who stopped has lost anything."""
    found: list[object] = []

    def look() -> None:
        watch.seconds += 400
        context.store.workers.beat(WorkerBeat("me", "planner", watch.seconds, True))
        found.extend(context.store.leases.expire(watch.seconds, stale_before=watch.seconds - 600))

    watch.then = look
    assemble(context, JOB)
    assert watch.looks > PARTS
    assert context.store.records.get(JOB).state == "succeeded"
    assert found == []


def test_a_cancelled_job_is_not_written_to_its_end(context: Context, watch: Watch) -> None:
    def cancel() -> None:
        if watch.looks == 3:
            context.store.records.finish(JOB, "cancelled", 1.0)
            context.audio.delete(job_folder(JOB))

    watch.then = cancel
    assemble(context, JOB)
    assert context.store.records.get(JOB).state == "cancelled"
    assert not context.audio.exists(audio_key(JOB, Controls()))


def test_a_job_without_its_parts_has_ended_meanwhile(context: Context) -> None:
    """Two assemble the same; the first has ended the job, and the other writes no half of it."""
    plan = context.store.plans.get(JOB)
    assert plan is not None
    with pytest.raises(Conflict):
        list(place_parts(iter(()), iter(()), Controls(), plan))
