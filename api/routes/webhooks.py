"""``/jobs/{id}/deliveries``: what webhooks were sent of a job's end, and sent again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, PathParameter

from api.backends import Backends
from api.problems import problem_responses
from api.routes.jobs import known_id
from core.units import utc, utc_or_none
from core.webhook import WebhookEvent
from jobs.webhooks import DeliveryState, DeliveryStatus

DeliveryName = Annotated[str, PathParameter(pattern=r"^msg_[0-9a-f]{32}$")]


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery of a webhook. Times are RFC 3339, in UTC."""

    id: str
    """The header ``webhook-id``, the same in all attempts."""
    type: WebhookEvent
    receiver: str
    """Scheme, host and port: a path may hold a secret."""
    endpoint: str | None
    """Id of the operator's endpoint; null: the request named the receiver."""
    state: DeliveryState
    attempts: int
    created_at: datetime
    attempted_at: datetime | None
    """The last attempt."""
    due_at: datetime | None
    """When it is tried next."""
    delivered_at: datetime | None
    status: int | None
    """HTTP status code of the last answer."""
    error: str | None
    """Code of what the last attempt failed of."""


class DeliveryList(msgspec.Struct, frozen=True):
    """The deliveries of a job, the oldest first; those that are settled for a week."""

    deliveries: tuple[DeliveryView, ...]


def delivery_view(status: DeliveryStatus) -> DeliveryView:
    """Returns a delivery as a client sees it: neither secrets nor the receiver's path."""
    delivery = status.delivery
    return DeliveryView(
        id=delivery.id,
        type=delivery.event,
        receiver=delivery.receiver,
        endpoint=delivery.endpoint,
        state=status.state,
        attempts=status.attempts,
        created_at=utc(delivery.created_at),
        attempted_at=utc_or_none(status.attempted_at),
        due_at=utc_or_none(status.due_at),
        delivered_at=utc_or_none(status.delivered_at),
        status=status.status,
        error=status.error,
    )


@get("/jobs/{job_id:str}/deliveries", responses=problem_responses(404, 503), tags=["webhooks"])
async def list_deliveries(
    job_id: FromPath[str], backends: NamedDependency[Backends]
) -> DeliveryList:
    """Lists the webhooks of a job: how far each is, and what its last attempt failed of."""
    known_id(job_id)
    await to_thread.run_sync(backends.store.records.get, job_id)
    found = await to_thread.run_sync(backends.deliveries.of_job, job_id)
    return DeliveryList(tuple(map(delivery_view, found)))


@post(
    "/jobs/{job_id:str}/deliveries/{delivery_id:str}/replay",
    status_code=202,
    responses=problem_responses(404, 409, 503),
    tags=["webhooks"],
)
async def replay_delivery(
    job_id: FromPath[str], delivery_id: DeliveryName, backends: NamedDependency[Backends]
) -> Response[DeliveryView]:
    """Sends a webhook again, with the same id, whatever became of it."""
    replay, now = backends.deliveries.replay, backends.now()
    status = await to_thread.run_sync(replay, known_id(job_id), delivery_id, now)
    headers = {"Location": f"/jobs/{job_id}/deliveries"}
    return Response(delivery_view(status), headers=headers)


ROUTES: list[Any] = [list_deliveries, replay_delivery]
