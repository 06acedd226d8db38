"""Recipe: the refiner of a trained FastSpeech 2, against discriminators of mels.

The rest of the network stays as it is. Its predictions (with durations, pitch and energy of the
corpus) are made once; pairs of a prediction and the real mel teach the refiner what is missing.

Source: GANSpeech (arXiv 2106.15153); discriminators, losses: training/recipes/mel_discriminators.
Differs: the L1 loss is small, since its optimum is the blur that the refiner is to remove.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from acoustic.refiner.config import RefinerConfig
from acoustic.refiner.network import Refiner
from core.errors import ArtifactMissing
from training.data.dataset import SpeechDataset
from training.optimization import Learner, descend, set_rate, warm_cosine, with_gradient
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
PEAK_RATE = 3e-4
DISCRIMINATOR_RATE = 12.0  # times the refiner's: at equal rates they stay at chance
BETAS = (0.5, 0.99)
WARM_STEPS = 100
CLIP = 10.0
AVERAGE_DECAY = 0.998
FEATURE_WEIGHT = 4.0
L1_WEIGHT = 0.6


class RefinerBatch(NamedTuple):
    """Tensors of one batch: target and predicted (B, T, n_mels), states (B, T, H), float32."""

    target: Tensor
    predicted: Tensor
    states: Tensor


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
        self.entries = [e for e in speech.train_set if e.frames > SEGMENT_FRAMES]
        self.vocode = open_preview_vocoder(plan.preview_vocoder, plan.device)
        torch.manual_seed(0)
        refiner = Refiner(config, self.predicted.shape[1], self.states.shape[1])
        self._measure_bands(refiner)
        self.discriminators = MelDiscriminators().to(plan.device)
        self.learner = Learner(
            refiner.to(plan.device), _optimizer(refiner), clip=CLIP, accumulate=plan.accumulate
        )
        self.learner.average.decay = AVERAGE_DECAY
        self.discriminator_optimizer = _optimizer(self.discriminators)

    def _measure_bands(self, refiner: Refiner) -> None:
        mels = self.speech.mels[::16].astype(np.float32)
        refiner.mean.copy_(torch.from_numpy(mels.mean(0)))
        refiner.std.copy_(torch.from_numpy(mels.std(0)))

    def step(self, number: int) -> dict[str, float]:
        """One batch of random segments."""
        rate = warm_cosine(number, peak=PEAK_RATE, warm=WARM_STEPS, total=self.plan.total_steps)
        set_rate(self.discriminator_optimizer, DISCRIMINATOR_RATE * rate)
        return self.learner.step(number, rate, lambda draw: self.losses(self.draw(draw), draw))

    def draw(self, number: int) -> RefinerBatch:
        """A batch that depends on its number alone."""
        rng = np.random.default_rng(number)
        entries = [self.entries[i] for i in rng.integers(len(self.entries), size=self.plan.batch)]
        starts = [e.mel_start + int(rng.integers(e.frames - SEGMENT_FRAMES)) for e in entries]
        return self.cut([slice(start, start + SEGMENT_FRAMES) for start in starts])

    def cut(self, ranges: list[slice]) -> RefinerBatch:
        """The same frames, equally many each, of all three arrays."""
        arrays = (self.speech.mels, self.predicted, self.states)
        stacked = [np.stack([rows[frames] for frames in ranges]) for rows in arrays]
        return RefinerBatch(*(torch.from_numpy(x).float().to(self.plan.device) for x in stacked))

    def losses(self, batch: RefinerBatch, draw: int) -> dict[str, Tensor]:
        """Returns the refiner's losses of a batch, from which the discriminators learn, too."""
        refiner: Any = self.learner.network
        noise = torch.randn(*batch.target.shape[:2], self.config.noise, device=self.plan.device)
        mask = torch.ones(batch.target.shape[:2], dtype=torch.bool, device=self.plan.device)
        with self._autocast():
            mel = refiner(batch.predicted, batch.states, noise, mask)
        target, predicted, refined = (
            (x.float() - refiner.mean) / refiner.std for x in (batch.target, batch.predicted, mel)
        )
        return {"l1": L1_WEIGHT * F.l1_loss(refined, target)} | self.adversarial_losses(
            target, predicted, refined, draw
        )

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
        with self._autocast():
            targets = self.discriminators(target, predicted)
            attempts = self.discriminators(leaf, predicted)
        adversarial = adversarial_loss(attempts)
        features = FEATURE_WEIGHT * feature_loss(targets, attempts)
        (gradient,) = torch.autograd.grad(adversarial + features, leaf, retain_graph=True)
        loss = discriminator_loss(targets, attempts)
        learning = list(self.discriminators.parameters())
        (loss / self.plan.accumulate).backward(inputs=learning)  # type: ignore[no-untyped-call]
        if self.plan.completes_step(draw):
            descend(self.discriminator_optimizer)
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
            for i, entry in enumerate(self.speech.held_out):
                batch = self.cut([slice(entry.mel_start, entry.mel_start + entry.frames)])
                noise = seeded_noise(i, entry.frames, self.config.noise).to(self.plan.device)
                mask = torch.ones(1, entry.frames, dtype=torch.bool, device=self.plan.device)
                mel = refiner(batch.predicted, batch.states, noise, mask)
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

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.plan.device_type, torch.bfloat16)

    def state(self) -> dict[str, Any]:
        """Weights, their average, the discriminators, optimizers."""
        return self.learner.state() | {
            "discriminators": self.discriminators.state_dict(),
            "discriminator_optimizer": self.discriminator_optimizer.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.learner.load_state(state)
        self.discriminators.load_state_dict(state["discriminators"])
        self.discriminator_optimizer.load_state_dict(state["discriminator_optimizer"])


def seeded_noise(seed: int, frames: int, channels: int) -> Tensor:
    """Standard normal (1, frames, channels) of a seed."""
    random = torch.Generator().manual_seed(seed)
    return torch.randn(1, frames, channels, generator=random)


def _roughness(mel: Tensor) -> Tensor:
    """Mean squared second difference over frames, root: what blur lowers first."""
    return mel.diff(n=2, dim=1).square().mean().sqrt()


def _optimizer(network: torch.nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(network.parameters(), PEAK_RATE, betas=BETAS, fused=True)


RECIPE = RecipeSpec(
    build=RefinerRecipe,
    sizes={"cpu": lambda corpus: RefinerConfig(layers=6)},
    steps=6000,
    batch=4,
)
