"""AAC frames in MP4 with chapter marks and tags, written front to back: the file of an audiobook.

Frames go to the disk as they come; the index (``moov``) is written behind them, because it lists
every frame's size. Chapters are written twice, as a QuickTime text track (Apple) and as Nero's
``chpl`` box (others; no more than 255 there), both at exact samples: the time scale of the movie
and of both tracks is the sample rate. An edit list skips the encoder's priming and ends with the
last sample, so that a player's time is ours.

Source: ISO/IEC 14496-12 (boxes, §8.6.6 edit list, §10.1 roll groups), 14496-14 (``esds``), 14496-3
§1.6.2.1 (AudioSpecificConfig); Apple, QuickTime File Format, "Chapter Lists", text media. ``chpl``
is Nero's and has no specification: FFmpeg libavformat/movenc.c mov_write_chpl_tag says what is
read.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from audio.aac.tables import FRAME, SAMPLING_FREQUENCIES
from audio.containers.boxes import box, full_box, u16, u32, u64
from audio.containers.itunes import metadata_box
from audio.tags import ChapterMark, Tags, iso639_2

CHUNK_FRAMES = 32
"""Frames that share one offset in the index: about a second, as players read ahead anyway."""
NERO_CHAPTERS = 255
"""More do not fit ``chpl``, whose count is a byte."""
NERO_TICKS = 10_000_000
"""Ticks per second of ``chpl``."""
MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
"""Unity: pictures are not turned. Source: ISO/IEC 14496-12 §8.2.2."""
ENABLED, IN_MOVIE, IN_PREVIEW = 1, 2, 4
"""Flags of a track. A chapter track is not enabled, or players would show its text."""
AAC_LC = 2
"""Audio object type. Source: ISO/IEC 14496-3 table 1.17."""
AUDIO_SPECIFIC_CONFIG, DECODER_CONFIG, ES, SL_CONFIG = 5, 4, 3, 6
"""Tags of descriptors. Source: ISO/IEC 14496-1 table 1."""
UTF_8_TEXT = box("encd", u32(0x100))
"""Follows a text sample: its encoding is UTF-8. Source: QuickTime File Format, text sample data."""


class Mp4File:
    """An open file of one AAC track.

    Memory is bounded but for the index, 4 bytes a frame: 0.3 MB an hour at 22 050 Hz.

    Args:
        path: replaced if it exists.
        sample_rate: [Hz], one of SAMPLING_FREQUENCIES.
        channels: 1 or 2.
        priming: samples that the encoder puts before the first one.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path, sample_rate: int, *, channels: int, priming: int) -> None:
        self._rate, self._channels, self._priming = sample_rate, channels, priming
        self._sizes = array("I")
        self._file = path.open("wb")
        self._file.write(box("ftyp", b"M4B ", u32(0x200), b"M4B M4A mp42isom"))
        self._media_box = self._file.tell()
        self._file.write(u32(1) + b"mdat" + u64(0))  # 1: the size follows, in 64 bits
        self._media = self._file.tell()

    def write_frame(self, frame: bytes) -> None:
        """Appends a frame without any header of its own. Raises OSError."""
        self._sizes.append(len(frame))
        self._file.write(frame)

    def close(self, samples: int, marks: Sequence[ChapterMark], tags: Tags | None) -> None:
        """Writes chapters, index and tags.

        Args:
            samples: length of the audio without priming; the last frame's filling is cut off.
            marks: chapters, each with samples; empty = none.
            tags: of the file; None = none.

        Raises:
            OSError: the disk refuses.
        """
        with self._file:
            chapters_at = self._file.tell()
            titles = [_text_sample(mark.title) for mark in marks]
            self._file.write(b"".join(titles))
            end = self._file.tell()
            self._file.write(self._index(samples, marks, titles, chapters_at, tags))
            self._file.seek(self._media_box + 8)
            self._file.write(u64(end - self._media_box))

    def discard(self) -> None:
        """Closes a file that is not to be finished. Raises OSError."""
        self._file.close()

    def _index(
        self,
        samples: int,
        marks: Sequence[ChapterMark],
        titles: Sequence[bytes],
        chapters_at: int,
        tags: Tags | None,
    ) -> bytes:
        language = iso639_2(tags.language if tags else "")
        tracks = [self._audio_track(samples, language, refers=bool(marks))]
        if marks:
            tracks.append(self._chapter_track(samples, marks, titles, chapters_at, language))
        user_data = [self._nero_chapters(marks)] if marks else []
        if tags is not None:
            user_data.append(metadata_box(tags))
        header = full_box(
            "mvhd",
            u64(0, 0) + u32(self._rate) + u64(samples),  # created, modified: not known
            u32(0x10000) + u16(0x100) + bytes(10),  # rate 1.0, volume 1.0
            MATRIX + bytes(24) + u32(len(tracks) + 1),
            version=1,
        )
        return box("moov", header, *tracks, box("udta", *user_data) if user_data else b"")

    def _audio_track(self, samples: int, language: str, *, refers: bool) -> bytes:
        edit = full_box("elst", u32(1), u64(samples, self._priming), u16(1, 0), version=1)
        table = box(
            "stbl",
            full_box("stsd", u32(1), self._sample_entry(samples)),
            self._frame_durations(samples),
            _chunk_lengths(len(self._sizes)),
            full_box("stsz", u32(0, len(self._sizes)), _big_endian(self._sizes)),
            self._chunk_offsets(),
            # Decoding is right one frame after any entry: players that seek read one more before.
            full_box("sgpd", b"roll", u32(2, 1), (-1).to_bytes(2, "big", signed=True), version=1),
            full_box("sbgp", b"roll", u32(1, len(self._sizes), 1)),
        )
        length = self._priming + samples
        return box(
            "trak",
            _track_header(1, samples, flags=ENABLED | IN_MOVIE | IN_PREVIEW, volume=0x100),
            box("edts", edit),
            box("tref", box("chap", u32(2))) if refers else b"",
            box(
                "mdia",
                _media_header(self._rate, length, language),
                _handler("soun", "SoundHandler"),
                box("minf", full_box("smhd", bytes(4)), _data_here(), table),
            ),
        )

    def _frame_durations(self, samples: int) -> bytes:
        """All frames last 1024 samples but the last, which ends with the audio."""
        frames = len(self._sizes)
        rest = self._priming + samples - FRAME * (frames - 1)
        runs = [(frames - 1, FRAME), (1, rest)] if frames > 1 else [(frames, rest)]
        return full_box("stts", u32(len(runs)), *(u32(*run) for run in runs))

    def _chunk_offsets(self) -> bytes:
        sizes = np.frombuffer(self._sizes, np.uint32).astype(np.int64)
        starts = self._media + np.concatenate([[0], np.cumsum(sizes)[:-1]])[::CHUNK_FRAMES]
        starts = starts[: -(-len(sizes) // CHUNK_FRAMES)]
        wide = bool(len(starts)) and int(starts[-1]) >= 2**32
        return full_box(
            "co64" if wide else "stco",
            u32(len(starts)),
            starts.astype(">u8" if wide else ">u4").tobytes(),
        )

    def _sample_entry(self, samples: int) -> bytes:
        data = sum(self._sizes)
        average = round(8 * data * self._rate / max(1, samples))
        peak = 8 * max(self._sizes, default=0) * self._rate // FRAME
        config = _descriptor(
            AUDIO_SPECIFIC_CONFIG, audio_specific_config(self._rate, self._channels)
        )
        # 0x40 = ISO/IEC 14496-3 audio; 0x15 = audio stream, from the server.
        decoder = bytes([0x40, 0x15]) + max(self._sizes, default=0).to_bytes(3, "big")
        decoder = _descriptor(DECODER_CONFIG, decoder + u32(peak, average) + config)
        stream = _descriptor(ES, u16(0) + bytes(1) + decoder + _descriptor(SL_CONFIG, b"\x02"))
        return box(
            "mp4a",
            bytes(6) + u16(1),  # the first data reference
            bytes(8) + u16(self._channels, 16) + bytes(4) + u16(self._rate, 0),
            full_box("esds", stream),
        )

    def _chapter_track(
        self,
        samples: int,
        marks: Sequence[ChapterMark],
        titles: Sequence[bytes],
        at: int,
        language: str,
    ) -> bytes:
        durations = [u32(1, mark.samples) for mark in marks]
        sizes = [len(title) for title in titles]
        table = box(
            "stbl",
            full_box("stsd", u32(1), _text_entry()),
            full_box("stts", u32(len(durations)), *durations),
            full_box("stsc", u32(1, 1, len(titles), 1)),
            full_box("stsz", u32(0, len(sizes)), u32(*sizes)),
            full_box("co64", u32(1), u64(at)),
        )
        general = box(
            "gmhd",
            full_box("gmin", u16(0x40, 0x8000, 0x8000, 0x8000, 0, 0)),  # copy, in grey, centred
            box("text", MATRIX),
        )
        return box(
            "trak",
            _track_header(2, samples, flags=IN_MOVIE | IN_PREVIEW, volume=0),
            box(
                "mdia",
                _media_header(self._rate, samples, language),
                _handler("text", "SubtitleHandler"),
                box("minf", general, _data_here(), table),
            ),
        )

    def _nero_chapters(self, marks: Sequence[ChapterMark]) -> bytes:
        listed = marks[:NERO_CHAPTERS]
        entries = list[bytes]()
        for mark in listed:
            title = _shortened(mark.title, 255)
            start = mark.start * NERO_TICKS // self._rate
            entries.append(u64(start) + bytes([len(title)]) + title)
        return full_box("chpl", bytes(4) + bytes([len(listed)]), *entries, version=1)


def audio_specific_config(sample_rate: int, channels: int) -> bytes:
    """Returns AudioSpecificConfig of AAC-LC in frames of 1024: type, frequency index, channels.

    >>> audio_specific_config(22050, 1).hex()
    '1388'
    """
    index = SAMPLING_FREQUENCIES.index(sample_rate)
    return u16(AAC_LC << 11 | index << 7 | channels << 3)


def _chunk_lengths(frames: int) -> bytes:
    """All chunks hold CHUNK_FRAMES but the last."""
    whole, rest = divmod(frames, CHUNK_FRAMES)
    runs = [(1, CHUNK_FRAMES, 1)] if whole else []
    if rest:
        runs.append((whole + 1, rest, 1))
    return full_box("stsc", u32(len(runs)), *(u32(*run) for run in runs))


def _big_endian(numbers: array[int]) -> bytes:
    return np.frombuffer(numbers, np.uint32).astype(">u4").tobytes()


def _descriptor(tag: int, content: bytes) -> bytes:
    """Source: ISO/IEC 14496-1 §8.3.3: a size in bytes of seven bits; ours need one."""
    assert len(content) < 128
    return bytes([tag, len(content)]) + content


def _track_header(number: int, duration: int, *, flags: int, volume: int) -> bytes:
    return full_box(
        "tkhd",
        u64(0, 0) + u32(number, 0) + u64(duration),
        bytes(8) + u16(0, 0, volume, 0) + MATRIX + u32(0, 0),
        version=1,
        flags=flags,
    )


def _media_header(scale: int, duration: int, language: str) -> bytes:
    """The language is three letters of five bits. Source: ISO/IEC 14496-12 §8.4.2.3."""
    first, second, third = (ord(letter) - 0x60 for letter in language)
    packed = first << 10 | second << 5 | third
    return full_box("mdhd", u64(0, 0) + u32(scale) + u64(duration) + u16(packed, 0), version=1)


def _handler(kind: str, name: str) -> bytes:
    return full_box("hdlr", bytes(4) + kind.encode() + bytes(12) + name.encode() + b"\x00")


def _data_here() -> bytes:
    """The media lie in this file (flag 1)."""
    return box("dinf", full_box("dref", u32(1), full_box("url ", flags=1)))


def _text_sample(title: str) -> bytes:
    text = _shortened(title, 2**16 - 1)
    return u16(len(text)) + text + UTF_8_TEXT


def _text_entry() -> bytes:
    """Display flags, justification, colours, box, style, font: all zero, nothing is drawn."""
    return box("text", bytes(6) + u16(1), bytes(43) + bytes(1))


def _shortened(text: str, limit: int) -> bytes:
    """Returns text in UTF-8, cut between characters where it has more bytes than the limit."""
    return text.encode()[:limit].decode(errors="ignore").encode()
