"""Runs one very long text: memory of the workers over time, length and joins of the file."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx
import numpy as np
import soundfile

from benchmarks.load.joins import Joins, check_joins
from benchmarks.load.service import POLL_SECONDS, Service, fresh_seeds, is_over, sample_memory
from benchmarks.quality.sentences import read_sentences
from synthesis.parts import SECONDS_PER_PHONEME
from text.frontend import open_frontend

CHARACTERS_PER_PHONEME = 1.13
"""Of English with gruut's symbols and word gaps; only sets how long the text is."""
SENTENCES_PER_PARAGRAPH = 6
TENTHS = 10
"""Parts of a long job whose memory is compared; the first one warms up."""
SYNTHESIZER_BYTES = 700_000_000
"""Resident memory of a synthesizer."""


@dataclass(frozen=True, slots=True)
class LongText:
    """The result of the job.

    Attributes:
        state: state of the job.
        audio_seconds: of the file [s].
        wall_seconds: from sending to the end [s].
        report: as the service gives it.
        rss_bytes: per process, one sample a second while the job ran.
        growth_bytes: per process, after the first tenth: median of the last tenth − of the second.
        joins: None where there is no audio.
    """

    state: str
    audio_seconds: float
    wall_seconds: float
    report: dict[str, Any]
    rss_bytes: dict[str, list[int]]
    growth_bytes: dict[str, int]
    joins: Joins | None


def bench_text(minutes: float) -> str:
    """Returns about so many minutes of the bench's sentences, of which no part comes twice.

    Only those are taken that the front end leaves whole, for their number stands in one piece.
    """
    frontend = open_frontend("house-ipa", "en-us")
    texts = [sentence.text for sentence in read_sentences()]
    numbers = ("", "Number 7, ", "Number 77, ")
    whole = [
        text
        for text in texts
        if text.endswith((".", "?", "!"))  # else it goes on in the next
        and all(len(frontend.analyze(n + text, ssml=False).utterances) == 1 for n in numbers)
    ]
    return make_text(whole, minutes)


def make_text(sentences: Sequence[str], minutes: float) -> str:
    """Returns paragraphs of the sentences in random order, about so many minutes of speech.

    The order is drawn from a fixed seed. A sentence that stood there before begins with
    its number: the service speaks each part once, and takes from its store what comes again.
    """
    wanted = minutes * 60 / SECONDS_PER_PHONEME * CHARACTERS_PER_PHONEME
    chance, paragraphs, size = Random(0), list[str](), 0
    uses = Counter[str]()
    while size < wanted:
        chosen = chance.choices(sentences, k=SENTENCES_PER_PARAGRAPH)
        paragraphs.append(" ".join(_numbered(sentence, uses) for sentence in chosen))
        size += len(paragraphs[-1])
    return "\n\n".join(paragraphs)


def _numbered(sentence: str, uses: Counter[str]) -> str:
    uses[sentence] += 1
    number = uses[sentence]
    return sentence if number == 1 else f"Number {number}, {sentence}"


def run_long_text(service: Service, text: str, on_progress: Callable[[int, int], None]) -> LongText:
    """Sends the text, waits for the job's end and checks the file.

    Args:
        service: the service.
        text: text of one job.
        on_progress: called with the parts done and in all.
    """
    rss: dict[str, list[int]] = {}
    with httpx.Client(base_url=service.url, timeout=300, trust_env=False) as client:
        start = time.perf_counter()
        answer = client.post(
            "/synthesize", json={"text": text, "lane": "bulk", "seed": next(fresh_seeds())}
        )
        answer.raise_for_status()
        job, looked = answer.json(), 0.0
        while not is_over(job):
            if time.perf_counter() - looked > 1.0:
                sample_memory(service, rss)
                looked = time.perf_counter()
            time.sleep(POLL_SECONDS)
            job = client.get(f"/jobs/{job['id']}").json()
            on_progress(job["progress"]["parts_done"], job["progress"]["parts_total"])
        wall = time.perf_counter() - start
        file = client.get(job["audio"]).content if job["audio"] else b""
        timings = client.get(f"/jobs/{job['id']}/timings").json() if file else {}
    return LongText(
        state=job["state"],
        audio_seconds=job["report"]["audio_seconds"] if job["report"] else 0.0,
        wall_seconds=wall,
        report=job["report"] or {},
        rss_bytes=rss,
        growth_bytes={name: growth(samples, TENTHS) for name, samples in rss.items()},
        joins=_joins(file, timings) if file else None,
    )


def growth(samples: Sequence[int], parts: int = 4) -> int:
    """Returns the last part's median − the second's: a warm-up or one peak is no growth.

    Args:
        samples: in the order of time.
        parts: number of equal parts; the first warms up.

    >>> growth([1, 5, 5, 5, 5, 5, 5, 6])
    0
    """
    size = len(samples) // parts
    if size == 0:
        return 0
    return int(np.median(samples[-size:]) - np.median(samples[size : 2 * size]))


def is_small(peaks: Mapping[str, int]) -> bool:
    """Returns whether no synthesizer's peak is above its bound.

    >>> is_small({"planner": 900_000_000, "synthesizer-0": 500_000_000})
    True
    """
    synthesizers = [peak for name, peak in peaks.items() if name.startswith("synthesizer")]
    return all(peak <= SYNTHESIZER_BYTES for peak in synthesizers)


def _joins(file: bytes, timings: dict[str, Any]) -> Joins:
    """Compares the file with the times that the service returns."""
    pcm, sample_rate = soundfile.read(io.BytesIO(file), dtype="int16")
    edges = [
        [round(one[at] * sample_rate) for at in ("start", "end")] for one in timings["sentences"]
    ]
    length = round(timings["seconds"] * sample_rate)
    next_starts = [*(start for start, _ in edges[1:]), length]
    pieces = [
        (end - start, following - end)
        for (start, end), following in zip(edges, next_starts, strict=True)
    ]
    return check_joins(pcm, pieces, edges[0][0])
