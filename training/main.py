"""`rhapsode train …`: prepares a corpus, runs a recipe for a time budget, ships its weights."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec
import torch

from core.mel import MelSpec
from core.voice import read_component
from exports.registry import spec_of
from training import distributed
from training.aligner.align import align
from training.aligner.alignment_eval import compare
from training.aligner.file import read_aligner, require_fit
from training.carry import joined, split
from training.command_line import RUNS, parser
from training.data.corpus import PreparedFacts, read_prepared
from training.data.dataset import SpeechDataset
from training.data.predict import predict
from training.data.prepare import prepare
from training.publish import ship, ship_aligner
from training.recipe import Plan, Recipe
from training.recipes.fastspeech2 import FastSpeech2Recipe
from training.recipes.registry import recipe_of, speaker_of
from training.trainer import Progress, train
from training.warm_start import Learning, start_from


def _tell(line: str) -> None:
    if distributed.rank() == 0:
        print(line, flush=True)  # noqa: T201


def _config(arguments: argparse.Namespace) -> object:
    sizes = recipe_of(arguments.network).sizes
    size = arguments.size or next(iter(sizes))
    if size not in sizes:
        raise SystemExit(f"{arguments.network} has the sizes {', '.join(sizes)}")
    return sizes[size](PreparedFacts(read_prepared(arguments.corpus), arguments.symbols))


def _recipe(arguments: argparse.Namespace, device: str) -> Recipe:
    defaults = recipe_of(arguments.network)
    plan = Plan(
        device=device,
        total_steps=arguments.steps or defaults.steps,
        batch=arguments.batch or defaults.batch,
        accumulate=arguments.accumulate,
        symbols=arguments.symbols,
        preview_vocoder=arguments.listen,
        start=arguments.start,
        adversary_from=arguments.adversary_from,
    )
    speaker = speaker_of(arguments.network, arguments.speaker, read_prepared(arguments.corpus))
    speech = SpeechDataset(
        arguments.corpus, mels=arguments.mels, speaker=speaker, longest=arguments.longest
    )
    return defaults.build(speech, _config(arguments), plan)


def _train(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    torch.set_float32_matmul_precision(recipe_of(arguments.network).matmul)
    device = distributed.join(arguments.device)
    folder = arguments.out or RUNS / arguments.network
    try:
        recipe = _recipe(arguments, device)
        if arguments.component:
            start_from(read_component(arguments.component), cast(Learning, recipe), folder)
        train(
            recipe,
            folder,
            minutes=arguments.minutes,
            last_step=arguments.steps or recipe_of(arguments.network).steps,
            device=device,
            validate_every=arguments.validate_every,
            tell=_tell,
        )
    finally:
        distributed.leave()


def _ship(arguments: argparse.Namespace) -> None:
    prepared, network = read_prepared(arguments.corpus), arguments.network
    shared = {
        "speaker": speaker_of(network, arguments.speaker, prepared),
        "hardware": arguments.hardware,
        "source": arguments.source,
        "licence": arguments.licence,
    }
    checkpoint = arguments.checkpoint or RUNS / network / "checkpoint.pt"
    config: Any = _config(arguments)
    what = config, checkpoint, arguments.corpus, arguments.out
    if network == "aligner":
        ship_aligner(*what, symbols=arguments.symbols, **shared)
    else:
        symbols = arguments.symbols if spec_of(network).kind == "acoustic" else ""
        ship(network, *what, symbols=symbols, **shared)


def _predict(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    recipe = _recipe(arguments, arguments.device)
    assert isinstance(recipe, FastSpeech2Recipe)
    Progress(arguments.run).resume(recipe, arguments.device, required=True)
    predict(recipe, arguments.out, _tell)


def _align(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    speech = SpeechDataset(arguments.corpus, speaker=arguments.speaker)
    card, network = read_aligner(arguments.aligner)
    require_fit(card, speech.prepared.mel, arguments.symbols)
    align(
        speech,
        network.to(arguments.device),
        arguments.out or arguments.corpus,
        symbols=arguments.symbols,
        anew=arguments.anew,
        batch=arguments.batch or recipe_of("aligner").batch,
        processes=arguments.processes,
        tell=_tell,
    )


def _boundaries(arguments: argparse.Namespace) -> None:
    corpora = read_prepared(arguments.corpus), read_prepared(arguments.aligned)
    agreement = compare(*corpora, speaker=arguments.speaker, held_out=arguments.held_out)
    for name, value in msgspec.structs.asdict(agreement).items():
        _tell(f"{name:20} {value:.4g}")


def _prepare(arguments: argparse.Namespace) -> None:
    prepare(arguments.source, arguments.out, MelSpec(), processes=arguments.processes)


def _carry(arguments: argparse.Namespace) -> None:
    if arguments.way == "split":
        split(arguments.checkpoint, arguments.parts)
    else:
        joined(arguments.parts, arguments.checkpoint)


RUN: Mapping[str, Callable[[argparse.Namespace], None]] = {
    "prepare": _prepare,
    "predict": _predict,
    "align": _align,
    "boundaries": _boundaries,
    "ship": _ship,
    "carry": _carry,
}
"""All other verbs train the network of their name."""


def main(argv: list[str] | None = None) -> None:
    """Runs one verb."""
    arguments = parser().parse_args(argv)
    RUN.get(arguments.verb, _train)(arguments)


if __name__ == "__main__":
    main()
