"""Settings of speaking, whichever process speaks: a synthesizer, or ``rhapsode say`` itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from core.settings import CommonSettings


@dataclass(frozen=True, kw_only=True)
class SynthesisSettings(CommonSettings):
    """Where the exported networks are and what computes them; the defaults need no variable."""

    artifacts: Path | None = None
    """RHAPSODE_ARTIFACTS: exported networks; default ``<data>/artifacts``."""
    device: Annotated[str, Meta(pattern=r"^(cpu|cuda(:\d+)?)$")] = "cpu"
    """RHAPSODE_DEVICE: cpu, cuda or cuda:N."""
    threads: Annotated[int, Meta(ge=0)] = 0
    """RHAPSODE_THREADS: batches computed at once on a CPU; 0 = one per core."""
    cuda_graphs: bool = False
    """RHAPSODE_CUDA_GRAPHS: on a GPU, full windows of vocoders are captured in CUDA graphs."""

    @property
    def artifacts_folder(self) -> Path:
        """The folder of exported networks."""
        return self.data / "artifacts" if self.artifacts is None else self.artifacts
