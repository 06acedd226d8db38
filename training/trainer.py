"""The loop that every recipe runs in: time budget, checkpoints, averages, TensorBoard, resume."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING

import torch
from torch import nn

from core.errors import ArtifactMissing, CheckpointError
from training import distributed
from training.recipe import Recipe

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

KEEP_SECONDS = 120.0  # how much work a crash may cost


class Average:
    """Exponential moving average of a network's floating-point weights.

    Source: Polyak & Juditsky 1992; the ramp (1 + n) / (10 + n) is TensorFlow's.
    """

    def __init__(self, network: nn.Module, decay: float = 0.999) -> None:
        self.decay, self.updates = decay, 0
        self.weights = {k: v.detach().clone() for k, v in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Moves the average towards the network's weights."""
        self.updates += 1
        keep = min(self.decay, (1 + self.updates) / (10 + self.updates))
        state = network.state_dict()
        moving = [key for key, value in state.items() if value.is_floating_point()]
        torch._foreach_lerp_(
            [self.weights[key] for key in moving], [state[key] for key in moving], 1.0 - keep
        )
        for key in state.keys() - set(moving):
            self.weights[key].copy_(state[key])


class TrainingProgress:
    """Steps and seconds so far, and where they are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "checkpoint.pt"
        self.steps, self.seconds = 0, 0.0

    def resume(self, recipe: Recipe, device: str, *, required: bool = False) -> None:
        """Loads the checkpoint if there is one.

        Raises:
            ArtifactMissing: there is none, though required.
            CheckpointError: it is of another network or size.
        """
        if not self.file.exists():
            if required:
                raise ArtifactMissing(f"no checkpoint {self.file}")
            return
        try:
            saved = torch.load(self.file, map_location=device, weights_only=True)
            self.steps, self.seconds = saved["steps"], saved["seconds"]
            recipe.load_state(saved["recipe"])
        except (RuntimeError, KeyError, ValueError, UnpicklingError) as error:
            raise CheckpointError(f"{self.file}: {error}") from error

    def save(self, recipe: Recipe) -> None:
        """Writes the checkpoint; a reader sees the old or the new one, never half."""
        if distributed.rank():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(".draft")
        state = {"steps": self.steps, "seconds": self.seconds, "recipe": recipe.state()}
        torch.save(state, draft)
        os.replace(draft, self.file)


def train(
    recipe: Recipe,
    folder: Path,
    *,
    minutes: float,
    last_step: int,
    device: str,
    validate_every: int,
    report: Callable[[str], None],
) -> TrainingProgress:
    """Trains for a time budget, going on from the folder's checkpoint.

    Args:
        recipe: what to train.
        folder: checkpoint and TensorBoard logs.
        minutes: budget of this call [min].
        last_step: where the schedule ends, whatever the budget.
        device: where checkpoints are loaded to.
        validate_every: steps between two validations.
        report: gets a line of progress.
    """
    from torch.utils.tensorboard import SummaryWriter

    progress = TrainingProgress(folder)
    progress.resume(recipe, device)
    writer = SummaryWriter(str(folder / "tensorboard")) if distributed.rank() == 0 else None
    began = saved = time.monotonic()
    spent = progress.seconds
    running: dict[str, float] = {}
    while progress.steps < last_step and distributed.agree(
        time.monotonic() - began < minutes * 60.0, device
    ):
        progress.steps += 1
        for name, value in recipe.step(progress.steps).items():
            running[name] = 0.98 * running.get(name, value) + 0.02 * value
        progress.seconds = spent + time.monotonic() - began
        if writer is None:
            continue
        if progress.steps % 50 == 0:
            _report(progress, running, writer, report)
        if progress.steps % validate_every == 0:
            scores = recipe.validate(progress.steps, writer)
            _report(progress, {f"held_out/{k}": v for k, v in scores.items()}, writer, report)
        if time.monotonic() - saved > KEEP_SECONDS:
            progress.save(recipe)
            saved = time.monotonic()
    progress.save(recipe)
    if writer is not None:
        writer.close()
    return progress


def _report(
    progress: TrainingProgress,
    values: dict[str, float],
    writer: SummaryWriter,
    report: Callable[[str], None],
) -> None:
    for name, value in values.items():
        writer.add_scalar(name, value, progress.steps)
    line = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
    report(f"step {progress.steps}  {progress.seconds / 60:.1f} min  {line}")
