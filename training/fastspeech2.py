"""Recipe: FastSpeech 2 on a prepared corpus with durations.

Source: FastSpeech 2 §3 (losses: L1 on the mel, squared error on ln(d + 1), pitch and energy);
ming024/FastSpeech2@d4e79eb for the feature scaling. Differs: averaged weights, a cosine end.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from acoustic.fastspeech2.config import FastSpeech2Config, FeatureStats
from acoustic.fastspeech2.network import FastSpeech2, Predictions, Targets, length_mask
from text.symbols import symbol_table
from training.corpus import Entry, Prepared, is_held_out, read_prepared
from training.loop import Average

BATCH_FRAMES = 5000  # mel frames of a batch, padding included: 58 s of speech
PEAK_RATE = 1e-3
WARM_STEPS = 400


class Batch(NamedTuple):
    """Tensors of one batch; pitch and energy as the network embeds them."""

    ids: Tensor
    lengths: Tensor
    speakers: Tensor
    targets: Targets
    mel: Tensor


def stats_of(entries: list[Entry], feature: str) -> FeatureStats:
    """Mean and std over voiced symbols, range after scaling; the tails (0.1 %) are clipped."""
    values = np.concatenate([getattr(e, feature) for e in entries])
    values = values[values > 0]
    mean, std = float(values.mean()), float(values.std())
    low, high = np.quantile((values - mean) / std, [0.001, 0.999])
    return FeatureStats(float(low), float(high), mean, std)


def cpu_size(prepared: Prepared, symbols: str) -> FastSpeech2Config:
    """A LightSpeech-size network: 2.9 M parameters, no postnet."""
    entries = [e for e in prepared.entries if not is_held_out(e.id)]
    return FastSpeech2Config(
        n_symbols=symbol_table(symbols).size,
        n_speakers=len(prepared.speakers),
        encoder_layers=4,
        decoder_layers=4,
        encoder_hidden=192,
        decoder_hidden=192,
        conv_filter=384,
        separable=True,
        dropout=0.1,
        variance_filter=192,
        variance_dropout=0.3,
        postnet_layers=0,
        pitch=stats_of(entries, "pitch"),
        energy=stats_of(entries, "energy"),
    )


class FastSpeech2Recipe:
    """Trains one network on all speakers of a prepared corpus."""

    def __init__(
        self,
        corpus: Path,
        *,
        symbols: str,
        device: str,
        total_steps: int,
        size: Callable[[Prepared, str], FastSpeech2Config] = cpu_size,
    ) -> None:
        self.prepared = read_prepared(corpus)
        self.mels = np.load(corpus / "mel.npy", mmap_mode="r")
        self.table, self.device, self.total_steps = symbol_table(symbols), device, total_steps
        torch.manual_seed(0)
        self.config = size(self.prepared, symbols)
        self.network = FastSpeech2(self.config).to(device)
        self.average = Average(self.network)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-4
        )
        self.train_set = [e for e in self.prepared.entries if not is_held_out(e.id)]
        self.held_out = [e for e in self.prepared.entries if is_held_out(e.id)]
        self.epoch, self.taken = 0, 0
        self.batches = self._deal(0)

    def rate(self, step: int) -> float:
        """Learning rate: linear warm-up, then half a cosine to a twentieth at total_steps."""
        if step < WARM_STEPS:
            return PEAK_RATE * step / WARM_STEPS
        done = min(1.0, (step - WARM_STEPS) / max(1, self.total_steps - WARM_STEPS))
        return PEAK_RATE * (0.05 + 0.475 * (1 + math.cos(math.pi * done)))

    def step(self, number: int) -> dict[str, float]:
        """One batch."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(number)
        self.network.train()
        torch.manual_seed(
            number
        )  # dropout depends on the step alone: a resumed run is the same run
        batch = self.collate(self._next())
        losses = self.losses(batch)
        self.optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.average.update(self.network)
        return {name: float(value.detach()) for name, value in losses.items()}

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """mel L1, and squared errors of log duration, pitch and energy, over valid positions."""
        with torch.autocast(self.device, torch.bfloat16):
            said: Predictions = self.network(
                batch.ids, batch.lengths, batch.speakers, targets=batch.targets
            )
        symbols = length_mask(batch.lengths, batch.ids.shape[1])
        frames = length_mask(said.mel_lengths, said.mel.shape[1])
        log_durations = torch.log(batch.targets.durations.float() + 1.0)
        mel = said.mel_postnet.float()
        return {
            "mel": F.l1_loss(mel[frames], batch.mel[frames]),
            "duration": F.mse_loss(said.log_durations.float()[symbols], log_durations[symbols]),
            "pitch": F.mse_loss(said.pitch.float()[symbols], batch.targets.pitch[symbols]),
            "energy": F.mse_loss(said.energy.float()[symbols], batch.targets.energy[symbols]),
        }

    def _next(self) -> list[Entry]:
        if self.taken == len(self.batches):
            self.epoch, self.taken = self.epoch + 1, 0
            self.batches = self._deal(self.epoch)
        self.taken += 1
        return self.batches[self.taken - 1]

    def _deal(self, epoch: int) -> list[list[Entry]]:
        """Batches of similar length, in an order that depends on the epoch alone."""
        rng = np.random.default_rng(epoch)
        jitter = rng.uniform(0.9, 1.1, len(self.train_set))
        order = sorted(
            range(len(self.train_set)), key=lambda i: self.train_set[i].frames * jitter[i]
        )
        batches: list[list[Entry]] = [[]]
        for i in order:
            entry = self.train_set[i]
            longest = max(e.frames for e in [*batches[-1], entry])
            if batches[-1] and longest * (len(batches[-1]) + 1) > BATCH_FRAMES:
                batches.append([])
            batches[-1].append(entry)
        rng.shuffle(batches)
        return batches

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
            mel[row, : entry.frames] = self.mels[entry.mel_start : entry.mel_start + entry.frames]
        lengths = torch.tensor([len(e.phonemes) for e in entries])
        speakers = torch.tensor([e.speaker for e in entries])
        tensors = [torch.from_numpy(x) for x in (durations, pitch, energy)]
        targets = Targets(*(t.to(self.device) for t in tensors))
        return Batch(
            torch.from_numpy(ids).to(self.device),
            lengths.to(self.device),
            speakers.to(self.device),
            targets,
            torch.from_numpy(mel).to(self.device),
        )

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Teacher-forced losses of the averaged weights on the held-out part, and a mel picture."""
        raw = {k: v.clone() for k, v in self.network.state_dict().items()}
        self.network.load_state_dict(self.average.weights)
        self.network.eval()
        chunks = [self.held_out[i : i + 8] for i in range(0, len(self.held_out), 8)]
        scores: dict[str, list[float]] = {}
        for chunk in chunks:
            for name, value in self.losses(self.collate(chunk)).items():
                scores.setdefault(name, []).append(float(value))
        batch = self.collate(self.held_out[:1])
        free: Predictions = self.network(batch.ids, batch.lengths, batch.speakers)
        for name, mel in {"teacher": batch.mel, "ours": free.mel_postnet}.items():
            picture = ((mel[0].T.flip(0) + 11.5) / 12.0).clamp(0, 1)
            writer.add_image(f"mel/{name}", picture[None], number)
        self.network.load_state_dict(raw)
        return {name: float(np.mean(values)) for name, values in scores.items()}

    def state(self) -> dict[str, Any]:
        """Weights, their average, optimizer, place in the epoch."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.weights,
            "updates": self.average.updates,
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "taken": self.taken,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.network.load_state_dict(state["network"])
        self.average.weights, self.average.updates = state["average"], state["updates"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.taken = state["epoch"], state["taken"]
        self.batches = self._deal(self.epoch)


def scaled(values: list[float], stats: FeatureStats) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Raw feature values on the scale that the network embeds."""
    return ((np.asarray(values) - stats.mean) / stats.std).astype(np.float32)
