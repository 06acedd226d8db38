"""Tags and chapter marks of every container, read back by FFmpeg and by a reader of our own."""

import base64
import io
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from audio.containers.id3 import id3_tag
from audio.containers.ogg import checksum, read_pages
from audio.encode import AudioEncoder
from audio.tags import ChapterMark, Tags, tags_of_book
from core.book import BookMetadata, Cover
from core.request import AudioFormat, BookFacts

TAGGED: list[AudioFormat] = ["mp3", "flac", "ogg", "opus", "m4b"]
MARKED: list[AudioFormat] = TAGGED


def jpeg(side: int = 16) -> bytes:
    """A picture of noise, so that it does not pack."""
    out = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    Image.fromarray(pixels).save(out, "JPEG", quality=95)
    return out.getvalue()


COVER = Cover("image/jpeg", jpeg())
FULL = Tags(
    title="Chapter One — Été",
    authors=("Ann Ü.", "Ben"),
    subtitle="A Tale",
    album="The Book",
    genre="Audiobook",
    track=2,
    tracks=12,
    cover=COVER,
    narrators=("Clara",),
    translators=("T. Ranslator",),
    date="1857-03-01",
    publisher="Longman",
    description="A warden.\nAnd what became of him.",
    language="en-GB",
    isbn="978-0-14-043214-5",
    asin="B000FC1MCS",
    series="Barsetshire",
    series_part="1",
)
EXPECTED = {
    "title": {FULL.title},
    "artist": {"Ann Ü., Ben", "Ann Ü.;Ben"},
    "subtitle": {"A Tale"},
    "album": {"The Book"},
    "genre": {"Audiobook"},
    "track": {"2/12", "2"},
    "composer": {"Clara"},
    "translator": {"T. Ranslator"},
    "date": {"1857-03-01"},
    "publisher": {"Longman"},
    "description": {FULL.description},
    "language": {"en-GB", "eng"},
    "isbn": {FULL.isbn},
    "asin": {FULL.asin},
    "series": {"Barsetshire"},
    "series-part": {"1"},
    "grouping": {"Barsetshire #1"},
}


def sample_rate(format: AudioFormat) -> int:
    return 24000 if format == "opus" else 22050


def write(
    path: Path, format: AudioFormat, tags: Tags | None, lengths: tuple[int, ...] = (30000,)
) -> list[ChapterMark]:
    rate, marks, start = sample_rate(format), list[ChapterMark](), 0
    for number, length in enumerate(lengths):
        marks.append(ChapterMark(f"Kapitel {number} ü", start, length))
        start += length
    noise = 0.1 * np.random.default_rng(1).standard_normal(start)
    with AudioEncoder(path, format, rate, start, tags=tags, marks=marks) as encoder:
        encoder.write(noise.astype(np.float32))
    return marks


def metadata(path: Path) -> dict[str, str]:
    """Tags as FFmpeg reads them; Ogg has them at its stream."""
    with av.open(str(path)) as file:
        found = dict(file.metadata) | dict(file.streams.audio[0].metadata)
    names = {"tit1": "grouping", "tit3": "subtitle", "comment": "description"}
    return {names.get(key.lower(), key.lower()): value for key, value in found.items()}


@pytest.mark.parametrize("format", TAGGED)
def test_every_tag_is_read_back(tmp_path: Path, format: AudioFormat) -> None:
    write(tmp_path / "a", format, FULL)
    found = metadata(tmp_path / "a")
    for name, values in EXPECTED.items():
        assert found.get(name) in values, name


@pytest.mark.parametrize("format", TAGGED)
def test_what_is_empty_is_not_written(tmp_path: Path, format: AudioFormat) -> None:
    write(tmp_path / "a", format, Tags(title="T"))
    found = metadata(tmp_path / "a")
    assert found["title"] == "T"
    assert not set(EXPECTED) - {"title", "genre", "language"} & set(found)


@pytest.mark.parametrize("format", TAGGED)
@pytest.mark.parametrize("side", [16, 512])
def test_the_cover_is_read_back(tmp_path: Path, format: AudioFormat, side: int) -> None:
    """The large one is longer than a page of Ogg holds."""
    cover = Cover("image/jpeg", jpeg(side))
    assert side == 16 or len(cover.data) > 2 * 65536
    write(tmp_path / "a", format, Tags(title="T", cover=cover))
    with av.open(str(tmp_path / "a")) as file:
        pictures = [stream for stream in file.streams if stream.type == "video"]
        assert [bytes(packet) for packet in file.demux(pictures) if packet.size] == [cover.data]


@pytest.mark.parametrize("format", TAGGED)
def test_the_audio_stays_bit_for_bit(tmp_path: Path, format: AudioFormat) -> None:
    write(tmp_path / "plain", format, None, (30000, 40000))
    write(tmp_path / "tagged", format, FULL, (30000, 40000))
    np.testing.assert_array_equal(decoded(tmp_path / "tagged"), decoded(tmp_path / "plain"))
    if format != "m4b":
        tagged, plain = (soundfile.read(tmp_path / n)[0] for n in ("tagged", "plain"))
        np.testing.assert_array_equal(tagged, plain)
        assert len(tagged) == 70000


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as file:
        return np.concatenate([f.to_ndarray().ravel() for f in file.decode(audio=0)])


def test_wav_files_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path / "plain", "wav", None)
    write(tmp_path / "tagged", "wav", FULL)
    assert (tmp_path / "plain").read_bytes() == (tmp_path / "tagged").read_bytes()


@pytest.mark.parametrize("format", MARKED)
def test_chapter_marks_are_read_back(tmp_path: Path, format: AudioFormat) -> None:
    marks = write(tmp_path / "a", format, FULL, (30001, 0, 22222, 40000))
    rate = sample_rate(format)
    with av.open(str(tmp_path / "a")) as file:
        found = [
            (c["metadata"]["title"], float(c["start"] * (c["time_base"] or 0)))
            for c in file.chapters()
        ]
    assert [title for title, _ in found] == [m.title for m in marks if m.samples]
    for (_, start), mark in zip(found, [m for m in marks if m.samples], strict=True):
        assert start == pytest.approx(mark.start / rate, abs=0.0005)


def test_more_chapters_than_one_table_of_id3_counts() -> None:
    """Two tables of contents stand below the first one and list all chapters in order."""
    marks = [ChapterMark(f"{n}", 100 * n, 100) for n in range(300)]
    frames = dict(id3_frames(id3_tag(Tags(title="T"), marks, 8000)))
    tables = {key[4:]: value for key, value in frames.items() if key.startswith("CTOC")}
    assert tables["toc"] == (3, ["toc0", "toc1"])
    listed = [child for name in ("toc0", "toc1") for child in tables[name][1]]
    assert listed == [f"chp{n}" for n in range(300)]
    assert sum(key.startswith("CHAP") for key in frames) == 300


def id3_frames(tag: bytes):  # type: ignore[no-untyped-def]
    """Frames of a tag, by name and element: flags and children of CTOC, bytes of all others."""
    at = 10
    while at < len(tag):
        name, size = tag[at : at + 4].decode(), synchsafe(tag[at + 4 : at + 8])
        content = tag[at + 10 : at + 10 + size]
        at += 10 + size
        if name not in ("CTOC", "CHAP"):
            yield name, content
            continue
        element, rest = content.split(b"\x00", 1)
        if name == "CTOC":
            children = rest[2:].split(b"\x00")[: rest[1]]
            yield f"CTOC{element.decode()}", (rest[0], [child.decode() for child in children])
        else:
            yield f"CHAP{element.decode()}", rest


def synchsafe(data: bytes) -> int:
    return sum(byte << shift for byte, shift in zip(data, (21, 14, 7, 0), strict=True))


@pytest.mark.parametrize("format", ["ogg", "opus"])
def test_pages_of_ogg_are_numbered_and_summed(tmp_path: Path, format: AudioFormat) -> None:
    write(tmp_path / "a", format, Tags(title="T", cover=Cover("image/jpeg", jpeg(512))))
    data = (tmp_path / "a").read_bytes()
    at = number = 0
    for page in read_pages(io.BytesIO(data)):
        head = data[at : at + 27 + len(page.lacing) + len(page.body)]
        assert int.from_bytes(head[18:22], "little") == number
        bare = head[:22] + bytes(4) + head[26:]
        assert int.from_bytes(head[22:26], "little") == checksum(bare) == slow_checksum(bare)
        at, number = at + len(head), number + 1
    assert at == len(data)


def slow_checksum(page: bytes) -> int:
    """Bit by bit. Source: RFC 3533 §6."""
    crc = 0
    for byte in page:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def test_the_picture_of_ogg_says_what_it_is(tmp_path: Path) -> None:
    write(tmp_path / "a", "ogg", Tags(title="T", cover=COVER))
    with av.open(str(tmp_path / "a")) as file:
        assert file.streams.video[0].codec_context.width == 16
    field = (tmp_path / "a").read_bytes().split(b"METADATA_BLOCK_PICTURE=")[1]
    block = base64.b64decode(field[: 4 * ((len(COVER.data) + 42 + 2) // 3)])
    assert block[:4] == b"\x00\x00\x00\x03"
    assert block[8:18] == b"image/jpeg"
    assert block.endswith(COVER.data)


def test_a_book_names_the_voice_and_not_who_read_another_edition() -> None:
    metadata = BookMetadata(
        subtitle="A Tale", narrators=("A. Person",), published="1857", series="S", series_number="2"
    )
    book = BookFacts(title="T", authors=("Ann",), language="en-GB", metadata=metadata)
    tags = tags_of_book(book, "Clara", COVER)
    assert (tags.narrators, tags.date, tags.grouping) == (("Clara",), "1857", "S #2")
    assert (tags.title, tags.album, tags.subtitle, tags.cover) == ("T", "T", "A Tale", COVER)
