"""Values of SSML's prosody, break and emphasis attributes, as factors and seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping

from text.ssml.limits import LONGEST_PAUSE

RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "fast": 1.25, "x-fast": 1.6, "default": 1.0}
PITCHES = {"x-low": 0.75, "low": 0.87, "medium": 1.0, "high": 1.15, "x-high": 1.33, "default": 1.0}
VOLUMES = {"silent": -96.0, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "loud": 3.0} | {
    "x-loud": 6.0,
    "default": 0.0,
}
"""dB. The names' values are ours: SSML leaves them to the synthesizer."""
STRENGTHS = {
    "none": 0.0,
    "x-weak": 0.1,
    "weak": 0.2,
    "medium": 0.4,
    "strong": 0.7,
    "x-strong": 1.2,
}
"""Seconds."""
EMPHASIS = {
    "strong": (0.87, 1.1, 1.25),
    "moderate": (0.93, 1.05, 1.12),
    "none": (1.0, 1.0, 1.0),
    "reduced": (1.08, 0.97, 0.9),
}
"""Level: factors on speed, pitch and energy."""
SPEED_RANGE, PITCH_RANGE, GAIN_RANGE = (0.25, 4.0), (0.5, 2.0), (-96.0, 12.0)

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)"
_PERCENT = re.compile(rf"({_NUMBER})%$")
_SEMITONES = re.compile(rf"({_NUMBER})st$")
_DECIBELS = re.compile(rf"({_NUMBER})dB$", re.IGNORECASE)
_SECONDS = re.compile(r"\+?((?:\d+(?:\.\d*)?|\.\d+))\s*(ms|s)$")


def pause_seconds(attributes: Mapping[str, str]) -> float:
    """Returns the seconds of a <break>: of its time, or of its strength.

    Raises:
        ValueError: the value is unknown or too long.

    >>> pause_seconds({"time": "250ms"}), pause_seconds({})
    (0.25, 0.4)
    """
    time, strength = attributes.get("time"), attributes.get("strength", "medium")
    if strength not in STRENGTHS:
        raise ValueError(f"break strength {strength!r}; known are {', '.join(STRENGTHS)}")
    if time is None:
        return STRENGTHS[strength]
    match = _SECONDS.match(time.strip())
    if match is None:
        raise ValueError(f"break time {time!r} is not like 1.5s or 250ms")
    seconds = float(match[1]) / (1000 if match[2] == "ms" else 1)
    if seconds > LONGEST_PAUSE:
        raise ValueError(f"break of {time}; at most {LONGEST_PAUSE:g} s are allowed")
    return seconds


def rate_factor(value: str) -> float:
    """Returns the factor on speed.

    Raises:
        ValueError: the value is unknown or out of range.

    >>> rate_factor("fast"), rate_factor("150%"), rate_factor("-10%"), rate_factor("1.5")
    (1.25, 1.5, 0.9, 1.5)
    """
    factor = RATES.get(value)
    if factor is None:
        factor = _relative(value) or _plain(value)
    return _within(factor, SPEED_RANGE, "rate", value, "a name, 120%, +20% or 1.2")


def pitch_factor(value: str) -> float:
    """Returns the factor on F0.

    Raises:
        ValueError: the value is unknown or out of range.

    >>> pitch_factor("+12st"), pitch_factor("+10%")
    (2.0, 1.1)
    """
    factor = PITCHES.get(value)
    if factor is None and (match := _SEMITONES.match(value)):
        factor = 2.0 ** (float(match[1]) / 12.0)
    if factor is None:
        factor = _relative(value)
    return _within(factor, PITCH_RANGE, "pitch", value, "a name, +10% or +2st")


def volume_gain(value: str) -> float:
    """Returns the factor on samples.

    Raises:
        ValueError: the value is unknown or out of range.

    >>> volume_gain("-20dB")
    0.1
    """
    decibels = VOLUMES.get(value)
    if decibels is None and (match := _DECIBELS.match(value)):
        decibels = float(match[1])
    return float(10.0 ** (_within(decibels, GAIN_RANGE, "volume", value, "a name or -6dB") / 20.0))


def _relative(value: str) -> float | None:
    match = _PERCENT.match(value)
    if match is None:
        return None
    percent = float(match[1])
    return round((100.0 + percent if match[1][0] in "+-" else percent) / 100.0, 6)


def _plain(value: str) -> float | None:
    return float(value) if re.fullmatch(r"\d+(?:\.\d+)?|\.\d+", value) else None


def _within(
    factor: float | None, bounds: tuple[float, float], what: str, value: str, allowed: str
) -> float:
    if factor is None:
        raise ValueError(f"prosody {what} {value!r}; allowed is {allowed}")
    if not bounds[0] <= factor <= bounds[1]:
        raise ValueError(f"prosody {what} {value!r} is outside {bounds[0]:g} to {bounds[1]:g}")
    return factor
