"""Stored audio that a disk has damaged is made again, and never heard."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from httpx import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient

from api.app import create_app
from core.errors import NotFound
from core.mel import Waveform
from core.part import JobPlan, Part
from core.record import JobRecord
from core.report import StageSeconds
from core.request import Controls, Source
from core.text import Span, Utterance
from jobs.storage.folder import FolderStore
from jobs.storage.keys import audio_key, part_audio_key
from jobs.storage.part_audio import read_part_audio, read_samples, write_part_audio
from jobs.storage.verifier import FileVerifier
from synthesis.part_audio import part_audio_of, part_digest, part_samples
from synthesis.parts import synthesis_items
from synthesis.results import SynthesizedUtterance
from tests.fake_engine import CATALOGUE
from tests.faults.test_redis_away import backends
from tests.memory_store import MemoryPartIndex, MemoryQueue, memory_job_store
from workers.context import Context, SystemClock
from workers.tasks.assemble import assemble
from workers.tasks.synthesize import synthesize

JOB = "0" * 32
SAMPLES = 4000
PART = Part(
    0,
    0,
    (
        Utterance(
            text="a", span=Span(0, 1), phonemes=("a",), phoneme_ids=(3,), pause_after_seconds=0.0
        ),
    ),
)
DIGEST = part_digest(synthesis_items(PART, Controls(), CATALOGUE))
Damage = Callable[[bytearray], None]


def synthesized(items: object = None, lane: str = "", turn: object = None) -> list[object]:
    """Stands for the device: always the same samples."""
    tone = 0.1 * np.sin(np.arange(SAMPLES) * 0.1)
    waveform = Waveform(tone.astype(np.float32), 22050)
    return [SynthesizedUtterance(waveform, (1,), StageSeconds(acoustic=0.1), 1, {})]


def flip(at: int) -> Damage:
    def damage(stored: bytearray) -> None:
        stored[at] ^= 0x10

    return damage


def zero_page(stored: bytearray) -> None:
    stored[-8192:-4096] = bytes(4096)


def loud(stored: bytearray) -> None:
    stored[-400:] = np.full(100, 1e9, "<f4").tobytes()


def not_finite(stored: bytearray) -> None:
    stored[-400:] = np.full(100, np.nan, "<f4").tobytes()


def cut(stored: bytearray) -> None:
    del stored[-4:]


@pytest.fixture
def context(tmp_path: Path) -> Context:
    store, audio = memory_job_store(), FolderStore(tmp_path)
    source = Source(text="a")
    record = JobRecord(
        id=JOB, state="queued", request=Controls(), source=source.facts, created_at=0.0
    )
    store.records.create(record, source)
    plan = JobPlan(parts=1, utterances=1, lead_seconds=0.0, text_seconds=0.1)
    store.plans.put(JOB, plan, [PART])
    clock, index = SystemClock(), MemoryPartIndex()
    return Context(store, MemoryQueue(), audio, index, CATALOGUE, clock, "me", 3)


def damage_part(context: Context, damage: Damage) -> None:
    stored = bytearray(context.audio.get(part_audio_key(DIGEST)))
    damage(stored)
    context.audio.put(part_audio_key(DIGEST), bytes(stored))


@pytest.mark.parametrize(
    "damage",
    [flip(0), flip(33), flip(40), flip(-1), zero_page, loud, not_finite, cut],
    ids=["digest", "length", "head", "sample", "zero page", "1e9", "nan", "short"],
)
def test_a_damaged_part_is_made_again(context: Context, damage: Damage) -> None:
    synthesize(context, synthesized, JOB, 0)  # type: ignore[arg-type]
    whole = context.audio.get(part_audio_key(DIGEST))
    damage_part(context, damage)
    assemble(context, JOB)
    assert context.store.records.get(JOB).state == "running"
    synthesize(context, synthesized, JOB, 0)  # type: ignore[arg-type]
    assert context.audio.get(part_audio_key(DIGEST)) == whole
    (result,) = context.store.results.all(JOB)
    assert not result.reused
    assemble(context, JOB)
    assert context.store.records.get(JOB).state == "succeeded"
    assert context.audio.size(audio_key(JOB, Controls())) > 2 * SAMPLES


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_flipped_bit_is_read(tmp_path: Path, data: st.DataObject) -> None:
    store = FolderStore(tmp_path)
    results = synthesized()
    audio = part_audio_of(results)  # type: ignore[arg-type]
    write_part_audio(store, DIGEST, audio, part_samples(results))  # type: ignore[arg-type]
    assert read_part_audio(store, DIGEST) == audio
    assert len(read_samples(store, DIGEST, audio)) == SAMPLES
    stored = bytearray(store.get(part_audio_key(DIGEST)))
    at = data.draw(st.integers(0, len(stored) * 8 - 1))
    stored[at // 8] ^= 1 << at % 8
    store.put(part_audio_key(DIGEST), bytes(stored))
    with pytest.raises(NotFound):
        read_samples(store, DIGEST, audio)


@pytest.mark.parametrize("damage", [flip(60), flip(-1), zero_page, cut])
def test_a_damaged_file_is_gone_and_says_so(
    context: Context, tiny_voices: Path, tmp_path: Path, closed_port: int, damage: Damage
) -> None:
    synthesize(context, synthesized, JOB, 0)  # type: ignore[arg-type]
    assemble(context, JOB)
    key = audio_key(JOB, Controls())
    whole = context.audio.get(key)
    report = context.store.records.get(JOB).report
    assert report is not None
    assert report.file_sha256 == hashlib.sha256(whole).hexdigest()

    def answers() -> tuple[Response, Response]:
        state = backends(tiny_voices, tmp_path, closed_port, context.store)
        app = create_app(state.settings, state)
        with TestClient(app, base_url="http://127.0.0.1") as http:
            url = f"/jobs/{JOB}/audio"
            return http.get(url), http.get(url, headers={"Range": "bytes=10-19"})

    entire, some = answers()
    assert (entire.content, some.content) == (whole, whole[10:20])
    stored = bytearray(whole)
    damage(stored)
    context.audio.put(key, bytes(stored))
    for answer in answers():
        assert answer.status_code == 410, answer.text
        assert answer.json()["code"] == "audio_damaged"


def test_a_file_that_was_intact_is_trusted_for_a_while(tmp_path: Path) -> None:
    now = [0.0]
    store, verifier = FolderStore(tmp_path), FileVerifier(lambda: now[0])
    store.put("a/b", b"audio")
    sha256 = hashlib.sha256(b"audio").hexdigest()
    assert verifier.is_intact(store, "a/b", sha256)
    store.put("a/b", b"noise")
    assert verifier.is_intact(store, "a/b", sha256)
    now[0] = 601.0
    assert not verifier.is_intact(store, "a/b", sha256)
