"""The one automatic second try of an utterance that went wrong.

The rule: where a network's sound depends on the seed, another seed, made of the first one, may mend
it; of the vocoder's faults another seed of the vocoder is enough. Networks without a seed would say
the same again, so only what a device or batch-mates may have caused (nothing, silence, values that
are not finite) is tried again, alone. Anything else is told without useless work. The better take
is kept, the first of equals.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import AnomalyError
from core.text import Notice
from synthesis.anomalies import BY_CHANCE, NOT_SPEECH, OF_THE_VOCODER
from synthesis.parts import utterance_seed
from synthesis.stages import UtteranceState


@dataclass(frozen=True, slots=True)
class SecondTry:
    """What to do once more.

    Attributes:
        first: how it went.
        work: the same utterance, ready for its stages.
        alone: not in a batch with others.
    """

    first: UtteranceState
    work: UtteranceState
    alone: bool


def second_try(first: UtteranceState) -> SecondTry | None:
    """A second try that may help, or None."""
    codes = {notice.code for notice in first.found}
    acoustic, vocoder = first.seeded
    if acoustic and codes:
        return SecondTry(first, _afresh(first, utterance_seed(first.seed, 1)), alone=False)
    if vocoder and codes & OF_THE_VOCODER:
        work = _afresh(first, utterance_seed(first.seed, 1))
        work.mel, work.durations = first.mel, first.durations
        return SecondTry(first, work, alone=False)
    if codes & BY_CHANCE:
        return SecondTry(first, _afresh(first, first.seed), alone=True)
    return None


def _afresh(first: UtteranceState, seed: int) -> UtteranceState:
    work = UtteranceState(first.speech, first.voice, first.components, first.seeded, first.speaker)
    work.seed = seed
    return work


def better(tried: SecondTry) -> UtteranceState:
    """The take to keep; it carries the cost of both and tells of the try."""
    first, second = tried.first, tried.work
    kept = second if _badness(second) < _badness(first) else first
    kept.seconds = [a + b for a, b in zip(first.seconds, second.seconds, strict=True)]
    how = "alone" if tried.alone else "with another seed"
    which = "second" if kept is second else "first"
    why = ", ".join(notice.code for notice in first.found)
    message = f"{why}: spoken again {how}, the {which} take was kept"
    kept.notices.append(Notice("anomaly_retried", message, first.speech.utterance.span))
    return kept


def _badness(work: UtteranceState) -> tuple[bool, int]:
    refused = work.error is not None or any(notice.code in NOT_SPEECH for notice in work.found)
    return refused, len(work.found)


def refuse_what_is_no_speech(work: UtteranceState) -> None:
    """Sets the error of a take that nobody should hear."""
    for notice in work.found:
        if work.error is None and notice.code in NOT_SPEECH:
            work.error = AnomalyError(notice.message, code=notice.code)
