"""What the shipped voices say of ordinary text is no anomaly, at any speed one may ask for."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.protocols import TextFrontend
from core.voice import read_catalogue
from synthesis.engine import Engine
from synthesis.parts import SynthesisItem
from synthesis.results import SynthesizedUtterance
from text.frontend import open_frontend
from training.data.features import pitch_contour

VOICES = Path(__file__).parents[2] / "voices"
SENTENCES = (
    "No.",
    "Yes, please.",
    "Come in!",
    "Who is there?",
    "He paused; then, slowly, he went on: 'I never said so.'",
    "The commission's report, which ran to eight hundred and eighty-eight pages, was published.",
    "On 3 May 1984, at 10:30 a.m., Dr. Smith paid $2,500.75 for it.",
    "Twenty-two boys, thirty-one girls, and one very old, very patient, very grey donkey walked "
    "all the way from the mill to the market, sold nothing, bought nothing, and walked back again.",
    "Ah... well.",
)


CATALOGUE = read_catalogue([VOICES])


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tmp_path_factory.mktemp("artifacts"))


@pytest.fixture(scope="module")
def frontend() -> TextFrontend:
    return open_frontend("house-ipa", "en-us")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    voice=st.sampled_from(sorted(CATALOGUE.voices)),
    vocoder=st.sampled_from(["hifigan", "melgan"]),
    texts=st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=3),
    speed=st.sampled_from([0.25, 0.5, 1.0, 1.5, 4.0]),
    pitch=st.sampled_from([0.5, 1.0, 2.0]),
    energy=st.sampled_from([0.25, 1.0, 4.0]),
)
def test_ordinary_text_is_no_anomaly(
    engine: Engine,
    frontend: TextFrontend,
    voice: str,
    vocoder: str,
    texts: list[str],
    speed: float,
    pitch: float,
    energy: float,
) -> None:
    utterances = frontend.analyze(" ".join(texts), ssml=False).utterances
    items = [
        SynthesisItem(
            utterance=utterance,
            selection=CATALOGUE.resolve(voice, "fastspeech2", vocoder),
            runtime="eager",
            speed=speed,
            pitch=pitch,
            energy=energy,
        )
        for utterance in utterances
    ]
    for item, result in zip(items, engine.synthesize(items), strict=True):
        assert isinstance(result, SynthesizedUtterance), (item.utterance.text, result)
        assert result.notices == (), item.utterance.text


@pytest.mark.parametrize("voice", sorted(CATALOGUE.voices))
def test_the_median_pitch_follows_the_factor(
    engine: Engine, frontend: TextFrontend, voice: str
) -> None:
    (utterance,) = frontend.analyze("They were rowing on the lake.", ssml=False).utterances
    selection = CATALOGUE.resolve(voice, "fastspeech2", "vocos")
    medians = []
    for pitch in (0.85, 1.0, 1.3):  # not lower: WORLD finds nothing below 71 Hz
        item = SynthesisItem(utterance=utterance, selection=selection, runtime="eager", pitch=pitch)
        (result,) = engine.synthesize([item])
        assert isinstance(result, SynthesizedUtterance)
        samples = result.waveform.samples.astype(np.float64)
        contour = pitch_contour(samples, selection.acoustic_component.mel.sample_rate, 256)
        medians.append(np.median(contour[contour > 0]))
    low, plain, high = medians
    assert low / plain < 0.95
    assert 1.15 < high / plain < 1.45
