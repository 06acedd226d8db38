"""Settings that the API and all workers share: they must be equal in every process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from core.addresses import IpNetwork, parse_networks
from core.duration import DEFAULT_LIMITS, DurationLimits
from jobs.storage.open import StorageSettings

MISSED_BEATS = 3
"""After so many missed beats a worker counts as dead."""


@dataclass(frozen=True, kw_only=True)
class ServiceSettings(StorageSettings):
    """The settings of the whole service: where jobs are kept, when a worker counts as dead."""

    redis_url: str = field(default="redis://127.0.0.1:6379/0", metadata={"variable": "REDIS_URL"})
    """REDIS_URL: broker and job store."""
    beat_seconds: Annotated[float, Meta(gt=0)] = 5.0
    """RHAPSODE_BEAT_SECONDS: how often a worker says that it lives [s]; dead after three misses."""

    traces: str | None = None
    """RHAPSODE_TRACES: OTLP collector that is sent the traces of jobs, ``http://host:4318``; none =
    no tracing. Needs the extra ``tracing``."""

    max_pause_seconds: Annotated[float, Meta(gt=0)] = DEFAULT_LIMITS.pause
    """RHAPSODE_MAX_PAUSE_SECONDS: longest pause of a text, breaks in a row added up [s]; a longer
    one is answered 422."""
    max_silence_seconds: Annotated[float, Meta(gt=0)] = DEFAULT_LIMITS.silence
    """RHAPSODE_MAX_SILENCE_SECONDS: all pauses of a text together [s]; more is answered 422."""
    max_audio_seconds: Annotated[float, Meta(gt=0)] = DEFAULT_LIMITS.audio
    """RHAPSODE_MAX_AUDIO_SECONDS: estimated audio of a job [s]; more is answered 422."""

    webhook_networks: tuple[str, ...] = ()
    """RHAPSODE_WEBHOOK_NETWORKS: networks, separated by commas (``10.1.0.0/16``), to which webhooks
    are sent beside the internet, and the only ones that may be reached without TLS."""

    def __post_init__(self) -> None:
        """Raises FieldError where a network is none, as the process starts."""
        _ = self.allowed_networks

    @property
    def allowed_networks(self) -> tuple[IpNetwork, ...]:
        """The networks of ``webhook_networks``. Raises FieldError: one is none."""
        return parse_networks(self.webhook_networks, "RHAPSODE_WEBHOOK_NETWORKS")

    @property
    def duration_limits(self) -> DurationLimits:
        """The limits of how long the audio of a job may be."""
        return DurationLimits(
            pause=self.max_pause_seconds,
            silence=self.max_silence_seconds,
            audio=self.max_audio_seconds,
        )

    @property
    def alive_seconds(self) -> float:
        """How long a worker may be silent before it counts as dead [s]."""
        return MISSED_BEATS * self.beat_seconds
