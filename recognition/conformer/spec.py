"""The Conformer as the registry knows it: its parts and its size."""

from __future__ import annotations

from core.networks import CorpusFacts, RecognizerSpec, imported_on_call
from recognition.adapter import CtcRecognizer
from recognition.conformer.config import ConformerConfig


def small_size(corpus: CorpusFacts) -> ConformerConfig:
    """Returns the one size: 3.3 M parameters, 7 MB in float16."""
    return ConformerConfig(n_symbols=corpus.n_symbols, n_mels=corpus.mel.n_mels)


SPEC = RecognizerSpec(
    name="conformer",
    config=ConformerConfig,
    network=imported_on_call("recognition.conformer.network:Conformer"),
    graphs=imported_on_call("recognition.graphs:recognizer_graphs"),
    adapter=CtcRecognizer,
    sizes={"small": small_size},
)
