"""Builds the synthesizer of this process from the environment."""

from __future__ import annotations

import os

import torch

from core.voice import read_catalogue
from synthesis.engine import Engine
from synthesis.local import LocalSynthesizer
from synthesis.settings import SynthesisSettings
from text.frontend import open_frontend


def open_synthesizer(settings: SynthesisSettings | None = None) -> LocalSynthesizer:
    """Returns a synthesizer with the catalogue, engine and front end of the settings.

    Raises:
        FieldError: a variable is refused.
        ArtifactError: the catalogue cannot be read.
    """
    torch.set_num_threads(1)  # the engine's threads are enough
    settings = settings or SynthesisSettings.from_environment()
    catalogue = read_catalogue(settings.voice_folders)
    engine = Engine(
        settings.artifacts_folder,
        device=settings.device,
        threads=settings.threads or os.cpu_count() or 1,
    )
    return LocalSynthesizer(catalogue, engine, open_frontend)
