"""Where compute goes, and how long clients wait."""

from __future__ import annotations

from k8s.panels import Dashboard, Panel
from k8s.queries import (
    BY,
    LEGEND,
    NETWORKS,
    REAL_TIMES,
    RTF_STEPS,
    fleet_rtf,
    quantile,
    quantiles,
    rate,
    slower,
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
                            rate("tts_stage_seconds_sum", NETWORKS, "by (stage)"),
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
                    quantiles("tts_job_seconds", f'{NETWORKS},queue=~"$queue"', "queue"),
                    "From acceptance to the end: waiting and compute.",
                    traces=slower("traceDuration", "${__value.raw}"),
                ),
                Panel(
                    "Queue wait",
                    "s",
                    quantiles("tts_queue_wait_seconds", 'queue=~"$queue"', "queue"),
                    "From acceptance to the first part's start: no compute but the text's.",
                    steps=((10, "red"),),
                    traces=slower("duration", "${__value.raw}", "queue"),
                ),
                Panel(
                    "Stage time p95",
                    "s",
                    (
                        (
                            quantile(0.95, "tts_stage_seconds", NETWORKS, "stage"),
                            "{{stage}}",
                        ),
                    ),
                    "Compute of one part in a stage; of a whole job: text and encode.",
                    traces=slower("duration", "${__value.raw}", "${__field.labels.stage}"),
                ),
                Panel(
                    "Speech made by networks",
                    REAL_TIMES,
                    ((rate("tts_audio_seconds_total", NETWORKS, BY), LEGEND),),
                    "Seconds of audio per second.",
                ),
            ),
        ),
    ),
    ("acoustic", "vocoder", "runtime", "queue"),
)
