"""Custom resources against strict models: a field that is not in the model is refused."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import pytest
import yaml
from msgspec import Meta

K8S = Path(__file__).parents[2] / "k8s"
MONITORING = K8S / "monitoring"
Duration = Annotated[str, Meta(pattern=r"^(0|([0-9]+(ms|[smhdwy]))+)$")]
Positive = Annotated[int, Meta(ge=1)]


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """No field is accepted that is not named."""


class Named(Strict):
    name: str


# Source: prometheus-operator/prometheus-operator@2de7fa35f1dae33ca3dfc392b27dbf06a93d5c4d
# example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml
class Rule(Strict):
    expr: str
    record: str | None = None
    alert: str | None = None
    for_: Duration | None = msgspec.field(default=None, name="for")
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class Group(Strict):
    name: Annotated[str, Meta(min_length=1)]
    rules: list[Rule]


class Rules(Strict):
    groups: list[Group]


# Source: prometheus-operator/prometheus-operator@c5bfb15ae2f365b7dd960ac7a40297c3bfc4b044
# example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml, and
# @0ff52b38b82db983c210eae0147d7d675a23ca70 …_podmonitors.yaml
class Requirement(Strict):
    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: list[str]


class Selector(Strict):
    matchLabels: dict[str, str] = {}  # noqa: N815
    matchExpressions: list[Requirement] = []  # noqa: N815


class Endpoint(Strict):
    port: str
    path: str
    interval: Duration
    scrapeTimeout: Duration  # noqa: N815


class ServiceMonitor(Strict):
    selector: Selector
    endpoints: list[Endpoint]


class PodMonitor(Strict):
    selector: Selector
    podMetricsEndpoints: list[Endpoint]  # noqa: N815


# Source: kedacore/keda@756b2de75bd06e913ea34a9fdf7bcf3100a460ba
# config/crd/bases/keda.sh_scaledobjects.yaml; keys of metadata: pkg/scalers/prometheus_scaler.go
class Metadata(Strict):
    serverAddress: str  # noqa: N815
    query: str
    threshold: Annotated[str, Meta(pattern=r"^\d+(\.\d+)?$")]
    ignoreNullValues: Literal["true", "false"]  # noqa: N815


class Trigger(Strict):
    type: Literal["prometheus"]
    metricType: Literal["AverageValue", "Value"]  # noqa: N815
    metadata: Metadata


class Fallback(Strict):
    failureThreshold: Positive  # noqa: N815
    replicas: Positive


class Policy(Strict):
    type: Literal["Pods", "Percent"]
    value: Positive
    periodSeconds: Annotated[int, Meta(ge=1, le=1800)]  # noqa: N815


class Scaling(Strict):
    stabilizationWindowSeconds: Annotated[int, Meta(ge=0, le=3600)]  # noqa: N815
    policies: list[Policy]


class Behavior(Strict):
    scaleDown: Scaling  # noqa: N815


class Autoscaler(Strict):
    behavior: Behavior


class Advanced(Strict):
    horizontalPodAutoscalerConfig: Autoscaler  # noqa: N815


class ScaledObject(Strict):
    scaleTargetRef: Named  # noqa: N815
    minReplicaCount: Positive  # noqa: N815
    maxReplicaCount: Positive  # noqa: N815
    pollingInterval: Positive  # noqa: N815
    cooldownPeriod: Positive  # noqa: N815
    fallback: Fallback
    advanced: Advanced
    triggers: list[Trigger]


MODELS: dict[tuple[str, str], type[Strict]] = {
    ("monitoring.coreos.com/v1", "PrometheusRule"): Rules,
    ("monitoring.coreos.com/v1", "ServiceMonitor"): ServiceMonitor,
    ("monitoring.coreos.com/v1", "PodMonitor"): PodMonitor,
    ("keda.sh/v1alpha1", "ScaledObject"): ScaledObject,
}


@cache
def manifests() -> list[dict[str, Any]]:
    kustomization = yaml.safe_load((MONITORING / "kustomization.yaml").read_text("utf-8"))
    return [
        manifest
        for name in kustomization["resources"]
        for manifest in yaml.safe_load_all((MONITORING / name).read_text("utf-8"))
    ]


def of(kind: str) -> Any:
    (found,) = [m for m in manifests() if m["kind"] == kind]
    return msgspec.convert(found["spec"], MODELS[(found["apiVersion"], kind)])


def base(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((K8S / "base" / f"{name}.yaml").read_text("utf-8")))


def test_every_custom_resource_fits_its_model() -> None:
    for manifest in manifests():
        assert set(manifest) == {"apiVersion", "kind", "metadata", "spec"}
        model = MODELS[(manifest["apiVersion"], manifest["kind"])]
        msgspec.convert(manifest["spec"], model)


def test_a_rule_records_or_alerts() -> None:
    for manifest in manifests():
        if manifest["kind"] == "PrometheusRule":
            rules = msgspec.convert(manifest["spec"], Rules)
            for rule in (rule for group in rules.groups for rule in group.rules):
                assert (rule.record is None) != (rule.alert is None)


def test_all_dashboards_are_deployed() -> None:
    kustomization = yaml.safe_load((MONITORING / "kustomization.yaml").read_text("utf-8"))
    (boards,) = kustomization["configMapGenerator"]
    found = sorted(f"dashboards/{p.name}" for p in (MONITORING / "dashboards").glob("*.json"))
    assert sorted(boards["files"]) == found


def test_the_api_is_scraped_at_a_port_that_its_service_has() -> None:
    service = base("api")[0]
    monitor = of("ServiceMonitor")
    assert [e.port for e in monitor.endpoints] == [p["name"] for p in service["spec"]["ports"]]
    own = monitor.selector.matchLabels["app.kubernetes.io/component"]
    assert service["metadata"]["labels"]["app.kubernetes.io/component"] == own


@pytest.mark.parametrize("role", ["planner", "synthesizer"])
def test_workers_are_scraped_at_a_port_they_have(role: str) -> None:
    monitor = of("PodMonitor")
    (expression,) = monitor.selector.matchExpressions
    assert role in expression.values
    (pod,) = [m["spec"]["template"]["spec"] for m in base(role)]
    ports = [p["name"] for p in pod["containers"][0]["ports"]]
    assert [e.port for e in monitor.podMetricsEndpoints] == ports


def test_the_scaler_scales_the_synthesizer_which_says_no_replicas_itself() -> None:
    scaled = of("ScaledObject")
    (deployment,) = base("synthesizer")
    assert scaled.scaleTargetRef.name == deployment["metadata"]["name"]
    assert "replicas" not in deployment["spec"]
    assert scaled.minReplicaCount <= scaled.fallback.replicas <= scaled.maxReplicaCount
