"""Recipe of recognizers: two CTC losses on recordings and on speech of our own voices.

Where durations are known, a third loss tells at every frame which phoneme sounds, if it is not
blank: CTC alone has to find that out first. It leaves the blank alone, so CTC decides where labels
are put; and the scores of the other labels mean something at every frame, which alignments need.

Source: CTC (Graves et al. 2006). Differs: each utterance's loss is divided by its labels; phonemes
and characters are learnt together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.errors import ArtifactError
from core.mel import Float32
from core.networks import RecognizerSpec
from recognition.decoding import ErrorCounts, best_path, count_errors, words_of
from recognition.front import encoder_lengths
from recognition.labels import (
    BLANK,
    character_labels,
    gap_label,
    label_of_symbol,
    least_slots,
    phoneme_labels,
)
from recognition.rates import SLOTS, slots_of
from text.frontend import open_frontend
from text.g2p.symbols import symbol_table
from training.data.corpus import CorpusEntry
from training.data.dataset import BatchSampler, SpeechDataset, bucket_batches
from training.data.loader import SampledLoader, on_device
from training.data.synthetic import normalized_text
from training.optimization import Learner
from training.recipe import RecipeSpec, TrainingPlan
from training.recipes.spec_augment import SpecAugment
from training.recipes.word_edits import edit_words

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

UNKNOWN = -1
PEAK_RATE = 2e-3
WARM_STEPS = 300
CLIP = 1.0
CHARACTER_WEIGHT = 0.4
FRAME_WEIGHT = 1.0
EDITED = 0.4
"""Share of utterances with known durations in which a word is dropped, repeated or exchanged."""


@dataclass(frozen=True, slots=True)
class LabelledUtterance:
    """An utterance of one of the corpora.

    Attributes:
        speech: its corpus.
        entry: where it lies there.
        text: normalized.
    """

    speech: SpeechDataset
    entry: CorpusEntry
    text: str

    @property
    def frames(self) -> int:
        """Mel frames."""
        return self.entry.frames


class LabelledBatch(NamedTuple):
    """Padded tensors of B utterances.

    Attributes:
        mels: (B, n_mels, T) float32.
        lengths: (B,) int64 valid frames.
        phonemes: Σ labels int64, one utterance after the other.
        phoneme_lengths: (B,) int64.
        characters: Σ labels int64.
        character_lengths: (B,) int64; 0 where the characters are not known.
        sounding: (B, J) int64 label of the phoneme that sounds in each frame of CTC; UNKNOWN where
            durations are not known, and in the padding.
    """

    mels: Tensor
    lengths: Tensor
    phonemes: Tensor
    phoneme_lengths: Tensor
    characters: Tensor
    character_lengths: Tensor
    sounding: Tensor


class CtcRecipe:
    """Trains one recognizer.

    Args:
        spec: of the network.
        speech: the corpus of recordings.
        config: sizes.
        plan: how; the batch is in padded mel frames, ``further`` are more corpora.

    Raises:
        ArtifactError: a further corpus has other mels.
    """

    def __init__(
        self, spec: RecognizerSpec, speech: SpeechDataset, config: Any, plan: TrainingPlan
    ) -> None:
        self.speech, self.config, self.plan = speech, config, plan
        corpora = [speech, *(SpeechDataset(folder) for folder in plan.further)]
        for corpus in corpora:
            if corpus.prepared.mel != speech.prepared.mel:
                raise ArtifactError(f"{corpus.folder} has other mels than {speech.folder}")
        self.table = symbol_table(plan.symbols)
        self.frontend = open_frontend(plan.symbols)
        self.augment = SpecAugment(speech.prepared.mel)
        self.train_set = [u for c in corpora for u in self._labelled(c, c.train_set)]
        self.held_out = {c.folder.name: self._labelled(c, c.held_out) for c in corpora}
        torch.manual_seed(0)
        self.network: Any = spec.network(config).to(plan.device)
        optimizer = torch.optim.AdamW(
            self.network.parameters(), PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-2
        )
        self.learner = Learner(self.network, optimizer, clip=CLIP, accumulate=plan.accumulate)
        self.loader = SampledLoader(
            BatchSampler(self.train_set, plan.batch),
            self._collated,
            device=plan.device,
            processes=plan.loading,
        )

    def _labelled(
        self, speech: SpeechDataset, entries: Sequence[CorpusEntry]
    ) -> list[LabelledUtterance]:
        return [
            LabelledUtterance(speech, e, normalized_text(self.frontend, e.text)) for e in entries
        ]

    def rate(self, step: int) -> float:
        """Returns the learning rate of a step."""
        return self.plan.rate(step, peak=PEAK_RATE, warm=WARM_STEPS)

    def step(self, number: int) -> dict[str, float]:
        """Trains on one batch, augmented."""
        return self.learner.step(number, self.rate(number), self._losses_of_draw)

    def _losses_of_draw(self, draw: int) -> dict[str, Tensor]:
        batch = self.loader.load(draw)
        return self.losses(batch._replace(mels=self.augment.masked(batch.mels)))

    def collate(self, utterances: Sequence[LabelledUtterance]) -> LabelledBatch:
        """Returns a batch on the device."""
        return on_device(self._collated((None, utterances)), self.plan.device)

    def _collated(self, task: tuple[int | None, Sequence[LabelledUtterance]]) -> LabelledBatch:
        """Returns the batch of a draw, its words edited and its mels changed, or as it is."""
        seed, utterances = task
        draw = None if seed is None else np.random.default_rng(seed)
        mels, phonemes, characters = list[Float32](), list[list[int]](), list[list[int]]()
        sounding = list[NDArray[np.int64]]()
        of_symbol = np.array(label_of_symbol(self.plan.symbols))
        for utterance in utterances:
            entry = utterance.entry
            mel = utterance.speech.mel(entry).astype(np.float32)
            symbols, durations = entry.phonemes, entry.durations
            letters = character_labels(utterance.text)
            if draw is not None:
                if durations and draw.random() < EDITED:
                    mel, symbols, durations = edit_words(mel, symbols, durations, draw)
                    # Which characters belong to a word the front end does not say.
                    letters = letters if symbols is entry.phonemes else []
                mel = self.augment.change(mel, draw)
            ids = self.table.ids(symbols)
            labels = phoneme_labels(ids, self.plan.symbols)
            sounding.append(_sounding(of_symbol[list(ids)], durations, slots_of(len(mel))))
            mels.append(mel)
            phonemes.append(labels)
            characters.append(letters if least_slots(letters) <= slots_of(len(mel)) else [])
        padded = np.zeros((len(mels), max(map(len, mels)), mels[0].shape[1]), np.float32)
        for row, mel in zip(padded, mels, strict=True):
            row[: len(mel)] = mel
        frames = np.full((len(mels), max(map(len, sounding))), UNKNOWN)
        for row_labels, own in zip(frames, sounding, strict=True):
            row_labels[: len(own)] = own
        return LabelledBatch(
            torch.from_numpy(padded).transpose(1, 2),
            torch.tensor([len(mel) for mel in mels]),
            torch.from_numpy(_joined(phonemes)),
            torch.tensor([len(labels) for labels in phonemes]),
            torch.from_numpy(_joined(characters)),
            torch.tensor([len(labels) for labels in characters]),
            torch.from_numpy(frames),
        )

    def losses(self, batch: LabelledBatch) -> dict[str, Tensor]:
        """Returns the CTC losses of phonemes and of characters, per label, and that of frames."""
        phonemes, characters = self._log_probabilities(batch)
        slots = encoder_lengths(batch.lengths) * SLOTS
        known = batch.character_lengths > 0
        # Without the blank, label n stands in column n - 1.
        other_labels = phonemes[..., 1:].log_softmax(2).flatten(0, 1)
        targets = (batch.sounding - 1).clamp(min=UNKNOWN).flatten()
        frames = F.nll_loss(other_labels, targets, ignore_index=UNKNOWN, reduction="sum")
        return {
            "frames": FRAME_WEIGHT * frames / (batch.sounding > 0).sum().clamp(min=1),
            "phonemes": _ctc_loss(phonemes, batch.phonemes, slots, batch.phoneme_lengths).mean(),
            "characters": CHARACTER_WEIGHT
            * (
                _ctc_loss(characters, batch.characters, slots, batch.character_lengths) * known
            ).mean(),
        }

    def _log_probabilities(self, batch: LabelledBatch) -> tuple[Tensor, Tensor]:
        with self.plan.narrowed():
            phonemes, characters = self.network(batch.mels, batch.lengths)
        return phonemes, characters

    @torch.no_grad()
    def validate(self, number: int, writer: SummaryWriter) -> dict[str, float]:
        """Scores the held-out utterances of every corpus: losses, phoneme and word error rates."""
        scores = dict[str, float]()
        with self.learner.averaged():
            for name, utterances in self.held_out.items():
                losses, errors = list[float](), [ErrorCounts(), ErrorCounts()]
                for some in bucket_batches(utterances, self.plan.batch, 0):
                    batch = self.collate(some)
                    losses.append(float(torch.stack(list(self.losses(batch).values())).sum()))
                    for utterance, found in zip(some, self.errors(some, batch), strict=True):
                        errors = [a + b for a, b in zip(errors, found, strict=True)]
                        if utterance is utterances[0]:
                            self._show(utterance, number, writer)
                scores[f"{name}/loss"] = float(np.mean(losses))
                scores[f"{name}/per"], scores[f"{name}/wer"] = (e.rate for e in errors)
        return scores

    def errors(
        self, utterances: Sequence[LabelledUtterance], batch: LabelledBatch
    ) -> list[tuple[ErrorCounts, ErrorCounts]]:
        """Returns the errors in phonemes, gaps left aside, and in words, of each utterance."""
        outputs = [x.cpu().numpy() for x in self._log_probabilities(batch)]
        gap, counts = gap_label(self.plan.symbols), []
        for row, (utterance, frames) in enumerate(
            zip(utterances, batch.lengths.tolist(), strict=True)
        ):
            phonemes, characters = (best_path(x[row, : slots_of(frames)]) for x in outputs)
            wanted = phoneme_labels(self.table.ids(utterance.entry.phonemes), self.plan.symbols)
            counts.append(
                (
                    count_errors(_without(wanted, gap), _without(phonemes, gap)),
                    count_errors(words_of(character_labels(utterance.text)), words_of(characters)),
                )
            )
        return counts

    def _show(self, utterance: LabelledUtterance, number: int, writer: SummaryWriter) -> None:
        batch = self.collate([utterance])
        phonemes, characters = (x[0].cpu().numpy() for x in self._log_probabilities(batch))
        symbols = "".join(self.table.symbols[label] for label in best_path(phonemes))
        lines = utterance.text, " ".join(words_of(best_path(characters))), symbols
        writer.add_text(utterance.speech.folder.name, "  \n".join(lines), number)

    def state(self) -> dict[str, Any]:
        """Returns weights, their average, optimizer, place in the epoch."""
        return self.learner.state() | self.loader.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Goes on from there."""
        self.learner.load_state(state)
        self.loader.load_state(state)


def _ctc_loss(scores: Tensor, labels: Tensor, slots: Tensor, lengths: Tensor) -> Tensor:
    """Returns minus the log-probability of each utterance's labels, per label, (B,)."""
    each = F.ctc_loss(
        scores.transpose(0, 1), labels, slots, lengths, BLANK, "none", zero_infinity=True
    )
    return each / lengths.clamp(min=1)


def _sounding(labels: NDArray[np.int64], durations: Sequence[int], slots: int) -> NDArray[np.int64]:
    """Returns the label that sounds in the middle of each frame of CTC, (slots,).

    Args:
        labels: of each symbol.
        durations: of each symbol, at any speed; empty = not known.
        slots: frames of CTC of the whole utterance.
    """
    if not len(durations):
        return np.full(slots, UNKNOWN)
    frames = np.repeat(labels, durations)
    middles = (np.arange(slots) + 0.5) * len(frames) / slots
    return frames[middles.astype(np.int64)]


def _joined(labels: list[list[int]]) -> NDArray[np.int64]:
    return np.array([label for one in labels for label in one], np.int64)


def _without(labels: Sequence[int], gap: int) -> list[int]:
    return [label for label in labels if label != gap]


def ctc_recipe(spec: RecognizerSpec) -> RecipeSpec:
    """Returns the recipe of a recognizer."""
    build: Callable[..., CtcRecipe] = partial(CtcRecipe, spec)
    return RecipeSpec(build=build, sizes=spec.sizes, steps=6000, batch=6000)
