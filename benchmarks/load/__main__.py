"""``python -m benchmarks.load``: steady jobs, a burst, an hour of text."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from benchmarks.load.burst import Burst, percentiles, run_burst
from benchmarks.load.engine import Throughput, run_throughput
from benchmarks.load.lane_latency import LaneLatency, measure_lane_latency
from benchmarks.load.long_text import (
    SYNTHESIZER_BYTES,
    LongText,
    bench_text,
    growth,
    is_small,
    run_long_text,
)
from benchmarks.load.service import Service, open_service, open_tiny_service
from benchmarks.load.stream import Stream, run_stream
from benchmarks.quality.sentences import read_sentences

SHORT_CHARACTERS = 60
SUBMIT_SECONDS = 0.05
"""The 99th percentile of submissions at a steady rate stays below [s]."""
FLAT_BYTES = 32 * 1024 * 1024
"""More growth after the first quarter or tenth is a leak, not an allocator's ripple."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the measurements that the options ask for.

    Returns:
        Exit status: 0, or 1 when a promise was broken.
    """
    options = _parser().parse_args(arguments)
    console, document, good = Console(stderr=True), dict[str, Any](), True
    if options.jobs:
        stream = _stream(options)
        document["stream"], good = asdict(stream), _is_steady(stream)
        print(_format_stream(stream))
    if not (options.requests or options.sentences or options.compare or options.minutes):
        return _ended(options, document, good)
    with ExitStack() as stack, Progress(console=console) as progress:
        folder = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        service = stack.enter_context(open_service(options.url, folder, options.synthesizers))
        if options.requests:
            burst = _burst(service, options, progress)
            document["burst"], good = asdict(burst), good and burst.good
            print(_format_burst(burst))
        if options.sentences:
            lanes = _lanes(service, options, progress)
            document["lanes"], good = asdict(lanes), good and lanes.good
            print(_format_lanes(lanes))
        if options.compare:
            text = bench_text(options.compare)
            throughput = run_throughput(service.url, text, folder / "artifacts")
            document["throughput"], good = asdict(throughput), good and throughput.good
            print(_format_throughput(throughput))
        if options.minutes:
            book = _book(service, options, progress)
            document["book"], broken = asdict(book), _broken_promises(book)
            good = good and not broken
            print("\n".join([_format_book(book), *(f"  BROKEN: {line}" for line in broken)]))
    return _ended(options, document, good)


def _ended(options: argparse.Namespace, document: dict[str, Any], good: bool) -> int:
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    print("all promises kept" if good else "A PROMISE WAS BROKEN, see above")
    return 0 if good else 1


def _stream(options: argparse.Namespace) -> Stream:
    """Runs steady jobs with the tiny voice, in a service of their own."""
    texts = [f"This is request number {i}." for i in range(options.jobs)]
    with ExitStack() as stack, Progress(console=Console(stderr=True)) as progress:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        service = stack.enter_context(open_tiny_service(folder, options.synthesizers))
        task = progress.add_task(f"{options.rate:g} jobs/s", total=len(texts))
        return run_stream(
            service,
            texts,
            options.rate,
            options.limit,
            lambda n: progress.update(task, completed=n),
        )


def _is_steady(stream: Stream) -> bool:
    flat = all(growth(samples) < FLAT_BYTES for samples in stream.rss_bytes.values())
    return stream.whole and flat and percentiles(stream.submit_seconds)["p99"] < SUBMIT_SECONDS


def _format_stream(stream: Stream) -> str:
    states = ", ".join(f"{count} {state}" for state, count in stream.states.items())
    answers = ", ".join(f"{count} × {status}" for status, count in stream.answers.items())
    late = ", ".join(
        f"{k} {v * 1000:.1f} ms" for k, v in percentiles(stream.submit_seconds).items()
    )
    reached = stream.jobs / stream.sent_seconds
    lines = [
        f"{stream.jobs} short jobs (tiny voice), {stream.rate:g}/s wanted, sent in "
        f"{stream.sent_seconds:.1f} s ({reached:.1f}/s): {answers}; {states}",
        f"  submission {late}; all ended after {stream.wall_seconds:.1f} s",
    ]
    for name, samples in stream.rss_bytes.items():
        lines.append(
            f"  {name}: first {samples[0] / 1e6:.0f} MB, peak {max(samples) / 1e6:.0f} MB, "
            f"growth after the first quarter {growth(samples) / 1e6:+.1f} MB"
        )
    return "\n".join(lines)


def _burst(service: Service, options: argparse.Namespace, progress: Progress) -> Burst:
    short = [s.text for s in read_sentences() if len(s.text) <= SHORT_CHARACTERS]
    texts = [short[i % len(short)] for i in range(options.requests)]
    task = progress.add_task("requests", total=len(texts))
    return run_burst(service.url, texts, options.limit, lambda: progress.advance(task))


def _lanes(service: Service, options: argparse.Namespace, progress: Progress) -> LaneLatency:
    texts = [sentence.text for sentence in read_sentences(options.sentences)]
    task = progress.add_task("sentences", total=2 * len(texts))
    book = bench_text(60)
    return measure_lane_latency(service.url, texts, book, lambda: progress.advance(task))


def _book(service: Service, options: argparse.Namespace, progress: Progress) -> LongText:
    text = bench_text(options.minutes)
    task = progress.add_task(f"{options.minutes:g} minutes of text", total=None)
    return run_long_text(service, text, lambda n, of: progress.update(task, completed=n, total=of))


def _broken_promises(book: LongText) -> list[str]:
    """Returns what the service or the measurement did not keep, one line each."""
    broken = []
    if book.state != "succeeded":
        broken.append(f"the job is {book.state}")
    broken += [
        f"{name} grew by {size / 1e6:.1f} MB, more than {FLAT_BYTES / 1e6:.1f}"
        for name, size in book.growth_bytes.items()
        if size >= FLAT_BYTES
    ]
    if not is_small({name: max(samples) for name, samples in book.rss_bytes.items()}):
        broken.append(f"a synthesizer had more than {SYNTHESIZER_BYTES / 1e6:.0f} MB")
    # What was in the store costs no memory and no time.
    if reused := book.report.get("reused_seconds"):
        broken.append(f"{reused:.0f} s were not spoken but there already: measured too little")
    if book.joins is None or not book.joins.good:
        broken.append("length, pauses or edges of the file are not what they should be")
    return broken


def _format_burst(burst: Burst) -> str:
    states = ", ".join(f"{count} {state}" for state, count in burst.states.items())
    late = ", ".join(f"{k} {v:.2f} s" for k, v in percentiles(burst.latency_seconds).items())
    batch = ", ".join(f"{stage} {size:.2f}" for stage, size in burst.mean_batch.items())
    speedup = burst.audio_seconds / burst.wall_seconds
    return "\n".join(
        [
            f"{burst.requests} concurrent requests: {states}; wrong files {burst.wrong_audio}",
            f"  latency {late}; mean batch {batch}",
            f"  {burst.audio_seconds:.0f} s of audio in {burst.wall_seconds:.1f} s: "
            f"{speedup:.1f} x RT through the whole service",
        ]
    )


def _format_lanes(lanes: LaneLatency) -> str:
    alone, beside = (percentiles(seconds) for seconds in (lanes.alone, lanes.beside))
    ran = "" if lanes.book_ran else "; THE BOOK HAD ENDED BEFORE"
    return (
        f"{len(lanes.alone)} interactive sentences: median {alone['p50']:.2f} s alone, "
        f"{beside['p50']:.2f} s beside a book ({lanes.ratio:.2f} times; p99 {beside['p99']:.2f} s)"
        f"{ran}"
    )


def _format_throughput(throughput: Throughput) -> str:
    one, two = throughput.engine_seconds
    service, engine = (
        ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in stages.items())
        for stages in (throughput.service_stages, throughput.engine_stages)
    )
    return "\n".join(
        [
            f"{throughput.audio_seconds / 60:.1f} minutes of audio: service "
            f"{throughput.service_seconds:.1f} s, bare engine {one:.1f} s and {two:.1f} s: "
            f"{throughput.ratio:.0%} of its throughput; same length: {throughput.same_length}",
            f"  compute of the service: {service} s; of the engine: {engine} s",
            f"  first part after {throughput.queue_seconds:.1f} s; reused "
            f"{throughput.reused_seconds:.0f} s; accepted after {throughput.accept_seconds:.1f} s "
            f"more, {throughput.ratio_from_submission:.0%} with these",
        ]
    )


def _format_book(book: LongText) -> str:
    lines = [
        f"long text: {book.state}, {book.audio_seconds / 60:.1f} minutes of audio in "
        f"{book.wall_seconds:.0f} s ({book.audio_seconds / book.wall_seconds:.1f} x RT)"
    ]
    for name, samples in book.rss_bytes.items():
        lines.append(
            f"  {name}: first {samples[0] / 1e6:.0f} MB, peak {max(samples) / 1e6:.0f} MB, "
            f"growth after the first tenth {book.growth_bytes[name] / 1e6:+.1f} MB"
        )
    if not book.rss_bytes:
        lines.append("  memory not measured: the service was not started by this bench")
    if joins := book.joins:
        lines.append(
            f"  length {joins.samples} of {joins.expected} samples; {joins.edges} edges: "
            f"{joins.clicks} clicks (largest step {joins.largest_edge_step:.4f}, ordinary "
            f"{joins.ordinary_step:.4f}), {joins.noisy_pauses} noisy pauses"
        )
    else:
        lines.append("  joins not checked: there is no audio")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--url", help="a running service; default: start one for the bench")
    parser.add_argument("--data", type=Path, help="folder of the started service (keeps exports)")
    parser.add_argument("--synthesizers", type=int, default=2, help="processes; one per core")
    parser.add_argument("--requests", type=int, default=200, help="at once; 0 = none")
    parser.add_argument("--minutes", type=float, default=60, help="of the long text; 0 = none")
    parser.add_argument("--jobs", type=int, default=5000, help="at a steady rate; 0 = none")
    parser.add_argument("--rate", type=float, default=100, help="of these jobs, per second")
    parser.add_argument("--sentences", type=int, default=20, help="interactive ones; 0 = none")
    parser.add_argument(
        "--compare", type=float, default=10, help="minutes of text for service and engine; 0 = none"
    )
    parser.add_argument("--limit", type=float, default=600, help="a job is lost after [s]")
    parser.add_argument("--json", type=Path, help="write everything here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
