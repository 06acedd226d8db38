"""The shipped voices give the same samples alone and in company; benchmarks/exactness has more."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.choices import Choice
from benchmarks.exactness import EngineSetup, circumstances, compare, random_items, speak_alone
from core.request import RuntimeName
from core.voice import read_catalogue

VOICES = Path(__file__).parents[2] / "voices"
CATALOGUE = read_catalogue([VOICES])
PAIRS = [("fastspeech2", "vocos"), ("tacotron2", "hifigan")]
LIKE_ALONE = ("random company", "after failures", "other windows")


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> EngineSetup:
    return EngineSetup((VOICES,), tmp_path_factory.mktemp("artifacts"))


@pytest.mark.parametrize(("acoustic", "vocoder"), PAIRS)
def test_onnx_gives_the_same_bits(setup: EngineSetup, acoustic: str, vocoder: str) -> None:
    items = random_items(CATALOGUE, Choice("clara", acoustic, vocoder), 4, seed=1)
    alone = speak_alone(setup.engine(), items)
    for name in LIKE_ALONE:
        comparison = compare(acoustic, name, alone, circumstances(setup)[name](items))
        assert comparison.samples > 0
        assert comparison.differing == 0, comparison


@pytest.mark.parametrize("runtime", ["eager", "torchscript"])
def test_torch_is_one_step_off_at_most(setup: EngineSetup, runtime: RuntimeName) -> None:
    items = random_items(CATALOGUE, Choice("clara", "fastspeech2", "vocos", runtime), 4, seed=2)
    alone = speak_alone(setup.engine(), items)
    comparison = compare(runtime, "", alone, circumstances(setup)["random company"](items))
    assert comparison.largest <= 1
    assert comparison.differing <= comparison.samples / 100
