"""docs/samples: every shipped voice and pair can be heard before anything is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.choices import Choice, choices
from benchmarks.quality.samples import file_name
from core.voice import read_catalogue

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 40_000
"""Bytes."""


@pytest.mark.parametrize("choice", choices(read_catalogue([ROOT / "voices"])), ids=file_name)
def test_a_sample_is_small_and_speaks(choice: Choice) -> None:
    path = ROOT / "docs" / "samples" / file_name(choice)
    assert path.stat().st_size <= LARGEST
    samples, rate = soundfile.read(path, dtype="float32")
    assert 3.0 < len(samples) / rate < 10.0
    assert np.sqrt(np.mean(samples**2)) > 0.01
