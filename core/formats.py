"""Formats of audio files and the sample rates that they carry, without any audio library."""

from __future__ import annotations

from core.errors import FieldError
from core.request import SAMPLE_RATES, AudioFormat, FileFormat, StreamFormat

OPUS_SAMPLE_RATES = (8000, 12000, 16000, 24000, 48000)
"""Opus codes only these [Hz]. Source: RFC 6716 §2; 7845 §5.1."""

MEDIA_TYPES: dict[FileFormat, str] = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg; codecs=vorbis",
    "opus": "audio/ogg; codecs=opus",
    "mp3": "audio/mpeg",
    "m4b": "audio/mp4",
    "epub": "application/epub+zip",
}
"""Content types. Source: RFC 5334 (ogg), RFC 3003 (mp3), RFC 9639 (flac), RFC 4337 (mp4), IANA."""


MP3_BIT_RATES = {
    32000: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    16000: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    8000: (8, 16, 24, 32, 40, 48, 56, 64),
}
"""From a sample rate [Hz] on, bit rates [kbit/s]. Source: ISO/IEC 11172-3 table 3-B.2, 13818-3
§2.4.2.3 (layer III)."""
OPUS_BIT_RATES = (6_000, 256_000)
"""Least and greatest of a channel. Source: libsndfile 1.2 ogg_opus.c; RFC 6716 §2.1.1 has more."""
AAC_BIT_RATES = (8_000, 5.5)
"""Least, and greatest in bits per sample: a frame of 1024 has at most 6144.

Source: ISO/IEC 14496-3 §4.5.3.1."""

STREAM_MEDIA_TYPES: dict[StreamFormat, str] = {
    "wav": MEDIA_TYPES["wav"],
    "pcm": "audio/pcm",
    "mp3": MEDIA_TYPES["mp3"],
    "ogg": MEDIA_TYPES["ogg"],
    "opus": MEDIA_TYPES["opus"],
    "flac": MEDIA_TYPES["flac"],
    "aac": "audio/aac",
}
"""Content types of audio that is sent while it is made; pcm gets its ``rate``, too."""

ZIP = "application/zip"
"""Content type of a package of chapters."""


def audio_format(format: FileFormat) -> AudioFormat:
    """Returns the format of the audio in a file: that of an EPUB is AAC in MP4.

    >>> audio_format("epub"), audio_format("mp3")
    ('m4b', 'mp3')
    """
    return "m4b" if format == "epub" else format


def sample_rates(format: FileFormat) -> tuple[int, ...]:
    """Returns the sample rates that a format can carry [Hz], ascending.

    Raises:
        FieldError: no such format.
    """
    if format not in MEDIA_TYPES:
        raise FieldError("format", f"unknown format {format!r}", allowed=", ".join(MEDIA_TYPES))
    return OPUS_SAMPLE_RATES if format == "opus" else SAMPLE_RATES


def stream_sample_rates(format: StreamFormat) -> tuple[int, ...]:
    """Returns the sample rates that audio can be streamed at [Hz], ascending."""
    return OPUS_SAMPLE_RATES if format == "opus" else SAMPLE_RATES


def check_format(format: FileFormat, sample_rate: int) -> None:
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


def resolve_sample_rate(format: FileFormat, wanted: int | None, native: int) -> int:
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


def check_bit_rate(
    format: FileFormat, sample_rate: int, bit_rate: int | None, channels: int
) -> None:
    """Raises where a format cannot be written at a bit rate.

    Args:
        format: container and codec.
        sample_rate: of the file [Hz].
        bit_rate: bits per second; None = the format's own choice.
        channels: 1 or 2.

    Raises:
        FieldError: the format takes no bit rate, or not this one.

    >>> check_bit_rate("mp3", 44100, 192_000, 1)
    """
    if bit_rate is None:
        return
    if format == "mp3":
        steps = next(rates for rate, rates in MP3_BIT_RATES.items() if sample_rate >= rate)
        if bit_rate not in {1000 * step for step in steps}:
            allowed = ", ".join(f"{step}000" for step in steps)
            raise FieldError("bit_rate", f"mp3 has no {bit_rate} bit/s here", allowed=allowed)
        return
    if format == "opus":
        low, high = (channels * rate for rate in OPUS_BIT_RATES)
    elif format in ("m4b", "epub"):
        low, high = AAC_BIT_RATES[0], int(AAC_BIT_RATES[1] * sample_rate)
    else:
        raise FieldError("bit_rate", f"{format} takes no bit rate", allowed="mp3, opus, m4b, epub")
    if not low <= bit_rate <= high:
        message = f"{format} cannot be {bit_rate} bit/s here"
        raise FieldError("bit_rate", message, allowed=f"{low} to {high}")
