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
from core.request import RuntimeName

if TYPE_CHECKING:
    from core.voice import Component
    from exports.manifest import ArtifactManifest


@click.command()
@click.argument("components", nargs=-1)
@click.option(
    "--runtime",
    "runtimes",
    multiple=True,
    type=click.Choice(get_args(RuntimeName)),
    default=("torchscript", "onnx"),
    show_default=True,
    help="May be given twice.",
)
@click.option(
    "--precision", type=click.Choice(["fp32", "fp16", "int8"]), default="fp32", show_default=True
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifests as JSON.")
@data_option
def export(
    components: tuple[str, ...],
    runtimes: tuple[RuntimeName, ...],
    precision: str,
    as_json: bool,
    data: Path,
) -> None:
    """Export COMPONENTS (all, when none is named) and print how exact the artifacts are.

    What is already exported is measured no second time: its stored report is printed.

    \b
    rhapsode export
    rhapsode export my-hifigan --runtime onnx --precision fp16
    """
    from core.voice import read_catalogue
    from exports.exporters.export import export_component
    from exports.exporters.parity import parity_table
    from synthesis.settings import SynthesisSettings

    settings = SynthesisSettings.from_environment(data=data)
    chosen = _chosen(read_catalogue(settings.voice_folders).components, components)
    work = [(component, runtime) for component in chosen for runtime in runtimes]
    manifests: list[ArtifactManifest] = [
        export_component(component, runtime, precision, settings.artifacts_folder)  # type: ignore[arg-type]
        for component, runtime in track(
            work, "exporting", console=Console(stderr=True), transient=True
        )
    ]
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(manifests)).decode())
    else:
        click.echo(parity_table(manifests))
        click.echo(f"{len(manifests)} artifacts in {settings.artifacts_folder}")


def _chosen(known: dict[str, Component], names: tuple[str, ...]) -> list[Component]:
    for name in names:
        if name not in known:
            raise FieldError("component", f"no component {name!r}", allowed=", ".join(known))
    return [known[name] for name in names] if names else list(known.values())
