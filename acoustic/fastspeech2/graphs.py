"""FastSpeech 2 as graphs.

No length that depends on data enters a trace, and what has to be exact is apart from what may be
computed in half the bits.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from acoustic.fastspeech2.config import FastSpeech2Config, FeatureStats
from acoustic.fastspeech2.network import AffineControl, FastSpeech2, durations_of
from acoustic.masks import length_mask
from acoustic.refiner.config import FLOAT32 as REFINER_FLOAT32
from acoustic.refiner.network import Refiner
from core.graphs import Axes, GraphSpec


def _control(stats: FeatureStats, factor: Tensor) -> AffineControl:
    """``FeatureStats.affine`` for a factor per position."""
    return AffineControl(factor, (factor - 1.0) * (stats.mean / stats.std))


class FastSpeech2Encode(nn.Module):
    """Symbols to hidden states and durations."""

    def __init__(self, network: FastSpeech2) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        ids: Tensor,
        lengths: Tensor,
        speakers: Tensor,
        speed: Tensor,
        pitch: Tensor,
        energy: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """ids (B, L), lengths and speakers (B,) int64; controls (B, L) float32.

        Returns:
            hidden (B, L, H) float32 and durations (B, L) int64 [frames], 0 at padding.
        """
        config, adaptor = self.network.config, self.network.variance_adaptor
        x, mask = self.network.encode(ids, lengths, speakers)
        durations = durations_of(adaptor.duration_predictor(x, mask), speed) * mask
        if config.pitch_level == "phoneme":
            x = adaptor.pitch(x, mask, _control(config.pitch, pitch))[1]
        if config.energy_level == "phoneme":
            x = adaptor.energy(x, mask, _control(config.energy, energy))[1]
        return x, durations


class FastSpeech2Decode(nn.Module):
    """Frames of hidden states to the mel, or to what a refiner needs."""

    def __init__(self, network: FastSpeech2) -> None:
        super().__init__()
        self.network = network

    def forward(self, hidden: Tensor, lengths: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Decodes a batch.

        Args:
            hidden: (B, T, H) float32.
            lengths: (B,) int64.

        Returns:
            mel (B, n_mels, T) float32. Where there is a refiner: mel (B, T, n_mels), states
            (B, T, H) and, if it reads harmonics, octaves (B, T) of the pitch, all float32.
        """
        _, mel, states = self.network.decode(hidden, lengths)
        refiner = self.network.refiner
        if refiner is None:
            return mel.transpose(1, 2)
        if refiner.harmonics is None:
            return mel, states
        mask = length_mask(lengths, hidden.shape[1])
        return mel, states, refiner.estimate_octaves(mel, states, mask)


class DecodeControlled(FastSpeech2Decode):
    """The same where pitch or energy are predicted per frame."""

    def forward(  # type: ignore[override]
        self, hidden: Tensor, lengths: Tensor, pitch: Tensor, energy: Tensor
    ) -> Tensor | tuple[Tensor, ...]:
        """Does as FastSpeech2Decode, with the controls (B, T) float32 of every frame."""
        config, adaptor = self.network.config, self.network.variance_adaptor
        mask = length_mask(lengths, hidden.shape[1])
        if config.pitch_level == "frame":
            hidden = adaptor.pitch(hidden, mask, _control(config.pitch, pitch))[1]
        if config.energy_level == "frame":
            hidden = adaptor.energy(hidden, mask, _control(config.energy, energy))[1]
        return super().forward(hidden, lengths)


class PlaceHarmonics(nn.Module):
    """A pitch per frame to the waves that a refiner reads.

    It is a graph of its own because it has to stay in float32: its output is the cosine of a phase
    of many turns. Its decoder and its refiner may be computed in bfloat16.
    """

    def __init__(self, refiner: Refiner) -> None:
        super().__init__()
        self.refiner = refiner

    def forward(self, octaves: Tensor, shift: Tensor) -> Tensor:
        """Places the harmonics of a batch.

        Args:
            octaves: (B, T) float32, as the decoder returns them.
            shift: (B, T) float32 octaves by which harmonics are moved up. A network with them is
                encoded at its own pitch, since its decoder would move them, too, by more with one
                voice than with another.

        Returns:
            waves (B, T, refiner.harmonics) float32.
        """
        assert self.refiner.harmonics is not None
        waves: Tensor = self.refiner.harmonics(octaves + shift)
        return waves


class FastSpeech2Refine(nn.Module):
    """What the decoder returns to the mel."""

    def __init__(self, refiner: Refiner) -> None:
        super().__init__()
        self.refiner = refiner

    def forward(
        self,
        mel: Tensor,
        states: Tensor,
        lengths: Tensor,
        noise: Tensor,
        waves: Tensor | None = None,
    ) -> Tensor:
        """Refines a batch.

        Args:
            mel: (B, T, n_mels) float32.
            states: (B, T, H) float32.
            lengths: (B,) int64.
            noise: (B, T, refiner.noise) float32.
            waves: (B, T, refiner.harmonics) float32, if it reads harmonics.

        Returns:
            mel (B, n_mels, T) float32.
        """
        mask = length_mask(lengths, mel.shape[1])
        return self.refiner.refine(mel, states, noise, mask, waves).transpose(1, 2)


def graphs(network: FastSpeech2) -> tuple[GraphSpec, ...]:
    """Returns ``encode`` and ``decode``, and of a network with a refiner ``harmonics`` (if it reads
    them) and ``refine``. Between the first two the adapter repeats states by their durations.
    """
    specs = [_encode(network), _decode(network)]
    if network.refiner is not None:
        if network.refiner.harmonics is not None:
            specs.append(_harmonics(network.refiner, network.config))
        specs.append(_refine(network.refiner, network.config))
    return tuple(specs)


def _lengths(batch: int, size: int) -> Tensor:
    """The first item is as long as the batch, the others shorter."""
    return torch.tensor([max(1, size - 3 * i) for i in range(batch)])


def _encode(network: FastSpeech2) -> GraphSpec:
    config = network.config

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        lengths = _lengths(batch, size)
        ids = torch.randint(1, config.n_symbols, (batch, size), generator=random)
        speakers = torch.randint(0, config.n_speakers, (batch,), generator=random)
        controls = [torch.rand(batch, size, generator=random) * 0.4 + 0.8 for _ in range(3)]
        return (ids * length_mask(lengths, size), lengths, speakers, *controls)

    row: tuple[str, ...] = ("B", "L")
    return GraphSpec(
        name="encode",
        module=FastSpeech2Encode(network).eval(),
        inputs=("ids", "lengths", "speakers", "speed", "pitch", "energy"),
        outputs=("hidden", "durations"),
        axes={
            **dict.fromkeys(("ids", "speed", "pitch", "energy", "durations"), row),
            "lengths": ("B",),
            "speakers": ("B",),
            "hidden": ("B", "L", config.encoder_hidden),
        },
        example=example,
        # Rounding to whole frames and to bins: a float16 step moves boundaries.
        keep_float32=("variance_adaptor",),
    )


def _decode(network: FastSpeech2) -> GraphSpec:
    config = network.config
    controls = ("pitch", "energy") if "frame" in (config.pitch_level, config.energy_level) else ()

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        lengths = _lengths(batch, size)
        hidden = torch.randn(batch, size, config.decoder_hidden, generator=random)
        hidden = hidden * length_mask(lengths, size)[..., None]
        return hidden, lengths, *(torch.full((batch, size), 1.1) for _ in controls)

    outputs: tuple[str, ...] = ("mel",)
    mel: tuple[str | int, ...] = ("B", config.n_mels, "T")
    if network.refiner is not None:
        outputs, mel = ("mel", "states"), ("B", "T", config.n_mels)
        if network.refiner.harmonics is not None:
            outputs = (*outputs, "octaves")
    axes: Axes = {
        "hidden": ("B", "T", config.decoder_hidden),
        "lengths": ("B",),
        **dict.fromkeys(controls, ("B", "T")),
        "mel": mel,
        "states": ("B", "T", config.decoder_hidden),
        "octaves": ("B", "T"),
    }
    inputs = ("hidden", "lengths", *controls)
    return GraphSpec(
        name="decode",
        module=(DecodeControlled if controls else FastSpeech2Decode)(network).eval(),
        inputs=inputs,
        outputs=outputs,
        axes={name: axes[name] for name in (*inputs, *outputs)},
        example=example,
        keep_float32=("mel_linear", "variance_adaptor", *REFINER_FLOAT32),
        bf16=True,
    )


def _harmonics(refiner: Refiner, config: FastSpeech2Config) -> GraphSpec:
    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        return tuple(torch.rand(batch, size, generator=random) - 0.5 for _ in range(2))

    return GraphSpec(
        name="harmonics",
        module=PlaceHarmonics(refiner).eval(),
        inputs=("octaves", "shift"),
        outputs=("waves",),
        axes={
            **dict.fromkeys(("octaves", "shift"), ("B", "T")),
            "waves": ("B", "T", config.refiner.harmonics),
        },
        example=example,
        keep_float32=REFINER_FLOAT32,
    )


def _refine(refiner: Refiner, config: FastSpeech2Config) -> GraphSpec:
    waves = ("waves",) if refiner.harmonics is not None else ()

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        lengths = _lengths(batch, size)
        valid = length_mask(lengths, size)[..., None]
        mel, states, noise = (
            torch.randn(batch, size, width, generator=random) * valid
            for width in (config.n_mels, config.decoder_hidden, config.refiner.noise)
        )
        size_of_waves = (batch, size, config.refiner.harmonics)
        drawn = [torch.rand(size_of_waves, generator=random) * 2 - 1 for _ in waves]
        return mel, states, lengths, noise, *drawn

    return GraphSpec(
        name="refine",
        module=FastSpeech2Refine(refiner).eval(),
        inputs=("mel", "states", "lengths", "noise", *waves),
        outputs=("refined",),
        axes={
            "mel": ("B", "T", config.n_mels),
            "states": ("B", "T", config.decoder_hidden),
            "lengths": ("B",),
            "noise": ("B", "T", config.refiner.noise),
            **dict.fromkeys(waves, ("B", "T", config.refiner.harmonics)),
            "refined": ("B", config.n_mels, "T"),
        },
        example=example,
        keep_float32=REFINER_FLOAT32,
        bf16=True,
    )
