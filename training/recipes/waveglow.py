"""Recipe: WaveGlow on a prepared corpus, by the likelihood of speech and the sound of its samples.

Source: WaveGlow (arXiv 1811.00002) §3.1: Adam 1e-4, 16 000 samples a segment, sigma 1 / √2.
Differs: the likelihood alone says nothing of how samples sound (a small flow spends it on noise
below hearing), so what the inverse makes of noise is compared with the speech, too, as Flow-GAN
(arXiv 1705.08868) §3.3 mixes both, here by spectral losses; averaged weights; a higher rate for the
small flow, which falls, since the couplings' last layers are so steep that steps go to and fro;
couplings in bfloat16, while the signal stays in float32, since an inverse undoes all flows of
rounding.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from training.data.dataset import Segments, SpeechDataset
from training.optimization import Learner
from training.previews import vocode
from training.recipe import RecipeSpec, TrainingPlan
from training.recipes.spectral import SpectralLoss
from vocoders.waveglow.config import WaveGlowConfig
from vocoders.waveglow.network import WaveGlow, negative_log_likelihood
from vocoders.waveglow.spec import SPEC
from vocoders.weight_norm import put_weight_norm

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

SEGMENT_FRAMES = 63  # 16 128 samples
RATE = 5e-4
LARGE_RATE, LARGE_CHANNELS = 1e-4, 256  # the paper's, for the paper's size
WARM_STEPS = 100
SIGMA = math.sqrt(0.5)
CLIP = 100.0
LIKELIHOOD_WEIGHT = 5.0  # beside spectral losses of about thirty


def _network(config: WaveGlowConfig) -> WaveGlow:
    network = WaveGlow(config)
    for coupling in network.WN:
        for name, layer in coupling.named_children():
            # ``end`` begins at zero, where a norm has no direction.
            if name != "end":
                put_weight_norm(layer)
    return network


class WaveGlowRecipe:
    """Trains one flow on all speakers.

    Args:
        speech: corpus.
        config: sizes.
        plan: how; the batch is in segments.
    """

    def __init__(self, speech: SpeechDataset, config: WaveGlowConfig, plan: TrainingPlan) -> None:
        self.config, self.plan = config, plan
        self.rate = LARGE_RATE if config.n_channels >= LARGE_CHANNELS else RATE
        torch.manual_seed(0)
        self.network = _network(config).to(plan.device)
        optimizer = torch.optim.Adam(self.network.parameters(), self.rate)
        self.learner = Learner(self.network, optimizer, clip=CLIP, accumulate=plan.accumulate)
        self.segments = Segments(
            speech, frames=SEGMENT_FRAMES, batch=plan.batch, device=plan.device
        )
        self.sample_rate = speech.prepared.mel.sample_rate
        self.spectral = SpectralLoss(speech.prepared.mel).to(plan.device)

    def step(self, number: int) -> dict[str, float]:
        """One batch of random segments."""
        rate = self.plan.rate(number, peak=self.rate, warm=WARM_STEPS)
        return self.learner.step(number, rate, lambda draw: self.losses(*self.segments.draw(draw)))

    def losses(self, mel: Tensor, samples: Tensor) -> dict[str, Tensor]:
        """mel (B, n_mels, T), samples (B, N) → nats per sample, weighted; spectral losses."""
        with self.plan.narrowed():
            conditions = cache(self.network.conditions(mel, samples.shape[1]))
            latent = self.network.to_noise(samples, conditions)
            noise = self.config.sigma * torch.randn_like(latent.z)
            predicted = self.network.to_samples(noise, conditions)
        likelihood = LIKELIHOOD_WEIGHT * negative_log_likelihood(latent, SIGMA)
        spectral: dict[str, Tensor] = self.spectral(predicted, samples)
        return {"likelihood": likelihood} | spectral

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Losses on the middle of every held-out clip; one clip to hear."""
        torch.manual_seed(number)
        with self.learner.averaged():
            losses = self.losses(*self.segments.middles())
            mel = self.segments.whole(self.segments.held_out[0])
            clip = vocode(self.network, mel)
        writer.add_audio("copy", clip[None], number, self.sample_rate)
        return {name: float(value) for name, value in losses.items()}

    def state(self) -> dict[str, Any]:
        """Weights, their average, optimizer."""
        return self.learner.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.learner.load_state(state)


RECIPE = RecipeSpec(build=WaveGlowRecipe, sizes=SPEC.sizes, steps=200_000, batch=8)
