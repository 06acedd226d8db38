"""KEDA's rule as k8s/monitoring/scaling.yaml has it, and the autoscaler that carries it out."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ScalingRule:
    """The ScaledObject of synthesizers; a test compares the defaults with the file.

    Attributes:
        fewest, most: replicas.
        interval: between two looks [s].
        work_per_replica: what KEDA's threshold is: work that waits for each [s].
        down_window: the largest number wanted within so long is kept [s].
        down_period: one replica less at most in so long [s].
        start_seconds: from the wish for a replica until it takes work [s]: a node, the image, the
            voice. No part of the file.
        metric_age: how old the figure is that KEDA sees [s]: scrape and recording rule.
        tolerance: relative difference that changes nothing.
        up_pods, up_period: at most so many more, or twice as many, in so long [s].

    Source: Kubernetes documentation, Horizontal Pod Autoscaling: "Algorithm details" (the ratio
    within the tolerance of 0.1 changes nothing; the highest recommendation of the stabilization
    window), "Default behavior" (scale up by 4 pods or 100 % in 15 s, whichever is more, window 0);
    KEDA 2.x, Prometheus scaler, metricType AverageValue: ceil(query / threshold) replicas.
    """

    fewest: int = 1
    most: int = 8
    interval: float = 15.0
    work_per_replica: float = 60.0
    down_window: float = 600.0
    down_period: float = 300.0
    start_seconds: float = 60.0
    metric_age: float = 30.0
    tolerance: float = 0.1
    up_pods: int = 4
    up_period: float = 15.0


@dataclass(slots=True)
class ReplicaController:
    """Carries the rule out, look by look.

    Args:
        rule: the rule.
        replicas: at the start.
    """

    rule: ScalingRule
    replicas: int
    _wanted: deque[tuple[float, int]] = field(default_factory=deque)
    _changes: deque[tuple[float, int]] = field(default_factory=deque)

    def look(self, now: float, work_seconds: float) -> int:
        """Returns the number of replicas from now on.

        Args:
            now: time of the look [s]; looks come in order.
            work_seconds: work that waits, in seconds of one busy replica, as the metric tells.
        """
        rule = self.rule
        ratio = work_seconds / rule.work_per_replica
        wanted = math.ceil(ratio)
        if abs(1 - ratio / self.replicas) <= rule.tolerance:
            wanted = self.replicas
        wanted = min(max(wanted, rule.fewest), rule.most)
        self._wanted.append((now, wanted))
        while self._wanted[0][0] < now - rule.down_window:
            self._wanted.popleft()
        if wanted > self.replicas:
            self._change(now, min(wanted, self._highest(now)))
        else:
            stable = min(self.replicas, max(count for _, count in self._wanted))
            self._change(now, max(stable, self._lowest(now)))
        return self.replicas

    def _change(self, now: float, replicas: int) -> None:
        if replicas != self.replicas:
            self._changes.append((now, replicas - self.replicas))
            self.replicas = replicas

    def _highest(self, now: float) -> int:
        added = sum(max(0, by) for at, by in self._changes if at > now - self.rule.up_period)
        before = self.replicas - added
        return max(before + self.rule.up_pods, 2 * before)

    def _lowest(self, now: float) -> int:
        removed = sum(max(0, -by) for at, by in self._changes if at > now - self.rule.down_period)
        return self.replicas + removed - 1
