"""Settings of worker processes, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from jobs.settings import ServiceSettings
from synthesis.settings import SynthesisSettings

Positive = Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, kw_only=True)
class WorkerSettings(ServiceSettings, SynthesisSettings):
    """The settings of planner and synthesizer, beside those of the service and of synthesis."""

    parts_at_once: Positive = 32
    """RHAPSODE_PARTS_AT_ONCE: parts a synthesizer holds; the widest batch can have no more."""
    flush_seconds: Annotated[float, Meta(ge=0, le=1)] = 0.004
    """RHAPSODE_FLUSH_SECONDS: how long an idle device waits for more parts [s]."""
    symbols_at_once: Positive | None = None
    """RHAPSODE_SYMBOLS_AT_ONCE: symbols synthesized before the next batch is chosen; an interactive
    part waits for about two of these. None = by device: 640 (two parts, seconds of work) on a CPU,
    65536 on a GPU."""
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
    share_parts: bool = False
    """RHAPSODE_SHARE_PARTS: true lets a job reuse parts that another API key's job made. A key can
    then find out, by ``reused_seconds``, whether others had the same sentence spoken."""
    attempts: Positive = 5
    """RHAPSODE_ATTEMPTS: how many workers may die of a piece of work before it fails. A part counts
    only where it was being spoken, and from its second try on it is spoken alone. A job also fails
    when stored parts of it came back damaged so often."""
    unavailable_seconds: Annotated[float, Meta(gt=0)] = 3600.0
    """RHAPSODE_UNAVAILABLE_SECONDS: a job fails when the store of audio (a full disk), or a stored
    row that cannot be read, has kept a piece of its work from being done for so long [s]. Until
    then it is tried again, at most a minute apart. While Redis is away nothing fails."""
    webhook_seconds: Annotated[float, Meta(gt=0, le=60)] = 20.0
    """RHAPSODE_WEBHOOK_SECONDS: an attempt at a webhook that takes longer has failed [s]."""
    webhook_delays: tuple[Annotated[float, Meta(ge=0)], ...] = (
        5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0,
    )  # fmt: skip
    """RHAPSODE_WEBHOOK_DELAYS: before the second attempt at a webhook, the third … [s], separated
    by commas, each up to a fifth longer; after the last one it is given up."""
    metrics_port: Annotated[int, Meta(ge=0, le=65535)] = 0
    """RHAPSODE_METRICS_PORT: where the worker serves its own Prometheus metrics and its probes,
    /livez and /readyz; 0 = nowhere."""

    @property
    def symbols_per_batch(self) -> int:
        """``symbols_at_once``, or what suits the device."""
        return self.symbols_at_once or (640 if self.device == "cpu" else 65536)
