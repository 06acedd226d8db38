"""Plans long sources in a process of their own, which can be ended and yields to other work.

In a thread of the planner a long text would hold Python's lock for seconds, and so delay the
sentences of everybody else; and no thread can be ended when its job is cancelled.

``python -m workers.tasks.plan_process`` reads a ``PlanRequest`` from standard input and writes a
``PlanResponse`` to standard output, both msgpack.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import Final

import msgspec

from core.child_process import die_with_parent, lower_session_priority
from core.duration import DurationLimits
from core.errors import RhapsodeError, SynthesisError
from core.request import Source
from core.text import Pauses
from synthesis.planning import PlannedSource, plan_source
from telemetry.logs import configure_logs
from text.frontend import open_frontend

MAX_PROCESSES: Final = 2
"""Processes at once; each takes about 100 MB and 200 more for a million characters."""
CHECK_SECONDS: Final = 1.0
"""How often the caller is asked whether to go on [s]."""
NICE: Final = 10
"""A sentence that is planned beside a long text gets nine tenths of a core, see sched(7)."""

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

    planned: PlannedSource | None = None
    code: str = ""
    message: str = ""


def plan_in_process(request: PlanRequest, renew: Callable[[], None]) -> PlanResponse:
    """Plans in a process of its own, and waits for one of them to be free before.

    Args:
        request: what to plan.
        renew: called about every second; what it raises ends the process and is passed on.

    Raises:
        SynthesisError: the process ended without an answer (code ``planning_ended``).
    """
    while not _free.acquire(timeout=CHECK_SECONDS):
        renew()
    try:
        return _run(request, renew)
    finally:
        _free.release()


def _run(request: PlanRequest, renew: Callable[[], None]) -> PlanResponse:
    with tempfile.TemporaryFile() as question, tempfile.TemporaryFile() as answer:
        question.write(msgspec.msgpack.encode(request))
        question.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-m", "workers.tasks.plan_process"],
            stdin=question,
            stdout=answer,
            start_new_session=True,
        )
        try:
            while _runs(process):
                renew()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        answer.seek(0)
        if process.returncode != 0:
            message = f"the process that planned the text ended with {process.returncode}"
            raise SynthesisError(message, code="planning_ended")
        return msgspec.msgpack.decode(answer.read(), type=PlanResponse)


def _runs(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(CHECK_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return False


def main() -> None:
    """Answers one request."""
    die_with_parent()
    lower_session_priority(NICE)
    configure_logs("plan_process")
    request = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=PlanRequest)
    try:
        planned = plan_source(
            request.source,
            open_frontend(request.symbols, request.language),
            pauses=request.pauses,
            speed=request.speed,
            limits=request.limits,
            any_language=request.any_language,
        )
        response = PlanResponse(planned)
    except RhapsodeError as error:
        response = PlanResponse(code=error.code, message=error.message)
    sys.stdout.buffer.write(msgspec.msgpack.encode(response))


if __name__ == "__main__":
    main()
