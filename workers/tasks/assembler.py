"""A job's programme: its parts in order to one file and a transcript, in the memory of one part."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise

import msgspec
import numpy as np

from audio.acx import PEAK_DB, AcxMeter
from audio.delivery import Delivery
from audio.join import UtteranceAudio, joined_blocks
from audio.loudness import LoudnessMeter, gain_for, gain_notice
from audio.resample import Resampler, resampled_length
from audio.tags import ChapterMark, Tags
from core.book import Cover
from core.errors import Conflict, NotFound
from core.mel import Float32
from core.part import JobPlan
from core.record import JobRecord
from core.request import BookFacts, Source
from core.text import Notice
from core.transcript import TranscriptHead
from jobs.protocols import ASSEMBLE
from jobs.storage.keys import audio_key, cover_key, part_audio_key, transcript_key
from synthesis.part_audio import read_samples
from synthesis.timeline import Missing, Placed, Timeline, placed
from synthesis.transcript import spoken_lines, unspoken_lines
from workers.context import Context


class SoundsGone(Exception):
    """Sounds that were made are no longer there."""


class Programme:
    """One job's parts, put together.

    Args:
        context: of the worker.
        record: of the job.
        plan: of the job.
    """

    def __init__(self, context: Context, record: JobRecord, plan: JobPlan) -> None:
        self._context, self._record, self._plan = context, record, plan
        self._source: Source = context.store.records.source(record.id)
        self.layout = Timeline()
        self.layout.tally.text = plan.text_seconds
        self.layout.tally.notices = list(plan.notices)
        for one in self._parts():
            self.layout.add(one)
        self._factor = np.float32(1.0)

    def write(self) -> tuple[int, int]:
        """Writes transcript and audio; returns length and sample rate of the file.

        Raises:
            SoundsGone: they have to be spoken again.
            Unavailable: a store refuses.
        """
        start = time.thread_time()
        self._write_transcript()
        length, rate = self._write_audio()
        self.layout.tally.encode = time.thread_time() - start
        return length, rate

    def _parts(self) -> Iterator[Placed | Missing]:
        store, job_id = self._context.store, self._record.id
        return placed(
            store.plans.parts(job_id), store.results.all(job_id), self._record.request, self._plan
        )

    def _write_transcript(self) -> None:
        layout, encoder = self.layout, msgspec.json.Encoder()
        head = TranscriptHead(
            characters=self._record.source.characters,
            seconds=layout.samples / layout.tally.sample_rate,
            chapters=layout.timed_chapters(self._source),
            silences=self._plan.silences,
            notices=self._plan.notices,
        )
        key = transcript_key(self._record.id)
        with self._context.audio.writing(key) as path, path.open("wb") as file:
            file.write(encoder.encode(head) + b"\n")
            for one in self._parts():
                if isinstance(one, Missing):
                    lines = unspoken_lines(one.part, one.error)
                else:
                    lines = spoken_lines(one.part, one.sound, one.starts)
                file.writelines(encoder.encode(line) + b"\n" for line in lines)

    def _write_audio(self) -> tuple[int, int]:
        request, native = self._record.request, self.layout.tally.sample_rate
        rate = request.sample_rate or native
        self._set_gain()
        meter, delivery = AcxMeter(rate), self._delivery(rate)
        with self._context.audio.writing(audio_key(self._record.id, request)) as path:
            clipped = delivery.write(path, _heard(meter, self._resampled(rate)))
        if self._source.book is not None:
            self.layout.tally.acx = meter.finish()
        if clipped:
            told = f"{clipped} samples beyond full scale"
            self.layout.tally.notices.append(Notice("clipped", told))
        return delivery.samples, rate

    def _delivery(self, rate: int) -> Delivery:
        request, native = self._record.request, self.layout.tally.sample_rate
        edges = [
            resampled_length(at, native, rate)
            for at in (*self.layout.starts(self._source), self.layout.samples)
        ]
        book = self._source.book
        titles = [c.title for c in self._source.chapters] or [book.title if book else "Speech"]
        marks = [
            ChapterMark(title, start, end - start)
            for title, (start, end) in zip(titles, pairwise(edges), strict=True)
        ]
        return Delivery(
            format=request.format,
            package=request.package,
            sample_rate=rate,
            marks=marks,
            tags=self._tags(book) if book else None,
        )

    def _tags(self, book: BookFacts) -> Tags:
        return Tags(
            title=book.title, authors=book.authors, album=book.title, cover=self._cover(book)
        )

    def _cover(self, book: BookFacts) -> Cover | None:
        """Its picture; one that is gone is told, and costs nobody the sound."""
        if book.cover is None:
            return None
        try:
            return Cover(book.cover, self._context.audio.get(cover_key(self._record.id)))
        except NotFound:
            told = "the picture of the cover is no longer stored: the file has none"
            self.layout.tally.notices.append(Notice("cover_gone", told))
            return None

    def _set_gain(self) -> None:
        """One gain for the whole programme, measured before anything is written."""
        target = self._record.request.loudness_lufs
        if target is None:
            return
        meter = LoudnessMeter(self.layout.tally.sample_rate)
        for block in self._blocks():
            meter.push(block)
        gain = gain_for(target, meter.finish(), PEAK_DB)
        self._factor, self.layout.tally.gain_db = np.float32(gain.factor), gain.db
        if notice := gain_notice(target, gain):
            self.layout.tally.notices.append(notice)

    def _resampled(self, rate: int) -> Iterator[Float32]:
        resampler = Resampler(self.layout.tally.sample_rate, rate)
        for block in self._blocks():
            yield resampler.push(block * self._factor)
        yield resampler.finish()

    def _blocks(self) -> Iterator[Float32]:
        return joined_blocks(self._pieces(), self.layout.tally.sample_rate, lead=self.layout.lead)

    def _pieces(self) -> Iterator[UtteranceAudio]:
        for one in self._parts():
            if isinstance(one, Missing):
                continue
            self._go_on()
            try:
                samples = read_samples(self._context.audio, one.result.digest)
            except NotFound as error:
                raise SoundsGone from error
            start = 0
            for count, pause in zip(one.sound.samples, one.pauses, strict=True):
                yield samples[start : start + count], pause
                start += count

    def _go_on(self) -> None:
        """Renews the hold on the work: a long book is not taken for lost, nor one that has ended
        written to its end. Raises Conflict."""
        context = self._context
        now = context.clock.now()
        claim = context.store.leases.claim(self._record.id, ASSEMBLE, context.worker, now)
        if claim.verdict != "run":
            raise Conflict(f"job {self._record.id} has ended", code="job_over")

    def gone(self) -> list[int]:
        """Parts whose sounds are no longer there."""
        audio = self._context.audio
        return [
            one.part.index
            for one in self._parts()
            if isinstance(one, Placed) and not audio.exists(part_audio_key(one.result.digest))
        ]


def _heard(meter: AcxMeter, blocks: Iterator[Float32]) -> Iterator[Float32]:
    for block in blocks:
        meter.push(block)
        yield block
