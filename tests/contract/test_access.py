"""API keys on a real Redis: what is kept, who is let in, how often."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import LimitReached, NotFound, Unauthenticated, Unavailable
from jobs.protocols import KeyLimits as Limits
from jobs.redis_backend.api_keys import RedisApiKeys
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.keys import rate_key


@pytest.fixture
def keys(redis_url: str) -> RedisApiKeys:
    return RedisApiKeys(open_redis(redis_url))


def test_a_token_is_known_and_its_secret_kept_nowhere(keys: RedisApiKeys, redis_url: str) -> None:
    key, token = keys.add("reader", 5.0, limits=Limits(open_jobs=2))
    assert keys.check(token) == key
    assert (key.name, key.created_at, key.admin, key.limits.open_jobs) == ("reader", 5.0, False, 2)
    secret = token.split("_", 2)[2]
    assert len(secret) == 43  # 256 bits in base64
    client = open_redis(redis_url)
    for name in client.scan_iter("*"):
        dumped = client.dump(name)
        assert dumped is not None
        assert secret.encode() not in dumped
    client.close()


def test_tokens_differ(keys: RedisApiKeys) -> None:
    tokens = {keys.add("twin", 5.0)[1] for _ in range(20)}
    assert len(tokens) == 20
    assert all(re.fullmatch(r"rk_[0-9a-f]{12}_[\w-]{43}", token) for token in tokens)


def test_nothing_else_is_let_in(keys: RedisApiKeys) -> None:
    one, other = keys.add("one", 5.0)[1], keys.add("other", 5.0)[1]
    crossed = one[:15] + other[15:]
    flipped = one[:-1] + ("A" if one[-1] != "A" else "B")
    for token in ("", "rk_", crossed, flipped, one + " ", one[:-1], f"rk_{'0' * 12}_{'a' * 43}"):
        with pytest.raises(Unauthenticated) as caught:
            keys.check(token)
        assert caught.value.code == "invalid_key"


def test_a_revoked_key_is_refused_and_remembered(keys: RedisApiKeys) -> None:
    key, token = keys.add("gone", 5.0)
    stays = keys.add("stays", 6.0)[1]
    assert keys.revoke(key.id, 7.0).disabled_at == 7.0
    assert keys.revoke(key.id, 8.0).disabled_at == 7.0
    with pytest.raises(Unauthenticated):
        keys.check(token)
    keys.check(stays)
    assert [k.name for k in keys.all()] == ["gone", "stays"]
    with pytest.raises(NotFound):
        keys.revoke("0" * 12, 9.0)


def test_a_burst_is_let_in_and_then_the_rate(keys: RedisApiKeys, redis_url: str) -> None:
    key, _ = keys.add("busy", 5.0, limits=Limits(requests_per_minute=1, burst=3))
    for _ in range(3):
        keys.admit(key)
    waits = []
    for _ in range(2):
        with pytest.raises(LimitReached) as caught:
            keys.admit(key)
        assert caught.value.code == "rate_limited"
        waits.append(caught.value.wait_seconds)
    assert 50 < waits[1] <= waits[0] <= 60  # what is refused does not count
    client = open_redis(redis_url)
    state = rate_key(key.id)
    due = int(client.get(state) or 0)
    assert 0 < client.pttl(state) <= 180_000  # a key at rest leaves nothing behind
    client.set(state, due - 60_000_000)  # as if a minute had gone by
    keys.admit(key)
    with pytest.raises(LimitReached):
        keys.admit(key)
    client.close()


def test_a_key_without_a_rate_is_not_counted(keys: RedisApiKeys, redis_url: str) -> None:
    key, _ = keys.add("free", 5.0)
    keys.admit(key)
    client = open_redis(redis_url)
    assert client.keys(rate_key("*")) == []
    client.close()


def test_keys_are_apart(keys: RedisApiKeys) -> None:
    limits = Limits(requests_per_minute=1, burst=1)
    for name in ("a", "b"):
        keys.admit(keys.add(name, 5.0, limits=limits)[0])


def test_redis_away_is_unavailable(closed_port: int) -> None:
    with pytest.raises(Unavailable):
        RedisApiKeys(open_redis(f"redis://127.0.0.1:{closed_port}/0")).check(
            f"rk_{'0' * 12}_{'a' * 43}"
        )


def test_a_burst_is_counted_exactly_by_many_at_once(keys: RedisApiKeys, redis_url: str) -> None:
    key, _ = keys.add("crowd", 5.0, limits=Limits(requests_per_minute=1, burst=7))
    others = [RedisApiKeys(open_redis(redis_url)) for _ in range(4)]

    def let_in(number: int) -> bool:
        try:
            others[number % 4].admit(key)
        except LimitReached:
            return False
        return True

    with ThreadPoolExecutor(16) as crowd:
        assert sum(crowd.map(let_in, range(100))) == 7
