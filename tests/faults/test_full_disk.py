"""A disk that takes no more: the error says so, nothing half is left, nothing is lost before."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from core.errors import Unavailable
from core.mel import Waveform
from core.part import JobPlan, Part, PartResult
from core.record import JobRecord
from core.report import StageSeconds
from core.request import Controls, Source
from core.text import Span, Utterance
from core.voice import Catalogue
from jobs.storage.folder import FolderStore
from jobs.storage.keys import audio_key
from jobs.storage.part_audio import write_part_audio
from synthesis.part_audio import part_audio_of, part_samples
from synthesis.results import SynthesizedUtterance
from tests.memory_store import MemoryPartIndex, MemoryQueue, memory_job_store
from workers.context import Context, SystemClock
from workers.tasks.assemble import assemble

JOB = "0" * 32
SAMPLES = 100_000
ATTEMPTS = 3


@contextmanager
def full(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def audio(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "audio")


@pytest.fixture
def context(audio: FolderStore) -> Context:
    """A job whose one part was spoken."""
    clock, store = SystemClock(), memory_job_store()
    request, source = Controls(voice="v", acoustic="a", vocoder="b"), Source(text="Hello.")
    store.records.create(
        JobRecord(
            id=JOB,
            state="queued",
            request=request,
            source=source.facts,
            created_at=clock.now(),
        ),
        source,
    )
    span = Span(0, 6)
    utterance = Utterance(
        text="hello", span=span, phonemes=("h",), phoneme_ids=(1,), pause_after_seconds=0.0
    )
    plan = JobPlan(parts=1, utterances=1, lead_seconds=0.0, text_seconds=0.1)
    store.plans.put(JOB, plan, [Part(0, 0, (utterance,))])
    synthesized = SynthesizedUtterance(
        waveform=Waveform(np.zeros(SAMPLES, np.float32), 22050),
        durations=(1,),
        stage_seconds=StageSeconds(acoustic=0.1, vocoder=0.1),
        batch_size=1,
        artifacts={},
    )
    part_audio = part_audio_of([synthesized])
    write_part_audio(audio, "0a", part_audio, part_samples([synthesized]))
    result = PartResult(index=0, digest="0a", audio=part_audio)
    store.leases.claim(JOB, "0", "me", clock.now())
    store.results.add(JOB, result, "me", clock.now())
    return Context(
        store, MemoryQueue(), audio, MemoryPartIndex(), Catalogue({}, {}), clock, "me", ATTEMPTS
    )


def test_a_part_that_does_not_fit_is_refused_and_not_there(audio: FolderStore) -> None:
    with full(1000), pytest.raises(Unavailable) as refused:
        audio.put("jobs/0a/parts/0.f32", bytes(5000))
    assert refused.value.code == "disk"
    assert not audio.exists("jobs/0a/parts/0.f32")
    audio.put("jobs/0a/parts/0.f32", bytes(5000))


@pytest.mark.parametrize("room", [1000, 100], ids=["audio", "transcript"])
def test_a_job_that_does_not_fit_waits_for_room(context: Context, room: int) -> None:
    with full(room):
        for _ in range(2 * ATTEMPTS):
            with pytest.raises(Unavailable):
                assemble(context, JOB)
    assert context.store.records.get(JOB).state == "running"
    assert not context.audio.exists(audio_key(JOB, Controls()))
    assemble(context, JOB)
    assert context.store.records.get(JOB).state == "succeeded"


def test_a_disk_with_room_again_costs_nothing(context: Context) -> None:
    with full(1000), pytest.raises(Unavailable):
        assemble(context, JOB)
    assemble(context, JOB)
    record = context.store.records.get(JOB)
    assert record.report is not None
    assert (record.state, record.report.samples) == ("succeeded", SAMPLES)
