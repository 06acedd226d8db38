"""``/v1``: the wire format of OpenAI's speech API, for clients that speak it already.

Source: openai/openai-openapi, openapi.yaml (``CreateSpeechRequest``, ``CreateSpeechResponse-
StreamEvent``, ``ListModelsResponse``); ``GET /v1/audio/voices`` is what Kokoro-FastAPI and others
answer, and no route of OpenAI's.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

import msgspec
from anyio import to_thread
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath
from litestar.response import Stream
from msgspec import Meta

from api.admission import ApiClient
from api.backends import Backends
from api.body import SynthesisBody
from api.fair_semaphore import FairThreads
from api.openai_errors import openai_responses
from api.openapi import also_media_types
from api.problems import AudioNotReady
from api.reading import Reading
from api.routes.jobs import cancel
from api.routes.synthesize import create_job
from api.settings import ApiSettings
from api.streaming import JobAudioStream
from core.errors import FieldError, NotFound
from core.formats import STREAM_MEDIA_TYPES
from core.request import MAX_TEXT_CHARS, AudioFormat, Speed, SynthesisRequest
from core.voice import Catalogue

SpeechFormat = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
FILE_FORMATS: Final[dict[str, AudioFormat]] = {"aac": "wav", "pcm": "wav"}
"""Format of the job's own file, where it is not that of the stream."""
PCM_SAMPLE_RATE: Final = 24000
"""PCM has no header: clients know this rate [Hz]."""
MODELS: Final = ("rhapsode", "tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Listed models; any other name is taken, too, and means the voice's own networks."""
CREATED: Final = 1_764_547_200
"""Of the models [Unix s]."""
GENDERS: Final = {
    "female": ("alloy", "coral", "fable", "marin", "nova", "sage", "shimmer"),
    "male": ("ash", "ballad", "cedar", "echo", "onyx", "verse"),
}
"""OpenAI's voices; those of a gender take turns with the catalogue's voices of that gender."""
TOKENS_PER_SECOND: Final = 20
"""Of audio, in the usage that the last event tells."""
EVENT_STREAM: Final = "text/event-stream"


class VoiceReference(msgspec.Struct, frozen=True):
    """A voice by its id."""

    id: Annotated[str, Meta(min_length=1)]


class SpeechRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be spoken. Unknown fields are ignored: clients send what other servers know."""

    model: str
    """Any name; there is one model for each voice."""
    input: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_CHARS)]
    voice: str | VoiceReference
    """A voice of ``GET /v1/audio/voices``, or one of OpenAI's names."""
    response_format: SpeechFormat = "mp3"
    """pcm = 16-bit little endian, mono, 24 000 Hz, without a header."""
    speed: Speed = 1.0
    stream_format: Literal["audio", "sse"] = "audio"


class Model(msgspec.Struct, frozen=True):
    """A model's name."""

    id: str
    object: Literal["model"] = "model"
    created: int = CREATED
    owned_by: str = "rhapsode"


class ModelList(msgspec.Struct, frozen=True):
    """All models."""

    data: tuple[Model, ...]
    object: Literal["list"] = "list"


class NamedVoice(msgspec.Struct, frozen=True):
    """A voice of the catalogue."""

    id: str
    name: str


class NamedVoiceList(msgspec.Struct, frozen=True):
    """All voices."""

    voices: tuple[NamedVoice, ...]


class SpeechBody(SynthesisBody):
    """A transfer object for ``SpeechRequest``."""

    wire_type = SpeechRequest


SPEECH_EXAMPLES = [
    Example("A sentence", value={"model": "tts-1", "input": "Hello there.", "voice": "alloy"})
]


@post(
    "/v1/audio/speech",
    status_code=200,
    dto=SpeechBody,
    return_dto=None,
    operation_class=also_media_types(
        {kind.partition(";")[0]: None for kind in STREAM_MEDIA_TYPES.values()}, events=True
    ),
    summary="Speak a text, as OpenAI's API does",
    description=(
        "The audio is sent while it is made. `stream_format: sse` sends it in events "
        "`speech.audio.delta` (base64) and ends with `speech.audio.done`. The answer's "
        "`Rhapsode-Job` names the job."
    ),
    responses={
        200: ResponseSpec(
            bytes, description="The audio", media_type="audio/mpeg", generate_examples=False
        ),
        **openai_responses(),
    },
    tags=["openai"],
)
async def create_speech(
    data: Annotated[
        SpeechRequest, Body(media_type=RequestEncodingType.JSON, examples=SPEECH_EXAMPLES)
    ],
    request: Request[Any, Any, Any],
    backends: NamedDependency[Backends],
    client: NamedDependency[ApiClient],
    reading: NamedDependency[Reading],
    threads: NamedDependency[FairThreads],
) -> Response[Any]:
    """Makes a job that is streamed, and sends its audio as it comes."""
    client.check_size(len(data.input), "input")
    wanted = synthesis_request(data, backends)
    controls = await reading.check_text(wanted, client.quota_key)
    record = await to_thread.run_sync(create_job, backends, client, controls, wanted.source, None)
    rate = PCM_SAMPLE_RATE if data.response_format == "pcm" else None
    stream = JobAudioStream(
        backends, record, threads.of(client.quota_key), data.response_format, rate
    )
    try:
        await stream.begin(request, backends.settings.max_wait_seconds)
    except AudioNotReady:  # nobody would come back for it
        await to_thread.run_sync(cancel, record.id, backends)
        raise
    if data.stream_format == "sse":
        response = Stream(_events(stream, len(data.input)), media_type=EVENT_STREAM)
        response.headers["X-Accel-Buffering"] = "no"
    else:
        response = stream.response()
    response.headers["Rhapsode-Job"] = record.id
    return response


def synthesis_request(data: SpeechRequest, backends: Backends) -> SynthesisRequest:
    """Returns what is asked for, as a request of ours.

    Raises:
        FieldError: no such voice.
    """
    format = data.response_format
    name = data.voice.id if isinstance(data.voice, VoiceReference) else data.voice
    own: AudioFormat = FILE_FORMATS.get(format, format)  # type: ignore[arg-type]
    return SynthesisRequest(
        text=data.input,
        voice=voice_of(name, backends.catalogue, backends.settings),
        format=own,
        sample_rate=PCM_SAMPLE_RATE if format == "pcm" else None,
        speed=data.speed,
        stream=True,
    )


def voice_of(name: str, catalogue: Catalogue, settings: ApiSettings) -> str:
    """Returns the voice of the catalogue that a name stands for.

    Raises:
        FieldError: none; names those that there are (code ``unknown_voice``).
    """
    mapped = dict(one.partition("=")[::2] for one in settings.openai_voices)
    name = mapped.get(name, name)
    if name in catalogue.voices:
        return name
    default = catalogue.voice(None).name
    for gender, names in GENDERS.items():
        if name in names:
            own = [card.name for card in catalogue.voices.values() if card.gender == gender]
            own.sort(key=lambda voice: voice != default)  # stable: the default comes first
            return own[names.index(name) % len(own)] if own else default
    known = ", ".join([*sorted(catalogue.voices), *sorted(sum(GENDERS.values(), ()))])
    message = f"unknown voice {name!r}; there are {known}"
    raise FieldError("voice", message, allowed=known, code="unknown_voice")


async def _events(stream: JobAudioStream, characters: int) -> AsyncIterator[bytes]:
    async for data in stream.body():
        audio = base64.b64encode(data).decode()
        yield _event({"type": "speech.audio.delta", "audio": audio})
    tokens = round(TOKENS_PER_SECOND * stream.samples / stream.sample_rate)
    usage = {
        "input_tokens": characters,
        "output_tokens": tokens,
        "total_tokens": characters + tokens,
    }
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(document: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(document) + b"\n\n"


@get(
    "/v1/models",
    responses=openai_responses(401, 403, 429, 503),
    sync_to_thread=False,
    tags=["openai"],
)
def list_models() -> ModelList:
    """Returns the models by OpenAI's names."""
    return ModelList(tuple(map(Model, MODELS)))


@get(
    "/v1/models/{model:str}",
    responses=openai_responses(401, 403, 404, 429, 503),
    sync_to_thread=False,
    tags=["openai"],
)
def get_model(model: FromPath[str]) -> Model:
    """Returns a model."""
    if model not in MODELS:
        raise NotFound(f"The model {model!r} does not exist", code="model_not_found")
    return Model(model)


@get(
    "/v1/audio/voices",
    responses=openai_responses(401, 403, 429, 503),
    sync_to_thread=False,
    tags=["openai"],
)
def list_speech_voices(backends: NamedDependency[Backends]) -> NamedVoiceList:
    """Returns the voices of the catalogue."""
    cards = backends.catalogue.voices.values()
    return NamedVoiceList(tuple(NamedVoice(card.name, card.title) for card in cards))


ROUTES: list[Any] = [create_speech, list_models, get_model, list_speech_voices]
