"""Recipe: FastSpeech 2 on a prepared corpus with durations.

Source: FastSpeech 2 §3 (losses: L1 on the mel, squared error on ln(d + 1), pitch and energy);
ming024/FastSpeech2@d4e79eb for the feature scaling. Differs: averaged weights, a cosine end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from acoustic.fastspeech2.config import FastSpeech2Config, FeatureStats
from acoustic.fastspeech2.network import FastSpeech2, Predictions, Targets
from acoustic.fastspeech2.spec import SPEC
from acoustic.masks import length_mask
from text.g2p.symbols import symbol_table
from training.data.corpus import Entry
from training.data.dataset import BatchSampler, SpeechDataset
from training.optimization import Learner, warm_cosine
from training.previews import open_ear, path_of, show_alignment, show_mel
from training.recipe import Plan, RecipeSpec

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

PEAK_RATE = 1e-3
WARM_STEPS = 400
CLIP = 1.0


class Batch(NamedTuple):
    """Tensors of one batch; pitch and energy as the network embeds them."""

    ids: Tensor
    lengths: Tensor
    speakers: Tensor
    targets: Targets
    mel: Tensor


class FastSpeech2Recipe:
    """Trains one network on all speakers of a prepared corpus.

    Args:
        speech: corpus.
        config: sizes.
        plan: how; the batch is in padded mel frames.
    """

    def __init__(self, speech: SpeechDataset, config: FastSpeech2Config, plan: Plan) -> None:
        self.speech, self.config, self.plan = speech, config, plan
        self.table, self.ear = (
            symbol_table(plan.symbols),
            open_ear(plan.preview_vocoder, plan.device),
        )
        torch.manual_seed(0)
        self.network = FastSpeech2(config).to(plan.device)
        optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-4
        )
        self.learner = Learner(self.network, optimizer, clip=CLIP, accumulate=plan.accumulate)
        self.deck = BatchSampler(speech.train_set, plan.batch)

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        return warm_cosine(step, peak=PEAK_RATE, warm=WARM_STEPS, total=self.plan.total_steps)

    def step(self, number: int) -> dict[str, float]:
        """One batch."""
        return self.learner.step(
            number, self.rate(number), lambda _: self.losses(self.collate(self.deck.take()))
        )

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """mel L1, and squared errors of log duration, pitch and energy, over valid positions."""
        with torch.autocast(self.plan.device_type, torch.bfloat16):
            said: Predictions = self.network(
                batch.ids, batch.lengths, batch.speakers, targets=batch.targets
            )
        symbols = length_mask(batch.lengths, batch.ids.shape[1])
        frames = length_mask(said.mel_lengths, said.mel.shape[1])
        log_durations = torch.log(batch.targets.durations.float() + 1.0)
        losses = {
            "mel": F.l1_loss(said.mel_postnet.float()[frames], batch.mel[frames]),
            "duration": F.mse_loss(said.log_durations.float()[symbols], log_durations[symbols]),
            "pitch": F.mse_loss(said.pitch.float()[symbols], batch.targets.pitch[symbols]),
            "energy": F.mse_loss(said.energy.float()[symbols], batch.targets.energy[symbols]),
        }
        if self.config.postnet_layers:
            losses["mel_before_postnet"] = F.l1_loss(said.mel.float()[frames], batch.mel[frames])
        return losses

    def collate(self, entries: list[Entry]) -> Batch:
        """Padded tensors of a batch."""
        length, frames = max(len(e.phonemes) for e in entries), max(e.frames for e in entries)
        ids = np.zeros((len(entries), length), np.int64)
        durations, pitch, energy = np.zeros_like(ids), *np.zeros((2, *ids.shape), np.float32)
        mel = np.zeros((len(entries), frames, self.config.n_mels), np.float32)
        for row, entry in enumerate(entries):
            n = len(entry.phonemes)
            ids[row, :n] = self.table.ids(entry.phonemes)
            durations[row, :n] = entry.durations
            pitch[row, :n] = scaled(entry.pitch, self.config.pitch)
            energy[row, :n] = scaled(entry.energy, self.config.energy)
            mel[row, : entry.frames] = self.speech.mel(entry)
        lengths = torch.tensor([len(e.phonemes) for e in entries])
        speakers = torch.tensor([e.speaker for e in entries])
        tensors = [torch.from_numpy(x) for x in (durations, pitch, energy)]
        device = self.plan.device
        targets = Targets(*(t.to(device) for t in tensors))
        return Batch(
            torch.from_numpy(ids).to(device),
            lengths.to(device),
            speakers.to(device),
            targets,
            torch.from_numpy(mel).to(device),
        )

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Teacher-forced losses on the held-out part; one utterance to see and to hear."""
        held_out = self.speech.held_out
        scores: dict[str, list[float]] = {}
        with self.learner.averaged():
            for chunk in [held_out[i : i + 8] for i in range(0, len(held_out), 8)]:
                for name, value in self.losses(self.collate(chunk)).items():
                    scores.setdefault(name, []).append(float(value))
            self._speak(self.collate(held_out[:1]), number, writer)
        return {name: float(np.mean(values)) for name, values in scores.items()}

    def _speak(self, batch: Batch, number: int, writer: SummaryWriter) -> None:
        free: Predictions = self.network(batch.ids, batch.lengths, batch.speakers)
        show_mel(writer, "teacher", batch.mel[0], number)
        show_alignment(writer, "teacher", path_of(batch.targets.durations[0]), number)
        if not int(free.mel_lengths[0]):  # an early network may give every symbol no time
            return
        show_mel(writer, "ours", free.mel_postnet[0], number)
        show_alignment(writer, "ours", path_of(free.durations[0]), number)
        if self.ear is not None:
            clip = self.ear(free.mel_postnet.transpose(1, 2))
            writer.add_audio("free", clip[None], number, self.speech.prepared.mel.sample_rate)

    def state(self) -> dict[str, Any]:
        """Weights, their average, optimizer, place in the epoch."""
        return self.learner.state() | self.deck.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.learner.load_state(state)
        self.deck.load_state(state)


def scaled(values: list[float], stats: FeatureStats) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Raw feature values on the scale that the network embeds."""
    return ((np.asarray(values) - stats.mean) / stats.std).astype(np.float32)


# 5000 frames are 58 s of speech.
RECIPE = RecipeSpec(build=FastSpeech2Recipe, sizes=SPEC.sizes, steps=50_000, batch=5000)
