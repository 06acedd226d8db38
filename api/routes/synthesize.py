"""``POST /synthesize``: accept a job."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Response, post, put
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import Body, HeaderParameter, PathParameter

from api.admission import ApiClient
from api.backends import Backends, preferred_wait
from api.body import SynthesisBody
from api.problems import problem_responses
from api.reading import Reading
from api.request_trace import request_span
from api.routes.jobs import PreferHeader
from api.routes.lexicons import lexicons_of
from api.settings import ApiSettings
from api.validation import field_of
from api.views import JobView, job_view
from core.addresses import is_public, is_within, parse_address
from core.errors import FieldError, Unavailable
from core.record import TERMINAL, JobRecord
from core.request import Controls, Source, SynthesisRequest
from core.webhook import WebhookCallback, parse_receiver, secret_key
from jobs.ids import JOB_NAME, is_job_name, new_job_id
from jobs.protocols import Idempotency
from telemetry.metrics import count_submitted

KEY_PATTERN = r"^[\x21-\x7e]{1,255}\Z"
KEY_SCHEMA = {
    "description": "the same key again: the same job",
    "pattern": r"^[!-~]+$",
    "minLength": 1,
    "maxLength": 255,
}
"""For the description alone: the framework's refusal would not name the header as clients do."""
JobName = Annotated[
    str, PathParameter(pattern=JOB_NAME.pattern, description="chosen by the client")
]
EXAMPLES = [
    Example("A sentence", value={"text": "Hello there."}),
    Example("A batch", value={"inputs": [{"id": "a", "text": "One."}, {"text": "Two."}]}),
    Example("Markup", value={"ssml": "<speak>One.<break time='300ms'/>Two.</speak>", "speed": 1.2}),
]
RequestedSynthesis = Annotated[
    SynthesisRequest, Body(media_type=RequestEncodingType.JSON, examples=EXAMPLES)
]
ENDED = {200: ResponseSpec(JobView, description="The job has ended", generate_examples=False)}


@post(
    "/synthesize",
    status_code=202,
    dto=SynthesisBody,
    return_dto=None,
    summary="Accept a synthesis job",
    description="202 with the queued job, or, with `Prefer: wait=N`, 200 with the ended one.",
    responses={
        **ENDED,
        **problem_responses(400, 408, 413, 415, 422, 503),
    },
    tags=["jobs"],
)
async def synthesize(
    data: RequestedSynthesis,
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
    reading: NamedDependency[Reading],
    prefer: PreferHeader = None,
    idempotency_key: Annotated[
        str | None,
        HeaderParameter(name="Idempotency-Key", schema_extra=KEY_SCHEMA),
    ] = None,
) -> Response[JobView]:
    """Validates and stores a request, and queues its planning."""
    key = idempotency_of(idempotency_key, _digest_of(data))
    return await _accept(data, backends, client, reading, prefer, key)


@put(
    "/jobs/{job_id:str}",
    status_code=202,
    dto=SynthesisBody,
    return_dto=None,
    summary="Accept a synthesis job under a name of the client's",
    description=(
        "As `POST /synthesize`. The same name with the same body is the same job as long as it is "
        "kept, with another body 409. All routes of a job take the name instead of its id."
    ),
    responses={
        **ENDED,
        **problem_responses(400, 404, 408, 409, 413, 415, 422, 503),
    },
    tags=["jobs"],
)
async def put_job(
    job_id: JobName,
    data: RequestedSynthesis,
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
    reading: NamedDependency[Reading],
    prefer: PreferHeader = None,
) -> Response[JobView]:
    """Accepts a request under a name, once however often it comes."""
    if not is_job_name(job_id):
        message = "not a name of a job: ids of the service look like this"
        raise FieldError("job_id", message, allowed="a name, or a UUID with its dashes")
    key = Idempotency(job_id, _digest_of(data), names_job=True)
    return await _accept(data, backends, client, reading, prefer, key)


def _digest_of(data: SynthesisRequest) -> str:
    return hashlib.sha256(msgspec.json.encode(data)).hexdigest()


async def _accept(
    data: SynthesisRequest,
    backends: Backends,
    client: ApiClient,
    reading: Reading,
    prefer: str | None,
    key: Idempotency | None,
) -> Response[JobView]:
    check_callback(data.callback, backends.settings)
    client.check_size(len(data.source.text), field_of(data))
    controls = await reading.check_text(data, client.quota_key)
    lexicons = await to_thread.run_sync(lexicons_of, backends, client, data.lexicons)
    source = msgspec.structs.replace(data.source, lexicons=lexicons)
    create = partial(create_job, backends, client, controls, source, key, callback=data.callback)
    record = await to_thread.run_sync(create)
    headers = {"Location": f"/jobs/{record.name or record.id}"}
    if seconds := preferred_wait(prefer, backends.settings.max_wait_seconds):
        record = await backends.wait_until_ended(record.id, seconds)
        headers["Preference-Applied"] = f"wait={seconds:g}"
    ended = record.state in TERMINAL
    if not ended:
        headers["Retry-After"] = "1"
    return Response(job_view(record), status_code=200 if ended else 202, headers=headers)


def create_job(
    backends: Backends,
    client: ApiClient,
    request: Controls,
    source: Source,
    key: Idempotency | None,
    store_files: Callable[[str], None] = lambda job_id: None,
    callback: WebhookCallback | None = None,
) -> JobRecord:
    """Stores a job and has it planned; the job that the key names already is returned as it is.

    One that is not planned yet is sent on once more: the API that accepted it may have died before.

    Args:
        store_files: stores what else a new job needs, given its id.
        callback: who is told of its end.

    Raises:
        Conflict: the key names another payload.
        LimitReached: the client has too many open jobs.
        Unavailable: a store does not answer, or there are too many jobs; and there is no job.
    """
    now = backends.now()
    job_id = new_job_id(now)
    with request_span(backends.tracing, now, job_id) as span:
        fresh = JobRecord(
            id=job_id,
            state="queued",
            request=request,
            source=source.facts,
            created_at=now,
            owner=client.owner,
            streamed=request.stream,
            name=key.key if key is not None and key.names_job else None,
            traceparent=span.traceparent,
        )
        limits = client.open_job_limits(backends.settings)
        record = backends.store.records.create(fresh, source, key, limits, callback)
        if record.id != fresh.id:
            span.discard()
            if record.state == "queued" and not record.progress.parts_total:
                store_files(record.id)
                backends.queue.plan(record.id, long=record.source.is_long)
            return record
        _send_new(backends, record, store_files)
    count_submitted(record)
    return record


def _send_new(backends: Backends, record: JobRecord, store_files: Callable[[str], None]) -> None:
    """Has a new job planned. Raises Unavailable, and there is no job."""
    try:
        store_files(record.id)
        backends.queue.plan(record.id, long=record.source.is_long)
    except Unavailable:
        # Nobody would plan it soon: the client may try again.
        with contextlib.suppress(Unavailable):
            backends.store.records.forget(record.id)
        raise


def check_callback(callback: WebhookCallback | None, settings: ApiSettings) -> None:
    """Refuses a receiver that could never be told.

    What its name means is looked up, and checked again, when something is sent.

    Raises:
        FieldError: callbacks are off, or the address or the secret is none.
    """
    if callback is None:
        return
    if not settings.callbacks:
        message = "this service sends nothing to receivers that requests name"
        raise FieldError("callback", message, allowed="null", code="callbacks_off")
    secret_key(callback.secret, "callback.secret")
    receiver = parse_receiver(callback.url, "callback.url")
    address, networks = parse_address(receiver.host), settings.allowed_networks
    if address is not None and not is_within(address, networks) and not is_public(address):
        message = "this address is not one of the internet's"
        raise FieldError("callback.url", message, code="address_refused")
    if receiver.scheme == "http" and not networks:
        message = "nothing is sent without TLS"
        raise FieldError("callback.url", message, allowed="https", code="address_refused")


def idempotency_of(key: str | None, payload: str) -> Idempotency | None:
    """Returns a client's name for a request with that digest.

    Raises:
        FieldError: the header holds no key.
    """
    if key is None:
        return None
    if not re.match(KEY_PATTERN, key):
        raise FieldError(
            "Idempotency-Key", "not a key", allowed="1 to 255 visible ASCII characters"
        )
    return Idempotency(key, payload)


ROUTES: list[Any] = [synthesize, put_job]
