"""Tacotron 2 as the registry knows it: its parts and its sizes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from acoustic.tacotron2.adapter import Tacotron2Model
from acoustic.tacotron2.config import Tacotron2Config
from core.mel import MelSpec
from core.networks import AcousticSpec, CorpusFacts, imported_on_call
from core.protocols import AcousticModel, Graph


def reference_size(corpus: CorpusFacts) -> Tacotron2Config:
    """Returns the reference's sizes, two frames a step: it aligns on a few hours of speech."""
    return Tacotron2Config(
        n_symbols=corpus.n_symbols, n_mels=corpus.mel.n_mels, n_frames_per_step=2
    )


def small_size(corpus: CorpusFacts) -> Tacotron2Config:
    """Returns half the reference's widths: below 8 M parameters, 16 MB in float16.

    Four frames a step: on a CPU a step of training takes as long as its longest utterance has
    steps. No dropout but the prenet's: in hours on a CPU it fits its own training set no better
    than what is held out. On the post-net's last convolution dropout of a half also halves what
    that learns to correct.
    """
    return msgspec.structs.replace(
        reference_size(corpus),
        n_frames_per_step=4,
        embedding_dim=256,
        attention_rnn_dim=512,
        decoder_rnn_dim=512,
        prenet_dim=128,
        postnet_channels=256,
        p_convolution_dropout=0.0,
        p_attention_dropout=0.0,
        p_decoder_dropout=0.0,
    )


def _adapter(
    graphs: Mapping[str, Graph], mel: MelSpec, config: Tacotron2Config, exact: bool
) -> AcousticModel:
    return Tacotron2Model(graphs, mel, config=config, exact=exact)


SPEC = AcousticSpec(
    name="tacotron2",
    config=Tacotron2Config,
    network=imported_on_call("acoustic.tacotron2.network:Tacotron2"),
    graphs=imported_on_call("acoustic.tacotron2.graphs:graphs"),
    adapter=_adapter,
    seeded=lambda config: True,  # the prenet's dropout stays on
    sizes={"small": small_size, "reference": reference_size},
    checkpoint_keys=("state_dict",),  # ``{iteration, state_dict, optimizer, learning_rate}``.
    read_checkpoint=imported_on_call("acoustic.tacotron2.checkpoint:read_checkpoint"),
)
