"""``rhapsode keys``: adds, lists and revokes the API keys of a service."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import redis
import rich_click as click
from rich.console import Console
from rich.table import Table

from cli.request import data_option
from core.units import utc_or_none
from jobs.protocols import ApiKey, KeyLimits
from jobs.redis_backend.api_keys import RedisApiKeys
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.server import EmbeddedRedis, running_redis


@click.group()
@data_option
@click.pass_context
def keys(context: click.Context, data: Path) -> None:
    """Add, list and revoke API keys; a service with RHAPSODE_REQUIRE_KEYS=true asks for them.

    \b
    rhapsode keys add "Reading room" --requests-per-minute 120 --open-jobs 50
    rhapsode keys list
    rhapsode keys revoke 0f3a9c5e7b21
    """
    context.obj = data


@keys.command()
@click.argument("name")
@click.option("--requests-per-minute", type=click.FloatRange(0.01, 1e6), help="Rate.")
@click.option(
    "--burst",
    type=click.IntRange(1, 1_000_000),
    default=KeyLimits().burst,
    show_default=True,
    help="Requests that may come at once after a rest.",
)
@click.option(
    "--characters", type=click.IntRange(1, 1_000_000_000), help="Longest text of one request."
)
@click.option(
    "--open-jobs", type=click.IntRange(1, 1_000_000_000), help="Jobs that have not ended."
)
@click.option("--admin", is_flag=True, help="Sees and cancels the jobs of all keys.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def add(data: Path, /, name: str, admin: bool, as_json: bool, **limits: Any) -> None:
    """Make a key for NAME and print it, once: only its digest is kept."""
    with open_key_store(data) as store:
        key, token = store.add(name, time.time(), limits=KeyLimits(**limits), admin=admin)
    if as_json:
        click.echo(json.dumps(public_fields(key) | {"key": token}, indent=2))
        return
    click.echo(token)
    click.echo(f"key {key.id} of {name}; it is shown this once", err=True)


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def list_(data: Path, /, as_json: bool) -> None:
    """List all keys, revoked ones too; never their secrets."""
    with open_key_store(data) as store:
        found = store.all()
    if as_json:
        click.echo(json.dumps([public_fields(key) for key in found], indent=2))
        return
    table = Table("id", "name", "made", "limits", "state", box=None)
    for key in found:
        state = "active" if key.disabled_at is None else f"revoked {_day(key.disabled_at)}"
        kind = f"{state}, admin" if key.admin else state
        table.add_row(key.id, key.name, _day(key.created_at), _limits(key.limits), kind)
    Console().print(table)


@keys.command()
@click.argument("id_", metavar="ID")
@click.pass_obj
def revoke(data: Path, /, id_: str) -> None:
    """Refuse the key ID from now on; jobs made with it go on."""
    with open_key_store(data) as store:
        key = store.revoke(id_, time.time())
    click.echo(f"revoked {key.id} of {key.name}")


@contextmanager
def open_key_store(data: Path) -> Iterator[RedisApiKeys]:
    """Yields the keys of the service, see ``service_redis``."""
    with service_redis(data) as client:
        yield RedisApiKeys(client)


@contextmanager
def service_redis(data: Path) -> Iterator[redis.Redis]:
    """Yields REDIS_URL, or the Redis of ``rhapsode up``, whether it runs or not."""
    folder = data / "redis"
    url = os.environ.get("REDIS_URL") or running_redis(folder)
    if url:
        yield open_redis(url)
        return
    with EmbeddedRedis(folder) as server:
        yield open_redis(server.url)


def public_fields(key: ApiKey) -> dict[str, Any]:
    """Returns the fields of a key without the digest of its secret and the schema of its row."""
    fields: dict[str, Any] = msgspec.to_builtins(key)
    for name in ("created_at", "disabled_at"):
        fields[name] = msgspec.to_builtins(utc_or_none(fields[name]))
    del fields["digest"], fields["schema"]
    return fields


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _limits(limits: KeyLimits) -> str:
    words = [f"burst {limits.burst}"] if limits.requests_per_minute else []
    for name, unit in (
        ("requests_per_minute", "a minute"),
        ("characters", "characters"),
        ("open_jobs", "open jobs"),
    ):
        value = getattr(limits, name)
        if value is not None:
            words.append(f"{value:g} {unit}")
    return ", ".join(words) or "none"
