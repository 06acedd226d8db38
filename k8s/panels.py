"""Grafana's dashboard model, as much of it as is used here, in plain dictionaries.

Source: grafana/grafana kinds/dashboard/dashboard_kind.cue (schemaVersion 39).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

Json = dict[str, Any]
Kind = Literal["timeseries", "stat", "heatmap", "bargauge"]
SCHEMA_VERSION = 39
COLUMNS = 24
"""Width of Grafana's grid."""
SOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
FILTERS = {
    "acoustic": "tts_audio_seconds_total",
    "vocoder": "tts_audio_seconds_total",
    "runtime": "tts_audio_seconds_total",
    "queue": "tts_queue_depth",
}
"""Variables, each a label, and the metric whose values of that label are offered."""


@dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes:
        title: what is seen.
        unit: Grafana's name of the unit (s, percentunit, short, bytes, none).
        queries: (PromQL, legend) pairs.
        tells: what it means and what to do when it is bad.
        kind: how it is drawn.
        steps: (from value, colour) thresholds; the first colour holds below all.
        width: in 24ths.
        traces: TraceQL of the traces behind a point, which the panel links to; its queries show
            exemplars. None: it has no link.
    """

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    tells: str
    kind: Kind = "timeseries"
    steps: tuple[tuple[float, str], ...] = ()
    width: int = 12
    traces: str | None = None


@dataclass(frozen=True)
class Dashboard:
    """Panels in rows; a file ``<uid>.json``.

    Attributes:
        rows: (title, panels) pairs.
        filters: names out of ``FILTERS``.
    """

    uid: str
    title: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]
    filters: tuple[str, ...] = ()


def dashboard_json(board: Dashboard) -> Json:
    """The model that Grafana loads from a file."""
    return {
        "uid": board.uid,
        "title": board.title,
        "tags": ["rhapsode"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "graphTooltip": 1,
        "links": [
            {
                "type": "dashboards",
                "title": "Rhapsode",
                "tags": ["rhapsode"],
                "asDropdown": True,
                "keepTime": True,
            }
        ],
        "templating": {"list": [*_sources(board), *(_filter(name) for name in board.filters)]},
        "panels": _placed(board.rows),
    }


def _sources(board: Dashboard) -> list[Json]:
    """Returns the choice of Prometheus, and that of Tempo where a panel links to traces."""
    metrics = {"name": "datasource", "label": "Source", "query": "prometheus"}
    traces = {"name": "traces", "label": "Traces", "query": "tempo"}
    linked = any(panel.traces for _, panels in board.rows for panel in panels)
    return [{**one, "type": "datasource"} for one in (metrics, *([traces] if linked else ()))]


def _links(panel: Panel) -> list[Json]:
    """Returns the link from a point to its traces: Grafana's Explore with a search of Tempo.

    Source: Grafana documentation, "Explore: generating Explore URLs from external tools"
    (schemaVersion 1, panes) and "Configure data links" (the variables).
    """
    if panel.traces is None:
        return []
    source: Json = {"type": "tempo", "uid": "${traces}"}
    query = {"refId": "A", "datasource": source, "queryType": "traceql", "query": panel.traces}
    pane = {
        "datasource": "${traces}",
        "queries": [query],
        "range": {"from": "${__from}", "to": "${__to}"},
    }
    panes = quote(json.dumps({"traces": pane}), safe="${}._")
    url = f"/explore?schemaVersion=1&panes={panes}"
    return [{"title": "Traces that took longer", "url": url, "targetBlank": True}]


def _filter(label: str) -> Json:
    query = f"label_values({FILTERS[label]}, {label})"
    return {
        "name": label,
        "label": label.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": label},
        "refresh": 2,  # whenever the time range changes
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _placed(rows: Sequence[tuple[str, Sequence[Panel]]]) -> list[Json]:
    found: list[Json] = []
    y = 0
    for title, panels in rows:
        found.append({"id": len(found) + 1, "type": "row", "title": title, **_place(0, y, 24, 1)})
        x, y = 0, y + 1
        height = 0
        for panel in panels:
            if x + panel.width > COLUMNS:
                x, y = 0, y + height
            height = 4 if panel.kind == "stat" else 8
            place = _place(x, y, panel.width, height)
            found.append({"id": len(found) + 1, **_panel(panel), **place})
            x += panel.width
        y += height
    return found


def _place(x: int, y: int, width: int, height: int) -> Json:
    return {"gridPos": {"x": x, "y": y, "w": width, "h": height}}


def _panel(panel: Panel) -> Json:
    base: list[Json] = [{"color": "green", "value": None}]
    steps = base + [{"color": color, "value": value} for value, color in panel.steps]
    heat = panel.kind == "heatmap"
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.tells,
        "datasource": SOURCE,
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "expr": query,
                "legendFormat": legend,
                "format": "heatmap" if heat else "time_series",
                **({"exemplar": True} if panel.traces else {}),
            }
            for index, (query, legend) in enumerate(panel.queries)
        ],
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "thresholds": {"mode": "absolute", "steps": steps},
                "custom": {"thresholdsStyle": {"mode": "line" if panel.steps else "off"}}
                if panel.kind == "timeseries"
                else {},
                **({"links": links} if (links := _links(panel)) else {}),
            },
            "overrides": [],
        },
        "options": {"calculate": False, "yAxis": {"unit": panel.unit}} if heat else {},
    }
