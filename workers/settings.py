"""Settings of worker processes and of in-process speaking, read from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

import msgspec
from msgspec import Meta

from core.environment import read_settings

SHIPPED_VOICES = Path(__file__).resolve().parent.parent / "voices"
"""The installed ``voices`` folder: it lies beside the room of the workers."""

Positive = Annotated[int, Meta(ge=1)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every field is read from ``RHAPSODE_<FIELD>``; the defaults speak on a bare machine."""

    data: Path = Path("var")
    """RHAPSODE_DATA: folder of everything that is written (artifacts, audio, Redis)."""
    artifacts: Path | None = None
    """RHAPSODE_ARTIFACTS: exported networks; default ``<data>/artifacts``."""
    voices: tuple[Path, ...] = ()
    """RHAPSODE_VOICES: more folders of voices, separated like PATH; later ones win."""
    device: Annotated[str, Meta(pattern=r"^(cpu|cuda(:\d+)?)$")] = "cpu"
    """RHAPSODE_DEVICE: cpu, cuda or cuda:N."""
    threads: Annotated[int, Meta(ge=0)] = 0
    """RHAPSODE_THREADS: compute threads of a network; 0 leaves it to the runtime."""
    acoustic_budget: Positive | None = None
    """RHAPSODE_ACOUSTIC_BUDGET: symbols (B × L) of an acoustic batch; None = by device."""
    vocoder_budget: Positive | None = None
    """RHAPSODE_VOCODER_BUDGET: frames (B × T) of a vocoder batch; None = by device."""

    @property
    def artifacts_folder(self) -> Path:
        """Where exported networks are kept."""
        return self.data / "artifacts" if self.artifacts is None else self.artifacts

    @property
    def voice_folders(self) -> tuple[Path, ...]:
        """The shipped voices, then those of RHAPSODE_VOICES."""
        return (SHIPPED_VOICES, *self.voices)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Reads and checks the variables; empty ones count as unset.

        Args:
            environment: variables; None = the process's.

        Raises:
            FieldError: a value is refused; the field is the variable's name.
        """
        return read_settings(cls, os.environ if environment is None else environment)
