"""Collects every query of dashboards, rules and scaling, by its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from k8s.generate import MONITORING

WINDOW = "1m"
"""In place of ``$__rate_interval``: four scrapes of production, a minute of the load run."""
_THRESHOLD = re.compile(r"\s*(?:==|>|<)\s*[\d.]+(?:\s*\*\s*[\d.]+)?$")


def boards() -> Iterator[dict[str, Any]]:
    """Yields the committed dashboards."""
    for path in sorted((MONITORING / "dashboards").glob("*.json")):
        yield json.loads(path.read_text("utf-8"))


def variables() -> dict[str, str]:
    """Returns the dashboards' variables, each with the metric whose label it offers."""
    found = {}
    for board in boards():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                metric = variable["query"]["query"].removeprefix("label_values(").split(",")[0]
                found[variable["name"]] = metric
    return found


def panel_queries(chosen: Mapping[str, str]) -> dict[str, str]:
    """Returns the queries of all panels, as Grafana sends them.

    Args:
        chosen: values of variables; those left out stand at All.
    """
    found = {}
    for board in boards():
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                query = target["expr"].replace("$__rate_interval", WINDOW)
                for variable in board["templating"]["list"]:
                    name = variable["name"]
                    value = chosen.get(name, variable.get("allValue", ""))
                    query = query.replace(f"${name}", value)
                found[f"{board['title']} / {panel['title']} / {target['refId']}"] = query
    return found


def record_queries() -> dict[str, str]:
    """Returns the name and the expression of every recording rule."""
    found = {}
    for rule in _rules("recording"):
        found[f"record {rule['record']}"] = rule["record"]
        found[f"expression of {rule['record']}"] = rule["expr"]
    return found


def alert_queries() -> dict[str, str]:
    """Returns the expressions of all alerts without thresholds: a quiet alert returns no series."""
    found = {}
    for rule in _rules("alerts"):
        for index, side in enumerate(sides(rule["expr"])):
            found[f"alert {rule['alert']} / {index + 1}"] = side
    return found


def sides(alert: str) -> list[str]:
    """Returns the expressions of an alert without their thresholds.

    >>> sides("a > 14.4 * 0.01 and b > 3"), sides("absent(c)")
    (['a', 'b'], ['c'])
    """
    parts = re.split(r"\s+(?:and|unless)\s+", alert.strip())
    return [re.sub(r"^absent\((.*)\)$", r"\1", _THRESHOLD.sub("", part)) for part in parts]


def scaling_query() -> str:
    """Returns the query that KEDA asks."""
    (scaled,) = yaml.safe_load_all((MONITORING / "scaling.yaml").read_text("utf-8"))
    return str(scaled["spec"]["triggers"][0]["metadata"]["query"])


def _rules(name: str) -> Iterator[dict[str, str]]:
    document = yaml.safe_load((MONITORING / "rules" / f"{name}.yaml").read_text("utf-8"))
    for group in document["groups"]:
        yield from group["rules"]
