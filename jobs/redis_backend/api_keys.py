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
from contextlib import suppress
from typing import Final, cast

import msgspec
import redis

from core.errors import LimitReached, NotFound, Unauthenticated, UnreadableRow
from jobs.protocols import ApiKey, KeyLimits
from jobs.redis_backend.client import translated
from jobs.redis_backend.keys import API_KEYS, rate_key
from jobs.redis_backend.scripts import LuaScript
from jobs.redis_backend.stored import decode_row

TOKEN: Final = re.compile(r"rk_(?P<id>[0-9a-f]{12})_(?P<secret>[0-9A-Za-z_-]{43})")
NOBODY: Final = hashlib.sha256(b"").hexdigest()
"""Compared where no key is found, so that an unknown id takes as long as a wrong secret."""


class RedisApiKeys:
    """See ``jobs.protocols.ApiKeyStore``; and what the command line does with keys.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._admit = LuaScript(client, "admit_request")

    def add(
        self, name: str, now: float, *, limits: KeyLimits | None = None, admin: bool = False
    ) -> tuple[ApiKey, str]:
        """Adds a key; returns it and its token, which is shown this once and kept nowhere."""
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
        """Returns every key there ever was, the oldest first."""
        with translated():
            rows = cast("dict[bytes, bytes]", self._client.hgetall(API_KEYS))
        keys = []
        for id_, row in rows.items():
            with suppress(UnreadableRow):  # it is logged and counted
                keys.append(decode_row(row, ApiKey, id_.decode()))
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
        names = {"arrival": rate_key(key.id)}
        early = self._admit(names, interval=round(60e6 / rate), burst=key.limits.burst)
        if wait := int(early):
            raise LimitReached(
                f"the key may ask {rate:g} times a minute", wait / 1e6, code="rate_limited"
            )

    def _find(self, id_: str) -> ApiKey | None:
        with translated():
            row = self._client.hget(API_KEYS, id_)
        return None if row is None else decode_row(cast(bytes, row), ApiKey, id_)

    def _write(self, key: ApiKey) -> None:
        with translated():
            self._client.hset(API_KEYS, key.id, msgspec.msgpack.encode(key))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
