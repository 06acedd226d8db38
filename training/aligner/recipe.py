"""Recipe: the aligner, which learns where each symbol lies from utterances with known durations.

Where durations are known, the loss is minus the log-probability of that one alignment among all
monotonic ones (a conditional random field: Lafferty, McCallum & Pereira 2001), which is sharp where
it matters, at boundaries. Where they are not, it is the forward-sum loss: all alignments together
shall be probable. That one helps where few are known, and leads nowhere alone.

Source: One TTS Alignment To Rule Them All (arXiv 2108.10447) §2.1–2.2: the forward-sum loss and its
beta-binomial prior. Differs: no binarization loss; averaged weights, a cosine end.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.errors import ArtifactError
from core.networks import CorpusFacts
from text.g2p.symbols import symbol_table
from training.aligner.alignment_eval import errors_of, score
from training.aligner.augment import augment
from training.aligner.file import read_aligner, require_fit
from training.aligner.monotonic import best_durations, forward_sum_loss, log_prior
from training.aligner.network import Aligner, AlignerConfig
from training.data.collate import UtteranceBatch, collate, symbol_of_frame
from training.data.corpus import CorpusEntry
from training.data.dataset import BatchSampler, SpeechDataset, bucket_batches
from training.optimization import Learner
from training.previews import alignment_of, show_alignment, show_mel
from training.recipe import RecipeSpec, TrainingPlan

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

PEAK_RATE = 2e-3
WARM_STEPS = 30
CLIP = 1.0
HIDDEN_WEIGHT = 0.1
"""Of the forward-sum loss: with 1, what is learnt from known durations suffers."""
IGNORED = -1  # label of a frame of padding


def scores_of(network: Aligner, batch: UtteranceBatch) -> Tensor:
    """Returns the network's scores, (B, T, L)."""
    scores: Tensor = network(batch.ids, batch.lengths, batch.mels, batch.mel_lengths)
    return scores


@torch.no_grad()
def find_durations(network: Aligner, batch: UtteranceBatch) -> list[list[int]]:
    """Returns the mel frames of each symbol, on the likeliest alignment."""
    scores = scores_of(network, batch).cpu().numpy()
    frames, symbols = batch.mel_lengths.cpu().numpy(), batch.lengths.cpu().numpy()
    return [d.tolist() for d in best_durations(scores, frames, symbols)]


def known_loss(scores: Tensor, batch: UtteranceBatch) -> Tensor:
    """Minus the log-probability of the known alignments among all monotonic ones, per frame.

    Args:
        scores: (B, T, L) float32.
        batch: with durations.
    """
    labels = symbol_of_frame(batch.durations, scores.shape[1])  # (B, T)
    labels = labels.masked_fill(~batch.frame_mask, IGNORED)
    own = F.nll_loss(scores.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)
    return own - forward_sum_loss(scores, batch.mel_lengths, batch.lengths)


def hidden_loss(scores: Tensor, batch: UtteranceBatch) -> Tensor:
    """The forward-sum loss under the prior, which keeps alignments near the diagonal, per frame."""
    prior = log_prior(batch.mel_lengths, batch.lengths, (scores.shape[1], scores.shape[2]))
    frames = batch.frame_mask[:, :, None]
    likely = (scores + prior).masked_fill(~frames, 0.0).log_softmax(2)
    return forward_sum_loss(likely, batch.mel_lengths, batch.lengths)


def require_known(entries: list[CorpusEntry], folder: Path) -> None:
    """Raises ArtifactError where nobody knows any durations.

    Measured on the house's corpus: forward-sum alone begins nowhere, its best paths are seconds off
    after 200 steps; and it takes a trained aligner from 96 % to 88 % within 25 ms in 50.
    """
    if not any(e.durations for e in entries):
        raise ArtifactError(
            f"{folder}: no known durations to learn from; `rhapsode train align` needs none"
        )


def require_room(entries: list[CorpusEntry]) -> None:
    """Raises ArtifactError naming the first utterance with fewer frames than symbols."""
    for e in entries:
        if e.frames < len(e.phonemes):
            raise ArtifactError(f"{e.id}: {e.frames} frames for {len(e.phonemes)} symbols")


class AlignerRecipe:
    """Trains one aligner on a prepared corpus.

    Args:
        speech: corpus.
        config: sizes.
        plan: how; the batch is in padded mel frames.
        start: weights to begin with; None = by chance.

    Raises:
        ArtifactError: an utterance has fewer frames than symbols, or no durations are known.
    """

    def __init__(
        self,
        speech: SpeechDataset,
        config: AlignerConfig,
        plan: TrainingPlan,
        start: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.speech, self.config, self.plan = speech, config, plan
        require_room([*speech.train_set, *speech.held_out])
        require_known(speech.train_set, speech.folder)
        self.table = symbol_table(plan.symbols)
        torch.manual_seed(0)
        self.network = Aligner(config)
        if start is not None:
            self.network.load_state_dict(start)
        self.network.to(plan.device)
        optimizer = torch.optim.AdamW(
            self.network.parameters(), PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-3
        )
        self.learner = Learner(self.network, optimizer, clip=CLIP, accumulate=plan.accumulate)
        self.sampler = BatchSampler(speech.train_set, plan.batch)

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        return self.plan.rate(step, peak=PEAK_RATE, warm=WARM_STEPS)

    def step(self, number: int) -> dict[str, float]:
        """Trains on one batch, augmented."""
        return self.learner.step(number, self.rate(number), self._losses_of_draw)

    def _losses_of_draw(self, draw: int) -> dict[str, Tensor]:
        return self.losses(self.collate(self.sampler.next_batch(), np.random.default_rng(draw)))

    def losses(self, batch: UtteranceBatch) -> dict[str, Tensor]:
        """Returns the losses of the utterances whose durations are known, and of the others."""
        with self.plan.narrowed():
            scores = scores_of(self.network, batch).float()
        known = batch.aligned
        losses = {}
        if known.any():
            losses["known"] = known.float().mean() * known_loss(scores[known], batch.rows(known))
        if not known.all():
            hidden = hidden_loss(scores[~known], batch.rows(~known))
            losses["hidden"] = HIDDEN_WEIGHT * (~known).float().mean() * hidden
        return losses

    def durations(self, entries: list[CorpusEntry]) -> list[list[int]]:
        """Returns the mel frames of each symbol, as the network's present weights align."""
        return find_durations(self.network, self.collate(entries))

    def collate(
        self, entries: list[CorpusEntry], draw: np.random.Generator | None = None
    ) -> UtteranceBatch:
        """Returns a batch on the device; with a draw, its mels are augmented."""
        mels = [self.speech.mel(e).astype(np.float32) for e in entries]
        if draw is not None:
            mels = [augment(mel, draw) for mel in mels]
        return collate(entries, mels, self.table).to(self.plan.device)

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Losses on the held-out part; where durations are known, how near ours come to them."""
        held_out, scores = self.speech.held_out, dict[str, list[float]]()
        errors = []
        with self.learner.averaged():
            for entries in bucket_batches(held_out, self.plan.batch, 0):
                for name, value in self.losses(self.collate(entries)).items():
                    scores.setdefault(name, []).append(float(value))
                for e, found in zip(entries, self.durations(entries), strict=True):
                    errors += [errors_of(e, found)] if e.durations else []
            self._show(held_out[0], number, writer)
        means = {name: float(np.mean(values)) for name, values in scores.items()}
        if errors:
            means["within_25_ms"] = score(errors, self.speech.prepared.mel).within_25_ms
        return means

    def _show(self, entry: CorpusEntry, number: int, writer: SummaryWriter) -> None:
        batch = self.collate([entry])
        hard = torch.tensor(self.durations([entry])[0])
        show_mel(writer, "teacher", batch.mels[0], number)
        show_alignment(writer, "soft", scores_of(self.network, batch)[0].exp(), number)
        show_alignment(writer, "hard", alignment_of(hard), number)

    def state(self) -> dict[str, Any]:
        """Weights, their average, optimizer, place in the epoch."""
        return self.learner.state() | self.sampler.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.learner.load_state(state)
        self.sampler.load_state(state)


def small_size(corpus: CorpusFacts) -> AlignerConfig:
    """Returns the one size: 0.3 M parameters."""
    return AlignerConfig(n_symbols=corpus.n_symbols, n_mels=corpus.mel.n_mels)


def _build(speech: SpeechDataset, config: AlignerConfig, plan: TrainingPlan) -> AlignerRecipe:
    """Returns a recipe that begins with the plan's weights, whose size then counts."""
    if plan.start is None:
        return AlignerRecipe(speech, config, plan)
    card, network = read_aligner(plan.start)
    require_fit(card, speech.prepared.mel, plan.symbols)
    return AlignerRecipe(speech, card.config, plan, network.state_dict())


RECIPE = RecipeSpec(build=_build, sizes={"small": small_size}, steps=1500, batch=4000)
