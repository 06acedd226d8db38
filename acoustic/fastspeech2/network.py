"""FastSpeech 2: phoneme ids to log-mels in one pass.

Source: FastSpeech 2 (arXiv 2006.04558) §2; attribute names of ming024/FastSpeech2@d4e79eb (MIT),
so that its checkpoints load strictly. Differs: masked convolutions; the energy control is honoured
(the reference passes the pitch control to it); length regulation by gather, without a loop.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from acoustic.fastspeech2.blocks import PositionedStack, PostNet, VariancePredictor
from acoustic.fastspeech2.config import MAX_FRAMES, FastSpeech2Config, FeatureStats
from acoustic.masks import length_mask
from acoustic.refiner.network import Refiner

MAX_SYMBOLS = 2048


class AffineControl(NamedTuple):
    """Affine control of an embedded feature, each (B, T) or a number."""

    scale: Tensor | float = 1.0
    shift: Tensor | float = 0.0


class Predictions(NamedTuple):
    """What a forward pass predicts.

    Shapes: mel, mel_postnet (B, T, n_mels); log_durations (B, L); pitch, energy (B, L) or (B, T);
    durations (B, L) int64; mel_lengths (B,) int64; states (B, T, H) of the decoder.
    """

    mel: Tensor
    mel_postnet: Tensor
    log_durations: Tensor
    pitch: Tensor
    energy: Tensor
    durations: Tensor
    mel_lengths: Tensor
    states: Tensor


class Targets(NamedTuple):
    """Teacher forcing: durations (B, L) int64, pitch and energy as the network embeds them.

    Without a pitch the network uses its own. ``octaves`` (B, T) is that of every frame, for a
    refiner that reads harmonics.
    """

    durations: Tensor
    pitch: Tensor | None
    energy: Tensor
    octaves: Tensor | None = None


def regulate(hidden: Tensor, durations: Tensor, frames: int) -> Tensor:
    """Repeats each row of hidden (B, L, H) by its duration (B, L) → (B, frames, H), zero padded."""
    ends = durations.cumsum(1)  # (B, L)
    clock = torch.arange(frames, device=hidden.device).expand(hidden.shape[0], -1).contiguous()
    index = torch.searchsorted(ends, clock, right=True).clamp(max=hidden.shape[1] - 1)
    rows = hidden.gather(1, index[..., None].expand(-1, -1, hidden.shape[2]))
    return rows * (clock < ends[:, -1:])[..., None]


def feature_bins(stats: FeatureStats, n_bins: int, spacing: str) -> Tensor:
    """Edges (n_bins - 1,) of the quantizer."""
    if spacing == "log":
        return torch.exp(
            torch.linspace(math.log(stats.minimum), math.log(stats.maximum), n_bins - 1)
        )
    return torch.linspace(stats.minimum, stats.maximum, n_bins - 1)


class FastSpeech2Encoder(PositionedStack):
    """Symbols to hidden states."""

    def __init__(self, config: FastSpeech2Config) -> None:
        super().__init__(
            config.encoder_layers, config.encoder_hidden, config.encoder_heads, MAX_SYMBOLS, config
        )
        self.src_word_emb = nn.Embedding(config.n_symbols, config.encoder_hidden, padding_idx=0)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """ids (B, L) int64, mask (B, L) → (B, L, H)."""
        return self.blocks(self.src_word_emb(ids), mask)


class FastSpeech2Decoder(PositionedStack):
    """Frames of hidden states to frames of hidden states."""

    def __init__(self, config: FastSpeech2Config) -> None:
        super().__init__(
            config.decoder_layers, config.decoder_hidden, config.decoder_heads, MAX_FRAMES, config
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, H), mask (B, T) → (B, T, H)."""
        return self.blocks(x, mask)


class VarianceAdaptor(nn.Module):
    """Durations, pitch and energy: predicted, controlled, embedded."""

    pitch_bins: Tensor
    energy_bins: Tensor

    def __init__(self, config: FastSpeech2Config) -> None:
        super().__init__()
        self.duration_predictor = VariancePredictor(config)
        self.pitch_predictor = VariancePredictor(config)
        self.energy_predictor = VariancePredictor(config)
        n, hidden = config.n_bins, config.encoder_hidden
        self.register_buffer("pitch_bins", feature_bins(config.pitch, n, config.pitch_bins))
        self.register_buffer("energy_bins", feature_bins(config.energy, n, config.energy_bins))
        self.pitch_embedding = nn.Embedding(n, hidden)
        self.energy_embedding = nn.Embedding(n, hidden)

    def pitch(
        self, x: Tensor, mask: Tensor, control: AffineControl, target: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """x (B, T, H) → its pitch (B, T) after the control, and x with the pitch embedded."""
        predicted = self.pitch_predictor(x, mask)
        value = predicted * control.scale + control.shift if target is None else target
        row = torch.bucketize(value, self.pitch_bins)
        return (value if target is None else predicted), x + self.pitch_embedding(row)

    def energy(
        self, x: Tensor, mask: Tensor, control: AffineControl, target: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """x (B, T, H) → its energy (B, T) after the control, and x with the energy embedded."""
        predicted = self.energy_predictor(x, mask)
        value = predicted * control.scale + control.shift if target is None else target
        row = torch.bucketize(value, self.energy_bins)
        return (value if target is None else predicted), x + self.energy_embedding(row)


def durations_of(log_durations: Tensor, speed: Tensor | float) -> Tensor:
    """Whole frames (B, L) int64 of predicted ln(frames + 1) at a speed (2.0 = half the frames).

    Differs: the reference rounds, multiplies and truncates, which shortens every symbol by up to a
    frame at speeds other than 1; ours rounds once, half to even. At speed 1 both agree.
    """
    frames = torch.round((torch.exp(log_durations) - 1) / speed)
    return frames.clamp(min=0).to(torch.int64)


class FastSpeech2(nn.Module):
    """Encoder, variance adaptor, length regulation, decoder."""

    def __init__(self, config: FastSpeech2Config) -> None:
        super().__init__()
        self.config = config
        self.encoder = FastSpeech2Encoder(config)
        self.variance_adaptor = VarianceAdaptor(config)
        self.decoder = FastSpeech2Decoder(config)
        self.mel_linear = nn.Linear(config.decoder_hidden, config.n_mels)
        self.postnet = PostNet(config) if config.postnet_layers else None
        self.speaker_emb = (
            nn.Embedding(config.n_speakers, config.encoder_hidden)
            if config.n_speakers > 1
            else None
        )
        self.refiner = (
            Refiner(config.refiner, config.n_mels, config.decoder_hidden)
            if config.refiner.layers
            else None
        )

    def encode(self, ids: Tensor, lengths: Tensor, speakers: Tensor) -> tuple[Tensor, Tensor]:
        """ids (B, L), lengths (B,), speakers (B,) int64 → hidden (B, L, H), mask (B, L)."""
        mask = length_mask(lengths, ids.shape[1])
        hidden = self.encoder(ids, mask)
        if self.speaker_emb is not None:
            hidden = hidden + self.speaker_emb(speakers)[:, None]
        return hidden, mask

    def decode(
        self,
        hidden: Tensor,
        lengths: Tensor,
        noise: Tensor | None = None,
        octaves: Tensor | None = None,
        shift: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Decodes frames of hidden states.

        Args:
            hidden: (B, T, H).
            lengths: (B,) valid frames.
            noise: (B, T, refiner.noise) standard normal; without it the mel is not refined.
            octaves: (B, T) of F0, where it is known; see ``Refiner``.
            shift: (B, T) octaves by which harmonics are moved up; see ``Refiner``.

        Returns:
            the mel before and after postnet and refiner, (B, T, n_mels) each, and the decoder's
            states (B, T, H).
        """
        mask = length_mask(lengths, hidden.shape[1])
        states = self.decoder(hidden, mask)
        mel = self.mel_linear(states)
        after = mel if self.postnet is None else mel + self.postnet(mel, mask)
        if self.refiner is not None and noise is not None:
            after = self.refiner(after, states, noise, mask, octaves, shift)
        return mel, after, states

    def forward(
        self,
        ids: Tensor,
        lengths: Tensor,
        speakers: Tensor,
        *,
        targets: Targets | None = None,
        speed: Tensor | float = 1.0,
        pitch: AffineControl = AffineControl(),  # noqa: B008  (immutable)
        energy: AffineControl = AffineControl(),  # noqa: B008
        noise: Tensor | None = None,
    ) -> Predictions:
        """Returns the mels of ids (B, L); with targets: teacher forced, controls are ignored.

        Without noise (B, T', refiner.noise), T' ≥ T, the mel is not refined.
        """
        config, adaptor = self.config, self.variance_adaptor
        x, mask = self.encode(ids, lengths, speakers)
        log_durations = adaptor.duration_predictor(x, mask)
        predicted_pitch = predicted_energy = log_durations
        if config.pitch_level == "phoneme":
            predicted_pitch, x = adaptor.pitch(x, mask, pitch, targets and targets.pitch)
        if config.energy_level == "phoneme":
            predicted_energy, x = adaptor.energy(x, mask, energy, targets and targets.energy)
        durations = targets.durations if targets else durations_of(log_durations, speed) * mask
        mel_lengths = durations.sum(1)  # (B,)
        frames = int(mel_lengths.max())
        x, frame_mask = regulate(x, durations, frames), length_mask(mel_lengths, frames)
        if config.pitch_level == "frame":
            predicted_pitch, x = adaptor.pitch(x, frame_mask, pitch, targets and targets.pitch)
        if config.energy_level == "frame":
            predicted_energy, x = adaptor.energy(x, frame_mask, energy, targets and targets.energy)
        if noise is not None:
            noise = noise[:, :frames]
        mel, mel_postnet, states = self.decode(x, mel_lengths, noise, targets and targets.octaves)
        return Predictions(
            mel,
            mel_postnet,
            log_durations,
            predicted_pitch,
            predicted_energy,
            durations,
            mel_lengths,
            states,
        )
