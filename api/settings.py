"""Settings of the API process, read from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from msgspec import Meta

from core.environment import read_settings
from jobs.storage.open import StorageSettings

SHIPPED_VOICES = Path(__file__).resolve().parent.parent / "voices"


class Settings(StorageSettings, frozen=True, kw_only=True):
    """Every field is read from ``RHAPSODE_<FIELD>`` unless it says otherwise."""

    host: str = "127.0.0.1"
    """RHAPSODE_HOST: address to listen on."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    """RHAPSODE_PORT: port to listen on."""
    redis_url: str = "redis://127.0.0.1:6379/0"
    """REDIS_URL: broker and job store."""
    voices: tuple[Path, ...] = ()
    """RHAPSODE_VOICES: more folders of voices, separated like PATH; later ones win."""
    shipped_voices: bool = True
    """RHAPSODE_SHIPPED_VOICES: false leaves only the voices of RHAPSODE_VOICES."""
    max_body_bytes: Annotated[int, Meta(ge=1024)] = 4 * 1024 * 1024
    """RHAPSODE_MAX_BODY_BYTES: larger requests are answered 413; the longest text in UTF-8 fits."""
    max_wait_seconds: Annotated[float, Meta(gt=0)] = 60.0
    """RHAPSODE_MAX_WAIT_SECONDS: longest ``Prefer: wait`` that is kept [s]."""
    beat_seconds: Annotated[float, Meta(gt=0)] = 5.0
    """RHAPSODE_BEAT_SECONDS: as the workers have it; one is away after three missed beats [s]."""
    require_keys: bool = False
    """RHAPSODE_REQUIRE_KEYS: true answers 401 to who shows no API key (``rhapsode keys``)."""
    max_open_jobs: Annotated[int, Meta(ge=1)] = 100_000
    """RHAPSODE_MAX_OPEN_JOBS: with so many jobs that have not ended, new ones are answered 503."""
    link_seconds: Annotated[float, Meta(ge=1, le=604800)] = 3600.0
    """RHAPSODE_LINK_SECONDS: how long a link to audio on object storage is good [s]; S3 signs for a
    week at most."""
    metrics_folder: Path | None = None
    """PROMETHEUS_MULTIPROC_DIR: where API and workers of one machine share their metrics."""

    @property
    def voice_folders(self) -> tuple[Path, ...]:
        """As the workers have them: shipped, imported (``<data>/voices``), RHAPSODE_VOICES."""
        own = (SHIPPED_VOICES, self.data / "voices") if self.shipped_voices else ()
        return (*own, *self.voices)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Reads and checks the variables; empty ones count as unset.

        Raises:
            FieldError: a value is refused; the field is the variable's name.
        """
        return read_settings(
            cls,
            os.environ if environment is None else environment,
            names={"redis_url": "REDIS_URL", "metrics_folder": "PROMETHEUS_MULTIPROC_DIR"},
        )
