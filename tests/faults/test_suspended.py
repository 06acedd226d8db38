"""A synthesizer that is suspended for long comes back, and its work is done soon after."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from core.part import JobPlan, Part
from core.record import JobRecord
from core.request import Controls, Source
from core.text import Span, Utterance
from core.voice import Catalogue
from jobs.ids import new_job_id
from jobs.protocols import WorkerBeat
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.store import redis_job_store
from jobs.storage.folder import FolderStore
from tests.faults.conftest import Start
from tests.faults.supervised import Supervised, require_whole
from tests.memory_store import MemoryPartIndex, MemoryQueue
from workers.context import Context, SystemClock

TEXT = " ".join(f"Sentence {i} goes on for a while, then ends." for i in range(240))


def recovered(service: Supervised) -> float:
    """Returns how much work was taken for lost and sent again."""
    lines = service.http.get("/metrics").text.splitlines()
    own = (line for line in lines if line.startswith("tts_work_recovered_total"))
    return sum(float(line.split()[-1]) for line in own)


def test_a_suspended_synthesizer_goes_on_with_its_parts(
    start: Start, undisturbed: Callable[[str], bytes]
) -> None:
    """Work of a job is sent again after ten minutes at the latest: longer than this test waits."""
    expected = undisturbed(TEXT)
    # One part at a time goes to the device, and the others wait in the hands of the worker.
    service = start({"RHAPSODE_SYMBOLS_AT_ONCE": "64", "RHAPSODE_PARTS_AT_ONCE": "8"})
    job = service.submit(text=TEXT, lane="bulk")
    service.until(lambda: service.parts_done(job) > 0)
    child = service.child("synthesizer").process
    assert child is not None
    os.kill(child.pid, signal.SIGSTOP)
    try:
        service.until(lambda: recovered(service) > 0)
    finally:
        os.kill(child.pid, signal.SIGCONT)
    done = service.ended(job)
    require_whole(done, service.audio(job), expected)


@pytest.mark.parametrize("holder", [None, "other"])
def test_who_comes_back_has_its_part_again_unless_another_has_it(
    redis_url: str, tmp_path: Path, holder: str | None
) -> None:
    """The lease was dropped meanwhile, and this worker has passed the new message by."""
    client, clock = open_redis(redis_url), SystemClock()
    store, now = redis_job_store(client, alive_seconds=15.0), clock.now()
    audio, index, nobody = FolderStore(tmp_path), MemoryPartIndex(), Catalogue({}, {})
    context = Context(store, MemoryQueue(), audio, index, nobody, clock, "me", 3)
    source = Source(text="A.")
    record = JobRecord(
        id=new_job_id(now),
        state="queued",
        request=Controls(),
        source=source.facts,
        created_at=now,
    )
    store.records.create(record, source)
    utterance = Utterance(
        text="a", span=Span(0, 2), phonemes=("a",), phoneme_ids=(3,), pause_after_seconds=0.0
    )
    plan = JobPlan(parts=1, utterances=1, lead_seconds=0.0, text_seconds=0.0)
    store.plans.put(record.id, plan, [Part(0, 0, (utterance,))])
    assert store.leases.claim(record.id, "0", "me", now).verdict == "run"
    # No beat of it is known: as if it had not lived for long.
    assert store.leases.expire(now, stale_before=0.0) == ((record.id, "0"),)
    if holder is not None:
        store.workers.beat(WorkerBeat(holder, "synthesizer", now, True))
        assert store.leases.claim(record.id, "0", holder, now).verdict == "run"
    assert context.begin(record.id, "0") is (holder is None)
    assert not store.leases.is_unclaimed(record.id, "0")
    client.close()
