"""Which queues a worker asks."""

from workers.celery_runtime.queue_order import QueueOrder


def test_bulk_leaves_threads_for_sentences() -> None:
    order = QueueOrder(4, {"bulk"})
    cycle = order.cycle()
    cycle.update(["interactive", "bulk"])
    with order.holding("bulk"), order.holding("interactive"), order.holding("bulk"):
        assert cycle.consume(2) == ["interactive", "bulk"]
        with order.holding("bulk"):
            assert cycle.consume(2) == ["interactive"]
            assert cycle.consume(1) == ["interactive"]
        assert cycle.consume(2) == ["interactive", "bulk"]


def test_one_thread_still_does_bulk_work() -> None:
    order = QueueOrder(1, {"bulk"})
    before = order.full
    with order.holding("bulk"):
        during = order.full
    assert (before, during, order.full) == (False, True, False)


def test_limited_queues_share_one_limit() -> None:
    order = QueueOrder(4, {"assemble-long", "plan-long"})
    cycle = order.cycle()
    cycle.update(["assemble", "plan", "assemble-long", "plan-long"])
    with order.holding("assemble-long"), order.holding("plan-long"), order.holding("plan-long"):
        assert cycle.consume(4) == ["assemble", "plan"]
