"""How long the oldest message has waited."""

from __future__ import annotations

from jobs.queue import CeleryQueue

NOW = 1_700_000_000.0


def test_the_oldest_message_tells_its_age(redis_url: str) -> None:
    now = [NOW]
    queue = CeleryQueue(redis_url, now=lambda: now[0])
    assert set(queue.ages(NOW).values()) == {0.0}
    queue.synthesize("a" * 32, 0, "bulk")
    now[0] += 5
    queue.synthesize("a" * 32, 1, "bulk")
    queue.plan("b" * 32)
    ages = queue.ages(NOW + 12.5)
    assert ages == {"assemble": 0.0, "plan": 7.5, "interactive": 0.0, "bulk": 12.5}
    assert queue.ages(NOW - 1)["bulk"] == 0.0
