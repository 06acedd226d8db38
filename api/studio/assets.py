"""Scripts, styles and pictures of the studio, read once and served from memory.

Their address holds a digest of all of them, so that a browser keeps them for good and still never
mixes two versions: modules import each other by relative addresses, below the same digest.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

from litestar import Response
from litestar.params import FromPath, HeaderParameter

from api.read_route import READ
from core.errors import NotFound

FOLDER: Final = Path(__file__).parent / "assets"
PATH: Final = "/studio/assets"
MEDIA: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
FOREVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the studio."""

    content: bytes
    compressed: bytes
    """The same with gzip."""
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """Returns the files by name."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in MEDIA:
            content = path.read_bytes()
            found[path.name] = Asset(content, gzip.compress(content, mtime=0), MEDIA[path.suffix])
    return found


@cache
def digest() -> str:
    """Returns the digest of all files, 16 hex digits."""
    whole = hashlib.sha256()
    for name, asset in assets().items():
        whole.update(name.encode() + b"\0" + asset.content)
    return whole.hexdigest()[:16]


def asset_path(name: str) -> str:
    """Returns the address of a file. Raises KeyError: there is none of that name."""
    assets()[name]
    return f"{PATH}/{digest()}/{name}"


@READ(PATH + "/{version:str}/{name:str}", sync_to_thread=False)
def get_asset(
    version: FromPath[str],
    name: FromPath[str],
    accept_encoding: Annotated[str, HeaderParameter(name="Accept-Encoding")] = "",
) -> Response[bytes]:
    """Returns a file; one of another version is not kept by the browser."""
    asset = assets().get(name)
    if asset is None:
        raise NotFound(f"no file {name!r}", code="asset_not_found")
    kept = FOREVER if version == digest() else "no-store"
    headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
    content = asset.content
    if "gzip" in accept_encoding:
        headers["Content-Encoding"] = "gzip"
        content = asset.compressed
    return Response(content, media_type=asset.media_type, headers=headers)


ROUTES: list[Any] = [get_asset]
