"""A zip of strangers: checked before anything is unpacked, its files found by URL.

Names in an EPUB are URLs, and producers get them wrong in ways that reading systems forgive:
backslashes, a leading slash, another case, decomposed accents, UTF-8 without the flag that says so.
A name is looked for as it stands, then in a form in which all of these are equal.
"""

from __future__ import annotations

import io
import posixpath
import struct
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote

from core.errors import FieldError

MAX_UNPACKED_BYTES = 256 * 2**20
"""All entries together. The largest illustrated novels have some 100 MB; text has a few."""
MAX_RATIO = 200
"""Unpacked / packed, of the whole file. XHTML packs 3 to 10 times; deflate's limit is 1032."""
MAX_ENTRIES = 20_000
UTF8_FLAG = 0x800
"""Bit of a zip entry that says that its name is UTF-8. Source: APPNOTE.TXT 6.3.10 §4.4.4."""
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, EOFError,
    OSError, ValueError, OverflowError,
)  # fmt: skip
"""What zipfile raises on damaged, encrypted or exotic archives."""


class Archive:
    """An open zip.

    Args:
        data: the file.

    Raises:
        FieldError: the zip is broken, a bomb, encrypted, or has names outside of itself.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            _check_size(self._zip.infolist(), len(data))
            _check_names(self._zip.infolist())
            self._entries = {_name(info): info for info in self._zip.infolist()}
        except UNREADABLE as error:
            raise FieldError("file", f"the file's zip is damaged: {error}") from error
        if any(entry.flag_bits & 1 for entry in self._entries.values()):
            raise FieldError("file", "the file's zip is encrypted", code="encrypted")
        self._folded = _by_key(self._entries, _folded)
        self._basenames = _by_key(self._entries, _basename)

    @property
    def names(self) -> Collection[str]:
        """Names of all entries."""
        return self._entries.keys()

    def find(self, path: str) -> str | None:
        """Returns the name of the entry that a path means, or None.

        Args:
            path: from the container's root, as ``resolve_url`` returns it.
        """
        if path in self._entries:
            return path
        found = self._folded.get(_folded(path), ())
        return found[0] if len(found) == 1 else None

    def find_by_basename(self, path: str) -> str | None:
        """Returns the only entry whose last component equals that of a path, or None."""
        found = self._basenames.get(_basename(path), ())
        return found[0] if len(found) == 1 else None

    def size(self, name: str) -> int:
        """Returns the unpacked size of an entry [bytes]."""
        return self._entries[name].file_size

    def read(self, name: str) -> bytes:
        """Reads an entry.

        Raises:
            OSError: its data is damaged, or packed in a way that is not known.
        """
        try:
            return self._zip.read(self._entries[name])
        except (KeyError, *UNREADABLE) as error:
            raise OSError(f"{name} is damaged: {error}") from error


def _check_size(entries: list[zipfile.ZipInfo], packed: int) -> None:
    """zipfile reads no more of an entry than its header promises, so the promises bind."""
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES:
        raise FieldError("file", f"{len(entries)} entries", allowed=f"at most {MAX_ENTRIES}")
    if unpacked > MAX_UNPACKED_BYTES:
        allowed = f"at most {MAX_UNPACKED_BYTES} bytes unpacked"
        raise FieldError("file", f"unpacks to {unpacked} bytes", allowed=allowed)
    if unpacked > MAX_RATIO * packed:
        allowed = f"at most {MAX_RATIO} times its own size"
        raise FieldError("file", f"{packed} bytes unpack to {unpacked}", allowed=allowed)


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise FieldError("file", f"an entry lies outside of the EPUB: {entry.filename!r}")


def _name(info: zipfile.ZipInfo) -> str:
    """Returns an entry's name; many zip writers store UTF-8 without the flag that says so.

    zipfile decodes such names as code page 437, which maps every byte to a character and back.
    """
    if not info.flag_bits & UTF8_FLAG:
        try:
            return info.filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return info.filename


def _folded(name: str) -> str:
    """Returns a name in the form in which names are compared.

    >>> _folded("OPS\\\\Text\\\\Ch%20One.xhtml") == _folded("/ops/text/ch one.xhtml")
    True
    """
    path = posixpath.normpath("/" + unquote(name).replace("\\", "/"))
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold()).lstrip("/")


def _basename(name: str) -> str:
    return posixpath.basename(_folded(name))


def _by_key(names: Iterable[str], key: Callable[[str], str]) -> dict[str, list[str]]:
    index: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if not name.endswith(("/", "\\")):
            index[key(name)].append(name)
    return dict(index)
