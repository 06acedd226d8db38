"""Whether speech is what was meant: words that are missing, repeated, or others.

A word is flagged where the cost of its alignment is above what right speech costs, or where the
utterance is likelier without it or with it twice. The bounds are measured
(``benchmarks/recognition``) and stand on the recognizer's card. So is a word whose samples deviate
from what was vocoded, however well it is recognized.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.recognition import CheckThresholds, FindingCode, UtteranceCheck, WordFinding
from recognition.decoding import count_errors
from recognition.evidence import RunEvidence, UtteranceEvidence
from text.g2p.symbols import symbol_table

MISSING_SHARE = 0.5
"""A flagged word in whose place no more labels than this share of its own were found is missing."""
REPEATED_RATE = 0.5
"""What was found between words repeats the words beside it if its error rate is below this."""
LEAST_REPEATED = 2
"""Labels; a single one between words resembles too many words."""


def word_statistic(run: RunEvidence) -> float:
    """Returns what is compared with the bound of words: the cost beyond the least, per label."""
    return (run.cost - run.least) / max(1, len(run.meant))


def gap_statistic(run: RunEvidence) -> float:
    """Returns what is compared with the bound of gaps: the cost beyond the least."""
    return run.cost - run.least


def check_utterance(
    evidence: UtteranceEvidence | None,
    words: int,
    thresholds: CheckThresholds,
    symbols: str,
    deviations: Sequence[float] = (),
) -> UtteranceCheck:
    """Returns how sure the recognizer is of each word, and which are wrong.

    Args:
        evidence: of the utterance; None where it is too short to hold what was meant.
        words: how many there are.
        thresholds: bounds of right speech.
        symbols: name of the symbol table of the labels.
        deviations: of each word, see ``word_deviations``; none where only a recording is known.
    """
    if evidence is None:
        missing = tuple(WordFinding(i, "dropped_word") for i in range(words))
        return UtteranceCheck((0.0,) * words, missing)
    table = symbol_table(symbols).symbols
    findings = dict[int, WordFinding]()

    def add(word: int, code: FindingCode, run: RunEvidence) -> None:
        found = tuple(table[label] for label in run.found)
        findings.setdefault(word, WordFinding(word, code, found))

    dropped = _peaks([r.dropped if r else -math.inf for r in evidence.words], thresholds.dropped)
    for index, run in enumerate(evidence.words):
        if run is not None and (index in dropped or word_statistic(run) > thresholds.word):
            add(index, _finding_of(run), run)
    bound = math.inf if thresholds.deviation is None else thresholds.deviation
    for index, deviation in enumerate(deviations):
        run = evidence.words[index]
        if run is not None and deviation > bound:
            add(index, "misheard", run)
    flagged = set(findings)
    inserted = set[int]()
    for index, run in enumerate(evidence.gaps):
        # What is wrong with a word reaches into the gaps beside it.
        if gap_statistic(run) > thresholds.gap and words and not flagged & {index - 1, index}:
            add(*_inserted(run, evidence.words, index), run)
            inserted |= {index - 1, index}
    repeated = _peaks([r.repeated if r else -math.inf for r in evidence.words], thresholds.repeated)
    # Other words between two are a little likelier as one of the two again.
    for index in repeated - inserted - flagged:
        if run := evidence.words[index]:
            add(index, "repeated_word", run)
    confidences = tuple(1.0 if r is None else round(r.confidence, 4) for r in evidence.words)
    return UtteranceCheck(confidences, tuple(findings[word] for word in sorted(findings)))


def _peaks(gains: Sequence[float], bound: float | None) -> set[int]:
    """Returns which words gain more than a bound, of words side by side those that gain most.

    Where a word is missing, an utterance is likelier without its neighbours, too.
    """
    beside = [-math.inf, *gains, -math.inf]
    return {
        index
        for index, gain in enumerate(gains)
        if bound is not None and gain > bound and gain >= max(beside[index], beside[index + 2])
    }


def _finding_of(run: RunEvidence) -> FindingCode:
    """Returns what is wrong with a word that is."""
    if len(run.found) <= MISSING_SHARE * len(run.meant):
        return "dropped_word"
    # The path may begin in the first of two equal words and end in the second.
    twice = count_errors((*run.meant, *run.meant), run.found)
    return "repeated_word" if twice.rate < REPEATED_RATE else "misheard"


def _inserted(
    run: RunEvidence, words: Sequence[RunEvidence | None], index: int
) -> tuple[int, FindingCode]:
    """Returns which word what was found before word ``index`` belongs to, and what it is."""
    beside = {at: words[at] for at in (index - 1, index) if 0 <= at < len(words)}
    nearest = min(max(0, index - 1), len(words) - 1)
    if len(run.found) < LEAST_REPEATED:
        return nearest, "misheard"
    rates = {at: count_errors(word.meant, run.found).rate for at, word in beside.items() if word}
    at = min(rates, key=lambda k: rates[k], default=nearest)
    if rates and rates[at] < REPEATED_RATE:
        return at, "repeated_word"
    return nearest, "misheard"
