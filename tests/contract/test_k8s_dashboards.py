"""Dashboards as Grafana's own types read them, and each panel's unit as its metrics have it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from k8s.generate import MONITORING
from tests.promql_units import Unit, unit_of

BOARDS = sorted((MONITORING / "dashboards").glob("*.json"))
UNITS = {
    "s": Unit(s=1),
    "bytes": Unit(b=1),
    "none": Unit(),
    "short": Unit(),
    "percentunit": Unit(),
    "suffix: × real time": Unit(),
    "reqps": Unit(s=-1),
    "cps": Unit(s=-1),
}
"""What each unit of Grafana stands for."""
Json = dict[str, Any]


def records() -> dict[str, str]:
    document = yaml.safe_load((MONITORING / "rules" / "recording.yaml").read_text("utf-8"))
    return {r["record"]: r["expr"] for group in document["groups"] for r in group["rules"]}


def boards() -> Iterator[Json]:
    for path in BOARDS:
        yield json.loads(path.read_text("utf-8"))


def panels() -> list[Any]:
    return [
        pytest.param(panel, id=f"{board['title']}: {panel['title']}")
        for board in boards()
        for panel in board["panels"]
        if panel["type"] != "row"
    ]


def lost(ours: Any, theirs: Any, place: str = "") -> Iterator[str]:
    """What the types did not take as we wrote it."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key not in theirs:
                yield f"{place}.{key}: unknown"
            else:
                yield from lost(value, theirs[key], f"{place}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from lost(one, other, f"{place}[{index}]")
    elif ours != theirs:
        yield f"{place}: {ours!r} is read as {theirs!r}"


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_grafanas_types_read_every_field(path: Any) -> None:
    """Source: grafana-foundation-sdk, made from Grafana's own schemas."""
    register_default_plugins()
    ours = json.loads(path.read_text("utf-8"))
    theirs = json.loads(JSONEncoder().encode(Dashboard.from_json(ours)))
    assert list(lost(ours, theirs)) == []


def test_an_invented_field_is_noticed() -> None:
    """The types are awake."""
    ours = json.loads(BOARDS[0].read_text("utf-8")) | {"colour": "red"}
    theirs = json.loads(JSONEncoder().encode(Dashboard.from_json(ours)))
    assert list(lost(ours, theirs)) == [".colour: unknown"]


def test_panels_fill_their_rows_without_overlap() -> None:
    for board in boards():
        taken: set[tuple[int, int]] = set()
        for panel in board["panels"]:
            at = panel["gridPos"]
            assert at["x"] + at["w"] <= 24
            cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
            assert not cells & taken, panel["title"]
            taken |= cells


@pytest.mark.parametrize("panel", panels())
def test_the_unit_is_that_of_the_metrics(panel: Json) -> None:
    shown = panel["fieldConfig"]["defaults"]["unit"]
    known = {value for name, value in vars(units).items() if name.isupper() or name[0].isupper()}
    assert shown in known or shown == "none" or shown.startswith("suffix:"), "Grafana knows no such"
    for target in panel["targets"]:
        query = target["expr"].replace("$__rate_interval", "1m")
        found = unit_of(query, records())
        if panel["type"] == "heatmap":  # cells count per second; the axis has the metric's unit
            found = found.over(Unit(s=-1))
        assert found == UNITS[shown], query
        # A share is shown as one.
        assert ("_ratio_" in query and "ratio_rate" not in query) <= (shown == "percentunit")


def linked_panels() -> list[Json]:
    panels = [panel for board in boards() for panel in board["panels"]]
    return [p for p in panels if p.get("fieldConfig", {}).get("defaults", {}).get("links")]


def test_points_link_to_the_traces_that_took_longer() -> None:
    linked = linked_panels()
    assert [panel["title"] for panel in linked] == ["Job time", "Queue wait", "Stage time p95"]
    for panel in linked:
        (link,) = panel["fieldConfig"]["defaults"]["links"]
        address = urlsplit(link["url"])
        (panes,) = parse_qs(address.query)["panes"]
        (pane,) = json.loads(panes).values()
        (query,) = pane["queries"]
        assert (address.path, query["queryType"]) == ("/explore", "traceql")
        assert pane["datasource"] == query["datasource"]["uid"] == "${traces}"
        assert query["query"].startswith('{ resource.service.namespace = "rhapsode"')
        assert "> ${__value.raw}s }" in query["query"]
        assert all(target["exemplar"] for target in panel["targets"])


def test_a_board_with_links_lets_the_source_of_traces_be_chosen() -> None:
    for board in boards():
        names = [variable["name"] for variable in board["templating"]["list"]]
        assert ("traces" in names) == any(p in board["panels"] for p in linked_panels())
