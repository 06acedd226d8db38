"""``rhapsode webhooks``: adds, lists, rotates and removes the operator's endpoints."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import msgspec
import rich_click as click
from rich.console import Console
from rich.table import Table

from cli.keys import service_redis
from core.units import utc, utc_or_none
from core.webhook import WEBHOOK_EVENTS, WebhookEvent, receiver_of
from jobs.redis_backend.webhooks import RedisWebhookEndpoints
from jobs.webhooks import WebhookEndpoint

DAY_HOURS = 24.0


@click.group()
@click.option(
    "--data",
    default="var",
    show_default=True,
    envvar="RHAPSODE_DATA",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of `rhapsode up`; read where REDIS_URL is not set.",
)
@click.pass_context
def webhooks(context: click.Context, data: Path) -> None:
    """Add, list, rotate and remove receivers that are told when jobs end.

    \b
    rhapsode webhooks add https://reader.example/hooks --event job.failed --event job.partial
    rhapsode webhooks rotate 0f3a9c5e7b21 --keep-hours 24
    rhapsode webhooks remove 0f3a9c5e7b21
    """
    context.obj = data


@webhooks.command()
@click.argument("url")
@click.option(
    "--event",
    "events",
    multiple=True,
    type=click.Choice(WEBHOOK_EVENTS),
    help="An end that is sent (repeatable); by default all.",
)
@click.option("--key", "owner", metavar="ID", help="Only of jobs of this API key.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def add(data: Path, /, url: str, events: tuple[str, ...], owner: str | None, as_json: bool) -> None:
    """Send the ends of jobs to URL, and print the secret that signs them."""
    wanted = cast("tuple[WebhookEvent, ...]", events) or WEBHOOK_EVENTS
    with open_endpoints(data) as store:
        endpoint, secret = store.add(url, time.time(), events=wanted, owner=owner)
    if as_json:
        click.echo(json.dumps(endpoint_fields(endpoint) | {"secret": secret}, indent=2))
        return
    click.echo(secret)
    click.echo(f"endpoint {endpoint.id}; the secret is shown this once", err=True)


@webhooks.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(data: Path, /, as_json: bool) -> None:
    """List the endpoints; neither secrets nor paths, which may hold some."""
    with open_endpoints(data) as store:
        found = store.all()
    if as_json:
        click.echo(json.dumps([endpoint_fields(one) for one in found], indent=2))
        return
    table = Table("id", "receiver", "made", "events", "key", "state", box=None)
    for one in found:
        made = datetime.fromtimestamp(one.created_at, UTC).strftime("%Y-%m-%d")
        state = "active" if one.disabled_at is None else f"off: {one.disabled_reason}"
        events = "all" if set(one.events) == set(WEBHOOK_EVENTS) else ", ".join(one.events)
        table.add_row(one.id, receiver_of(one.url), made, events, one.owner or "any", state)
    Console().print(table)


@webhooks.command()
@click.argument("id_", metavar="ID")
@click.option(
    "--keep-hours",
    type=click.FloatRange(0),
    default=DAY_HOURS,
    show_default=True,
    help="How long the old secret signs, too.",
)
@click.pass_obj
def rotate(data: Path, /, id_: str, keep_hours: float) -> None:
    """Give the endpoint ID a new secret and print it; the old one signs for a while, too."""
    with open_endpoints(data) as store:
        click.echo(store.rotate(id_, time.time(), keep_hours * 3600))


@webhooks.command()
@click.argument("id_", metavar="ID")
@click.pass_obj
def enable(data: Path, /, id_: str) -> None:
    """Send to the endpoint ID again; one that answers 410 is switched off."""
    with open_endpoints(data) as store:
        store.enable(id_)
    click.echo(f"enabled {id_}")


@webhooks.command()
@click.argument("id_", metavar="ID")
@click.pass_obj
def disable(data: Path, /, id_: str) -> None:
    """Send nothing to the endpoint ID; what is on its way is given up."""
    with open_endpoints(data) as store:
        store.disable(id_, time.time(), "by the operator")
    click.echo(f"disabled {id_}")


@webhooks.command()
@click.argument("id_", metavar="ID")
@click.pass_obj
def remove(data: Path, /, id_: str) -> None:
    """Remove the endpoint ID with its secrets; what is on its way is given up."""
    with open_endpoints(data) as store:
        store.remove(id_)
    click.echo(f"removed {id_}")


@contextmanager
def open_endpoints(data: Path) -> Iterator[RedisWebhookEndpoints]:
    """Yields the endpoints of the service, see ``cli.keys.service_redis``."""
    with service_redis(data) as client:
        yield RedisWebhookEndpoints(client)


def endpoint_fields(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """Returns what may be shown of an endpoint."""
    return {
        "id": endpoint.id,
        "receiver": receiver_of(endpoint.url),
        "events": list(endpoint.events),
        "key": endpoint.owner,
        "created_at": msgspec.to_builtins(utc(endpoint.created_at)),
        "disabled_at": msgspec.to_builtins(utc_or_none(endpoint.disabled_at)),
        "disabled_reason": endpoint.disabled_reason,
        "secrets": len(endpoint.secrets),
    }
