"""Every recognizer: a batch is its items."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from core.errors import SynthesisError
from core.mel import MelSpec
from core.networks import RecognizerSpec
from core.protocols import Graph, SpeechRecognizer
from exports.registry import spec_of, specs
from recognition.rates import slots_of
from tests.parity.small import seeded

CONFIG: dict[str, dict[str, Any]] = {
    "convolutional_bilstm": {"n_symbols": 12, "channels": 32, "hidden": 24, "dropout": 0.0},
    "conformer": {"n_symbols": 12, "channels": 32, "blocks": 2, "heads": 2, "dropout": 0.0},
}
RECOGNIZERS = [spec.name for spec in specs() if isinstance(spec, RecognizerSpec)]


def mels(lengths: list[int], seed: int = 0) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    rng = np.random.default_rng(seed)
    return [(rng.standard_normal((80, n)) * 2 - 5).astype(np.float32) for n in lengths]


def recognizer(network: str) -> SpeechRecognizer:
    spec, module = spec_of(network), seeded(network, CONFIG[network])
    assert isinstance(spec, RecognizerSpec)

    def graph(function: Any) -> Graph:
        def run(*inputs: Any) -> tuple[Any, ...]:
            with torch.inference_mode():
                outputs = function(*map(torch.from_numpy, inputs))
            return tuple(x.numpy() for x in outputs if isinstance(outputs, tuple)) or (
                outputs.numpy(),
            )

        return run

    graphs = {one.name: graph(one.module) for one in spec.graphs(module)}
    return spec.adapter(graphs, MelSpec(), module.config)


@pytest.mark.parametrize("network", RECOGNIZERS)
def test_a_batch_is_its_items(network: str) -> None:
    recognize, items = recognizer(network), mels([3, 50, 37, 1, 64])
    together = recognize(items)
    for item, output in zip(items, together, strict=True):
        (alone,) = recognize([item])
        assert output.phonemes.shape[0] == slots_of(item.shape[1])
        np.testing.assert_allclose(output.phonemes, alone.phonemes, atol=2e-5)
        np.testing.assert_allclose(output.characters, alone.characters, atol=2e-5)
        np.testing.assert_allclose(np.exp(output.phonemes).sum(1), 1.0, atol=1e-4)


@pytest.mark.parametrize("network", RECOGNIZERS)
def test_a_mel_without_frames_is_refused(network: str) -> None:
    with pytest.raises(SynthesisError, match="without frames"):
        recognizer(network)(mels([0]))
    assert recognizer(network)([]) == []
