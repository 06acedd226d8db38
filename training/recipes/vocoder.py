"""Recipe: HiFi-GAN or MelGAN on a prepared corpus: spectral losses first, an adversary later.

Source: HiFi-GAN §2.4 (45 · mel L1 + adversary + feature matching), §3 (AdamW 0.8, 0.99); MelGAN
§2.3 for its adversary. Differs: a spectral warm-up with a multi-resolution STFT loss (both stay
on, for MelGAN as in Multi-band MelGAN, arXiv 2005.05106 §2.2), since two thirds of a step are
discriminators; narrow discriminators for light generators; averaged weights.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from training import distributed
from training.data.dataset import Plan, Segments, SpeechDataset
from training.optimization import Learner, descend, set_rate
from training.previews import vocode
from training.recipes.adversary import judges_of
from training.recipes.spectral import SpectralLoss
from vocoders.hifigan.config import HifiGanConfig
from vocoders.hifigan.network import HifiGan
from vocoders.melgan.config import MelGanConfig
from vocoders.melgan.network import MelGan
from vocoders.weight_norm import put_weight_norm

SEGMENT_FRAMES = 32
RATE = 5e-4
HALF_LIFE_STEPS = 20_000
CLIP = 100.0


def _network(config: HifiGanConfig | MelGanConfig) -> nn.Module:
    network = HifiGan(config) if isinstance(config, HifiGanConfig) else MelGan(config)
    put_weight_norm(network)
    return network


def _optimizer(network: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(network.parameters(), RATE, betas=(0.8, 0.99))


class VocoderRecipe:
    """Trains one generator on all speakers.

    Args:
        speech: corpus; with predicted mels it fine-tunes.
        config: of the generator, which decides its adversary.
        plan: how; the batch is in segments.
        adversary_from: step from which the discriminators judge.
    """

    def __init__(
        self,
        speech: SpeechDataset,
        config: HifiGanConfig | MelGanConfig,
        plan: Plan,
        *,
        adversary_from: int,
    ) -> None:
        self.config, self.plan, self.adversary_from = config, plan, adversary_from
        torch.manual_seed(0)
        network = _network(config).to(plan.device)
        self.judges = judges_of(config).to(plan.device)
        self.learner = Learner(network, _optimizer(network), clip=CLIP, accumulate=plan.accumulate)
        self.judge_optimizer = _optimizer(self.judges)
        self.segments = Segments(
            speech, frames=SEGMENT_FRAMES, batch=plan.batch, device=plan.device
        )
        self.sample_rate = speech.prepared.mel.sample_rate
        self.spectral = SpectralLoss(speech.prepared.mel).to(plan.device)

    def step(self, number: int) -> dict[str, float]:
        """One batch of random segments."""
        rate = RATE * 0.5 ** (number / HALF_LIFE_STEPS)
        set_rate(self.judge_optimizer, rate)
        judged = number >= self.adversary_from
        return self.learner.step(number, rate, lambda draw: self.losses(draw, judged=judged))

    def losses(self, draw: int, *, judged: bool) -> dict[str, Tensor]:
        """Losses of a batch; with an adversary, which learns from it first."""
        mel, real = self.segments.draw(draw)
        with self._narrow():
            said = self.learner.network(mel)
        said = said.float()  # (B, 1, N)
        losses: dict[str, Tensor] = self.spectral(said[:, 0], real)
        if judged:
            last = (draw // distributed.size() + 1) % self.plan.accumulate == 0
            losses |= self.adversary(said, real[:, None], last=last)
        return losses

    def adversary(self, said: Tensor, real: Tensor, *, last: bool) -> dict[str, Tensor]:
        """Trains the discriminators (a step where ``last``), then judges: said, real (B, 1, N)."""
        with self._narrow():
            judge = self.judges.discriminate(said.detach(), real)
        (judge / self.plan.accumulate).backward()  # type: ignore[no-untyped-call]
        if last:
            descend(self.judge_optimizer)
        # The generator's gradients pass through the discriminators, but leave none in them.
        self.judges.requires_grad_(False)
        with self._narrow():
            features, fooled = self.judges.compare(said, real)
        self.judges.requires_grad_(True)
        return {"judge": judge.detach(), "features": features, "fooled": fooled}

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Spectral losses on the middle of every held-out clip; one clip to hear."""
        network = self.learner.network
        with self.learner.averaged():
            mel, real = self.segments.middles()
            losses = self.spectral(network(mel)[:, 0], real)
            clip = vocode(network, self.segments.whole(self.segments.held_out[0]))
        writer.add_audio("copy", clip[None], number, self.sample_rate)
        return {name: float(value) for name, value in losses.items()}

    def _narrow(self) -> torch.autocast:
        return torch.autocast(self.plan.device_type, torch.bfloat16)

    def state(self) -> dict[str, Any]:
        """Weights, their average, the discriminators, optimizers."""
        return self.learner.state() | {
            "judges": self.judges.state_dict(),
            "judge_optimizer": self.judge_optimizer.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.learner.load_state(state)
        self.judges.load_state_dict(state["judges"])
        self.judge_optimizer.load_state_dict(state["judge_optimizer"])
