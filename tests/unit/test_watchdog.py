"""A device that hangs: no beat, a failing probe, and an end; all on a clock that the test holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from core.errors import DeviceError
from core.voice import Catalogue
from synthesis.parts import SynthesisItem
from tests.turns import FREE
from workers.device.collector import BatchRunner, Collector
from workers.device.device_thread import Device
from workers.device.watchdog import HUNG_STATUS, LAST_SECONDS, Watchdog
from workers.health import Probes
from workers.recovery.janitor import Janitor
from workers.settings import WorkerSettings

BOUND = 600.0
DEADLINE = 60.0
"""Seconds; never reached when all is well."""
BASE = Path(__file__).parents[2] / "k8s" / "base"


class Hands:
    """A clock that moves when it is logged to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def hanging(clock: Hands) -> Iterator[BatchRunner]:
    """A real device thread in a batch that does not end before the block does."""
    begun, go_on = threading.Event(), threading.Event()

    def speak(items: object) -> list[object]:
        begun.set()
        assert go_on.wait(DEADLINE)
        return []

    collector = Collector(symbols=1, flush_seconds=0.0)
    runner = BatchRunner(collector, speak, monotonic=clock)  # type: ignore[arg-type]
    device = threading.Thread(target=runner.run)
    nothing: list[SynthesisItem] = []
    client = threading.Thread(target=collector.submit, args=(nothing, "bulk", FREE))
    device.start()
    client.start()
    assert begun.wait(DEADLINE)
    yield runner
    go_on.set()
    client.join()
    collector.close()
    device.join()
    assert runner.busy_seconds() == 0.0


def test_a_batch_beyond_the_bound_hangs() -> None:
    clock, ends = Hands(), list[int]()
    with hanging(clock) as runner:
        watchdog = Watchdog(runner.busy_seconds, BOUND, end=ends.append)
        clock.now = BOUND
        watchdog.check()
        assert watchdog.alive
        clock.now = BOUND + 1
        alive: bool = watchdog.alive
        assert not alive
        with pytest.raises(DeviceError) as logged:
            watchdog.check()
        assert (logged.value.code, ends) == ("device_hangs", [])
        clock.now = BOUND + LAST_SECONDS + 1
        with pytest.raises(DeviceError):
            watchdog.check()
        assert ends == [HUNG_STATUS]
    assert watchdog.alive
    watchdog.check()


def test_the_log_says_where_it_hangs() -> None:
    here = threading.get_ident()
    watchdog = Watchdog(lambda: BOUND + 1, BOUND, thread=here)
    assert any(place.endswith("test_the_log_says_where_it_hangs") for place in watchdog._stack())


def test_a_worker_that_hangs_does_not_beat() -> None:
    """As the worker's upkeep runs it: what looks first keeps the beat from being logged."""
    beats, looked = [], threading.Event()
    watchdog = Watchdog(lambda: BOUND + 1, BOUND)

    def beat() -> None:
        watchdog.check()
        beats.append(1)

    upkeep = Janitor([beat, looked.set], seconds=DEADLINE)
    upkeep.start()
    assert looked.wait(DEADLINE)
    upkeep.stop()
    assert not beats


def test_a_worker_whose_device_died_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(self: object) -> None:
        raise RuntimeError("out of all expectation")

    monkeypatch.setattr(BatchRunner, "run", die)
    monkeypatch.setattr(Device, "_try_to_load", lambda self: self._tried.set())
    ends: list[int] = []
    device = Device(WorkerSettings(threads=1), Catalogue({}, {}), end=ends.append)
    device.start()
    device.stop()
    assert ends == [HUNG_STATUS] * 2


def test_a_janitor_that_stopped_grows_old() -> None:
    clock, looked = Hands(), threading.Event()
    upkeep = Janitor([looked.set], seconds=DEADLINE, monotonic=clock)
    upkeep.start()
    assert looked.wait(DEADLINE)
    upkeep.stop()
    clock.now = 5.0
    assert upkeep.idle_seconds() == 5.0


@pytest.mark.parametrize("role", ["planner", "synthesizer"])
def test_the_probes_of_the_manifest_are_answered_truly(role: str) -> None:
    state = {"alive": True, "ready": False}
    server = Probes(0, alive=lambda: state["alive"], ready=lambda: state["ready"], host="127.0.0.1")
    server.start()
    document = yaml.safe_load((BASE / f"{role}.yaml").read_text("utf-8"))
    (container,) = document["spec"]["template"]["spec"]["containers"]
    paths = {
        name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("liveness", "readiness")
    }
    assert container["startupProbe"]["httpGet"]["path"] == paths["readiness"]

    def ask(path: str) -> int:
        url = f"http://127.0.0.1:{server.port}{path}"
        return httpx.get(url, trust_env=False, timeout=DEADLINE).status_code

    try:
        assert (ask(paths["liveness"]), ask(paths["readiness"])) == (200, 503)
        state |= {"alive": False, "ready": True}
        assert (ask(paths["liveness"]), ask(paths["readiness"])) == (503, 200)
        assert ask("/metrics") == 200
    finally:
        server.stop()
