"""What planners delete and send again, and what they leave."""

from pathlib import Path

import pytest

from core.errors import Unavailable
from core.part import JobPlan, Part, PartAudio, PartResult
from core.record import JobRecord
from core.request import Controls, Source
from core.text import Span, Utterance
from core.voice import Catalogue
from jobs.ids import new_job_id
from jobs.storage.folder import FolderStore
from jobs.storage.keys import part_audio_key
from tests.memory_store import MemoryPartIndex, MemoryQueue, memory_job_store
from workers.context import Context
from workers.recovery.janitor import delete_unused_audio, recover_lost

DAY = 24 * 3600.0
NOW = 1_700_000_000.0
UTTERANCE = Utterance(
    text="a", span=Span(0, 1), phonemes=("a",), phoneme_ids=(3,), pause_after_seconds=0.0
)


class Busy(MemoryQueue):
    """Something always waits."""

    age = 0.0

    def depths(self) -> dict[str, int]:
        return {"bulk": 1}

    def ages(self, now: float) -> dict[str, float]:
        return {"bulk": self.age}


class Late:
    """A clock of now."""

    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def context(tmp_path: Path) -> Context:
    audio = FolderStore(tmp_path)
    return Context(
        memory_job_store(), Busy(), audio, MemoryPartIndex(), Catalogue({}, {}), Late(), "me", 3
    )


def job_with_a_part(context: Context, digest: str, at: float) -> str:
    """Makes a job of two parts, of which one has audio; returns its id."""
    source = Source(text="a")
    job = JobRecord(
        id=new_job_id(at), state="queued", request=Controls(), source=source.facts, created_at=at
    )
    context.store.records.create(job, source)
    plan = JobPlan(parts=2, utterances=2, lead_seconds=0.0, text_seconds=0.0)
    context.store.plans.put(job.id, plan, [Part(i, i, (UTTERANCE,)) for i in range(2)])
    context.store.leases.claim(job.id, "0", "me", at)
    context.part_index.put(digest, at)
    context.audio.put(part_audio_key(digest), b"sound")
    context.store.results.add(
        job.id, PartResult(index=0, digest=digest, audio=PartAudio()), "me", at
    )
    return job.id


def test_audio_of_a_running_job_is_kept_however_long_it_takes(context: Context) -> None:
    job_with_a_part(context, "0a", NOW - 2 * DAY)
    over = job_with_a_part(context, "0b", NOW - 2 * DAY)
    context.store.records.finish(over, "cancelled", NOW - DAY)
    job_with_a_part(context, "0c", NOW - DAY / 2)
    assert delete_unused_audio(context, DAY) == 1
    there = [context.audio.exists(part_audio_key(digest)) for digest in ("0a", "0b", "0c")]
    assert there == [True, False, True]
    assert delete_unused_audio(context, DAY) == 0  # they count as used now
    assert context.part_index.use("0a", NOW)


def test_what_a_store_does_not_delete_now_is_deleted_later(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(prefix: str) -> int:
        raise Unavailable("the audio store is away", code="storage")

    context.part_index.put("0a", NOW - 2 * DAY)
    with monkeypatch.context() as patched:
        patched.setattr(context.audio, "delete", away)
        with pytest.raises(Unavailable):
            delete_unused_audio(context, DAY)
    assert delete_unused_audio(context, -1.0) == 1


def test_a_job_whose_message_is_lost_goes_on_though_others_wait(context: Context) -> None:
    job = job_with_a_part(context, "0a", NOW - 1000)
    queue = context.queue
    assert isinstance(queue, Busy)
    queue.age = 500.0  # sent after the job was touched, or less than 600 s before
    assert recover_lost(context, 600) == 0
    queue.age = 300.0
    assert recover_lost(context, 600) == 1
    assert queue.sent == [("plan", job)]
