"""A default voice that cannot be loaded: the start says so and ends, it does not wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.stack import Stack
from core.errors import Unavailable
from exports.tiny_voice import write_tiny_voice
from tests.conftest import tiny_environment


def test_a_start_with_damaged_weights_shows_the_cause(tmp_path: Path) -> None:
    voices = write_tiny_voice(tmp_path / "voices")
    (weights,) = voices.rglob("tiny-hifigan/weights.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    stack = Stack(tmp_path / "data", environment=tiny_environment(voices, tmp_path / "artifacts"))
    with pytest.raises(Unavailable, match="artifact_digest") as refused, stack:
        pass
    assert refused.value.code == "models"
