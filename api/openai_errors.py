"""Errors in the shape that clients of OpenAI's API read, for the routes below ``/v1``.

Source: openai/openai-openapi, openapi.yaml, ``Error`` and ``ErrorResponse``: all four keys always.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import msgspec
from litestar.openapi.datastructures import ResponseSpec

PREFIX: Final = "/v1/"
FIELDS: Final = {"text": "input", "format": "response_format", "Content-Type": None, "body": None}
"""Field of a request of ours → of theirs, where they differ."""
STATUSES: Final = {422: 400, 409: 504, 410: 500}
"""Our status → theirs: what is refused is a bad request, and what has no audio yet is too late."""
TYPES: Final = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
ALWAYS: Final = (400, 401, 403, 404, 408, 413, 415, 429, 500, 503, 504)


class OpenAIError(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    """The field of the request."""
    code: str | None


class OpenAIErrorBody(msgspec.Struct, frozen=True):
    """The body of an answer that is an error."""

    error: OpenAIError


def is_openai_path(path: str) -> bool:
    """Returns whether clients of OpenAI's API ask for a path.

    >>> is_openai_path("/v1/audio/speech"), is_openai_path("/jobs")
    (True, False)
    """
    return path.startswith(PREFIX)


def openai_error(status: int, code: str, message: str, field: str | None) -> tuple[int, bytes]:
    """Returns status and body that tell of a problem.

    Args:
        status: of the problem document.
        code: its code.
        message: its detail.
        field: the first field that it names.
    """
    status = 500 if code == "no_audio" else STATUSES.get(status, status)
    kind = TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    error = OpenAIError(
        message=message,
        type=kind,
        param=FIELDS.get(field, field) if field else None,
        code="invalid_api_key" if status == 401 else code,
    )
    return status, msgspec.json.encode(OpenAIErrorBody(error))


def openai_responses(*codes: int) -> dict[int, ResponseSpec]:
    """Returns the errors of a route, for the OpenAPI document."""
    return {
        code: ResponseSpec(
            OpenAIErrorBody, description=HTTPStatus(code).phrase, generate_examples=False
        )
        for code in codes or ALWAYS
    }
