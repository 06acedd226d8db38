"""What a recipe is: how one network learns from a prepared corpus, and how it is started."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import torch

from core.networks import CorpusFacts
from training import distributed
from training.data.dataset import SpeechDataset

if TYPE_CHECKING:  # TensorBoard comes with the extra "train"
    from torch.utils.tensorboard import SummaryWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """How to train.

    Attributes:
        device: cpu, cuda or cuda:N.
        total_steps: where the schedule of the learning rate ends.
        first_step: where it begins; a component may have learnt for so many steps before.
        peak: of the schedule, a factor on the recipe's own rate.
        batch: padded mel frames (acoustic models, recognizers) or segments (vocoders) of a batch.
        accumulate: batches that make one step.
        symbols: name of the symbol table (acoustic models).
        preview_vocoder: folder of a vocoder's component; validations of acoustic models become
            audible.
        predictions: folder of what the network to refine predicts (refiner).
        start: file of the weights to begin with (aligner); None = by chance.
        goes_on: the run began with the weights of a component.
        adversary_from: step from which discriminators take part (vocoders that have some).
        further: more prepared corpora (recognizers).
        loading: processes that make batches ahead of time, where one takes long to make; 0 = none.
    """

    device: str = "cpu"
    total_steps: int
    first_step: int = 0
    peak: float = 1.0
    batch: int
    accumulate: int = 1
    symbols: str = "house-ipa"
    preview_vocoder: Path | None = None
    predictions: Path | None = None
    start: Path | None = None
    goes_on: bool = False
    adversary_from: int = 0
    further: tuple[Path, ...] = ()
    loading: int = 0

    def completes_step(self, draw: int) -> bool:
        """Returns whether a batch of this number is the last of those that make one step."""
        return (draw // distributed.size() + 1) % self.accumulate == 0

    def done(self, step: int) -> float:
        """Returns the share of the schedule that lies before a step, 0 to 1."""
        passed = (step - self.first_step) / max(1, self.total_steps - self.first_step)
        return min(1.0, max(0.0, passed))

    def rate(self, step: int, *, peak: float, warm: int) -> float:
        """Returns a learning rate: linear warm-up, then half a cosine to a twentieth of the peak.

        Args:
            step: of the run.
            peak: the recipe's highest rate.
            warm: steps of the warm-up.

        >>> plan = TrainingPlan(total_steps=1110, first_step=1000, batch=1)
        >>> [plan.rate(step, peak=1.0, warm=10) for step in (1005, 1010, 1060, 1110, 1500)]
        [0.5, 1.0, 0.525, 0.05, 0.05]
        """
        highest, begun = self.peak * peak, step - self.first_step
        if begun < warm:
            return highest * begun / warm
        length = self.total_steps - self.first_step - warm
        done = min(1.0, (begun - warm) / max(1, length))
        return highest * (0.05 + 0.475 * (1 + math.cos(math.pi * done)))

    @property
    def device_type(self) -> str:
        """Cpu or cuda."""
        return torch.device(self.device).type

    def narrowed(self, *, enabled: bool = True) -> torch.autocast:
        """Returns the context in which layers compute in bfloat16, where the device does.

        A CPU without AVX-512 would emulate it, slower than float32, and knows no LSTM in it.

        Args:
            enabled: False = float32 anywhere.
        """
        knows = self.device_type != "cpu" or torch.backends.cpu.get_cpu_capability() == "AVX512"
        return torch.autocast(self.device_type, torch.bfloat16, enabled=enabled and knows)


class Recipe(Protocol):
    """One network's training: knows its data, losses and optimizers, not the clock."""

    def step(self, number: int) -> dict[str, float]:
        """Trains on one batch; returns losses by name."""

    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Scores the held-out part with the averaged weights; writes pictures and audio."""

    def state(self) -> dict[str, Any]:
        """Returns everything needed to go on."""

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from a state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeSpec:
    """A recipe and its defaults: ``RECIPE`` of a file of ``training/recipes``.

    Attributes:
        build: corpus, config, plan → recipe.
        sizes: of its network, by name: corpus → config; the first is the default.
        steps: where the schedule ends. The papers take larger networks to 160 k (FastSpeech 2) and
            2.5 M steps (HiFi-GAN); these are what small networks take to flatten.
        batch: padded mel frames (acoustic models, recognizers), segments (vocoders).
        adversary_from: step from which discriminators take part; None = there are none, or from
            the first step on.
        one_voice: its network has no speaker table.
        matmul: how float32 matrices are multiplied: high = TF32 where there is some, medium =
            bfloat16 inside, float32 outside. Source: torch.set_float32_matmul_precision.
    """

    build: Callable[[SpeechDataset, Any, TrainingPlan], Recipe]
    sizes: Mapping[str, Callable[[CorpusFacts], Any]]
    steps: int
    batch: int
    adversary_from: int | None = None
    one_voice: bool = False
    matmul: Literal["high", "medium"] = "high"
