"""Regression bands: how far a score may move before somebody has to look.

A band is the 95 % bootstrap interval of the run it was made from. The sentences are the same in
every run, so a score that leaves it has moved further than other sentences would have moved it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.quality.document import Document, same_sentences
from benchmarks.quality.table import FAILURE_MODES

BETTER_LOW = ("wer", "cer", *FAILURE_MODES)
"""Scores of which less is better; of all others more is better."""
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of comparing one score with its band.

    Attributes:
        system: row of the table.
        score: ``set/name``; empty when it is about the whole system.
        state: ``ok``, ``better``, ``worse``, ``missing`` or ``no band``.
        detail: measured value and band, for a reader.
    """

    system: str
    score: str
    state: str
    detail: str

    @property
    def fails(self) -> bool:
        """Whether the check must fail."""
        return self.state not in ("ok", "better")


def make_bands(document: Document) -> Document:
    """Returns centre and allowed band of every score of a run.

    Args:
        document: of the run; systems that were not measured get no band.
    """
    measured = {n: s for n, s in document["systems"].items() if "missing" not in s}
    systems = {name: dict(_bands_of(system)) for name, system in measured.items()}
    return {"date": document["date"], "sentences": document["sentences"], "systems": systems}


def _bands_of(system: Document) -> Iterator[tuple[str, Document]]:
    for score, (value, low, high) in _scores_of(system).items():
        yield score, {"centre": round(value, 6), "low": round(low, 6), "high": round(high, 6)}


def check(document: Document, bands: Document) -> list[Verdict]:
    """Compares a run with bands.

    Args:
        document: of the run.
        bands: of ``make_bands``.

    Returns:
        A verdict per band, and one per system or score that has none.

    Raises:
        DifferentSentences: the bands are for other sentences.
    """
    same_sentences(document, bands)
    verdicts: list[Verdict] = []
    for name in {**bands["systems"], **document["systems"]}:
        allowed, system = bands["systems"].get(name), document["systems"].get(name)
        verdicts += _check_system(name, system, allowed)
    return verdicts


def _check_system(name: str, system: Document | None, allowed: Document | None) -> list[Verdict]:
    if allowed is None:
        return [Verdict(name, "", "no band", "measured, but the bands do not know it")]
    if system is None or "missing" in system:
        return [Verdict(name, "", "missing", (system or {}).get("missing", "not in this run"))]
    scores = _scores_of(system)
    unknown = [
        Verdict(name, s, "no band", f"{scores[s][0]:.4g}") for s in scores if s not in allowed
    ]
    return [
        _verdict(name, score, scores.get(score), band) for score, band in allowed.items()
    ] + unknown


def _verdict(
    name: str, score: str, found: tuple[float, float, float] | None, band: Mapping[str, float]
) -> Verdict:
    edges = f"{band['low']:.4g}–{band['high']:.4g} around {band['centre']:.4g}"
    if found is None:
        return Verdict(name, score, "missing", f"no such score; band {edges}")
    value, less_is_better = round(found[0], 6), score.split("/")[1] in BETTER_LOW
    above, below = value > band["high"] + ROUNDING, value < band["low"] - ROUNDING
    state = "ok"
    if above or below:
        state = "worse" if above == less_is_better else "better"
    return Verdict(name, score, state, f"{value:.4g}; band {edges}")


def _scores_of(system: Document) -> dict[str, tuple[float, float, float]]:
    """``set/name`` → value and its interval; a count of failures has no interval."""
    found: dict[str, tuple[float, float, float]] = {}
    for set_name, scores in system["sets"].items():
        figures: dict[str, Any] = {
            "wer": scores["wer"],
            "cer": scores["cer"],
            **scores["predicted_mos"],
        }
        for name, figure in figures.items():
            found[f"{set_name}/{name}"] = (figure["value"], figure["low"], figure["high"])
        for name in FAILURE_MODES:
            found[f"{set_name}/{name}"] = (scores[name],) * 3
    return found
