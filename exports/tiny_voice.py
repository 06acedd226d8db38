"""The tiny voice: real networks with hand-set weights that make known tones.

Symbol ``i`` lasts ``4 + 2 · (i % 3)`` frames at speed 1. While it lasts, two sines sound together:
one of ``4 + i % 3`` whole periods per hop tells the symbol's class, one of ``12 + 4 · s`` the
speaker.
Both start at phase 0 with every frame. So order, trimming, padding and clipping are visible in the
samples, and every length is hop × Σ durations. Below 200 kB on disk; for tests, and for trying the
service without a trained voice.
"""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np
import tomli_w
import torch
from torch import Tensor, nn

from acoustic.fastspeech2.config import FastSpeech2Config
from acoustic.fastspeech2.network import FastSpeech2
from core.errors import ArtifactError
from core.mel import Float32, MelSpec
from core.voice import Provenance, VoiceCard
from exports.component_file import write_component
from exports.registry import spec_of
from text.g2p.symbols import symbol_table
from vocoders.hifigan.config import HifiGanConfig
from vocoders.hifigan.network import HifiGan

SYMBOLS = "house-ipa"
CLASSES, SPEAKERS = 3, 2
FRAMES = (4, 6, 8)
"""Frames of the symbols of class i % 3 at speed 1; even, so that half of them is no tie."""
AMPLITUDE = 0.2
"""Of each of the two sines, before the network's tanh."""
PERIODS = (4, 5, 6, 12, 16)
"""Periods per hop: of the three classes, then of the two speakers."""
TONES = len(PERIODS)
LOUD = 200.0
"""Size of the embeddings: positions (at most 1) hardly count against it, and its square still fits
float16."""

_SPEC = MelSpec()
_ACOUSTIC = FastSpeech2Config(
    n_symbols=symbol_table(SYMBOLS).size,
    n_speakers=SPEAKERS,
    encoder_layers=1,
    decoder_layers=1,
    encoder_hidden=8,
    decoder_hidden=8,
    conv_filter=8,
    conv_kernels=(3, 1),
    variance_filter=8,
    n_bins=4,
    postnet_layers=0,
)
_VOCODER = HifiGanConfig(
    upsample_rates=(_SPEC.hop_length,),
    upsample_kernels=(2 * _SPEC.hop_length,),
    upsample_channels=8,
    resblock="2",
    resblock_kernels=(3,),
    resblock_dilations=((1,),),
)


def expected_durations(ids: list[int], speed: float = 1.0) -> list[int]:
    """Frames of each symbol, rounded half to even.

    >>> expected_durations([3, 4, 5])
    [4, 6, 8]
    """
    return [round(FRAMES[i % CLASSES] / speed) for i in ids]


def expected_samples(ids: list[int], speaker: int = 0, speed: float = 1.0) -> Float32:
    """Returns what the tiny voice makes, to about 2 % of full scale, (hop · Σ durations,)."""
    phase = 2 * np.pi * np.arange(_SPEC.hop_length) / _SPEC.hop_length
    sines = [np.sin(periods * phase) for periods in PERIODS]
    frames = [
        np.tile(np.tanh(AMPLITUDE * (sines[i % CLASSES] + sines[CLASSES + speaker])), count)
        for i, count in zip(ids, expected_durations(ids, speed), strict=True)
    ]
    return np.concatenate([np.zeros(0), *frames]).astype(np.float32)


def write_tiny_voice(folder: Path, *, default: bool = True) -> Path:
    """Writes the voices ``tiny`` (speaker 0) and ``tiny-high`` (speaker 1), which share networks.

    Args:
        folder: of voices, as ``core.voice.read_catalogue`` reads it; made if need be.
        default: ``tiny`` is the folder's default voice.

    Returns:
        The folder.

    Raises:
        ArtifactError: the folder cannot be written.
    """
    provenance = Provenance(source="hand-set weights", licence="Apache-2.0")
    acoustic = spec_of("fastspeech2").component(
        "tiny-fastspeech2",
        msgspec.to_builtins(_ACOUSTIC),
        mel=_SPEC,
        symbols=SYMBOLS,
        speakers=SPEAKERS,
        provenance=provenance,
    )
    vocoder = spec_of("hifigan").component(
        "tiny-hifigan", msgspec.to_builtins(_VOCODER), mel=_SPEC, provenance=provenance
    )
    for component, network in ((acoustic, tiny_acoustic()), (vocoder, tiny_vocoder())):
        write_component(folder / "components" / component.name, component, network.state_dict())
    for speaker, name in enumerate(("tiny", "tiny-high")):
        _write_card(folder / name, name, speaker, default=default and speaker == 0)
    return folder


def _write_card(folder: Path, name: str, speaker: int, *, default: bool) -> None:
    card = VoiceCard(
        name=name,
        title=f"Tiny tones, speaker {speaker}",
        description="Not speech: tones of known pitch and length, for tests.",
        language="en-us",
        gender="neutral",
        acoustic={"fastspeech2": "tiny-fastspeech2"},
        vocoders={"hifigan": "tiny-hifigan"},
        speaker=speaker,
        default=default,
        licence="Apache-2.0",
        provenance="weights set by hand",
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "voice.toml").write_text(tomli_w.dumps(msgspec.to_builtins(card)), "utf-8")
    except OSError as error:
        raise ArtifactError(f"cannot write voice {name}: {error}") from error


def tiny_acoustic() -> FastSpeech2:
    """One-hot embeddings of class and speaker; the two linear heads are solved for the answers."""
    network = FastSpeech2(_ACOUSTIC).eval().requires_grad_(False)
    _silence(network)
    size = _ACOUSTIC.n_symbols
    classes = torch.arange(size) % CLASSES
    network.encoder.src_word_emb.weight[:, :CLASSES] = LOUD * torch.eye(CLASSES)[classes]
    last = network.encoder.layer_stack[-1].state_dict()
    last["pos_ffn.layer_norm.weight"].fill_(LOUD / 2)
    assert network.speaker_emb is not None  # two speakers
    network.speaker_emb.weight[:, CLASSES:TONES] = LOUD * torch.eye(SPEAKERS)
    predictor = network.variance_adaptor.duration_predictor
    for name, weight in predictor.state_dict().items():
        if name.endswith("conv.weight"):
            weight[..., 1] = torch.eye(len(weight))  # the centre of three taps
    _solve_heads(network, classes)
    return network


def _solve_heads(network: FastSpeech2, classes: Tensor) -> None:
    predictor = network.variance_adaptor.duration_predictor
    seen: dict[nn.Module, Tensor] = {}

    def keep(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen[module] = inputs[0]

    heads = (predictor.linear_layer, network.mel_linear)
    hooks = [head.register_forward_pre_hook(keep) for head in heads]
    ids = torch.arange(1, 1501).remainder(len(classes)).clamp(min=1)
    ids = ids.expand(SPEAKERS, -1)  # (2, L): the same symbols by both speakers
    lengths = torch.full((SPEAKERS,), ids.shape[1])
    hidden, mask = network.encode(ids, lengths, torch.arange(SPEAKERS))
    predictor(hidden, mask)
    network.decode(hidden, lengths)
    for hook in hooks:
        hook.remove()
    kinds = classes[ids]  # (2, L)
    speakers = torch.arange(SPEAKERS)[:, None].expand_as(kinds)
    frames = torch.tensor(FRAMES, dtype=torch.float32)[kinds]
    bands = torch.arange(_SPEC.n_mels) % TONES
    on = (bands == kinds[..., None]) | (bands == CLASSES + speakers[..., None])
    mels = torch.where(on, 0.0, _SPEC.silence)  # (2, L, n_mels): magnitude 1 or silence
    _solve(predictor.linear_layer, seen[predictor.linear_layer], torch.log1p(frames)[..., None])
    _solve(network.mel_linear, seen[network.mel_linear], mels)


def _solve(head: nn.Linear, features: Tensor, targets: Tensor) -> None:
    """Least squares of a linear layer: features (…, F) → targets (…, M)."""
    x = features.reshape(-1, features.shape[-1]).double()
    y = targets.reshape(-1, targets.shape[-1]).double()
    design = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], 1)
    solution = torch.linalg.pinv(design, rtol=1e-4) @ y  # (F + 1, M)
    head.weight.copy_(solution[:-1].T)
    head.bias.copy_(solution[-1])


def tiny_vocoder() -> HifiGan:
    """Each frame's tones add up to a sine of whole periods; frames do not reach into each other.

    The sine is made twice, with both signs, because the leaky ReLU before the last convolution
    would bend it: lrelu(x) - lrelu(-x) = 1.01 x.
    """
    network = HifiGan(_VOCODER).eval().requires_grad_(False)
    _silence(network)
    weights = network.state_dict()
    hop, centre = _SPEC.hop_length, 3
    band = torch.arange(_SPEC.n_mels) % TONES
    for tone, periods in enumerate(PERIODS):
        own = band == tone
        share = 1 / (-_SPEC.silence * float(own.sum()))
        weights["conv_pre.weight"][tone, own, centre] = share
        weights["conv_pre.bias"][tone] = 1.0  # silence → 0, magnitude 1 → 1
        sine = torch.sin(2 * math.pi * periods * torch.arange(hop) / hop)
        # Taps [hop / 2, 3 hop / 2) of a kernel of 2 hop, padded by hop / 2, are the frame itself.
        weights["ups.0.weight"][tone, :2, hop // 2 : hop // 2 + hop] = torch.stack([sine, -sine])
    loud = AMPLITUDE / 1.01
    weights["conv_post.weight"][0, :2, centre] = torch.tensor([loud, -loud])
    return network


def _silence(network: nn.Module) -> None:
    """Everything zero, layer norms plain: residual blocks pass their input."""
    for name, tensor in network.state_dict().items():
        if not name.endswith("_bins"):
            tensor.fill_(1.0 if "layer_norm" in name and name.endswith("weight") else 0.0)
