"""``rhapsode bench``: runs the benchmarks of a source checkout."""

from __future__ import annotations

import runpy
import sys
from contextlib import chdir
from pathlib import Path

import rich_click as click

from core.errors import FieldError, Unavailable

ROOT = Path(__file__).resolve().parent.parent


@click.command(
    # What follows the name is the benchmark's own, --help included.
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(name: str | None, arguments: tuple[str, ...]) -> int:
    """Run the benchmark NAME with its own ARGUMENTS; without a name, list them.

    \b
    rhapsode bench
    rhapsode bench speed --help
    """
    known = _benchmarks()
    if name is None:
        click.echo("\n".join(known))
        return 0
    if name not in known:
        raise FieldError("name", f"no benchmark {name!r}", allowed=", ".join(known))
    sys.path.insert(0, str(ROOT))
    sys.argv = [name, *arguments]
    # In this process, so that an extra that is missing is one line here, too.
    with chdir(ROOT):
        runpy.run_module(f"benchmarks.{name}", run_name="__main__", alter_sys=True)
    return 0


def _benchmarks() -> list[str]:
    folder = ROOT / "benchmarks"
    if not folder.is_dir():
        raise Unavailable("benchmarks are part of the source checkout, which this is not")
    return sorted(p.parent.name for p in folder.glob("*/__main__.py"))
