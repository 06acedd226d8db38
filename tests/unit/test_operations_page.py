"""Code, page, dashboards and rules name the same metrics, settings and alerts."""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

import api.settings
import workers.metrics
import workers.settings
from api.metrics import CurrentState
from core.settings import variable_of
from jobs.progress import Backlog
from k8s.generate import MONITORING, generated

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
ALERTS = yaml.safe_load((MONITORING / "rules" / "alerts.yaml").read_text("utf-8"))
RECORDING = yaml.safe_load((MONITORING / "rules" / "recording.yaml").read_text("utf-8"))
SERIES = re.compile(r"\btts_[a-z0-9_]+")
RECORD = re.compile(r"\btts:[a-z0-9_:]+")
Metric = tuple[str, str, str]
"""Type, labels, help."""


def metrics_of_code() -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    for collector in list(REGISTRY._collector_to_names):
        if isinstance(collector, MetricWrapperBase) and collector._name.startswith("tts_"):
            name = collector._name + ("_total" if collector._type == "counter" else "")
            labels = ", ".join(collector._labelnames)
            assert collector._type is not None
            found[name] = (collector._type, labels, collector._documentation)
    for family in CurrentState(quiet_backends()).collect():
        labels = ", ".join(family.samples[0].labels)
        found[family.name] = (family.type, labels, family.documentation)
    return found


def quiet_backends() -> Any:
    store = SimpleNamespace(
        records=SimpleNamespace(ping=lambda: None),
        workers=SimpleNamespace(alive=lambda now: ()),
    )
    return SimpleNamespace(
        store=store,
        queue=SimpleNamespace(depths=lambda: {"bulk": 0}, ages=lambda now: {"bulk": 0.0}),
        backlog=SimpleNamespace(backlog=Backlog),
        deliveries=SimpleNamespace(waiting=lambda now: (0, 0.0)),
        catalogue=SimpleNamespace(voices={}),
        now=lambda: 0.0,
    )


def rows(heading: str) -> list[list[str]]:
    """Cells of the first table after a heading of the page."""
    table = re.search(rf"^#+ {heading}\n.*?\n\n?(\|.*?)\n\n", PAGE, re.S | re.M)
    assert table, heading
    lines = table[1].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def queries_of_dashboards() -> list[str]:
    found = []
    for path in sorted((MONITORING / "dashboards").glob("*.json")):
        board = json.loads(path.read_text("utf-8"))
        found += [t["expr"] for panel in board["panels"] for t in panel.get("targets", ())]
        found += [v["query"]["query"] for v in board["templating"]["list"] if v["type"] == "query"]
    return found


def rules_of(document: Any) -> list[Any]:
    return [rule for group in document["groups"] for rule in group["rules"]]


def series_of_code() -> set[str]:
    names = set()
    for name, (kind, _, _) in metrics_of_code().items():
        parts = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        names |= {name + part for part in parts}
    return names


def test_the_page_has_every_metric_as_the_code_has_it() -> None:
    page = {name.strip("`"): (kind, labels, text) for name, kind, labels, text in rows("Metrics")}
    assert page == metrics_of_code()


def test_every_kind_of_anomaly_begins_at_nothing() -> None:
    sources = "".join(p.read_text("utf-8") for p in (ROOT / "synthesis").rglob("*.py"))
    kinds = set(re.findall(r'"(anomaly_[a-z_]+)"', sources)) - {"anomaly_retried"}  # a notice alone
    assert set(workers.metrics.ANOMALY_KINDS) == kinds


def test_queries_name_series_that_exist() -> None:
    known, records = series_of_code(), {rule["record"] for rule in rules_of(RECORDING)}
    queries = queries_of_dashboards()
    queries += [rule["expr"] for rule in rules_of(RECORDING) + rules_of(ALERTS)]
    queries += scaling_queries()
    for query in queries:
        assert set(SERIES.findall(query)) <= known, query
        assert set(RECORD.findall(query)) <= records, query


def scaling_queries() -> list[str]:
    text = (MONITORING / "scaling.yaml").read_text("utf-8")
    return [
        trigger["metadata"]["query"]
        for document in yaml.safe_load_all(text)
        for trigger in document["spec"]["triggers"]
    ]


def test_every_metric_is_on_a_dashboard() -> None:
    """Directly, or by a recording rule that a dashboard shows."""
    queries = " ".join(queries_of_dashboards())
    for rule in rules_of(RECORDING):
        if rule["record"] in queries:
            queries += rule["expr"]
    shown = set(SERIES.findall(queries))
    for name, (kind, _, _) in metrics_of_code().items():
        parts = {name} | (
            {f"{name}_{p}" for p in ("bucket", "sum")} if kind == "histogram" else set()
        )
        assert parts & shown, f"no dashboard shows {name}"


@pytest.mark.parametrize("label", ["acoustic", "vocoder", "runtime", "queue"])
def test_variables_are_labels_of_the_metric_they_ask(label: str) -> None:
    from k8s.panels import FILTERS

    assert label in metrics_of_code()[FILTERS[label]][1].split(", ")


def test_the_page_has_every_setting_with_its_default() -> None:
    code: dict[str, tuple[set[str], str]] = {}
    for kind, reader in (
        (api.settings.ApiSettings, "api"),
        (workers.settings.WorkerSettings, "worker"),
    ):
        for field in dataclasses.fields(kind):
            name = variable_of(field)
            readers, _ = code.setdefault(name, (set(), ""))
            default = "none" if field.default in (None, (), "") else f"`{field.default}`"
            if field.default is dataclasses.MISSING:
                default = "the user's"
            code[name] = (readers | {reader}, default)
    page = {
        name.strip("`"): (set(readers.split(", ")), default)
        for name, readers, default, _ in rows("Settings")
    }
    assert page == code


def test_limits_on_the_page_are_those_of_the_code() -> None:
    for what, limit, constant in rows("Limits"):
        module, _, name = constant.strip("`").rpartition(".")
        assert limit == str(getattr(importlib.import_module(module), name)), what


def test_every_record_stands_on_the_page() -> None:
    assert [name.strip("`") for name, _ in rows("Recording rules")] == [
        rule["record"] for rule in rules_of(RECORDING)
    ]


def test_every_alert_has_a_runbook_entry_and_every_entry_an_alert() -> None:
    section = PAGE.split("## Alerts\n")[1].split("\n## ")[0]
    entries = re.findall(r"^### (\w+)\n\S", section, re.M)
    assert entries == [rule["alert"] for rule in rules_of(ALERTS)]
    for rule in rules_of(ALERTS):
        assert rule["labels"]["severity"] in ("page", "ticket")
        anchor = f"docs/operations.md#{rule['alert'].lower()}"
        assert rule["annotations"]["runbook"] == anchor


def test_every_alert_fires_in_a_promtool_test() -> None:
    cases = yaml.safe_load((MONITORING / "rules" / "tests.yaml").read_text("utf-8"))["tests"]
    fired = {
        test["alertname"]
        for case in cases
        for test in case.get("alert_rule_test", ())
        if test["exp_alerts"]
    }
    assert fired == {rule["alert"] for rule in rules_of(ALERTS)}


def test_committed_files_are_what_the_generator_writes() -> None:
    for path, text in generated().items():
        assert path.read_text("utf-8") == text, f"run python -m k8s.generate ({path.name})"
    assert set((MONITORING / "dashboards").glob("*.json")) <= set(generated())
