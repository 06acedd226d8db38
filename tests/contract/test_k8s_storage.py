"""The components, rendered into a real overlay: audio on object storage, traces."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from jobs.storage.bucket import BucketStore
from jobs.storage.open import open_audio_store
from telemetry.tracing import open_tracing
from workers.settings import WorkerSettings

ROOT = Path(__file__).parents[2]
OVERLAY = """
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [{overlay}]
components: [../../components/s3, ../../components/tracing]
"""


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("no kubectl to render overlays with")
    k8s = tmp_path_factory.mktemp("k8s") / "k8s"
    shutil.copytree(ROOT / "k8s", k8s, ignore=shutil.ignore_patterns("__pycache__"))
    mine = k8s / "overlays" / "mine"
    mine.mkdir()
    text = OVERLAY.format(overlay="../cpu")
    (mine / "kustomization.yaml").write_text(text, "utf-8")
    done = subprocess.run([kubectl, "kustomize", str(mine)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def test_it_is_valid_and_every_process_of_ours_has_it(manifests: list[dict[str, Any]]) -> None:
    for manifest in manifests:
        kubernetes_validate.validate(manifest, "1.31", strict=True)
    (config,) = [m for m in manifests if m["kind"] == "ConfigMap"]
    deployments = [m for m in manifests if m["kind"] == "Deployment"]
    assert len(deployments) == 3
    for deployment in deployments:
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        names = [next(iter(source.values()))["name"] for source in container["envFrom"]]
        assert names == [config["metadata"]["name"], "rhapsode-s3"]
    policies = [m["metadata"]["name"] for m in manifests if m["kind"] == "NetworkPolicy"]
    assert {"rhapsode-to-storage", "rhapsode-to-traces"} <= set(policies)


def test_its_settings_open_a_bucket(manifests: list[dict[str, Any]]) -> None:
    (config,) = [m for m in manifests if m["kind"] == "ConfigMap"]
    settings = WorkerSettings.from_environment(config["data"])
    assert isinstance(open_audio_store(settings), BucketStore)


def test_its_settings_name_a_collector(manifests: list[dict[str, Any]]) -> None:
    (config,) = [m for m in manifests if m["kind"] == "ConfigMap"]
    traces = WorkerSettings.from_environment(config["data"]).traces
    assert traces is not None
    assert open_tracing(traces, "planner").on
