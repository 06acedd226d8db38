"""The picture of a book: by every way in which packages declare it, judged by its bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.book import Cover
from core.errors import FieldError
from text.books.archive import Archive
from text.books.epub.package import PackageDocument
from text.books.omissions import Omissions
from text.books.pages.markup import attribute, local_name, parse_page
from text.books.pages.urls import resolve_url
from text.books.pictures import MAX_COVER_BYTES, picture_type

_COVER_NAME = re.compile(r"(?:^|[^a-z])(?:front)?cover(?:[^a-z]|img|image|$)", re.IGNORECASE)


def read_cover(package: PackageDocument, container: Archive, omissions: Omissions) -> Cover | None:
    """Reads the picture of a book.

    Args:
        package: of the EPUB.
        container: the EPUB.
        omissions: is told of a cover that sound files cannot carry.
    """
    unusable = ""
    for path in dict.fromkeys(_candidates(package, container)):
        if container.size(path) > MAX_COVER_BYTES:
            unusable = unusable or f"the cover has {container.size(path)} bytes"
            continue
        try:
            data = container.read(path)
        except OSError as error:
            unusable = unusable or f"the cover cannot be read: {error}"
            continue
        media_type = picture_type(data)
        if media_type:
            return Cover(media_type, data)
        unusable = unusable or f"{path} is no JPEG or PNG, which tags of sound files carry"
    if unusable:
        omissions.remark("cover_unusable", unusable)
    return None


def _candidates(package: PackageDocument, container: Archive) -> Iterator[str]:
    """Yields pictures that may be the cover, the most trusted declaration first."""
    items = package.manifest
    yield from (i.path for i in items.values() if "cover-image" in i.properties and i.path)
    for declared in package.covers:
        path = items[declared].path if declared in items else container.find(declared)
        if path:
            yield from _pictures(path, container)
    for identifier, item in items.items():
        names = f"{identifier} {item.path.rpartition('/')[2]}"
        if item.path and item.media_type.startswith("image/") and _COVER_NAME.search(names):
            yield item.path
    if package.spine and _COVER_NAME.search(package.spine[0].item.path):
        yield from _pictures(package.spine[0].item.path, container)


def _pictures(path: str, container: Archive) -> Iterator[str]:
    """Yields a picture itself, or the pictures of a page."""
    try:
        data = container.read(path)
        looks_like_page = b"<" in data[:200] and not data.startswith(b"\x89PNG")
        body = parse_page(data, path, Omissions()) if looks_like_page else None
    except (OSError, FieldError):
        return
    if body is None:
        yield path
        return
    for element in body.iter("*"):
        if local_name(element) in ("img", "image"):
            href = attribute(element, "src") or attribute(element, "href")
            found = container.find(resolve_url(path, href)[0])
            if found:
                yield found
                return
