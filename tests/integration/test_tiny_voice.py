"""The tiny voice through every runtime: known tones, exact lengths, batches equal to singles."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from core.request import RuntimeName
from core.text import Span, Utterance
from core.voice import Catalogue, read_catalogue
from exports.tiny_voice import expected_durations, expected_samples, write_tiny_voice
from synthesis.batching import Budgets
from synthesis.engine import Engine
from synthesis.parts import SynthesisItem
from synthesis.results import SynthesizedUtterance
from tests.processor import computed_precision

RUNTIMES = get_args(RuntimeName)
SIZES = [1, 2, 3, 7, 20, 33, 60, 140]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_voice(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def catalogue(folder: Path) -> Catalogue:
    return read_catalogue([folder])


@pytest.fixture(scope="module", params=RUNTIMES)
def engine(request: pytest.FixtureRequest, folder: Path, catalogue: Catalogue) -> Engine:
    engine = Engine(folder / "artifacts")
    engine.runtime = request.param  # type: ignore[attr-defined]
    return engine


def item(
    catalogue: Catalogue,
    ids: list[int],
    runtime: RuntimeName,
    voice: str = "tiny",
    speed: float = 1.0,
) -> SynthesisItem:
    utterance = Utterance(
        text="a",
        span=Span(0, 1),
        phonemes=("a",) * len(ids),
        phoneme_ids=tuple(ids),
        pause_after_seconds=0.0,
    )
    return SynthesisItem(
        utterance=utterance,
        selection=catalogue.resolve(
            voice, "fastspeech2", "hifigan", runtime, computed_precision(runtime)
        ),
        runtime=runtime,
        speed=speed,
        seed=1,
    )


def sentences() -> list[list[int]]:
    rng = np.random.default_rng(0)
    return [rng.integers(1, 60, size).tolist() for size in SIZES]


def say(engine: Engine, items: list[SynthesisItem]) -> list[SynthesizedUtterance]:
    results = engine.synthesize(items)
    assert all(isinstance(r, SynthesizedUtterance) for r in results), results
    return [r for r in results if isinstance(r, SynthesizedUtterance)]


@pytest.mark.parametrize(("voice", "speaker"), [("tiny", 0), ("tiny-high", 1)])
@pytest.mark.parametrize("speed", [1.0, 2.0, 0.5])
def test_says_the_expected_tones(
    engine: Engine, catalogue: Catalogue, voice: str, speaker: int, speed: float
) -> None:
    runtime: RuntimeName = engine.runtime  # type: ignore[attr-defined]
    items = [item(catalogue, ids, runtime, voice, speed) for ids in sentences()]
    for ids, result in zip(sentences(), say(engine, items), strict=True):
        assert list(result.durations) == expected_durations(ids, speed)
        wave = expected_samples(ids, speaker, speed)
        assert len(result.waveform.samples) == len(wave) == 256 * sum(result.durations)
        assert np.abs(result.waveform.samples - wave).max() < 0.02
        assert result.notices == ()


def test_batch_of_n_is_n_singles(engine: Engine, folder: Path, catalogue: Catalogue) -> None:
    runtime: RuntimeName = engine.runtime  # type: ignore[attr-defined]
    wide = Engine(
        folder / "artifacts",
        budgets=Budgets(symbols=10**6, frames=10**6, items=64, padding=0.99),
    )
    items = [
        item(catalogue, ids, runtime, voice)
        for ids in sentences()
        for voice in ("tiny", "tiny-high")
    ]
    together = say(wide, items)
    assert {r.batch_size for r in together} == {len(items)}
    for one, result in zip(items, together, strict=True):
        (alone,) = say(engine, [one])
        assert alone.batch_size == 1
        assert alone.durations == result.durations
        assert np.abs(alone.waveform.samples - result.waveform.samples).max() <= 1e-5


def test_same_request_same_samples(engine: Engine, catalogue: Catalogue) -> None:
    items = [item(catalogue, ids, engine.runtime) for ids in sentences()]  # type: ignore[attr-defined]
    for one, two in zip(say(engine, items), say(engine, items), strict=True):
        assert (one.waveform.samples == two.waveform.samples).all()
        assert one.artifacts == two.artifacts
        assert set(one.artifacts) == {"tiny-fastspeech2", "tiny-hifigan"}


def test_is_small(folder: Path) -> None:
    assert sum(f.stat().st_size for f in folder.glob("components/*/*")) < 200_000
