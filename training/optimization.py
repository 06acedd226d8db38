"""One network under training: gradients accumulated, clipped, averaged; its weights averaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from core.networks import AdversarialLosses
from training import distributed
from training.trainer import Average


def descend(optimizer: torch.optim.Optimizer, *, clip: float | None = None) -> None:
    """One step down the gradients of all processes, which are forgotten then."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    distributed.average_gradients(parameters)
    if clip is not None:
        torch.nn.utils.clip_grad_norm_(parameters, clip)
    optimizer.step()
    optimizer.zero_grad()


def with_gradient(value: Tensor, at: Tensor, gradient: Tensor) -> Tensor:
    """Returns a loss of this value whose gradient at a tensor is known already.

    >>> at = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> with_gradient(torch.tensor(7.0), at, torch.tensor([3.0, 4.0])).backward()
    >>> at.grad.tolist()
    [3.0, 4.0]
    """
    product = (at * gradient).sum()
    return value.detach() + product - product.detach()


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Sets the learning rate of all parameters."""
    for group in optimizer.param_groups:
        group["lr"] = rate


class Learner:
    """Weights, their average and their optimizer.

    Args:
        network: on its device.
        optimizer: of all its parameters.
        clip: largest norm of the gradient.
        accumulate: batches whose gradients make one step.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        clip: float,
        accumulate: int = 1,
    ) -> None:
        self.network, self.optimizer = network, optimizer
        self.clip, self.accumulate = clip, accumulate
        self.average = Average(network)

    def step(
        self, number: int, rate: float, losses_of: Callable[[int], dict[str, Tensor]]
    ) -> dict[str, float]:
        """Learns from one batch, or from as many as accumulate.

        Args:
            number: of the step.
            rate: learning rate.
            losses_of: number of a batch, unlike in every step and process → losses to be summed.

        Returns:
            The losses, means over the batches.
        """
        set_rate(self.optimizer, rate)
        self.network.train()
        means: dict[str, float] = {}
        for part in range(self.accumulate):
            draw = (number * self.accumulate + part) * distributed.size() + distributed.rank()
            # Dropout depends on the draw alone: a resumed run is the same run.
            torch.manual_seed(draw)
            losses = losses_of(draw)
            loss = torch.stack(list(losses.values())).sum() / self.accumulate
            loss.backward()  # type: ignore[no-untyped-call]
            for name, value in losses.items():
                means[name] = means.get(name, 0.0) + float(value.detach()) / self.accumulate
        descend(self.optimizer, clip=self.clip)
        self.average.update(self.network)
        return means

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within, the network has its averaged weights, in eval mode."""
        raw = {k: v.clone() for k, v in self.network.state_dict().items()}
        self.network.load_state_dict(self.average.weights)
        self.network.eval()
        try:
            yield
        finally:
            self.network.load_state_dict(raw)
            self.network.train()

    def state(self) -> dict[str, Any]:
        """Returns everything needed to go on."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.weights,
            "updates": self.average.updates,
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from a state."""
        self.network.load_state_dict(state["network"])
        self.average.weights, self.average.updates = state["average"], state["updates"]
        self.optimizer.load_state_dict(state["optimizer"])


class GanLearner(Learner):
    """The same of a generator, and the discriminators it learns against with their optimizer.

    Args:
        network: the generator, on its device, as are the discriminators.
        discriminators: any number of them in one module.
        optimizer_of: a module → an optimizer of its parameters.
        clip: largest norm of the generator's gradient.
        discriminator_clip: of the discriminators' gradient; None = any.
        accumulate: batches whose gradients make one step.
    """

    def __init__(
        self,
        network: nn.Module,
        discriminators: nn.Module,
        optimizer_of: Callable[[nn.Module], torch.optim.Optimizer],
        *,
        clip: float,
        discriminator_clip: float | None = None,
        accumulate: int = 1,
    ) -> None:
        super().__init__(network, optimizer_of(network), clip=clip, accumulate=accumulate)
        self.discriminator_clip = discriminator_clip
        # Any: recipes call them as their kind is called.
        self.discriminators: Any = discriminators
        self.discriminator_optimizer = optimizer_of(discriminators)

    def teach_discriminators(self, loss: Tensor, *, step: bool) -> None:
        """Adds a loss to the discriminators' gradients.

        Args:
            loss: of one batch.
            step: the gradients become a step, else they accumulate.
        """
        learning = list(self.discriminators.parameters())
        (loss / self.accumulate).backward(inputs=learning)  # type: ignore[no-untyped-call]
        if step:
            descend(self.discriminator_optimizer, clip=self.discriminator_clip)

    def adversarial_losses(
        self, predicted: Tensor, target: Tensor, turn: int, *, step: bool
    ) -> dict[str, Tensor]:
        """Returns the generator's losses; the discriminators learn from the same passes.

        Args:
            predicted: (B, 1, N) what the generator made.
            target: (B, 1, N) the recordings.
            turn: number of the batch; see ``core.networks.Discriminators``.
            step: the discriminators' gradients become a step, else they accumulate.
        """
        leaf = predicted.detach().requires_grad_()
        losses: AdversarialLosses = self.discriminators.losses(leaf, target, turn)
        wanted = losses.adversarial + losses.features
        (gradient,) = torch.autograd.grad(wanted, leaf, retain_graph=True)
        self.teach_discriminators(losses.discriminator, step=step)
        return {
            "adversarial": with_gradient(losses.adversarial, predicted, gradient),
            "features": losses.features.detach(),
            "discriminator": losses.discriminator.detach(),
        }

    def load_discriminators(self, state: dict[str, Any]) -> None:
        """Goes on with the discriminators of another generator's state."""
        self.discriminators.load_state_dict(state["discriminators"])
        self.discriminator_optimizer.load_state_dict(state["discriminator_optimizer"])

    def state(self) -> dict[str, Any]:
        """Returns everything needed to go on."""
        return super().state() | {
            "discriminators": self.discriminators.state_dict(),
            "discriminator_optimizer": self.discriminator_optimizer.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from a state."""
        super().load_state(state)
        self.load_discriminators(state)
