"""Errors as RFC 9457 problem documents: one mapping for everything that is raised."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec

from api.browsers import Forbidden
from api.metrics import count_refused
from api.openai_errors import is_openai_path, openai_error
from core.errors import (
    Conflict,
    FieldError,
    InputError,
    LimitReached,
    NotFound,
    RhapsodeError,
    Unauthenticated,
    Unavailable,
)
from telemetry.logs import log_fields

MEDIA_TYPE: Final = "application/problem+json"
RETRY_SECONDS: Final = "2"
"""Sent with 503: a restarted Redis or worker is back within seconds."""
OVERLOAD_SECONDS: Final = "10"
"""Jobs have to end before there is room."""
REFUSED: Final = (400, 401, 403, 408, 413, 415, 422, 429, 503)
"""Counted as refused; looks at jobs that are not there, or not ready, are no refusals."""
ALWAYS: Final = (400, 401, 403, 429, 503)
"""Any route may answer so: a parameter that cannot be read, no key, another site, too often, Redis
away."""

log = structlog.get_logger(__name__)


class FieldProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error in one field."""

    field: str
    """Dotted path, as the client wrote it; ``body`` for the whole."""
    message: str
    allowed: str | None = None
    """The allowed values or range, in words."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem document (RFC 9457)."""

    type: str
    """``urn:rhapsode:problem:`` and the code."""
    title: str
    status: int
    detail: str
    code: str
    """Stable, snake case."""
    errors: tuple[FieldProblem, ...] = ()


class BodyError(InputError):
    """Raised for the body as a whole, or for several of its fields.

    Args:
        status: HTTP status code.
        errors: per field.
    """

    def __init__(
        self, message: str, *, code: str, status: int = 422, errors: tuple[FieldProblem, ...] = ()
    ) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.errors = errors


class RangeError(RhapsodeError):
    """Raised where no byte of the wanted range exists.

    Args:
        size: of the file, in bytes.
    """

    code = "range_not_satisfiable"

    def __init__(self, size: int) -> None:
        super().__init__(f"the file has {size} bytes")
        self.size = size


class ProblemError(RhapsodeError):
    """Raised for a problem that another process of the API has found.

    Args:
        problem: the document.
        headers: of the response.
    """

    def __init__(self, problem: Problem, headers: dict[str, str]) -> None:
        super().__init__(problem.detail, code=problem.code)
        self.problem = problem
        self.headers = headers


class AudioNotReady(Conflict):
    """Raised for audio of a job that has not ended."""

    code = "audio_not_ready"


class AudioDamaged(NotFound):
    """Raised for a finished file that is no longer what was written."""

    code = "audio_damaged"


def problem_of(error: Exception) -> tuple[Problem, dict[str, str]]:
    """Returns the document and the headers for an exception.

    One that is not expected reveals nothing.
    """
    headers: dict[str, str] = {}
    match error:
        case ProblemError():
            return error.problem, error.headers
        case BodyError():
            return new_problem(error.status, error.code, error.message, error.errors), headers
        case FieldError():
            field = FieldProblem(error.field, error.message, error.allowed)
            return new_problem(422, error.code, error.message, (field,)), headers
        case InputError():
            return new_problem(422, error.code, error.message), headers
        case Unauthenticated():
            # RFC 6750 §3.1: only who showed something learns of the error.
            why = ', error="invalid_token"' if error.code == "invalid_key" else ""
            headers["WWW-Authenticate"] = f'Bearer realm="rhapsode"{why}'
            return new_problem(401, error.code, error.message), headers
        case LimitReached():
            headers["Retry-After"] = str(max(1, math.ceil(error.wait_seconds)))
            return new_problem(429, error.code, error.message), headers
        case AudioDamaged():
            return new_problem(410, error.code, error.message), headers
        case Forbidden():
            return new_problem(403, error.code, error.message), headers
        case NotFound():
            return new_problem(404, error.code, error.message), headers
        case RangeError():
            headers["Content-Range"] = f"bytes */{error.size}"
            return new_problem(416, error.code, error.message), headers
        case Conflict():
            if isinstance(error, AudioNotReady):
                headers["Retry-After"] = "1"
            # The same key for another payload is a matter of content, not of state.
            status = 422 if error.code == "idempotency_mismatch" else 409
            return new_problem(status, error.code, error.message), headers
        case Unavailable():
            overloaded = error.code == "overloaded"
            headers["Retry-After"] = OVERLOAD_SECONDS if overloaded else RETRY_SECONDS
            return new_problem(503, error.code, error.message), headers
        case HTTPException():
            return _of_framework(error)
        case _:
            return new_problem(500, "internal", "an internal error; the log tells more"), headers


def _of_framework(error: HTTPException) -> tuple[Problem, dict[str, str]]:
    headers = dict(error.headers or {})
    headers.pop("content-type", None)
    if isinstance(error, ValidationException):
        extra: Any = error.extra if isinstance(error.extra, list) else []
        if any(e.get("key") == "data" for e in extra):  # Litestar reads no empty body
            whole = (FieldProblem("body", "the body is empty"),)
            return new_problem(400, "empty_body", "the body is empty", whole), headers
        errors = tuple(FieldProblem(str(e.get("key")), str(e.get("message"))) for e in extra)
        message = "a parameter is refused"
        return new_problem(error.status_code, "invalid_parameter", message, errors), headers
    name = HTTPStatus(error.status_code).phrase
    code = {413: "body_too_large"}.get(error.status_code, name.lower().replace(" ", "_"))
    errors = (FieldProblem("body", "too large"),) if error.status_code == 413 else ()
    return new_problem(error.status_code, code, name.lower(), errors), headers


def new_problem(
    status: int, code: str, detail: str, errors: tuple[FieldProblem, ...] = ()
) -> Problem:
    """Returns a problem document; its type and title follow from code and status."""
    return Problem(
        type=f"urn:rhapsode:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        errors=errors,
    )


def problem_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Returns the response to an exception: the only handler of the application."""
    problem, headers = problem_of(error)
    if problem.status in REFUSED:
        count_refused(problem.code)
    if problem.status >= 500:
        place = request.scope.get("path_template", "")
        log.error(
            "problem", status=problem.status, code=problem.code, route=place, **log_fields(error)
        )
    if is_openai_path(str(request.scope["path"])):
        field = problem.errors[0].field if problem.errors else None
        status, body = openai_error(problem.status, problem.code, problem.detail, field)
        return Response(body, status_code=status, media_type=MediaType.JSON, headers=headers)
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


def json_response(content: bytes) -> Response[Any]:
    """Returns the response whose body another process has written as JSON."""
    return Response(content, media_type=MediaType.JSON)


def problem_responses(*codes: int) -> dict[int, ResponseSpec]:
    """Returns the problems of a route beside ``ALWAYS``, for the OpenAPI document."""
    return {
        code: ResponseSpec(
            Problem,
            media_type=MEDIA_TYPE,
            description=HTTPStatus(code).phrase,
            generate_examples=False,
        )
        for code in sorted({*codes, *ALWAYS})
    }
