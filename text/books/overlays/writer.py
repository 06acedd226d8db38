"""The EPUB: audio first, as it is made; then pages with spans, their SMIL, and the package.

The same book and audio make the same bytes.
"""

from __future__ import annotations

import posixpath
import shutil
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self
from xml.sax.saxutils import quoteattr

from core.errors import Unavailable
from core.text import Span
from core.zip_entry import zip_entry
from text.books.overlays.book import OverlayBook, OverlayPage
from text.books.overlays.package import (
    ACTIVE_CLASS,
    SMIL_TYPE,
    XHTML_TYPE,
    PackageItem,
    entry_name,
    finish_package,
    navigation_document,
    relative_url,
)
from text.books.overlays.spans import PageRange, PageSpans
from text.books.overlays.xhtml import as_xhtml, link_style, to_bytes
from text.books.pages.markup import Element, local_name, text_of
from text.books.pages.urls import resolve_url

AUDIO_TYPE = "audio/mp4"
"""AAC-LC in MP4, a core media type. Source: EPUB 3.3 §3.2."""
ACTIVE_STYLE = f".{ACTIVE_CLASS} {{ background-color: #ffe9a8; color: #000 }}\n"
_CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles>
    <rootfile full-path={} media-type="application/oebps-package+xml"/>
  </rootfiles>
</container>
"""
_PROPERTIES = {"svg": "svg", "math": "mathml", "script": "scripted", "form": "scripted"}
"""What a page must declare of its elements. Source: EPUB 3.3 §D.6.2."""


class AudioClip(NamedTuple):
    """A sentence or word of the source, and when it sounds."""

    span: Span
    begin: float
    """In the audio of its chapter [s]."""
    end: float


class _PlacedClip(NamedTuple):
    """A clip with its place in a page and in the files."""

    place: PageRange | None
    audio: str
    begin: int
    """[ms]"""
    end: int


class OverlayEpub:
    """An open EPUB with Media Overlays; a context manager. It is whole after ``finish`` returned.

    Args:
        path: replaced if it exists.
        book: whose pages get spans.

    Raises:
        Unavailable: the disk refuses.
    """

    def __init__(self, path: Path, book: OverlayBook) -> None:
        self._book = book
        self._folder = _unused_folder(book)
        self._items: list[PackageItem] = []
        self._clips: dict[str, list[_PlacedClip]] = defaultdict(list)
        try:
            self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True)
        except OSError as error:
            raise Unavailable(f"cannot write {path}: {error}", code="disk") from error
        # The first entry, not packed. Source: OCF, EPUB 3.3 §4.3.3.
        self._write("mimetype", b"application/epub+zip", pack=False)
        self._write(
            "META-INF/container.xml", _CONTAINER.format(quoteattr(entry_name(book.path))).encode()
        )

    def add_chapter(self, chapter: int, audio: Path, clips: Sequence[AudioClip]) -> None:
        """Copies the audio of a chapter in.

        Args:
            chapter: index of the source's chapter; each once, in order.
            audio: its file: AAC in MP4; not needed any more afterwards.
            clips: what sounds in it, in order, disjoint.

        Raises:
            Unavailable: the disk refuses.
        """
        name = f"{self._folder}/{chapter + 1:03}.m4a"
        self._items.append(PackageItem(f"rhapsode-audio-{chapter + 1}", name, AUDIO_TYPE))
        try:
            entry = zip_entry(name)
            entry.file_size = audio.stat().st_size
            with audio.open("rb") as source, self._zip.open(entry, "w") as target:
                shutil.copyfileobj(source, target, 2**20)
        except OSError as error:
            raise Unavailable(f"cannot write {name}: {error}", code="disk") from error
        for clip in clips:
            path, place = self._book.find(chapter, clip.span)
            begin, end = round(1000 * clip.begin), round(1000 * clip.end)
            if end > begin:
                self._clips[path].append(_PlacedClip(place, name, begin, end))

    def finish(self, title: str, narrator: str, language: str, modified: float) -> None:
        """Writes pages, overlays and the package. Raises Unavailable.

        Args:
            title: of the book.
            narrator: the voice that reads.
            language: of the book.
            modified: when the file was made, in Unix seconds.
        """
        book = self._book
        style = f"{self._folder}/active.css"
        self._write(style, ACTIVE_STYLE.encode())
        items = [*self._items, *book.items, PackageItem("rhapsode-style", style, "text/css")]
        durations: dict[str, int] = {}
        linked: set[str] = set()
        for number, (path, page) in enumerate(book.pages.items(), 1):
            clips = self._clips.get(path, ())
            overlay = f"rhapsode-overlay-{number}" if clips else ""
            if clips:
                smil = f"{self._folder}/{number:03}.smil"
                fragments = PageSpans(page.body).mark([clip.place for clip in clips])
                self._write(smil, _smil(path, smil, fragments, clips))
                items.append(PackageItem(overlay, smil, SMIL_TYPE))
                durations[overlay] = sum(clip.end - clip.begin for clip in clips)
            hrefs = (e.get("href") for e in page.root.iter("*") if local_name(e) == "a")
            linked.update(resolve_url(path, href)[0] for href in hrefs if href)
            as_xhtml(page.root, title)
            if clips:
                link_style(page.root, relative_url(style, path))
            properties = " ".join(sorted(_properties(page)))
            items.append(PackageItem(page.id, path, XHTML_TYPE, properties, overlay))
            self._write(path, to_bytes(page.root))
        if book.entries:
            nav = f"{self._folder}.xhtml"
            items.append(PackageItem("rhapsode-nav", nav, XHTML_TYPE, "nav"))
            self._write(nav, navigation_document(book.entries, nav, title, language))
        for name, data in book.other_files():
            self._write(name, data)
        package = finish_package(
            book.package, book.path, items, durations, narrator, modified, linked
        )
        self._write(book.path, package)
        try:
            self._zip.close()
        except OSError as error:
            raise Unavailable(f"cannot finish the EPUB: {error}", code="disk") from error

    def _write(self, name: str, data: bytes, *, pack: bool = True) -> None:
        entry = zip_entry(entry_name(name))
        entry.compress_type = zipfile.ZIP_DEFLATED if pack else zipfile.ZIP_STORED
        try:
            self._zip.writestr(entry, data)
        except OSError as error:
            raise Unavailable(f"cannot write {name}: {error}", code="disk") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            try:
                self._zip.close()
            except (OSError, ValueError) as failure:
                raise Unavailable(f"cannot finish the EPUB: {failure}", code="disk") from failure


def _smil(page: str, path: str, fragments: Sequence[str], clips: Sequence[_PlacedClip]) -> bytes:
    """Returns the overlay of a page. Source: EPUB 3.3 §9.2."""
    text = relative_url(page, path)
    rows = [
        f"""      <par id="p{number}">
        <text src={quoteattr(f"{text}#{fragment}")}/>
        <audio src={quoteattr(relative_url(clip.audio, path))} \
clipBegin="{_seconds(clip.begin)}" clipEnd="{_seconds(clip.end)}"/>
      </par>
"""
        for number, (fragment, clip) in enumerate(zip(fragments, clips, strict=True), 1)
    ]
    return f"""<?xml version="1.0" encoding="utf-8"?>
<smil xmlns="http://www.w3.org/ns/SMIL" xmlns:epub="http://www.idpf.org/2007/ops" version="3.0">
  <body>
    <seq id="page" epub:textref={quoteattr(text)}>
{"".join(rows)}    </seq>
  </body>
</smil>
""".encode()


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds // 1000}.{milliseconds % 1000:03}s"


def _properties(page: OverlayPage) -> set[str]:
    """What the manifest must say of a page."""
    found = set(page.properties)
    for element in page.root.iter("*"):
        name = local_name(element)
        if name in _PROPERTIES and not _is_data(element, name):
            found.add(_PROPERTIES[name])
        if name == "switch":
            found.add("switch")
        source = element.get("src") or ""
        if source.startswith(("http://", "https://")) and name not in ("script", "iframe"):
            found.add("remote-resources")
    return found


def _is_data(element: Element, name: str) -> bool:
    """Whether a script is data: not run. Source: WHATWG HTML §4.12.1."""
    kind = (element.get("type") or "").lower()
    script = kind in ("", "module") or "javascript" in kind or "ecmascript" in kind
    return name == "script" and not script and bool(text_of(element))


def _unused_folder(book: OverlayBook) -> str:
    """Path of a folder beside the package that holds nothing yet."""
    names = [*book.pages, *(item.path for item in book.items)]
    base = posixpath.dirname(entry_name(book.path))
    number = 0
    while True:
        folder = posixpath.join(base, f"overlays{number or ''}")
        if not any(name.startswith((f"{folder}/", f"{folder}.")) for name in names):
            return folder
        number += 1
