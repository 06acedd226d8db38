"""The ASGI application: builds everything, holds the state.

``python -m api.app`` serves it, configured by the environment (``api.settings``); with ``--fd N``
on a socket that listens already, so that connections wait while the API starts.
"""

from __future__ import annotations

import socket
import sys
from argparse import ArgumentParser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress

import structlog
import uvicorn
from anyio import to_thread
from litestar import Litestar
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig

from api.admission import SCHEMES, SECURITY, Admission, client_of
from api.backends import Backends
from api.browsers import add_security_headers, cors_of
from api.connections import limited_protocol
from api.fair_semaphore import FairThreads
from api.metrics import CurrentState, app_version, measuring, scrape
from api.openapi import DocumentRenderer, correct_openapi
from api.options import answering_options
from api.problems import problem_response
from api.reading import Reading
from api.request_trace import remembering_request
from api.routes import (
    analyze,
    audio,
    audiobooks,
    docs,
    events,
    health,
    inputs,
    jobs,
    keys,
    lexicons,
    metrics,
    openai,
    synthesize,
    transcript,
    voices,
    webhooks,
)
from api.settings import ApiSettings
from api.studio.rendering import TEMPLATES
from api.studio.routes import studio_router
from api.uploads import UploadLimits
from api.validation import resolve_request
from core.errors import RhapsodeError
from core.request import SynthesisRequest
from jobs.celery_queue import CeleryQueue, celery_app
from jobs.redis_backend.api_keys import RedisApiKeys
from jobs.redis_backend.backlog import RedisBacklog
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.events import RedisEvents
from jobs.redis_backend.lexicons import RedisLexicons
from jobs.redis_backend.listener import JobEventListener
from jobs.redis_backend.store import redis_job_store
from jobs.redis_backend.versions import warn_if_outdated
from jobs.redis_backend.webhooks import RedisDeliveries
from jobs.storage.open import open_audio_store
from telemetry.logs import configure_logs
from telemetry.tracing import open_tracing

log = structlog.get_logger(__name__)

SHUTDOWN_SECONDS = 10
"""Requests that run at SIGTERM get so long [s]; jobs do not depend on them."""


def open_backends(settings: ApiSettings) -> Backends:
    """Returns the backends that the settings name; they connect at the first use.

    Raises:
        ArtifactError: the catalogue cannot be read.
        FieldError: there is no tracing.
    """
    client = open_redis(settings.redis_url)
    return Backends(
        settings=settings,
        store=redis_job_store(client, alive_seconds=settings.alive_seconds),
        queue=CeleryQueue(client, celery_app(settings.redis_url)),
        audio=open_audio_store(settings),
        catalogue=settings.catalogue(),
        listener=JobEventListener(client),
        events=RedisEvents(client),
        backlog=RedisBacklog(client),
        lexicons=RedisLexicons(client),
        deliveries=RedisDeliveries(client),
        keys=RedisApiKeys(client) if settings.require_keys else None,
        tracing=open_tracing(settings.traces, "api"),
    )


def warm_up(backends: Backends, current: CurrentState) -> None:
    """Does once what a first request would wait a quarter of a second for: tables, connections.

    What is away shows in /readyz; it keeps nobody from starting.
    """
    try:
        resolve_request(SynthesisRequest(text="Ready."), backends.catalogue)
        backends.queue.connect()
        scrape(current, backends.settings.metrics_folder)
        with closing(open_redis(backends.settings.redis_url)) as client:
            warn_if_outdated(client)
    except RhapsodeError as error:
        log.warning("not_warm", code=error.code)


def create_app(settings: ApiSettings, backends: Backends | None = None) -> Litestar:
    """Returns the ASGI application.

    Args:
        settings: of the process.
        backends: None builds them from the settings.
    """
    state = backends or open_backends(settings)
    current = CurrentState(state)
    threads = FairThreads()
    reading = Reading(settings, state.catalogue, threads)

    @asynccontextmanager
    async def listening(_: Litestar) -> AsyncIterator[None]:
        state.listener.start()
        await to_thread.run_sync(warm_up, state, current)
        yield
        reading.close()
        state.listener.stop()
        await to_thread.run_sync(state.tracing.close)

    modules = (
        synthesize,
        analyze,
        audiobooks,
        jobs,
        events,
        audio,
        transcript,
        inputs,
        voices,
        health,
        metrics,
        lexicons,
        openai,
        webhooks,
        docs,
    )
    app = Litestar(
        route_handlers=[
            *(route for module in modules for route in module.ROUTES),
            *(keys.ROUTES if state.keys and settings.keys_over_http else ()),
            studio_router(state),
        ],
        dependencies={
            "backends": Provide(lambda: state, sync_to_thread=False),
            "client": Provide(client_of, sync_to_thread=False),
            "reading": Provide(lambda: reading, sync_to_thread=False),
            "threads": Provide(lambda: threads, sync_to_thread=False),
            "current_state": Provide(lambda: current, sync_to_thread=False),
        },
        guards=[Admission(state)],
        exception_handlers={Exception: problem_response},
        middleware=[
            measuring,
            *([remembering_request] if state.tracing.on else ()),
            UploadLimits(settings.upload_seconds, settings.uploads),
            answering_options,
        ],
        before_send=[add_security_headers],
        lifespan=[listening],
        template_config=TEMPLATES,
        cors_config=cors_of(settings),
        request_max_body_size=settings.max_body_bytes,
        openapi_config=OpenAPIConfig(
            title="Rhapsode",
            version=app_version(),
            description="Batch text-to-speech: jobs in, audio and its cost out.",
            path="/schema",
            components=SCHEMES,
            use_handler_docstrings=True,
            security=SECURITY if state.keys else None,
            render_plugins=[DocumentRenderer(path=["/", "/openapi.json"])],
        ),
        logging_config=None,
    )
    correct_openapi(app.openapi_schema)
    return app


def main(argv: list[str] | None = None) -> int:
    """Serves until SIGTERM. A wrong setting or catalogue ends the process with one line."""
    parser = ArgumentParser("python -m api.app")
    parser.add_argument("--fd", type=int, help="file descriptor of a socket that listens already")
    descriptor: int | None = parser.parse_args(argv).fd
    configure_logs("api")
    try:
        settings = ApiSettings.from_environment()
        app = create_app(settings)
    except RhapsodeError as error:
        setting = getattr(error, "field", None)
        log.error("not_started", code=error.code, setting=setting, reason=error.message)
        return 2
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        http=limited_protocol(settings),
        ws="none",
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run(None if descriptor is None else [socket.socket(fileno=descriptor)])
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
