"""When jobs come and how long they are."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import Final

from core.request import Lane

SECONDS_PER_CHARACTER: Final = 0.065
"""Speech of a character of English text [s]: a novel of 352 496 characters lasted 6.34 hours."""


@dataclass(frozen=True, slots=True)
class JobArrival:
    """A job that comes.

    Attributes:
        at: when [s].
        audio_seconds: length of its speech [s].
        lane: where its parts wait.
    """

    at: float
    audio_seconds: float
    lane: Lane = "interactive"


@dataclass(frozen=True, slots=True)
class RateProfile:
    """The mean rate of arrivals over time, constant between the given moments.

    Attributes:
        starts: when each rate begins, ascending, the first 0 [s].
        rates: jobs per second.
    """

    starts: tuple[float, ...]
    rates: tuple[float, ...]

    def time_of(self, count: float) -> float:
        """Returns when so many jobs are expected to have come [s]; inf: never."""
        widths = [end - start for start, end in zip(self.starts, self.starts[1:], strict=False)]
        expected = [0.0, *accumulate(w * r for w, r in zip(widths, self.rates, strict=False))]
        at = max(0, min(bisect_left(expected, count), len(self.rates)) - 1)
        if self.rates[at] <= 0:
            return math.inf
        return self.starts[at] + (count - expected[at]) / self.rates[at]


def arrival_times(
    profile: RateProfile, burstiness: float, seconds: float, random: Random
) -> Iterator[float]:
    """Yields the times of arrivals below that time [s].

    Between arrivals lie independent gamma-distributed amounts of expected arrivals with mean 1 and
    variance ``burstiness``; the profile turns amounts into time. So 1 is a Poisson process, whose
    rate may change; 0 comes evenly; above 1 jobs come in clusters with pauses between.

    Args:
        profile: mean rate.
        burstiness: squared coefficient of variation of the gaps, 0 or more.
        seconds: the end [s].
        random: its numbers.
    """
    count = 0.0
    while True:
        shape = 1 / burstiness if burstiness else 0.0
        count += random.gammavariate(shape, burstiness) if shape else 1.0
        at = profile.time_of(count)
        if at >= seconds:
            return
        yield at


def lognormal_lengths(mean: float, spread: float, random: Random) -> Iterator[float]:
    """Yields lengths without end: log-normal with that mean and coefficient of variation."""
    variance = math.log(1 + spread**2)
    while True:
        yield random.lognormvariate(math.log(mean) - variance / 2, math.sqrt(variance))


def sampled_lengths(lengths: Sequence[float], random: Random) -> Iterator[float]:
    """Yields lengths without end, each drawn from those given."""
    while True:
        yield random.choice(lengths)
