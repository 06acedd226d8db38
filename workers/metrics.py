"""The metrics of workers. Base units; labels are names of the catalogue, queues and stages."""

from __future__ import annotations

from typing import get_args

from prometheus_client import Counter, Gauge, Histogram

from core.part import PartAudio, PartResult
from core.record import JobRecord
from core.report import StageSeconds
from jobs.protocols import ASSEMBLE, PLAN
from jobs.webhooks import DeliveryState
from synthesis.results import BatchFigures
from telemetry.device_memory import device_memory
from telemetry.metrics import LABELS, NETWORKS, SECONDS, exemplar_of, labels_of
from workers.device.collector import BatchStats, FlushReason

PART_SECONDS = (*SECONDS, 300)
"""Buckets of what a part takes at most [s]."""
WIDTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128, 256, 512)

QUEUE_SECONDS = Histogram(
    "tts_queue_wait_seconds", "From acceptance to the first part's start", ("queue",),
    buckets=(*PART_SECONDS, 900, 3600),
)  # fmt: skip
STAGE_SECONDS = Histogram(
    "tts_stage_seconds", "Compute of one part in a stage (of a whole job: text, encode)",
    ("stage", *NETWORKS), buckets=PART_SECONDS,
)  # fmt: skip
PART_RTF = Histogram(
    "tts_part_rtf", "Compute seconds / audio seconds of a part", LABELS,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.06, 0.083, 0.125, 0.25, 0.5, 1, 2, 4),
)  # fmt: skip
PARTS = Counter(
    "tts_parts",
    "Parts that were spoken, were there already, or failed",
    (*LABELS, "queue", "outcome"),
)
AUDIO_SECONDS = Counter("tts_audio_seconds", "Speech made", LABELS)
COMPUTE_SECONDS = Counter("tts_compute_seconds", "Compute it took, all stages", LABELS)
BATCH_SIZE = Histogram(
    "tts_batch_size", "Utterances in one call of a network", ("stage", "component", "runtime"),
    buckets=WIDTHS,
)  # fmt: skip
BATCH_PARTS = Histogram("tts_batch_parts", "Parts spoken together", buckets=WIDTHS)
PADDING = Histogram(
    "tts_batch_padding_ratio", "Share of padding in one call", ("stage",),
    buckets=(0, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75),
)  # fmt: skip
FLUSHES = Counter("tts_batch_flushes", "Why a batch was taken", ("reason",))
BUSY_SECONDS = Counter("tts_worker_busy_seconds", "Time the device spoke")
ANOMALIES = Counter("tts_anomalies", "What was wrong with attempts at utterances", ("kind",))
PART_LOOKUPS = Counter(
    "tts_part_lookups", "Parts whose audio was there already (hit) or not (miss)", ("result",)
)
RECOVERED = Counter("tts_work_recovered", "Work of dead workers that was sent again", ("work",))
POSTPONED = Counter(
    "tts_work_postponed", "Work that a store refused and that is tried again later", ("code",)
)
WEBHOOK_ATTEMPTS = Counter(
    "tts_webhook_attempts", "Attempts at deliveries of webhooks, by the state after it", ("state",)
)
WEBHOOK_SECONDS = Histogram(
    "tts_webhook_attempt_seconds", "Time until a receiver answered or was given up",
    buckets=SECONDS,
)  # fmt: skip
MODELS_LOADED = Gauge(
    "tts_models_loaded", "Voices a synthesizer has in memory", multiprocess_mode="livesum"
)
DEVICE_MEMORY = Gauge(
    "tts_device_memory_bytes", "Memory of the worker's process (cpu) and of its GPUs",
    ("device", "kind"), multiprocess_mode="liveall",
)  # fmt: skip
LOAD_SECONDS = Histogram("tts_model_load_seconds", "Time to load a voice", buckets=PART_SECONDS)
ANOMALY_KINDS = tuple(
    f"anomaly_{kind}"
    for kind in (
        "clipped", "empty", "long", "not_finite", "repeat", "runaway", "short", "silence", "silent",
        "skipped", "stuck",
    )
)  # fmt: skip
# A series that begins with its first event has no rate for it: these begin with nothing.
for _counter, _values in (
    (PART_LOOKUPS, ("hit", "miss")),
    (FLUSHES, get_args(FlushReason)),
    (ANOMALIES, ANOMALY_KINDS),
    (RECOVERED, (PLAN, ASSEMBLE, "part")),
    (POSTPONED, ("disk", "storage", "storage_denied", "row_unreadable")),
    (WEBHOOK_ATTEMPTS, get_args(DeliveryState)),
):
    for _value in _values:
        _counter.labels(_value)


def record_network_call(figures: BatchFigures) -> None:
    """Records one call of a network."""
    BATCH_SIZE.labels(figures.stage, figures.component, figures.runtime).observe(figures.size)
    PADDING.labels(figures.stage).observe(figures.padding)


def record_anomaly(code: str) -> None:
    """Counts what is wrong with an attempt at an utterance."""
    ANOMALIES.labels(code).inc()


def record_batch(batch: BatchStats) -> None:
    """Records one batch of parts, and the memory that is used after it."""
    BATCH_PARTS.observe(batch.parts)
    FLUSHES.labels(batch.reason).inc()
    BUSY_SECONDS.inc(batch.busy_seconds)
    for memory in device_memory():
        DEVICE_MEMORY.labels(memory.device, "used").set(memory.used)
        if memory.total is not None:
            DEVICE_MEMORY.labels(memory.device, "total").set(memory.total)


def record_part(record: JobRecord, result: PartResult) -> None:
    """Records a part that was spoken, was there already, or failed."""
    labels = labels_of(record.request)
    outcome = "failed" if result.error else "reused" if result.reused else "spoken"
    PARTS.labels(**labels, queue=record.request.lane, outcome=outcome).inc()
    if result.audio is not None and not result.reused:
        _record_part_audio(record, result.audio)


def _record_part_audio(record: JobRecord, audio: PartAudio) -> None:
    labels = labels_of(record.request)
    AUDIO_SECONDS.labels(**labels).inc(audio.audio_seconds)
    record_stages(record, audio.stage_seconds)
    if audio.audio_seconds > 0:
        ratio = audio.stage_seconds.total / audio.audio_seconds
        PART_RTF.labels(**labels).observe(ratio, exemplar_of(record))


def record_stages(record: JobRecord, seconds: StageSeconds) -> None:
    """Records the compute of one part, or of a job's text or encoding."""
    COMPUTE_SECONDS.labels(**labels_of(record.request)).inc(seconds.total)
    networks, exemplar = labels_of(record.request, NETWORKS), exemplar_of(record)
    for stage in StageSeconds.__struct_fields__:
        if spent := getattr(seconds, stage):
            STAGE_SECONDS.labels(stage=stage, **networks).observe(spent, exemplar)
