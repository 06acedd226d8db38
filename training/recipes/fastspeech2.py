"""Recipe: FastSpeech 2 on a prepared corpus with durations.

Source: FastSpeech 2 §3 (losses: L1 on the mel, squared error on ln(d + 1), pitch and energy);
ming024/FastSpeech2@d4e79eb for the feature scaling. Differs: averaged weights, a cosine end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from acoustic.fastspeech2.config import FastSpeech2Config, FeatureStats
from acoustic.fastspeech2.network import FastSpeech2, Predictions, Targets
from acoustic.fastspeech2.spec import SPEC
from text.g2p.symbols import symbol_table
from training.data.collate import UtteranceBatch, collate
from training.data.corpus import CorpusEntry
from training.data.dataset import BatchSampler, SpeechDataset
from training.data.loader import SampledLoader
from training.optimization import Learner
from training.previews import alignment_of, open_preview_vocoder, show_alignment, show_mel
from training.recipe import RecipeSpec, TrainingPlan

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

PEAK_RATE = 1e-3
WARM_STEPS = 400
CLIP = 1.0


class FastSpeech2Recipe:
    """Trains one network on all speakers of a prepared corpus.

    Args:
        speech: corpus.
        config: sizes.
        plan: how; the batch is in padded mel frames.
    """

    def __init__(
        self, speech: SpeechDataset, config: FastSpeech2Config, plan: TrainingPlan
    ) -> None:
        self.speech, self.config, self.plan = speech, config, plan
        self.table = symbol_table(plan.symbols)
        self.preview_vocoder = open_preview_vocoder(plan.preview_vocoder, plan.device)
        torch.manual_seed(0)
        self.network = FastSpeech2(config).to(plan.device)
        optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-4
        )
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
        """One batch."""
        return self.learner.step(number, self.rate(number), self._losses_of_draw)

    def _losses_of_draw(self, draw: int) -> dict[str, Tensor]:
        return self.losses(self.loader.load(draw))

    def losses(self, batch: UtteranceBatch) -> dict[str, Tensor]:
        """Returns the L1 loss of the mel, and squared errors of log duration, pitch and energy.

        Means over valid positions.
        """
        targets = self.targets(batch)
        assert targets.pitch is not None
        with self.plan.narrowed():
            predicted: Predictions = self.network(
                batch.ids, batch.lengths, batch.speakers, targets=targets
            )
        symbols, frames = batch.symbol_mask, batch.frame_mask
        log_durations = torch.log(targets.durations.float() + 1.0)
        log_predicted = predicted.log_durations.float()
        losses = {
            "mel": F.l1_loss(predicted.mel_postnet.float()[frames], batch.mels[frames]),
            "duration": F.mse_loss(log_predicted[symbols], log_durations[symbols]),
            "pitch": F.mse_loss(predicted.pitch.float()[symbols], targets.pitch[symbols]),
            "energy": F.mse_loss(predicted.energy.float()[symbols], targets.energy[symbols]),
        }
        if self.config.postnet_layers:
            before = predicted.mel.float()[frames]
            losses["mel_before_postnet"] = F.l1_loss(before, batch.mels[frames])
        return losses

    def collate(self, entries: list[CorpusEntry]) -> UtteranceBatch:
        """Returns a batch on the device."""
        return self._collated(entries).to(self.plan.device)

    def _collated(self, entries: list[CorpusEntry]) -> UtteranceBatch:
        mels = [self.speech.mel(e).astype(np.float32) for e in entries]
        return collate(entries, mels, self.table)

    def targets(self, batch: UtteranceBatch) -> Targets:
        """Returns durations, and pitch and energy on the scale that the network embeds."""
        mask = batch.symbol_mask
        pitch = scaled(batch.pitch, self.config.pitch) * mask
        energy = scaled(batch.energy, self.config.energy) * mask
        return Targets(batch.durations, pitch, energy)

    @property
    def states_width(self) -> int:
        """Of the decoder's hidden states."""
        return self.config.decoder_hidden

    def predict(
        self, batch: UtteranceBatch, octaves: Tensor, *, refined: bool
    ) -> tuple[Tensor, Tensor]:
        """Returns mels and states; see ``training.data.predict``.

        Energy is the teacher's. The pitch is the network's own, as smooth as where it speaks
        freely; a refiner that reads harmonics gets that of the recordings, frame by frame.
        """
        noise = None
        if refined and self.config.refiner.layers:
            shape = (*batch.mels.shape[:2], self.config.refiner.noise)
            noise = torch.randn(shape, device=batch.mels.device)
        targets = self.targets(batch)._replace(pitch=None, octaves=octaves)
        predictions: Predictions = self.network(
            batch.ids, batch.lengths, batch.speakers, targets=targets, noise=noise
        )
        return predictions.mel_postnet, predictions.states

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Teacher-forced losses on the held-out part; one utterance to see and to hear."""
        held_out = self.speech.held_out
        scores: dict[str, list[float]] = {}
        with self.learner.averaged():
            for chunk in [held_out[i : i + 8] for i in range(0, len(held_out), 8)]:
                for name, value in self.losses(self.collate(chunk)).items():
                    scores.setdefault(name, []).append(float(value))
            self._preview(self.collate(held_out[:1]), number, writer)
        return {name: float(np.mean(values)) for name, values in scores.items()}

    def _preview(self, batch: UtteranceBatch, number: int, writer: SummaryWriter) -> None:
        free: Predictions = self.network(batch.ids, batch.lengths, batch.speakers)
        show_mel(writer, "teacher", batch.mels[0], number)
        show_alignment(writer, "teacher", alignment_of(batch.durations[0]), number)
        if not int(free.mel_lengths[0]):  # an early network may give every symbol no time
            return
        show_mel(writer, "ours", free.mel_postnet[0], number)
        show_alignment(writer, "ours", alignment_of(free.durations[0]), number)
        if self.preview_vocoder is not None:
            clip = self.preview_vocoder(free.mel_postnet.transpose(1, 2))
            writer.add_audio("free", clip[None], number, self.speech.prepared.mel.sample_rate)

    def state(self) -> dict[str, Any]:
        """Weights, their average, optimizer, place in the epoch."""
        return self.learner.state() | self.loader.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.learner.load_state(state)
        self.loader.load_state(state)


def scaled(values: Tensor, stats: FeatureStats) -> Tensor:
    """Returns raw feature values (float64) on the scale that the network embeds (float32)."""
    return ((values - stats.mean) / stats.std).float()


# 5000 frames are 58 s of speech.
RECIPE = RecipeSpec(build=FastSpeech2Recipe, sizes=SPEC.sizes, steps=50_000, batch=5000)
