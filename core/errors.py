"""The one error tree.

    RhapsodeError
    ├── InputError               the caller can mend it; becomes a 4xx problem document
    │   ├── FieldError           a field of the request is missing, unknown or out of range
    │   ├── TextError            the text cannot be spoken as a whole (empty, only symbols)
    │   └── SsmlError            the markup is refused, with line and column
    ├── Unauthenticated          no API key, or one that is not known
    ├── LimitReached             a key's rate or open jobs are used up; try again later
    ├── NotFound                 no job, audio, voice component … of that name
    ├── Conflict                 the record is not in a state that allows the transition
    ├── Unavailable              Redis, storage or a worker does not answer; try again
    │   └── UnreadableRow        a stored row is damaged, or of a version to come
    ├── ArtifactError            an artifact cannot be used
    │   ├── ArtifactMissing      no such file
    │   ├── DigestMismatch       bytes differ from what the manifest says
    │   ├── SpecMismatch         two MelSpecs differ; names every differing field
    │   └── CheckpointError      a checkpoint is unsafe, of another network, or lacks keys
    └── SynthesisError           speaking failed
        ├── AnomalyError         the result is not speech: empty, runaway, clipped …
        └── DeviceError          the device refused (out of memory, lost)

Every error has a stable ``code`` (snake case, part of the API) and says whether trying the same
again may help (``retryable``). Exceptions of other libraries are translated in the module that
imports the library.
"""

from __future__ import annotations


class RhapsodeError(Exception):
    """Base class of all errors raised on purpose.

    Args:
        message: one sentence for the user.
        code: overrides the class's stable code where a class has several causes.
    """

    code = "internal"
    retryable = False

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class InputError(RhapsodeError):
    """Raised for what the caller can mend."""

    code = "invalid_input"


class FieldError(InputError):
    """Raised for a field of the request that is missing, unknown or out of range.

    Args:
        field: dotted path of the field, as the client wrote it.
        message: what is wrong with it.
        allowed: the allowed range or values, in words, or None where any text would do.
    """

    code = "invalid_field"

    def __init__(
        self, field: str, message: str, *, allowed: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.field = field
        self.allowed = allowed


class TextError(FieldError):
    """Raised for a text that cannot be spoken as a whole."""

    code = "unspeakable_text"


class SsmlError(FieldError):
    """Raised for markup that is refused.

    Args:
        message: what is wrong.
        line: 1-based line of the source.
        column: 1-based column, in code points.
        field: the request's field that holds the markup.
    """

    code = "invalid_ssml"

    def __init__(self, message: str, *, line: int, column: int, field: str = "ssml") -> None:
        super().__init__(field, f"{message} (line {line}, column {column})")
        self.line = line
        self.column = column


class Unauthenticated(RhapsodeError):
    """Raised where no API key was given, or one that is not known."""

    code = "unauthenticated"


class LimitReached(RhapsodeError):
    """Raised where what a key may ask for is used up for now.

    Args:
        message: which limit.
        wait_seconds: when the same may be asked again [s].
    """

    code = "limit_reached"
    retryable = True

    def __init__(self, message: str, wait_seconds: float, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.wait_seconds = wait_seconds


class NotFound(RhapsodeError):
    """Raised where there is no such thing."""

    code = "not_found"


class Conflict(RhapsodeError):
    """Raised where the record is not in a state that allows the transition."""

    code = "conflict"


class Unavailable(RhapsodeError):
    """Raised where a part of the system does not answer; the same may succeed later."""

    code = "unavailable"
    retryable = True


class UnreadableRow(Unavailable):
    """Raised for a stored row that this version cannot read; a newer process may."""

    code = "row_unreadable"


class ArtifactError(RhapsodeError):
    """Raised for an artifact that cannot be used."""

    code = "artifact"


class ArtifactMissing(ArtifactError):
    """Raised where there is no such artifact."""

    code = "artifact_missing"


class DigestMismatch(ArtifactError):
    """Raised where the bytes differ from what the manifest says."""

    code = "artifact_digest"


class SpecMismatch(ArtifactError):
    """Raised where two specifications that must be equal differ.

    Args:
        fields: per differing field the two values, left and right.
        left: name of the first owner.
        right: name of the second owner.
    """

    code = "spec_mismatch"

    def __init__(self, fields: dict[str, tuple[object, object]], *, left: str, right: str) -> None:
        differences = ", ".join(f"{name}: {a!r} ≠ {b!r}" for name, (a, b) in fields.items())
        super().__init__(f"{left} and {right} do not fit together: {differences}")
        self.fields = fields


class CheckpointError(ArtifactError):
    """Raised for a checkpoint that is unsafe, of another network, or its keys do not match."""

    code = "checkpoint"


class SynthesisError(RhapsodeError):
    """Raised where speech could not be made."""

    code = "synthesis"


class AnomalyError(SynthesisError):
    """Raised where the result is not speech: empty, runaway, not finite."""

    code = "anomaly"


class DeviceError(SynthesisError):
    """Raised where the device refused; another try may work."""

    code = "device"
    retryable = True
