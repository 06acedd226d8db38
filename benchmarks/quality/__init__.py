"""Measures how well systems speak the same sentences: word errors, predicted MOS, failure modes."""

from benchmarks.quality.scores import Scores, evaluate

__all__ = ["Scores", "evaluate"]
