"""``python -m benchmarks.quality.page``: writes docs/choosing.md from a quality and a speed run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.quality.check import SCORES
from benchmarks.quality.document import Document, read
from benchmarks.quality.markers import replace_between
from benchmarks.quality.table import figure

PAGE = Path(__file__).resolve().parents[2] / "docs" / "choosing.md"
SPEED = SCORES.with_name("speed.json")
RUNTIMES = ("onnx", "torchscript")
HEADS = (
    "voice, pair",
    *(f"RTF {name}" for name in RUNTIMES),
    "× Piper",
    "Distill-MOS",
    "P.808",
    "WER %",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the table of ``docs/choosing.md``.

    Returns:
        Exit status, 0.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.page", description=__doc__)
    parser.add_argument("scores", type=Path, nargs="?", default=SCORES, help="JSON of quality")
    parser.add_argument("speed", type=Path, nargs="?", default=SPEED, help="JSON of speed")
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    replace_between(options.page, "choice", choice_table(read(options.scores), read(options.speed)))
    return 0


def choice_table(quality: Document, speed: Document) -> str:
    """Returns a row per voice and pair of networks, and Piper; a dash where nothing was timed.

    Args:
        quality: document of ``benchmarks.quality --json``; its held-out sentences are quoted.
        speed: document of ``benchmarks.speed --json``, with one process.
    """
    lines = ["| " + " | ".join(HEADS) + " |", "|" + "---|" * len(HEADS)]
    peer = next((t for n, t in speed["systems"].items() if n.startswith("piper")), None)
    for name, system in quality["systems"].items():
        parts, scores = system["parts"], system.get("sets", {}).get("held-out")
        if scores is None or not ("voice" in parts or name == "piper"):
            continue
        timed = [_timed(speed, parts, runtime) for runtime in RUNTIMES]
        if name == "piper":
            timed = [peer, None]
        lines.append("| " + " | ".join([name, *_speeds(timed, peer), *_scores(scores)]) + " |")
    return "\n".join([*lines, "", _caption(quality, speed)])


def _caption(quality: Document, speed: Document) -> str:
    count = quality["sentences"]["held-out"]["count"]
    return (
        f"Quality of {quality['date']} over {count} held-out sentences (95 % interval); speed over "
        f"{speed['sentences']} sentences on one core, load {speed['load_before']} before the run."
    )


def _timed(speed: Document, parts: dict[str, str], runtime: str) -> Document | None:
    """Returns the row of a pair with the largest batch that was timed."""
    pair = [parts.get("acoustic"), parts.get("vocoder")]
    rows = [t for t in speed["systems"].values() if t["pair"] == pair and t["runtime"] == runtime]
    return max(rows, key=lambda row: int(row["batch"]), default=None)


def _speeds(timed: Sequence[Document | None], peer: Document | None) -> list[str]:
    rtfs = ["–" if row is None else f"{row['rtf']:.3f}" for row in timed]
    first = timed[0]
    return [*rtfs, f"{first['speedup'] / peer['speedup']:.2f}" if first and peer else "–"]


def _scores(scores: Document) -> list[str]:
    mos = [
        figure(scores["predicted_mos"].get(name), 1.0, 2) for name in ("distill_mos", "dnsmos_p808")
    ]
    return [*mos, figure(scores["wer"], 100.0, 1)]


if __name__ == "__main__":
    sys.exit(main())
