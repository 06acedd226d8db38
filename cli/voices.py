"""``rhapsode voices``: what can speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import rich_click as click
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from core.voice import Catalogue, VoiceCard


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def voices(as_json: bool) -> None:
    """List the voices with their networks and measured quality.

    \b
    rhapsode voices
    RHAPSODE_VOICES=/my/voices rhapsode voices --json
    """
    from core.voice import read_catalogue
    from workers.settings import Settings

    catalogue = read_catalogue(Settings.from_environment().voice_folders)
    if as_json:
        cards = list(catalogue.voices.values())
        click.echo(msgspec.json.format(msgspec.json.encode(cards)).decode())
        return
    if not catalogue.voices:
        click.echo("no voice is installed; see `rhapsode import` and `rhapsode train`")
        return
    Console().print(_table(catalogue))


def _table(catalogue: Catalogue) -> Table:
    default = catalogue.voice(None).name
    table = Table("voice", "speaks", "acoustic", "vocoders", "measured", "licence", box=None)
    for card in catalogue.voices.values():
        table.add_row(
            f"{card.name}{' (default)' if card.name == default else ''}",
            f"{card.title}, {card.language}, {card.gender}",
            _networks(catalogue, card.acoustic),
            _networks(catalogue, card.vocoders),
            _quality(card),
            card.licence,
        )
    return table


def _networks(catalogue: Catalogue, offered: dict[str, str]) -> str:
    return "\n".join(
        f"{name} ({catalogue.components[component].network})" for name, component in offered.items()
    )


def _quality(card: VoiceCard) -> str:
    return "\n".join(f"{name} {value:g}" for name, value in card.quality.items()) or "–"
