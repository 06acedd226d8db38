"""How well a system speaks: word errors, naturalness, mishaps, on the same held-out sentences."""

from benchmarks.quality.scores import Scores, listen

__all__ = ["Scores", "listen"]
