"""EPUBs with Media Overlays as a job writes them, with times that no network made."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from lxml import etree

from api.book_request import BookRequest, source_of
from audio.delivery import Delivery
from audio.tags import ChapterMark, Tags
from core.mel import Float32
from core.request import Source
from core.text import Pauses
from core.transcript import TimedWord, TranscriptLine
from synthesis.chapter_frontend import analyze_source
from text.books.pages.urls import resolve_url
from text.books.reader import is_epub, read_book
from text.frontend import open_frontend
from workers.tasks.overlays import OverlayDelivery

RATE = 8000
SECONDS, PAUSE = 0.2567, 0.0501
"""Of each sentence, and between two."""
NAMESPACES = {
    "smil": "http://www.w3.org/ns/SMIL",
    "opf": "http://www.idpf.org/2007/opf",
    "html": "http://www.w3.org/1999/xhtml",
}


@dataclass(frozen=True)
class Par:
    """A clip of an overlay and the text that it highlights."""

    page: str
    fragment: str
    text: str
    audio: str
    begin: float
    end: float


@dataclass
class WrittenEpub:
    """The files of an EPUB."""

    files: dict[str, bytes]

    def read(self, name: str) -> Any:
        """Returns the root of a file."""
        return etree.fromstring(self.files[name])

    @property
    def package(self) -> tuple[str, Any]:
        """Path and root of the package."""
        found = re.search(rb'full-path="([^"]+)"', self.files["META-INF/container.xml"])
        assert found
        path = found[1].decode()
        return path, self.read(path)

    @property
    def pars(self) -> list[Par]:
        """All clips, in the order of the manifest's pages."""
        path, root = self.package
        items = {item.get("id"): item for item in root.iterfind(".//opf:item", NAMESPACES)}
        found: list[Par] = []
        for reference in root.iterfind(".//opf:itemref", NAMESPACES):
            overlay = items[reference.get("idref")].get("media-overlay")
            if overlay:
                found += self._pars(resolve_url(path, items[overlay].get("href"))[0])
        return found

    def _pars(self, smil: str) -> Iterator[Par]:
        for par in self.read(smil).iterfind(".//smil:par", NAMESPACES):
            text, audio = par
            page, fragment = resolve_url(smil, text.get("src"))
            element = self.read(page).find(f".//*[@id='{fragment}']")
            assert element is not None, (page, fragment)
            begin, end = (float(audio.get(key)[:-1]) for key in ("clipBegin", "clipEnd"))
            shown = " ".join("".join(element.itertext()).split())
            yield Par(page, fragment, shown, resolve_url(smil, audio.get("src"))[0], begin, end)


@dataclass
class MadeEpub(WrittenEpub):
    """An EPUB that was written, and what it was made of."""

    path: Path
    source: Source
    lines: list[TranscriptLine]
    marks: list[ChapterMark]


def read_made(path: Path) -> list[Par]:
    """Returns the clips of an EPUB."""
    return WrittenEpub(_read(path)).pars


def _read(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as zipped:
        return {entry: zipped.read(entry) for entry in zipped.namelist()}


def make_epub(folder: Path, data: bytes, name: str, **options: Any) -> MadeEpub:
    """Writes the EPUB of a book.

    Args:
        folder: where it goes.
        data, name: the book's file.
        options: of the request.
    """
    request = BookRequest(format="epub", **options)
    keep = is_epub(data, name)
    source = source_of(read_book(data, name, request.reading), request, keep=keep)
    analysis = analyze_source(source, open_frontend("house-ipa"), Pauses(), any_language=True)
    lines = list(_lines(analysis.chapters))
    marks = _marks(source, lines)
    blocks: Iterator[Float32] = (np.zeros(mark.samples, np.float32) for mark in marks)
    delivery = OverlayDelivery(
        source,
        lines,
        epub=data if keep else None,
        cover=None,
        highlight=request.highlight,
        narrator="Clara",
        made_at=1_700_000_000.0,
        identifier="job",
    )
    path = folder / f"{Path(name).stem}-made.epub"
    tags = Tags(title="")
    delivery.write(
        path,
        blocks,
        Delivery(format="m4b", package="file", sample_rate=RATE, marks=marks, tags=tags),
    )
    return MadeEpub(_read(path), path, source, lines, marks)


def _lines(chapters: Any) -> Iterator[TranscriptLine]:
    at = 0.013
    for number, utterances in enumerate(chapters):
        for utterance in utterances:
            step = SECONDS / max(1, len(utterance.words))
            words = tuple(
                TimedWord(w.text, w.span, round(at + i * step, 6), round(at + (i + 1) * step, 6))
                for i, w in enumerate(utterance.words)
            )
            yield TranscriptLine(
                span=utterance.span,
                text=utterance.text,
                status="spoken",
                part=0,
                chapter=number,
                start=round(at, 6),
                end=round(at + SECONDS, 6),
                words=words,
            )
            at += SECONDS + PAUSE


def _marks(source: Source, lines: list[TranscriptLine]) -> list[ChapterMark]:
    firsts = {n: next(inside) for n, inside in groupby(lines, lambda line: line.chapter)}
    starts, following = [], lines[-1].end or 0.0
    total = round(following * RATE) + RATE // 10
    edge = total
    for number in reversed(range(len(source.chapters))):
        first = firsts.get(number)
        edge = int((first.start or 0.0) * RATE) if first is not None else edge
        starts.append(edge)
    edges = [0, *reversed(starts[:-1]), total]
    return [
        ChapterMark(chapter.title, start, end - start)
        for chapter, (start, end) in zip(source.chapters, pairwise(edges), strict=True)
    ]
