"""What a request must be beside its types, and what its open fields mean."""

from __future__ import annotations

import msgspec

from api.problems import BodyError, FieldProblem
from core.errors import TextError
from core.formats import resolve_sample_rate
from core.job import SAMPLE_RATES, SynthesisRequest
from core.voice import Catalogue
from text.source import fold
from text.ssml import parse_ssml
from text.tables import SYMBOLS


def resolve(request: SynthesisRequest, catalogue: Catalogue) -> SynthesisRequest:
    """The request with every open field filled in.

    Raises:
        InputError: what the client must mend; names the field.
        NotFound: the catalogue is empty.
    """
    card = catalogue.voice(request.voice)
    acoustic, model = catalogue.component("acoustic", card.acoustic, request.acoustic)
    vocoder, _ = catalogue.component("vocoder", card.vocoders, request.vocoder)
    rate = _sample_rate(request, model.mel.sample_rate)
    _check_text(request, catalogue)
    return msgspec.structs.replace(
        request, voice=card.name, acoustic=acoustic, vocoder=vocoder, sample_rate=rate
    )


def _sample_rate(request: SynthesisRequest, native: int) -> int:
    if request.sample_rate is not None and request.sample_rate not in SAMPLE_RATES:
        message = f"{request.sample_rate} Hz is not offered"
        allowed = ", ".join(map(str, SAMPLE_RATES))
        errors = (FieldProblem("sample_rate", message, allowed),)
        raise BodyError(message, code="invalid_sample_rate", errors=errors)
    return resolve_sample_rate(request.format, request.sample_rate, native)


def _check_text(request: SynthesisRequest, catalogue: Catalogue) -> None:
    if (request.text is None) == (request.ssml is None):
        message = "exactly one of text and ssml is needed"
        errors = tuple(FieldProblem(name, message) for name in ("text", "ssml"))
        raise BodyError(message, code="text_or_ssml", errors=errors)
    if request.ssml is not None:
        markup = parse_ssml(request.ssml)
        for scope in markup.scopes:
            if scope.voice is not None:
                catalogue.voice(scope.voice)
        # A place whose text stands in an attribute (sub, phoneme) is spoken whatever it shows.
        speakable = bool(markup.overrides) or _speakable(fold(markup.characters, name="ssml").text)
    else:
        text = request.text or ""
        speakable = _speakable(fold(((c, i, i + 1) for i, c in enumerate(text))).text)
    if not speakable:
        field = "text" if request.ssml is None else "ssml"
        raise TextError(field, "there is nothing to speak", allowed="words or numbers")


def _speakable(text: str) -> bool:
    return any(character.isalnum() or character in SYMBOLS for character in text)
