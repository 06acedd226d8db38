"""The first look: is it up, is it fast, does it fail."""

from __future__ import annotations

from k8s.panels import Dashboard, Panel
from k8s.queries import (
    FAILED,
    RATIO_STEPS,
    REAL_TIMES,
    RTF_STEPS,
    fleet_rtf,
    quantile,
    quantiles,
    rate,
    ratio,
)

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
                    REAL_TIMES,
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
                    "cps",
                    ((rate("tts_anomalies_total", by="by (kind)"), "{{kind}}"),),
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
