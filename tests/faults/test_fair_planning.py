"""Heavy documents delay nobody's sentence, and a cancelled one is not planned to its end."""

from __future__ import annotations

import msgspec
import psutil
import pytest

from core import limited_process
from core.duration import DEFAULT_LIMITS, DurationLimits
from core.errors import Conflict, SynthesisError
from core.request import Source
from core.text import Pauses
from synthesis.planning import plan_source
from tests.faults.conftest import Start
from tests.faults.supervised import Supervised, children_that_run
from text.frontend import open_frontend
from workers.tasks.plan_process import PlanRequest, plan_in_process

HEAVY = "Sentence after sentence goes on for a while, and then, at long last, it ends. " * 12_000
TEXT = "A sentence. And then another one, of some more words."


def request(text: str, limits: DurationLimits = DEFAULT_LIMITS) -> PlanRequest:
    return PlanRequest(Source(text=text), "house-ipa", "en-us", Pauses(), 1.0, limits)


def planning_processes() -> list[psutil.Process]:
    """Returns the processes of this machine that plan a text for this test's service."""
    return children_that_run("workers.tasks.plan_process", recursive=True)


def test_a_process_plans_as_a_thread_does() -> None:
    answer = plan_in_process(request(TEXT), lambda: None)
    frontend = open_frontend("house-ipa", "en-us")
    expected = plan_source(
        Source(text=TEXT), frontend, pauses=Pauses(), speed=1.0, limits=DEFAULT_LIMITS
    )
    assert answer.plan is not None
    assert tuple(answer.decoded_parts()) == expected.parts
    plan = msgspec.structs.replace(answer.plan, text_seconds=expected.plan.text_seconds)
    assert plan == expected.plan


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (request("* * *"), "unspeakable_text"),
        (request(TEXT, DurationLimits(audio=0.1)), "audio_too_long"),
    ],
)
def test_a_refusal_comes_back(asked: PlanRequest, code: str) -> None:
    answer = plan_in_process(asked, lambda: None)
    assert (answer.plan, answer.code) == (None, code)


def test_a_cancelled_job_ends_its_process() -> None:
    def cancelled() -> None:
        raise Conflict("the job has ended", code="job_over")

    with pytest.raises(Conflict):
        plan_in_process(request(HEAVY), cancelled)
    assert planning_processes() == []


def test_a_process_that_dies_is_an_error_of_its_job(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill() -> None:
        for process in planning_processes():
            process.kill()

    monkeypatch.setattr(limited_process, "CHECK_SECONDS", 0.05)
    with pytest.raises(SynthesisError, match="ended with -9"):
        plan_in_process(request(HEAVY), kill)


def planned(service: Supervised, job: dict[str, object]) -> bool:
    found = service.look(job)
    return found is not None and found["progress"]["parts_total"] > 0


def test_eight_heavy_documents_delay_no_sentence(start: Start) -> None:
    """All eight together need a minute; planned in turn by all threads, they would be first."""
    service = start()
    heavy = [service.submit(text=HEAVY[n:], lane="bulk") for n in range(8)]
    service.until(lambda: bool(planning_processes()))
    sentence = service.ended(service.submit(text=TEXT))
    assert sentence["state"] == "succeeded"
    waiting = [job for job in heavy if not planned(service, job)]
    assert len(waiting) >= 6
    for job in heavy:
        assert service.http.delete(f"/jobs/{job['id']}").status_code == 200
    service.until(lambda: not planning_processes())
