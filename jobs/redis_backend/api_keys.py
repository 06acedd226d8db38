"""API keys in Redis: who may ask, and how much.

A token is ``rk_<id>_<secret>``; the id is public and finds the key, the secret is 256 random bits,
of which only the SHA-256 is kept. A slow, salted hash (Argon2, bcrypt) is for secrets that people
choose: it makes each guess dear because there are few to guess. Nobody guesses 2^256, salted or
not, and a slow hash would cost every request what it should cost an attacker. Source: NIST SP
800-63B §5.1.2.2 (look-up secrets of at least 112 bits need an approved hash and no salt).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Annotated, Final, Protocol, cast

import msgspec
from msgspec import Meta

from core.errors import LimitReached, NotFound, Unauthenticated
from jobs.redis_backend.client import open_redis, translated

KEYS: Final = "rhapsode:keys"
RATE: Final = "rhapsode:rate"
TOKEN: Final = re.compile(r"rk_(?P<id>[0-9a-f]{12})_(?P<secret>[0-9A-Za-z_-]{43})")
NOBODY: Final = hashlib.sha256(b"").hexdigest()
"""Compared where no key is found, so that an unknown id takes as long as a wrong secret."""

ADMIT = """
-- KEYS theoretical arrival time [µs] | ARGV microseconds between requests, burst
-- The generic cell rate algorithm (ITU-T I.371 annex A, virtual scheduling): a request conforms if
-- it comes no earlier than (burst - 1) intervals before its theoretical time. One number per key,
-- no drift; the clock is Redis' own, so that all API processes agree.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local early = due - now - ARGV[1] * (ARGV[2] - 1)
if early > 0 then return string.format('%.0f', math.ceil(early)) end
local following = due + ARGV[1]
local life = math.ceil((following - now) / 1000)
redis.call('SET', KEYS[1], string.format('%.0f', following), 'PX', string.format('%.0f', life))
return '0'
"""


class KeyLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a key may; None = as much as the service can."""

    requests_per_minute: Annotated[float, Meta(gt=0, le=1_000_000)] | None = None
    """Of all requests with the key, looks at jobs included."""
    burst: Annotated[int, Meta(ge=1, le=1_000_000)] = 20
    """Requests that may come at once after a rest."""
    characters: Annotated[int, Meta(ge=1)] | None = None
    """Longest text of one request, in code points."""
    open_jobs: Annotated[int, Meta(ge=1)] | None = None
    """Jobs that have not ended."""


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is kept. Times are Unix seconds."""

    id: str
    """12 hex digits; owner of the jobs that are made with it."""
    name: str
    """Whose it is, for people."""
    digest: str
    """SHA-256 of the secret, hex."""
    created_at: float
    disabled_at: float | None = None
    """Since when it is refused."""
    admin: bool = False
    """Sees and cancels the jobs of all keys."""
    limits: KeyLimits = KeyLimits()


class ApiKeyStore(Protocol):
    """What the API expects of the keys. Raises Unavailable throughout."""

    def check(self, token: str) -> ApiKey:
        """The key of a token. Raises Unauthenticated."""

    def admit(self, key: ApiKey) -> None:
        """Counts a request. Raises LimitReached."""


class RedisKeys:
    """See ``KeyBook``; and what the command line does with keys.

    Args:
        url: redis://host:port/db.
    """

    def __init__(self, url: str) -> None:
        self._redis = open_redis(url)
        self._admit = self._redis.register_script(ADMIT)

    def add(
        self, name: str, now: float, *, limits: KeyLimits | None = None, admin: bool = False
    ) -> tuple[ApiKey, str]:
        """A new key and its token, which is told this once and kept nowhere."""
        id_, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        key = ApiKey(
            id=id_,
            name=name,
            digest=_digest(secret),
            created_at=now,
            admin=admin,
            limits=limits or KeyLimits(),
        )
        self._write(key)
        return key, f"rk_{id_}_{secret}"

    def all(self) -> tuple[ApiKey, ...]:
        """Every key there ever was, the oldest first."""
        with translated():
            rows = cast("list[bytes]", self._redis.hvals(KEYS))
        keys = (msgspec.msgpack.decode(row, type=ApiKey) for row in rows)
        return tuple(sorted(keys, key=lambda key: (key.created_at, key.id)))

    def revoke(self, id_: str, now: float) -> ApiKey:
        """Refuses a key from now on; its jobs go on, and admin keys still see them.

        Raises:
            NotFound: no such key.
        """
        key = self._find(id_)
        if key is None:
            raise NotFound(f"no key {id_}", code="key_not_found")
        if key.disabled_at is None:
            key = msgspec.structs.replace(key, disabled_at=now)
            self._write(key)
        return key

    def check(self, token: str) -> ApiKey:
        """See ApiKeyStore."""
        found = TOKEN.fullmatch(token)
        key = self._find(found["id"]) if found else None
        wanted = key.digest if key else NOBODY
        given = _digest(found["secret"] if found else token)
        if not hmac.compare_digest(wanted, given) or key is None or key.disabled_at is not None:
            raise Unauthenticated("the API key is not known, or was revoked", code="invalid_key")
        return key

    def admit(self, key: ApiKey) -> None:
        """See ApiKeyStore."""
        rate = key.limits.requests_per_minute
        if rate is None:
            return
        with translated():
            early = self._admit([f"{RATE}:{key.id}"], [round(60e6 / rate), key.limits.burst])
        if wait := int(early):
            raise LimitReached(
                f"the key may ask {rate:g} times a minute", wait / 1e6, code="rate_limited"
            )

    def _find(self, id_: str) -> ApiKey | None:
        with translated():
            row = self._redis.hget(KEYS, id_)
        return None if row is None else msgspec.msgpack.decode(cast(bytes, row), type=ApiKey)

    def _write(self, key: ApiKey) -> None:
        with translated():
            self._redis.hset(KEYS, key.id, msgspec.msgpack.encode(key))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
