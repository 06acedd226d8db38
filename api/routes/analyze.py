"""``POST /analyze``: what a request would say, without a job and without audio."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

from anyio import to_thread
from litestar import post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.openapi.spec import Example
from litestar.params import Body

from api.admission import ApiClient
from api.backends import Backends
from api.body import SynthesisBody
from api.problems import problem_responses
from api.routes.lexicons import with_lexicons
from api.validation import resolve_request
from core.protocols import TextFrontend
from core.request import Controls, Source, SynthesisRequest
from core.voice import Catalogue
from text.analysis import AnalyzedText, analyze_text
from text.frontend import open_frontend

EXAMPLES = [Example("A sentence", value={"text": "She used to read 3 books a day."})]


@post(
    "/analyze",
    status_code=200,
    dto=SynthesisBody,
    return_dto=None,
    summary="Tell what a text would be read as",
    description="Takes what `POST /synthesize` takes; no job, no audio.",
    responses=problem_responses(400, 408, 413, 415, 422, 503),
    tags=["text"],
)
async def analyze(
    data: Annotated[SynthesisRequest, Body(media_type=RequestEncodingType.JSON, examples=EXAMPLES)],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
) -> AnalyzedText:
    """Reads a text as the voice's front end would: words, phonemes, guesses, silent characters."""
    request = await to_thread.run_sync(resolve_request, data, backends.catalogue)
    client.check_size(len(request.source.text), "ssml" if request.ssml else "text")
    source = await to_thread.run_sync(
        with_lexicons, backends, client, request.lexicons, request.source
    )
    return await to_thread.run_sync(_analyze, backends.catalogue, request, source)


def _analyze(catalogue: Catalogue, request: SynthesisRequest, source: Source) -> AnalyzedText:
    frontend = frontend_of(catalogue, request)
    return analyze_text(
        frontend,
        source.text,
        ssml=source.markup,
        lexicons=source.lexicons,
        voices=source.voices,
    )


def frontend_of(catalogue: Catalogue, request: Controls) -> TextFrontend:
    """Returns the front end that the request's voice reads with."""
    selection = catalogue.resolve(request.voice, request.acoustic, request.vocoder)
    return _opened(selection.acoustic_component.symbols, selection.voice.language)


@lru_cache(maxsize=8)
def _opened(symbols: str, language: str) -> TextFrontend:
    return open_frontend(symbols, language)


ROUTES: list[Any] = [analyze]
