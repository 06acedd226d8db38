"""``python -m benchmarks.quality.render``: a run becomes the baseline: tables, pictures, bands."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality.bands import make_bands
from benchmarks.quality.check import BANDS, SCORES
from benchmarks.quality.document import Document, read, write
from benchmarks.quality.markers import replace_between
from benchmarks.quality.pictures import file_name
from benchmarks.quality.table import markdown

BASELINE = Path(__file__).parent / "BASELINE.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes ``BASELINE.md`` between its markers, the pictures beside it, and ``bands.json``.

    Returns:
        Exit status, 0.
    """
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.render", description=__doc__
    )
    parser.add_argument("scores", type=Path, nargs="?", default=SCORES, help="JSON of the run")
    parser.add_argument("--baseline", type=Path, default=BASELINE)
    parser.add_argument("--pictures", type=Path, default=SCORES.with_name("pictures"))
    parser.add_argument("--bands", type=Path, default=BANDS)
    options = parser.parse_args(arguments)
    document = read(options.scores)
    replace_between(
        options.baseline, "tables", f"Run of {document['date']}.\n\n{markdown(document)}"
    )
    shown = show(document, options.pictures, options.baseline.parent / "pictures")
    replace_between(options.baseline, "pictures", shown)
    write(options.bands, make_bands(document))
    return 0


def show(document: Document, drawn: Path, shown: Path) -> str:
    """Copies the pictures of the run's systems; markdown that shows them."""
    shown.mkdir(parents=True, exist_ok=True)
    names = [name for name in document["systems"] if (drawn / file_name(name)).exists()]
    for name in names:
        shutil.copy(drawn / file_name(name), shown)
    return "\n\n".join(f"![{name}](pictures/{file_name(name)})" for name in names)


if __name__ == "__main__":
    sys.exit(main())
