"""Cuts utterances into parts, and makes of each what an engine needs. Pure.

A part is the unit of queueing, checkpoint and retry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Literal

import msgspec

from core.errors import TextError
from core.part import Part
from core.recognition import CheckMode
from core.request import Controls, RuntimeName
from core.text import Utterance
from core.voice import Catalogue, Component, Selection

SECONDS_PER_PHONEME = 0.08
"""Mean speech per symbol, word gaps included [s]: 16 784 s / 208 895 symbols of the corpus."""
PART_SECONDS = 32.0
"""Longest speech of a part [s], twice the mean: seconds of work on two cores, little lost when a
worker dies."""
PARAGRAPH_SECONDS = 0.5
"""A pause from here on ends a paragraph: between the usual ones of sentences and paragraphs."""
DEEPEST = 64
"""Nested cuts before the middle is taken; texts that were not made for it stay below 40."""
FIRST_PART_SECONDS = 6.0
"""Speech of a job's first part [s], so that its first audio does not wait for a long part."""


class SynthesisItem(msgspec.Struct, frozen=True, kw_only=True):
    """An utterance with everything its samples depend on."""

    utterance: Utterance
    selection: Selection
    """The voice and its networks."""
    runtime: RuntimeName
    speed: float = 1.0
    """2.0 = half the duration."""
    pitch: float = 1.0
    """Factor on F0 [Hz]."""
    energy: float = 1.0
    """Factor on the energy."""
    seed: int = 0
    """The utterance's own, see ``utterance_seed``."""
    check: CheckMode = "off"
    """Whether a recognizer compares its audio with its phonemes, and what follows."""
    recognizer: Component | None = None
    """What checks it; None if nothing is checked."""
    alternative: Selection | None = None
    """Who speaks it again if the check fails and another seed would change nothing."""


def estimate_seconds(utterance: Utterance, speed: float = 1.0) -> float:
    """Returns the expected length of an utterance with its pause [s]."""
    speech = len(utterance.phoneme_ids) * SECONDS_PER_PHONEME
    return (speech + utterance.pause_after_seconds) / speed


def cut_parts(
    chapters: Sequence[Sequence[Utterance]],
    *,
    speed: float = 1.0,
    part_seconds: float = PART_SECONDS,
    first_seconds: float = FIRST_PART_SECONDS,
) -> tuple[Part, ...]:
    """Cuts chapters into parts; utterances are never split, order is kept.

    Where a part ends follows from the utterances around, not from where it stands in the job, so
    that a changed sentence changes the part it is in and leaves the others, with their stored
    audio, as they were.

    Args:
        chapters: utterances of each chapter, in order.
        speed: of the request; a slow job has shorter parts.
        part_seconds: estimated speech of a part [s]; exceeded only by a single long utterance.
        first_seconds: the same for the first part.

    Raises:
        TextError: there is nothing to speak.
    """
    parts: list[Part] = []
    first = 0
    for number, chapter in enumerate(chapters):
        seconds = [estimate_seconds(utterance, speed) for utterance in chapter]
        starts = _starts(chapter, seconds, part_seconds)
        if not parts and starts:
            starts = _with_short_first(starts, seconds, first_seconds)
        for start, stop in pairwise([*starts, len(chapter)]):
            some, length = tuple(chapter[start:stop]), sum(seconds[start:stop])
            parts.append(Part(len(parts), first + start, some, number, length))
        first += len(chapter)
    if not parts:
        raise TextError("text", "nothing in the text can be spoken")
    return tuple(parts)


def _starts(utterances: Sequence[Utterance], seconds: Sequence[float], limit: float) -> list[int]:
    """Returns the indices of the first utterances of the parts.

    A run that is too long is cut at its best place, again and again. Paragraphs' ends are better
    than sentences' ends; among equals the content number decides.
    """
    places = [
        (_KINDS.index(_kind(utterance)), content_number(utterance)) for utterance in utterances
    ]
    total = [0.0, *accumulate(seconds)]
    runs, starts = [(0, len(utterances), 0)] if utterances else [], []
    while runs:
        start, stop, depth = runs.pop()
        if stop - start == 1 or total[stop] - total[start] <= limit:
            starts.append(start)
            continue
        middle = (start + stop) // 2
        at = middle  # beyond DEEPEST: a text that was made to be cut badly
        if depth < DEEPEST:
            at = min(
                range(start + 1, stop), key=lambda i: (*places[i - 1], abs(2 * i - start - stop))
            )
        runs += [(start, at, depth + 1), (at, stop, depth + 1)]
    return sorted(starts)


def _kind(utterance: Utterance) -> Literal["paragraph", "sentence", "clause"]:
    if utterance.pause_after_seconds >= PARAGRAPH_SECONDS:
        return "paragraph"
    return "sentence" if utterance.pause_after_seconds else "clause"


_KINDS = ("paragraph", "sentence", "clause")


def _with_short_first(starts: list[int], seconds: Sequence[float], limit: float) -> list[int]:
    stop = starts[1] if len(starts) > 1 else len(seconds)
    totals = accumulate(seconds[:stop])
    fits = max(1, sum(1 for total in totals if total <= limit))
    return starts if fits >= stop else [0, fits, *starts[1:]]


def content_number(utterance: Utterance) -> int:
    """Returns 63 bits of an utterance's content: the BLAKE2b of its phoneme ids."""
    ids = ",".join(map(str, utterance.phoneme_ids)).encode()
    return int.from_bytes(hashlib.blake2b(ids, digest_size=8).digest(), "big") >> 1


def utterance_seed(seed: int, index: int) -> int:
    """Returns a seed made of two numbers: BLAKE2b("seed:index"), 8 bytes without the sign bit.

    An utterance's own is made of the request's and its ``content_number``: neither cutting nor
    batching nor what stands before it changes a sample of it.

    >>> utterance_seed(0, 0) != utterance_seed(0, 1) != utterance_seed(1, 0)
    True
    """
    digest = hashlib.blake2b(f"{seed}:{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def synthesis_items(part: Part, request: Controls, catalogue: Catalogue) -> Iterator[SynthesisItem]:
    """Yields what an engine synthesizes for a part, in order.

    An utterance may have its own voice (SSML ``<voice>``), see ``Catalogue.resolve_inner``.

    Args:
        part: utterances of the request's job.
        request: the job's; open fields take the voice's defaults.
        catalogue: of the worker.

    Raises:
        FieldError: the catalogue lacks the voice, a network or what checks it, or voices do not go
            together.
    """
    outer = catalogue.resolve(
        request.voice, request.acoustic, request.vocoder, request.runtime, request.precision
    )
    for utterance in part.utterances:
        inner = utterance.voice
        selection = outer if inner is None else catalogue.resolve_inner(outer, inner)
        checked = request.check != "off"
        yield SynthesisItem(
            utterance=utterance,
            selection=selection,
            runtime=outer.runtime,
            speed=request.speed,
            pitch=request.pitch,
            energy=request.energy,
            seed=utterance_seed(request.seed, content_number(utterance)),
            check=request.check,
            recognizer=catalogue.recognizer_of(selection) if checked else None,
            alternative=catalogue.other_acoustic(selection) if request.check == "retry" else None,
        )
