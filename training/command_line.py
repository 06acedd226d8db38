"""The verbs of `rhapsode train` and their arguments."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path

import torch

from core.networks import VocoderSpec
from exports.registry import spec_of
from training.aligner.file import SHIPPED
from training.publish import LICENCE, SOURCE
from training.recipes.registry import ALIGNER, recipe_names

CORPUS, RUNS = Path("var/corpus"), Path("var/training")
WHAT = "prepares a corpus, runs a recipe for a time budget, ships its weights"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="rhapsode train", description=WHAT)
    verbs = top.add_subparsers(dest="verb", required=True)
    first = verbs.add_parser("prepare", help="decode, cut and measure a corpus")
    first.add_argument("source", type=Path)
    first.add_argument("--out", type=Path, default=CORPUS)
    first.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    for network in recipe_names():
        verb = verbs.add_parser(network, help=f"train {network}, going on from its checkpoint")
        _add_network(verb, network)
    said = verbs.add_parser("predict", help="mels of a trained FastSpeech 2, for --mels")
    said.add_argument("out", type=Path)
    said.add_argument("--run", type=Path, default=RUNS / "fastspeech2", help="has checkpoint.pt")
    _add_shared(said)
    _add_running(said)
    said.set_defaults(network="fastspeech2")
    _add_align(verbs)
    _add_ship(verbs.add_parser("ship", help="make a component of the averaged weights"))
    carry = verbs.add_parser("carry", help="a checkpoint to parts of 15 MB, and back")
    carry.add_argument("way", choices=("split", "join"))
    carry.add_argument("checkpoint", type=Path)
    carry.add_argument("parts", type=Path, help="folder")
    return top


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
    verb.set_defaults(network=network)
    if network == ALIGNER:
        _add_start(verb)
        return
    spec = spec_of(network)
    verb.add_argument("--component", type=Path, help="to go on from, without a checkpoint")
    if spec.kind == "acoustic":
        verb.add_argument("--longest", type=float, default=math.inf, help="utterances to learn [s]")
        verb.add_argument("--listen", type=Path, help="component of a vocoder, to be heard through")
    else:
        verb.add_argument("--mels", type=Path, help="folder of predicted mels, to fine-tune on")
    if isinstance(spec, VocoderSpec) and spec.discriminators is not None:
        verb.add_argument("--adversary-from", type=int, default=4000, help="step")


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
    verb.set_defaults(network="aligner")
    verb = verbs.add_parser("boundaries", help="how near an alignment comes to known durations")
    verb.add_argument("aligned", type=Path, help="prepared corpus with durations of the aligner")
    verb.add_argument("--corpus", type=Path, default=CORPUS, help="prepared, with known durations")
    verb.add_argument("--speaker", help="only this one")
    verb.add_argument("--held-out", action="store_true", help="only what is held out of training")


def _add_ship(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("network", choices=tuple(recipe_names()), metavar="recipe")
    verb.add_argument("out", type=Path, help="the component's folder, the aligner's file")
    verb.add_argument("--checkpoint", type=Path, help="default: var/training/RECIPE/checkpoint.pt")
    verb.add_argument("--hardware", required=True, help="what it was trained on")
    verb.add_argument("--source", default=SOURCE, help="what the provenance tells")
    verb.add_argument("--licence", default=LICENCE)
    _add_shared(verb)
