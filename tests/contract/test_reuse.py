"""Whose parts a job may reuse: its own owner's, unless a setting shares them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.mel import Waveform
from core.part import JobPlan, Part
from core.record import JobRecord
from core.report import StageSeconds
from core.request import Controls, Source
from core.text import Span, Utterance
from core.voice import read_catalogue
from jobs.ids import new_job_id
from jobs.storage.folder import FolderStore
from synthesis.parts import SynthesisItem
from synthesis.results import SynthesizedUtterance
from tests.memory_store import MemoryPartIndex, MemoryQueue, memory_job_store
from workers.context import Context, SystemClock
from workers.tasks.synthesize import synthesize

SOURCE = Source(text="A secret.")
UTTERANCE = Utterance(
    text="a secret", span=Span(0, 9), phonemes=("a",), phoneme_ids=(3,), pause_after_seconds=0.0
)


@pytest.fixture
def context(tmp_path: Path, tiny_voices: Path) -> Context:
    return Context(
        store=memory_job_store(),
        queue=MemoryQueue(),
        audio=FolderStore(tmp_path),
        part_index=MemoryPartIndex(),
        catalogue=read_catalogue([tiny_voices]),
        clock=SystemClock(),
        worker="me",
        attempts=3,
    )


def silence(items: Sequence[SynthesisItem], lane: str, turn: Any) -> list[Any]:
    waveform = Waveform(np.zeros(2205, np.float32), 22050)
    return [SynthesizedUtterance(waveform, (1,), StageSeconds(), 1, {}) for _ in items]


def is_reused(context: Context, owner: str | None) -> bool:
    """Whether a job of that owner, whose one part is the same as everybody's, reuses it."""
    now = context.clock.now()
    request = Controls(voice="tiny", acoustic="fastspeech2", vocoder="hifigan", runtime="eager")
    record = JobRecord(
        id=new_job_id(now),
        state="queued",
        request=request,
        source=SOURCE.facts,
        created_at=now,
        owner=owner,
    )
    context.store.records.create(record, SOURCE)
    plan = JobPlan(parts=1, utterances=1, lead_seconds=0.0, text_seconds=0.0)
    context.store.plans.put(record.id, plan, [Part(0, 0, (UTTERANCE,))])
    synthesize(context, silence, record.id, 0)
    (result,) = context.store.results.all(record.id)
    assert result.error is None
    return result.reused


def test_no_key_finds_out_what_another_has_had_synthesized(context: Context) -> None:
    assert [is_reused(context, owner) for owner in ("a", "a", "b", None, "b")] == [
        False,
        True,
        False,
        False,
        True,
    ]


def test_keys_that_share_reuse_each_others_parts(context: Context) -> None:
    shared = dataclasses.replace(context, share_parts=True)
    assert [is_reused(shared, owner) for owner in ("a", "b", None)] == [False, True, True]
