"""The one automatic retry of an utterance that went wrong.

The rule: where a network's output depends on the seed, another seed, made of the first one, may
help; of the vocoder's faults another seed of the vocoder is enough. Networks without a seed would
give the same again, so only what a device or batch-mates may have caused (nothing, silence, values
that are not finite) is tried again, alone. Anything else is reported without useless work. The
better attempt is kept, the first of equals.

Words that a recognizer flags are anomalies as well where the request says ``retry``. An acoustic
model without a seed would make the same of them again, so another one of the voice speaks them;
where the samples alone are wrong, by their mel, another seed of the vocoder comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from core.errors import AnomalyError
from core.text import Notice
from synthesis.anomalies import CHANCE_ANOMALIES, REFUSED_ANOMALIES, VOCODER_ANOMALIES
from synthesis.parts import utterance_seed
from synthesis.stages import UtteranceState


@dataclass(frozen=True, slots=True)
class Retry:
    """A second attempt at an utterance.

    Attributes:
        first: how the first one went.
        second: the same utterance, ready for its stages.
        alone: not in a batch with others.
    """

    first: UtteranceState
    second: UtteranceState
    alone: bool


def plan_retry(first: UtteranceState) -> Retry | None:
    """Returns a retry that may help, or None."""
    codes = {notice.code for notice in first.anomalies}
    selection = first.item.selection
    flagged = first.item.check == "retry" and first.check is not None and first.check.findings
    if (codes or flagged) and selection.acoustic_component.seeded:
        return Retry(first, _again(first, utterance_seed(first.seed, 1)), alone=False)
    of_vocoder = codes & VOCODER_ANOMALIES or (flagged and first.deviates)
    if of_vocoder and selection.vocoder_component.seeded:
        second = _again(first, utterance_seed(first.seed, 1))
        second.mel, second.durations = first.mel, first.durations
        return Retry(first, second, alone=False)
    if codes & CHANCE_ANOMALIES:
        return Retry(first, _again(first, first.seed), alone=True)
    if flagged and first.item.alternative is not None:
        item = msgspec.structs.replace(first.item, selection=first.item.alternative)
        return Retry(first, UtteranceState(item), alone=False)
    return None


def _again(first: UtteranceState, seed: int) -> UtteranceState:
    state = UtteranceState(first.item, first.networks)
    state.seed = seed
    return state


def keep_better(retry: Retry) -> UtteranceState:
    """Returns the attempt to keep; it carries the cost of both and a notice of the retry."""
    first, second = retry.first, retry.second
    kept = second if _badness(second) < _badness(first) else first
    kept.seconds = first.seconds + second.seconds
    kept.check_seconds = first.check_seconds + second.check_seconds
    how = "alone" if retry.alone else "with another seed"
    if second.item.selection is not first.item.selection:
        how = f"by {second.item.selection.acoustic}"
    which = "second" if kept is second else "first"
    why = ", ".join(dict.fromkeys((*(n.code for n in first.anomalies), *_found(first))))
    message = f"{why}: synthesized again {how}, the {which} attempt was kept"
    kept.notices.append(Notice("anomaly_retried", message, first.item.utterance.span))
    return kept


def _badness(state: UtteranceState) -> tuple[bool, int]:
    refused = any(notice.code in REFUSED_ANOMALIES for notice in state.anomalies)
    return state.error is not None or refused, len(state.anomalies) + len(_found(state))


def _found(state: UtteranceState) -> list[str]:
    """Returns the codes of the words that were flagged."""
    return [finding.code for finding in state.check.findings] if state.check else []


def refuse_anomalies(state: UtteranceState) -> None:
    """Sets the error of a state whose result is not speech."""
    for notice in state.anomalies:
        if state.error is None and notice.code in REFUSED_ANOMALIES:
            state.error = AnomalyError(notice.message, code=notice.code)
