"""What a request must be beside its types, and what its open fields mean."""

from __future__ import annotations

import msgspec

from api.problems import BodyError, FieldProblem
from core.errors import FieldError, TextError
from core.formats import resolve_sample_rate
from core.job import SAMPLE_RATES, SynthesisRequest
from core.voice import CONTROLLED_NETWORKS, Catalogue, Component
from text.nesting import check_products
from text.script import check_overrides
from text.source import fold
from text.ssml import Markup, parse_ssml, refusal
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
    _require_controls(request, model)
    _check_text(request, catalogue, acoustic, model)
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


def _require_controls(request: SynthesisRequest, model: Component) -> None:
    for name in ("pitch", "energy"):
        if model.network not in CONTROLLED_NETWORKS and getattr(request, name) != 1:
            message = f"{model.network} has no {name} control"
            raise FieldError(name, message, allowed="1.0", code="unsupported_control")


def _check_text(
    request: SynthesisRequest, catalogue: Catalogue, acoustic: str, model: Component
) -> None:
    if (request.text is None) == (request.ssml is None):
        message = "exactly one of text and ssml is needed"
        errors = tuple(FieldProblem(name, message) for name in ("text", "ssml"))
        raise BodyError(message, code="text_or_ssml", errors=errors)
    if request.ssml is not None:
        speakable = _check_markup(request.ssml, request, catalogue, acoustic, model)
    else:
        text = request.text or ""
        speakable = _speakable(fold(((c, i, i + 1) for i, c in enumerate(text))).text)
    if not speakable:
        field = "text" if request.ssml is None else "ssml"
        raise TextError(field, "there is nothing to speak", allowed="words or numbers")


def _check_markup(
    source: str, request: SynthesisRequest, catalogue: Catalogue, acoustic: str, model: Component
) -> bool:
    """Whether there is anything to speak in an SSML document that could be spoken."""
    markup = parse_ssml(source)
    content = fold(markup.characters, name="ssml")
    check_overrides(markup, content, source)
    check_products(markup.scopes, source, speed=request.speed, pitch=request.pitch)
    inner = [catalogue.voice(scope.voice) for scope in markup.scopes if scope.voice is not None]
    for one in (model, *(catalogue.inner_model(model, v, acoustic)[1] for v in inner)):
        _require_controls(request, one)
        _require_scopes(markup, one, source)
    # A place whose text stands in an attribute (sub, phoneme) is spoken whatever it shows.
    return bool(markup.overrides) or _speakable(content.text)


def _require_scopes(markup: Markup, model: Component, source: str) -> None:
    asked = (s for s in markup.scopes if (s.pitch, s.energy) != (1, 1))
    if model.network not in CONTROLLED_NETWORKS and (scope := next(asked, None)):
        message = f"{model.network} has no pitch or energy control, which this element needs"
        raise refusal(message, source, scope.start)


def _speakable(text: str) -> bool:
    return any(character.isalnum() or character in SYMBOLS for character in text)
