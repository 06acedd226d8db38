"""Every query of dashboards, rules and scaling, on a Prometheus that scrapes the service."""

from __future__ import annotations

import itertools
import json
import math
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from cli.stack import Stack
from core.child_process import die_with_parent
from jobs.redis_backend.client import open_redis
from jobs.redis_backend.server import free_port
from jobs.redis_backend.webhooks import RedisWebhookEndpoints
from k8s.generate import MONITORING

PROMETHEUS = shutil.which("prometheus")
pytestmark = pytest.mark.skipif(PROMETHEUS is None, reason="no prometheus (apt install prometheus)")
DEADLINE = 120.0
"""Seconds; never reached when all is well."""
SECRET = "The walrus whispered a password nobody may read in any log."
NEXT = itertools.count(1)
"""No text comes twice: what was spoken before would be there already."""


@pytest.fixture(scope="module")
def prometheus(service: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    rules = [str(MONITORING / "rules" / f"{name}.yaml") for name in ("recording", "alerts")]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": rules,
        "scrape_configs": [
            {
                "job_name": "rhapsode",
                "static_configs": [{"targets": [service.url.removeprefix("http://")]}],
            }
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), "utf-8")
    words = [str(PROMETHEUS), f"--config.file={folder}/prometheus.yml"]
    words += [f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, preexec_fn=die_with_parent)
    url = f"http://127.0.0.1:{port}/api/v1"
    try:
        with httpx.Client(base_url=url, timeout=10, trust_env=False) as client:
            yield client
    finally:
        process.terminate()
        process.wait(30)


def boards() -> Iterator[dict[str, Any]]:
    for path in sorted((MONITORING / "dashboards").glob("*.json")):
        yield json.loads(path.read_text("utf-8"))


def queries() -> dict[str, str]:
    """What is asked, by where it stands, with the dashboards' variables set to All."""
    found = {}
    for board in boards():
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                query = target["expr"].replace("$__rate_interval", "1m")
                for variable in board["templating"]["list"]:
                    query = query.replace(f"${variable['name']}", variable.get("allValue", ""))
                found[f"{board['title']} / {panel['title']} / {target['refId']}"] = query
    recording = yaml.safe_load((MONITORING / "rules" / "recording.yaml").read_text("utf-8"))
    for group in recording["groups"]:
        found |= {f"record {rule['record']}": rule["record"] for rule in group["rules"]}
    (scaled,) = yaml.safe_load_all((MONITORING / "scaling.yaml").read_text("utf-8"))
    found["KEDA"] = scaled["spec"]["triggers"][0]["metadata"]["query"]
    return found


def asked(prometheus: httpx.Client, path: str, **parameters: str) -> Any:
    answer = prometheus.get(path, params=parameters).json()
    assert answer["status"] == "success", answer
    return answer["data"]


def has_figures(prometheus: httpx.Client, query: str) -> bool:
    result = asked(prometheus, "/query", query=query)["result"]
    values = [float(sample["value"][1]) for sample in result]
    return any(math.isfinite(value) for value in values)


def work(service: Stack) -> str:
    """One interactive and one bulk job, and a refusal."""
    with httpx.Client(base_url=service.url, timeout=60, trust_env=False) as client:
        for lane in ("bulk", "interactive"):
            body = {"text": f"{SECRET} Number {next(NEXT)}.", "lane": lane}
            done = client.post("/synthesize", json=body, headers={"Prefer": "wait=30"})
            assert done.json()["state"] == "succeeded"
        assert client.post("/synthesize", json={"text": ""}).is_client_error
        for wrong in ({"ssml": f"<speak><walrus>{SECRET}"}, {"text": SECRET, "voice": "walrus"}):
            assert client.post("/synthesize", json=wrong).is_client_error
        assert client.get(f"/jobs?cursor={SECRET}").is_client_error
        assert client.get("/walrus").status_code == 404
    return str(done.json()["id"])


def answers(prometheus: httpx.Client) -> bool:
    try:
        return prometheus.get("/status/buildinfo").is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def job(service: Stack, prometheus: httpx.Client) -> str:
    """A job; when this returns every query has had figures."""
    deadline = time.monotonic() + DEADLINE
    while not answers(prometheus):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # A receiver that wants no webhook (405) answers all the same.
    RedisWebhookEndpoints(open_redis(service.redis_url)).add(f"{service.url}/healthz", time.time())
    empty = queries()
    while True:
        done = work(service)
        empty = {k: query for k, query in empty.items() if not has_figures(prometheus, query)}
        if not empty:
            return done
        assert time.monotonic() < deadline, empty


def test_every_query_returns_figures(job: str) -> None:
    assert job  # the fixture says which queries did not


def test_no_rule_fails_and_no_alert_about_a_healthy_service_fires(
    prometheus: httpx.Client, job: str
) -> None:
    groups = asked(prometheus, "/rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 20
    assert [rule for rule in rules if rule["health"] == "err"] == []
    assert [rule["name"] for rule in rules if rule.get("state") == "firing"] == []


def test_variables_offer_values(prometheus: httpx.Client, job: str) -> None:
    for board in boards():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                metric = variable["query"]["query"].removeprefix("label_values(").split(",")[0]
                parameters = {"match[]": metric}
                assert asked(prometheus, f"/label/{variable['name']}/values", **parameters)


def test_series_do_not_grow_with_jobs(service: Stack, job: str) -> None:
    """Nor with paths or methods that clients invent."""
    with httpx.Client(base_url=service.url, timeout=60, trust_env=False) as client:
        for _ in range(2):
            client.get("/metrics")
            client.get("/jobs/warm")
            client.get("/warm/up")
            client.request("BREW", "/warm/up")
        before = sorted(series(client))
        for index in range(25):
            work_id = f"{index:032x}"
            client.get(f"/jobs/{work_id}")
            client.get(f"/{work_id}")
            client.request(f"BREW{index}", "/healthz")
        work(service)
        assert sorted(series(client)) == before


def series(client: httpx.Client) -> list[str]:
    """All but the reasons of flushes, of which there are three and which come as they happen."""
    lines = client.get("/metrics").text.splitlines()
    skipped = ("#", "tts_batch_flushes")
    return [line.rpartition(" ")[0] for line in lines if not line.startswith(skipped)]


def test_logs_are_json_with_job_ids_and_without_texts(service: Stack, job: str) -> None:
    logs = "".join(p.read_text("utf-8") for p in Path(service.logs_folder).glob("*.log"))
    # What is no object is Celery's warning to a worker that root runs, as in a container of CI.
    lines = [json.loads(line) for line in logs.splitlines() if line.startswith("{")]
    assert {line["event"] for line in lines if line.get("job") == job} >= {"planned", "finished"}
    assert "walrus" not in logs
    assert all({"timestamp", "level", "logger", "event"} <= set(line) for line in lines)
