"""Isolates the failing items of a batch by halving it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from core.errors import RhapsodeError, SynthesisError
from telemetry.logs import log_fields

T = TypeVar("T")
log = structlog.get_logger(__name__)


def bisect_failures(
    call: Callable[[Sequence[T]], None], items: Sequence[T]
) -> list[tuple[T, RhapsodeError]]:
    """Runs ``call`` on all items; on an error, on halves of them, down to single ones.

    Halving finds one bad item among n with 2 · log2(n) more calls, and also serves a device that
    lacks the memory for the whole batch. ``call`` must be repeatable.

    Args:
        call: stores its results itself; what it stored for a failed batch is overwritten.
        items: of one batch, at least one.

    Returns:
        The items that fail alone, with their errors, in order.
    """
    try:
        call(items)
        return []
    except Exception as error:  # the one place where a batch-mate's fault must not spread
        if len(items) == 1:
            return [(items[0], error_of(error))]
        log.warning("batch_failed", size=len(items), **log_fields(error))
    half = len(items) // 2
    return bisect_failures(call, items[:half]) + bisect_failures(call, items[half:])


def error_of(error: Exception) -> RhapsodeError:
    """Returns an error that may be told to others; an unexpected one is logged."""
    if isinstance(error, RhapsodeError):
        return error
    log.error("synthesis_fault", **log_fields(error))
    fault = SynthesisError("an internal error; the log tells more", code="internal")
    fault.__cause__ = error
    return fault
