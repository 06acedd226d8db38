"""The files of an audiobook: chapters at exact samples, tags, archives; read back by others."""

import io
import json
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from audio.archive import MANIFEST, ChapterArchive, chapter_file_name
from audio.delivery import Delivery
from audio.encode import AudioEncoder
from audio.tags import ChapterMark, Tags
from core.book import Cover
from core.errors import Unavailable
from core.request import AudioFormat

RATE = 22050
BOOK = Tags(title="A Book", authors=("Ann O.", "Ben"), album="A Book")


def picture(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(out, kind)
    return out.getvalue()


def noise(samples: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(1).standard_normal(samples)).astype(np.float32)


def marks_of(chapters: dict[str, int]) -> list[ChapterMark]:
    marks, start = [], 0
    for title, length in chapters.items():
        marks.append(ChapterMark(title, start, length))
        start += length
    return marks


def write_book(path: Path, lengths: list[int], tags: Tags = BOOK) -> None:
    marks = marks_of({f"Chapitre {n} «é»": length for n, length in enumerate(lengths)})
    with AudioEncoder(path, "m4b", RATE, sum(lengths), tags=tags, marks=marks) as encoder:
        for start in range(0, sum(lengths), 7000):
            encoder.write(noise(min(7000, sum(lengths) - start)))


def chapters_of(path: Path) -> list[tuple[str, int, int]]:
    with av.open(str(path)) as file:
        rate = file.streams.audio[0].rate
        return [
            (
                c["metadata"]["title"],
                round(c["start"] * (c["time_base"] or 0) * rate),
                round(c["end"] * (c["time_base"] or 0) * rate),
            )
            for c in file.chapters()
        ]


def test_chapters_begin_at_exact_samples_beside_tags_and_a_cover(tmp_path: Path) -> None:
    lengths = [RATE * 3 + 1, 12345, RATE + 777, 50001]
    path = tmp_path / "b.m4b"
    cover = Cover("image/png", picture("PNG"))
    write_book(path, lengths, replace(BOOK, cover=cover))
    edges = np.cumsum([0, *lengths]).tolist()
    assert chapters_of(path) == [
        (f"Chapitre {i} «é»", edges[i], edges[i + 1]) for i in range(len(lengths))
    ]
    with av.open(str(path)) as file:
        assert file.metadata["title"] == "A Book"
        assert file.metadata["artist"] == "Ann O., Ben"
        assert file.metadata["media_type"] == "2"
        assert file.metadata["major_brand"] == "M4B "
        pictures = [stream for stream in file.streams if stream.type == "video"]
        assert [bytes(p) for p in file.demux(pictures) if p.size] == [cover.data]


def test_time_of_a_player_is_ours_to_the_sample(tmp_path: Path) -> None:
    """Priming is skipped by the edit list: a click stands where it was."""
    samples = RATE * 2 + 931
    wave = np.zeros(samples, np.float32)
    wave[30001] = 0.9
    with AudioEncoder(tmp_path / "c.m4b", "m4b", RATE, samples) as encoder:
        encoder.write(wave)
    with av.open(str(tmp_path / "c.m4b")) as file:
        assert file.streams.audio[0].duration == samples
        decoded = np.concatenate([f.to_ndarray()[0] for f in file.decode(audio=0)])
    assert int(np.abs(decoded).argmax()) == 30001
    assert samples <= len(decoded) < samples + 1024


def test_more_chapters_than_nero_can_count(tmp_path: Path) -> None:
    write_book(tmp_path / "b.m4b", [500] * 300)
    assert [start for _, start, _ in chapters_of(tmp_path / "b.m4b")] == list(range(0, 150000, 500))


def test_a_chapter_without_samples_has_no_mark(tmp_path: Path) -> None:
    marks = marks_of({"One": 5100, "Nothing": 0, "Two": 5000})
    with AudioEncoder(tmp_path / "b.m4b", "m4b", RATE, None, tags=BOOK, marks=marks) as encoder:
        encoder.write(noise(10100))
    assert chapters_of(tmp_path / "b.m4b") == [("One", 0, 5100), ("Two", 5100, 10100)]


def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with (
        pytest.raises(Unavailable),
        AudioEncoder(Path("/dev/full"), "m4b", RATE, None) as encoder,
    ):
        encoder.write(noise(100 * RATE))


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
def test_ffprobe_reads_it_without_an_error(tmp_path: Path) -> None:
    tags = Tags(title="T", cover=Cover("image/jpeg", picture("JPEG")))
    write_book(tmp_path / "b.m4b", [RATE, RATE], tags)
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_chapters", "-show_format"]
    done = subprocess.run([*command, str(tmp_path / "b.m4b")], capture_output=True, check=True)
    probed = json.loads(done.stdout)
    assert done.stderr == b""
    assert [c["start"] for c in probed["chapters"]] == [0, RATE]
    assert float(probed["format"]["duration"]) == pytest.approx(2.0, abs=1e-6)


def test_a_notice_says_what_a_format_cannot_hold() -> None:
    def notice_of(format: AudioFormat, chapters: int, tags: Tags | None = BOOK) -> str | None:
        marks = marks_of({str(number): 10 for number in range(chapters)})
        delivery = Delivery(format=format, package="file", sample_rate=RATE, marks=marks, tags=tags)
        return delivery.notice.message if delivery.notice else None

    assert "wav holds neither" in str(notice_of("wav", 2))
    assert "999 chapters, not of 1000" in str(notice_of("opus", 1000))
    assert notice_of("opus", 999) is notice_of("mp3", 1000) is notice_of("wav", 1, None) is None


def make_archive(folder: Path, path: Path) -> None:
    with ChapterArchive(path, title="B", authors=("Ann",), sample_rate=RATE) as archive:
        for number, title in enumerate(("One", "Zwei: ü/?"), 1):
            (folder / "x").write_bytes(bytes(range(256)) * number)
            name = chapter_file_name(number, 2, title, "mp3")
            archive.add(name, title, folder / "x", number * 100)


def test_archive_holds_the_files_and_tells_of_them_in_the_same_bytes(tmp_path: Path) -> None:
    make_archive(tmp_path, tmp_path / "a.zip")
    make_archive(tmp_path, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["01 One.mp3", "02 Zwei ü.mp3", MANIFEST]
        manifest = json.loads(archive.read(MANIFEST))
        assert len(archive.read("02 Zwei ü.mp3")) == manifest["chapters"][1]["bytes"] == 512
    assert (manifest["samples"], manifest["chapters"][1]["title"]) == (300, "Zwei: ü/?")


def test_a_name_stands_in_an_archive_once(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")
    archive = ChapterArchive(tmp_path / "a.zip", title="", authors=(), sample_rate=RATE)
    archive.add("x", "x", tmp_path / "x", 1)
    with pytest.raises(ValueError, match="already"):
        archive.add("x", "x", tmp_path / "x", 1)
    with pytest.raises(Unavailable):
        archive.add("y", "y", tmp_path / "missing", 1)
    archive.close()


def test_chapters_of_what_is_no_book_are_called_as_they_are(tmp_path: Path) -> None:
    marks = [ChapterMark("Speech", 0, RATE)]
    delivery = Delivery(format="wav", package="chapters", sample_rate=RATE, marks=marks)
    delivery.write(tmp_path / ".new-xyz", iter([noise(RATE)]))
    with zipfile.ZipFile(tmp_path / ".new-xyz") as archive:
        assert archive.namelist() == ["01 Speech.wav", MANIFEST]
        assert json.loads(archive.read(MANIFEST))["title"] == "Speech"


def test_a_chapter_that_says_nothing_keeps_its_number(tmp_path: Path) -> None:
    marks = [
        ChapterMark("One", 0, RATE),
        ChapterMark("Two", RATE, 0),
        ChapterMark("Three", RATE, RATE),
    ]
    delivery = Delivery(format="flac", package="chapters", sample_rate=RATE, marks=marks)
    delivery.write(tmp_path / "a.zip", iter([noise(2 * RATE)]))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == ["01 One.flac", "03 Three.flac", MANIFEST]
