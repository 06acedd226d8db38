"""``python -m benchmarks.exactness``: the same samples, whatever happens around an utterance.

Speaks random sentences alone, one call each, and again under other circumstances: in random
company, on two threads, in another process, after failures, in other windows. Compares the samples
as 16-bit files have them, and exits with 1 where one differs.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatch
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import get_args

import numpy as np
import structlog
from numpy.typing import NDArray

from audio.pcm import to_pcm16
from benchmarks.choices import Choice, choices
from benchmarks.quality.sentences import read_sentences
from core.errors import AnomalyError, DeviceError, RhapsodeError
from core.mel import AcousticOutput, Float32, MelSpec, PhonemeBatch
from core.networks import WindowPolicy
from core.protocols import AcousticModel, Vocoder
from core.request import RuntimeName
from core.voice import Catalogue, Selection
from exports.voice import load_voice
from synthesis.engine import Engine
from synthesis.loading import LoadedVoice, NetworkPair
from synthesis.parts import SynthesisItem, content_number, utterance_seed
from synthesis.settings import SynthesisSettings
from text.frontend import open_frontend

Pcm = NDArray[np.int16]
OTHER_WINDOWS = WindowPolicy(core=90, static=True)
MOST_WORDS, LARGEST_COMPANY = 18, 16


@dataclass(frozen=True, slots=True)
class EngineSetup:
    """What an engine is opened with; crosses to another process."""

    folders: tuple[Path, ...]
    artifacts: Path
    threads: int = 1
    windows: WindowPolicy | None = None
    failing: bool = False

    def engine(self) -> Engine:
        """Returns a fresh engine."""
        load = partial(_load, windows=self.windows, failing=self.failing)
        return Engine(self.artifacts, threads=self.threads, load=load)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One circumstance of one pair against the same utterances alone.

    Attributes:
        pair: voice, acoustic model and vocoder.
        circumstance: what was different.
        utterances: number of them.
        samples: of all together.
        differing: samples that differ in 16 bits.
        largest: difference, in steps of 16 bits.
        seconds: CPU time relative to that of the utterances alone.
    """

    pair: str
    circumstance: str
    utterances: int
    samples: int
    differing: int
    largest: int
    seconds: float


class FailingAcoustic:
    """An acoustic model that half of all batches break.

    Args:
        model: answers what does not break.
    """

    def __init__(self, model: AcousticModel) -> None:
        self._model, self._random = model, random.Random(1)

    @property
    def mel_spec(self) -> MelSpec:
        """What the values of its mels mean."""
        return self._model.mel_spec

    def padded_length(self, symbols: int) -> int:
        """Returns what the model does."""
        return self._model.padded_length(symbols)

    def __call__(self, batch: PhonemeBatch) -> list[AcousticOutput]:
        """Raises DeviceError for some batches of more than one."""
        _break_some(self._random, len(batch.ids))
        return self._model(batch)


class FailingVocoder:
    """A vocoder that half of all batches break, and some utterances the first time.

    Args:
        vocoder: answers what does not break.
        seeded: another attempt has another seed and other samples, so that no utterance breaks it.
    """

    def __init__(self, vocoder: Vocoder, seeded: bool) -> None:
        self._vocoder, self._seeded, self._random = vocoder, seeded, random.Random(2)
        self._broken: set[bytes] = set()

    @property
    def mel_spec(self) -> MelSpec:
        """What the values of the mels that it reads mean."""
        return self._vocoder.mel_spec

    def __call__(self, mels: Sequence[Float32], seeds: Sequence[int]) -> list[Float32]:
        """Raises DeviceError for some batches of more than one, AnomalyError for some mels."""
        _break_some(self._random, len(mels))
        key = mels[0].tobytes()
        if not self._seeded and key not in self._broken and self._random.random() < 0.3:
            self._broken.add(key)
            raise AnomalyError("not finite", code="anomaly_not_finite")
        return self._vocoder(mels, seeds)

    def stream(self, mel: Float32, seed: int) -> Iterator[Float32]:
        """Yields what the vocoder does, which breaks nothing."""
        return self._vocoder.stream(mel, seed)


def _break_some(chance: random.Random, size: int) -> None:
    if size > 1 and chance.random() < 0.5:
        raise DeviceError("this batch broke the device")


def _load(
    selection: Selection,
    *,
    runtime: RuntimeName,
    device: str = "cpu",
    artifacts: Path,
    windows: WindowPolicy | None,
    failing: bool,
) -> LoadedVoice:
    voice = load_voice(
        selection, runtime=runtime, device=device, artifacts=artifacts, windows=windows
    )
    if not failing:
        return voice
    seeded = selection.acoustic_component.seeded or selection.vocoder_component.seeded
    vocoder = FailingVocoder(voice.vocoder, seeded)
    return NetworkPair(FailingAcoustic(voice.acoustic), vocoder, voice.digests)


def random_items(
    catalogue: Catalogue, choice: Choice, count: int, seed: int
) -> list[SynthesisItem]:
    """Returns utterances of random words, speeds and seeds, spoken by every voice of the pair."""
    chance = random.Random(seed)
    selection = choice.selection(catalogue)
    voices = [
        Choice(name, choice.acoustic, choice.vocoder, choice.runtime).selection(catalogue)
        for name, card in catalogue.voices.items()
        if choice.acoustic in card.acoustic and choice.vocoder in card.vocoders
    ]
    model = selection.acoustic_component
    frontend = open_frontend(model.symbols, selection.voice.language)
    words = [word for sentence in read_sentences() for word in sentence.text.split()]
    items: list[SynthesisItem] = []
    while len(items) < count:
        length = chance.randint(1, MOST_WORDS)
        first = chance.randrange(len(words) - length)
        text = " ".join(words[first : first + length])
        try:
            utterances = frontend.analyze(text, ssml=False).utterances
        except RhapsodeError:  # nothing to be spoken in it
            continue
        items += [
            SynthesisItem(
                utterance=utterance,
                selection=chance.choice(voices),
                runtime=choice.runtime,
                speed=chance.choice([1.0, 1.0, 0.8, 1.3]),
                pitch=1.0,
                energy=1.0,
                seed=utterance_seed(chance.randrange(9), content_number(utterance)),
            )
            for utterance in utterances
        ]
    return items[:count]


def speak_alone(engine: Engine, items: Sequence[SynthesisItem]) -> list[Pcm]:
    """Speaks every item in a call of its own."""
    return [pcm for item in items for pcm in _pcm(engine, [item])]


def speak_in_company(engine: Engine, items: Sequence[SynthesisItem], seed: int) -> list[Pcm]:
    """Speaks the items in random order and in calls of random sizes."""
    chance = random.Random(seed)
    order = list(range(len(items)))
    chance.shuffle(order)
    by_index: dict[int, Pcm] = {}
    while order:
        size = chance.randint(1, LARGEST_COMPANY)
        batch, order = order[:size], order[size:]
        by_index |= zip(batch, _pcm(engine, [items[index] for index in batch]), strict=True)
    return [by_index[index] for index in range(len(items))]


def _pcm(engine: Engine, items: Sequence[SynthesisItem]) -> Iterator[Pcm]:
    for result in engine.synthesize(items):
        # A refused utterance is no samples, in company as alone.
        if isinstance(result, RhapsodeError):
            yield np.zeros(0, np.int16)
        else:
            yield to_pcm16(result.waveform.samples)


def _in_another_process(setup: EngineSetup, items: Sequence[SynthesisItem], seed: int) -> list[Pcm]:
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_speak_in_process, (setup, list(items), seed))


def _speak_in_process(setup: EngineSetup, items: Sequence[SynthesisItem], seed: int) -> list[Pcm]:
    return speak_in_company(setup.engine(), items, seed)


def circumstances(setup: EngineSetup) -> dict[str, Callable[[Sequence[SynthesisItem]], list[Pcm]]]:
    """Returns by name how the items are spoken otherwise than alone."""
    two, broken = replace(setup, threads=2), replace(setup, failing=True)
    cut = replace(setup, windows=OTHER_WINDOWS)
    return {
        "random company": lambda items: speak_in_company(setup.engine(), items, 1),
        "two threads": lambda items: speak_in_company(two.engine(), items, 2),
        "another process": lambda items: _in_another_process(setup, items, 3),
        "after failures": lambda items: speak_in_company(broken.engine(), items, 4),
        "other windows": lambda items: speak_in_company(cut.engine(), items, 5),
    }


def compare(
    pair: str, circumstance: str, alone: Sequence[Pcm], other: Sequence[Pcm], seconds: float = 1.0
) -> Comparison:
    """Returns how the samples differ; another length counts as all of them."""
    differing = largest = 0
    for left, right in zip(alone, other, strict=True):
        if len(left) != len(right):
            differing += max(len(left), len(right))
            continue
        steps = np.abs(left.astype(np.int32) - right)
        differing += int(np.count_nonzero(steps))
        largest = max(largest, int(steps.max(initial=0)))
    samples = sum(map(len, alone))
    return Comparison(pair, circumstance, len(alone), samples, differing, largest, seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the bench.

    Returns:
        Exit status: 1 where a sample differs, 2 where nothing was compared.
    """
    options, settings = _parser().parse_args(arguments), SynthesisSettings.from_environment()
    # Batches are broken on purpose; their warnings would drown the table.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    catalogue = settings.catalogue()
    setup = EngineSetup(tuple(settings.voice_folders), settings.artifacts_folder)
    found: list[Comparison] = []
    print("| pair | circumstance | utterances | samples | differ | largest step | CPU time |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for choice in _pairs(catalogue, options):
        items = random_items(catalogue, choice, options.utterances, options.seed)
        start = time.process_time()
        alone = speak_alone(setup.engine(), items)
        cost = time.process_time() - start
        for name, speak in circumstances(setup).items():
            if not fnmatch(name, f"*{options.circumstance}*"):
                continue
            start = time.process_time()
            other = speak(items)
            share = (time.process_time() - start) / cost
            found.append(
                compare(
                    f"{choice.acoustic} × {choice.vocoder}, {choice.runtime}",
                    name,
                    alone,
                    other,
                    share,
                )
            )
            cells = list(asdict(found[-1]).values())
            print("| " + " | ".join(map(str, [*cells[:-1], f"{share:.2f}"])) + " |", flush=True)
    if options.json:
        rows = [asdict(comparison) for comparison in found]
        options.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    if not found:
        print("no pair and circumstance have these names", file=sys.stderr)
        return 2
    return 1 if any(comparison.differing for comparison in found) else 0


def _pairs(catalogue: Catalogue, options: argparse.Namespace) -> list[Choice]:
    """Returns each pair of names once; its items are spoken by all voices that have it."""
    pairs = {
        (choice.acoustic, choice.vocoder): choice for choice in choices(catalogue, options.runtime)
    }
    wanted = options.pairs.split(";")
    return [
        choice
        for names, choice in pairs.items()
        if any(fnmatch(" × ".join(names), f"*{part}*") for part in wanted)
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exactness", description=__doc__)
    parser.add_argument(
        "--pairs", default="", help="parts of 'acoustic × vocoder', split by semicolons"
    )
    parser.add_argument("--utterances", type=int, default=40, help="of each pair")
    parser.add_argument("--circumstance", default="", help="part of its name")
    parser.add_argument("--runtime", choices=get_args(RuntimeName), help="default: the voice's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write everything here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
