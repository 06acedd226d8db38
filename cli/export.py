"""``rhapsode export``: exports networks to artifacts and prints their parity."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import msgspec
import rich_click as click
from rich.console import Console
from rich.progress import track

from cli.request import data_option
from core.errors import FieldError
from core.request import PRECISIONS, Precision, RuntimeName

if TYPE_CHECKING:
    from core.settings import CommonSettings
    from core.voice import Component
    from exports.manifest import ArtifactManifest

DEFAULT_RUNTIMES: tuple[RuntimeName, ...] = ("torchscript", "onnx")


@click.command()
@click.argument("components", nargs=-1)
@click.option(
    "--runtime",
    "runtimes",
    multiple=True,
    type=click.Choice(get_args(RuntimeName)),
    help="May be given twice; default: RHAPSODE_RUNTIME, else torchscript and onnx.",
)
@click.option(
    "--precision",
    type=click.Choice(get_args(Precision)),
    help="Default: RHAPSODE_PRECISION, else the runtime's own: bf16 or fp32.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifests as JSON.")
@data_option
def export(
    components: tuple[str, ...],
    runtimes: tuple[RuntimeName, ...],
    precision: Precision | None,
    as_json: bool,
    data: Path,
) -> None:
    """Export COMPONENTS (all, when none is named) and print how exact the artifacts are.

    What is already exported is measured no second time: its stored report is printed.

    \b
    rhapsode export
    rhapsode export my-hifigan --runtime onnx --precision fp16
    """
    from exports.exporters.export import export_component
    from exports.exporters.parity import parity_table
    from synthesis.settings import SynthesisSettings

    settings = SynthesisSettings.from_environment(data=data)
    chosen = _chosen(settings.catalogue().components, components)
    own: tuple[RuntimeName, ...] = (settings.runtime,) if settings.runtime else DEFAULT_RUNTIMES
    work = [
        (component, runtime, precision or _precision(runtime, settings))
        for component in chosen
        for runtime in runtimes or own
    ]
    manifests: list[ArtifactManifest] = [
        export_component(component, runtime, own_precision, settings.artifacts_folder)
        for component, runtime, own_precision in track(
            work, "exporting", console=Console(stderr=True), transient=True
        )
    ]
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(manifests)).decode())
    else:
        click.echo(parity_table(manifests))
        click.echo(f"{len(manifests)} artifacts in {settings.artifacts_folder}")


def _precision(runtime: RuntimeName, settings: CommonSettings) -> Precision:
    """Returns what the settings say for their own runtime, else the runtime's own precision."""
    same = runtime == (settings.runtime or "onnx")
    return (settings.precision if same else None) or PRECISIONS[runtime][0]


def _chosen(known: dict[str, Component], names: tuple[str, ...]) -> list[Component]:
    for name in names:
        if name not in known:
            raise FieldError("component", f"no component {name!r}", allowed=", ".join(known))
    return [known[name] for name in names] if names else list(known.values())
