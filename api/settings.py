"""Settings of the API process, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from jobs.settings import ServiceSettings


@dataclass(frozen=True, kw_only=True)
class ApiSettings(ServiceSettings):
    """The settings of the API, beside those of the service."""

    host: str = "127.0.0.1"
    """RHAPSODE_HOST: address to listen on."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8080
    """RHAPSODE_PORT: port to listen on."""
    max_body_bytes: Annotated[int, Meta(ge=1024)] = 4 * 1024 * 1024
    """RHAPSODE_MAX_BODY_BYTES: larger requests are answered 413; the longest text in UTF-8 fits."""
    upload_seconds: Annotated[float, Meta(gt=0)] = 300.0
    """RHAPSODE_UPLOAD_SECONDS: a request whose body takes longer to arrive is answered 408 [s]."""
    uploads: Annotated[int, Meta(ge=1)] = 16
    """RHAPSODE_UPLOADS: bodies above 64 KiB at once, all but one of them at most of one client;
    others wait, clients in turn. Each takes up to RHAPSODE_MAX_BODY_BYTES of memory, a book 64 MiB
    of disk."""
    connections: Annotated[int, Meta(ge=1)] = 2048
    """RHAPSODE_CONNECTIONS: connections at once, seven eighths of them at most of one address; more
    are answered 503. Fewer where the system allows fewer open files."""
    head_seconds: Annotated[float, Meta(gt=0)] = 30.0
    """RHAPSODE_HEAD_SECONDS: a connection on which no whole head of a request comes for so long is
    closed [s]."""
    send_seconds: Annotated[float, Meta(gt=0)] = 300.0
    """RHAPSODE_SEND_SECONDS: a client that takes nothing of its answer for so long is cut [s]."""
    trusted_proxies: tuple[str, ...] = ()
    """RHAPSODE_TRUSTED_PROXIES: addresses or networks, separated by commas, whose
    ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed; ``*`` = all."""
    inline_characters: Annotated[int, Meta(ge=0)] = 4000
    """RHAPSODE_INLINE_CHARACTERS: texts up to this length are checked in the API's own process, a
    millisecond per thousand characters; longer ones, and all books, in a process with limits."""
    readers: Annotated[int, Meta(ge=1, le=64)] = 2
    """RHAPSODE_READERS: such processes at once; about 80 MB each, and what they read."""
    read_seconds: Annotated[float, Meta(gt=0)] = 60.0
    """RHAPSODE_READ_SECONDS: a text or file that takes more processor time to read is answered 422
    [s]; one that finds all readers busy for so long, 503."""
    read_memory_bytes: Annotated[int, Meta(ge=16 * 1024 * 1024)] = 512 * 1024 * 1024
    """RHAPSODE_READ_MEMORY_BYTES: a text or file that takes more memory to read is answered 422."""
    max_wait_seconds: Annotated[float, Meta(gt=0)] = 60.0
    """RHAPSODE_MAX_WAIT_SECONDS: longest ``Prefer: wait`` that is kept [s]."""
    require_keys: bool = False
    """RHAPSODE_REQUIRE_KEYS: true answers 401 to who shows no API key (``rhapsode keys``)."""
    keys_over_http: bool = False
    """RHAPSODE_KEYS_OVER_HTTP: true lets admin keys add and revoke keys by ``/keys`` and in the
    studio; else ``rhapsode keys`` alone does."""
    allowed_hosts: tuple[str, ...] = ()
    """RHAPSODE_ALLOWED_HOSTS: names, separated by commas, under which clients reach a service that
    requires no keys, beside localhost and addresses; ``*`` = any."""
    cors_origins: tuple[str, ...] = ()
    """RHAPSODE_CORS_ORIGINS: origins of web pages that may use the service, separated by
    commas (``https://reader.example``); ``*`` = any, which needs keys to be safe."""
    openai_voices: tuple[str, ...] = ()
    """RHAPSODE_OPENAI_VOICES: ``name=voice``, separated by commas: what names of voices mean at
    ``/v1/audio/speech``; OpenAI's own otherwise take turns with the voices of their gender."""
    callbacks: bool = False
    """RHAPSODE_CALLBACKS: true lets requests name a ``callback``; else only endpoints that
    ``rhapsode webhooks`` has added are told of the end of jobs."""
    max_open_jobs: Annotated[int, Meta(ge=1)] = 100_000
    """RHAPSODE_MAX_OPEN_JOBS: with so many jobs that have not ended, new ones are answered 503."""
    link_seconds: Annotated[float, Meta(ge=1, le=604800)] = 3600.0
    """RHAPSODE_LINK_SECONDS: how long a link to audio on object storage is good [s]; S3 signs for a
    week at most."""
    metrics_folder: Path | None = field(
        default=None, metadata={"variable": "PROMETHEUS_MULTIPROC_DIR"}
    )
    """PROMETHEUS_MULTIPROC_DIR: where API and workers of one machine share their metrics."""
