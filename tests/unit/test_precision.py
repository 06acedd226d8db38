"""Which export speaks: the request's, else the voice's, else the service's."""

from pathlib import Path

import msgspec
import pytest

from api.routes.voices import list_voices
from api.validation import resolve_request
from benchmarks.choices import choices
from core.errors import FieldError
from core.request import Precision, RuntimeName, SynthesisRequest
from core.settings import CommonSettings
from core.voice import Catalogue, read_catalogue
from synthesis.part_audio import part_digest
from synthesis.parts import SynthesisItem, cut_parts, synthesis_items
from text.frontend import open_frontend

OpenExport = tuple[RuntimeName | None, Precision | None]


@pytest.mark.parametrize(
    ("request_", "card", "service", "chosen"),
    [
        ((None, None), (None, None), (None, None), ("onnx", "fp32")),
        ((None, None), (None, None), ("openvino", None), ("openvino", "bf16")),
        ((None, None), (None, None), (None, "int8"), ("onnx", "int8")),
        ((None, None), ("torchscript", None), ("openvino", "fp32"), ("torchscript", "fp32")),
        ((None, None), ("onnx", "int8"), ("openvino", None), ("onnx", "int8")),
        (("openvino", None), ("onnx", "int8"), (None, None), ("openvino", "bf16")),
        (("openvino", "fp32"), (None, None), (None, None), ("openvino", "fp32")),
        ((None, "fp32"), ("onnx", "int8"), (None, None), ("onnx", "fp32")),
    ],
)
def test_request_then_voice_then_service_choose_the_export(
    tiny_voices: Path,
    request_: OpenExport,
    card: OpenExport,
    service: OpenExport,
    chosen: OpenExport,
) -> None:
    read = read_catalogue([tiny_voices], *service)
    voice = read.voices["tiny"]
    if any(card):
        voice = msgspec.structs.replace(voice, runtime=card[0], precision=card[1])
    catalogue = Catalogue({"tiny": voice}, read.components)
    asked = SynthesisRequest(text="Hello.", runtime=request_[0], precision=request_[1])
    resolved = resolve_request(asked, catalogue)
    assert (resolved.runtime, resolved.precision) == chosen


@pytest.mark.parametrize(
    ("runtime", "precision"),
    [("onnx", "bf16"), ("eager", "int8"), ("openvino", "int8"), ("openvino", "fp16")],
)
def test_a_precision_that_the_runtime_lacks_is_refused(
    tiny_voices: Path, runtime: RuntimeName, precision: Precision
) -> None:
    request = SynthesisRequest(text="Hello.", runtime=runtime, precision=precision)
    with pytest.raises(FieldError, match=f"{runtime} computes no {precision}") as refused:
        resolve_request(request, read_catalogue([tiny_voices]))
    assert (refused.value.field, refused.value.code) == ("precision", "unknown_precision")


def test_a_part_in_another_precision_is_another_part(tiny_voices: Path) -> None:
    catalogue = read_catalogue([tiny_voices])
    model = catalogue.resolve("tiny").acoustic_component
    utterances = open_frontend(model.symbols, "en-us").analyze("Hello.", ssml=False).utterances
    (part,) = cut_parts([utterances])

    def items(precision: Precision) -> list[SynthesisItem]:
        request = SynthesisRequest(text="Hello.", runtime="openvino", precision=precision)
        return list(synthesis_items(part, request, catalogue))

    assert part_digest(items("fp32")) != part_digest(items("bf16"))


def test_settings_name_runtime_and_precision() -> None:
    environment = {"RHAPSODE_RUNTIME": "openvino", "RHAPSODE_PRECISION": "fp32"}
    settings = CommonSettings.from_environment(environment)
    assert (settings.runtime, settings.precision) == ("openvino", "fp32")
    with pytest.raises(FieldError):
        CommonSettings.from_environment({"RHAPSODE_RUNTIME": "tensorflow"})


def test_voices_and_benchmarks_have_the_runtime_of_the_settings(tiny_voices: Path) -> None:
    own = {"RHAPSODE_VOICES": str(tiny_voices), "RHAPSODE_SHIPPED_VOICES": "false"}
    for runtime, precision in (("openvino", "bf16"), ("torchscript", "fp32"), ("onnx", "fp32")):
        settings = CommonSettings.from_environment({**own, "RHAPSODE_RUNTIME": runtime})
        catalogue = settings.catalogue()
        (view, *_) = list_voices(catalogue).voices
        assert (view.runtime, view.precision) == (runtime, precision)
        (choice, *_) = choices(catalogue)
        assert choice.selection(catalogue).precision == precision
        assert choice.runtime == runtime
