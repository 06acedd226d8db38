"""Builds the synthesizer of this process from the environment."""

from __future__ import annotations

import os

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
    # The engine's threads are enough, should torch be imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    settings = settings or SynthesisSettings.from_environment()
    catalogue = read_catalogue(settings.voice_folders)
    engine = Engine(
        settings.artifacts_folder,
        device=settings.device,
        threads=settings.threads or os.cpu_count() or 1,
    )
    return LocalSynthesizer(catalogue, engine, open_frontend)
