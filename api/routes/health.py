"""Liveness and real readiness."""

from __future__ import annotations

from typing import Any

import msgspec
from anyio import to_thread
from litestar import Response, get, head
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from api.backends import Backends
from core.errors import Unavailable

WITHOUT_KEY: list[dict[str, list[str]]] = [{}]
"""No key is asked for: probes and Prometheus have none."""


class Health(msgspec.Struct, frozen=True):
    """The state of a process that answers."""

    status: str = "alive"


class Readiness(msgspec.Struct, frozen=True):
    """The answer to whether a request that is accepted now would be spoken."""

    ready: bool
    missing: tuple[str, ...]
    """What is not there: redis, planner, planning (planners live, and all their threads wait for a
    store), synthesizer, models, voices."""
    planners: int = 0
    synthesizers: int = 0
    """With models loaded."""
    loaded: tuple[str, ...] = ()
    """Components in memory somewhere."""
    failures: tuple[str, ...] = ()
    """Why no synthesizer can load its models; empty while one has them or still tries."""


@get("/healthz", sync_to_thread=False, security=WITHOUT_KEY, tags=["health"])
def healthz() -> Health:
    """Answers that the process lives; nothing else is looked at."""
    return Health()


@head("/healthz", sync_to_thread=False, security=WITHOUT_KEY, tags=["health"])
def healthz_head() -> None:
    """Answers the same without a body."""


@get(
    "/readyz",
    security=WITHOUT_KEY,
    responses={
        503: ResponseSpec(Readiness, description="Not ready", generate_examples=False),
    },
    tags=["health"],
)
async def readyz(backends: NamedDependency[Backends]) -> Response[Readiness]:
    """Answers whether Redis, a planner and a synthesizer with loaded models are there."""
    return _answer(await to_thread.run_sync(readiness, backends))


@head(
    "/readyz",
    security=WITHOUT_KEY,
    responses={503: ResponseSpec(None, description="Not ready")},
    tags=["health"],
)
async def readyz_head(backends: NamedDependency[Backends]) -> Response[None]:
    """Answers the same without a body."""
    whole = _answer(await to_thread.run_sync(readiness, backends))
    return Response(None, status_code=whole.status_code, headers=whole.headers)


def _answer(found: Readiness) -> Response[Readiness]:
    headers = {} if found.ready else {"Retry-After": "2"}
    return Response(found, status_code=200 if found.ready else 503, headers=headers)


def readiness(backends: Backends) -> Readiness:
    """Returns what is there and what is missing."""
    missing = [] if backends.catalogue.voices else ["voices"]
    try:
        backends.store.records.ping()
        beats = backends.store.workers.alive(backends.now())
    except Unavailable:
        return Readiness(False, (*missing, "redis"))
    living = [beat for beat in beats if beat.role == "planner"]
    planners = sum(beat.ready for beat in living)
    speakers = [beat for beat in beats if beat.role == "synthesizer"]
    loaded = [beat for beat in speakers if beat.ready]
    if not planners:
        missing.append("planning" if living else "planner")
    if not loaded:
        missing.append("models" if speakers else "synthesizer")
    names = tuple(sorted({name for beat in loaded for name in beat.loaded}))
    reasons = {beat.failure for beat in speakers}
    failures = () if None in reasons else tuple(sorted(str(reason) for reason in reasons))
    return Readiness(not missing, tuple(missing), planners, len(loaded), names, failures)


ROUTES: list[Any] = [healthz, healthz_head, readyz, readyz_head]
