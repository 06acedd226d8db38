"""Recipe: Tacotron 2 on one speaker of a prepared corpus.

Durations are not needed: then the attention is guided along the diagonal. Where they are known, it
is guided along them, and aligns after some hundred steps instead of some ten thousand; and for most
of the schedule it is forced along them (``Tacotron2Decoder.teacher_forced``), so that all of an
utterance's steps run at once.

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
from acoustic.tacotron2.network import Tacotron2, Tacotron2Output
from acoustic.tacotron2.spec import SPEC
from text.g2p.symbols import symbol_table
from training.data.collate import UtteranceBatch, collate, symbol_of_frame
from training.data.corpus import CorpusEntry
from training.data.dataset import BatchSampler, SpeechDataset, bucket_batches
from training.data.loader import SampledLoader
from training.optimization import Learner
from training.previews import open_preview_vocoder, show_alignment, show_mel
from training.recipe import RecipeSpec, TrainingPlan

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

PEAK_RATE = 1e-3
WARM_STEPS = 100
CLIP = 1.0
DIAGONAL_WEIGHT = 10.0  # a mean over symbols, of which one is right: brings it near the mel's
PATH_WEIGHT = 1.0
STOP_WEIGHT = 20.0  # one step in some hundred stops; with 1 it did not in 900 steps of training
# For so much of the schedule the attention is forced along the path: such a step costs a fifth.
FORCED_SHARE = 0.95
SAMPLING_PASSES = 3  # at most: without, it would never learn to go on from its own attention
DIAGONAL = 0.1
FRAME_PASSES = 3  # of predictions on its own frames in place of the recording's


class DecoderTargets(NamedTuple):
    """What the decoder is taught; r = n_frames_per_step, S steps, T = S · r frames.

    Attributes:
        mels: (B, n_mels, T); the last step of each utterance is filled up with silence.
        mel_lengths: (B,) int64, whole steps.
        gates: (B, S), 1 from the last valid step on.
        path: (B, S, L), each symbol's share of each step; None where durations are not known.
    """

    mels: Tensor
    mel_lengths: Tensor
    gates: Tensor
    path: Tensor | None


def decoder_targets(batch: UtteranceBatch, r: int, silence: float) -> DecoderTargets:
    """Returns the targets of a batch, in steps of r frames.

    Args:
        batch: utterances.
        r: frames of a step.
        silence: value of a silent bin.
    """
    steps = -(-batch.mel_lengths // r)  # (B,)
    most, device = int(steps.max()), batch.mels.device
    mels = F.pad(batch.mels, (0, 0, 0, most * r - batch.mels.shape[1]))  # (B, T, n_mels)
    frame = torch.arange(most * r, device=device)[None]
    filling = (frame >= batch.mel_lengths[:, None]) & (frame < (steps * r)[:, None])  # (B, T)
    mels = mels.masked_fill(filling[..., None], silence).transpose(1, 2)
    gates = (torch.arange(most, device=device)[None] >= steps[:, None] - 1).float()
    path = None
    if bool(batch.aligned.all()):
        # What fills up the last step, and padding, belong to the last symbol.
        symbols = symbol_of_frame(batch.durations, most * r)  # (B, T)
        shares = F.one_hot(symbols, batch.ids.shape[1]).float()  # (B, T, L)
        path = shares.view(len(steps), most, r, -1).mean(2)  # (B, S, r, L) → (B, S, L)
    return DecoderTargets(mels.contiguous(), steps * r, gates, path)


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

    def __init__(self, speech: SpeechDataset, config: Tacotron2Config, plan: TrainingPlan) -> None:
        self.speech, self.config, self.plan = speech, config, plan
        self.table = symbol_table(plan.symbols)
        self.preview_vocoder = open_preview_vocoder(plan.preview_vocoder, plan.device)
        torch.manual_seed(0)
        self.network = Tacotron2(config).to(plan.device)
        optimizer = torch.optim.Adam(self.network.parameters(), PEAK_RATE, weight_decay=1e-6)
        self.learner = Learner(self.network, optimizer, clip=CLIP, accumulate=plan.accumulate)
        self.loader = SampledLoader(
            BatchSampler(speech.train_set, plan.batch),
            lambda task: self._collated(task[1]),
            device=plan.device,
            processes=plan.loading,
        )

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        return self.plan.rate(step, peak=PEAK_RATE, warm=WARM_STEPS)

    def step(self, number: int) -> dict[str, float]:
        """Trains on one batch, with 0 to ``SAMPLING_PASSES`` sampling passes in turn."""
        forced = self.plan.done(number) <= FORCED_SHARE
        passes = number % (SAMPLING_PASSES + 1) if forced else None
        return self.learner.step(
            number, self.rate(number), lambda draw: self.losses(self.loader.load(draw), passes)[0]
        )

    def losses(
        self, batch: UtteranceBatch, sampling_passes: int | None = None
    ) -> tuple[dict[str, Tensor], Tacotron2Output]:
        """Returns the losses of reconstruction and attention, and the teacher-forced output.

        Args:
            batch: utterances.
            sampling_passes: the attention is forced along the known durations, which are replaced
                so often by its own; None: it goes step by step, on its own history.
        """
        targets = self.targets(batch)
        path = None if sampling_passes is None else targets.path
        with self.plan.narrowed(enabled=path is not None):
            output: Tacotron2Output = self.network(
                batch.ids,
                batch.lengths,
                targets.mels,
                targets.mel_lengths,
                self._dropout(targets),
                path,
                sampling_passes or 0,
            )
        output = Tacotron2Output(*(x.float() if x.is_floating_point() else x for x in output))
        steps = targets.mel_lengths // self.config.n_frames_per_step
        if targets.path is None:
            guided = guided_attention_loss(output.alignments, steps, batch.lengths)
            guided = DIAGONAL_WEIGHT * guided
        else:
            guided = PATH_WEIGHT * path_attention_loss(output.alignments, targets.path, steps)
        return {
            "reconstruction": reconstruction_loss(
                output, targets.mels, targets.gates, stop_weight=STOP_WEIGHT
            ),
            "absolute": F.l1_loss(output.mel, targets.mels)
            + F.l1_loss(output.mel_postnet, targets.mels),
            "attention": guided,
        }, output

    def _dropout(self, targets: DecoderTargets) -> Tensor:
        b, steps = targets.gates.shape
        shape = (steps, b, LAYERS, self.config.prenet_dim)
        return (torch.rand(shape, device=targets.mels.device) >= DROPPED) / (1 - DROPPED)

    def targets(self, batch: UtteranceBatch) -> DecoderTargets:
        """Returns what the decoder is taught of a batch."""
        silence = self.speech.prepared.mel.silence
        return decoder_targets(batch, self.config.n_frames_per_step, silence)

    def collate(self, entries: list[CorpusEntry]) -> UtteranceBatch:
        """Returns a batch on the device."""
        return self._collated(entries).to(self.plan.device)

    def _collated(self, entries: list[CorpusEntry]) -> UtteranceBatch:
        mels = [self.speech.mel(e).astype(np.float32) for e in entries]
        return collate(entries, mels, self.table)

    @property
    def states_width(self) -> int:
        """Its refiner reads the contexts of the attention."""
        return self.config.embedding_dim

    def predict(
        self, batch: UtteranceBatch, octaves: Tensor, *, refined: bool
    ) -> tuple[Tensor, Tensor]:
        """Returns mels along known durations; see ``training.data.predict``.

        They are to be as those that it makes freely: what it reads are not the recording's frames,
        but those that it made itself in the pass before, all at once.
        """
        targets = self.targets(batch)
        mels = targets.mels
        for _ in range(FRAME_PASSES + 1):
            with self.plan.narrowed():
                output: Tacotron2Output = self.network(
                    batch.ids,
                    batch.lengths,
                    mels,
                    targets.mel_lengths,
                    self._dropout(targets),
                    targets.path,
                )
            mels = output.mel.float()
        memory = self.network.encode(batch.ids, batch.lengths)
        contexts = output.alignments.float() @ memory.values  # (B, S, E)
        contexts = contexts.repeat_interleave(self.config.n_frames_per_step, 1)  # (B, T, E)
        noise = None
        if refined and self.config.refiner.layers:
            shape = (len(mels), mels.shape[2], self.config.refiner.noise)
            noise = torch.randn(shape, device=mels.device)
        mel = self.network.refine(mels, targets.mel_lengths, noise, contexts).transpose(1, 2)
        return mel, contexts

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Returns teacher-forced losses and diagonality on the held-out part; previews one."""
        torch.manual_seed(number)
        scores: dict[str, list[float]] = {}
        with self.learner.averaged():
            for entries in bucket_batches(self.speech.held_out, self.plan.batch, 0):
                batch = self.collate(entries)
                losses, output = self.losses(batch)
                steps = output.lengths // self.config.n_frames_per_step
                values = {name: float(value) for name, value in losses.items()}
                values["diagonality"] = diagonality(output.alignments, steps, batch.lengths)
                for name, value in values.items():
                    scores.setdefault(name, []).append(value)
            self._preview(self.collate(self.speech.held_out[:1]), number, writer)
        return {name: float(np.mean(each)) for name, each in scores.items()}

    def _preview(self, batch: UtteranceBatch, number: int, writer: SummaryWriter) -> None:
        """Teacher-forced and free alignments of one utterance; its mel, and how it sounds."""
        forced = self.losses(batch)[1]
        stream = PrenetDropout([0], self.config.prenet_dim)
        # Twice the teacher's steps: an early network does not stop.
        limit = 2 * int(forced.gate.shape[1])
        free = self.network.infer(
            batch.ids,
            batch.lengths,
            lambda: torch.from_numpy(stream.step()).to(self.plan.device),
            max_steps=limit,
        )
        show_alignment(writer, "teacher_forced", forced.alignments[0], number)
        show_alignment(writer, "free", free.alignments[0], number)
        show_mel(writer, "teacher", batch.mels[0], number)
        show_mel(writer, "ours", free.mel_postnet[0].T, number)
        if self.preview_vocoder is not None:
            clip = self.preview_vocoder(free.mel_postnet)
            writer.add_audio("free", clip[None], number, self.speech.prepared.mel.sample_rate)

    def state(self) -> dict[str, Any]:
        """Weights, their average, optimizer, place in the epoch."""
        return self.learner.state() | self.loader.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.learner.load_state(state)
        self.loader.load_state(state)


RECIPE = RecipeSpec(
    build=Tacotron2Recipe,
    sizes=SPEC.sizes,
    steps=50_000,
    batch=8000,
    one_voice=True,
    matmul="medium",
)
