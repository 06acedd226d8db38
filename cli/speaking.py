"""Builds the synthesizer of this process."""

from __future__ import annotations

import os

from core.voice import Catalogue
from synthesis.engine import Engine
from synthesis.loading import default_load
from synthesis.local import LocalSynthesizer
from synthesis.settings import SynthesisSettings
from text.frontend import open_frontend


def open_synthesizer(settings: SynthesisSettings, catalogue: Catalogue) -> LocalSynthesizer:
    """Returns a synthesizer with the engine of the settings, which has loaded nothing yet."""
    # The engine's threads are enough, should torch be imported.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    engine = Engine(
        settings.artifacts_folder,
        device=settings.device,
        threads=settings.threads or os.cpu_count() or 1,
        load=default_load(settings.cuda_graphs),
    )
    return LocalSynthesizer(catalogue, engine, open_frontend)
