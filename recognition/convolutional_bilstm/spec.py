"""The convolutional BiLSTM as the registry knows it: its parts and its size."""

from __future__ import annotations

from core.networks import CorpusFacts, RecognizerSpec, imported_on_call
from recognition.convolutional_bilstm.adapter import ConvolutionalBiLstmRecognizer
from recognition.convolutional_bilstm.config import ConvolutionalBiLstmConfig


def small_size(corpus: CorpusFacts) -> ConvolutionalBiLstmConfig:
    """Returns the one size: 3.6 M parameters, 7 MB in float16."""
    return ConvolutionalBiLstmConfig(n_symbols=corpus.n_symbols, n_mels=corpus.mel.n_mels)


SPEC = RecognizerSpec(
    name="convolutional_bilstm",
    config=ConvolutionalBiLstmConfig,
    network=imported_on_call("recognition.convolutional_bilstm.network:ConvolutionalBiLstm"),
    graphs=imported_on_call("recognition.convolutional_bilstm.graphs:graphs"),
    adapter=ConvolutionalBiLstmRecognizer,
    sizes={"small": small_size},
)
