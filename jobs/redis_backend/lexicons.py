"""Lexicons in Redis: one hash per owner. Jobs hold copies, so an edit changes no running job."""

from __future__ import annotations

from contextlib import suppress
from typing import cast

import msgspec
import redis

from core.errors import LimitReached, NotFound, UnreadableRow
from core.lexicon import PronunciationLexicon
from jobs.redis_backend.client import translated
from jobs.redis_backend.keys import lexicons_key
from jobs.redis_backend.stored import decode_row

MOST_LEXICONS = 100
"""Of one owner."""


class RedisLexicons:
    """See ``jobs.protocols.LexiconStore``.

    Args:
        client: the connection.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def put(self, owner: str, lexicon: PronunciationLexicon) -> bool:
        """See LexiconStore."""
        key = lexicons_key(owner)
        with translated():
            known = bool(self._client.hexists(key, lexicon.name))
            if not known and self._client.hlen(key) >= MOST_LEXICONS:
                message = f"there are {MOST_LEXICONS} lexicons; delete one first"
                raise LimitReached(message, 0.0, code="too_many_lexicons")
            self._client.hset(key, lexicon.name, msgspec.msgpack.encode(lexicon))
        return not known

    def get(self, owner: str, name: str) -> PronunciationLexicon:
        """See LexiconStore."""
        with translated():
            row = self._client.hget(lexicons_key(owner), name)
        if row is None:
            raise NotFound(f"no lexicon {name!r}", code="lexicon_not_found")
        return decode_row(cast(bytes, row), PronunciationLexicon, name)

    def all(self, owner: str) -> tuple[PronunciationLexicon, ...]:
        """See LexiconStore."""
        with translated():
            rows = cast("dict[bytes, bytes]", self._client.hgetall(lexicons_key(owner)))
        found = []
        for name, row in sorted(rows.items()):
            with suppress(UnreadableRow):  # it is logged and counted
                found.append(decode_row(row, PronunciationLexicon, name.decode()))
        return tuple(found)

    def delete(self, owner: str, name: str) -> None:
        """See LexiconStore."""
        with translated():
            deleted = self._client.hdel(lexicons_key(owner), name)
        if not deleted:
            raise NotFound(f"no lexicon {name!r}", code="lexicon_not_found")
