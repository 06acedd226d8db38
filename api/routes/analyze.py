"""``POST /analyze``: what a request would say, without a job and without audio."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import to_thread
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.openapi.spec import Example
from litestar.params import Body

from api.admission import ApiClient
from api.backends import Backends
from api.body import SynthesisBody
from api.problems import json_response, problem_responses
from api.reading import Reading
from api.routes.lexicons import lexicons_of
from api.validation import field_of
from core.errors import FieldError
from core.request import SynthesisRequest
from text.analysis import AnalyzedText

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
    reading: NamedDependency[Reading],
) -> Response[AnalyzedText]:
    """Reads a text as the voice's front end would: words, phonemes, guesses, silent characters."""
    if data.inputs is not None:
        message = "the inputs of a batch are analysed one by one"
        raise FieldError("inputs", message, allowed="text or ssml")
    client.check_size(len(data.source.text), field_of(data))
    lexicons = await to_thread.run_sync(lexicons_of, backends, client, data.lexicons)
    return json_response(await reading.analyze_text(data, lexicons, client.quota_key))


ROUTES: list[Any] = [analyze]
