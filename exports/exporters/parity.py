"""How exact an artifact is: the float32 network in eager against the opened artifact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch

from core.errors import ArtifactError
from core.graphs import GraphSpec
from core.protocols import Array, Graph
from exports.manifest import ArtifactManifest, ParityFigure

# (batch, size, seed); none is the traced shape, so a baked-in axis shows.
SHAPES = ((1, 40, 1), (3, 17, 2))
FLOAT32_BAR = 1e-3
"""A float32 export that differs by more is refused: another graph, not rounding."""


def measure_parity(
    specs: Iterable[GraphSpec], graphs: Mapping[str, Graph]
) -> tuple[ParityFigure, ...]:
    """Per graph and output the difference over all shapes."""
    return tuple(figure for spec in specs for figure in _graph_figures(spec, graphs[spec.name]))


def require_parity(figures: Iterable[ParityFigure], what: str) -> None:
    """Refuses a float32 export that computes something else.

    Integers are frames: one frame more or less is a rounding edge.

    Raises:
        ArtifactError: names the outputs.
    """
    wrong = [
        f"{f.graph}.{f.output} |Δ| {f.max_abs:.1e}"
        for f in figures
        if not f.shapes_equal
        or not f.max_abs <= (1 if f.output == "durations" else FLOAT32_BAR * max(1.0, f.scale))
    ]
    if wrong:
        raise ArtifactError(f"{what} differs from the network: {', '.join(wrong)}", code="parity")


def parity_table(manifests: Sequence[ArtifactManifest]) -> str:
    """The report as text, one line per output."""
    lines = [
        f"{'component':24} {'runtime':12} {'prec':5} {'output':22} {'max|Δ|':>9} {'rms Δ':>9} "
        f"{'rms':>9} shapes"
    ]
    lines += [
        f"{m.component:24} {m.runtime:12} {m.precision:5} {f.graph + '.' + f.output:22} "
        f"{f.max_abs:9.2e} {f.rms:9.2e} {f.scale:9.2e} {'equal' if f.shapes_equal else 'DIFFER'}"
        for m in manifests
        for f in m.parity
    ]
    return "\n".join(lines)


def _graph_figures(spec: GraphSpec, graph: Graph) -> list[ParityFigure]:
    pairs: dict[str, list[tuple[Array, Array]]] = {name: [] for name in spec.outputs}
    for shape in SHAPES:
        example = spec.example(*shape)
        with torch.inference_mode():
            output = spec.module(*example)
        wanted = (output,) if isinstance(output, torch.Tensor) else output
        got = graph(*(tensor.numpy() for tensor in example))
        for name, left, right in zip(spec.outputs, wanted, got, strict=True):
            pairs[name].append((left.numpy(), right))
    return [_figure(spec.name, name, found) for name, found in pairs.items()]


def _figure(graph: str, output: str, pairs: list[tuple[Array, Array]]) -> ParityFigure:
    equal = all(a.shape == b.shape for a, b in pairs)
    wanted = np.concatenate([a.ravel() for a, _ in pairs]).astype(np.float64)
    if not equal:
        return ParityFigure(graph, output, float("inf"), float("inf"), _rms(wanted), False)
    delta = np.concatenate([b.ravel() for _, b in pairs]).astype(np.float64) - wanted
    return ParityFigure(
        graph, output, float(np.abs(delta).max(initial=0)), _rms(delta), _rms(wanted), True
    )


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else 0.0
