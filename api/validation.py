"""Validation of requests beyond their types, and the values of their open fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar, get_args

import msgspec

from api.problems import BodyError, FieldProblem
from core.duration import DEFAULT_LIMITS, DurationLimits, TextDuration
from core.errors import FieldError, TextError
from core.formats import check_bit_rate, resolve_sample_rate
from core.request import (
    MAX_TEXT_CHARS,
    SAMPLE_RATES,
    BatchInput,
    Controls,
    Source,
    SynthesisRequest,
)
from core.voice import Catalogue, Component, ControlName, Selection
from text.dialogue import find_voices
from text.duration import plain_duration, ssml_duration
from text.language import require_english
from text.normalization.tables.signs import SYMBOLS
from text.normalization.unicode import fold
from text.ssml.directives import SsmlDocument
from text.ssml.errors import refusal
from text.ssml.limits import check_nested_prosody
from text.ssml.parser import parse_ssml
from text.ssml.reader import check_overrides

T = TypeVar("T", bound=Controls)


def resolve_request(
    request: SynthesisRequest, catalogue: Catalogue, limits: DurationLimits = DEFAULT_LIMITS
) -> SynthesisRequest:
    """Returns the request with every open field filled in.

    Args:
        request: as the client sent it.
        catalogue: voices and components.
        limits: of how long its audio may be.

    Raises:
        InputError: what the client must mend; names the field.
        NotFound: the catalogue is empty.
    """
    given = [name for name in SOURCES if getattr(request, name) is not None]
    if len(given) != 1:
        message = "exactly one of text, ssml and inputs is needed"
        errors = tuple(FieldProblem(name, message) for name in SOURCES)
        raise BodyError(message, code="text_or_ssml", errors=errors)
    (field,) = given
    if request.inputs is not None:
        check_inputs(request.inputs)
        if request.stream:
            message = "this cannot be streamed: each input of a batch is a file of its own"
            raise FieldError("stream", message, allowed="false", code="not_streamable")
        if request.format == "m4b":
            message = "an input of a batch has no chapters"
            raise FieldError("format", message, allowed="wav, flac, ogg, opus, mp3")
        request = msgspec.structs.replace(request, package="chapters")
    return resolve_controls(request, request.source, catalogue, field, limits)


SOURCES: Final = ("text", "ssml", "inputs")
"""Fields of a request that hold what is to be spoken."""


def field_of(request: SynthesisRequest) -> str:
    """Returns the field of a request that holds what is to be spoken."""
    return next((name for name in SOURCES if getattr(request, name) is not None), "text")


def check_inputs(inputs: Sequence[BatchInput]) -> None:
    """Refuses a batch whose inputs do not go together.

    Raises:
        FieldError, BodyError: name the input's field.
    """
    names: set[str] = set()
    characters, markup = 0, inputs[0].ssml is not None
    for index, one in enumerate(inputs):
        place = f"inputs[{index}]"
        if (one.text is None) == (one.ssml is None):
            message = "exactly one of text and ssml is needed"
            errors = tuple(FieldProblem(f"{place}.{name}", message) for name in ("text", "ssml"))
            raise BodyError(f"{place}: {message}", code="text_or_ssml", errors=errors)
        if (one.ssml is not None) != markup:
            message = "texts and SSML cannot stand in one batch"
            field = f"{place}.{'ssml' if one.ssml is not None else 'text'}"
            raise FieldError(field, message, allowed="ssml" if markup else "text")
        name = (one.id or str(index + 1)).lower()
        if name in names:
            message = "another input has this id, in whatever case"
            raise FieldError(f"{place}.id", message, allowed="one that differs from all others")
        names.add(name)
        characters += len(one.ssml or one.text or "")
    if characters > MAX_TEXT_CHARS:
        message = f"the inputs have {characters} characters"
        raise FieldError("inputs", message, allowed=f"1 to {MAX_TEXT_CHARS} characters")


@contextmanager
def _naming_input(source: Source, index: int) -> Iterator[None]:
    """Has an error name the input of a batch of which it is raised."""
    try:
        yield
    except FieldError as error:
        if source.batch and error.field in ("text", "ssml", "inputs"):
            error.field = f"inputs[{index}].{'ssml' if source.markup else 'text'}"
        raise


def resolve_controls(
    request: T,
    source: Source,
    catalogue: Catalogue,
    field: str,
    limits: DurationLimits = DEFAULT_LIMITS,
) -> T:
    """Returns the controls with every open field filled in, if they can speak the source.

    Args:
        request: as the client sent it.
        source: what is to be spoken.
        catalogue: voices and components.
        field: of the request that holds the source.
        limits: of how long the audio may be.

    Raises:
        InputError: what the client must mend; names the field.
        NotFound: the catalogue is empty.
    """
    if request.stream:
        require_streamable(request)
    request = request.with_preset()
    if request.language != "any":
        require_english(source, field)
    selection = catalogue.resolve(
        request.voice, request.acoustic, request.vocoder, request.runtime, request.precision
    )
    rate = _sample_rate(request, selection.acoustic_component.mel.sample_rate)
    check_bit_rate(request.format, rate, request.bit_rate, request.channels)
    _require_controls(request, selection.acoustic_component)
    if request.check != "off":
        catalogue.recognizer_of(selection)
    if request.package == "chapters" and request.format in ("m4b", "epub"):
        message = f"{request.format} has its chapters within"
        raise FieldError("package", message, allowed="file, or another format")
    texts = [source.text[c.span.start : c.span.end] for c in source.chapters] or [source.text]
    if source.markup:
        documents = []
        for index, text in enumerate(texts):
            with _naming_input(source, index):
                documents.append(parse_ssml(text))
        durations = [ssml_duration(document, request.pauses) for document in documents]
    else:
        durations = [plain_duration(text, request.pauses) for text in texts]
    silence = 0.0 if source.batch else request.pauses.chapter * (len(texts) - 1)
    duration = sum(durations, TextDuration(0.0, silence, 0.0))
    duration.require(limits, speed=request.speed, field=field)
    if source.markup:
        speakable = []
        for index, (document, text) in enumerate(zip(documents, texts, strict=True)):
            with _naming_input(source, index):
                speakable.append(_check_markup(document, text, request, catalogue, selection))
    else:
        _check_voices(source, texts, request, catalogue, selection)
        speakable = []
        for index, text in enumerate(texts):
            with _naming_input(source, index):
                speakable.append(_has_words(fold(_with_positions(text), name=field).text))
    if not any(speakable):
        raise TextError(field, "there is nothing to speak", allowed="words or numbers")
    return msgspec.structs.replace(
        request,
        voice=selection.voice.name,
        acoustic=selection.acoustic,
        vocoder=selection.vocoder,
        runtime=selection.runtime,
        precision=selection.precision,
        sample_rate=rate,
    )


STREAMABLE: Final = ("wav", "mp3", "ogg", "opus", "flac")
"""Formats of files that can be streamed, too."""
NOT_STREAMABLE: Final = {
    "loudness_lufs": ("one gain for the whole needs the whole", "null"),
    "preset": ("its files are mastered as wholes", "null"),
    "package": ("a zip is written when all is there", "file"),
    "channels": ("what is streamed is mono", "1"),
    "format": ("m4b has its index at its end", ", ".join(STREAMABLE)),
}
"""Field → why it keeps audio from being streamed, and what is allowed."""


def require_streamable(request: Controls) -> None:
    """Refuses what cannot be heard before it is finished.

    Raises:
        FieldError: names the field (code ``not_streamable``).
    """
    refused = {
        "loudness_lufs": request.loudness_lufs is not None,
        "preset": request.preset is not None,
        "package": request.package != "file",
        "channels": request.channels != 1,
        "format": request.format not in STREAMABLE,
    }
    for field, is_refused in refused.items():
        if is_refused:
            reason, allowed = NOT_STREAMABLE[field]
            message = f"this cannot be streamed: {reason}"
            raise FieldError(field, message, allowed=allowed, code="not_streamable")


def _check_voices(
    source: Source,
    texts: Sequence[str],
    request: Controls,
    catalogue: Catalogue,
    selection: Selection,
) -> None:
    """Checks that the voices of a plain text, those that the request assigns too, can speak it."""
    assigned = [*source.voices.speakers.values(), source.voices.quotes]
    for text in texts:
        voiced = find_voices(text, source.voices)
        assigned += [scope.voice for scope in voiced.scopes] if voiced else []
    for name in dict.fromkeys(voice for voice in assigned if voice):
        inner = catalogue.resolve_inner(selection, name)
        _require_controls(request, inner.acoustic_component)


def require_size(characters: int, most: int | None, field: str) -> None:
    """Refuses a text that is longer than a key allows.

    Args:
        characters: length in code points.
        most: what the key allows; None = any.
        field: of the request that holds it.

    Raises:
        FieldError: it is.
    """
    if most is not None and characters > most:
        message = f"{characters} characters; the key allows {most}"
        allowed = f"1 to {most} characters"
        raise FieldError(field, message, allowed=allowed, code="text_too_long")


def _with_positions(text: str) -> Iterable[tuple[str, int, int]]:
    return ((character, at, at + 1) for at, character in enumerate(text))


def _sample_rate(request: Controls, native: int) -> int:
    if request.sample_rate is not None and request.sample_rate not in SAMPLE_RATES:
        message = f"{request.sample_rate} Hz is not offered"
        allowed = ", ".join(map(str, SAMPLE_RATES))
        errors = (FieldProblem("sample_rate", message, allowed),)
        raise BodyError(message, code="invalid_sample_rate", errors=errors)
    return resolve_sample_rate(request.format, request.sample_rate, native)


def _require_controls(request: Controls, model: Component) -> None:
    for name in get_args(ControlName):
        if name not in model.controls and getattr(request, name) != 1:
            message = f"{model.network} has no {name} control"
            raise FieldError(name, message, allowed="1.0", code="unsupported_control")


def _check_markup(
    markup: SsmlDocument,
    source: str,
    request: Controls,
    catalogue: Catalogue,
    selection: Selection,
) -> bool:
    """Whether there is anything to speak in an SSML document that could be spoken."""
    content = fold(markup.characters, name="ssml")
    check_overrides(markup, content, source)
    check_nested_prosody(markup.scopes, source, speed=request.speed, pitch=request.pitch)
    names = {scope.voice: None for scope in markup.scopes if scope.voice is not None}
    inner = [catalogue.resolve_inner(selection, name) for name in names]
    for one in (selection, *inner):
        _require_controls(request, one.acoustic_component)
        _require_scopes(markup, one.acoustic_component, source)
    # A place whose text stands in an attribute (sub, phoneme) is spoken whatever it shows.
    return bool(markup.overrides) or _has_words(content.text)


def _require_scopes(markup: SsmlDocument, model: Component, source: str) -> None:
    for scope in markup.scopes:
        for name in get_args(ControlName):
            if name not in model.controls and getattr(scope, name) != 1:
                message = f"{model.network} has no {name} control, which this element needs"
                raise refusal(message, source, scope.start)


def _has_words(text: str) -> bool:
    return any(character.isalnum() or character in SYMBOLS for character in text)
