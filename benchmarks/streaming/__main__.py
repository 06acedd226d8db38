"""``python -m benchmarks.streaming``: seconds to the first audio, and the gaps of a long text."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from rich.console import Console
from rich.progress import Progress

from audio.stream_encoder import wav_header
from benchmarks.load.long_text import bench_text
from benchmarks.load.service import Service, open_service

SENTENCE = "Number {number}: on a clear morning the harbour lies still, and the old ferry waits."
"""About eight seconds, new every time, so that no part is stored already."""
MEDIAN_SECONDS, P95_SECONDS = 0.25, 0.4
"""First audio over HTTP on an idle machine of two cores [s]."""
HEADER = len(wav_header(22050))


@dataclass(frozen=True, slots=True)
class FirstAudio:
    """Seconds from sending a request to the first sample, each [s].

    Attributes:
        seconds: of every request, in order.
        audio_seconds: mean length of what was spoken [s].
        stages: mean seconds of the report's stages [s].
        identical: every stream had the samples of its file.
        load_average: of the machine, when it was measured.
    """

    seconds: tuple[float, ...]
    audio_seconds: float
    stages: dict[str, float]
    identical: bool
    load_average: float

    @property
    def good(self) -> bool:
        """Whether the promise was kept."""
        median, p95 = np.percentile(self.seconds, (50, 95))
        return bool(median <= MEDIAN_SECONDS and p95 <= P95_SECONDS and self.identical)


@dataclass(frozen=True, slots=True)
class LongStream:
    """A long text as a listener hears it who starts at once.

    Attributes:
        audio_seconds: length of the audio [s].
        wall_seconds: until all of it had come [s].
        stalls: how long the listener waited, every time that nothing was left to hear [s].
        api_bytes: memory of the API at the first and at the last block; empty for a service that
            ran already.
    """

    audio_seconds: float
    wall_seconds: float
    stalls: tuple[float, ...]
    api_bytes: tuple[int, ...]

    @property
    def good(self) -> bool:
        """Whether nobody waited."""
        return not self.stalls


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures what the options ask for.

    Returns:
        Exit status: 0, or 1 when a promise was broken.
    """
    options = _parser().parse_args(arguments)
    document, good = dict[str, Any](), True
    with ExitStack() as stack:
        folder = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        service = stack.enter_context(open_service(options.url, folder, 1))
        http = stack.enter_context(httpx.Client(base_url=service.url, timeout=600, trust_env=False))
        progress = stack.enter_context(Progress(console=Console(stderr=True), transient=True))
        if options.requests:
            first = measure_first_audio(http, options, progress)
            document["first_audio"], good = asdict(first), good and first.good
            print(_format_first(first, options))
        if options.minutes:
            long = measure_long_text(http, service, options)
            document["long_text"], good = asdict(long), good and long.good
            print(_format_long(long))
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    print("all promises kept" if good else "A PROMISE WAS BROKEN, see above")
    return 0 if good else 1


def measure_first_audio(
    http: httpx.Client, options: argparse.Namespace, progress: Progress
) -> FirstAudio:
    """Sends sentences one after the other; the first ones, which warm up, do not count."""
    seconds, lengths, stages, identical = (
        list[float](),
        list[float](),
        list[dict[str, float]](),
        True,
    )
    task = progress.add_task("sentences", total=options.requests + options.warm_up)
    start = time.time_ns() % 10**6
    for number in range(options.requests + options.warm_up):
        text = SENTENCE.format(number=start + number)
        spent, data, job_id = first_audio(http, text, options)
        if number >= options.warm_up:
            seconds.append(spent)
        job = _ended(http, job_id)
        file = http.get(job["audio"]).content
        identical = identical and file[HEADER:] == data[HEADER:]
        lengths.append(job["report"]["audio_seconds"])
        stages.append(job["report"]["stage_seconds"])
        progress.advance(task)
    means = {name: float(np.mean([one[name] for one in stages])) for name in stages[0]}
    load = os.getloadavg()[0]
    return FirstAudio(tuple(seconds), float(np.mean(lengths)), means, identical, load)


def first_audio(
    http: httpx.Client, text: str, options: argparse.Namespace
) -> tuple[float, bytes, str]:
    """Returns the seconds to the first sample, the WAV file and the id of its job."""
    start, spent, data, job_id = time.perf_counter(), 0.0, b"", ""
    if options.openai:
        body = {"model": "tts-1", "voice": options.voice, "input": text, "response_format": "wav"}
        request = http.build_request("POST", "/v1/audio/speech", json=body)
    else:
        body = {"text": text, "stream": True, "voice": options.voice, "vocoder": options.vocoder}
        job_id = http.post("/synthesize", json=body).raise_for_status().json()["id"]
        request = http.build_request("GET", f"/jobs/{job_id}/audio?stream=true")
    with closing(http.send(request, stream=True)) as answer:
        answer.raise_for_status()
        for block in answer.iter_raw():
            data += block
            if not spent and len(data) > HEADER:
                spent = time.perf_counter() - start
    return spent, data, job_id or answer.headers["rhapsode-job"]


def measure_long_text(
    http: httpx.Client, service: Service, options: argparse.Namespace
) -> LongStream:
    """Streams a long text, and counts when a listener would have had nothing to hear."""
    text = bench_text(options.minutes)
    body = {"text": text, "stream": True, "voice": options.voice, "vocoder": options.vocoder}
    accepted = http.post("/synthesize", json=body).raise_for_status()
    memory = list[int]()
    received, began, stalls, start = 0, 0.0, list[float](), time.perf_counter()
    with http.stream("GET", f"{accepted.headers['location']}/audio?stream=true") as answer:
        answer.raise_for_status()
        for block in answer.iter_raw():
            now = time.perf_counter()
            began = began or now
            played = now - began - sum(stalls)
            if (behind := played - max(0, received - HEADER) / 2 / 22050) > 0 and received:
                stalls.append(behind)
            received += len(block)
            memory += _api_bytes(service) if not memory else []
    wall = time.perf_counter() - start
    memory += _api_bytes(service)
    return LongStream((received - HEADER) / 2 / 22050, wall, tuple(stalls), tuple(memory))


def _api_bytes(service: Service) -> list[int]:
    if service.stack is None:
        return []
    process = service.stack.children[0].process
    return [psutil.Process(process.pid).memory_info().rss] if process else []


def _ended(http: httpx.Client, job_id: str) -> dict[str, Any]:
    for job in _looks(http, job_id):
        if job["report"] or job["error"]:
            return job
    raise AssertionError("looks never end")


def _looks(http: httpx.Client, job_id: str) -> Iterator[dict[str, Any]]:
    for _ in count():
        yield http.get(f"/jobs/{job_id}").json()
        time.sleep(0.02)


def _format_first(first: FirstAudio, options: argparse.Namespace) -> str:
    median, p95, most = np.percentile(first.seconds, (50, 95, 100))
    stages = ", ".join(f"{name} {1000 * mean:.0f}" for name, mean in first.stages.items())
    return (
        f"first audio of {len(first.seconds)} sentences of {first.audio_seconds:.1f} s "
        f"({options.voice}, {options.vocoder}; load {first.load_average:.1f}):\n"
        f"  median {1000 * median:.0f} ms, p95 {1000 * p95:.0f} ms, most {1000 * most:.0f} ms "
        f"(promised: {1000 * MEDIAN_SECONDS:.0f} and {1000 * P95_SECONDS:.0f})\n"
        f"  stages of the whole sentence, mean [ms]: {stages}\n"
        f"  streamed = file, byte for byte: {'yes' if first.identical else 'NO'}"
    )


def _format_long(long: LongStream) -> str:
    memory = " → ".join(f"{size / 2**20:.0f} MiB" for size in long.api_bytes) or "not seen"
    waited = f"{len(long.stalls)} times, {max(long.stalls):.2f} s" if long.stalls else "never"
    return (
        f"{long.audio_seconds / 60:.1f} min streamed in {long.wall_seconds:.0f} s: the listener "
        f"waited {waited}; memory of the API {memory}"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.streaming", description=__doc__)
    parser.add_argument("--url", help="a service that runs already")
    parser.add_argument("--data", type=Path, help="folder of a service that is started")
    parser.add_argument("--requests", type=int, default=50, help="sentences; 0 = none")
    parser.add_argument("--warm-up", type=int, default=3, help="sentences before them")
    parser.add_argument("--minutes", type=float, default=0, help="of a long text; 0 = none")
    parser.add_argument("--voice", default="clara")
    parser.add_argument("--vocoder", default="hifigan")
    parser.add_argument("--openai", action="store_true", help="by /v1/audio/speech")
    parser.add_argument("--json", type=Path, help="file of all figures")
    return parser


if __name__ == "__main__":
    sys.exit(main())
