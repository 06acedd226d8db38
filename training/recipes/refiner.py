"""Recipe: the refiner of a trained acoustic model, against discriminators of mels.

The rest of the network stays as it is. Its predictions, with durations and energy of the corpus,
are made once; pairs of a prediction and the real mel teach the refiner what is missing. First it
learns by L1 alone to put harmonics where the pitch of the recording has them, while it learns to
estimate that pitch; then discriminators teach it the texture of speech.

Source: GANSpeech (arXiv 2106.15153); discriminators, losses: training/recipes/mel_discriminators.
Differs: the pitch of every frame is an input; discriminators come late and weigh little, since at
chance, as they are at first, they teach noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from acoustic.refiner.config import RefinerConfig
from acoustic.refiner.network import PITCH_CENTRE, Refiner
from audio.log_mel import mel_filters
from core.errors import ArtifactMissing
from core.mel import MelSpec
from training.data.corpus import CorpusEntry
from training.data.dataset import SpeechDataset
from training.optimization import GanLearner, set_rate, with_gradient
from training.previews import open_preview_vocoder, show_mel
from training.recipe import RecipeSpec, TrainingPlan
from training.recipes.mel_discriminators import (
    MelDiscriminators,
    adversarial_loss,
    discriminator_loss,
    feature_loss,
)

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

SEGMENT_FRAMES = 128  # 1.5 s: a patch discriminator sees half a second
PEAK_RATE = 4e-4
DISCRIMINATOR_RATE = 2.0  # times the refiner's
BETAS = (0.5, 0.99)
WARM_STEPS = 100
CLIP = 10.0
DISCRIMINATOR_CLIP = 1.0
AVERAGE_DECAY = 0.998
# At a weight of 1 the gradient of the discriminators' opinion is six to nine times that of L1.
ADVERSARIAL_WEIGHT = 0.12
FEATURE_WEIGHT = 1.0
L1_WEIGHT = 0.6
DISCRIMINATORS_AHEAD = 300
"""Steps in which new discriminators learn alone, where a trained refiner goes on."""
PITCH_WEIGHT = 2.0
UNVOICED_WEIGHT = 0.02


class RefinerBatch(NamedTuple):
    """Tensors of one batch."""

    target: Tensor
    """(B, T, n_mels) float32, as is what was predicted."""
    predicted: Tensor
    states: Tensor
    """(B, T, H) float32 of the decoder; H = 0 where the mel alone is known."""
    octaves: Tensor
    """(B, T) float32 of the recording's F0 above ``PITCH_CENTRE``."""
    voiced: Tensor
    """(B, T) bool."""


class RefinerRecipe:
    """Trains one refiner.

    Args:
        speech: corpus; its mels are the targets.
        config: sizes.
        plan: how; the batch is in segments, its predictions are those of the network to refine.

    Raises:
        ArtifactMissing: there are no predictions.
    """

    def __init__(self, speech: SpeechDataset, config: RefinerConfig, plan: TrainingPlan) -> None:
        self.speech, self.config, self.plan = speech, config, plan
        folder = plan.predictions
        if folder is None or not (folder / "states.npy").is_file():
            raise ArtifactMissing("no predictions to refine: `rhapsode train predict --states`")
        self.predicted: NDArray[np.float16] = np.load(folder / "mel.npy", mmap_mode="r")
        self.states: NDArray[np.float16] = np.load(folder / "states.npy", mmap_mode="r")
        # Measures pitch, which takes the extra `train`: a recipe has a name and help without it.
        from training.data.phases import read_phases

        self.phases = read_phases(speech.folder, speech.prepared)
        self.entries = [
            e for e in self._predicted_of(speech.train_set) if e.frames > SEGMENT_FRAMES
        ]
        self.held_out = self._predicted_of(speech.held_out)
        self.vocode = open_preview_vocoder(plan.preview_vocoder, plan.device)
        torch.manual_seed(0)
        refiner = Refiner(config, self.predicted.shape[1], self.states.shape[1])
        self._measure_bands(refiner)
        self.learner = GanLearner(
            refiner.to(plan.device),
            MelDiscriminators().to(plan.device),
            _optimizer,
            clip=CLIP,
            discriminator_clip=DISCRIMINATOR_CLIP,
            accumulate=plan.accumulate,
        )
        self.learner.average.decay = AVERAGE_DECAY

    def _predicted_of(self, entries: list[CorpusEntry]) -> list[CorpusEntry]:
        """Returns those that were predicted; the others are recordings, which teach nothing."""
        ranges = [slice(e.mel_start, e.mel_start + e.frames) for e in entries]
        return [
            e
            for e, frames in zip(entries, ranges, strict=True)
            if not np.array_equal(self.predicted[frames], self.speech.mels[frames])
        ]

    def _measure_bands(self, refiner: Refiner) -> None:
        mels = self.speech.mels[::16].astype(np.float32)
        refiner.mean.copy_(torch.from_numpy(mels.mean(0)))
        refiner.std.copy_(torch.from_numpy(mels.std(0)))
        if refiner.harmonics is not None:
            centres = band_centres(self.speech.prepared.mel)[: self.config.harmonics] / 1000.0
            refiner.harmonics.centres.copy_(torch.from_numpy(centres))

    def step(self, number: int) -> dict[str, float]:
        """One batch of random segments; a refiner that goes on waits for its discriminators."""
        plan = self.plan
        rate = plan.rate(number, peak=PEAK_RATE, warm=WARM_STEPS)
        set_rate(self.learner.discriminator_optimizer, DISCRIMINATOR_RATE * rate)
        waits = plan.goes_on and number <= plan.first_step + DISCRIMINATORS_AHEAD
        adversarial = plan.goes_on or number >= plan.adversary_from
        return self.learner.step(
            number,
            0.0 if waits else rate,
            lambda draw: self.losses(self.draw(draw), draw, adversarial=adversarial),
        )

    def draw(self, number: int) -> RefinerBatch:
        """A batch that depends on its number alone."""
        rng = np.random.default_rng(number)
        entries = [self.entries[i] for i in rng.integers(len(self.entries), size=self.plan.batch)]
        starts = [e.mel_start + int(rng.integers(e.frames - SEGMENT_FRAMES)) for e in entries]
        return self.cut([slice(start, start + SEGMENT_FRAMES) for start in starts])

    def cut(self, ranges: list[slice]) -> RefinerBatch:
        """The same frames, equally many each, of all arrays."""
        phases = self.phases
        arrays = (self.speech.mels, self.predicted, self.states, phases.f0, phases.voiced)
        target, predicted, states, f0, voiced = (
            torch.from_numpy(np.stack([rows[frames] for frames in ranges])).to(self.plan.device)
            for rows in arrays
        )
        octaves = torch.log2(f0 / PITCH_CENTRE)
        return RefinerBatch(target.float(), predicted.float(), states.float(), octaves, voiced)

    def losses(self, batch: RefinerBatch, draw: int, *, adversarial: bool) -> dict[str, Tensor]:
        """Returns the refiner's losses of a batch; discriminators that take part learn from it."""
        refiner: Any = self.learner.network
        noise = torch.randn(*batch.target.shape[:2], self.config.noise, device=self.plan.device)
        mask = torch.ones(batch.target.shape[:2], dtype=torch.bool, device=self.plan.device)
        with self.plan.narrowed():
            mel = refiner(batch.predicted, batch.states, noise, mask, batch.octaves)
        target, predicted, refined = (
            (x.float() - refiner.mean) / refiner.std for x in (batch.target, batch.predicted, mel)
        )
        losses = {"l1": L1_WEIGHT * F.l1_loss(refined, target)}
        if refiner.pitch is not None and not self.plan.goes_on:
            losses["pitch"] = self.pitch_loss(batch, mask)
        if not adversarial:
            return losses
        return losses | self.adversarial_losses(target, predicted, refined, draw)

    def pitch_loss(self, batch: RefinerBatch, mask: Tensor) -> Tensor:
        """Returns the mean distance of the estimated pitch, which counts where there is voice."""
        refiner: Any = self.learner.network
        with self.plan.narrowed():
            octaves = refiner.estimate_octaves(batch.predicted, batch.states, mask)
        weight = torch.where(batch.voiced, 1.0, UNVOICED_WEIGHT)
        loss: Tensor = PITCH_WEIGHT * ((octaves.float() - batch.octaves).abs() * weight).mean()
        return loss

    def adversarial_losses(
        self, target: Tensor, predicted: Tensor, refined: Tensor, draw: int
    ) -> dict[str, Tensor]:
        """Returns the refiner's losses; the discriminators learn from the same passes.

        Args:
            target: (B, T, n_mels) real mels, normalized per band, as are the others.
            predicted: (B, T, n_mels) what was refined.
            refined: (B, T, n_mels).
            draw: number of the batch.
        """
        leaf = refined.detach().requires_grad_()
        with self.plan.narrowed():
            targets = self.learner.discriminators(target, predicted)
            attempts = self.learner.discriminators(leaf, predicted)
        adversarial = ADVERSARIAL_WEIGHT * adversarial_loss(attempts)
        features = FEATURE_WEIGHT * feature_loss(targets, attempts)
        (gradient,) = torch.autograd.grad(adversarial + features, leaf, retain_graph=True)
        loss = discriminator_loss(targets, attempts)
        self.learner.teach_discriminators(loss, step=self.plan.completes_step(draw))
        return {
            "adversarial": with_gradient(adversarial, refined, gradient),
            "features": features.detach(),
            "discriminator": loss.detach(),
        }

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Distances from held-out mels, and how the refined ones spread; one to see and hear."""
        refiner: Any = self.learner.network
        scores: dict[str, list[float]] = {"l1": [], "spread": [], "roughness": []}
        with self.learner.averaged():
            for i, entry in enumerate(self.held_out):
                batch = self.cut([slice(entry.mel_start, entry.mel_start + entry.frames)])
                noise = seeded_noise(i, entry.frames, self.config.noise).to(self.plan.device)
                mask = torch.ones(1, entry.frames, dtype=torch.bool, device=self.plan.device)
                mel = refiner(batch.predicted, batch.states, noise, mask, batch.octaves)
                scores["l1"].append(float(F.l1_loss(mel, batch.target)))
                scores["spread"].append(float(mel.std(1).mean() / batch.target.std(1).mean()))
                scores["roughness"].append(float(_roughness(mel) / _roughness(batch.target)))
                if i == 0:
                    show_mel(writer, "teacher", batch.target[0], number)
                    show_mel(writer, "predicted", batch.predicted[0], number)
                    show_mel(writer, "refined", mel[0], number)
                    if self.vocode is not None:
                        clip = self.vocode(mel.transpose(1, 2))
                        rate = self.speech.prepared.mel.sample_rate
                        writer.add_audio("refined", clip[None], number, rate)
        return {name: float(np.mean(values)) for name, values in scores.items()}

    def state(self) -> dict[str, Any]:
        """Weights, their average, the discriminators, both optimizers."""
        return self.learner.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.learner.load_state(state)


def seeded_noise(seed: int, frames: int, channels: int) -> Tensor:
    """Standard normal (1, frames, channels) of a seed."""
    random = torch.Generator().manual_seed(seed)
    return torch.randn(1, frames, channels, generator=random)


def band_centres(spec: MelSpec) -> NDArray[np.float32]:
    """Returns the mean frequency of each band [Hz], (n_mels,) float32."""
    filters = mel_filters(spec)
    frequencies = np.linspace(0.0, spec.sample_rate / 2, filters.shape[1], dtype=np.float32)
    centres: NDArray[np.float32] = filters @ frequencies / filters.sum(1)
    return centres


def _roughness(mel: Tensor) -> Tensor:
    """Mean squared second difference over frames, root: what blur lowers first."""
    return mel.diff(n=2, dim=1).square().mean().sqrt()


def _optimizer(network: torch.nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(network.parameters(), PEAK_RATE, betas=BETAS, fused=True)


RECIPE = RecipeSpec(
    build=RefinerRecipe,
    sizes={"cpu": lambda corpus: RefinerConfig(layers=6, hidden=640, harmonics=64)},
    steps=4000,
    batch=8,
    adversary_from=1800,
)
