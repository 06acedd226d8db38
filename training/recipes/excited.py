"""Recipe of excited vocoders: their pulses are in phase with the recordings.

The pulses follow the measured phase of each recording's fundamental, so the output lies on the
recording sample by sample: low harmonics are compared as complex numbers, and the features that the
discriminators see are those of the same moment. At inference the phase is the integral of the pitch
that the estimator reads off the mel; nothing else differs.

Source: losses of HiFi-GAN §2.4 and Parallel WaveGAN §2.2.
Differs: a complex-STFT loss on low frequencies; segments with all the context that the generator
sees, of which only the middle is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import ArtifactError
from core.networks import VocoderSpec
from training.data.corpus import CorpusEntry
from training.data.dataset import SpeechDataset, speaker_odds
from training.data.loader import BatchLoader, draws, on_device
from training.optimization import GanLearner, set_rate
from training.previews import vocode
from training.recipe import TrainingPlan
from training.recipes.spectral import SpectralLoss
from vocoders.excitation import Excitation

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

SEGMENT_FRAMES = 32
PEAK_RATE = 6e-4
DISCRIMINATOR_RATE = 2.5  # times the generator's: at equal rates they stay at chance
WARM_STEPS = 100
CLIP = 100.0
AVERAGE_DECAY = 0.998
PITCH_WEIGHT = 20.0
UNVOICED_WEIGHT = 0.02
COMPLEX_WEIGHT = 4.0
COMPLEX_BINS = 94  # of 1024: up to 2 kHz


class ExcitedBatch(NamedTuple):
    """Tensors of one batch; E frames go in, of which the samples of S in the middle are judged."""

    mel: Tensor
    """(B, n_mels, E)"""
    conditions: tuple[Tensor, ...]
    """(B, E · rows, …) of the excitation."""
    octaves: Tensor
    """(B, E) of F0 above the configuration's centre."""
    voiced: Tensor
    """(B, E) bool"""
    target: Tensor
    """(B, S · hop) samples."""
    kept: slice
    """Samples of the generator's output that are the target's."""


class ExcitedRecipe:
    """Trains one generator on all speakers.

    Args:
        spec: of the generator; names its excitation and its discriminators.
        speech: corpus; with predicted mels it fine-tunes.
        config: of the generator.
        plan: how; the batch is in segments.
    """

    def __init__(
        self, spec: VocoderSpec, speech: SpeechDataset, config: Any, plan: TrainingPlan
    ) -> None:
        assert spec.discriminators is not None
        self.speech, self.config, self.plan = speech, config, plan
        self.excitation: Excitation = spec.excitation(config)
        # Measures pitch, which takes the extra `train`: a recipe has a name and help without it.
        from training.data.phases import read_phases

        self.phases = read_phases(speech.folder, speech.prepared)
        self.halo = spec.halo(config)
        shortest = SEGMENT_FRAMES + 2 * self.halo
        self.entries = [e for e in speech.train_set if e.frames > shortest]
        self.held_out = [e for e in speech.held_out if e.frames > shortest]
        if not self.entries or not self.held_out:
            raise ArtifactError(f"no utterance is longer than {shortest} frames")
        self.odds = speaker_odds(self.entries)
        self.loader = BatchLoader(draws, self.draw, device=plan.device, processes=plan.loading)
        torch.manual_seed(0)
        network = spec.network(config).to(plan.device)
        discriminators = spec.discriminators(config).to(plan.device)
        self.learner = GanLearner(
            network, discriminators, _optimizer, clip=CLIP, accumulate=plan.accumulate
        )
        self.learner.average.decay = AVERAGE_DECAY
        self.spectral = SpectralLoss(speech.prepared.mel).to(plan.device)

    def step(self, number: int) -> dict[str, float]:
        """One batch of random segments."""
        rate = self.plan.rate(number, peak=PEAK_RATE, warm=WARM_STEPS)
        set_rate(self.learner.discriminator_optimizer, DISCRIMINATOR_RATE * rate)
        adversarial = number >= self.plan.adversary_from
        return self.learner.step(
            number,
            rate,
            lambda draw: self.losses(self.loader.load(draw), adversarial=adversarial, draw=draw),
        )

    def draw(self, number: int) -> ExcitedBatch:
        """A batch on the CPU of its number alone; one in eight begins or ends its utterances."""
        rng = np.random.default_rng(number)
        drawn = rng.choice(len(self.entries), size=self.plan.batch, p=self.odds)
        entries = [self.entries[i] for i in drawn]
        place = rng.integers(16)
        if place == 0:  # the network pads with zeros there, and must know it
            return self.cut(entries, [0] * len(entries), 0, self.halo, number)
        if place == 1:
            ends = [e.frames - SEGMENT_FRAMES for e in entries]
            return self.cut(entries, ends, self.halo, 0, number)
        low, high = self.halo, self.halo + SEGMENT_FRAMES
        starts = [int(rng.integers(low, e.frames - high + 1)) for e in entries]
        return self.cut(entries, starts, self.halo, self.halo, number)

    def cut(
        self, entries: list[CorpusEntry], starts: list[int], before: int, after: int, seed: int
    ) -> ExcitedBatch:
        """Segments on the CPU that start at these frames, with frames of context on both sides."""
        hop, excitation = self.excitation.hop, self.excitation
        rows: list[tuple[NDArray[Any], ...]] = []
        for i, (e, start) in enumerate(zip(entries, starts, strict=True)):
            first, last = start - before, start + SEGMENT_FRAMES + after
            frames = slice(e.mel_start + first, e.mel_start + last)
            at = e.audio_start + start * hop
            rows.append(
                (
                    self.speech.in_turn(i)[frames].T.astype(np.float32),
                    np.log2(self.phases.f0[frames] / excitation.config.pitch_centre),
                    self.phases.voiced[frames],
                    self.speech.audio[at : at + SEGMENT_FRAMES * hop].astype(np.float32) / 32768.0,
                    *excitation.conditions(self.phases.phase[frames], seed * len(entries) + i),
                )
            )
        mel, octaves, voiced, target, *conditions = (
            torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)
        )
        kept = slice(before * hop, (before + SEGMENT_FRAMES) * hop)
        return ExcitedBatch(mel, tuple(conditions), octaves, voiced, target, kept)

    def losses(self, batch: ExcitedBatch, *, adversarial: bool, draw: int = 0) -> dict[str, Tensor]:
        """Losses of a batch; the discriminators learn from it first."""
        network: Any = self.learner.network
        with self.plan.narrowed():
            predicted = network(batch.mel, *batch.conditions).flatten(1)[:, batch.kept]
            octaves = network.pitch(batch.mel)
        predicted, target = predicted.float(), batch.target
        weight = torch.where(batch.voiced, 1.0, UNVOICED_WEIGHT)
        losses: dict[str, Tensor] = self.spectral(predicted, target)
        losses["complex"] = COMPLEX_WEIGHT * complex_loss(predicted, target)
        losses["pitch"] = PITCH_WEIGHT * ((octaves.float() - batch.octaves).abs() * weight).mean()
        if adversarial:
            last = self.plan.completes_step(draw)
            with self.plan.narrowed():
                losses |= self.learner.adversarial_losses(
                    predicted[:, None], target[:, None], draw, step=last
                )
        return losses

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Losses on the middle of every held-out utterance; one utterance to hear."""
        network: Any = self.learner.network
        starts = [(e.frames - SEGMENT_FRAMES) // 2 for e in self.held_out]
        with self.learner.averaged():
            batch = self.cut(self.held_out, starts, self.halo, self.halo, 0)
            batch = on_device(batch, self.plan.device)
            losses = self.losses(batch, adversarial=False)
            mel = self.speech.mel(self.held_out[0]).T.astype(np.float32)  # (n_mels, T)
            clip = vocode(
                network, torch.from_numpy(mel)[None].to(self.plan.device), self.excitation
            )
        writer.add_audio("copy", clip[None], number, self.speech.prepared.mel.sample_rate)
        return {name: float(value) for name, value in losses.items()}

    def state(self) -> dict[str, Any]:
        """Weights, their average, the discriminators, both optimizers."""
        return self.learner.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.learner.load_state(state)


def complex_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean distance of complex spectra (B, N) below 2 kHz over the mean magnitude of the target."""
    window = torch.hann_window(1024, device=target.device)
    a, b = (
        torch.stft(x, 1024, 256, window=window, return_complex=True)[:, :COMPLEX_BINS]
        for x in (predicted, target)
    )
    distance = torch.sqrt((a - b).real.square() + (a - b).imag.square() + 1e-9)
    return distance.mean() / b.abs().mean()


def _optimizer(network: torch.nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(network.parameters(), PEAK_RATE, betas=(0.8, 0.99), fused=True)
