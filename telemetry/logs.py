"""Logs as one JSON object per line on stderr. They hold ids of jobs, never a text."""

from __future__ import annotations

import logging
import sys
import traceback

import structlog
from structlog.typing import EventDict, Processor


def configure_logs(process: str, level: int = logging.INFO) -> None:
    """Sends every logger of the process, structlog's and the standard library's, to stderr.

    Args:
        process: what the process is; it stands in every line.
        level: the least level that is written.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_process(process),
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
                _without_message,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("celery", "kombu", "uvicorn.access"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _add_process(process: str) -> Processor:
    """Returns a processor that adds the name of the process.

    A context variable would reach the thread that sets it alone, and most lines are others'.
    """

    def add(logger: object, method: str, event: EventDict) -> EventDict:
        return {"process": process, **event}

    return add


def _without_message(logger: object, method: str, event: EventDict) -> EventDict:
    """Takes the message off an exception that is handed to a logger, whoever hands it."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    return {**event, **log_fields(error)} if isinstance(error, BaseException) else event


def log_fields(error: BaseException) -> dict[str, object]:
    """Returns an unexpected exception's fields of a log line.

    Its message is left out: it may quote a client's text.

    >>> log_fields(ValueError("secret"))["error"]
    'ValueError'
    """
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return {
        "error": type(error).__name__,
        "at": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
