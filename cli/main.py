"""The command ``rhapsode``: one lazily loaded file per command."""

from __future__ import annotations

import ast
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import rich_click as click
from rich.console import Console

from cli.exit_codes import EXIT_CODES, exit_code
from cli.extras import missing_extra
from core.errors import FieldError, RhapsodeError

COMMANDS = {
    "say": "cli.say:say",
    "analyze": "cli.analyze:analyze",
    "listen": "cli.listen:listen",
    "up": "cli.up:up",
    "submit": "cli.submit:submit",
    "book": "cli.book:book",
    "wyoming": "cli.wyoming:wyoming",
    "demo": "cli.demo:demo",
    "voices": "cli.voices:voices",
    "keys": "cli.keys:keys",
    "webhooks": "cli.webhooks:webhooks",
    "export": "cli.export:export",
    "import": "cli.import_:import_",
    "train": "cli.train:train",
    "capacity": "cli.capacity:capacity",
    "bench": "cli.bench:bench",
}
"""Name of a command → module:object, imported when the command is run."""

EPILOG = "Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())


class LazyGroup(click.RichGroup):
    """A group of commands that imports a command's file only when it is run."""

    _listing = False

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the help; commands are listed by what stands in their files."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)  # type: ignore[arg-type]
        finally:
            self._listing = False

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names in the order in which a new user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the command, or None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        if self._listing:
            return click.Command(cmd_name, help=_docstring(module, name))
        command: click.Command = getattr(import_module(module), name)
        return command


def _docstring(module: str, function: str) -> str:
    """Returns a function's docstring, read from its file: importing all commands takes longer."""
    path = Path(__file__).with_name(f"{module.rpartition('.')[2]}.py")
    for node in ast.parse(path.read_bytes()).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return ast.get_docstring(node) or ""
    return ""


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(None, package_name="rhapsode", prog_name="rhapsode")
def rhapsode() -> None:
    """Text to speech in bulk: durable jobs, exact batches, and what they cost.

    \b
    Speak at once, without a server:
        rhapsode say "Hello there." -o hello.wav
    Make an audiobook, with chapters and cover:
        rhapsode book novel.epub -o novel.m4b
    Start the service, then send it a text:
        rhapsode up
        rhapsode submit text.txt -o text.flac
    """


def main(argv: list[str] | None = None) -> None:
    """Runs a command; expected errors become one line and an exit code."""
    try:
        result: Any = rhapsode.main(argv, prog_name="rhapsode", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        Console(stderr=True).print("[red]stopped[/]")
        sys.exit(130)
    except RhapsodeError as error:
        _fail(error)
    except ModuleNotFoundError as error:
        missing = missing_extra(error)
        if missing is None:
            raise
        _fail(missing)
    sys.exit(result if isinstance(result, int) else 0)


def _fail(error: RhapsodeError) -> NoReturn:
    Console(stderr=True, soft_wrap=True).print(format_error(error), markup=False, style="red")
    sys.exit(exit_code(error))


def format_error(error: RhapsodeError) -> str:
    """Returns one line with the field, what is wrong, what is allowed, and the code.

    >>> format_error(FieldError("speed", "must be at least 0.25", allowed="0.25 to 4"))
    'error: speed: must be at least 0.25 (allowed: 0.25 to 4) [invalid_field]'
    """
    field = f"{error.field}: " if isinstance(error, FieldError) else ""
    allowed = getattr(error, "allowed", None)
    hint = f" (allowed: {allowed})" if allowed else ""
    message = " ".join(error.message.split())
    return f"error: {field}{message}{hint} [{error.code}]"


if __name__ == "__main__":
    main()
