"""Recipe: Tacotron 2 on one speaker of a prepared corpus.

Durations are not needed: then the attention is guided along the diagonal. Where they are known, it
is guided along them, and stands after some hundred steps instead of some ten thousand; and for most
of the schedule it goes on from them, or from what it made of them, so that all of an utterance's
steps run at once.

Source: Tacotron 2 (arXiv 1712.05884) §2.2; Adam, L2 1e-6 and clipping of NVIDIA/tacotron2@185cd24
hparams.py; guided attention: arXiv 1710.08969 §4.1; absolute beside squared errors, since squares
alone rest content with blurred mels: espnet/espnet@f6e12ca e2e_tts_tacotron2.py. Differs: a
reduction factor, a warm-up, averaged weights; where the attention is its own, activations stay in
float32, since what it sums up over hundreds of steps comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from acoustic.tacotron2.config import Tacotron2Config
from acoustic.tacotron2.dropout import DROPPED, LAYERS, PrenetDropout
from acoustic.tacotron2.loss import (
    guided_attention_loss,
    path_attention_loss,
    reconstruction_loss,
)
from acoustic.tacotron2.network import Spoken, Tacotron2
from acoustic.tacotron2.spec import SPEC
from text.g2p.symbols import symbol_table
from training.data.corpus import Entry
from training.data.dataset import BatchSampler, SpeechDataset, deal
from training.optimization import Learner, warm_cosine
from training.previews import open_ear, show_alignment, show_mel
from training.recipe import Plan, RecipeSpec

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

PEAK_RATE = 1e-3
WARM_STEPS = 100
CLIP = 1.0
DIAGONAL_WEIGHT = 10.0  # a mean over symbols, of which one is right: brings it near the mel's
PATH_WEIGHT = 1.0
STOP_WEIGHT = 20.0  # one step in some hundred stops; with 1 it did not in 900 steps of training
# For so much of the schedule the attention goes on from the path: such a step costs a fifth.
SHOWN = 0.95
RECALLS = 3  # at most, of its own attention: or it would never learn to go on from that
DIAGONAL = 0.1


class Batch(NamedTuple):
    """ids (B, L), mels (B, n_mels, T), gates (B, T / r); lengths of ids and mels (B,).

    The path (B, T / r, L) is each symbol's share of each step, where durations are known.
    """

    ids: Tensor
    lengths: Tensor
    mels: Tensor
    mel_lengths: Tensor
    gates: Tensor
    path: Tensor | None = None


def diagonality(alignments: Tensor, steps: Tensor, lengths: Tensor) -> float:
    """Share of the attention within a tenth of the diagonal, mean over valid steps.

    Args:
        alignments: (B, S, L).
        steps: (B,) int64 valid steps.
        lengths: (B,) int64 valid symbols.

    >>> diagonality(torch.eye(8)[None], torch.tensor([8]), torch.tensor([8]))
    1.0
    """
    _, s, n = alignments.shape
    step, symbol = torch.arange(s, device=steps.device), torch.arange(n, device=steps.device)
    away = step[None, :, None] / steps[:, None, None] - symbol / lengths[:, None, None]
    valid = step[None] < steps[:, None]  # (B, S)
    near = (alignments * (away.abs() <= DIAGONAL)).sum(2)
    return float(near[valid].mean())


class Tacotron2Recipe:
    """Trains one network, teacher forced.

    Args:
        speech: corpus of one speaker.
        config: sizes and reduction factor.
        plan: how; the batch is in padded mel frames.
    """

    def __init__(self, speech: SpeechDataset, config: Tacotron2Config, plan: Plan) -> None:
        self.speech, self.config, self.plan = speech, config, plan
        self.table, self.ear = (
            symbol_table(plan.symbols),
            open_ear(plan.preview_vocoder, plan.device),
        )
        torch.manual_seed(0)
        self.network = Tacotron2(config).to(plan.device)
        optimizer = torch.optim.Adam(self.network.parameters(), PEAK_RATE, weight_decay=1e-6)
        self.learner = Learner(self.network, optimizer, clip=CLIP, accumulate=plan.accumulate)
        self.deck = BatchSampler(speech.train_set, plan.batch)

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        return warm_cosine(step, peak=PEAK_RATE, warm=WARM_STEPS, total=self.plan.total_steps)

    def step(self, number: int) -> dict[str, float]:
        """One batch."""
        recalls = number % (RECALLS + 1) if number <= SHOWN * self.plan.total_steps else None
        return self.learner.step(
            number,
            self.rate(number),
            lambda _: self.losses(self.collate(self.deck.take()), recalls)[0],
        )

    def losses(self, batch: Batch, recalls: int | None = None) -> tuple[dict[str, Tensor], Spoken]:
        """Reconstruction and guided attention, and what was said.

        Args:
            batch: of utterances.
            recalls: of its own attention, which else goes on from the path; None: step by step.
        """
        r = self.config.n_frames_per_step
        path = None if recalls is None else batch.path
        with torch.autocast(self.plan.device_type, torch.bfloat16, enabled=path is not None):
            spoken: Spoken = self.network(*batch[:4], self._dropout(batch), path, recalls or 0)
        spoken = Spoken(*(x.float() if x.is_floating_point() else x for x in spoken))
        steps = batch.mel_lengths // r
        if batch.path is None:
            guided = guided_attention_loss(spoken.alignments, steps, batch.lengths)
            guided = DIAGONAL_WEIGHT * guided
        else:
            guided = PATH_WEIGHT * path_attention_loss(spoken.alignments, batch.path, steps)
        return {
            "reconstruction": reconstruction_loss(
                spoken, batch.mels, batch.gates, stop_weight=STOP_WEIGHT
            ),
            "absolute": F.l1_loss(spoken.mel, batch.mels)
            + F.l1_loss(spoken.mel_postnet, batch.mels),
            "attention": guided,
        }, spoken

    def _dropout(self, batch: Batch) -> Tensor:
        b, steps = batch.gates.shape
        shape = (steps, b, LAYERS, self.config.prenet_dim)
        return (torch.rand(shape, device=batch.mels.device) >= DROPPED) / (1 - DROPPED)

    def collate(self, entries: list[Entry]) -> Batch:
        """Padded tensors; the last group of frames is filled up with silence."""
        r, device = self.config.n_frames_per_step, self.plan.device
        groups = [-(-e.frames // r) for e in entries]
        length, steps = max(len(e.phonemes) for e in entries), max(groups)
        ids = np.zeros((len(entries), length), np.int64)
        mels = np.zeros((len(entries), self.config.n_mels, steps * r), np.float32)
        gates = np.zeros((len(entries), steps), np.float32)
        for row, (entry, n) in enumerate(zip(entries, groups, strict=True)):
            ids[row, : len(entry.phonemes)] = self.table.ids(entry.phonemes)
            mels[row, :, : n * r] = self.speech.prepared.mel.silence
            mels[row, :, : entry.frames] = self.speech.mel(entry).T
            gates[row, n - 1 :] = 1.0
        lengths = torch.tensor([len(e.phonemes) for e in entries])
        return Batch(
            torch.from_numpy(ids).to(device),
            lengths.to(device),
            torch.from_numpy(mels).to(device),
            torch.tensor([n * r for n in groups], device=device),
            torch.from_numpy(gates).to(device),
            self._path(entries, steps, length),
        )

    def _path(self, entries: list[Entry], steps: int, length: int) -> Tensor | None:
        """(B, steps, length) shares of symbols; None without durations."""
        if not all(entry.durations for entry in entries):
            return None
        r = self.config.n_frames_per_step
        path = np.zeros((len(entries), steps, length), np.float32)
        frames = np.arange(steps * r)
        for row, entry in enumerate(entries):
            said = np.repeat(np.arange(len(entry.phonemes)), entry.durations)
            # What fills up the last step, and padding, belong to the last symbol.
            np.add.at(path[row], (frames // r, said[np.minimum(frames, len(said) - 1)]), 1 / r)
        return torch.from_numpy(path).to(self.plan.device)

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Teacher-forced losses and diagonality on the held-out part; one utterance spoken."""
        torch.manual_seed(number)
        scores: dict[str, list[float]] = {}
        with self.learner.averaged():
            for entries in deal(self.speech.held_out, self.plan.batch, 0):
                batch = self.collate(entries)
                losses, spoken = self.losses(batch)
                steps = batch.mel_lengths // self.config.n_frames_per_step
                told = {name: float(value) for name, value in losses.items()}
                told["diagonality"] = diagonality(spoken.alignments, steps, batch.lengths)
                for name, value in told.items():
                    scores.setdefault(name, []).append(value)
            self._speak(self.collate(self.speech.held_out[:1]), number, writer)
        return {name: float(np.mean(values)) for name, values in scores.items()}

    def _speak(self, batch: Batch, number: int, writer: SummaryWriter) -> None:
        """Teacher-forced and free alignments of one utterance; its mel, and how it sounds."""
        forced = self.losses(batch)[1]
        stream = PrenetDropout([0], self.config.prenet_dim)
        # Twice the teacher's steps: an early network does not stop.
        limit = 2 * batch.gates.shape[1]
        free = self.network.infer(
            batch.ids,
            batch.lengths,
            lambda: torch.from_numpy(stream.step()).to(self.plan.device),
            max_steps=limit,
        )
        show_alignment(writer, "teacher_forced", forced.alignments[0], number)
        show_alignment(writer, "free", free.alignments[0], number)
        show_mel(writer, "teacher", batch.mels[0].T, number)
        show_mel(writer, "ours", free.mel_postnet[0].T, number)
        if self.ear is not None:
            clip = self.ear(free.mel_postnet)
            writer.add_audio("free", clip[None], number, self.speech.prepared.mel.sample_rate)

    def state(self) -> dict[str, Any]:
        """Weights, their average, optimizer, place in the epoch."""
        return self.learner.state() | self.deck.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.learner.load_state(state)
        self.deck.load_state(state)


RECIPE = RecipeSpec(
    build=Tacotron2Recipe,
    sizes=SPEC.sizes,
    steps=50_000,
    batch=8000,
    one_voice=True,
    matmul="medium",
)
