"""`rhapsode train …`: prepares a corpus and runs a recipe for a time budget."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch

from core.mel import MelSpec
from training.corpus import prepare, read_prepared
from training.loop import Recipe, train

SCHEDULES = {"fastspeech2": 50_000, "hifigan": 200_000}
"""Where the schedules end. The papers take larger networks to 160 k and 2.5 M steps; these are
what a small network on teacher durations, and a light generator, take to flatten."""


def _recipe(arguments: argparse.Namespace) -> Recipe:
    if arguments.network == "fastspeech2":
        from training.fastspeech2 import FastSpeech2Recipe

        return FastSpeech2Recipe(
            arguments.corpus,
            symbols="house-ipa",
            device=arguments.device,
            total_steps=arguments.steps,
        )
    from training.hifigan import HifiGanRecipe

    return HifiGanRecipe(
        arguments.corpus, device=arguments.device, adversary_from=arguments.adversary_from
    )


def _ship(arguments: argparse.Namespace) -> None:
    from training.fastspeech2 import cpu_size
    from training.ship import ship
    from vocoders.hifigan.config import V3

    speaks = arguments.recipe == "fastspeech2"
    symbols = "house-ipa" if speaks else ""
    ship(
        arguments.recipe,
        cpu_size(read_prepared(arguments.corpus), symbols) if speaks else V3,
        arguments.checkpoint or Path("var/training") / arguments.recipe / "checkpoint.pt",
        arguments.corpus,
        arguments.out,
        symbols=symbols,
        hardware=arguments.hardware,
    )


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="rhapsode train", description=__doc__)
    verbs = top.add_subparsers(dest="network", required=True)
    first = verbs.add_parser("prepare", help="decode, cut and measure a corpus")
    first.add_argument("source", type=Path)
    first.add_argument("--out", type=Path, default=Path("var/corpus"))
    first.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    last = verbs.add_parser("ship", help="make a component of a checkpoint's averaged weights")
    last.add_argument("recipe", choices=("fastspeech2", "hifigan"))
    last.add_argument("out", type=Path, help="the component's folder")
    last.add_argument("--corpus", type=Path, default=Path("var/corpus"))
    last.add_argument("--checkpoint", type=Path, help="default: var/training/RECIPE/checkpoint.pt")
    last.add_argument(
        "--hardware", required=True, help="what it was trained on, for the provenance"
    )
    for network in ("fastspeech2", "hifigan"):
        verb = verbs.add_parser(network, help=f"train {network}, going on from its checkpoint")
        verb.add_argument("--corpus", type=Path, default=Path("var/corpus"))
        verb.add_argument("--out", type=Path, default=Path("var/training") / network)
        verb.add_argument("--minutes", type=float, default=20.0)
        verb.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
        verb.add_argument("--threads", type=int, default=1)
        verb.add_argument("--steps", type=int, default=SCHEDULES[network], help="where it ends")
        verb.add_argument("--validate-every", type=int, default=500)
        if network == "hifigan":
            verb.add_argument("--adversary-from", type=int, default=4000, help="step")
    return top


def main(argv: list[str] | None = None) -> None:
    """Runs one verb."""
    arguments = parser().parse_args(argv)
    if arguments.network == "prepare":
        prepare(arguments.source, arguments.out, MelSpec(), processes=arguments.processes)
        return
    if arguments.network == "ship":
        _ship(arguments)
        return
    torch.set_num_threads(arguments.threads)
    train(
        _recipe(arguments),
        arguments.out,
        minutes=arguments.minutes,
        last_step=arguments.steps,
        device=arguments.device,
        validate_every=arguments.validate_every,
        tell=lambda line: print(line, flush=True),  # noqa: T201
    )


if __name__ == "__main__":
    main()
