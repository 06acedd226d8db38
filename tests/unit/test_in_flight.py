"""A piece of work is done by one thread of a process at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor

from workers.celery_runtime.in_flight import InFlight

WORK = ("synthesize", "0a", 1)


def test_a_second_message_for_work_that_runs_is_passed_by() -> None:
    in_flight = InFlight(tail_seconds=0)
    with in_flight.exclusively(WORK) as first, in_flight.exclusively(WORK) as second:
        assert (first, second) == (True, False)
        with in_flight.exclusively(("synthesize", "0a", 2)) as other:
            assert other


def test_work_that_has_ended_may_come_again() -> None:
    in_flight = InFlight(tail_seconds=0)
    for _ in range(2):
        with in_flight.exclusively(WORK) as free:
            assert free


def test_a_message_that_ending_work_sent_is_not_lost() -> None:
    in_flight, inside, done = InFlight(tail_seconds=60), threading.Event(), threading.Event()

    def first() -> None:
        with in_flight.exclusively(WORK):
            inside.set()
            done.wait()

    def second() -> bool:
        with in_flight.exclusively(WORK) as free:
            return free

    with ThreadPoolExecutor(2) as pool:
        ends = pool.submit(first)
        inside.wait()
        comes = pool.submit(second)
        done.set()
        ends.result()
        assert comes.result()
