"""Exit codes of the command and what they mean to a script."""

from __future__ import annotations

from core.errors import (
    ArtifactError,
    Conflict,
    InputError,
    LimitReached,
    NotFound,
    RhapsodeError,
    SynthesisError,
    Unauthenticated,
    Unavailable,
)

EXIT_CODES = {
    0: "done",
    1: "a fault of the program",
    2: "wrong usage or input",
    3: "a service, disk or device is not available; try again",
    4: "synthesis failed",
    5: "a voice or artifact cannot be used",
    130: "stopped by the user",
}


def exit_code(error: RhapsodeError) -> int:
    """Returns the exit code of an error.

    >>> exit_code(InputError("no"))
    2
    """
    if isinstance(error, InputError | NotFound | Conflict | Unauthenticated):
        return 2
    if isinstance(error, Unavailable | LimitReached):
        return 3
    if isinstance(error, SynthesisError):
        return 4
    return 5 if isinstance(error, ArtifactError) else 1
