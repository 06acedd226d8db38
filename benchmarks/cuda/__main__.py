"""``python -m benchmarks.cuda``: × real time of every pair on a GPU, as a table.

A row has its acoustic model and its vocoder called directly, so text, files and queue are not in
it. Seconds of audio per second of wall time, everything in flight counted; the first batch of a
shape does not count.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np

from benchmarks.choices import Choice, choices
from core.errors import RhapsodeError
from core.mel import PhonemeBatch
from core.request import Precision, RuntimeName
from core.voice import Catalogue, read_catalogue
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
    """Times what the options ask for, and prints the table."""
    options = _parser().parse_args(arguments)
    settings = SynthesisSettings.from_environment()
    catalogue = read_catalogue(settings.voice_folders)
    document: dict[str, Any] = {"device": device_name(options.device), "rows": []}
    print(f"{document['device']}; seconds of audio per second, and latency of one utterance\n")
    heads = [f"× RT, batch {batch}" for batch in options.batches]
    heads += ["ms, batch 1", "mel alone, widest"]
    print("| pair | runtime | precision | " + " | ".join(heads) + " |")
    print("|" + "---|" * (3 + len(heads)))
    for choice, precision in _cases(catalogue, options):
        name = pair_name(choice, catalogue)
        try:
            voice = load_voice(
                choice.selection(catalogue),
                runtime=choice.runtime,
                device=options.device,
                artifacts=settings.artifacts_folder,
                precision=precision,
            )
            batch_of = _utterances(choice, catalogue)
            timings = [time_batch(voice, batch_of(b), options.rounds) for b in options.batches]
        except RhapsodeError as error:
            print(f"| {name} | {choice.runtime} | {precision} | not timed: {error.message} |")
            continue
        print(f"| {name} | {choice.runtime} | {precision} | {' | '.join(cells(timings))} |")
        rows = [{**asdict(timing), "speed": timing.speed} for timing in timings]
        document["rows"].append(
            {"pair": name, "runtime": choice.runtime, "precision": precision, "timings": rows}
        )
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0


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


def phonemes(ids: Sequence[int], batch: int, speaker: int) -> PhonemeBatch:
    """Returns a batch of one utterance, as often as it is wide, each time with another seed."""
    shape = (batch, len(ids))
    ones = np.ones(shape, np.float32)
    return PhonemeBatch(
        np.tile(np.array(ids, np.int64), (batch, 1)),
        np.full(batch, len(ids), np.int64),
        np.full(batch, speaker, np.int64),
        ones,
        ones,
        ones,
        np.arange(batch, dtype=np.int64),
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


def _utterances(choice: Choice, catalogue: Catalogue) -> Any:
    selection = choice.selection(catalogue)
    symbols = selection.acoustic_component.symbols
    frontend = open_frontend(symbols, selection.voice.language)
    (utterance,) = frontend.analyze(TEXT, ssml=False).utterances
    speaker = selection.voice.speaker
    return lambda batch: phonemes(utterance.phoneme_ids, batch, speaker)


def _cases(catalogue: Catalogue, options: argparse.Namespace) -> Iterator[tuple[Choice, Precision]]:
    seen = set()
    for choice in choices(catalogue):
        name = pair_name(choice, catalogue)
        if name in seen or options.pairs not in name:
            continue
        seen.add(name)
        for runtime in options.runtimes:
            own = Choice(choice.voice, choice.acoustic, choice.vocoder, runtime)
            for precision in options.precisions:
                yield own, precision


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cuda", description=__doc__)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N or cpu")
    parser.add_argument("--pairs", default="", help="part of the names of the pairs that are timed")
    parser.add_argument("--runtimes", type=_runtimes, default=["onnx", "torchscript", "eager"])
    parser.add_argument("--precisions", type=_precisions, default=["fp32", "fp16"])
    parser.add_argument(
        "--batches", type=lambda text: [int(one) for one in text.split(",")], default=[1, 8, 64]
    )
    parser.add_argument("--rounds", type=int, default=10, help="that count; one more warms up")
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
