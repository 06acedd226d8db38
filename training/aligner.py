"""Recipe: the aligner, which learns from text and mels alone where each symbol lies.

Source: One TTS Alignment To Rule Them All (arXiv 2108.10447) §2.1–2.2: forward-sum loss with the
beta-binomial prior; later a binarization loss draws the soft alignment to its own best path.
Differs: scores are densities (see training.aligner_network), averaged weights, a cosine end.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from core.errors import ArtifactError
from core.mel import Int64
from text.symbols import symbol_table
from training.aligner_network import Aligner, AlignerConfig
from training.boundaries import errors_of, score
from training.corpus import Entry
from training.hearing import path_of, show_alignment, show_mel
from training.learner import Learner
from training.monotonic import best_durations, forward_sum_loss, log_prior
from training.speech import Deck, Plan, Speech, deal

PEAK_RATE = 5e-3
WARM_STEPS = 50
CLIP = 1.0
BINARY_FROM, BINARY_FULL = 0.5, 0.75
"""Shares of the schedule between which the binarization loss grows to its weight."""
BINARY_WEIGHT = 1.0


class Batch(NamedTuple):
    """ids (B, L), mels (B, T, n_mels); their lengths and speakers (B,)."""

    ids: Tensor
    lengths: Tensor
    speakers: Tensor
    mels: Tensor
    mel_lengths: Tensor


def require_room(entries: list[Entry], states: int) -> None:
    """Raises ArtifactError naming the first utterance with fewer frames than states."""
    for e in entries:
        n = len(e.phonemes)
        if e.frames < n * states:
            raise ArtifactError(f"{e.id}: {e.frames} frames, {n} symbols need {n * states}")


class AlignerRecipe:
    """Trains one aligner on a prepared corpus; durations in it are not read.

    Args:
        speech: corpus.
        config: sizes.
        plan: how; the batch is in padded mel frames.

    Raises:
        ArtifactError: an utterance has fewer frames than its symbols have states.
    """

    def __init__(self, speech: Speech, config: AlignerConfig, plan: Plan) -> None:
        self.speech, self.config, self.plan = speech, config, plan
        require_room([*speech.train_set, *speech.held_out], config.states)
        self.table = symbol_table(plan.symbols)
        torch.manual_seed(0)
        self.network = Aligner(config).to(plan.device)
        optimizer = torch.optim.AdamW(
            self.network.parameters(), PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-4
        )
        self.learner = Learner(self.network, optimizer, clip=CLIP, accumulate=plan.accumulate)
        self.deck = Deck(speech.train_set, plan.batch)

    def rate(self, step: int) -> float:
        """Learning rate: linear warm-up, then half a cosine to a twentieth at total_steps."""
        if step < WARM_STEPS:
            return PEAK_RATE * step / WARM_STEPS
        done = min(1.0, (step - WARM_STEPS) / max(1, self.plan.total_steps - WARM_STEPS))
        return PEAK_RATE * (0.05 + 0.475 * (1 + math.cos(math.pi * done)))

    def binary_weight(self, step: int) -> float:
        """Weight of the binarization loss: 0 at first, a soft path has to be found before."""
        grown = (step / self.plan.total_steps - BINARY_FROM) / (BINARY_FULL - BINARY_FROM)
        return BINARY_WEIGHT * min(1.0, max(0.0, grown))

    def step(self, number: int) -> dict[str, float]:
        """One batch."""
        return self.learner.step(
            number,
            self.rate(number),
            lambda _: self.losses(self.collate(self.deck.take()), self.binary_weight(number)),
        )

    def losses(self, batch: Batch, binary: float) -> dict[str, Tensor]:
        """The forward-sum loss, and the binarization loss times its weight."""
        scores = self.scores(batch)
        states = batch.lengths * self.config.states
        losses = {"forward_sum": forward_sum_loss(scores, batch.mel_lengths, states)}
        if binary > 0.0:
            path = _paths(self._path(scores.detach(), batch), scores.shape).to(scores.device)
            losses["binarization"] = -binary * scores.log_softmax(2)[path].mean()
        return losses

    def scores(self, batch: Batch) -> Tensor:
        """(B, T, L · states) log densities, times the prior."""
        scores: Tensor = self.network(*batch)
        size = scores.shape[1], scores.shape[2]
        return scores + log_prior(batch.mel_lengths, batch.lengths * self.config.states, size)

    def _path(self, scores: Tensor, batch: Batch) -> list[Int64]:
        """Frames of each state on the best path."""
        states = batch.lengths.cpu().numpy() * self.config.states
        return best_durations(scores.cpu().numpy(), batch.mel_lengths.cpu().numpy(), states)

    @torch.no_grad()
    def durations(self, entries: list[Entry]) -> list[list[int]]:
        """Mel frames of each symbol, as the network's present weights align."""
        batch = self.collate(entries)
        paths = self._path(self.scores(batch), batch)
        return [path.reshape(-1, self.config.states).sum(1).tolist() for path in paths]

    def collate(self, entries: list[Entry]) -> Batch:
        """Padded tensors of a batch."""
        length, frames = max(len(e.phonemes) for e in entries), max(e.frames for e in entries)
        ids = np.zeros((len(entries), length), np.int64)
        mels = np.zeros((len(entries), frames, self.config.n_mels), np.float32)
        for row, entry in enumerate(entries):
            ids[row, : len(entry.phonemes)] = self.table.ids(entry.phonemes)
            mels[row, : entry.frames] = self.speech.mel(entry)
        tensors = (
            torch.from_numpy(ids),
            torch.tensor([len(e.phonemes) for e in entries]),
            torch.tensor([e.speaker for e in entries]),
            torch.from_numpy(mels),
            torch.tensor([e.frames for e in entries]),
        )
        return Batch(*(x.to(self.plan.device) for x in tensors))

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Losses on the held-out part; where durations are known, how near ours come to them."""
        held_out, scores = self.speech.held_out, dict[str, list[float]]()
        errors = []
        with self.learner.averaged():
            for entries in deal(held_out, self.plan.batch, 0):
                batch = self.collate(entries)
                for name, value in self.losses(batch, 1.0).items():
                    scores.setdefault(name, []).append(float(value))
                known = [e for e in entries if e.durations]
                found = self.durations(known) if known else []
                errors += [errors_of(e, d) for e, d in zip(known, found, strict=True)]
            self._show(held_out[0], number, writer)
        told = {name: float(np.mean(values)) for name, values in scores.items()}
        if errors:
            told["within_25_ms"] = score(errors, self.speech.prepared.mel).within_25_ms
        return told

    def _show(self, entry: Entry, number: int, writer: SummaryWriter) -> None:
        batch = self.collate([entry])
        soft = self.scores(batch)[0].softmax(1).reshape(entry.frames, -1, self.config.states)
        hard = torch.tensor(self.durations([entry])[0])
        show_mel(writer, "teacher", batch.mels[0], number)
        show_alignment(writer, "soft", soft.sum(2), number)
        show_alignment(writer, "hard", path_of(hard), number)

    def state(self) -> dict[str, Any]:
        """Weights, their average, optimizer, place in the epoch."""
        return self.learner.state() | self.deck.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.learner.load_state(state)
        self.deck.load_state(state)


def _paths(durations: list[Int64], shape: torch.Size) -> Tensor:
    """(B, T, S) bool, True where a frame is in a state."""
    paths = torch.zeros(shape, dtype=torch.bool)
    for path, frames in zip(paths, durations, strict=True):
        states = torch.arange(len(frames)).repeat_interleave(torch.from_numpy(frames))
        path[torch.arange(len(states)), states] = True
    return paths
