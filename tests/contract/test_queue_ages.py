"""How long the oldest message has waited, and what became of those that were taken."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from core.errors import Unavailable
from jobs.celery_queue import CeleryQueue, celery_app
from jobs.protocols import PLAN
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.keys import QUEUE_PREFIX, UNACKED, UNACKED_INDEX

NOW = 1_700_000_000.0


def test_the_oldest_message_has_an_age(redis_url: str) -> None:
    now = [NOW]
    queue = CeleryQueue(open_redis(redis_url), celery_app(redis_url), now=lambda: now[0])
    assert set(queue.ages(NOW).values()) == {0.0}
    queue.synthesize("a" * 32, 0, "bulk")
    now[0] += 5
    queue.synthesize("a" * 32, 1, "bulk")
    queue.plan("b" * 32)
    ages = queue.ages(NOW + 12.5)
    assert {name: age for name, age in ages.items() if age} == {"plan": 7.5, "bulk": 12.5}
    assert len(ages) == 6
    assert queue.ages(NOW - 1)["bulk"] == 0.0


def taken_by_nobody(queue: CeleryQueue, url: str, times: int = 1) -> None:
    """Takes messages as a worker does that dies at once."""
    app = celery_app(url)
    with app.connection_for_read() as connection:
        channel = connection.default_channel
        for name in ("plan", "bulk")[:times]:
            assert channel.basic_get(name) is not None
        channel.qos.restore_at_shutdown = False


def test_what_was_taken_and_not_ended_is_seen_and_given_back(redis_url: str) -> None:
    queue = CeleryQueue(open_redis(redis_url), celery_app(redis_url))
    queue.plan("a" * 32)
    queue.synthesize("b" * 32, 7, "bulk")
    taken_by_nobody(queue, redis_url, times=2)
    assert not any(queue.depths().values())
    assert queue.taken(time.time() - 60) == ()
    found = queue.taken(time.time() + 1)
    assert {(m.job_id[0], m.work) for m in found} == {("a", PLAN), ("b", "7")}
    queue.synthesize("c" * 32, 0, "bulk")
    assert all(queue.give_back(message) for message in found)
    assert not any(queue.give_back(message) for message in found)
    assert {name: n for name, n in queue.depths().items() if n} == {"plan": 1, "bulk": 2}
    taken_by_nobody(queue, redis_url, times=2)
    assert {m.job_id[0] for m in queue.taken(time.time() + 1)} == {"a", "b"}  # before what is newer


FOREIGN = [b"no JSON", b"\xff", b"[]", b"{}", b'{"headers": {}, "body": "bm8="}', b"null", b"7"]


@pytest.mark.parametrize("row", FOREIGN)
def test_a_message_that_nobody_of_ours_wrote_hurts_no_other(redis_url: str, row: bytes) -> None:
    client: Any = open_redis(redis_url)
    queue = CeleryQueue(client, celery_app(redis_url))
    queue.plan("a" * 32)
    client.rpush(f"{QUEUE_PREFIX}plan", row)
    client.hset(UNACKED, "foreign", row)
    client.zadd(UNACKED_INDEX, {"foreign": NOW})
    assert list(queue.waiting()) == [("a" * 32, PLAN)]
    assert queue.taken(NOW + 1) == ()
    assert queue.ages(time.time())["plan"] == 0.0
    assert queue.depths()["plan"] == 2


def test_a_channel_that_kombu_lost_is_the_queue_being_away(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis refuses what opens a channel (its memory is full), and kombu uses it all the same."""
    app = celery_app(redis_url)
    queue = CeleryQueue(open_redis(redis_url), app)

    def lost(*args: object, **options: object) -> None:
        raise AttributeError("'NoneType' object has no attribute 'client'")

    monkeypatch.setattr(app, "send_task", lost)
    with pytest.raises(Unavailable) as caught:
        queue.plan("a" * 32)
    assert caught.value.code == "queue_unavailable"


def test_many_parts_are_sent_as_celery_sends_one(redis_url: str) -> None:
    client = open_redis(redis_url)
    queue = CeleryQueue(client, celery_app(redis_url), now=lambda: 5.0)
    queue.synthesize("a" * 32, 0, "bulk", reason="device_failed")
    queue.synthesize_all("a" * 32, range(1, 1202), "bulk", reason="device_failed")
    rows: list[Any] = client.lrange(QUEUE_PREFIX + "bulk", 0, -1)
    first, *others = (json.loads(row) for row in reversed(rows))
    assert [message_of(one) for one in others] == [
        {**message_of(first), "args": [["a" * 32, part], {}]} for part in range(1, 1202)
    ]
    ids = {one["headers"]["id"] for one in others} | {
        one["properties"]["delivery_tag"] for one in others
    }
    assert len(ids) == 2 * 1201
    client.close()


def message_of(row: dict[str, Any]) -> dict[str, Any]:
    """What a message says, without the names that are its own."""
    headers, properties = dict(row["headers"]), dict(row["properties"])
    assert headers.pop("id") == headers.pop("root_id") == properties.pop("correlation_id")
    for name in ("origin", "argsrepr"):
        headers.pop(name)
    for name in ("delivery_tag", "reply_to"):
        properties.pop(name, None)
    *args, options = json.loads(base64.b64decode(row["body"]))
    fields = {key: row[key] for key in ("content-encoding", "content-type")}
    return {**fields, "args": args, "options": options, **headers, **properties}
