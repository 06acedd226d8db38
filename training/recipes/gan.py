"""Recipe of vocoders with discriminators: spectral losses first, the discriminators later.

Source: HiFi-GAN §2.4 (45 · mel L1 + adversarial loss + feature matching), §3 (AdamW 0.8, 0.99);
MelGAN §2.3 for its discriminators. Differs: a spectral warm-up with a multi-resolution STFT loss
(both stay on, for MelGAN as in Multi-band MelGAN, arXiv 2005.05106 §2.2), since two thirds of a
step are discriminators; narrow discriminators for light generators; averaged weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from core.networks import VocoderSpec
from training.data.dataset import Segments, SpeechDataset
from training.optimization import GanLearner, set_rate
from training.previews import vocode
from training.recipe import RecipeSpec, TrainingPlan
from training.recipes.excited import ExcitedRecipe
from training.recipes.spectral import SpectralLoss
from vocoders.weight_norm import put_weight_norm

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

SEGMENT_FRAMES = 32
PEAK_RATE = 5e-4
DISCRIMINATOR_RATE = 2.5  # times the generator's: at equal rates they stay at chance
WARM_STEPS = 100
CLIP = 100.0


def gan_recipe(
    spec: VocoderSpec, *, steps: int = 200_000, adversary_from: int = 4000
) -> RecipeSpec:
    """Returns the recipe of a vocoder whose spec names its discriminators."""

    def build(speech: SpeechDataset, config: Any, plan: TrainingPlan) -> GanRecipe | ExcitedRecipe:
        kind = GanRecipe if spec.excitation(config) is None else ExcitedRecipe
        return kind(spec, speech, config, plan)

    return RecipeSpec(
        build=build, sizes=spec.sizes, steps=steps, batch=8, adversary_from=adversary_from
    )


def _optimizer(network: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(network.parameters(), PEAK_RATE, betas=(0.8, 0.99), fused=True)


class GanRecipe:
    """Trains one generator on all speakers.

    Args:
        spec: of the generator; names its discriminators.
        speech: corpus; with predicted mels it fine-tunes.
        config: of the generator, which decides its discriminators.
        plan: how; the batch is in segments.
    """

    def __init__(
        self, spec: VocoderSpec, speech: SpeechDataset, config: Any, plan: TrainingPlan
    ) -> None:
        assert spec.discriminators is not None
        self.config, self.plan = config, plan
        torch.manual_seed(0)
        network: nn.Module = spec.network(config)
        put_weight_norm(network)
        network.to(plan.device)
        discriminators: Any = spec.discriminators(config)
        self.learner = GanLearner(
            network,
            discriminators.to(plan.device),
            _optimizer,
            clip=CLIP,
            accumulate=plan.accumulate,
        )
        self.segments = Segments(
            speech, frames=SEGMENT_FRAMES, batch=plan.batch, device=plan.device
        )
        self.sample_rate = speech.prepared.mel.sample_rate
        self.spectral = SpectralLoss(speech.prepared.mel).to(plan.device)

    def step(self, number: int) -> dict[str, float]:
        """One batch of random segments."""
        rate = self.plan.rate(number, peak=PEAK_RATE, warm=WARM_STEPS)
        set_rate(self.learner.discriminator_optimizer, DISCRIMINATOR_RATE * rate)
        adversarial = number >= self.plan.adversary_from
        return self.learner.step(
            number, rate, lambda draw: self.losses(draw, adversarial=adversarial)
        )

    def losses(self, draw: int, *, adversarial: bool) -> dict[str, Tensor]:
        """Returns the losses of a batch; discriminators that take part learn from it first."""
        mel, target = self.segments.draw(draw)  # (B, n_mels, S), (B, N)
        with self.plan.narrowed():
            predicted = self.learner.network(mel)
        predicted = predicted.float()  # (B, 1, N)
        losses: dict[str, Tensor] = self.spectral(predicted[:, 0], target)
        if adversarial:
            # Where batches accumulate, the discriminators step together with the generator.
            last = self.plan.completes_step(draw)
            with self.plan.narrowed():
                losses |= self.learner.adversarial_losses(
                    predicted, target[:, None], draw, step=last
                )
        return losses

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Spectral losses on the middle of every held-out clip; one clip to hear."""
        network = self.learner.network
        with self.learner.averaged():
            mel, target = self.segments.middles()
            losses = self.spectral(network(mel)[:, 0], target)
            clip = vocode(network, self.segments.whole(self.segments.held_out[0]))
        writer.add_audio("copy", clip[None], number, self.sample_rate)
        return {name: float(value) for name, value in losses.items()}

    def state(self) -> dict[str, Any]:
        """Weights, their average, the discriminators, both optimizers."""
        return self.learner.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.learner.load_state(state)
