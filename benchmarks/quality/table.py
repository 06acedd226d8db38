"""Renders the figures of a run as markdown tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.quality.document import SETS, Document
from benchmarks.quality.mos import FIGURES

HEADS = {
    "dnsmos_ovrl": "DNSMOS OVRL",
    "dnsmos_sig": "SIG",
    "dnsmos_bak": "BAK",
    "dnsmos_p808": "P.808",
    "distill_mos": "Distill-MOS",
}
FAILURE_MODES = ("empty", "truncated", "repeated")


def markdown(document: Document) -> str:
    """Returns a table per set of sentences; what could not be measured is named with the reason."""
    blocks = []
    for name, title in SETS.items():
        count = document["sentences"][name]["count"]
        if count:
            blocks.append(f"{title} ({count}):\n\n{table(document['systems'], name)}")
    blocks += [f"MOS predictor missing: {reason}\n" for reason in document["predictors_missing"]]
    return "\n".join(blocks)


def table(systems: Mapping[str, Document], set_name: str) -> str:
    """Returns the table of all systems over one set of sentences, each value with its interval."""
    heads = ["system", "n", "WER %", "CER %", *HEADS.values(), *FAILURE_MODES]
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
    figures = [figure(scores["predicted_mos"].get(name), 1.0, 2) for name in FIGURES]
    failure_modes = [str(scores[name]) for name in FAILURE_MODES]
    rates = [figure(scores["wer"], 100.0, 1), figure(scores["cer"], 100.0, 1)]
    return [str(scores["wer"]["count"]), *rates, *figures, *failure_modes]


def figure(score: Mapping[str, float] | None, factor: float, digits: int) -> str:
    """Returns a value with its 95 % interval; a dash where there is no score."""
    if score is None:
        return "–"
    value, low, high = (f"{score[key] * factor:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} ({low}–{high})"
