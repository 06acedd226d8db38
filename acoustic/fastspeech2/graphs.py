"""FastSpeech 2 as two graphs, so that no length that depends on data enters a trace."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from acoustic.fastspeech2.config import FeatureStats
from acoustic.fastspeech2.network import AffineControl, FastSpeech2, durations_of
from acoustic.masks import length_mask
from acoustic.refiner.config import FLOAT32 as REFINER_FLOAT32
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
    """Frames of hidden states to the mel."""

    def __init__(self, network: FastSpeech2) -> None:
        super().__init__()
        self.network = network

    def forward(
        self,
        hidden: Tensor,
        lengths: Tensor,
        noise: Tensor | None = None,
        octaves: Tensor | None = None,
    ) -> Tensor:
        """Decodes a batch.

        Args:
            hidden: (B, T, H) float32.
            lengths: (B,) int64.
            noise: (B, T, refiner.noise) float32, of a network with a refiner.
            octaves: (B, T) float32 by which harmonics are moved up, if its refiner knows them. Such
                a network is encoded at its own pitch, since its decoder would move them, too, by
                more with one voice than with another.

        Returns:
            mel (B, n_mels, T) float32.
        """
        return self.network.decode(hidden, lengths, noise, shift=octaves)[1].transpose(1, 2)


class DecodeControlled(FastSpeech2Decode):
    """The same where pitch or energy are predicted per frame."""

    def forward(  # type: ignore[override]
        self,
        hidden: Tensor,
        lengths: Tensor,
        pitch: Tensor,
        energy: Tensor,
        noise: Tensor | None = None,
        octaves: Tensor | None = None,
    ) -> Tensor:
        """Does as FastSpeech2Decode, with the controls (B, T) float32 of every frame."""
        config, adaptor = self.network.config, self.network.variance_adaptor
        mask = length_mask(lengths, hidden.shape[1])
        if config.pitch_level == "frame":
            hidden = adaptor.pitch(hidden, mask, _control(config.pitch, pitch))[1]
        if config.energy_level == "frame":
            hidden = adaptor.energy(hidden, mask, _control(config.energy, energy))[1]
        return super().forward(hidden, lengths, noise, octaves)


def graphs(network: FastSpeech2) -> tuple[GraphSpec, ...]:
    """``encode`` and ``decode``; between them the adapter repeats states by their durations."""
    return _encode(network), _decode(network)


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
    noise = ("noise",) if config.refiner.layers else ()
    octaves = ("octaves",) if config.refiner.layers and config.refiner.harmonics else ()

    def example(batch: int, size: int, seed: int) -> tuple[Tensor, ...]:
        random = torch.Generator().manual_seed(seed)
        lengths = _lengths(batch, size)
        hidden = torch.randn(batch, size, config.decoder_hidden, generator=random)
        hidden = hidden * length_mask(lengths, size)[..., None]
        factors = [torch.full((batch, size), 1.1) for _ in controls]
        drawn = [torch.randn(batch, size, config.refiner.noise, generator=random) for _ in noise]
        shifts = [torch.rand(batch, size, generator=random) - 0.5 for _ in octaves]
        return hidden, lengths, *factors, *drawn, *shifts

    axes: Axes = {
        "hidden": ("B", "T", config.decoder_hidden),
        "lengths": ("B",),
        "mel": ("B", config.n_mels, "T"),
        **dict.fromkeys(controls, ("B", "T")),
        **dict.fromkeys(noise, ("B", "T", config.refiner.noise)),
        **dict.fromkeys(octaves, ("B", "T")),
    }
    return GraphSpec(
        name="decode",
        module=(DecodeControlled if controls else FastSpeech2Decode)(network).eval(),
        inputs=("hidden", "lengths", *controls, *noise, *octaves),
        outputs=("mel",),
        axes=axes,
        example=example,
        keep_float32=("mel_linear", "variance_adaptor", *REFINER_FLOAT32),
        bf16=not config.refiner.harmonics,
    )
