"""Schemathesis against the running service: every check, every operation, two clients with keys.

It reads the OpenAPI document as a client would and sends what it allows and what it forbids. What
it may find is a fault of the service or of its description. The cases are the same in every run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.stack import Stack
from jobs.redis_backend.api_keys import RedisApiKeys
from jobs.redis_backend.client import open_redis
from tests.conftest import tiny_environment

CASES = 40
"""Most generated cases of an operation and a phase."""
CHECKS = {
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "use_after_free",
    "ensure_resource_availability",
    "ignored_auth",
    "object_level_authorization",
}
MEANT = """
# A schema cannot say that a text has words, that a voice is in the catalogue or that a file is a
# book: what it allows may still be refused as content, and only there.
[[operations]]
include-name = ["POST /synthesize", "POST /analyze"]
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 422]

[[operations]]
include-name = "POST /v1/audio/speech"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400]

# Nor which names are taken.
[[operations]]
include-name = "PUT /jobs/{job_id}"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 404, 409, 422]

# Nor how many chapters a job has, and that only a stream begins with one.
[[operations]]
include-name = "GET /jobs/{job_id}/audio"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 422, 429, "5xx"]

# Nor that octets are a lexicon.
[[operations]]
include-name = "PUT /lexicons/{name}"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 422]

# Options of a book are JSON within a form field.
[[operations]]
include-name = ["POST /audiobooks", "POST /audiobooks/analyze", "POST /audiobooks/chapters"]
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 400, 422]

# Keys are for admins, which neither client is: see the run of its own below.
[[operations]]
include-path-regex = "^/keys"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 403, 404, 422]

# DELETE cancels a job; its record and its events stay until they expire.
[[operations]]
include-path-regex = "^/jobs/.job_id."
[operations.checks.use_after_free]
enabled = false
"""


KEYS_MEANT = """
[checks.use_after_free]
enabled = false

# To JSON Schema 5.0 is an integer; and whoever finds his own key on the list may revoke it.
[[operations]]
include-path-regex = "^/keys"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", 401, 404, 422]
"""


@pytest.fixture(scope="module")
def guarded(
    tiny_voices: Path, tiny_artifacts: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    environment = tiny_environment(tiny_voices, tiny_artifacts)
    environment |= {"RHAPSODE_REQUIRE_KEYS": "true", "RHAPSODE_KEYS_OVER_HTTP": "true"}
    with Stack(tmp_path_factory.mktemp("guarded"), environment=environment) as stack:
        yield stack


def write_settings(folder: Path, keys: RedisApiKeys) -> Path:
    names = ("one", "other")
    tokens = {name: keys.add(name, time.time())[1] for name in names}
    users = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {token}"}]}
        for name, token in tokens.items()
    ]
    (folder / "keys.json").write_text(json.dumps({"auth": users}), "utf-8")
    auth = f'[auth.wfc]\npath = "{folder / "keys.json"}"\npeers = {json.dumps(names)}\n'
    path = folder / "schemathesis.toml"
    path.write_text(auth + MEANT, "utf-8")
    return path


def checks_of(report: Path) -> Counter[tuple[str, str]]:
    """How often each check had which result."""
    found: Counter[tuple[str, str]] = Counter()
    with report.open(encoding="utf-8") as lines:
        for line in lines:
            finished: dict[str, Any] = json.loads(line).get("ScenarioFinished", {})
            for checks in finished.get("recorder", {}).get("checks", {}).values():
                found.update((check["name"], check["status"]) for check in checks)
    return found


def run_schemathesis(service: Stack, folder: Path, settings: Path, *words: str) -> dict[str, Any]:
    """Returns the summary of a run in which every check held."""
    command = [sys.executable, "-m", "schemathesis.cli", "--no-color"]
    command += ["--config-file", str(settings), "run", f"{service.url}/schema/openapi.json"]
    command += ["--checks=all", "--seed=1", "--generation-deterministic", "--continue-on-failure"]
    command += [f"--max-examples={CASES}", "--report=ndjson,json", f"--report-dir={folder}", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    (report,) = folder.glob("json-*.json")
    summary: dict[str, Any] = json.loads(report.read_text("utf-8"))
    assert summary["complete"]
    return summary


def test_the_service_is_what_its_description_says(guarded: Stack, tmp_path: Path) -> None:
    settings = write_settings(tmp_path, RedisApiKeys(open_redis(guarded.redis_url)))
    summary = run_schemathesis(guarded, tmp_path, settings)
    assert summary["operations"]["tested"] == summary["operations"]["total"] >= 16
    assert summary["test_cases"]["generated"] > 1000
    (events,) = tmp_path.glob("ndjson-*.ndjson")
    checks = checks_of(events)
    assert {name for name, _ in checks} >= CHECKS
    assert not [name for name, status in checks if status != "success"]


def test_an_admin_finds_the_keys_as_described(guarded: Stack, tmp_path: Path) -> None:
    """A key that is made is never deleted: it is refused, and stays on the list."""
    _, token = RedisApiKeys(open_redis(guarded.redis_url)).add("boss", time.time(), admin=True)
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(KEYS_MEANT, "utf-8")
    chosen = ["--include-path-regex=^/keys", "--max-examples=15"]
    words = [*chosen, "--header", f"Authorization: Bearer {token}"]
    summary = run_schemathesis(guarded, tmp_path, settings, *words)
    assert summary["operations"]["tested"] == 3
