"""Fixtures of the integration tier."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def synthetic_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared corpus of three seconds, two speakers, all training tests read it."""
    # Imported here: torch, which most tests of this tier do without.
    from tests.synthetic_corpus import make_corpus

    return make_corpus(tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("prepared"))
