"""Formats of audio files and the sample rates that they carry, without any audio library."""

from __future__ import annotations

from core.errors import FieldError
from core.request import SAMPLE_RATES, AudioFormat

OPUS_SAMPLE_RATES = (8000, 12000, 16000, 24000, 48000)
"""Opus codes only these [Hz]. Source: RFC 6716 §2; 7845 §5.1."""

MEDIA_TYPES: dict[AudioFormat, str] = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg; codecs=vorbis",
    "opus": "audio/ogg; codecs=opus",
    "mp3": "audio/mpeg",
    "m4b": "audio/mp4",
}
"""Content types. Source: RFC 5334 (ogg), RFC 3003 (mp3), RFC 9639 (flac), RFC 4337 (mp4), IANA."""


ZIP = "application/zip"
"""Content type of a package of chapters."""


def sample_rates(format: AudioFormat) -> tuple[int, ...]:
    """Returns the sample rates that a format can carry [Hz], ascending.

    Raises:
        FieldError: no such format.
    """
    if format not in MEDIA_TYPES:
        raise FieldError("format", f"unknown format {format!r}", allowed=", ".join(MEDIA_TYPES))
    return OPUS_SAMPLE_RATES if format == "opus" else SAMPLE_RATES


def check_format(format: AudioFormat, sample_rate: int) -> None:
    """Raises where no encoder writes a format at a sample rate.

    Args:
        format: container and codec.
        sample_rate: of the file [Hz].

    Raises:
        FieldError: the format does not exist or cannot carry this sample rate.

    >>> check_format("wav", 22050)
    """
    allowed = sample_rates(format)
    if sample_rate not in allowed:
        raise FieldError(
            "sample_rate",
            f"{format} cannot carry {sample_rate} Hz",
            allowed=", ".join(map(str, allowed)),
            code="invalid_sample_rate",
        )


def resolve_sample_rate(format: AudioFormat, wanted: int | None, native: int) -> int:
    """Returns the file's sample rate [Hz]: the wanted one, else the voice's or the next above it.

    Args:
        format: container and codec.
        wanted: what the request says, None = nothing.
        native: the voice's own [Hz].

    Raises:
        FieldError: the format does not exist or cannot carry the wanted rate.

    >>> resolve_sample_rate("opus", None, 22050)
    24000
    """
    allowed = sample_rates(format)
    if wanted is not None:
        check_format(format, wanted)
        return wanted
    return next((rate for rate in allowed if rate >= native), allowed[-1])
