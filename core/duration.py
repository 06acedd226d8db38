"""Limits of how long the audio of a text may be, and what is compared with them.

A few hundred kilobytes can ask for weeks of audio: breaks add up, slow prosody multiplies, pauses
follow every full stop.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import FieldError


@dataclass(frozen=True, slots=True, kw_only=True)
class DurationLimits:
    """The longest durations at speed 1 [s]; a book of 60 hours is far below.

    Attributes:
        pause: one pause, breaks without text between them added up.
        silence: all pauses together.
        audio: speech and pauses, at the request's speed.
    """

    pause: float = 120.0
    silence: float = 24 * 3600.0
    audio: float = 120 * 3600.0


DEFAULT_LIMITS = DurationLimits()


@dataclass(frozen=True, slots=True)
class TextDuration:
    """How long a text lasts, estimated or planned.

    Attributes:
        pause: its longest pause at speed 1 [s].
        silence: all its pauses at speed 1 [s].
        speech: its speech, at the speeds of its own prosody [s].
    """

    pause: float
    silence: float
    speech: float

    def __add__(self, other: TextDuration) -> TextDuration:
        """Returns the duration of one text after the other."""
        return TextDuration(
            max(self.pause, other.pause),
            self.silence + other.silence,
            self.speech + other.speech,
        )

    def require(self, limits: DurationLimits, *, speed: float, field: str) -> None:
        """Raises FieldError where a limit is exceeded; names field and limit.

        Args:
            limits: of the service.
            speed: of the request.
            field: of the request that holds the text.
        """
        audio = (self.silence + self.speech) / speed
        for name, what, seconds, limit in (
            ("pause", "one pause", self.pause, limits.pause),
            ("silence", "all pauses together", self.silence, limits.silence),
            ("audio", "the audio", audio, limits.audio),
        ):
            if seconds > limit:
                raise FieldError(
                    field,
                    f"{what} would last about {seconds:.0f} s; at most {limit:.0f} s are allowed",
                    allowed=f"at most {limit:.0f} s",
                    code=f"{name}_too_long",
                )
