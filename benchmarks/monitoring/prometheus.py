"""A real Prometheus with the committed rules, scraping one service every second."""

from __future__ import annotations

import math
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from core.child_process import die_with_parent
from core.errors import Unavailable
from jobs.redis_backend.server import free_port
from k8s.generate import MONITORING

START_SECONDS = 60.0
INTERVAL = "1s"
"""Of scrapes and rules: a load run lasts a minute, not days."""


def find_prometheus() -> str | None:
    """The program; None: it is not installed."""
    return shutil.which("prometheus")


class Prometheus:
    """Asks one.

    Args:
        http: a client of its API.
    """

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer.

        Raises:
            Unavailable: it refuses the question; the message says why.
        """
        answer = self.http.get(path, params=parameters).json()
        if answer["status"] != "success":
            raise Unavailable(f"{parameters}: {answer.get('error')}", code="prometheus")
        return answer["data"]

    def figures(self, query: str) -> list[float]:
        """The finite values that an expression has now, one per series. Raises Unavailable."""
        result = self.ask("/query", query=query)["result"]
        values = (float(sample["value"][1]) for sample in result)
        return [value for value in values if math.isfinite(value)]

    def times(self, query: str) -> list[float]:
        """When each series was scraped last [Unix s]."""
        result = self.ask("/query", query=f"timestamp({query})")["result"]
        return [float(sample["value"][1]) for sample in result]

    def answers(self) -> bool:
        """Whether it is up."""
        try:
            return self.http.get("/status/buildinfo").is_success
        except httpx.TransportError:
            return False


@contextmanager
def scraping(url: str, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that scrapes the service at the url until the end of the block.

    Args:
        url: of the API.
        folder: of its data; made.

    Raises:
        Unavailable: it is not installed, or does not start.
    """
    program = find_prometheus()
    if program is None:
        raise Unavailable("no prometheus: apt install prometheus", code="no_prometheus")
    folder.mkdir(parents=True, exist_ok=True)
    config, port = folder / "prometheus.yml", free_port()
    config.write_text(yaml.safe_dump(_config(url)), "utf-8")
    words = [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
    words.append(f"--web.listen-address=127.0.0.1:{port}")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, preexec_fn=die_with_parent)
    base = f"http://127.0.0.1:{port}/api/v1"
    try:
        with httpx.Client(base_url=base, timeout=10, trust_env=False) as client:
            yield _started(Prometheus(client), folder)
    finally:
        process.terminate()
        process.wait(30)


def _config(url: str) -> dict[str, Any]:
    rules = [str(MONITORING / "rules" / f"{name}.yaml") for name in ("recording", "alerts")]
    target = {"targets": [url.removeprefix("http://")]}
    return {
        "global": {
            "scrape_interval": INTERVAL,
            "scrape_timeout": INTERVAL,
            "evaluation_interval": INTERVAL,
        },
        "rule_files": rules,
        "scrape_configs": [{"job_name": "rhapsode", "static_configs": [target]}],
    }


def _started(prometheus: Prometheus, folder: Path) -> Prometheus:
    deadline = time.monotonic() + START_SECONDS
    while not prometheus.answers():
        if time.monotonic() > deadline:
            raise Unavailable(f"prometheus does not answer, see {folder}/log", code="prometheus")
        time.sleep(0.05)
    return prometheus
