"""Titles, names and a cover in finished files, as each container has them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutagen import MutagenError
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3, TALB, TCON, TIT2, TPE1, TRCK, ID3NoHeaderError
from mutagen.mp4 import MP4, MP4Cover
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis

from core.book import Cover
from core.errors import Unavailable
from core.request import AudioFormat

AUDIOBOOK = 2
"""Of the atom stik: players sort the file under books and keep their place in it.

Source: Apple's iTunes metadata, "media kind" (2 = audiobook).
"""
FRONT_COVER = 3
"""Kind of picture. Source: ID3v2.4.0 frames §4.14; FLAC format, METADATA_BLOCK_PICTURE."""


@dataclass(frozen=True, slots=True)
class Tags:
    """What a file says of itself; what is empty is not written.

    Attributes:
        title: of this file: the book, or one of its chapters.
        artists: authors.
        album: the book.
        genre: kind of content.
        track, tracks: number of this file, from 1, and of how many; 0 = none.
        cover: JPEG or PNG.
    """

    title: str
    artists: tuple[str, ...] = ()
    album: str = ""
    genre: str = "Audiobook"
    track: int = 0
    tracks: int = 0
    cover: Cover | None = None


def write_tags(path: Path, format: AudioFormat, tags: Tags) -> None:
    """Writes tags into a finished file; the sound stays bit for bit.

    WAV files have no tags that players agree on: they stay as they are.

    Args:
        path: a file that ``Encoder`` closed.
        format: of the file.
        tags: what to say.

    Raises:
        Unavailable: the disk refuses.
    """
    writers: dict[AudioFormat, Callable[[Path, Tags], None]] = {
        "m4b": _write_mp4,
        "mp3": _write_id3,
        "flac": _write_flac,
        "ogg": lambda path, tags: _write_ogg(OggVorbis(path), tags),
        "opus": lambda path, tags: _write_ogg(OggOpus(path), tags),
    }
    writer = writers.get(format)
    if writer is None:
        return
    try:
        writer(path, tags)
    except (MutagenError, OSError) as error:
        raise Unavailable(f"cannot write tags: {error}", code="disk") from error


def _write_mp4(path: Path, tags: Tags) -> None:
    file = MP4(path)
    if file.tags is None:
        file.add_tags()
    atoms: dict[str, Any] = {
        "\xa9nam": tags.title,
        "\xa9ART": ", ".join(tags.artists),
        "aART": ", ".join(tags.artists),
        "\xa9alb": tags.album,
        "\xa9gen": tags.genre,
    }
    file.update({name: [value] for name, value in atoms.items() if value})
    file["stik"] = [AUDIOBOOK]
    if tags.track:
        file["trkn"] = [(tags.track, tags.tracks)]
    if tags.cover is not None:
        png = tags.cover.media_type == "image/png"
        kind = MP4Cover.FORMAT_PNG if png else MP4Cover.FORMAT_JPEG
        file["covr"] = [MP4Cover(tags.cover.data, imageformat=kind)]
    file.save()


def _write_id3(path: Path, tags: Tags) -> None:
    try:
        file = ID3(path)
    except ID3NoHeaderError:
        file = ID3()
    texts = (
        (TIT2, [tags.title]),
        (TPE1, list(tags.artists)),
        (TALB, [tags.album]),
        (TCON, [tags.genre]),
        (TRCK, [_track(tags)]),
    )
    for frame, text in texts:
        if any(text):
            file.add(frame(encoding=3, text=text))  # 3 = UTF-8
    if tags.cover is not None:
        cover = tags.cover
        file.add(
            APIC(encoding=3, mime=cover.media_type, type=FRONT_COVER, desc="", data=cover.data)
        )
    file.save(path, v2_version=4)


def _write_flac(path: Path, tags: Tags) -> None:
    file = FLAC(path)
    file.update(_comments(tags))
    if tags.cover is not None:
        file.add_picture(_picture(tags.cover))
    file.save()


def _write_ogg(file: Any, tags: Tags) -> None:
    file.update(_comments(tags))
    if tags.cover is not None:
        data = base64.b64encode(_picture(tags.cover).write()).decode("ascii")
        file["metadata_block_picture"] = [data]
    file.save()


def _comments(tags: Tags) -> dict[str, list[str]]:
    """Source: Xiph, Ogg Vorbis comment field recommendations."""
    comments = {
        "title": [tags.title],
        "artist": list(tags.artists),
        "album": [tags.album],
        "genre": [tags.genre],
        "tracknumber": [str(tags.track) if tags.track else ""],
        "tracktotal": [str(tags.tracks) if tags.tracks else ""],
    }
    return {name: values for name, values in comments.items() if any(values)}


def _track(tags: Tags) -> str:
    if not tags.track:
        return ""
    return f"{tags.track}/{tags.tracks}" if tags.tracks else str(tags.track)


def _picture(cover: Cover) -> Any:
    picture = Picture()
    picture.type, picture.mime, picture.data = FRONT_COVER, cover.media_type, cover.data
    return picture
