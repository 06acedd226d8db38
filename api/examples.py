"""Answers as the OpenAPI document shows them: a sentence, from its acceptance to its end."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from api.problems import FieldProblem, Problem, new_problem
from api.views import JobList, job_view
from core.record import JobProgress, JobRecord
from core.report import StageSeconds, SynthesisReport
from core.request import Controls, Source
from core.text import Notice

_ACCEPTED: Final = 1769860800.25
_QUEUED: Final = JobRecord(
    id="019c13ad60fa7b6e9a5c0f1e2d3c4b5a",
    state="queued",
    request=Controls(
        voice="clara", acoustic="fastspeech2", vocoder="vocos", sample_rate=22050, format="flac"
    ),
    source=Source(text="Hello, world.").facts,
    created_at=_ACCEPTED,
)
_SUCCEEDED: Final = msgspec.structs.replace(
    _QUEUED,
    state="succeeded",
    started_at=_ACCEPTED + 0.021,
    finished_at=_ACCEPTED + 0.152,
    progress=JobProgress(parts_total=1, parts_done=1, share=1.0),
    report=SynthesisReport(
        audio_seconds=1.07,
        compute_seconds=0.051,
        rtf=0.0477,
        stage_seconds=StageSeconds(text=0.001, acoustic=0.026, vocoder=0.024),
        queue_seconds=0.021,
        batch_fill=1.0,
        utterances=1,
        sample_rate=22050,
        samples=23594,
        artifacts={"fastspeech2-six": "5f2c0a…", "vocos-duo": "91d07e…"},
        file_sha256="0c9e44…",
        warnings=(Notice("guessed_word", "'Rhapsode' is guessed"),),
        warning_counts={"guessed_word": 1},
    ),
)
_PROBLEMS: Final = {
    400: ("invalid_json", "the body is no JSON"),
    401: ("unauthenticated", "an API key is needed"),
    403: ("admin_only", "an admin's key is needed"),
    404: ("job_not_found", "no such job"),
    408: ("upload_timeout", "the body took too long to arrive"),
    409: ("audio_not_ready", "the job is running"),
    410: ("audio_damaged", "the file is not what was written"),
    413: ("body_too_large", "request entity too large"),
    415: ("unsupported_media_type", "a body needs a Content-Type"),
    416: ("range_not_satisfiable", "the file has 47232 bytes"),
    422: ("invalid_field", "speed: must be at least 0.25"),
    429: ("rate_limited", "60 requests a minute are allowed"),
    503: ("redis_unavailable", "Redis does not answer"),
}
_REFUSED_FIELD: Final = FieldProblem("speed", "must be at least 0.25", "0.25 to 4")


def example_of(schema: str, status: int) -> Any:
    """Returns an example of an answer as JSON's types; None where there is none.

    Args:
        schema: name of the component that describes it.
        status: HTTP status code.

    >>> example_of("JobView", 202)["state"], example_of("Problem", 404)["code"]
    ('queued', 'job_not_found')
    """
    if schema == "JobView":
        return msgspec.to_builtins(job_view(_QUEUED if status == 202 else _SUCCEEDED))
    if schema == "JobList":
        return msgspec.to_builtins(JobList((job_view(_SUCCEEDED),), cursor=None))
    if schema == "Problem" and status in _PROBLEMS:
        return msgspec.to_builtins(_problem(status))
    return None


def _problem(status: int) -> Problem:
    code, detail = _PROBLEMS[status]
    return new_problem(status, code, detail, (_REFUSED_FIELD,) if status == 422 else ())
