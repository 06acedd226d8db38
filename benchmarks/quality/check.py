"""``python -m benchmarks.quality.check``: compares a run with the committed bands."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality.bands import check
from benchmarks.quality.document import DifferentSentences, read

BANDS = Path(__file__).parent / "bands.json"
SCORES = Path("var/quality/scores.json")
"""File that ``make quality`` writes."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the scores that left their bands.

    Returns:
        Exit status: 0 all within or better, 1 something is worse, missing or without a band,
        2 the run cannot be compared.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.check", description=__doc__)
    parser.add_argument("scores", type=Path, nargs="?", default=SCORES, help="JSON of the run")
    parser.add_argument("--bands", type=Path, default=BANDS)
    options = parser.parse_args(arguments)
    try:
        verdicts = check(read(options.scores), read(options.bands))
    except (DifferentSentences, FileNotFoundError) as error:
        print(f"cannot check: {error}", file=sys.stderr)
        return 2
    notable = [verdict for verdict in verdicts if verdict.state != "ok"]
    if notable:
        print("| system | score | state | measured |\n|---|---|---|---|")
    for v in sorted(notable, key=lambda v: not v.fails):
        print(f"| {v.system} | {v.score or 'all'} | {v.state} | {v.detail} |")
    counts = Counter(verdict.state for verdict in verdicts)
    print("\n" + ", ".join(f"{count} {state}" for state, count in counts.items()))
    return int(any(verdict.fails for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
