"""One job's parts to one file, with its transcript and report, in the memory of a few parts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import msgspec
import numpy as np
import structlog

from audio.acx import PEAK_DB
from audio.delivery import Delivery
from audio.join import UtteranceAudio, joined_blocks
from audio.loudness import LoudnessMeter, gain_for, gain_notice
from audio.mastering import edge_samples, gains_for_rms
from audio.resample import Resampler, resampled_length
from audio.sample_stream import SampleStream
from audio.tags import ChapterMark, Tags, tags_of_book
from core.ahead import computed_ahead
from core.batch import (
    NOTHING_TO_SPEAK,
    InputProgress,
    InputResult,
    StoredFile,
    notices_within,
)
from core.book import Cover
from core.errors import NotFound
from core.formats import audio_format
from core.mel import Float32
from core.part import JobPlan
from core.record import JobError, JobRecord
from core.report import StageSeconds, SynthesisReport
from core.request import BookFacts, Source
from core.text import Notice
from core.transcript import TranscriptHead, TranscriptLine
from jobs.protocols import ASSEMBLE
from jobs.storage.keys import (
    audio_key,
    book_key,
    cover_key,
    inputs_key,
    part_audio_key,
    transcript_key,
)
from jobs.storage.part_audio import read_samples
from synthesis.report import ReportBuilder, first_of_each_code, sha256_of
from synthesis.timeline import FailedPart, PlacedPart, Timeline, place_parts
from synthesis.transcript import DIGITS, failed_lines, timed_lines
from workers.context import Context
from workers.tasks.overlays import OverlayDelivery

log = structlog.get_logger(__name__)


class PartAudioMissing(Exception):
    """Stored audio of parts is gone or damaged; ``Assembler.drop_damaged_parts`` returns which."""


class Assembler:
    """Puts the parts of a job together.

    The parts are read several times, one after the other: for the timeline, which needs their
    lengths alone; for the transcript; for the loudness, where one is asked for; and for the file.

    Args:
        context: of the worker.
        record: of the job.
        plan: of the job.

    Attributes:
        failures: why parts have no audio, or pages of the file no text; empty where all have.
        is_empty: no part has audio, so that there is nothing to write.
        encode_seconds: CPU seconds of ``write`` [s].

    Raises:
        Conflict: the job has ended (code ``job_over``).
        ArtifactError: the parts differ in sample rate.
    """

    def __init__(self, context: Context, record: JobRecord, plan: JobPlan) -> None:
        self._context, self._record, self._plan = context, record, plan
        self._source: Source = context.store.records.source(record.id)
        self._timeline = Timeline()
        request = record.request
        self._report = ReportBuilder(
            runtime=request.runtime or "",
            precision=request.precision or "",
            seconds=StageSeconds(text=plan.text_seconds),
            notices=list(plan.notices),
        )
        self.failures: list[JobError] = []
        self._inputs = [InputProgress() for _ in self._source.chapters]
        for one in self._parts():
            self._add(one)
        if self._source.batch:
            silent = (one for one in self._inputs if not one.parts)
            self.failures += (NOTHING_TO_SPEAK for _ in silent)
        if record.request.preset == "acx" and self._timeline.sample_rate:
            self._timeline.edges = edge_samples(self._timeline.sample_rate)
        if self._source.unreadable:
            self.failures.append(_unreadable(self._source.unreadable))
        self.is_empty = not self._report.utterances
        self.encode_seconds = 0.0
        self._gain = np.float32(1.0)

    def _add(self, one: PlacedPart | FailedPart) -> None:
        error = one.error if isinstance(one, FailedPart) else None
        if self._inputs:
            self._inputs[one.part.chapter].add(error=error)
        if isinstance(one, FailedPart):
            self.failures.append(one.error)
            self._report.notices.append(one.notice)
            return
        self._report.add_part(one.audio, one.part.utterances, reused=one.result.reused)
        self._timeline.add(one)

    def write(self) -> SynthesisReport:
        """Writes transcript and audio file, and returns the report.

        Raises:
            PartAudioMissing: parts have to be synthesized again.
            Conflict: the job has ended, or another worker assembles it (code ``job_over``).
            Unavailable: a store refuses.
        """
        start = time.thread_time()
        self._write_transcript()
        samples, rate = self._write_audio()
        self.encode_seconds += time.thread_time() - start
        self._report.seconds += StageSeconds(encode=self.encode_seconds)
        accepted = self._record.created_at
        waited = (self._record.started_at or accepted) - accepted
        return self._report.build(samples, rate, queue_seconds=waited)

    def drop_damaged_parts(self) -> list[int]:
        """Returns the parts whose stored audio is gone or damaged, and deletes what is damaged.

        Were it left, the next synthesis of the part would find it by its head and use it again.
        """
        missing = []
        for one in self._parts():
            if isinstance(one, FailedPart):
                continue
            self._context.renew_lease(self._record.id, ASSEMBLE)
            try:
                read_samples(self._context.audio, one.result.digest, one.audio)
            except NotFound as error:
                log.warning("part_audio_missing", digest=one.result.digest, code=error.code)
                self._context.audio.delete(part_audio_key(one.result.digest))
                missing.append(one.part.index)
        return missing

    def _parts(self) -> Iterator[PlacedPart | FailedPart]:
        store, job_id = self._context.store, self._record.id
        return place_parts(
            store.plans.parts(job_id), store.results.all(job_id), self._record.request, self._plan
        )

    def _write_transcript(self) -> None:
        timeline, encoder = self._timeline, msgspec.json.Encoder()
        head = TranscriptHead(
            characters=self._record.source.characters,
            seconds=timeline.samples_with_edges / timeline.sample_rate,
            chapters=timeline.timed_chapters(self._source),
            silences=self._plan.silences,
            notices=self._plan.notices,
        )
        key = transcript_key(self._record.id)
        with self._context.audio.writing(key) as path, path.open("wb") as file:
            file.write(encoder.encode(head) + b"\n")
            for one in self._parts():
                lines: list[TranscriptLine]
                if isinstance(one, FailedPart):
                    lines = list(failed_lines(one.part, one.error))
                else:
                    offset = timeline.offset_of(one.part.chapter)
                    starts = (start + offset for start in one.starts)
                    lines = list(timed_lines(one.part, one.audio, starts))
                    self._report.places += (place for line in lines for place in line.flagged)
                file.writelines(encoder.encode(line) + b"\n" for line in lines)

    def _write_audio(self) -> tuple[int, int]:
        """Writes the file; returns its length [samples] and sample rate [Hz]."""
        request = self._record.request
        rate = request.sample_rate or self._timeline.sample_rate
        self._set_gain()
        delivery = self._delivery(rate)
        with self._context.audio.writing(audio_key(self._record.id, request)) as path:
            if request.format == "epub":
                result = self._overlays().write(path, self._resampled(rate), delivery)
            else:
                result = delivery.write(path, self._resampled(rate))
            self._report.file_sha256 = sha256_of(path)
        if self._source.batch:
            self._write_inputs(result.files, rate)
        self._report.acx = result.acx
        if delivery.notice is not None:
            self._report.notices.append(delivery.notice)
        if result.clipped:
            message = f"{result.clipped} samples beyond full scale"
            self._report.notices.append(Notice("clipped", message))
        return delivery.file_samples, rate

    def _write_inputs(self, files: Sequence[StoredFile], rate: int) -> None:
        """Writes what became of each input of a batch."""
        stored = {file.name: file for file in files}
        results = []
        for chapter, progress in zip(self._source.chapters, self._inputs, strict=True):
            file = stored.get(f"{chapter.title}.{self._record.request.format}")
            warnings = notices_within(self._report.notices, chapter.span)
            results.append(
                InputResult(
                    id=chapter.title,
                    characters=chapter.span.end - chapter.span.start,
                    state=progress.state,
                    seconds=None if file is None else round(file.samples / rate, DIGITS),
                    file=file,
                    error=progress.failure,
                    warnings=first_of_each_code(warnings),
                )
            )
        self._context.audio.put(inputs_key(self._record.id), msgspec.json.encode(results))

    def _delivery(self, rate: int) -> Delivery:
        request, edges = self._record.request, self._edges(rate)
        book = self._source.book
        titles = [c.title for c in self._source.chapters] or [book.title if book else "Speech"]
        marks = [
            ChapterMark(title, start, end - start)
            for title, (start, end) in zip(titles, pairwise(edges), strict=True)
        ]
        return Delivery(
            format=audio_format(request.format),
            package=request.package,
            sample_rate=rate,
            bit_rate=request.bit_rate,
            channels=request.channels,
            marks=marks,
            tags=self._tags(book) if book else None,
            gains=self._chapter_gains() if request.preset == "acx" else None,
            batch=self._source.batch,
        )

    def _edges(self, rate: int) -> list[int]:
        """Returns where chapters begin and the last one ends in the file [samples].

        Inputs of a batch are resampled one by one: each has the length that it has alone.
        """
        timeline = self._timeline
        own = [*timeline.chapter_starts(self._source), timeline.samples]
        if not self._source.batch:
            return [resampled_length(at, timeline.sample_rate, rate) for at in own]
        lengths = (
            resampled_length(end - start, timeline.sample_rate, rate)
            for start, end in pairwise(own)
        )
        return [*accumulate(lengths, initial=0)]

    def _overlays(self) -> OverlayDelivery:
        """Returns what writes the book's own pages, or pages of its text, with the audio."""
        source, book = self._source, self._source.book
        lines = (
            line
            for one in self._parts()
            if isinstance(one, PlacedPart)
            for line in timed_lines(one.part, one.audio, one.starts)
        )
        data = None
        if source.kept is not None:
            try:
                data = self._context.audio.get(book_key(self._record.id))
            except NotFound:
                message = "the EPUB is no longer stored: its text has plain pages"
                self._report.notices.append(Notice("book_gone", message))
        return OverlayDelivery(
            source,
            lines,
            epub=data,
            cover=self._cover(book) if book else None,
            highlight=self._record.request.highlight,
            narrator=(self._record.request.voice or "").title(),
            made_at=self._record.created_at,
            identifier=self._record.id,
        )

    def _chapter_gains(self) -> list[float]:
        """Returns the factor that brings each chapter's file to the level that ACX wants."""
        timeline = self._timeline
        edges = [*timeline.chapter_starts(self._source), timeline.samples]
        lengths = [end - start for start, end in pairwise(edges)]
        return gains_for_rms(self._blocks(), lengths, timeline.sample_rate)

    def _tags(self, book: BookFacts) -> Tags:
        return tags_of_book(book, (self._record.request.voice or "").title(), self._cover(book))

    def _cover(self, book: BookFacts) -> Cover | None:
        """Returns the book's picture; one that is gone is reported and costs nobody the audio."""
        if book.cover is None:
            return None
        try:
            return Cover(book.cover, self._context.audio.get(cover_key(self._record.id)))
        except NotFound:
            message = "the picture of the cover is no longer stored: the file has none"
            self._report.notices.append(Notice("cover_gone", message))
            return None

    def _set_gain(self) -> None:
        """Sets one gain for the whole audio, measured before anything is written."""
        target = self._record.request.loudness_lufs
        if target is None:
            return
        meter = LoudnessMeter(self._timeline.sample_rate)
        for block in self._blocks():
            meter.push(block)
        gain = gain_for(target, meter.finish(), PEAK_DB)
        self._gain, self._report.gain_db = np.float32(gain.factor), gain.db
        if notice := gain_notice(target, gain):
            self._report.notices.append(notice)

    def _resampled(self, rate: int) -> Iterator[Float32]:
        timeline, stream = self._timeline, SampleStream(self._blocks())
        own = [0, timeline.samples]
        if self._source.batch:
            own = [*timeline.chapter_starts(self._source), timeline.samples]
        for start, end in pairwise(own):
            resampler = Resampler(timeline.sample_rate, rate)
            for block in stream.take(end - start):
                yield resampler.push(block * self._gain)
            yield resampler.finish()
        stream.end()

    def _blocks(self) -> Iterator[Float32]:
        return joined_blocks(self._pieces(), self._timeline.sample_rate, lead=self._timeline.lead)

    def _pieces(self) -> Iterator[UtteranceAudio]:
        """Yields utterances with their pauses; a part is read while the one before it is written,
        for both reading with its check and encoding take a good second an hour of audio."""
        placed = (one for one in self._parts() if isinstance(one, PlacedPart))
        for one, samples in computed_ahead(self._read, placed, threads=1):
            if one.lead and one.start > self._timeline.lead:
                yield samples[:0], one.lead
            start = 0
            for count, pause in zip(one.audio.samples, one.pauses, strict=True):
                yield samples[start : start + count], pause
                start += count

    def _read(self, one: PlacedPart) -> Float32:
        """Returns a part's samples (N,) in a thread of its own. Raises PartAudioMissing."""
        start = time.thread_time()
        self._context.renew_lease(self._record.id, ASSEMBLE)
        try:
            return read_samples(self._context.audio, one.result.digest, one.audio)
        except NotFound as error:
            raise PartAudioMissing from error
        finally:
            self.encode_seconds += time.thread_time() - start


def _unreadable(pages: Sequence[str]) -> JobError:
    """The error of a file of which some pages could not be read."""
    names = ", ".join(pages[:5]) + (f" and {len(pages) - 5} more" if len(pages) > 5 else "")
    return JobError("page_unreadable", f"pages of the file cannot be read: {names}")
