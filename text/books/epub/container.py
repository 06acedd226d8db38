"""The zip of an EPUB: container file and protection."""

from __future__ import annotations

from core.errors import FieldError
from text.books.archive import Archive
from text.books.omissions import Omissions
from text.books.pages.markup import local_name, parse_xml

CONTAINER = "META-INF/container.xml"
ENCRYPTION = "META-INF/encryption.xml"
FONT_OBFUSCATION = frozenset(
    {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"}
)
"""Algorithms that scramble fonts alone. Source: EPUB 3.3 §4.4; Adobe's for InDesign."""


def open_container(data: bytes, omissions: Omissions) -> Archive:
    """Opens an EPUB.

    Args:
        data: the file.
        omissions: learns of guessed encodings.

    Raises:
        FieldError: the zip is broken or unsafe, protected (DRM), or no EPUB.
    """
    archive = Archive(data)
    _check_protection(archive, omissions)
    if archive.find(CONTAINER) is None and not any(n.endswith(".opf") for n in archive.names):
        raise FieldError("file", "no EPUB: META-INF/container.xml is missing")
    return archive


def _check_protection(archive: Archive, omissions: Omissions) -> None:
    name = archive.find(ENCRYPTION)
    if name is None:
        return
    try:
        root = parse_xml(archive.read(name), name, omissions)
    except OSError as error:
        raise FieldError("file", f"the EPUB's zip is damaged: {error}") from error
    for item in (e for e in root.iter() if local_name(e) == "encrypteddata"):
        methods = [e.get("Algorithm") for e in item if local_name(e) == "encryptionmethod"]
        if not methods or set(methods) - FONT_OBFUSCATION:
            message = "the EPUB is protected (DRM) and cannot be read"
            raise FieldError("file", message, code="encrypted")
