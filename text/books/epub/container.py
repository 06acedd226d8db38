"""The zip of an EPUB, looked at before anything is unpacked: size, names, encryption."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import PurePosixPath

from core.errors import FieldError
from text.books.epub.markup import local_name, parse_xml
from text.books.omissions import Omissions

ENCRYPTION = "META-INF/encryption.xml"
MAX_UNPACKED_BYTES = 256 * 2**20
"""All entries together. The largest illustrated novels have some 100 MB; text has a few."""
MAX_RATIO = 200
"""Unpacked / packed, of the whole file. XHTML packs 3 to 10 times; deflate's limit is 1032."""
MAX_ENTRIES = 20_000
FONT_OBFUSCATION = frozenset(
    {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"}
)
"""Algorithms that scramble fonts alone. Source: EPUB 3.3 §4.4; Adobe's for InDesign."""
UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError)
"""What zipfile raises on damaged, encrypted or exotic archives."""


def open_container(data: bytes, omissions: Omissions) -> zipfile.ZipFile:
    """Opens an EPUB's zip after checking that it is safe to unpack in memory.

    Raises:
        FieldError: broken, a bomb, names outside of itself, encrypted (DRM), or no EPUB.
    """
    try:
        container = zipfile.ZipFile(io.BytesIO(data))
        _check_size(container.infolist(), len(data))
        _check_names(container.infolist())
        _check_encryption(container, omissions)
        if "META-INF/container.xml" not in container.namelist():
            raise FieldError("file", "no EPUB: META-INF/container.xml is missing")
    except UNREADABLE as error:
        raise FieldError("file", f"the EPUB's zip is damaged: {error}") from error
    return container


def _check_size(entries: list[zipfile.ZipInfo], packed: int) -> None:
    """zipfile reads no more of an entry than its header promises, so the promises bind."""
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES:
        raise FieldError("file", f"{len(entries)} entries", allowed=f"at most {MAX_ENTRIES}")
    if unpacked > MAX_UNPACKED_BYTES:
        told = f"at most {MAX_UNPACKED_BYTES} bytes unpacked"
        raise FieldError("file", f"unpacks to {unpacked} bytes", allowed=told)
    if unpacked > MAX_RATIO * packed:
        told = f"at most {MAX_RATIO} times its own size"
        raise FieldError("file", f"{packed} bytes unpack to {unpacked}", allowed=told)


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise FieldError("file", f"an entry lies outside of the EPUB: {entry.filename!r}")


def _check_encryption(container: zipfile.ZipFile, omissions: Omissions) -> None:
    if any(entry.flag_bits & 1 for entry in container.infolist()):
        raise FieldError("file", "the EPUB's zip is encrypted", code="encrypted")
    if ENCRYPTION not in container.namelist():
        return
    root = parse_xml(container.read(ENCRYPTION), ENCRYPTION, omissions)
    for item in (e for e in root.iter() if local_name(e) == "encrypteddata"):
        methods = [e.get("Algorithm") for e in item if local_name(e) == "encryptionmethod"]
        if not methods or set(methods) - FONT_OBFUSCATION:
            told = "the EPUB is protected (DRM) and cannot be read"
            raise FieldError("file", told, code="encrypted")
