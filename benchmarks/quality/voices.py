"""Our own systems: every voice × acoustic model × vocoder, and copy synthesis per vocoder."""

from __future__ import annotations

from functools import partial

import numpy as np
import soxr

from audio.log_mel import log_mel
from benchmarks.choices import Choice, choices
from benchmarks.pipeline import Pipeline, StageClock, joined
from benchmarks.quality.recognizer import MissingTool
from benchmarks.quality.sentences import BenchSentence
from benchmarks.quality.systems import Corpus, Say, System
from core.errors import AnomalyError, RhapsodeError
from core.mel import Float32
from core.voice import Catalogue
from exports.voice import load_voice
from synthesis.settings import SynthesisSettings

DITHER = 1 / 32768
"""Noise under the teacher's digital silence (its README asks for it), as in training."""


def our_systems() -> list[System]:
    """Returns a system for everything in the catalogue, shipped and in RHAPSODE_VOICES.

    Raises:
        ArtifactError: the catalogue cannot be read.
    """
    settings = SynthesisSettings.from_environment()
    catalogue = settings.catalogue()
    offered = choices(catalogue)
    once = {c.selection(catalogue).vocoder_component.name: c for c in reversed(offered)}
    copies = [
        System(
            f"copy {component}",
            partial(_open_copy, catalogue, choice, settings),
            {"vocoder": component},
        )
        for component, choice in sorted(once.items())
    ]
    voices = [
        System(c.name, partial(_open_voice, catalogue, c, settings), _parts(catalogue, c))
        for c in offered
    ]
    return copies + voices


def _parts(catalogue: Catalogue, choice: Choice) -> dict[str, str]:
    selection = choice.selection(catalogue)
    return {
        "voice": choice.voice,
        "acoustic": selection.acoustic_component.name,
        "vocoder": selection.vocoder_component.name,
    }


def _open_voice(catalogue: Catalogue, choice: Choice, settings: SynthesisSettings) -> Say:
    try:
        pipeline = Pipeline(catalogue, choice, settings.artifacts_folder)
    except RhapsodeError as error:
        raise MissingTool(error.message) from error

    def say(sentence: BenchSentence) -> tuple[Float32, int]:
        try:
            (pieces,) = pipeline.speak([sentence.text], StageClock())
        except AnomalyError:  # a client gets an error and no sound: all its words are lost
            return np.zeros(pipeline.sample_rate, np.float32), pipeline.sample_rate
        return joined(pieces, pipeline.sample_rate), pipeline.sample_rate

    return say


def _open_copy(catalogue: Catalogue, choice: Choice, settings: SynthesisSettings) -> Say:
    """Returns copy synthesis: the vocoder on mels of the teacher's recordings, its best case."""
    corpus = Corpus()
    try:
        voice = load_voice(
            choice.selection(catalogue),
            runtime=choice.runtime,
            artifacts=settings.artifacts_folder,
        )
    except RhapsodeError as error:
        raise MissingTool(error.message) from error
    spec = voice.vocoder.mel_spec
    noise = np.random.default_rng(0)

    def say(sentence: BenchSentence) -> tuple[Float32, int] | None:
        recording = corpus.read(sentence.id)
        if recording is None:
            return None
        samples = soxr.resample(recording[0], recording[1], spec.sample_rate)
        samples = samples + DITHER * noise.standard_normal(samples.shape)
        mel = log_mel(samples.astype(np.float32), spec)
        return voice.vocoder([mel], [0])[0], spec.sample_rate

    return say
