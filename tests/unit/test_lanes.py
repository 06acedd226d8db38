"""Which queues a worker asks."""

from workers.celery_runtime.queue_order import Lanes


def test_bulk_leaves_threads_for_sentences() -> None:
    lanes = Lanes(4, "bulk")
    cycle = lanes.cycle()
    cycle.update(["interactive", "bulk"])
    with lanes.holding("bulk"), lanes.holding("interactive"), lanes.holding("bulk"):
        assert cycle.consume(2) == ["interactive", "bulk"]
        with lanes.holding("bulk"):
            assert cycle.consume(2) == ["interactive"]
            assert cycle.consume(1) == ["interactive"]
        assert cycle.consume(2) == ["interactive", "bulk"]


def test_one_thread_still_does_bulk_work() -> None:
    lanes = Lanes(1, "bulk")
    before = lanes.full
    with lanes.holding("bulk"):
        during = lanes.full
    assert (before, during, lanes.full) == (False, True, False)
