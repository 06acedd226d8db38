"""Traces cost nothing where they are off; batches link the traces that share them; exemplars."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from core.errors import FieldError
from core.record import JobRecord
from core.request import Controls, Source
from synthesis.results import BatchFigures
from telemetry.metrics import count_finished
from telemetry.tracing import ChildSpan, Tracing, WorkSpan, open_tracing
from workers.device.collector import BatchStats
from workers.health import Probes
from workers.tasks.synthesize import LeasedPart

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def traceparent(span: int) -> str:
    return f"00-{TRACE}-{span:016x}-01"


def test_nothing_is_imported_where_tracing_is_off() -> None:
    """redis-py itself looks for OpenTelemetry's metrics; what exports traces is ours to load."""
    program = (
        "import sys, workers.context, api.app; from telemetry.tracing import open_tracing; "
        "open_tracing(None, 'api'); "
        "sys.exit('telemetry.otlp' in sys.modules or 'opentelemetry.exporter' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_what_is_no_address_is_refused_by_name() -> None:
    with pytest.raises(FieldError) as refused:
        open_tracing("collector:4317", "api")
    assert refused.value.field == "RHAPSODE_TRACES"


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith(("opentelemetry", "telemetry.otlp"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(FieldError, match=r"pip install .*\[tracing\]"):
        open_tracing("http://127.0.0.1:4318", "api")


def test_work_of_a_job_without_a_trace_has_no_span() -> None:
    with Tracing().work("plan", 0.0, None, {}) as span:
        assert span.traceparent is None


@dataclass
class KeptSpan(WorkSpan):
    traceparent: str | None = None
    children: list[ChildSpan] = field(default_factory=list)

    def add(self, child: ChildSpan) -> None:
        self.children.append(child)


def test_a_batch_links_the_parts_that_share_it() -> None:
    context: Any = None
    spans = [KeptSpan(traceparent(1)), KeptSpan(traceparent(2)), KeptSpan(None)]
    turns = [LeasedPart(context, "0" * 32, "0", 1, False, span) for span in spans]
    call = BatchFigures("vocoder", "hifigan", "onnx", 3, 0.0, 0.5, 4.0)
    batch = BatchStats(3, 3, "busy", 1.0, started_at=10.0, turns=(*turns,), calls=((10.9, call),))
    for turn in turns:
        turn.record_batch(batch, 9.0)
    assert spans[2].children == []
    waited, ran = spans[0].children
    assert (waited.name, waited.start, waited.end) == ("collect", 9.0, 10.0)
    assert (ran.name, ran.start, ran.end, ran.links) == ("batch", 10.0, 11.0, (traceparent(2),))
    (vocoder,) = ran.children
    assert (vocoder.name, vocoder.end) == ("vocoder", 10.9)
    assert vocoder.start == pytest.approx(10.4)


def test_a_worker_shows_exemplars_where_openmetrics_is_accepted() -> None:
    record = JobRecord(
        id="0" * 32,
        state="running",
        request=Controls(voice="v", acoustic="exemplary", vocoder="w"),
        source=Source(text="a").facts,
        created_at=0.0,
        traceparent=traceparent(1),
    )
    assert REGISTRY is not None
    count_finished(record, "succeeded", 2.0)
    probes = Probes(0, alive=lambda: True, ready=lambda: True, host="127.0.0.1")
    probes.start()
    try:
        headers = {"Accept": "application/openmetrics-text; version=1.0.0"}
        url = f"http://127.0.0.1:{probes.port}/metrics"
        page = httpx.get(url, headers=headers, trust_env=False).text
        plain = httpx.get(url, trust_env=False).text
    finally:
        probes.stop()
    (line,) = [one for one in page.splitlines() if "exemplary" in one and TRACE in one]
    assert 'le="2.5"' in line
    assert TRACE not in plain
