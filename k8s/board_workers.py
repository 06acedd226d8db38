"""Processes and their devices."""

from __future__ import annotations

from k8s.panels import Dashboard, Panel
from k8s.queries import REAL_TIMES, rate, ratio

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
                    REAL_TIMES,
                    (("tts:synthesizer_speed:rate5m", "seconds of audio per busy second"),),
                    "What one synthesizer can do; its fall is a slower device or smaller batches.",
                ),
                Panel(
                    "Parts",
                    "cps",
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
