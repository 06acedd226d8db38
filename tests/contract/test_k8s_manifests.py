"""Manifests are valid, run nothing as root, pin every image and drain."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

import api.settings
import workers.settings
from core.settings import variable_of
from jobs.celery_queue import VISIBILITY_SECONDS
from workers.tasks.plan_process import MAX_PROCESSES, MEMORY_BYTES

ROOT = Path(__file__).parents[2]
K8S = ROOT / "k8s"
KUBECTL = shutil.which("kubectl")
KUBERNETES = "1.31"
"""The oldest version that these manifests are checked against."""
SOURCES = ("base", "overlays/cpu", "overlays/gpu")
TAG = re.compile(r"^[a-z0-9./-]+:v?\d+\.\d+\.\d+(-[a-z0-9.-]+)?$")
Manifest = dict[str, Any]


@cache
def rendered(source: str) -> list[Manifest]:
    if KUBECTL is None:
        if source != "base":
            pytest.skip("no kubectl to render overlays with")
        return plain_base()
    words = [KUBECTL, "kustomize", str(K8S / source)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def plain_base() -> list[Manifest]:
    """Base as it is written, with the tags that its kustomization sets."""
    kustomization = yaml.safe_load((K8S / "base" / "kustomization.yaml").read_text("utf-8"))
    tags = {image["name"]: image["newTag"] for image in kustomization["images"]}
    found = []
    for name in kustomization["resources"]:
        found += yaml.safe_load_all((K8S / "base" / name).read_text("utf-8"))
    for workload in of_kind(found, *WORKLOADS):
        container = workload["spec"]["template"]["spec"]["containers"][0]
        if container["image"] in tags:
            container["image"] += ":" + tags[container["image"]]
    return found


WORKLOADS = ("Deployment", "StatefulSet")


def of_kind(manifests: list[Manifest], *kinds: str) -> list[Manifest]:
    return [m for m in manifests if m["kind"] in kinds]


def pods(source: str) -> dict[str, Manifest]:
    """Pod specs by workload."""
    found = of_kind(rendered(source), *WORKLOADS)
    return {m["metadata"]["name"]: m["spec"]["template"]["spec"] for m in found}


def the_container(pod: Manifest) -> Manifest:
    (container,) = pod["containers"]
    assert "initContainers" not in pod
    return dict(container)


def variables(container: Manifest) -> dict[str, Manifest]:
    return {entry["name"]: entry for entry in container.get("env", ())}


@pytest.mark.parametrize("source", SOURCES)
def test_valid(source: str) -> None:
    manifests = rendered(source)
    assert len(of_kind(manifests, *WORKLOADS)) == 4
    for manifest in manifests:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_an_invented_field_is_refused() -> None:
    """The validator is awake."""
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "nme": "b"}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


@pytest.mark.parametrize("source", SOURCES)
def test_no_pod_is_root_or_writes_its_image(source: str) -> None:
    for pod in pods(source).values():
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        own = the_container(pod)["securityContext"]
        assert own == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert not any("hostPath" in volume for volume in pod.get("volumes", ()))


@pytest.mark.parametrize("source", SOURCES)
def test_images_are_pinned_and_containers_bounded_and_probed(source: str) -> None:
    for name, pod in pods(source).items():
        container = the_container(pod)
        assert TAG.match(container["image"]), container["image"]
        assert set(container["resources"]["requests"]) >= {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]
        assert {"readinessProbe", "livenessProbe"} <= set(container), name


@pytest.mark.parametrize("source", SOURCES)
def test_workers_have_time_to_drain(source: str) -> None:
    for name in ("rhapsode-planner", "rhapsode-synthesizer"):
        assert pods(source)[name]["terminationGracePeriodSeconds"] > VISIBILITY_SECONDS


@pytest.mark.parametrize("source", SOURCES)
def test_variables_are_settings_and_secrets_are_references(source: str) -> None:
    kinds = (api.settings.ApiSettings, workers.settings.WorkerSettings)
    known = {variable_of(field) for kind in kinds for field in dataclasses.fields(kind)}
    known |= {"REDISCLI_AUTH", "OMP_NUM_THREADS", "HOME", "CUDA_CACHE_PATH"}
    assert not of_kind(rendered(source), "Secret")
    for pod in pods(source).values():
        found = variables(the_container(pod))
        assert set(found) <= known
        for name in {"REDIS_URL", "REDISCLI_AUTH"} & set(found):
            assert set(found[name]["valueFrom"]) == {"secretKeyRef"}
    for config in of_kind(rendered(source), "ConfigMap"):
        assert set(config["data"]) <= known


def test_the_settings_of_the_pods_are_accepted() -> None:
    """By the very code that reads them."""
    for source, device in (("overlays/cpu", "cpu"), ("overlays/gpu", "cuda")):
        (config,) = of_kind(rendered(source), "ConfigMap")
        for name, pod in pods(source).items():
            own = variables(the_container(pod))
            values = config["data"] | {k: v["value"] for k, v in own.items() if "value" in v}
            if name == "rhapsode-api":
                assert api.settings.ApiSettings.from_environment(values).host == "0.0.0.0"
            if name == "rhapsode-synthesizer":
                settings = workers.settings.WorkerSettings.from_environment(values)
                assert (settings.device, settings.metrics_port) == (device, 9100)


def test_one_gpu_per_synthesizer_and_none_elsewhere() -> None:
    for name, pod in pods("overlays/gpu").items():
        limits = the_container(pod)["resources"]["limits"]
        wanted = "1" if name == "rhapsode-synthesizer" else None
        assert limits.get("nvidia.com/gpu") == wanted


@pytest.mark.parametrize("source", SOURCES)
def test_every_selector_finds_a_workload(source: str) -> None:
    workloads = of_kind(rendered(source), *WORKLOADS)
    labels = [w["spec"]["template"]["metadata"]["labels"].items() for w in workloads]
    selectors = [m["spec"]["selector"] for m in of_kind(rendered(source), "Service")]
    budgets = of_kind(rendered(source), "PodDisruptionBudget")
    selectors += [m["spec"]["selector"]["matchLabels"] for m in budgets]
    for policy in of_kind(rendered(source), "NetworkPolicy"):
        selectors.append(policy["spec"]["podSelector"].get("matchLabels", {}))
    for selector in selectors:
        assert any(selector.items() <= found for found in labels), selector
    assert {b["metadata"]["name"] for b in budgets} == {
        "rhapsode-api",
        "rhapsode-planner",
        "rhapsode-synthesizer",
    }


def test_redis_keeps_what_it_was_given() -> None:
    (redis,) = [pod for name, pod in pods("base").items() if name == "rhapsode-redis"]
    words = the_container(redis)["args"]
    options = dict(zip(words[::2], words[1::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--maxmemory-policy"] == "noeviction"


@pytest.mark.parametrize("source", SOURCES)
def test_a_worker_that_hangs_is_ended_at_once(source: str) -> None:
    """Its probe fails (tests/unit/test_watchdog.py); there is nothing to drain."""
    for name in ("rhapsode-planner", "rhapsode-synthesizer"):
        container = the_container(pods(source)[name])
        assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "metrics"}
        assert container["livenessProbe"]["terminationGracePeriodSeconds"] < 60
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "metrics"}
    assert workers.settings.WorkerSettings().hang_seconds > VISIBILITY_SECONDS


def test_container_files_pin_their_base_and_leave_root() -> None:
    files = sorted((K8S / "containers").glob("*.Dockerfile"))
    assert [f.name for f in files] == ["api.Dockerfile", "cpu.Dockerfile", "gpu.Dockerfile"]
    for file in files:
        text = file.read_text("utf-8")
        bases = re.findall(r"^FROM (\S+)", text, re.M)
        assert len(bases) == 2, "multi-stage"
        assert all(TAG.match(base) for base in bases)
        assert re.search(r"^USER 10001", text.split("FROM")[-1], re.M)
        assert "-c constraints.txt" in text
        assert file.with_name(file.name + ".dockerignore").is_file()


def test_the_api_starts_where_there_is_no_torch() -> None:
    """Nor ONNX Runtime: they are not in its image, nor what measures loudness."""
    program = """
import sys
absent = ("torch", "onnxruntime", "onnx", "av", "pyloudnorm")
sys.modules.update(dict.fromkeys(absent))  # None: to import one is an ImportError
import pathlib, tempfile
from api.app import create_app
from api.settings import ApiSettings
app = create_app(ApiSettings(data=pathlib.Path(tempfile.mkdtemp())))
print(sorted(route.path for route in app.routes)[:3], len(app.openapi_schema.paths))
assert not any(name in absent and module for name, module in sys.modules.items())
"""
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_api_image_has_all_that_the_api_imports_and_no_torch() -> None:
    """Third-party names in every module of ours that ``api.app`` loads, deferred imports too."""
    program = """
import ast, pathlib, sys
import api.app
root, rooms, found = pathlib.Path.cwd(), set(), set()
for module in list(sys.modules.values()):
    file = getattr(module, "__file__", None)
    if not file or root not in pathlib.Path(file).parents or ".venv" in file:
        continue
    rooms.add(module.__name__.partition(".")[0])
    for node in ast.walk(ast.parse(pathlib.Path(file).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.partition(".")[0])
print(*sorted(found - rooms - set(sys.stdlib_module_names)))
"""
    words = [sys.executable, "-c", program]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    listed = (K8S / "containers" / "api-requirements.txt").read_text("utf-8").splitlines()
    names = {"markdown-it-py": "markdown_it", "python-crfsuite": "pycrfsuite"}
    wanted = [line for line in listed if not line.startswith("#")]
    packages = [names.get(line, line.replace("-", "_")) for line in wanted]
    assert done.stdout.split() == packages


def test_limits_of_memory_hold_what_processes_with_limits_may_take() -> None:
    own, start = 400 * 2**20, 100 * 2**20
    """Of the API or a planner with what is on its way; of a child process at its start [bytes]."""
    read = api.settings.ApiSettings()
    reading = read.readers * (read.read_memory_bytes + start)
    planning = MAX_PROCESSES * (MEMORY_BYTES + start)
    for name, children in (("rhapsode-api", reading), ("rhapsode-planner", planning)):
        limit = the_container(pods("base")[name])["resources"]["limits"]["memory"]
        assert int(limit.removesuffix("Gi")) * 2**30 >= own + children
