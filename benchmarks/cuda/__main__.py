"""``python -m benchmarks.cuda``: × real time of every pair on a GPU, as a table.

A row has its acoustic model and its vocoder called directly, so text, files and queue are not in
it. Seconds of audio per second of wall time, everything in flight counted; the first batch of a
shape does not count. A second table says what company and the device change in the samples.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any, cast, get_args

from benchmarks.choices import Choice, choices
from benchmarks.cuda.exactness import (
    PRECISION_OF,
    DeviceComparison,
    batch_of,
    compare_device,
    synthesized_alone,
)
from benchmarks.quality.sentences import read_sentences
from core.errors import RhapsodeError
from core.mel import PhonemeBatch
from core.request import Precision, RuntimeName
from core.voice import Catalogue
from exports.voice import Voice, load_voice
from synthesis.settings import SynthesisSettings
from text.frontend import open_frontend

TEXT = (
    "The quick brown fox jumps over the lazy dog, and the dog, who has seen it before, sleeps on."
)
"""About five seconds of speech."""


@dataclass(frozen=True, slots=True)
class CudaTiming:
    """Timings of one batch width.

    Attributes:
        batch: utterances.
        audio_seconds: of all of them [s].
        acoustic_seconds: median of the acoustic model [s].
        vocoder_seconds: median of the vocoder [s].
    """

    batch: int
    audio_seconds: float
    acoustic_seconds: float
    vocoder_seconds: float

    @property
    def speed(self) -> float:
        """Audio seconds per second of both networks together."""
        return self.audio_seconds / (self.acoustic_seconds + self.vocoder_seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures what the options ask for, and prints the tables."""
    begin, options = time.monotonic(), _parser().parse_args(arguments)
    settings = SynthesisSettings.from_environment()
    bench = CudaBench(options, settings, settings.catalogue(), begin)
    document: dict[str, Any] = {"device": device_name(options.device)}
    print(document["device"])
    try:
        if options.utterances:
            document["exactness"] = bench.exactness_table()
        if options.rounds:
            document["rows"] = bench.speed_table()
    finally:
        if options.json:
            options.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0


class CudaBench:
    """The measurements, which print their rows as they come.

    Args:
        options: of the command.
        settings: where voices and artifacts are.
        catalogue: the voices.
        begin: of the command, ``time.monotonic()`` [s].
    """

    def __init__(
        self,
        options: argparse.Namespace,
        settings: SynthesisSettings,
        catalogue: Catalogue,
        begin: float,
    ) -> None:
        self._options, self._settings, self._catalogue = options, settings, catalogue
        self._begin = begin

    def speed_table(self) -> list[dict[str, Any]]:
        """Times every pair in each runtime, precision and batch width."""
        batches = self._options.batches
        heads = [f"× RT, batch {batch}" for batch in batches]
        heads += ["ms, batch 1", "mel alone, widest"]
        print("\nSeconds of audio per second, and latency of one utterance\n")
        print("| pair | runtime | precision | graphs | " + " | ".join(heads) + " |")
        print("|" + "---|" * (4 + len(heads)), flush=True)
        rows = []
        for choice in self._pairs():
            speaker = choice.selection(self._catalogue).voice.speaker
            (ids,) = self._symbols(choice, [TEXT])
            own = product(self._options.runtimes, self._options.precisions, self._graphs())
            for runtime, precision, graphs in own:
                name = pair_name(choice, self._catalogue)
                start = f"| {name} | {runtime} | {precision} | {'yes' if graphs else 'no'} |"
                try:
                    voice = self._voice(choice, runtime, precision, graphs=graphs)
                    timings = [
                        time_batch(voice, batch_of([ids] * batch, speaker), self._options.rounds)
                        for batch in batches
                    ]
                except (RhapsodeError, RuntimeError) as error:
                    print(f"{start} not timed: {error} |", flush=True)
                    continue
                print(f"{start} {' | '.join(cells(timings))} |", flush=True)
                rows.append(
                    {
                        "pair": name,
                        "runtime": runtime,
                        "precision": precision,
                        "graphs": graphs,
                        "timings": [{**asdict(one), "speed": one.speed} for one in timings],
                    }
                )
        return rows

    def exactness_table(self) -> list[dict[str, Any]]:
        """Compares every pair, each arithmetic, on the grids of a CPU and without."""
        from exports.torch_runtimes import use_tf32

        heads = ["pair", "arithmetic", "equal shapes", "samples", "differ in a batch"]
        heads += ["largest step", "other lengths than CPU", "mel, from CPU", "dB, from CPU"]
        print("\nThe same utterances alone and in a batch, and on the CPU (eager)\n")
        print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads), flush=True)
        texts = [sentence.text for sentence in read_sentences(self._options.utterances)]
        rows = []
        for choice in self._pairs():
            name = pair_name(choice, self._catalogue)
            speaker = choice.selection(self._catalogue).voice.speaker
            batch = batch_of(self._symbols(choice, texts), speaker)
            try:
                reference = list(
                    synthesized_alone(self._voice(choice, "eager", "fp32", "cpu"), batch)
                )
            except (RhapsodeError, RuntimeError) as error:
                print(f"| {name} | not compared: {error} |", flush=True)
                continue
            for arithmetic, exact in product(PRECISION_OF, (False, True)):
                start = f"| {name} | {arithmetic} | {'yes' if exact else 'no'} |"
                try:
                    voice = self._voice(choice, "eager", PRECISION_OF[arithmetic], exact=exact)
                    use_tf32(arithmetic == "TF32")  # opening a voice on a GPU forbids it
                    found = compare_device(voice, batch, reference)
                except (RhapsodeError, RuntimeError) as error:
                    print(f"{start} not compared: {error} |", flush=True)
                    continue
                print(f"{start} {' | '.join(comparison_cells(found))} |", flush=True)
                rows.append(
                    {"pair": name, "arithmetic": arithmetic, "exact": exact, **asdict(found)}
                )
        use_tf32(False)
        return rows

    def _voice(
        self,
        choice: Choice,
        runtime: RuntimeName,
        precision: Precision,
        device: str | None = None,
        exact: bool | None = None,
        graphs: bool = False,
    ) -> Voice:
        return load_voice(
            choice.selection(self._catalogue),
            runtime=runtime,
            device=device or self._options.device,
            artifacts=self._settings.artifacts_folder,
            precision=precision,
            exact=exact,
            cuda_graphs=graphs,
        )

    def _graphs(self) -> tuple[bool, ...]:
        """Returns whether windows are captured in CUDA graphs: on a GPU, without and with."""
        return (False, True) if self._options.device.startswith("cuda") else (False,)

    def _symbols(self, choice: Choice, texts: Sequence[str]) -> list[list[int]]:
        """Returns the symbol ids of all utterances of the texts, from the file if it has them."""
        selection, file = choice.selection(self._catalogue), self._options.symbols
        table = selection.acoustic_component.symbols
        known = json.loads(file.read_bytes()) if file and file.exists() else {}
        of_table = known.setdefault(table, {})
        if missing := [text for text in texts if text not in of_table]:
            frontend = open_frontend(table, selection.voice.language)
            for text in missing:
                utterances = frontend.analyze(text, ssml=False).utterances
                of_table[text] = [list(utterance.phoneme_ids) for utterance in utterances]
            if file:
                file.write_text(json.dumps(known) + "\n", "utf-8")
        return [ids for text in texts for ids in of_table[text]]

    def _pairs(self) -> Iterator[Choice]:
        """Yields each pair of networks once, until the time is up."""
        seen = set()
        for choice in choices(self._catalogue):
            name = pair_name(choice, self._catalogue)
            if name in seen or self._options.pairs not in name:
                continue
            seen.add(name)
            if time.monotonic() - self._begin > self._options.seconds:
                print(f"| {name} | left out: {self._options.seconds:.0f} s are over |", flush=True)
                continue
            yield choice


def comparison_cells(found: DeviceComparison) -> list[str]:
    """Returns the cells of a row."""
    lengths = f"{found.other_lengths} of {found.utterances}"
    numbers = [f"{found.samples}", f"{found.differing}", f"{found.largest}", lengths]
    return [*numbers, f"{found.cpu_mel:.1e}", f"{found.cpu_noise:.1f}"]


def cells(timings: Sequence[CudaTiming]) -> list[str]:
    """Returns the cells of a row."""
    first, widest = timings[0], timings[-1]
    latency = 1000 * (first.acoustic_seconds + first.vocoder_seconds)
    mel = widest.audio_seconds / widest.acoustic_seconds
    return [*(f"{timing.speed:.0f}" for timing in timings), f"{latency:.1f}", f"{mel:.0f}"]


def time_batch(voice: Voice, batch: PhonemeBatch, rounds: int) -> CudaTiming:
    """Times both networks; each is done when its arrays are in the host's memory."""
    acoustic, vocoder = [], []
    samples = 0
    seeds = [int(seed) for seed in batch.seeds]
    for number in range(rounds + 1):
        start = time.perf_counter()
        outputs = voice.acoustic(batch)
        middle = time.perf_counter()
        waves = voice.vocoder([output.mel for output in outputs], seeds)
        end = time.perf_counter()
        samples = sum(map(len, waves))
        if number:
            acoustic.append(middle - start)
            vocoder.append(end - middle)
    return CudaTiming(
        batch=len(seeds),
        audio_seconds=samples / voice.mel_spec.sample_rate,
        acoustic_seconds=statistics.median(acoustic),
        vocoder_seconds=statistics.median(vocoder),
    )


def pair_name(choice: Choice, catalogue: Catalogue) -> str:
    """Returns the components of a choice."""
    selection = choice.selection(catalogue)
    return f"{selection.acoustic_component.name} × {selection.vocoder_component.name}"


def device_name(device: str) -> str:
    """Returns what the device is called."""
    if device.startswith("cuda"):
        import torch

        if torch.cuda.is_available():
            return str(torch.cuda.get_device_name(device))
    return f"{device} ({platform.machine()})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cuda", description=__doc__)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N or cpu")
    parser.add_argument("--pairs", default="", help="part of the names of the pairs that are timed")
    parser.add_argument("--runtimes", type=_runtimes, default=["onnx", "torchscript", "eager"])
    parser.add_argument("--precisions", type=_precisions, default=["fp32", "fp16"])
    parser.add_argument(
        "--batches", type=lambda text: [int(one) for one in text.split(",")], default=[1, 8, 64]
    )
    parser.add_argument(
        "--rounds", type=int, default=10, help="that count; one more warms up; 0 = no speed"
    )
    parser.add_argument(
        "--utterances", type=int, default=0, help="sentences of the table of exactness; 0 = none"
    )
    parser.add_argument(
        "--seconds", type=float, default=math.inf, help="after which no further pair begins"
    )
    parser.add_argument(
        "--symbols", type=Path, help="file of symbol ids, for machines without the lexicon"
    )
    parser.add_argument("--json", type=Path, help="write everything here")
    return parser


def _runtimes(text: str) -> list[RuntimeName]:
    return [cast(RuntimeName, one) for one in _known(text, get_args(RuntimeName))]


def _precisions(text: str) -> list[Precision]:
    return [cast(Precision, one) for one in _known(text, get_args(Precision))]


def _known(text: str, names: Sequence[str]) -> list[str]:
    chosen = text.split(",")
    if unknown := [one for one in chosen if one not in names]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(names)}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
