"""``rhapsode import``: turns a public checkpoint into a component of the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click
from rich.console import Console

from cli.request import data_option
from core.errors import Conflict, FieldError

if TYPE_CHECKING:
    from core.voice import Component

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("checkpoint", type=FILE)
@click.option("--network", required=True, help="Whose checkpoint it is; an unknown name lists all.")
@click.option("--name", required=True, help="Name of the component, in lower case.")
@click.option(
    "--config",
    type=FILE,
    help="HiFi-GAN: its config.json; FastSpeech 2: its stats.json; others need none.",
)
@click.option(
    "--licence", required=True, help="Licence of the weights, as their publisher names it."
)
@click.option("--half", is_flag=True, help="Store the weights as float16.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder of voices; by default voices/ in the data folder.",
)
@data_option
def import_(
    checkpoint: Path,
    network: str,
    name: str,
    config: Path | None,
    licence: str,
    half: bool,
    folder: Path | None,
    data: Path,
) -> None:
    """Turn a public CHECKPOINT into a voice component; no code in it is run.

    Reads jik876 HiFi-GAN, ming024 FastSpeech 2, NVIDIA Tacotron 2 and WaveGlow, and both MelGANs,
    each with its own mel definition.

    \b
    rhapsode import generator_v1 --network hifigan --config config.json \\
        --name ljspeech-hifigan --licence MIT
    """
    from exports.importers.import_process import ImportRequest, import_apart
    from synthesis.settings import SynthesisSettings

    _require_known(network)
    target = _target(folder or SynthesisSettings.from_environment(data=data).own_voices, name)
    with Console(stderr=True).status(f"reading {checkpoint.name} …"):
        component = import_apart(
            ImportRequest(
                path=str(checkpoint),
                network=network,
                out_folder=str(target),
                config_path=str(config) if config else None,
                name=name,
                licence=licence,
                half=half,
            )
        )
    _print_component(component)


def _require_known(network: str) -> None:
    from exports.registry import NETWORKS

    if network not in NETWORKS:
        raise FieldError("network", f"no network {network!r}", allowed=", ".join(NETWORKS))


def _target(folder: Path, name: str) -> Path:
    if not name.replace("-", "").replace(".", "").isalnum() or name != name.lower():
        raise FieldError("name", f"{name!r} is no name", allowed="a to z, 0 to 9, - and .")
    target = folder / "components" / name
    if target.exists():
        raise Conflict(f"{target} is already there; choose another name or remove it")
    return target


def _print_component(component: Component) -> None:
    table = "acoustic" if component.kind == "acoustic" else "vocoders"
    folder = Path(component.folder)
    click.echo(f"{component.name}: {component.network}, sha256 {component.sha256[:16]}…")
    click.echo(f"written to {folder}")
    click.echo(
        f"To speak with it, name it in a voice: {folder.parent.parent}/<voice>/voice.toml, "
        f'[{table}] {component.network} = "{component.name}"'
    )
