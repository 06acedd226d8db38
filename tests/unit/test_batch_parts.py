"""A batch of which parts fail: who has a file, what is told of each input, what a retry mends."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.batch import InputResult
from core.mel import Waveform
from core.part import JobPlan, Part, PartResult
from core.record import JobError, JobRecord
from core.report import StageSeconds
from core.request import BatchInput, Controls, batch_source
from core.text import ONE_VOICE, Span, Utterance
from core.voice import Catalogue
from jobs.storage.folder import FolderStore
from jobs.storage.keys import audio_key, inputs_key
from jobs.storage.part_audio import write_part_audio
from synthesis.part_audio import part_audio_of, part_samples
from synthesis.results import SynthesizedUtterance
from tests.memory_store import MemoryPartIndex, MemoryQueue, memory_job_store
from workers.context import Context, SystemClock
from workers.tasks.assemble import assemble

JOB = "0" * 32
RATE = 22050
SAMPLES = 2205
SOURCE = batch_source(
    [BatchInput(id=name, text=name * 4) for name in ("a", "b", "c", "d")], ONE_VOICE
)
CHAPTERS = (0, 0, 1, 2)
"""Of each part; input d has none: there is nothing to speak."""
REQUEST = Controls(package="chapters", voice="v", acoustic="a", vocoder="w")


def part(index: int) -> Part:
    chapter = CHAPTERS[index]
    utterance = Utterance(
        text="a",
        span=SOURCE.chapters[chapter].span,
        phonemes=("a",),
        phoneme_ids=(3,),
        pause_after_seconds=0.0,
    )
    return Part(index, index, (utterance,), chapter)


@pytest.fixture
def context(tmp_path: Path) -> Context:
    store = memory_job_store()
    record = JobRecord(id=JOB, state="queued", request=REQUEST, source=SOURCE.facts, created_at=0.0)
    store.records.create(record, SOURCE)
    plan = JobPlan(
        parts=len(CHAPTERS),
        utterances=len(CHAPTERS),
        lead_seconds=0.0,
        text_seconds=0.1,
        chapter_leads=(0.0, 0.5, 0.25, 0.0),
    )
    store.plans.put(JOB, plan, [part(index) for index in range(len(CHAPTERS))])
    audio = FolderStore(tmp_path)
    return Context(
        store, MemoryQueue(), audio, MemoryPartIndex(), Catalogue({}, {}), SystemClock(), "me", 3
    )


def add(context: Context, index: int, *, failed: bool) -> None:
    context.store.leases.claim(JOB, str(index), "me", 0.0)
    if failed:
        result = PartResult(index=index, error=JobError("anomaly", "runaway", part=index))
    else:
        waveform = Waveform(np.full(SAMPLES, 0.1 * (index + 1), np.float32), RATE)
        synthesized = SynthesizedUtterance(waveform, (1,), StageSeconds(acoustic=0.1), 1, {})
        audio, digest = part_audio_of([synthesized]), f"0{index}"
        write_part_audio(context.audio, digest, audio, part_samples([synthesized]))
        result = PartResult(index=index, digest=digest, audio=audio)
    context.store.results.add(JOB, result, "me", 0.0)


def results(context: Context) -> dict[str, InputResult]:
    data = context.audio.get(inputs_key(JOB))
    return {one.id: one for one in msgspec.json.decode(data, type=list[InputResult])}


def samples(context: Context) -> dict[str, int | None]:
    return {name: one.file.samples if one.file else None for name, one in results(context).items()}


def test_inputs_fail_alone_and_a_retry_mends_them(context: Context) -> None:
    for index in range(len(CHAPTERS)):
        add(context, index, failed=index in (1, 2))
    assemble(context, JOB)
    record = context.store.records.get(JOB)
    assert (record.state, record.error) == ("partial", JobError("anomaly", "runaway", part=1))
    found = results(context)
    states = {name: one.state for name, one in found.items()}
    assert states == {"a": "partial", "b": "failed", "c": "succeeded", "d": "failed"}
    quarter = round(0.25 * RATE)
    assert samples(context) == {"a": SAMPLES, "b": None, "c": quarter + SAMPLES, "d": None}
    errors = {name: one.error.code for name, one in found.items() if one.error}
    assert errors == {"a": "anomaly", "b": "anomaly", "d": "unspeakable_text"}
    assert [one.span for one in found["b"].warnings] == [Span(0, 4)]

    context.store.records.retry(JOB, 1.0)
    for index in (1, 2):
        add(context, index, failed=False)
    assemble(context, JOB)
    assert context.store.records.get(JOB).state == "partial"  # d has nothing to speak
    half = round(0.5 * RATE)
    assert samples(context) == {
        "a": 2 * SAMPLES,
        "b": half + SAMPLES,
        "c": quarter + SAMPLES,
        "d": None,
    }


def test_each_file_stands_in_the_zip_where_its_row_says(context: Context) -> None:
    for index in range(len(CHAPTERS)):
        add(context, index, failed=False)
    assemble(context, JOB)
    data = context.audio.get(audio_key(JOB, REQUEST))
    archive = zipfile.ZipFile(io.BytesIO(data))
    for one in results(context).values():
        if one.file is not None:
            alone = data[one.file.offset : one.file.offset + one.file.bytes]
            assert alone == archive.read(one.file.name)
