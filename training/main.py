"""`rhapsode train …`: prepares a corpus, runs a recipe for a time budget, ships its weights."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path
from typing import Any, cast

import msgspec
import torch

from core.mel import MelSpec
from core.voice import ACOUSTIC_NETWORKS, read_component
from training import parallel
from training.align import align
from training.aligner_file import SHIPPED, read_aligner, require_fit
from training.boundaries import compare
from training.carry import joined, split
from training.corpus import read_prepared
from training.fastspeech2 import FastSpeech2Recipe
from training.loop import Progress, Recipe, train
from training.predict import predict
from training.prepare import prepare
from training.recipes import SCHEDULES, speaker_of
from training.ship import LICENCE, SOURCE, ship, ship_aligner
from training.sizes import SIZES
from training.speech import Plan, Speech
from training.warm_start import Learning, start_from

CORPUS, RUNS = Path("var/corpus"), Path("var/training")
GANS = ("hifigan", "melgan")


def _tell(line: str) -> None:
    if parallel.rank() == 0:
        print(line, flush=True)  # noqa: T201


def _config(arguments: argparse.Namespace) -> object:
    sizes = SIZES[arguments.network]
    size = arguments.size or next(iter(sizes))
    if size not in sizes:
        raise SystemExit(f"{arguments.network} has the sizes {', '.join(sizes)}")
    return sizes[size](read_prepared(arguments.corpus), arguments.symbols)


def _recipe(arguments: argparse.Namespace, device: str) -> Recipe:
    schedule = SCHEDULES[arguments.network]
    plan = Plan(
        device=device,
        total_steps=arguments.steps or schedule.steps,
        batch=arguments.batch or schedule.batch,
        accumulate=arguments.accumulate,
        symbols=arguments.symbols,
        listen=arguments.listen,
        start=arguments.start,
    )
    speaker = speaker_of(arguments.network, arguments.speaker, read_prepared(arguments.corpus))
    speech = Speech(
        arguments.corpus, mels=arguments.mels, speaker=speaker, longest=arguments.longest
    )
    return schedule.build(speech, _config(arguments), plan, arguments.adversary_from)


def _train(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    torch.set_float32_matmul_precision(SCHEDULES[arguments.network].matmul)
    device = parallel.join(arguments.device)
    folder = arguments.out or RUNS / arguments.network
    try:
        recipe = _recipe(arguments, device)
        if arguments.component:
            start_from(read_component(arguments.component), cast(Learning, recipe), folder)
        train(
            recipe,
            folder,
            minutes=arguments.minutes,
            last_step=arguments.steps or SCHEDULES[arguments.network].steps,
            device=device,
            validate_every=arguments.validate_every,
            tell=_tell,
        )
    finally:
        parallel.leave()


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
        symbols = arguments.symbols if network in ACOUSTIC_NETWORKS else ""
        ship(network, *what, symbols=symbols, **shared)


def _predict(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    recipe = _recipe(arguments, arguments.device)
    assert isinstance(recipe, FastSpeech2Recipe)
    Progress(arguments.run).resume(recipe, arguments.device, required=True)
    predict(recipe, arguments.out, _tell)


def _align(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    speech = Speech(arguments.corpus, speaker=arguments.speaker)
    card, network = read_aligner(arguments.aligner)
    require_fit(card, speech.prepared.mel, arguments.symbols)
    align(
        speech,
        network.to(arguments.device),
        arguments.out or arguments.corpus,
        symbols=arguments.symbols,
        anew=arguments.anew,
        batch=arguments.batch or SCHEDULES["aligner"].batch,
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


def _add_shared(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--corpus", type=Path, default=CORPUS, help="prepared")
    verb.add_argument("--size", help="default: the first of the network's sizes")
    verb.add_argument("--symbols", default="house-ipa", help="symbol table of the corpus")
    verb.add_argument("--speaker", help="only this one; Tacotron 2 learns one voice anyway")


def _add_running(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    verb.add_argument("--threads", type=int, default=1)
    verb.add_argument("--batch", type=int, help="mel frames (acoustic models), segments (vocoders)")
    verb.set_defaults(
        longest=math.inf,
        mels=None,
        listen=None,
        start=None,
        component=None,
        accumulate=1,
        adversary_from=0,
        steps=0,
    )


def _add_network(verb: argparse.ArgumentParser, network: str) -> None:
    _add_shared(verb)
    _add_running(verb)
    verb.add_argument("--out", type=Path, help=f"default: {RUNS / network}")
    verb.add_argument("--minutes", type=float, default=20.0)
    verb.add_argument("--steps", type=int, default=0, help="where the schedule ends")
    verb.add_argument("--validate-every", type=int, default=500)
    verb.add_argument("--accumulate", type=int, default=1, help="batches that make one step")
    if network != "aligner":
        verb.add_argument("--component", type=Path, help="to go on from, without a checkpoint")
    if network in ACOUSTIC_NETWORKS:
        verb.add_argument("--longest", type=float, default=math.inf, help="utterances to learn [s]")
        verb.add_argument("--listen", type=Path, help="component of a vocoder, to be heard through")
    elif network == "aligner":
        _add_start(verb)
    else:
        verb.add_argument("--mels", type=Path, help="folder of predicted mels, to fine-tune on")
    if network in GANS:
        verb.add_argument("--adversary-from", type=int, default=4000, help="step")
    verb.set_defaults(run_verb=_train, network=network)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="rhapsode train", description=__doc__)
    verbs = top.add_subparsers(dest="verb", required=True)
    first = verbs.add_parser("prepare", help="decode, cut and measure a corpus")
    first.add_argument("source", type=Path)
    first.add_argument("--out", type=Path, default=CORPUS)
    first.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    first.set_defaults(run_verb=_prepare)
    for network in SIZES:
        verb = verbs.add_parser(network, help=f"train {network}, going on from its checkpoint")
        _add_network(verb, network)
    said = verbs.add_parser("predict", help="mels of a trained FastSpeech 2, for --mels")
    said.add_argument("out", type=Path)
    said.add_argument("--run", type=Path, default=RUNS / "fastspeech2", help="has checkpoint.pt")
    _add_shared(said)
    _add_running(said)
    said.set_defaults(run_verb=_predict, network="fastspeech2")
    _add_align(verbs)
    _add_ship(verbs.add_parser("ship", help="make a component of the averaged weights"))
    carry = verbs.add_parser("carry", help="a checkpoint to parts of 15 MB, and back")
    carry.add_argument("way", choices=("split", "join"))
    carry.add_argument("checkpoint", type=Path)
    carry.add_argument("parts", type=Path, help="folder")
    carry.set_defaults(run_verb=_carry)
    return top


def _add_start(verb: argparse.ArgumentParser) -> None:
    told = "file of weights to begin with; default: the built-in aligner's"
    verb.add_argument("--start", type=Path, default=SHIPPED, help=told)
    nothing = "begin with weights by chance"
    verb.add_argument(
        "--from-nothing", dest="start", action="store_const", const=None, help=nothing
    )


def _add_align(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verb = verbs.add_parser("align", help="durations of a corpus, by the built-in aligner")
    verb.add_argument("--aligner", type=Path, default=SHIPPED, help="file of another")
    verb.add_argument("--anew", action="store_true", help="known durations, too; with --out")
    verb.add_argument("--out", type=Path, help="default: the corpus")
    verb.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    _add_shared(verb)
    _add_running(verb)
    verb.set_defaults(run_verb=_align, network="aligner")
    verb = verbs.add_parser("boundaries", help="how near an alignment comes to known durations")
    verb.add_argument("aligned", type=Path, help="prepared corpus with durations of the aligner")
    verb.add_argument("--corpus", type=Path, default=CORPUS, help="prepared, with known durations")
    verb.add_argument("--speaker", help="only this one")
    verb.add_argument("--held-out", action="store_true", help="only what is held out of training")
    verb.set_defaults(run_verb=_boundaries)


def _add_ship(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("network", choices=tuple(SIZES), metavar="recipe")
    verb.add_argument("out", type=Path, help="the component's folder, the aligner's file")
    verb.add_argument("--checkpoint", type=Path, help="default: var/training/RECIPE/checkpoint.pt")
    verb.add_argument("--hardware", required=True, help="what it was trained on")
    verb.add_argument("--source", default=SOURCE, help="what the provenance tells")
    verb.add_argument("--licence", default=LICENCE)
    _add_shared(verb)
    verb.set_defaults(run_verb=_ship)


def main(argv: list[str] | None = None) -> None:
    """Runs one verb."""
    arguments = parser().parse_args(argv)
    arguments.run_verb(arguments)


if __name__ == "__main__":
    main()
