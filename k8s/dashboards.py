"""The four dashboards. Rates are summed, then divided: RTFs of jobs are never averaged."""

from __future__ import annotations

from k8s.panels import Dashboard, Panel

NETWORKS = 'acoustic=~"$acoustic",vocoder=~"$vocoder",runtime=~"$runtime"'
BY = "by (acoustic, vocoder, runtime)"
LEGEND = "{{acoustic}} × {{vocoder}} × {{runtime}}"
WINDOW = "[$__rate_interval]"


def rate(metric: str, labels: str = "", by: str = "") -> str:
    """Summed rate of a counter."""
    picked = f"{{{labels}}}" if labels else ""
    return f"sum {by + ' ' if by else ''}(rate({metric}{picked}{WINDOW}))"


def quantile(q: float, metric: str, labels: str = "", by: str = "") -> str:
    """Of a histogram; ``by`` names labels to keep."""
    names = ", ".join(filter(None, ("le", by)))
    return f"histogram_quantile({q}, {rate(f'{metric}_bucket', labels, f'by ({names})')})"


def quantiles(metric: str, labels: str = "", by: str = "") -> tuple[tuple[str, str], ...]:
    """Median, 95th and 99th."""
    name = f" {{{{{by}}}}}" if by else ""
    return tuple(
        (quantile(q, metric, labels, by), f"p{round(q * 100)}{name}") for q in (0.5, 0.95, 0.99)
    )


def ratio(top: str, bottom: str) -> str:
    """Nothing where the bottom is nothing, so that no panel shows a division by zero."""
    return f"{top} / ({bottom} > 0)"


def fleet_rtf(labels: str = "", by: str = "") -> str:
    """Compute seconds per second of audio."""
    return ratio(
        rate("tts_compute_seconds_total", labels, by), rate("tts_audio_seconds_total", labels, by)
    )


FAILED = 'state=~"failed|partial"'
RTF_STEPS = ((0.5, "orange"), (1.0, "red"))
RATIO_STEPS = ((0.01, "orange"), (0.05, "red"))

OVERVIEW = Dashboard(
    "rhapsode-overview",
    "Rhapsode: overview",
    (
        (
            "Service",
            (
                Panel(
                    "Ready",
                    "none",
                    (("min(tts_ready)", ""),),
                    "1 if a job accepted now would be spoken. 0: /readyz names what is missing.",
                    "stat",
                    width=4,
                ),
                Panel(
                    "Synthesizers",
                    "none",
                    (('max(tts_workers{role="synthesizer"})', ""),),
                    "Alive, with models loaded. Every API tells the same number, so: max.",
                    "stat",
                    width=4,
                ),
                Panel(
                    "Fleet RTF",
                    "none",
                    ((fleet_rtf(), ""),),
                    "Compute seconds / audio seconds. Above 1 a job takes longer than its speech.",
                    "stat",
                    RTF_STEPS,
                    4,
                ),
                Panel(
                    "Interactive wait p95",
                    "s",
                    ((quantile(0.95, "tts_queue_wait_seconds", 'queue="interactive"'), ""),),
                    "From acceptance to the first part's start.",
                    "stat",
                    ((2, "orange"), (10, "red")),
                    4,
                ),
                Panel(
                    "Jobs that fail",
                    "percentunit",
                    (
                        (
                            ratio(
                                f"(({rate('tts_jobs_finished_total', FAILED)}) or vector(0))",
                                rate("tts_jobs_finished_total"),
                            ),
                            "",
                        ),
                    ),
                    "Failed or partial, of those that ended.",
                    "stat",
                    RATIO_STEPS,
                    4,
                ),
                Panel(
                    "Version",
                    "none",
                    (("count by (version) (tts_build_info)", "{{version}}"),),
                    "APIs by version; two during a rollout.",
                    "stat",
                    width=4,
                ),
            ),
        ),
        (
            "Traffic",
            (
                Panel(
                    "Jobs",
                    "reqps",
                    (
                        (rate("tts_jobs_submitted_total"), "accepted"),
                        (rate("tts_jobs_finished_total", by="by (state)"), "{{state}}"),
                    ),
                    "Accepted and ended, per second.",
                ),
                Panel(
                    "Speech made",
                    "s",
                    ((rate("tts_audio_seconds_total", by="by (voice)"), "{{voice}}"),),
                    "Seconds of audio per second: how many real times the fleet is.",
                ),
                Panel(
                    "HTTP",
                    "reqps",
                    (
                        (
                            rate("tts_http_request_seconds_count", by="by (route, status)"),
                            "{{route}} {{status}}",
                        ),
                    ),
                    "Answers by route template and status.",
                ),
                Panel(
                    "Time to answer",
                    "s",
                    quantiles("tts_http_request_seconds", 'route!="/metrics"'),
                    "All routes; a request with Prefer: wait is meant to take as long as its job.",
                ),
            ),
        ),
        (
            "Quality and errors",
            (
                Panel(
                    "Speech refused or spoken again",
                    "short",
                    (
                        (
                            f"({rate('tts_anomalies_total', by='by (kind)')}) or vector(0)",
                            "{{kind}}",
                        ),
                    ),
                    "Attention that ran away, silence, noise. See RhapsodeAnomalies.",
                ),
                Panel(
                    "Requests refused",
                    "reqps",
                    (
                        (
                            f"({rate('tts_requests_refused_total', by='by (code)')}) or vector(0)",
                            "{{code}}",
                        ),
                    ),
                    "By code of the problem document.",
                ),
            ),
        ),
    ),
)

RTF = Dashboard(
    "rhapsode-rtf",
    "Rhapsode: RTF and latency",
    (
        (
            "Real-time factor",
            (
                Panel(
                    "RTF by networks",
                    "none",
                    ((fleet_rtf(NETWORKS, BY), LEGEND),),
                    "rate(compute) / rate(audio). Above 1 is slower than real time.",
                    steps=RTF_STEPS,
                ),
                Panel(
                    "RTF of parts",
                    "none",
                    quantiles("tts_part_rtf", NETWORKS),
                    "The spread between parts; short ones cost more per second.",
                    steps=RTF_STEPS,
                ),
                Panel(
                    "RTF of parts, all",
                    "none",
                    ((rate("tts_part_rtf_bucket", NETWORKS, "by (le)"), "{{le}}"),),
                    "Parts per second in each band of RTF.",
                    "heatmap",
                ),
                Panel(
                    "Compute by stage",
                    "percentunit",
                    (
                        (
                            rate("tts_stage_seconds_sum", 'runtime=~"$runtime"', "by (stage)"),
                            "{{stage}}",
                        ),
                    ),
                    "Seconds of compute per second; 1 is one core or device at work all the time.",
                ),
            ),
        ),
        (
            "Latency",
            (
                Panel(
                    "Job time",
                    "s",
                    quantiles("tts_job_seconds", 'queue=~"$queue"', "queue"),
                    "From acceptance to the end: waiting and compute.",
                ),
                Panel(
                    "Queue wait",
                    "s",
                    quantiles("tts_queue_wait_seconds", 'queue=~"$queue"', "queue"),
                    "From acceptance to the first part's start: no compute but the text's.",
                    steps=((10, "red"),),
                ),
                Panel(
                    "Stage time p95",
                    "s",
                    (
                        (
                            quantile(0.95, "tts_stage_seconds", 'runtime=~"$runtime"', "stage"),
                            "{{stage}}",
                        ),
                    ),
                    "Compute of one part in a stage; of a whole job: text and encode.",
                ),
                Panel(
                    "Speech made by networks",
                    "s",
                    ((rate("tts_audio_seconds_total", NETWORKS, BY), LEGEND),),
                    "Seconds of audio per second.",
                ),
            ),
        ),
    ),
    ("acoustic", "vocoder", "runtime", "queue"),
)

QUEUES = Dashboard(
    "rhapsode-queues",
    "Rhapsode: queues and batches",
    (
        (
            "Queues",
            (
                Panel(
                    "Messages that wait",
                    "short",
                    (('max by (queue) (tts_queue_depth{queue=~"$queue"})', "{{queue}}"),),
                    "Not those a worker holds. Every API tells the same number, so: max.",
                ),
                Panel(
                    "Backlog of speech",
                    "s",
                    (("tts:backlog_audio_seconds", "{{queue}}"),),
                    "Waiting parts times the mean length of a part.",
                ),
                Panel(
                    "Time to empty",
                    "s",
                    (("tts:backlog_drain_seconds", ""),),
                    "Backlog / (speed of a busy synthesizer × synthesizers). KEDA scales on it.",
                    steps=((300, "orange"), (1800, "red")),
                ),
                Panel(
                    "Work sent again",
                    "short",
                    (
                        (
                            f"({rate('tts_work_recovered_total', by='by (work)')}) or vector(0)",
                            "{{work}}",
                        ),
                    ),
                    "Of workers that died. Lost work costs time, never a job.",
                ),
            ),
        ),
        (
            "Batches",
            (
                Panel(
                    "Utterances in one call",
                    "short",
                    (
                        (
                            ratio(
                                rate(
                                    "tts_batch_size_sum",
                                    'runtime=~"$runtime"',
                                    "by (stage, component)",
                                ),
                                rate(
                                    "tts_batch_size_count",
                                    'runtime=~"$runtime"',
                                    "by (stage, component)",
                                ),
                            ),
                            "{{stage}} {{component}}",
                        ),
                    ),
                    "Mean size of a network's batch. 1 under load: batching does not work.",
                ),
                Panel(
                    "Padding",
                    "percentunit",
                    (
                        (
                            ratio(
                                rate("tts_batch_padding_ratio_sum", by="by (stage)"),
                                rate("tts_batch_padding_ratio_count", by="by (stage)"),
                            ),
                            "{{stage}}",
                        ),
                    ),
                    "Mean share of a call that is thrown away.",
                    steps=((0.3, "orange"),),
                ),
                Panel(
                    "Parts spoken together",
                    "short",
                    quantiles("tts_batch_parts"),
                    "Of any jobs, in one look at what waits.",
                ),
                Panel(
                    "Why a batch was taken",
                    "short",
                    ((rate("tts_batch_flushes_total", by="by (reason)"), "{{reason}}"),),
                    "busy: the device did not wait. timeout: it waited. budget: it was full.",
                ),
            ),
        ),
    ),
    ("runtime", "queue"),
)

WORKERS = Dashboard(
    "rhapsode-workers",
    "Rhapsode: workers and device",
    (
        (
            "Workers",
            (
                Panel(
                    "Workers",
                    "short",
                    (("max by (role) (tts_workers)", "{{role}}"),),
                    "Alive (a beat within three intervals) and ready.",
                ),
                Panel(
                    "Voices loaded",
                    "short",
                    (("sum(tts_models_loaded)", "voices"),),
                    "Summed over synthesizers; 0: nothing can be spoken.",
                ),
                Panel(
                    "Busy",
                    "percentunit",
                    (
                        (
                            ratio(
                                rate("tts_worker_busy_seconds_total"),
                                'max(tts_workers{role="synthesizer"})',
                            ),
                            "device",
                        ),
                    ),
                    "Share of time in which synthesizers' devices spoke. Near 1: add workers.",
                    steps=((0.85, "orange"),),
                ),
                Panel(
                    "Speed of a busy device",
                    "none",
                    (("tts:synthesizer_speed:rate5m", "seconds of audio per busy second"),),
                    "What one synthesizer can do; its fall is a slower device or smaller batches.",
                ),
                Panel(
                    "Parts",
                    "short",
                    ((rate("tts_parts_total", by="by (queue, outcome)"), "{{queue}} {{outcome}}"),),
                    "Per second.",
                ),
                Panel(
                    "Memory",
                    "bytes",
                    (
                        (
                            'max by (instance, pid, device) (tts_device_memory_bytes{kind="used"})',
                            "{{instance}} {{pid}} {{device}}",
                        ),
                    ),
                    "cpu: of the worker's process. cuda: of the whole GPU. After each batch.",
                ),
                Panel(
                    "Time to load a voice",
                    "s",
                    (("sum(tts_model_load_seconds_sum) / sum(tts_model_load_seconds_count)", ""),),
                    "Mean since the processes started; the very first start exports the networks.",
                ),
            ),
        ),
    ),
)

DASHBOARDS = (OVERVIEW, RTF, QUEUES, WORKERS)
