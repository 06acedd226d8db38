"""Rows of scores as a markdown table."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.quality.judges import FIGURES
from benchmarks.quality.scores import Scores
from benchmarks.quality.spread import Figure

HEADS = {
    "dnsmos_ovrl": "DNSMOS OVRL",
    "dnsmos_sig": "SIG",
    "dnsmos_bak": "BAK",
    "dnsmos_p808": "P.808",
    "distill_mos": "Distill-MOS",
}


def markdown(rows: Mapping[str, Scores | str]) -> str:
    """A table; a row that is a string is a system that could not be measured, and why."""
    heads = ["system", "n", "WER %", "CER %", *HEADS.values(), "empty", "truncated", "repeated"]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name, scores in rows.items():
        if isinstance(scores, str):
            cells = [name, "0", f"not measured: {scores}", *[""] * (len(heads) - 3)]
        else:
            cells = [name, *_cells(scores)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cells(scores: Scores) -> list[str]:
    figures = [_figure(scores.judged.get(name), 1.0, 2) for name in FIGURES]
    mishaps = [str(scores.empty), str(scores.truncated), str(scores.repeated)]
    rates = [_figure(scores.wer, 100.0, 1), _figure(scores.cer, 100.0, 1)]
    return [str(scores.wer.count), *rates, *figures, *mishaps]


def _figure(figure: Figure | None, factor: float, digits: int) -> str:
    """Value with its 95 % interval; a dash where no judge spoke."""
    if figure is None:
        return "–"
    value, low, high = (f"{x * factor:.{digits}f}" for x in (figure.value, figure.low, figure.high))
    return f"{value} ({low}–{high})"
