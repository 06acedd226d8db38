"""Figures of a run as markdown tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.quality.document import SETS, Document
from benchmarks.quality.judges import FIGURES

HEADS = {
    "dnsmos_ovrl": "DNSMOS OVRL",
    "dnsmos_sig": "SIG",
    "dnsmos_bak": "BAK",
    "dnsmos_p808": "P.808",
    "distill_mos": "Distill-MOS",
}
MISHAPS = ("empty", "truncated", "repeated")


def markdown(document: Document) -> str:
    """A table per set of sentences; what could not be measured is named with the reason."""
    blocks = []
    for name, title in SETS.items():
        count = document["sentences"][name]["count"]
        if count:
            blocks.append(f"{title} ({count}):\n\n{table(document['systems'], name)}")
    blocks += [f"Judge missing: {reason}\n" for reason in document["judges_missing"]]
    return "\n".join(blocks)


def table(systems: Mapping[str, Document], set_name: str) -> str:
    """Value (95 % interval) of every system over one set of sentences."""
    heads = ["system", "n", "WER %", "CER %", *HEADS.values(), *MISHAPS]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for name, system in systems.items():
        scores = system.get("sets", {}).get(set_name)
        if scores:
            cells = [name, *_cells(scores)]
        elif "missing" in system:
            cells = [name, "0", f"not measured: {system['missing']}", *[""] * (len(heads) - 3)]
        else:
            continue  # it has no audio of this set, as the teacher of our own sentences
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cells(scores: Mapping[str, Any]) -> list[str]:
    figures = [figure(scores["judged"].get(name), 1.0, 2) for name in FIGURES]
    mishaps = [str(scores[name]) for name in MISHAPS]
    rates = [figure(scores["wer"], 100.0, 1), figure(scores["cer"], 100.0, 1)]
    return [str(scores["wer"]["count"]), *rates, *figures, *mishaps]


def figure(score: Mapping[str, float] | None, factor: float, digits: int) -> str:
    """Value with its 95 % interval; a dash where no judge spoke."""
    if score is None:
        return "–"
    value, low, high = (f"{score[key] * factor:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} ({low}–{high})"
