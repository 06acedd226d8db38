"""Recipe: HiFi-GAN on a prepared corpus: spectral losses first, an adversary later.

Source: HiFi-GAN §2.4 (45 · mel L1 + adversary + feature matching), §3 (AdamW 2e-4, 0.8, 0.99).
Differs: a spectral warm-up with a multi-resolution STFT loss, since two thirds of a step are
discriminators; narrow multi-period and multi-resolution discriminators; averaged weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from audio.mel import MelExtractor
from training.corpus import Entry, is_held_out, read_prepared
from training.loop import Average
from training.spectral import MultiResolutionStft
from vocoders.hifigan.config import V3, HifiGanConfig
from vocoders.hifigan.discriminators import (
    MultiPeriodDiscriminator,
    MultiResolutionDiscriminator,
    discriminator_loss,
    feature_loss,
    generator_loss,
)
from vocoders.hifigan.network import HifiGan
from vocoders.weight_norm import put_weight_norm

SEGMENT_FRAMES = 32
BATCH = 8
RATE = 5e-4
HALF_LIFE_STEPS = 20_000
MEL_WEIGHT = 45.0
NARROW = (16, 32, 64, 128, 128)


class HifiGanRecipe:
    """Trains the light generator on all speakers."""

    def __init__(
        self, corpus: Path, *, device: str, adversary_from: int, config: HifiGanConfig = V3
    ) -> None:
        self.prepared = read_prepared(corpus)
        self.audio = np.load(corpus / "audio.npy", mmap_mode="r")
        self.mels = np.load(corpus / "mel.npy", mmap_mode="r")
        self.device, self.adversary_from = device, adversary_from
        torch.manual_seed(0)
        self.config = config
        self.network = HifiGan(config)
        put_weight_norm(self.network)
        self.network.to(device)
        self.average = Average(self.network)
        self.judges = torch.nn.ModuleList(
            [MultiPeriodDiscriminator(NARROW), MultiResolutionDiscriminator(16)]
        )
        put_weight_norm(self.judges)
        self.judges.to(device)
        self.optimizer = torch.optim.AdamW(self.network.parameters(), RATE, betas=(0.8, 0.99))
        self.judge_optimizer = torch.optim.AdamW(self.judges.parameters(), RATE, betas=(0.8, 0.99))
        # The loss sees up to Nyquist, the network's input only to 8 kHz (jik876 fmax_for_loss).
        wide = msgspec.structs.replace(self.prepared.mel, f_max=self.prepared.mel.sample_rate / 2)
        self.extractor = MelExtractor(wide).to(device)
        self.stft = MultiResolutionStft().to(device)
        self.train_set = [e for e in self.prepared.entries if not is_held_out(e.id)]
        self.held_out = [e for e in self.prepared.entries if is_held_out(e.id)]

    def segments(self, entries: list[Entry], starts: list[int]) -> tuple[Tensor, Tensor]:
        """Mels (B, n_mels, S) and the samples (B, S · hop) they stand for."""
        hop = self.prepared.mel.hop_length
        mels, clips = [], []
        for e, start in zip(entries, starts, strict=True):
            at = e.mel_start + start
            mels.append(self.mels[at : at + SEGMENT_FRAMES].T)
            at = e.audio_start + start * hop
            clips.append(self.audio[at : at + SEGMENT_FRAMES * hop])
        mel = torch.from_numpy(np.stack(mels).astype(np.float32)).to(self.device)
        clip = torch.from_numpy(np.stack(clips).astype(np.float32) / 32768.0).to(self.device)
        return mel, clip

    def step(self, number: int) -> dict[str, float]:
        """One batch of random segments; the random stream depends on the step alone."""
        rate = RATE * 0.5 ** (number / HALF_LIFE_STEPS)
        for group in (*self.optimizer.param_groups, *self.judge_optimizer.param_groups):
            group["lr"] = rate
        rng = np.random.default_rng(number)
        entries = [self.train_set[i] for i in rng.integers(len(self.train_set), size=BATCH)]
        starts = [int(rng.integers(e.frames - SEGMENT_FRAMES)) for e in entries]
        mel, real = self.segments(entries, starts)
        with torch.autocast(self.device, torch.bfloat16):
            said = self.network(mel)
        said = said.float()  # (B, 1, N)
        losses = self.spectral(said[:, 0], real)
        if number >= self.adversary_from:
            losses |= self.adversary(said, real[:, None])
        self.optimizer.zero_grad()
        torch.stack([v for k, v in losses.items() if k != "judge"]).sum().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 100.0)
        self.optimizer.step()
        self.average.update(self.network)
        return {name: float(value.detach()) for name, value in losses.items()}

    def spectral(self, said: Tensor, real: Tensor) -> dict[str, Tensor]:
        """said, real (B, N) → weighted mel L1 and STFT losses."""
        mel = (self.extractor(said) - self.extractor(real)).abs().mean()
        weight = 10.0  # brings both to the same size at the start
        return {"mel": MEL_WEIGHT * mel, "stft": weight * self.stft(said, real)}

    def adversary(self, said: Tensor, real: Tensor) -> dict[str, Tensor]:
        """Trains the discriminators, then judges: said, real (B, 1, N)."""
        with torch.autocast(self.device, torch.bfloat16):
            said_apart = said.detach()
            judge = torch.stack([discriminator_loss(d(real), d(said_apart)) for d in self.judges])
        judge = judge.sum()
        self.judge_optimizer.zero_grad()
        judge.backward()  # type: ignore[no-untyped-call]
        self.judge_optimizer.step()
        with torch.autocast(self.device, torch.bfloat16):
            pairs = [(d(real), d(said)) for d in self.judges]
            features = torch.stack([feature_loss(r, f) for r, f in pairs]).sum()
            fooled = torch.stack([generator_loss(f) for _, f in pairs]).sum()
        return {"judge": judge, "features": features, "fooled": fooled}

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Mel L1 of the averaged weights on the middle of every held-out clip; one clip to hear."""
        raw = {k: v.clone() for k, v in self.network.state_dict().items()}
        self.network.load_state_dict(self.average.weights)
        starts = [(e.frames - SEGMENT_FRAMES) // 2 for e in self.held_out]
        mel, real = self.segments(self.held_out, starts)
        losses = self.spectral(self.network(mel)[:, 0], real)
        e = self.held_out[0]
        whole = self.mels[e.mel_start : e.mel_start + e.frames].T.astype(np.float32)
        clip = self.network(torch.from_numpy(whole)[None].to(self.device))[0]
        writer.add_audio("copy", clip.cpu(), number, self.prepared.mel.sample_rate)
        self.network.load_state_dict(raw)
        return {name: float(value) for name, value in losses.items()}

    def state(self) -> dict[str, Any]:
        """Weights, their average, the discriminators, optimizers."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.weights,
            "updates": self.average.updates,
            "judges": self.judges.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "judge_optimizer": self.judge_optimizer.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.network.load_state_dict(state["network"])
        self.average.weights, self.average.updates = state["average"], state["updates"]
        self.judges.load_state_dict(state["judges"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.judge_optimizer.load_state_dict(state["judge_optimizer"])
