"""What waits, and how well batches are filled."""

from __future__ import annotations

from k8s.panels import Dashboard, Panel
from k8s.queries import quantiles, rate, ratio

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
                    width=8,
                ),
                Panel(
                    "Oldest message",
                    "s",
                    (('max by (queue) (tts_queue_oldest_seconds{queue=~"$queue"})', "{{queue}}"),),
                    "How long the next one to be taken has waited. A book's parts may wait long.",
                    width=8,
                ),
                Panel(
                    "Backlog of speech",
                    "s",
                    (("tts:backlog_audio_seconds", "{{queue}}"),),
                    "Planned and not spoken yet, as the plans estimate it.",
                    width=8,
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
                    "cps",
                    ((rate("tts_work_recovered_total", by="by (work)"), "{{work}}"),),
                    "Of workers that died. Lost work costs time, never a job.",
                ),
                Panel(
                    "Work postponed",
                    "cps",
                    ((rate("tts_work_postponed_total", by="by (code)"), "{{code}}"),),
                    "A store refused it (a full disk): it is tried again, at most a minute apart.",
                ),
                Panel(
                    "Age of what is known of Redis",
                    "s",
                    (("max(tts_state_age_seconds)", ""),),
                    "Above 0 Redis does not answer, and the queues are as they were so long ago.",
                ),
                Panel(
                    "Rows that could not be read",
                    "cps",
                    ((rate("tts_rows_unreadable_total", by="by (kind)"), "{{kind}}"),),
                    "Written by a newer version, or damaged; the log names them. Lists go on.",
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
                    "cps",
                    ((rate("tts_batch_flushes_total", by="by (reason)"), "{{reason}}"),),
                    "busy: the device did not wait. timeout: it waited. budget: it was full.",
                ),
                Panel(
                    "Sounds that were there already",
                    "percentunit",
                    (
                        (
                            ratio(
                                rate("tts_part_lookups_total", 'result="hit"'),
                                rate("tts_part_lookups_total"),
                            ),
                            "re-used",
                        ),
                    ),
                    "Share of parts that an earlier job had spoken: they cost nothing.",
                ),
            ),
        ),
        (
            "Webhooks",
            (
                Panel(
                    "Webhooks to send",
                    "short",
                    (("max(tts_webhooks_pending)", ""),),
                    "Not delivered yet; most wait for their next attempt.",
                    width=8,
                ),
                Panel(
                    "Webhooks overdue",
                    "s",
                    (("max(tts_webhooks_overdue_seconds)", ""),),
                    "How long the first one has been due. Above a minute nobody sends.",
                    steps=((60, "orange"),),
                    width=8,
                ),
                Panel(
                    "Attempts at webhooks",
                    "cps",
                    ((rate("tts_webhook_attempts_total", by="by (state)"), "{{state}}"),),
                    "pending: tried again later. failed: given up. gone: nobody wants it.",
                    width=8,
                ),
                Panel(
                    "Receivers' time to answer",
                    "s",
                    quantiles("tts_webhook_attempt_seconds"),
                    "Until a receiver answered or was given up.",
                ),
            ),
        ),
    ),
    ("runtime", "queue"),
)
