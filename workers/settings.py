"""Settings of worker processes and of in-process speaking, read from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from msgspec import Meta

from core.environment import read_settings
from jobs.storage.open import StorageSettings

SHIPPED_VOICES = Path(__file__).resolve().parent.parent / "voices"
"""The installed ``voices`` folder: it lies beside the room of the workers."""

Positive = Annotated[int, Meta(ge=1)]


class Settings(StorageSettings, frozen=True, kw_only=True):
    """Every field is read from ``RHAPSODE_<FIELD>``; the defaults speak on a bare machine."""

    artifacts: Path | None = None
    """RHAPSODE_ARTIFACTS: exported networks; default ``<data>/artifacts``."""
    voices: tuple[Path, ...] = ()
    """RHAPSODE_VOICES: more folders of voices, separated like PATH; later ones win."""
    shipped_voices: bool = True
    """RHAPSODE_SHIPPED_VOICES: false leaves only the voices of RHAPSODE_VOICES."""
    device: Annotated[str, Meta(pattern=r"^(cpu|cuda(:\d+)?)$")] = "cpu"
    """RHAPSODE_DEVICE: cpu, cuda or cuda:N."""
    threads: Annotated[int, Meta(ge=0)] = 0
    """RHAPSODE_THREADS: batches computed at once on a CPU; 0 = one per core."""

    redis_url: str = "redis://127.0.0.1:6379/0"
    """REDIS_URL: broker and job store."""
    parts_at_once: Positive = 32
    """RHAPSODE_PARTS_AT_ONCE: parts a synthesizer holds; the widest batch can have no more."""
    flush_seconds: Annotated[float, Meta(ge=0, le=1)] = 0.004
    """RHAPSODE_FLUSH_SECONDS: how long an idle device waits for more parts [s]."""
    symbols_at_once: Positive | None = None
    """RHAPSODE_SYMBOLS_AT_ONCE: symbols spoken before the next look at what waits; an interactive
    part waits for about two of these. None = by device: 640 (two parts, seconds of work) on a CPU,
    65536 on a GPU."""
    beat_seconds: Annotated[float, Meta(gt=0)] = 5.0
    """RHAPSODE_BEAT_SECONDS: how often a worker says that it lives [s]; dead after three misses."""
    stale_seconds: Annotated[float, Meta(gt=0)] = 600.0
    """RHAPSODE_STALE_SECONDS: work of a job that nobody touched for so long is sent again [s]."""
    hang_seconds: Annotated[float, Meta(gt=0)] = 600.0
    """RHAPSODE_HANG_SECONDS: a device that is in one batch for longer hangs: the worker stops
    beating, its liveness probe fails, and a minute later it ends [s]. A part takes seconds; the
    first use of a network that is not exported yet may take minutes."""
    retention_seconds: Annotated[float, Meta(gt=0)] = 7 * 24 * 3600.0
    """RHAPSODE_RETENTION_SECONDS: ended jobs and their audio are deleted after this [s]."""
    reuse_seconds: Annotated[float, Meta(ge=3600)] = 24 * 3600.0
    """RHAPSODE_REUSE_SECONDS: what a part sounds like is deleted when no job used it for so long
    [s]. Until then the same part of any job costs nothing; a retried job needs it too."""
    attempts: Positive = 5
    """RHAPSODE_ATTEMPTS: how many workers may die of a piece of work before it fails. A part counts
    only where it was being spoken, and from its second try on it is spoken alone."""
    metrics_port: Annotated[int, Meta(ge=0, le=65535)] = 0
    """RHAPSODE_METRICS_PORT: where the worker serves its own Prometheus metrics and its probes,
    /livez and /readyz; 0 = nowhere."""

    @property
    def symbols_per_take(self) -> int:
        """``symbols_at_once``, or what suits the device."""
        return self.symbols_at_once or (640 if self.device == "cpu" else 65536)

    @property
    def artifacts_folder(self) -> Path:
        """Where exported networks are kept."""
        return self.data / "artifacts" if self.artifacts is None else self.artifacts

    @property
    def voice_folders(self) -> tuple[Path, ...]:
        """The shipped voices, then the imported ones, then those of RHAPSODE_VOICES."""
        own = (SHIPPED_VOICES, self.own_voices) if self.shipped_voices else ()
        return (*own, *self.voices)

    @property
    def own_voices(self) -> Path:
        """Where imported components are put."""
        return self.data / "voices"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Reads and checks the variables; empty ones count as unset.

        Args:
            environment: variables; None = the process's.

        Raises:
            FieldError: a value is refused; the field is the variable's name.
        """
        return read_settings(
            cls,
            os.environ if environment is None else environment,
            names={"redis_url": "REDIS_URL"},
        )
