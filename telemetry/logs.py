"""Logs as one JSON object per line on stderr. Job ids are told, texts never are."""

from __future__ import annotations

import logging
import sys
import traceback

import structlog
from structlog.typing import EventDict, Processor


def configure_logs(process: str, level: int = logging.INFO) -> None:
    """Every logger of the process, structlog's and the standard library's, to stderr.

    Args:
        process: what the process is, told in every line.
        level: least level.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _names(process),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _told_only,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("celery", "kombu", "uvicorn.access"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _names(process: str) -> Processor:
    """A context variable would do in the thread that sets it alone, and most lines are others'."""

    def name(logger: object, method: str, event: EventDict) -> EventDict:
        return {"process": process, **event}

    return name


def _told_only(logger: object, method: str, event: EventDict) -> EventDict:
    """An exception that is handed to a logger loses its message, whoever hands it."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    return {**event, **told(error)} if isinstance(error, BaseException) else event


def told(error: BaseException) -> dict[str, object]:
    """An unexpected exception for a log line, without its message: that may quote a client's text.

    >>> told(ValueError("secret"))["error"]
    'ValueError'
    """
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return {
        "error": type(error).__name__,
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
