"""``rhapsode voices``: lists the installed voices."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import msgspec
import rich_click as click
from rich.console import Console
from rich.table import Column, Table

if TYPE_CHECKING:
    from core.voice import Catalogue


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def voices(as_json: bool) -> None:
    """List the voices with their networks and measured quality.

    \b
    rhapsode voices
    RHAPSODE_VOICES=/my/voices rhapsode voices --json
    """
    from core.voice import read_catalogue
    from synthesis.settings import SynthesisSettings

    catalogue = read_catalogue(SynthesisSettings.from_environment().voice_folders)
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
    """Returns a table of every pair's measured quality, with dashes for what was not measured."""
    pairs = [
        (card.name, acoustic, vocoder, card.quality.get(acoustic, {}).get(vocoder, {}))
        for card in catalogue.voices.values()
        for acoustic, vocoder in product(card.acoustic, card.vocoders)
    ]
    names = list(dict.fromkeys(name for *_, figures in pairs for name in figures))
    # Words of a heading stand one below the other: the table fits 80 columns.
    headings = (Column(name.replace("_", "\n"), justify="right") for name in names)
    table = Table("voice", "acoustic", "vocoder", *headings, box=None)
    for *pair, figures in pairs:
        table.add_row(*pair, *(f"{figures[n]:g}" if n in figures else "–" for n in names))
    return table
