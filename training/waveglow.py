"""Recipe: WaveGlow on a prepared corpus, by the likelihood of its samples.

Source: WaveGlow (arXiv 1811.00002) §3.1: Adam 1e-4, 16 000 samples a segment, sigma 1 / √2.
Differs: averaged weights; a higher rate for the small flow; couplings in bfloat16, while the signal
stays in float32, since an inverse undoes all flows of rounding.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from training.hearing import vocode
from training.learner import Learner
from training.speech import Plan, Segments, Speech
from vocoders.waveglow.config import WaveGlowConfig
from vocoders.waveglow.network import WaveGlow, negative_log_likelihood
from vocoders.weight_norm import put_weight_norm

SEGMENT_FRAMES = 63  # 16 128 samples
RATE = 5e-4
LARGE_RATE, LARGE_CHANNELS = 1e-4, 256  # the paper's, for the paper's size
SIGMA = math.sqrt(0.5)
CLIP = 100.0


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

    def __init__(self, speech: Speech, config: WaveGlowConfig, plan: Plan) -> None:
        self.config, self.plan = config, plan
        self.rate = LARGE_RATE if config.n_channels >= LARGE_CHANNELS else RATE
        torch.manual_seed(0)
        network = _network(config).to(plan.device)
        optimizer = torch.optim.Adam(network.parameters(), self.rate)
        self.learner = Learner(network, optimizer, clip=CLIP, accumulate=plan.accumulate)
        self.segments = Segments(
            speech, frames=SEGMENT_FRAMES, batch=plan.batch, device=plan.device
        )
        self.sample_rate = speech.prepared.mel.sample_rate

    def step(self, number: int) -> dict[str, float]:
        """One batch of random segments."""
        return self.learner.step(
            number, self.rate, lambda draw: self.losses(*self.segments.draw(draw))
        )

    def losses(self, mel: Tensor, samples: Tensor) -> dict[str, Tensor]:
        """mel (B, n_mels, T), samples (B, N) → nats per sample, without the constant."""
        with torch.autocast(self.plan.device_type, torch.bfloat16):
            latent = self.learner.network(mel, samples)
        return {"likelihood": negative_log_likelihood(latent, SIGMA)}

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Likelihood of the middle of every held-out clip; one clip to hear."""
        with self.learner.averaged():
            losses = self.losses(*self.segments.middles())
            mel = self.segments.whole(self.segments.held_out[0])
            clip = vocode(self.learner.network, mel)
        writer.add_audio("copy", clip[None], number, self.sample_rate)
        return {name: float(value) for name, value in losses.items()}

    def state(self) -> dict[str, Any]:
        """Weights, their average, optimizer."""
        return self.learner.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.learner.load_state(state)
