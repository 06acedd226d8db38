"""Timings as a markdown table."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.speed.timing import Timing

STAGES = ("text", "acoustic", "vocoder", "encode")
PEER = "piper"


def markdown(
    timings: Mapping[str, Timing], missing: Mapping[str, str], machine: Mapping[str, object]
) -> str:
    """A row per case; the ratio is to the first Piper row of the same run."""
    peer = next((t for name, t in timings.items() if name.startswith(PEER)), None)
    stages = [f"{stage} rtf" for stage in STAGES]
    heads = ["system", "× RT", "rtf", "× Piper", *stages, "cold s", "peak MB"]
    lines = [
        ", ".join(f"{key} {value}" for key, value in machine.items()) + ".",
        "",
        "| " + " | ".join(heads) + " |",
        "|" + "---|" * len(heads),
    ]
    lines += ["| " + " | ".join([name, *_cells(t, peer)]) + " |" for name, t in timings.items()]
    lines += [f"| {name} | not timed: {why} |" + " |" * 8 for name, why in missing.items()]
    return "\n".join(lines) + "\n"


def _cells(timing: Timing, peer: Timing | None) -> list[str]:
    low, high = min(timing.speedups), max(timing.speedups)
    stages = [timing.stage_rtf.get(stage) for stage in STAGES]
    return [
        f"{timing.speedup:.1f} ({low:.1f}–{high:.1f})",
        f"{1 / timing.speedup:.4f}",
        f"{timing.speedup / peer.speedup:.2f}" if peer else "–",
        *["–" if rtf is None else f"{rtf:.4f}" for rtf in stages],
        f"{timing.cold_seconds:.1f}",
        f"{timing.peak_bytes / 1e6:.0f}",
    ]
