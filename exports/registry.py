"""The one table of networks, and what is made of a row: modules, graphs, adapters.

A network lives in its own folder, whose ``spec.py`` holds its ``NetworkSpec`` (core/networks.py) as
``SPEC``. A new network is one more line here: docs/adding-a-vocoder.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec

from core.errors import CheckpointError, SpecMismatch
from core.mel import MelSpec
from core.networks import (
    AcousticSpec,
    NetworkSpec,
    RecognizerSpec,
    VocoderSpec,
    WindowPolicy,
)
from core.protocols import AcousticModel, Graph, SpeechRecognizer, Vocoder
from core.voice import Component

if TYPE_CHECKING:
    from torch import Tensor, nn

NETWORKS: Mapping[str, str] = {
    "fastspeech2": "acoustic.fastspeech2.spec",
    "tacotron2": "acoustic.tacotron2.spec",
    "hifigan": "vocoders.hifigan.spec",
    "melgan": "vocoders.melgan.spec",
    "vocos": "vocoders.vocos.spec",
    "waveglow": "vocoders.waveglow.spec",
    "convolutional_bilstm": "recognition.convolutional_bilstm.spec",
    "conformer": "recognition.conformer.spec",
}
"""Network → the module of its spec, which is imported only when the network is asked for."""
SPARE_WEIGHTS = 2**26
"""A network that has so many weights more than its file (256 MiB) is refused unbuilt, for it would
cost memory; one with fewer is built and refused by the names of the layers that differ."""


@cache
def spec_of(network: str) -> NetworkSpec:
    """Returns the network's spec.

    Raises:
        CheckpointError: no such network.
    """
    if network not in NETWORKS:
        raise CheckpointError(f"unknown network {network!r}, known: {', '.join(NETWORKS)}")
    spec: NetworkSpec = import_module(NETWORKS[network]).SPEC
    return spec


def specs() -> list[NetworkSpec]:
    """Returns every network's spec, in the order of the table."""
    return [spec_of(network) for network in NETWORKS]


def require_spec(component: Component) -> None:
    """Refuses a component whose facts are not those of its network.

    Raises:
        CheckpointError: unknown network, or ``component.toml`` contradicts it.
        SpecMismatch: the sizes of a vocoder are for another mel than the component's.
    """
    spec, config = spec_of(component.network), read_config(component.network, component.config)
    seeded = spec.seeded(config)
    for fact, known in (("kind", spec.kind), ("controls", spec.controls), ("seeded", seeded)):
        stated = getattr(component, fact)
        if stated != known:
            raise CheckpointError(
                f"component {component.name} says {fact} = {stated!r}, "
                f"{component.network} has {known!r}"
            )
    if isinstance(spec, VocoderSpec):
        _require_mel(component, spec, config)


def _require_mel(component: Component, spec: VocoderSpec, config: Any) -> None:
    sizes = {"n_mels": config.n_mels, "hop_length": config.hop_length}
    if (excitation := spec.excitation(config)) is not None:
        sizes["sample_rate"] = excitation.config.sample_rate
    stated = {name: getattr(component.mel, name) for name in sizes}
    if fields := {n: (stated[n], sizes[n]) for n in sizes if stated[n] != sizes[n]}:
        raise SpecMismatch(fields, left=f"mel of {component.name}", right=f"{spec.name}'s config")


def read_config(network: str, fields: Mapping[str, Any]) -> Any:
    """Returns the network's config.

    Raises:
        CheckpointError: unknown or ill-typed fields.
    """
    try:
        return msgspec.convert(dict(fields), spec_of(network).config)
    except msgspec.ValidationError as error:
        raise CheckpointError(f"config of {network}: {error}") from error


def build_network(
    network: str, fields: Mapping[str, Any], state_dict: Mapping[str, Tensor]
) -> nn.Module:
    """Returns the network with its weights, in eval mode, weight norm folded, loaded strictly.

    Raises:
        CheckpointError: config or weights do not fit.
    """
    import torch

    from vocoders.weight_norm import fold_weight_norm

    build, config = spec_of(network).network, read_config(network, fields)
    try:
        folded = fold_weight_norm(state_dict)
        with torch.device("meta"):
            wanted = sum(p.numel() for p in build(config).parameters())
        if wanted > (given := sum(value.numel() for value in folded.values())) + SPARE_WEIGHTS:
            raise CheckpointError(f"{network} of these sizes has {wanted} weights, not {given}")
        module: nn.Module = build(config)
        module.load_state_dict(folded, strict=True)
    except (RuntimeError, ValueError, ArithmeticError) as error:
        raise CheckpointError(f"weights of {network}: {error}") from error
    return module.eval().requires_grad_(False)


def join_acoustic(
    network: str, graphs: Mapping[str, Graph], mel: MelSpec, fields: Mapping[str, Any], exact: bool
) -> AcousticModel:
    """Returns the acoustic model over opened graphs.

    Raises:
        CheckpointError: the network is none, or the config does not fit.
    """
    spec = spec_of(network)
    if not isinstance(spec, AcousticSpec):
        raise CheckpointError(f"{network} is not an acoustic model")
    return spec.adapter(graphs, mel, read_config(network, fields), exact)


def join_vocoder(
    network: str,
    graphs: Mapping[str, Graph],
    mel: MelSpec,
    fields: Mapping[str, Any],
    policy: WindowPolicy,
) -> Vocoder:
    """Returns the vocoder over opened graphs.

    Raises:
        CheckpointError: the network is none, or the config does not fit.
    """
    spec, config = _vocoder_spec(network), read_config(network, fields)
    return spec.adapter(graphs, mel, config, spec.halo(config), policy)


def halo_of(network: str, fields: Mapping[str, Any]) -> int:
    """Returns the frames of context per side that a vocoder needs.

    Raises:
        CheckpointError: the network is none, or the config does not fit.
    """
    return _vocoder_spec(network).halo(read_config(network, fields))


def _vocoder_spec(network: str) -> VocoderSpec:
    spec = spec_of(network)
    if not isinstance(spec, VocoderSpec):
        raise CheckpointError(f"{network} is not a vocoder")
    return spec


def join_recognizer(
    network: str, graphs: Mapping[str, Graph], mel: MelSpec, fields: Mapping[str, Any]
) -> SpeechRecognizer:
    """Returns the recognizer over opened graphs.

    Raises:
        CheckpointError: the network is none, or the config does not fit.
    """
    spec = spec_of(network)
    if not isinstance(spec, RecognizerSpec):
        raise CheckpointError(f"{network} is not a recognizer")
    return spec.adapter(graphs, mel, read_config(network, fields))
