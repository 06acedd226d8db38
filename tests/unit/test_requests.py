"""What is refused at submission, because a worker could only fail at it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from api.validation import resolve_request
from core.errors import FieldError, SsmlError
from core.request import SynthesisRequest
from core.voice import Catalogue, read_catalogue


@pytest.fixture(scope="module")
def catalogue(tiny_voices: Path) -> Catalogue:
    """The tiny voices, and `plain`, whose acoustic model has no controls, `other`, which reads
    other symbols."""
    tiny = read_catalogue([tiny_voices])
    model, card = tiny.components["tiny-fastspeech2"], tiny.voices["tiny"]
    components = {
        **tiny.components,
        "plain": msgspec.structs.replace(model, name="plain", network="tacotron2", controls=()),
        "other": msgspec.structs.replace(model, name="other", symbols="arpabet"),
    }
    voices = dict(tiny.voices)
    for name in ("plain", "other"):
        own = {"acoustic": {name: name}, "default": False}
        voices[name] = msgspec.structs.replace(card, name=name, **own)
    return Catalogue(voices, components)


def ssml(inner: str, **fields: Any) -> SynthesisRequest:
    return SynthesisRequest(ssml=f"<speak>{inner}</speak>", **fields)


@pytest.mark.parametrize("field", ["pitch", "energy"])
def test_a_control_the_network_lacks_is_refused(catalogue: Catalogue, field: str) -> None:
    request = SynthesisRequest(text="Hello.", voice="plain")
    request = msgspec.structs.replace(request, **{field: 1.5})
    with pytest.raises(FieldError, match=f"tacotron2 has no {field} control") as refused:
        resolve_request(request, catalogue)
    assert (refused.value.field, refused.value.code) == (field, "unsupported_control")
    assert (
        resolve_request(msgspec.structs.replace(request, voice="tiny"), catalogue).voice == "tiny"
    )


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("[voice:nobody] Hello.", {}),
        ("Hello.", {"quote_voice": "nobody"}),
        ("Hello.", {"speakers": {"ANN": "nobody"}}),
    ],
)
def test_voices_of_plain_text_are_known(
    catalogue: Catalogue, text: str, fields: dict[str, Any]
) -> None:
    unknown = SynthesisRequest(text=text, **fields)
    with pytest.raises(FieldError, match="unknown voice 'nobody'"):
        resolve_request(unknown, catalogue)
    other = SynthesisRequest(text="ANN: Hello.", speakers={"ANN": "other"})
    with pytest.raises(FieldError, match="cannot join"):
        resolve_request(other, catalogue)


@pytest.mark.parametrize("inner", ["<emphasis>a</emphasis>", "<prosody pitch='high'>a</prosody>"])
def test_markup_that_needs_a_control_is_refused_with_its_place(
    catalogue: Catalogue, inner: str
) -> None:
    with pytest.raises(SsmlError, match="line 1, column 11"):
        resolve_request(ssml("Oh " + inner, voice="plain"), catalogue)
    with pytest.raises(SsmlError):
        resolve_request(ssml(f"Oh <voice name='plain'>{inner}</voice>"), catalogue)
    assert resolve_request(ssml(inner), catalogue).voice == "tiny"


def test_speed_and_volume_need_no_control(catalogue: Catalogue) -> None:
    inner = "<prosody rate='fast' volume='soft'>Hello.</prosody>"
    assert resolve_request(ssml(inner, voice="plain", speed=2.0), catalogue).acoustic == "plain"


def test_voices_that_cannot_join_are_refused(catalogue: Catalogue) -> None:
    with pytest.raises(FieldError, match="arpabet") as refused:
        resolve_request(ssml("One <voice name='other'>two</voice>"), catalogue)
    assert refused.value.code == "voice_mix"
    resolve_request(ssml("One <voice name='tiny-high'>two</voice>"), catalogue)


def test_ordinary_interpretations_wait_for_the_planner(catalogue: Catalogue) -> None:
    resolve_request(ssml("<say-as interpret-as='time'>noon</say-as>"), catalogue)


def test_nested_rates_that_multiply_out_of_range_are_refused(catalogue: Catalogue) -> None:
    slow = "<prosody rate='x-slow'>{}</prosody>"
    resolve_request(ssml(slow.format("a") * 3, speed=0.5), catalogue)
    for request in (ssml(slow.format("a"), speed=0.25), ssml(slow.format(slow.format(slow)))):
        with pytest.raises(SsmlError, match=r"speed 0\.125 .* 0\.2 to 8"):
            resolve_request(request, catalogue)
    with pytest.raises(SsmlError, match="pitch 8"):
        resolve_request(
            ssml("<prosody pitch='200%'><prosody pitch='200%'>a</prosody></prosody>", pitch=2.0),
            catalogue,
        )
