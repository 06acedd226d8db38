"""PromQL that several dashboards ask. Rates are summed, then divided: RTFs are never averaged."""

from __future__ import annotations

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


def slower(duration: str, seconds: str, span: str | None = None) -> str:
    """TraceQL of traces or spans of ours that took longer.

    Args:
        duration: ``traceDuration``, or ``duration`` of a span.
        seconds: the bound [s].
        span: name of the span.
    """
    name = f' && name = "{span}"' if span else ""
    return f'{{ resource.service.namespace = "rhapsode"{name} && {duration} > {seconds}s }}'


FAILED = 'state=~"failed|partial"'
REAL_TIMES = "suffix: × real time"
"""Unit: seconds of audio per second."""
RTF_STEPS = ((0.5, "orange"), (1.0, "red"))
RATIO_STEPS = ((0.01, "orange"), (0.05, "red"))
