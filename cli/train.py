"""``rhapsode train``: the recipes of ``training``."""

from __future__ import annotations

import rich_click as click


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def train(arguments: tuple[str, ...]) -> None:
    """Prepare a corpus, train a network for a time budget, ship its weights.

    \b
    rhapsode train prepare ../corpus
    rhapsode train fastspeech2 --minutes 20
    rhapsode train --help
    """
    from training.main import main

    main(list(arguments))
