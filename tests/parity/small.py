"""Small components of every network with seeded weights, of the house's mel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core.mel import MelSpec
from core.voice import Component, Provenance
from exports.component_file import write_component
from exports.registry import read_config, spec_of

REFINER = {"layers": 2, "channels": 16, "hidden": 24, "harmonics": 5, "pitch_channels": 8}
SOURCE = {"channels": 16, "hidden": 24, "layers": 2, "pitch_channels": 12}
CONFIGS: Mapping[str, Mapping[str, Any]] = {  # a network that is not here has its defaults
    "fastspeech2": {
        "n_symbols": 30,
        "n_speakers": 2,
        "encoder_layers": 2,
        "encoder_hidden": 32,
        "decoder_layers": 2,
        "decoder_hidden": 32,
        "conv_filter": 48,
        "variance_filter": 24,
        "n_bins": 32,
        "postnet_layers": 3,
        "postnet_channels": 24,
        "refiner": REFINER,
    },
    "tacotron2": {
        "n_symbols": 30,
        "embedding_dim": 16,
        "attention_rnn_dim": 24,
        "decoder_rnn_dim": 20,
        "prenet_dim": 8,
        "attention_dim": 12,
        "location_filters": 4,
        "location_kernel": 7,
        "postnet_channels": 12,
        "frames_per_symbol_cap": 3,
        "frames_cap_base": 10,
        "gate_threshold": 0.51,
        "refiner": REFINER,
    },
    "hifigan": {
        "resblock": "2",
        "upsample_rates": (8, 8, 4),
        "upsample_kernels": (16, 16, 8),
        "upsample_channels": 32,
        "resblock_kernels": (3, 5),
        "resblock_dilations": ((1, 2), (2, 6)),
    },
    "melgan": {
        "channels": 32,
        "upsample_rates": (8, 4),
        "residual_layers": 2,
        "stft_hop": 8,
        "source": SOURCE,
    },
    "vocos": SOURCE,
    "waveglow": {
        "n_flows": 4,
        "n_early_every": 2,
        "n_layers": 3,
        "n_channels": 8,
        "upsample_kernel": 512,
    },
    "convolutional_bilstm": {"n_symbols": 30, "channels": 16, "hidden": 12},
    "conformer": {"n_symbols": 30, "channels": 16, "blocks": 2, "heads": 2, "reach": 6},
}


def seeded(network: str, config: Mapping[str, Any], seed: int = 0) -> nn.Module:
    """The network with random weights that keep activations about as large as they are."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module: Any = spec_of(network).network(read_config(network, config))
        if network == "fastspeech2":
            # About five frames per symbol, not e^0.1 - 1.
            nn.init.constant_(module.variance_adaptor.duration_predictor.linear_layer.bias, 1.8)
        if network == "tacotron2":
            # A gate that swings with the dropout, so that items stop at different steps.
            module.decoder.gate_layer.linear_layer.weight.data.mul_(40)
        if getattr(module, "refiner", None) is not None:
            # Zero at first would make the refiner the identity.
            nn.init.normal_(module.refiner.leave.weight, std=0.3)
        if network == "waveglow":
            for coupling in module.WN:
                # Zero at first would make every coupling the identity.
                nn.init.normal_(coupling.end.weight, std=0.05)
    network_: nn.Module = module.eval()
    return network_


def small_component(folder: Path, network: str, **changes: Any) -> Component:
    """Writes the component below ``folder`` and returns it; changes go to its config."""
    config = {**CONFIGS.get(network, {}), **changes}
    component = spec_of(network).component(
        f"small-{network}",
        config,
        mel=MelSpec(),
        symbols="" if spec_of(network).kind == "vocoder" else "toy",
        speakers=int(config.get("n_speakers", 1)),
        provenance=Provenance(source="seeded", licence="Apache-2.0"),
    )
    return write_component(folder / component.name, component, seeded(network, config).state_dict())
