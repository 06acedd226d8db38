"""Plans long sources in a process of their own, which can be ended and yields to other work.

In a thread of the planner a long text would hold Python's lock for seconds, and so delay the
sentences of everybody else; and no thread can be ended when its job is cancelled.

A ``PlanRequest`` is answered with a ``PlanResponse``, see ``core.limited_process``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from core.child_process import die_with_parent
from core.duration import DurationLimits
from core.errors import RhapsodeError, SynthesisError
from core.limited_process import CHECK_SECONDS, LimitedProcess, ProcessEnded, serve
from core.part import JobPlan, Part
from core.request import Source
from core.text import Pauses
from synthesis.planning import plan_source
from telemetry.logs import configure_logs
from text.frontend import open_frontend

MAX_PROCESSES: Final = 2
"""Processes at once; each takes about 100 MB and 200 more for a million characters."""
MEMORY_BYTES: Final = 1536 * 2**20
"""What planning one text may take beside that: 200 MB for a million characters, and the longest
audio that is accepted by default has six."""
MAX_SECONDS: Final = 3600.0
"""Processor time of one plan: a minute or two for the longest text, and more where the machine is
slow [s]."""

_free = threading.BoundedSemaphore(MAX_PROCESSES)


class PlanRequest(msgspec.Struct, frozen=True):
    """What a process needs to plan a source."""

    source: Source
    symbols: str
    language: str
    pauses: Pauses
    speed: float
    limits: DurationLimits
    any_language: bool = False


class PlanResponse(msgspec.Struct, frozen=True):
    """A plan, or why there is none."""

    plan: JobPlan | None = None
    parts: tuple[bytes, ...] = ()
    """Encoded: decoded at once, those of a long text would hold Python's lock for half a second."""
    code: str = ""
    message: str = ""

    def decoded_parts(self) -> Iterator[Part]:
        """Yields the parts, one by one."""
        for part in self.parts:
            yield msgspec.msgpack.decode(part, type=Part)


def plan_in_process(
    request: PlanRequest, renew: Callable[[], None], *, memory_bytes: int = MEMORY_BYTES
) -> PlanResponse:
    """Plans in a process of its own, and waits for one of them to be free before.

    Args:
        request: what to plan.
        renew: called about every second; what it raises ends the process and is passed on.
        memory_bytes: what planning may take.

    Raises:
        SynthesisError: the process ended without an answer (code ``planning_ended``), or met a
            limit of memory or time (code ``planning_too_large``).
    """
    while not _free.acquire(timeout=CHECK_SECONDS):
        renew()
    try:
        process = LimitedProcess("workers.tasks.plan_process", memory_bytes=memory_bytes)
        try:
            message = msgspec.msgpack.encode(request)
            answer, _ = process.ask(message, seconds=MAX_SECONDS, renew=renew)
        finally:
            process.end()
    except ProcessEnded as error:
        code = "planning_ended" if error.reason == "died" else "planning_too_large"
        text = f"planning the text: {error.message}"
        raise SynthesisError(text, code=code) from error
    finally:
        _free.release()
    return msgspec.msgpack.decode(answer, type=PlanResponse)


def answer(message: bytes, _: bytes) -> tuple[bytes, bytes]:
    """Returns the response to a request, both msgpack."""
    request = msgspec.msgpack.decode(message, type=PlanRequest)
    try:
        planned = plan_source(
            request.source,
            open_frontend(request.symbols, request.language),
            pauses=request.pauses,
            speed=request.speed,
            limits=request.limits,
            any_language=request.any_language,
        )
        parts = tuple(msgspec.msgpack.encode(part) for part in planned.parts)
        response = PlanResponse(planned.plan, parts)
    except RhapsodeError as error:
        response = PlanResponse(code=error.code, message=error.message)
    return msgspec.msgpack.encode(response), b""


def main() -> None:
    """Answers one request."""
    die_with_parent()
    configure_logs("plan_process")
    serve(answer)


if __name__ == "__main__":
    main()
