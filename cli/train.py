"""``rhapsode train``: prepares a corpus, trains a network for a time budget, publishes its weights.

Commands of this file import ``training`` when they run, so that every ``--help`` works without the
extra ``train``. Several processes train one network under
``torchrun --nproc_per_node N -m cli.main train NETWORK``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import rich_click as click

from core.errors import FieldError

if TYPE_CHECKING:
    from training.recipe import Recipe

CORPUS, RUNS = Path("var/corpus"), Path("var/training")
FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
PUBLISHED_SOURCE = (
    "trained by Rhapsode's own recipe on synthetic speech distilled from Kokoro-82M (Apache-2.0)"
)
F = TypeVar("F", bound=Callable[..., Any])


class TrainGroup(click.RichGroup):
    """The commands of this file, and one for every recipe, which trains the network of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the commands in the order of use, then the recipes."""
        from training.recipes.registry import recipe_names

        return [*self.commands, *recipe_names()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the command, or None for an unknown name."""
        from training.recipes.registry import recipe_names

        if cmd_name in self.commands:
            return self.commands[cmd_name]
        return recipe_command(cmd_name) if cmd_name in recipe_names() else None


@click.group(cls=TrainGroup, context_settings={"show_default": True})
def train() -> None:
    """Prepare a corpus, train a network for a time budget, publish its weights.

    \b
    rhapsode train prepare ../corpus
    rhapsode train fastspeech2 --minutes 20
    rhapsode train publish fastspeech2 voices/components/mine --hardware "two cores"
    """


def _corpus_options(command: F) -> F:
    """Adds the options that say what is learnt: corpus, size, symbols, speaker."""
    for option in (
        click.option("--speaker", help="Only this one; Tacotron 2 learns one voice anyway."),
        click.option("--symbols", default="house-ipa", help="Symbol table of the corpus."),
        click.option("--size", help="By default the first of the network's sizes."),
        click.option("--corpus", type=FOLDER, default=CORPUS, help="A prepared corpus."),
    ):
        command = option(command)
    return command


def _device_options(command: F) -> F:
    """Adds the options that say where it runs: device, threads, batch."""
    for option in (
        click.option("--batch", type=int, help="Mel frames; segments (vocoders)."),
        click.option("--threads", type=int, default=1, help="Threads of torch."),
        click.option("--device", help="cpu, cuda or cuda:N; by default a GPU if there is one."),
        click.option(
            "--loading",
            type=click.IntRange(0),
            help="Processes that make batches; by default four on a GPU, none on a CPU.",
        ),
    ):
        command = option(command)
    return command


@train.command()
@click.argument("source", type=FOLDER)
@click.option("--out", type=FOLDER, default=CORPUS, help="Folder of the prepared corpus.")
@click.option("--processes", type=int, default=os.cpu_count() or 1)
def prepare(source: Path, out: Path, processes: int) -> None:
    """Decode, cut and measure a corpus."""
    from core.mel import MelSpec
    from training.data.prepare import prepare

    prepare(source, out, MelSpec(), processes=processes)


@train.command()
@click.option("--aligner", type=FILE, help="File of an aligner; by default the built-in one.")
@click.option("--anew", is_flag=True, help="Find known durations, too; with --out.")
@click.option("--out", type=FOLDER, help="By default the corpus.")
@click.option("--processes", type=int, default=os.cpu_count() or 1)
@_corpus_options
@_device_options
def align(aligner: Path | None, anew: bool, out: Path | None, processes: int, **run: Any) -> None:
    """Find the durations of a corpus."""
    import torch

    from training.aligner.align import align
    from training.aligner.file import BUILT_IN, read_aligner, require_fit
    from training.data.dataset import SpeechDataset
    from training.recipes.registry import ALIGNER, recipe_of

    torch.set_num_threads(run["threads"])
    speech = SpeechDataset(run["corpus"], speaker=run["speaker"])
    card, network = read_aligner(aligner or BUILT_IN)
    require_fit(card, speech.prepared.mel, run["symbols"])
    align(
        speech,
        network.to(_device(run)),
        out or run["corpus"],
        symbols=run["symbols"],
        anew=anew,
        batch=run["batch"] or recipe_of(ALIGNER).batch,
        processes=processes,
        report=click.echo,
    )


@train.command("evaluate-alignment")
@click.argument("aligned", type=FOLDER)
@click.option("--corpus", type=FOLDER, default=CORPUS, help="PreparedCorpus, with known durations.")
@click.option("--speaker", help="Only this one.")
@click.option("--held-out", is_flag=True, help="Only what is held out of training.")
def evaluate_alignment(aligned: Path, corpus: Path, speaker: str | None, held_out: bool) -> None:
    """Compare the durations of the prepared corpus ALIGNED with known ones."""
    import msgspec

    from training.aligner.alignment_eval import compare
    from training.data.corpus import read_prepared

    agreement = compare(
        read_prepared(corpus), read_prepared(aligned), speaker=speaker, held_out=held_out
    )
    for name, value in msgspec.structs.asdict(agreement).items():
        click.echo(f"{name:20} {value:.4g}")


@train.command()
@click.argument("out", type=FOLDER)
@click.option("--run", "run_folder", type=FOLDER, default=RUNS / "fastspeech2")
@click.option(
    "--component", type=FOLDER, help="A published network instead of a run of FastSpeech 2."
)
@click.option("--states", is_flag=True, help="What a refiner learns from, for `--predictions`.")
@click.option(
    "--every", type=int, default=1, help="Only every N-th utterance; others are recorded."
)
@_corpus_options
@_device_options
def predict(
    out: Path, run_folder: Path, component: Path | None, states: bool, every: int, **run: Any
) -> None:
    """Write the mels of a trained acoustic model into OUT, for `--mels`."""
    import torch

    from core.voice import read_component
    from exports.registry import read_config
    from training.data.predict import PredictingRecipe, predict
    from training.trainer import TrainingProgress
    from training.warm_start import NetworkRecipe, put_weights

    torch.set_num_threads(run["threads"])
    device = _device(run)
    published = None if component is None else read_component(component)
    network = "fastspeech2" if published is None else published.network
    config = published and read_config(network, published.config)
    recipe = _recipe(network, run, device, config)
    if published is None:
        TrainingProgress(run_folder).resume(recipe, device, required=True)
    else:
        put_weights(published, cast(NetworkRecipe, recipe))
    predict(cast(PredictingRecipe, recipe), out, click.echo, states=states, every=every)


@train.command()
@click.argument("out", type=FOLDER)
@click.option("--hours", type=float, default=1.0, help="Of speech.")
@click.option("--voice", multiple=True, help="One or more; by default all.")
@click.option("--plain", is_flag=True, help="Transcripts as they are, at one speed and pitch.")
@click.option("--acoustic", default="fastspeech2", help="Acoustic model of the voices.")
@click.option("--vocoder", multiple=True, default=("vocos", "hifigan"), help="One or more.")
@click.option("--seed", type=int, default=1, help="Of sentences, voices and controls.")
@click.option("--corpus", type=FOLDER, default=CORPUS, help="Whose transcripts are spoken.")
@click.option("--threads", type=int, default=1, help="Threads of torch.")
def synthesize(
    out: Path,
    hours: float,
    voice: tuple[str, ...],
    plain: bool,
    acoustic: str,
    vocoder: tuple[str, ...],
    seed: int,
    corpus: Path,
    threads: int,
) -> None:
    """Make speech of our voices a prepared corpus OUT: recognizers' `--further`, or `--plain`."""
    import torch

    from synthesis.settings import SynthesisSettings
    from training.data.corpus import read_prepared
    from training.data.synthetic import (
        PLAIN,
        VARIED,
        SpeakingChoice,
        synthesize_corpus,
        transcripts_of,
    )

    torch.set_num_threads(threads)
    settings = SynthesisSettings.from_environment()
    catalogue = settings.catalogue()
    synthesize_corpus(
        out,
        catalogue,
        [SpeakingChoice(name, acoustic, v) for name in voice or catalogue.voices for v in vocoder],
        transcripts_of(read_prepared(corpus), "house-ipa"),
        variety=PLAIN if plain else VARIED,
        artifacts=settings.artifacts_folder,
        hours=hours,
        seed=seed,
        report=click.echo,
    )


@train.command()
@click.argument("recipe")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--checkpoint", type=FILE, help="By default var/training/RECIPE/checkpoint.pt.")
@click.option("--component", type=FOLDER, help="What the run went on from; a refiner's network.")
@click.option("--strength", type=float, default=1.0, help="Of what a refiner adds to a mel.")
@click.option("--hardware", required=True, help="What it was trained on.")
@click.option("--source", default=PUBLISHED_SOURCE, help="What the provenance says.")
@click.option("--licence", default="Apache-2.0", help="Of the weights.")
@_corpus_options
def publish(
    recipe: str,
    out: Path,
    checkpoint: Path | None,
    component: Path | None,
    strength: float,
    hardware: str,
    source: str,
    licence: str,
    **run: Any,
) -> None:
    """Make the averaged weights of RECIPE's checkpoint the component OUT (an aligner's: a file)."""
    from core.voice import read_component
    from training.data.corpus import read_prepared
    from training.publish import publish, publish_refiner
    from training.recipes.registry import REFINER, speaker_of

    checkpoint = checkpoint or RUNS / recipe / "checkpoint.pt"
    if recipe == REFINER:
        if component is None:
            raise FieldError("component", "a refiner is published with its network")
        base = read_component(component)
        config = _config(recipe, run)
        publish_refiner(config, checkpoint, base, out, strength=strength, hardware=hardware)
        return
    publish(
        recipe,
        _config(recipe, run | {"component": component}),
        checkpoint,
        run["corpus"],
        out,
        symbols=run["symbols"],
        speaker=speaker_of(recipe, run["speaker"], read_prepared(run["corpus"])),
        hardware=hardware,
        source=source,
        licence=licence,
    )


def recipe_command(name: str) -> click.Command:
    """Returns the command that trains a network, with the options that its kind has."""
    from exports.registry import spec_of
    from training.recipes.registry import ALIGNER, REFINER, recipe_of

    @click.command(name, help=f"Train {name}, going on from its checkpoint.")
    @click.option("--out", type=FOLDER, help=f"Folder of the run; by default {RUNS / name}.")
    @click.option("--minutes", type=float, default=20.0, help="Budget of this call.")
    @click.option("--steps", type=int, default=0, help="Where the schedule ends.")
    @click.option("--validate-every", type=int, default=500, help="Steps between validations.")
    @click.option("--accumulate", type=int, default=1, help="Batches that make one step.")
    @_corpus_options
    @_device_options
    def command(**run: Any) -> None:
        _train(name, run)

    options: list[Callable[[Any], Any]] = []
    if name == ALIGNER:
        from training.aligner.file import BUILT_IN

        options.append(
            click.option("--start", type=FILE, default=BUILT_IN, help="Weights to begin with.")
        )
        options.append(
            click.option("--from-nothing", is_flag=True, help="Begin with weights by chance.")
        )
    elif name == REFINER:
        options.append(
            click.option(
                "--predictions", type=FOLDER, required=True, help="`predict --states`'s OUT."
            )
        )
        options.append(
            click.option("--preview-vocoder", type=FOLDER, help="Component to listen through.")
        )
    else:
        spec = spec_of(name)
        if spec.kind == "acoustic":
            options.append(
                click.option(
                    "--longest", type=float, default=math.inf, help="Utterances to learn [s]."
                )
            )
            options.append(
                click.option("--preview-vocoder", type=FOLDER, help="Component to listen through.")
            )
        elif spec.kind == "recognizer":
            options.append(
                click.option(
                    "--further",
                    type=FOLDER,
                    multiple=True,
                    help="One more prepared corpus, as of `synthesize`; may be repeated.",
                )
            )
        else:
            options.append(
                click.option("--mels", type=FOLDER, help="Predicted mels, to fine-tune on.")
            )
    if name != ALIGNER:
        options.append(
            click.option("--component", type=FOLDER, help="To go on from, without a checkpoint.")
        )
        options.append(
            click.option(
                "--renew",
                type=click.FloatRange(0.0, 1.0, min_open=True),
                help="With --component: the schedule begins there anew, at this share of its peak.",
            )
        )
    first = recipe_of(name).adversary_from
    if first is not None:
        options.append(
            click.option(
                "--adversary-from",
                type=int,
                default=first,
                help="Step from which discriminators take part.",
            )
        )
        if name != REFINER:
            options.append(
                click.option(
                    "--discriminators",
                    type=FOLDER,
                    help="With --component: a run whose discriminators are taken, too.",
                )
            )
    for option in options:
        option(command)
    return command


def _train(name: str, run: dict[str, Any]) -> None:
    import torch

    from core.voice import read_component
    from training import distributed
    from training.recipes.registry import recipe_of
    from training.trainer import train
    from training.warm_start import NetworkRecipe, start_from

    defaults = recipe_of(name)
    torch.set_num_threads(run["threads"])
    torch.set_float32_matmul_precision(defaults.matmul)
    device = distributed.join(_device(run))
    folder = run["out"] or RUNS / name
    try:
        recipe = _recipe(name, run, device)
        if run.get("component"):
            other = run.get("discriminators")
            start_from(
                read_component(run["component"]),
                cast(NetworkRecipe, recipe),
                folder,
                discriminators=other and other / "checkpoint.pt",
            )
        train(
            recipe,
            folder,
            minutes=run["minutes"],
            last_step=run["steps"] or defaults.steps,
            device=device,
            validate_every=run["validate_every"],
            report=click.echo,
        )
    finally:
        distributed.leave()


def _recipe(name: str, run: dict[str, Any], device: str, config: Any = None) -> Recipe:
    """Returns the recipe with what the command line says, defaults for what it does not.

    Args:
        name: of the recipe.
        run: options of the command line.
        device: cpu, cuda or cuda:N.
        config: sizes; None = those that the command line names.
    """
    from training.data.corpus import read_prepared
    from training.data.dataset import SpeechDataset
    from training.recipe import TrainingPlan
    from training.recipes.registry import recipe_of, speaker_of

    defaults = recipe_of(name)
    plan = TrainingPlan(
        device=device,
        total_steps=run.get("steps") or defaults.steps,
        first_step=_first_step(name, run),
        peak=run.get("renew") or 1.0,
        batch=run["batch"] or defaults.batch,
        accumulate=run.get("accumulate", 1),
        symbols=run["symbols"],
        preview_vocoder=run.get("preview_vocoder"),
        predictions=run.get("predictions"),
        goes_on=bool(run.get("component")),
        start=None if run.get("from_nothing") else run.get("start"),
        adversary_from=run.get("adversary_from", 0),
        further=tuple(run.get("further", ())),
        loading=_loading(run, device),
    )
    speech = SpeechDataset(
        run["corpus"],
        mels=run.get("mels"),
        speaker=speaker_of(name, run["speaker"], read_prepared(run["corpus"])),
        longest=run.get("longest", math.inf),
    )
    return defaults.build(speech, config or _config(name, run), plan)


def _first_step(name: str, run: dict[str, Any]) -> int:
    """Returns where the schedule begins: 0, or with ``--renew`` where the component has stopped.

    Raises:
        FieldError: no component is named.
    """
    from core.voice import read_component

    if not run.get("renew"):
        return 0
    if not run["component"]:
        raise FieldError("renew", "without a component there is nothing to begin anew from")
    component = read_component(run["component"])
    return component.provenance.steps if component.network == name else 0


def _config(name: str, run: dict[str, Any]) -> Any:
    """Returns the config of the size that the command line names, or of the component there.

    Raises:
        FieldError: the network has no such size, or the component reads other symbols.
        CheckpointError: the component knows one speaker, the corpus has more.
    """
    from core.voice import read_component
    from exports.registry import read_config
    from training.data.corpus import PreparedFacts, read_prepared
    from training.recipes.registry import REFINER, recipe_of
    from training.warm_start import more_speakers

    sizes = recipe_of(name).sizes
    if run.get("component") and name != REFINER and not run["size"]:
        component = read_component(run["component"])
        if component.network == name:
            if component.symbols not in ("", run["symbols"]):
                message = f"component {component.name} reads other symbols"
                raise FieldError("symbols", message, allowed=component.symbols)
            speakers = len(read_prepared(run["corpus"]).speakers)
            return more_speakers(read_config(name, component.config), speakers)
    size = run["size"] or next(iter(sizes))
    if size not in sizes:
        raise FieldError("size", f"{name} has no size {size!r}", allowed=", ".join(sizes))
    return sizes[size](PreparedFacts(read_prepared(run["corpus"]), run["symbols"]))


def _loading(run: dict[str, Any], device: str) -> int:
    from training.data.loader import loading_processes

    given: int | None = run.get("loading")
    return loading_processes(device, os.cpu_count() or 1) if given is None else given


def _device(run: dict[str, Any]) -> str:
    import torch

    device: str = run["device"] or ("cuda" if torch.cuda.is_available() else "cpu")
    return device
