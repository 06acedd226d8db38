"""What ships stays small enough for git."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST_OF_ONE, MOST_OF_ALL = 20_000_000, 120_000_000
"""Bytes."""


def test_shipped_weights_are_small() -> None:
    sizes = {
        path: path.stat().st_size
        for room in ("voices", "training")
        for path in (ROOT / room).rglob("*.safetensors")
    }
    assert sizes
    assert max(sizes.values()) <= MOST_OF_ONE
    assert sum(sizes.values()) <= MOST_OF_ALL
