"""``python -m benchmarks.neighbours``: what a client's worst requests cost another client.

A service with the tiny voice, so that all but synthesis is measured. One client speaks sentences,
one after the other: a block alone, a block beside another client that sends one kind of bad input
without pause from a process of its own, and so on in turn. Each input is compared with the blocks
between its own, for other work on the machine changes what a sentence takes by factors.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import re
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import httpx

from benchmarks.load.burst import percentiles
from benchmarks.load.service import Service, fresh_seeds, open_tiny_service
from core.settings import SHIPPED_VOICES

MAX_RATIO = 2.0
"""95th percentile of a sentence beside bad input / alone."""
MAX_HEALTH_SECONDS = 0.2
"""99th percentile of ``GET /healthz``."""
HEALTH_SECONDS = 0.05
"""Between two requests for it [s]."""
BLOCK = 50
"""Sentences that are measured before the other client begins or stops."""
WARM_UP = 10
"""Sentences before each block that are not measured."""
TIMEOUT = 600.0
"""Of all but bad requests [s]."""
PATIENCE = 10.0
"""After which whoever sends bad requests gives one up and sends the next [s]."""
OTHER_ADDRESS = "127.0.0.2"
"""From which bad requests are sent: without keys a client is known by its address (Linux has all of
127/8)."""
GIVEN_UP = 0
"""Counted as status of such a request."""
MANIFESTS = SHIPPED_VOICES.parent / "k8s" / "base"
SENTENCE = "This is sentence number {}, and it is spoken beside others."
PROSE = "Sentence after sentence goes on for a while, and then, at long last, it ends. "


@dataclass(frozen=True, slots=True)
class BadInput:
    """A request that costs much.

    Attributes:
        name: what it is.
        path: of the API.
        body: as JSON; None = the file.
        file: name and bytes.
    """

    name: str
    path: str
    body: dict[str, Any] | None = None
    file: tuple[str, bytes] | None = None

    def send(self, client: httpx.Client) -> httpx.Response:
        """Sends it and returns the answer."""
        if self.file is None:
            return client.post(self.path, json=self.body)
        return client.post(self.path, files={"file": self.file})


@dataclass(slots=True)
class Measurements:
    """What a client met that spoke sentences.

    Attributes:
        sentence_seconds: of each sentence [s].
        health_seconds: of each ``GET /healthz`` [s].
        answers: bad requests by the status of their answer, ``GIVEN_UP`` where none came in time.
        peak_bytes: largest resident memory by process, its children with it.
    """

    sentence_seconds: list[float] = field(default_factory=list)
    health_seconds: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    peak_bytes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NeighbourComparison:
    """What one kind of input cost the client: blocks beside it, and those alone between them.

    Attributes:
        name: of the input; ``nothing``.
        alone: all blocks without it.
        beside: all blocks with it.
    """

    name: str
    alone: Measurements = field(default_factory=Measurements)
    beside: Measurements = field(default_factory=Measurements)

    @property
    def ratio(self) -> float:
        """95th percentile of a sentence beside the input / alone."""
        return _p95(self.beside) / _p95(self.alone)


def bad_inputs() -> Iterator[BadInput]:
    """Yields what stopped the service once, each as large as it may be sent."""
    pauses = '<break time="10s"/>' * 20_000
    yield BadInput("pauses without end", "/synthesize", {"ssml": f"<speak>a{pauses}b</speak>"})
    scopes = "<prosody rate='110%'>a. </prosody>" * 25_000
    yield BadInput("25 000 scopes", "/synthesize", {"ssml": f"<speak>{scopes}</speak>"})
    yield BadInput("numbers", "/synthesize", {"text": "1,000," * 160_000 + "a", "lane": "bulk"})
    yield BadInput("long texts", "/synthesize", {"text": PROSE * 12_000, "lane": "bulk"})
    chapters = "/audiobooks/chapters"
    yield BadInput("note marks", chapters, file=("a.md", b"Hi. " + b"[^" * 2_000_000))
    yield BadInput("illustrations", chapters, file=("a.txt", b"[ \n " * 1_000_000))
    lines = b"It was the best of times, it was the worst of times, it was the\n" * 60_000
    yield BadInput("wrapped lines", chapters, file=("a.txt", lines))
    yield BadInput("one page 2 000 times", chapters, file=("a.epub", _amplifying_epub(2_000)))
    yield BadInput(
        "an analyzed book", "/audiobooks/analyze", file=("a.txt", PROSE.encode() * 40_000)
    )
    yield BadInput("60 MB of nothing", chapters, file=("a.epub", bytes(60_000_000)))


def _amplifying_epub(items: int) -> bytes:
    """Returns a book whose manifest names one long page under many names."""
    manifest = "".join(
        f'<item id="i{i}" href="p.xhtml" media-type="application/xhtml+xml"/>' for i in range(items)
    )
    spine = "".join(f'<itemref idref="i{i}"/>' for i in range(items))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="u">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="u">u'
        "</dc:identifier><dc:title>T</dc:title><dc:language>en</dc:language></metadata>"
        f"<manifest>{manifest}</manifest><spine>{spine}</spine></package>"
    )
    container = (
        '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="p.opf" '
        'media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    page = f'<html xmlns="http://www.w3.org/1999/xhtml"><body><p>{PROSE * 6_000}</p></body></html>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("p.opf", package)
        archive.writestr("p.xhtml", page)
    return file.getvalue()


def compare(service: Service, requests: int, bad: BadInput | None) -> NeighbourComparison:
    """Speaks sentences alone and beside an input, block after block in turn.

    Args:
        service: with a stack of our own.
        requests: sentences of either kind.
        bad: what another client sends; None sends nothing, which shows what chance does.
    """
    found = NeighbourComparison(bad.name if bad else "nothing")
    seeds = fresh_seeds()
    for start in range(0, requests, BLOCK):
        count = min(BLOCK, requests - start)
        _measure_block(service, seeds, count, None, found.alone)
        _measure_block(service, seeds, count, bad, found.beside)
    return found


def _measure_block(
    service: Service, seeds: Iterator[int], count: int, bad: BadInput | None, into: Measurements
) -> None:
    stopping = threading.Event()
    with (
        _running(lambda: _watch_health(service.url, stopping, into)),
        _running(lambda: _watch_memory(service, stopping, into)),
        _sending(service.url, bad, into),
        httpx.Client(base_url=service.url, timeout=TIMEOUT, trust_env=False) as client,
    ):
        try:
            for number in range(WARM_UP + count):
                seconds = _speak(client, SENTENCE.format(number), next(seeds))
                if number >= WARM_UP:
                    into.sentence_seconds.append(seconds)
        finally:
            stopping.set()
    _cancel_all(service.url)


@contextmanager
def _running(work: Callable[[], object]) -> Iterator[None]:
    """Runs the work in a thread beside the block, and waits for its end."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _speak(client: httpx.Client, text: str, seed: int) -> float:
    start = time.perf_counter()
    body = {"text": text, "seed": seed}
    answer = client.post("/synthesize", json=body, headers={"Prefer": "wait=60"})
    seconds = time.perf_counter() - start
    answer.raise_for_status()
    if answer.json()["state"] != "succeeded":
        raise RuntimeError(f"a sentence is {answer.json()['state']} after {seconds:.0f} s")
    return seconds


def _watch_health(url: str, stopping: threading.Event, into: Measurements) -> None:
    with httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False) as client:
        while not stopping.wait(HEALTH_SECONDS):
            start = time.perf_counter()
            client.get("/healthz").raise_for_status()
            into.health_seconds.append(time.perf_counter() - start)


@contextmanager
def _sending(url: str, bad: BadInput | None, into: Measurements) -> Iterator[None]:
    """Sends bad requests beside the block, from a process and an address of their own.

    In a thread of the client that measures, they would delay it by Python's lock.
    """
    if bad is None:
        yield
        return
    spawning = multiprocessing.get_context("spawn")
    begun, ended, answers = spawning.Event(), spawning.Event(), spawning.SimpleQueue()
    process = spawning.Process(target=_send_on, args=(url, bad, begun, ended, answers))
    process.start()
    try:
        begun.wait()
        yield
    finally:
        ended.set()
        into.answers += answers.get()
        process.join()


def _send_on(url: str, bad: BadInput, begun: Event, ended: Event, answers: Any) -> None:
    counts = Counter[int]()
    transport = httpx.HTTPTransport(local_address=OTHER_ADDRESS)
    with httpx.Client(base_url=url, timeout=PATIENCE, transport=transport) as client:
        while not ended.is_set():
            try:
                counts[bad.send(client).status_code] += 1
            except httpx.TimeoutException:
                counts[GIVEN_UP] += 1
            begun.set()  # from now on there is what was accepted, and what is being sent
    answers.put(counts)


def _watch_memory(service: Service, stopping: threading.Event, into: Measurements) -> None:
    roots = (
        {c.process.pid: c.name for c in service.stack.children if c.process}
        if service.stack
        else {}
    )
    while not stopping.wait(HEALTH_SECONDS):
        sums = Counter[str]()
        for pid, size in _resident_bytes(roots):
            sums[roots[pid]] += size
        for name, size in sums.items():
            into.peak_bytes[name] = max(size, into.peak_bytes.get(name, 0))


def _resident_bytes(roots: dict[int, str]) -> Iterator[tuple[int, int]]:
    """Yields the resident bytes of every process at or below the roots, with its root (Linux)."""
    parents: dict[int, int] = {}
    resident: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            text = path.read_text("ascii", errors="replace")
        except OSError:
            continue  # it has ended
        size, parent = re.search(r"VmRSS:\s+(\d+)", text), re.search(r"PPid:\s+(\d+)", text)
        if size and parent:
            pid = int(path.parent.name)
            resident[pid], parents[pid] = int(size[1]) * 1024, int(parent[1])
    for pid, own in resident.items():
        root = pid
        while root not in roots and root in parents:
            root = parents[root]
        if root in roots:
            yield root, own


def _cancel_all(url: str) -> None:
    """Cancels what bad requests have begun."""
    with httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False) as client:
        for state in ("queued", "running"):
            while jobs := client.get("/jobs", params={"state": state, "limit": 100}).json()["jobs"]:
                for job in jobs:
                    client.delete(f"/jobs/{job['id']}")


def memory_limits() -> dict[str, int]:
    """Returns the limits of the manifests, by process [bytes]."""
    found = {}
    for name in ("api", "planner"):
        text = (MANIFESTS / f"{name}.yaml").read_text("utf-8")
        limit = re.search(r"limits: \{memory: (\d+)Gi", text)
        assert limit is not None
        found[name] = int(limit[1]) * 2**30
    return found


def is_good(found: NeighbourComparison, limits: dict[str, int]) -> bool:
    """Returns whether another client hardly noticed, and the pods would have lived."""
    healthy = percentiles(found.beside.health_seconds)["p99"] <= MAX_HEALTH_SECONDS
    within = all(found.beside.peak_bytes[name] < limit for name, limit in limits.items())
    return found.ratio <= MAX_RATIO and healthy and within


def _p95(found: Measurements) -> float:
    return percentiles(found.sentence_seconds)["p95"]


def _as_json(found: NeighbourComparison) -> dict[str, Any]:
    # asdict counts the pairs of a Counter anew.
    blocks = {"alone": found.alone, "beside": found.beside}
    measured = {key: asdict(one) | {"answers": dict(one.answers)} for key, one in blocks.items()}
    return {"name": found.name, "ratio": found.ratio, **measured}


def _row(found: NeighbourComparison) -> str:
    beside = found.beside
    answers = ", ".join(
        f"{count} × {status or 'given up'}" for status, count in sorted(beside.answers.items())
    )
    sentence, alone, health = (
        percentiles(seconds)
        for seconds in (
            beside.sentence_seconds,
            found.alone.sentence_seconds,
            beside.health_seconds,
        )
    )
    memory = ", ".join(
        f"{name} {beside.peak_bytes[name] / 2**20:.0f} MiB" for name in ("api", "planner")
    )
    return (
        f"{found.name:22} p50 {sentence['p50'] * 1000:4.0f} (alone {alone['p50'] * 1000:.0f}) ms, "
        f"p95 {sentence['p95'] * 1000:4.0f} (alone {alone['p95'] * 1000:.0f}) ms: "
        f"{found.ratio:.2f} ×, healthz p99 {health['p99'] * 1000:3.0f} ms, {memory}; {answers}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures beside every input.

    Returns:
        Exit status: 0, or 1 when a promise was broken.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.neighbours", description=__doc__)
    parser.add_argument(
        "--requests", type=int, default=200, help="sentences beside each input, and as many alone"
    )
    parser.add_argument(
        "--only", nargs="+", default=[""], help="inputs whose names have one of these in them"
    )
    parser.add_argument("--json", type=Path, help="write everything here")
    options = parser.parse_args(arguments)
    limits, good = memory_limits(), True
    comparisons: list[NeighbourComparison] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        # Workers that yield to whatever else runs here would measure that.
        open_tiny_service(Path(folder), 1, workers_nice=0) as service,
    ):
        wanted = (b for b in bad_inputs() if any(part in b.name for part in options.only))
        for bad in (None, *wanted):
            found = compare(service, options.requests, bad)
            comparisons.append(found)
            good = good and is_good(found, limits)
            print(_row(found), flush=True)
    if options.json:
        options.json.write_text(json.dumps([*map(_as_json, comparisons)], indent=1), "utf-8")
    print("all promises kept" if good else "A PROMISE WAS BROKEN, see above")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
