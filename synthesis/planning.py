"""Plans a source: text to utterances to parts, within the limits of the service."""

from __future__ import annotations

import time
from itertools import chain

import msgspec

from core.duration import DurationLimits
from core.part import JobPlan, Part
from core.protocols import TextFrontend
from core.request import Source
from core.text import Pauses
from synthesis.chapter_frontend import analyze_source
from synthesis.parts import cut_parts
from text.duration import planned_duration


class PlannedSource(msgspec.Struct, frozen=True):
    """The plan of a source, with its parts."""

    plan: JobPlan
    parts: tuple[Part, ...]


def plan_source(
    source: Source,
    frontend: TextFrontend,
    *,
    pauses: Pauses,
    speed: float,
    limits: DurationLimits,
    any_language: bool = False,
) -> PlannedSource:
    """Returns the plan of a source; its text seconds are the CPU seconds of this call.

    Args:
        source: text with its chapters.
        frontend: of the voice's symbols and language.
        pauses, speed: of the request.
        limits: of how long the audio may be.
        any_language: text of other languages is read as English, and not refused.

    Raises:
        InputError: the text cannot be spoken, or its audio would be too long.
    """
    start = time.thread_time()
    analysis = analyze_source(source, frontend, pauses, any_language=any_language)
    parts = cut_parts(analysis.chapters, speed=speed)
    seconds = sum(part.seconds for part in parts)
    utterances = chain.from_iterable(analysis.chapters)
    duration = planned_duration(utterances, analysis.lead_seconds, seconds, speed)
    duration.require(limits, speed=speed, field=_field_of(source))
    plan = JobPlan(
        parts=len(parts),
        utterances=analysis.utterances,
        lead_seconds=analysis.lead_seconds,
        text_seconds=time.thread_time() - start,
        seconds=seconds,
        chapter_leads=analysis.chapter_leads,
        silences=analysis.silences,
        notices=analysis.notices,
    )
    return PlannedSource(plan, parts)


def _field_of(source: Source) -> str:
    """Returns the request's field that held the text."""
    if source.chapters:
        return "inputs" if source.batch else "file"
    return "ssml" if source.markup else "text"
