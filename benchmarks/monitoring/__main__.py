"""``python -m benchmarks.monitoring``: asks every query, rule and alert after a load run."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from benchmarks.monitoring.load_generator import LoadGenerator, long_text, write_voices
from benchmarks.monitoring.prometheus import Prometheus, scraping
from benchmarks.monitoring.queries import (
    alert_queries,
    panel_queries,
    record_queries,
    scaling_query,
    variables,
)
from cli.stack import Stack
from core.errors import Unavailable
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.webhooks import RedisWebhookEndpoints

BACKLOG_SENTENCES = 500
SCALING_BAND = (0.5, 2.0)
"""Work that the scaler saw / work that it was: beyond this it would start half or twice as many."""
LIMIT_SECONDS = 300.0
QUIET = (
    "Messages that wait",
    "Oldest message",
    "Backlog of speech",
    "Time to empty",
    "Webhooks overdue",
)
"""Panels that rightly show 0 when all is done; every other one has something to show."""


@dataclass(frozen=True, slots=True)
class Row:
    """The result of one query.

    Attributes:
        place: panel, rule or alert that asks it.
        query: PromQL.
        figures: finite values, one per series.
        error: why Prometheus refused it; empty when it did not.
    """

    place: str
    query: str
    figures: list[float]
    error: str = ""

    @property
    def good(self) -> bool:
        """Whether it returned values, and a panel shows what the load provoked."""
        panel = self.place.split(" / ")[1] if self.place.startswith("Rhapsode: ") else None
        may_be_nothing = panel is None or panel in QUIET
        return bool(self.figures) and (may_be_nothing or max(self.figures) > 0)


def main(arguments: Sequence[str] | None = None) -> int:
    """Starts service and Prometheus, loads the service, then asks every query.

    Returns:
        Exit status: 0, or 1 where a query is empty or refused, or the scaler is wrong.
    """
    options = _parser().parse_args(arguments)
    console = Console(stderr=True)
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        voices = write_voices(folder / "voices")
        environment = {
            **os.environ,
            "RHAPSODE_VOICES": str(voices),
            "RHAPSODE_SHIPPED_VOICES": "false",
            "RHAPSODE_BEAT_SECONDS": "2",  # a death is noticed soon
            "RHAPSODE_WEBHOOK_NETWORKS": "127.0.0.0/8",
        }
        stack = opened.enter_context(Stack(folder / "data", environment=environment))
        prometheus = opened.enter_context(scraping(stack.url, folder / "prometheus"))
        http = opened.enter_context(httpx.Client(base_url=stack.url, timeout=90, trust_env=False))
        load = LoadGenerator(stack, http)
        # A receiver that wants no webhook (405): attempts, and deliveries that wait for the next.
        endpoints = RedisWebhookEndpoints(open_redis(stack.redis_url))
        endpoints.add(f"{stack.url}/healthz", time.time())
        console.print("a backlog …")
        load.ended([load.submit(text=long_text(BACKLOG_SENTENCES, "the first"), lane="bulk")])
        ratio = _scaling(prometheus, load)
        console.print("load …")
        states = _work(load, options.jobs)
        _scraped(prometheus)
        rows = _all_rows(prometheus)
        health = _unhealthy(prometheus)
    _print(rows, states, ratio, health)
    low, high = SCALING_BAND
    return 0 if all(row.good for row in rows) and low < ratio < high and not health else 1


def _work(load: LoadGenerator, jobs: int) -> dict[str, int]:
    """Runs a first round, so that counters exist when they rise, then load of every kind."""
    load.jobs(8)
    load.refused()
    load.failed(1)
    killed = load.killed(long_text(120, "the one whose speaker is killed"))
    ended = [*load.jobs(jobs), *load.failed(2), killed]
    load.reused(3)
    load.refused()
    states: dict[str, int] = {}
    for job in ended:
        states[job["state"]] = states.get(job["state"], 0) + 1
    return states


def _scraped(prometheus: Prometheus) -> None:
    """Waits until the last events are scraped and the rules have been evaluated."""
    last = max(prometheus.times("tts_ready"))
    _until(lambda: max(prometheus.times("tts_ready")) > last + 3)


def _all_rows(prometheus: Prometheus) -> list[Row]:
    """Asks all queries with the variables at All, then each at a value that it offers."""
    rows = _rows(prometheus, panel_queries({}) | record_queries() | alert_queries())
    chosen = {name: _offered(prometheus, name, metric) for name, metric in variables().items()}
    values = ", ".join(f"{name}={value}" for name, value in chosen.items())
    at_all = panel_queries({})
    own = {p: q for p, q in panel_queries(chosen).items() if q != at_all[p]}
    rows += _rows(prometheus, {f"{place} ({values})": query for place, query in own.items()})
    return rows + _rows(prometheus, {"KEDA": scaling_query()})


def _offered(prometheus: Prometheus, name: str, metric: str) -> str:
    """Returns a value of a variable: ``interactive`` where it is offered, else the first."""
    values = prometheus.ask(f"/label/{name}/values", **{"match[]": metric})
    return "interactive" if "interactive" in values else str(values[0])


def _rows(prometheus: Prometheus, queries: Mapping[str, str]) -> list[Row]:
    return [_row(prometheus, place, query) for place, query in queries.items()]


def _row(prometheus: Prometheus, place: str, query: str) -> Row:
    try:
        return Row(place, query, prometheus.figures(query))
    except Unavailable as error:
        return Row(place, query, [], error.message)


def _scaling(prometheus: Prometheus, load: LoadGenerator) -> float:
    """Returns the seconds of work that KEDA's query estimates / those that the work then took."""
    busy = "sum(tts_worker_busy_seconds_total)"
    before = sum(prometheus.figures(busy))
    job = load.submit(text=long_text(BACKLOG_SENTENCES, "the backlog"), lane="bulk")
    seen = 0.0

    def finished() -> bool:
        nonlocal seen
        seen = max(seen, sum(prometheus.figures(scaling_query())))
        return bool(load.get(job)["finished_at"])

    _until(finished)
    _until(lambda: not sum(prometheus.figures("tts:backlog_audio_seconds")))
    return seen / (sum(prometheus.figures(busy)) - before)


def _unhealthy(prometheus: Prometheus) -> list[str]:
    """Returns the names of rules that Prometheus could not evaluate."""
    groups = prometheus.ask("/rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    return [rule["name"] for rule in rules if rule["health"] != "ok"]


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.1)


def _print(rows: list[Row], states: dict[str, int], ratio: float, health: list[str]) -> None:
    print("| where | series | from | to |\n|---|---|---|---|")
    for row in rows:
        low, high = min(row.figures, default=0.0), max(row.figures, default=0.0)
        wrong = row.error or ("nothing but 0" if row.figures else "empty")
        cells = f"{low:.4g} | {high:.4g}" if row.good else f"**{wrong}** | {row.query}"
        print(f"| {row.place} | {len(row.figures)} | {cells} |")
    empty = [row for row in rows if not row.good]
    jobs = ", ".join(f"{count} {state}" for state, count in states.items())
    print(f"\njobs: {jobs}; {len(rows)} queries: {len(empty)} empty, refused or 0")
    print(f"rules that fail: {', '.join(health) or 'none'}")
    print(f"work that the scaler saw / work that it was: {ratio:.2f}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.monitoring", description=__doc__)
    parser.add_argument(
        "--jobs", type=int, default=300, help="of all kinds, beside those that fail"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
