"""A job's audio while it is made: its samples in order, encoded as they come.

A listener reads the parts one after the other: of a part that is done the stored audio, of one that
is being synthesized what its device hands on. Whatever is missed on that way stands in the stored
audio a moment later, and nothing is sent twice: every chunk says which samples it holds, and a part
that is synthesized again is the same. The samples are those of the finished file.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, Final

import numpy as np
from anyio import CancelScope, to_thread
from litestar import Request
from litestar.response import Stream

from api.backends import LOOK_SECONDS, Backends
from api.fair_semaphore import Compute
from api.problems import AudioNotReady
from api.routes.jobs import cancel
from audio.join import fade_edges, silence
from audio.stream_encoder import EncodingPipeline
from core.errors import Conflict, NotFound, RhapsodeError, Unavailable
from core.formats import STREAM_MEDIA_TYPES, stream_sample_rates
from core.mel import Float32
from core.part import JobPlan, Part, SampleChunk
from core.record import TERMINAL, JobRecord
from core.request import StreamFormat
from core.units import pause_samples
from jobs.redis_backend.events import START
from jobs.storage.part_audio import read_samples

AGAIN_SECONDS: Final = 1.0
"""Until the next look while Redis is away [s]."""


class StreamBroken(RhapsodeError):
    """Raised where what was begun cannot be sent to its end: the connection is cut."""

    code = "stream_broken"


class JobAudioStream:
    """The bytes of a job's audio, from its first to its last.

    Args:
        backends: to read from.
        record: of the job, marked as streamed.
        compute: does the encoding.
        format: of the bytes.
        sample_rate: of the samples [Hz]; None = the job's, or the next that the format can carry.
        chapter: index of the chapter that is sent first.
    """

    def __init__(
        self,
        backends: Backends,
        record: JobRecord,
        compute: Compute,
        format: StreamFormat,
        sample_rate: int | None = None,
        chapter: int = 0,
    ) -> None:
        self._backends, self._record, self.format = backends, record, format
        self._compute = compute
        own = sample_rate or record.request.sample_rate or 0
        allowed = stream_sample_rates(format)
        self.sample_rate = next((rate for rate in allowed if rate >= own), allowed[-1])
        self.samples = 0
        """How many were encoded, at the stream's rate."""
        self._bytes = self._encoded(JobSamples(backends, record, chapter))
        self._first: bytes | None = None
        self._cancels = record.request.stream

    @property
    def media_type(self) -> str:
        """Content type of the bytes."""
        rate = f"; rate={self.sample_rate}; channels=1" if self.format == "pcm" else ""
        return STREAM_MEDIA_TYPES[self.format] + rate

    async def begin(self, request: Request[Any, Any, Any], seconds: float) -> None:
        """Returns as soon as there is audio, so that whatever fails before is a proper answer.

        Args:
            request: of the client; if it goes away, a job made for streaming is cancelled.
            seconds: longest wait; the job goes on after it [s].

        Raises:
            AudioNotReady: there is none yet.
            NotFound: there will be none: the job failed or was cancelled (code ``no_audio``).
            Unavailable: a store does not answer.
        """
        first = asyncio.ensure_future(anext(self._bytes))
        gone = asyncio.ensure_future(_disconnected(request))
        try:
            await asyncio.wait({first, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not first.done():
                self._cancels = self._cancels and gone.done()
                raise AudioNotReady("there is no audio yet")
            self._first = first.result()
        finally:
            gone.cancel()
            if not first.done():
                first.cancel()
                await asyncio.gather(first, return_exceptions=True)
                await self._leave()

    async def body(self) -> AsyncIterator[bytes]:
        """Yields the bytes; whoever stops early leaves, and what was made for him is cancelled."""
        ended = False
        try:
            async with aclosing(self._bytes) as rest:
                if self._first is not None:
                    yield self._first
                async for data in rest:
                    yield data
            ended = True
        finally:
            if not ended:
                await self._leave()

    def response(self) -> Stream:
        """Returns the response whose body this is."""
        headers = {"Content-Type": self.media_type, "X-Accel-Buffering": "no"}
        return Stream(self.body(), status_code=200, headers=headers)

    async def _leave(self) -> None:
        if not self._cancels:
            return
        with CancelScope(shield=True), suppress(Conflict, NotFound, Unavailable):
            await to_thread.run_sync(cancel, self._record.id, self._backends)

    async def _encoded(self, samples: JobSamples) -> AsyncGenerator[bytes, None]:
        pipeline: EncodingPipeline | None = None
        async with aclosing(samples.blocks()) as blocks:
            async for block, native in blocks:
                if pipeline is None:
                    pipeline = self._pipeline(native)
                if data := await self._compute(partial(pipeline.push, block)):
                    yield data
        if pipeline is None:
            raise NotFound("the job has no audio", code="no_audio")
        rest = await self._compute(pipeline.finish)
        self.samples = pipeline.samples
        if rest:
            yield rest

    def _pipeline(self, native: int) -> EncodingPipeline:
        request = self._record.request
        bit_rate = request.bit_rate if self.format == request.format else None
        return EncodingPipeline(native, self.sample_rate, self.format, bit_rate)


class JobSamples:
    """The samples of a job in order, with pauses and faded edges: those of its file.

    Args:
        backends: to read from.
        record: of the job, marked as streamed.
        chapter: index of the chapter that comes first.
    """

    def __init__(self, backends: Backends, record: JobRecord, chapter: int = 0) -> None:
        self._backends, self._record, self._chapter = backends, record, chapter
        self._changed = asyncio.Event()

    async def blocks(self) -> AsyncGenerator[tuple[Float32, int], None]:
        """Yields blocks of (N,) float32 and their sample rate [Hz].

        Raises:
            NotFound: the job ended without audio before any came (code ``no_audio``).
            StreamBroken: it was cancelled, or what it said is no longer stored.
            Unavailable: a store does not answer before the first block.
        """
        loop = asyncio.get_running_loop()

        def wake() -> object:
            return loop.call_soon_threadsafe(self._changed.set)

        store, job_id = self._backends.store, self._record.id
        with self._backends.listener.listening(job_id, wake):
            plan = await self._plan()
            begin = await to_thread.run_sync(self._first_part, plan)
            needs_lead = begin == 0
            for index in range(begin, plan.parts):
                part = await to_thread.run_sync(store.plans.part, job_id, index)
                async with aclosing(self._chunks(part)) as chunks:
                    async for chunk in chunks:
                        for block in self._with_pauses(part, plan, chunk, first=needs_lead):
                            yield block, chunk.sample_rate
                        needs_lead = False

    def _first_part(self, plan: JobPlan) -> int:
        """Returns the index of the first part of the chapter, or of the next that has one."""
        part = partial(self._backends.store.plans.part, self._record.id)
        return bisect_left(range(plan.parts), self._chapter, key=lambda index: part(index).chapter)

    def _with_pauses(
        self, part: Part, plan: JobPlan, chunk: SampleChunk, *, first: bool
    ) -> list[Float32]:
        """Returns a chunk with the silence before the job's first and after an utterance's last."""
        speed, rate = self._record.request.speed, chunk.sample_rate
        samples = np.frombuffer(chunk.data, "<f4").astype(np.float32, copy=False)
        blocks = list[Float32]()
        if first:
            blocks += silence(pause_samples(plan.lead_seconds, speed, rate))
        blocks.append(fade_edges(samples, rate, start=chunk.start, total=chunk.total))
        if chunk.start + len(samples) == chunk.total:
            pause = part.utterances[chunk.utterance].pause_after_seconds
            blocks += silence(pause_samples(pause, speed, rate))
        return blocks

    async def _plan(self) -> JobPlan:
        while True:
            self._changed.clear()  # before the look: what happens after it sets the event again
            over = await self._is_over()  # before the look: a job that ends has a plan
            plan = await to_thread.run_sync(self._backends.store.plans.get, self._record.id)
            if plan is not None:
                return plan
            await self._wait_for_more(over)

    async def _chunks(self, part: Part) -> AsyncGenerator[SampleChunk, None]:
        """Yields the samples of a part, each once; none of a part that failed."""
        store, job_id = self._backends.store, self._record.id
        reached, last = PartPosition(), START
        while True:
            self._changed.clear()
            last, chunks = await self._patiently(store.samples.after, job_id, part.index, last)
            for chunk in chunks:
                if fresh := reached.fresh(chunk):
                    yield fresh
            if chunks:
                continue
            over = await self._is_over()  # before the look: a job that ends has a result
            result = await self._patiently(store.results.get, job_id, part.index)
            if result is not None:
                if result.audio is not None:
                    for chunk in await to_thread.run_sync(self._stored, result):
                        if fresh := reached.fresh(chunk):
                            yield fresh
                return
            await self._wait_for_more(over)

    def _stored(self, result: Any) -> list[SampleChunk]:
        try:
            samples = read_samples(self._backends.audio, result.digest, result.audio)
        except NotFound as error:
            raise StreamBroken(f"part {result.index} is no longer stored") from error
        chunks, at = [], 0
        for index, count in enumerate(result.audio.samples):
            data = samples[at : at + count].tobytes()
            chunks.append(SampleChunk(index, 0, count, result.audio.sample_rate, data))
            at += count
        return chunks

    async def _is_over(self) -> JobRecord | None:
        """Returns the record of a job that has ended."""
        record: JobRecord = await self._patiently(self._backends.store.records.get, self._record.id)
        return record if record.state in TERMINAL else None

    async def _wait_for_more(self, over: JobRecord | None) -> None:
        """Returns when something may have happened. Raises NotFound: nothing more will come."""
        if over is not None:
            reason = over.error.message if over.error else f"the job is {over.state}"
            raise NotFound(f"there is no audio: {reason}", code="no_audio")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), LOOK_SECONDS)

    async def _patiently(self, read: Any, *args: Any) -> Any:
        """Reads, and while Redis is away tries again."""
        while True:
            try:
                return await to_thread.run_sync(read, *args)
            except Unavailable:
                await asyncio.sleep(AGAIN_SECONDS)


class PartPosition:
    """How far a part was sent: what comes again, or before what is missing, is left out."""

    def __init__(self) -> None:
        self._utterance = self._sample = 0

    def fresh(self, chunk: SampleChunk) -> SampleChunk | None:
        """Returns what of a chunk comes next; None: nothing."""
        length = len(chunk.data) // 4
        skip = self._sample - chunk.start
        if chunk.utterance != self._utterance or not 0 <= skip < max(length, 1):
            return None
        self._sample += length - skip
        if self._sample == chunk.total:
            self._utterance, self._sample = self._utterance + 1, 0
        data = chunk.data[4 * skip :]
        return SampleChunk(
            chunk.utterance, chunk.start + skip, chunk.total, chunk.sample_rate, data
        )


async def _disconnected(request: Request[Any, Any, Any]) -> None:
    """Returns when the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
