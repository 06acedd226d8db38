"""A zip with a file per chapter and a manifest, written chapter by chapter.

The same chapters make the same bytes: times are fixed, nothing is compressed.
"""

from __future__ import annotations

import hashlib
import shutil
import unicodedata
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from core.acx import AcxFile
from core.batch import StoredFile
from core.errors import Unavailable
from core.zip_entry import zip_entry

COPY_BYTES = 2**20
LONGEST_NAME = 80
"""Characters of a title in a file's name; file systems take 255 bytes in all."""
MANIFEST = "manifest.json"


class ChapterFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file of the zip."""

    file: str
    title: str
    samples: int
    """Length; at the manifest's sample rate."""
    bytes: int
    sha256: str
    acx: AcxFile | None = None
    """Its check against ACX's rules, where it was mastered for them."""


class ArchiveManifest(msgspec.Struct, frozen=True, kw_only=True):
    """``manifest.json`` of the zip."""

    title: str
    authors: tuple[str, ...] = ()
    sample_rate: int
    samples: int
    """Of all chapters."""
    chapters: tuple[ChapterFile, ...]


def chapter_file_name(number: int, count: int, title: str, extension: str) -> str:
    """Returns a name that sorts in order and that every file system takes.

    >>> chapter_file_name(3, 120, "CHAPTER III: What? / Why", "mp3")
    '003 CHAPTER III What Why.mp3'
    """
    kept = (
        c if c.isalnum() or c in " -_'’.,()" else " " for c in unicodedata.normalize("NFC", title)
    )
    name = " ".join("".join(kept).split())[:LONGEST_NAME].strip(" .")
    return f"{number:0{max(2, len(str(count)))}d} {name}".strip() + f".{extension}"


class ChapterArchive:
    """An open zip; a context manager. It is whole after ``close`` returned.

    Args:
        path: replaced if it exists.
        title: of the book.
        authors: of the book.
        sample_rate: of its files [Hz].

    Raises:
        Unavailable: it cannot be opened.
    """

    def __init__(
        self, path: Path, *, title: str, authors: tuple[str, ...], sample_rate: int
    ) -> None:
        self._title, self._authors, self._rate = title, authors, sample_rate
        self._path = path
        self._files: list[ChapterFile] = []
        try:
            self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True)
        except OSError as error:
            raise Unavailable(f"cannot write {path}: {error}", code="disk") from error

    def add(
        self, name: str, title: str, file: Path, samples: int, acx: AcxFile | None = None
    ) -> None:
        """Copies a chapter's finished file in.

        Args:
            name: within the zip; each once.
            title: of the chapter.
            file: its bytes; not needed any more afterwards.
            samples: its length.
            acx: its check against ACX's rules.

        Raises:
            ValueError: the name is taken.
            Unavailable: the disk refuses.
        """
        if name in self._zip.NameToInfo or name == MANIFEST:
            raise ValueError(f"{name!r} is in the archive already")
        try:
            size = file.stat().st_size
            digest = self._copy(name, file, size)
        except OSError as error:
            raise Unavailable(f"cannot write {name}: {error}", code="disk") from error
        self._files.append(ChapterFile(name, title, samples, size, digest, acx))

    def _copy(self, name: str, file: Path, size: int) -> str:
        with file.open("rb") as source:
            digest = hashlib.file_digest(source, "sha256").hexdigest()
            source.seek(0)
            entry = zip_entry(name)
            entry.file_size = size  # tells zipfile whether the entry needs ZIP64
            with self._zip.open(entry, "w") as target:
                shutil.copyfileobj(source, target, COPY_BYTES)
        return digest

    def close(self) -> None:
        """Writes the manifest and the directory. Raises Unavailable."""
        manifest = ArchiveManifest(
            title=self._title,
            authors=self._authors,
            sample_rate=self._rate,
            samples=sum(file.samples for file in self._files),
            chapters=tuple(self._files),
        )
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
        try:
            self._zip.writestr(zip_entry(MANIFEST), text)
            self._zip.close()
        except OSError as error:
            raise Unavailable(f"cannot finish the archive: {error}", code="disk") from error

    def stored_files(self) -> tuple[StoredFile, ...]:
        """Returns where each file's bytes lie in the closed zip.

        Source: PKWARE APPNOTE §4.3.7: a local header has 30 bytes, the lengths of name and extra
        field in its last four, and these before the bytes.

        Raises:
            Unavailable: the disk refuses.
        """
        found = []
        try:
            with self._path.open("rb") as file:
                for one in self._files:
                    start = self._zip.NameToInfo[one.file].header_offset
                    file.seek(start + 26)
                    name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
                    found.append(
                        StoredFile(
                            name=one.file,
                            offset=start + 30 + name + extra,
                            bytes=one.bytes,
                            sha256=one.sha256,
                            samples=one.samples,
                        )
                    )
        except OSError as error:
            raise Unavailable(f"cannot read the archive: {error}", code="disk") from error
        return tuple(found)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
            return
        try:
            self._zip.close()
        except (OSError, ValueError) as failure:
            raise Unavailable(f"cannot finish the archive: {failure}", code="disk") from failure
