"""``rhapsode capacity``: how many synthesizers a load needs, by simulation."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, cast

import rich_click as click
from rich.console import Console
from rich.table import Table

from capacity.arrivals import (
    SECONDS_PER_CHARACTER,
    JobArrival,
    RateProfile,
    arrival_times,
    lognormal_lengths,
    sampled_lengths,
)
from capacity.calibration import MeasuredBatches, batch_cost
from capacity.scaling import ScalingRule
from capacity.simulation import JobOverhead, Simulation, WorkerModel
from capacity.sizing import Sizing, quantile, workers_needed
from core.errors import FieldError
from core.request import Lane

if TYPE_CHECKING:
    from workers.settings import WorkerSettings

OVERHEAD_SECONDS = 0.1
"""Of a short job, outside of queue and device [s]; ``benchmarks.capacity`` measures it."""
FEWEST_JOBS = 3000
"""Simulated, so that the 95th percentile is worth something: 150 jobs lie above it."""
MOST_JOBS = 200_000
"""Simulated at most, seconds for each number of synthesizers that is tried."""
SENTENCES = (
    "It was late.",
    "The quick brown fox jumps over the lazy dog, and then it sleeps.",
    "A service that reads books aloud has to know how many machines it needs.",
    "Whoever waits for a sentence wants it now; whoever waits for a book can wait until tomorrow.",
)


class FiniteNumber(click.FloatRange):
    """A number of a range; one that is none, or has no end, is out of every range."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Returns the number. Raises BadParameter."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value} is not a number.", param, ctx)
        return number


@click.command()
@click.option("--rate", type=FiniteNumber(0, 10_000, min_open=True), help="Jobs per second.")
@click.option(
    "--audio-hours",
    type=FiniteNumber(0, 10_000_000, min_open=True),
    help="Hours of audio a day, instead of a rate.",
)
@click.option(
    "--burstiness",
    type=FiniteNumber(0, 100),
    default=1.0,
    show_default=True,
    help="Squared coefficient of variation of the gaps between jobs: 0 evenly, 1 at random "
    "(Poisson), more in clusters.",
)
@click.option(
    "--characters",
    type=FiniteNumber(1, 1_000_000),
    default=300.0,
    show_default=True,
    help="Mean of a text.",
)
@click.option(
    "--spread",
    type=FiniteNumber(0, 10),
    default=0.8,
    show_default=True,
    help="Coefficient of variation of the texts' lengths (log-normal).",
)
@click.option(
    "--lengths",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of lengths in characters, one a line, instead of a distribution.",
)
@click.option("--lane", type=click.Choice(["interactive", "bulk"]), default="interactive")
@click.option(
    "--goal",
    type=FiniteNumber(0, 1_000_000, min_open=True),
    default=10.0,
    show_default=True,
    help="Latency that is wanted [s].",
)
@click.option(
    "--percentile", type=FiniteNumber(1, 99.9), default=95.0, show_default=True, help="Of jobs."
)
@click.option(
    "--speed",
    type=FiniteNumber(0.001, 10_000),
    help="Audio seconds per second of one synthesizer; without it this machine is measured.",
)
@click.option(
    "--batch-seconds",
    type=FiniteNumber(0, 3600),
    help="Constant cost of a batch, with --speed [s].",
)
@click.option(
    "--overhead", type=FiniteNumber(0, 3600), default=OVERHEAD_SECONDS, help="Of a job besides [s]."
)
@click.option(
    "--threads", type=click.IntRange(1), default=1, help="Of a synthesizer, where it is measured."
)
@click.option(
    "--surge",
    type=FiniteNumber(1, 1000),
    help="Simulates KEDA's rule: the rate is so many times higher for ten minutes.",
)
@click.option(
    "--start-seconds",
    type=FiniteNumber(0, 86_400),
    default=60.0,
    show_default=True,
    help="Of a new synthesizer [s].",
)
@click.option("--most", type=click.IntRange(1), help="Largest number of replicas (8).")
@click.option("--seed", type=int, default=0, help="Of the simulated load.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def capacity(**options: Any) -> None:
    """Tell how many synthesizers a load needs for a latency.

    \b
    rhapsode capacity --rate 5 --goal 4
    rhapsode capacity --audio-hours 10000 --characters 6000 --lane bulk --goal 3600 --speed 17
    rhapsode capacity --rate 2 --surge 10 --speed 17
    """
    lengths = _lengths(options)
    mean = sum(itertools.islice(lengths(Random(options["seed"])), 10_000)) / 10_000
    rate, model = _rate(options, mean), _model(options)
    document: dict[str, Any] = {
        "rate": rate,
        "rtf": model.rtf,
        "batch_seconds": model.batch_seconds,
        "mean_audio_seconds": mean,
    }
    if options["surge"]:
        document["autoscaling"] = _autoscaled(model, rate, lengths, options)
    else:
        seconds = min(max(1800.0, FEWEST_JOBS / rate), MOST_JOBS / rate)
        load = _load(RateProfile((0.0,), (rate,)), seconds, lengths, options)
        tried: list[Sizing] = []
        q = options["percentile"] / 100
        found = workers_needed(model, load, options["goal"], q, tried.append)
        document["workers"] = found.workers if found else None
        document["tried"] = [_row(one) for one in sorted(tried, key=lambda one: one.workers)]
    if options["as_json"]:
        click.echo(json.dumps(document, indent=1))
    else:
        _print(document, options)


def _model(options: dict[str, Any]) -> WorkerModel:
    from workers.settings import WorkerSettings

    settings = WorkerSettings.from_environment()
    if options["speed"]:
        constant, rtf = options["batch_seconds"] or 0.0, 1 / options["speed"]
    else:
        constant, rtf = measure_device(settings, options["threads"])
    return WorkerModel(
        rtf,
        constant,
        (JobOverhead(plan=options["overhead"]),),
        symbols_at_once=settings.symbols_per_batch,
        flush_seconds=settings.flush_seconds,
        parts_at_once=settings.parts_at_once,
        lanes_apart=settings.device == "cpu",
    )


def measure_device(settings: WorkerSettings, threads: int = 1) -> tuple[float, float]:
    """Returns the constant cost of a batch [s] and the RTF of the default voice on this machine."""
    import time

    from synthesis.engine import Engine
    from synthesis.loading import default_load
    from synthesis.parts import SynthesisItem
    from text.frontend import open_frontend

    catalogue = settings.catalogue()
    selection = catalogue.resolve()
    load = default_load(settings.cuda_graphs)
    engine = Engine(settings.artifacts_folder, device=settings.device, threads=threads, load=load)
    frontend = open_frontend(selection.acoustic_component.symbols, selection.voice.language)
    items = [
        SynthesisItem(utterance=utterance, selection=selection, runtime=selection.runtime)
        for text in SENTENCES
        for utterance in frontend.analyze(text, ssml=False).utterances
    ]
    groups = [[item] for item in items] + [items, items * 2]
    measured = []
    for number in range(3):
        for group in groups:
            start = time.perf_counter()
            results = engine.synthesize(group)
            seconds = time.perf_counter() - start
            waves = [one.waveform for one in results if not isinstance(one, Exception)]
            audio = sum(len(wave.samples) / wave.sample_rate for wave in waves)
            if number:  # the first round warms up
                measured.append(MeasuredBatches(1, audio, seconds))
    return batch_cost(measured)


def _lengths(options: dict[str, Any]) -> Any:
    """Returns a function from random numbers to lengths without end [s of audio]."""
    if options["lengths"] is None:
        mean, spread = options["characters"] * SECONDS_PER_CHARACTER, options["spread"]
        return lambda random: lognormal_lengths(mean, spread, random)
    try:
        lines = options["lengths"].read_text("utf-8").split()
        known = [float(line) * SECONDS_PER_CHARACTER for line in lines]
    except ValueError as error:
        raise FieldError("--lengths", "no list of numbers", allowed="one a line") from error
    if not known or not all(0 < length < math.inf for length in known):
        raise FieldError("--lengths", "no lengths", allowed="numbers above 0, one a line")
    return lambda random: sampled_lengths(known, random)


def _rate(options: dict[str, Any], mean: float) -> float:
    rate, hours = options["rate"], options["audio_hours"]
    if (rate is None) == (hours is None):
        raise FieldError("--rate", "is needed, or --audio-hours, and not both")
    return cast(float, rate if rate is not None else hours * 3600 / 86400 / mean)


def _load(
    profile: RateProfile, seconds: float, lengths: Any, options: dict[str, Any]
) -> list[JobArrival]:
    random = Random(options["seed"])
    times = arrival_times(profile, options["burstiness"], seconds, random)
    lane = cast(Lane, options["lane"])
    drawn = zip(times, lengths(Random(options["seed"])), strict=False)
    load = [JobArrival(at, length, lane) for at, length in drawn]
    return load or [JobArrival(0.0, next(lengths(random)), lane)]


def _row(one: Sizing) -> dict[str, float]:
    latencies = one.result.latencies()
    return {
        "workers": one.workers,
        "p50": quantile(latencies, 0.5),
        "percentile": one.latency,
        "utilization": one.result.utilization,
        "mean_batch": sum(one.result.batches) / len(one.result.batches),
    }


SURGE_SECONDS = (1800.0, 2400.0, 7200.0)
"""When a surge begins and ends, and when the simulated load does [s]."""


def _autoscaled(
    model: WorkerModel, rate: float, lengths: Any, options: dict[str, Any]
) -> dict[str, Any]:
    begin, end, seconds = SURGE_SECONDS
    rule = ScalingRule(start_seconds=options["start_seconds"])
    rule = replace(rule, most=options["most"] or rule.most)
    jobs = rate * (seconds + (end - begin) * (options["surge"] - 1))
    if jobs > MOST_JOBS:
        message = f"a surge of {jobs:.0f} jobs is more than is simulated"
        raise FieldError("--surge", message, allowed=f"{MOST_JOBS} jobs in two hours")
    profile = RateProfile((0.0, begin, end), (rate, rate * options["surge"], rate))
    load = _load(profile, seconds, lengths, options)
    result = Simulation(model, rule.fewest, rule).run(load)
    surge = [job.latency for job in result.jobs if begin <= job.arrival.at < end]
    calm = [job.latency for job in result.jobs if job.arrival.at < begin]
    q = options["percentile"] / 100
    return {
        "most_replicas": max(count for _, count in result.replicas),
        "replicas": [list(change) for change in result.replicas],
        "worker_hours": result.worker_seconds / 3600,
        "percentile_before": quantile(sorted(calm), q),
        "percentile_in_surge": quantile(sorted(surge), q),
    }


def _print(document: dict[str, Any], options: dict[str, Any]) -> None:
    console, percentile = Console(), f"p{options['percentile']:g}"
    speed, constant = 1 / document["rtf"], document["batch_seconds"]
    console.print(
        f"{document['rate']:.3g} jobs/s of {document['mean_audio_seconds']:.1f} s audio; a "
        f"synthesizer makes {speed:.1f} s a second, a batch costs {constant:.3f} s besides"
    )
    if scaled := document.get("autoscaling"):
        begin, end, _ = SURGE_SECONDS
        before, during = scaled["percentile_before"], scaled["percentile_in_surge"]
        console.print(
            f"KEDA's rule, {options['surge']:g} times the load from {begin:.0f} to {end:.0f} s: "
            f"at most {scaled['most_replicas']} synthesizers, {scaled['worker_hours']:.2f} hours "
            f"of them; {percentile} {before:.2f} s before and {during:.2f} s in the surge"
        )
        return
    table = Table("synthesizers", "p50 [s]", f"{percentile} [s]", "busy", "parts a batch")
    for row in document["tried"]:
        kept = "green" if row["percentile"] <= options["goal"] else "red"
        table.add_row(
            f"{row['workers']}",
            f"{row['p50']:.2f}",
            f"[{kept}]{row['percentile']:.2f}[/]",
            f"{row['utilization']:.0%}",
            f"{row['mean_batch']:.1f}",
        )
    console.print(table)
    workers = document["workers"]
    if workers is None:
        console.print(f"no number of synthesizers keeps {options['goal']:g} s: jobs take longer")
    else:
        console.print(f"{workers} synthesizers keep {percentile} within {options['goal']:g} s")
