"""Imports a checkpoint in a process with a limit of memory: a few bytes may ask for gigabytes.

An ``ImportRequest`` is answered with an ``ImportResponse``, see ``core.limited_process``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from core.errors import CheckpointError, RhapsodeError
from core.limited_process import LimitedProcess, ProcessEnded, serve
from core.voice import Component
from exports.importers.checkpoints import import_checkpoint

MEMORY_BYTES: Final = 2**30
"""What a small file may take: torch's own work."""
MEMORY_PER_BYTE: Final = 8
"""And what each byte of it may take more: its tensors are read, folded in float64, checked and
written."""
MAX_SECONDS: Final = 1800.0
"""Processor time of one import [s]."""


class ImportRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What ``import_checkpoint`` is called with."""

    path: str
    network: str
    out_folder: str
    config_path: str | None = None
    name: str | None = None
    licence: str = "unknown"
    source: str = ""
    offered_as: str = ""
    half: bool = False


class ImportResponse(msgspec.Struct, frozen=True):
    """A component, or why there is none."""

    component: Component | None = None
    folder: str = ""
    code: str = ""
    message: str = ""


def import_apart(request: ImportRequest, *, memory_bytes: int | None = None) -> Component:
    """Imports a checkpoint in a process of its own.

    Args:
        request: what to import.
        memory_bytes: what it may take; None: by the size of the file.

    Raises:
        CheckpointError: it cannot be imported; or that would take too much memory or time.
    """
    path = Path(request.path)
    if memory_bytes is None:
        memory_bytes = MEMORY_BYTES + MEMORY_PER_BYTE * path.stat().st_size
    process = LimitedProcess("exports.importers.import_process", memory_bytes=memory_bytes)
    try:
        answer, _ = process.ask(msgspec.msgpack.encode(request), seconds=MAX_SECONDS)
    except ProcessEnded as error:
        raise CheckpointError(f"{path.name} was not read: {error.message}") from error
    finally:
        process.end()
    response = msgspec.msgpack.decode(answer, type=ImportResponse)
    if response.component is None:
        raise CheckpointError(response.message, code=response.code)
    return msgspec.structs.replace(response.component, folder=response.folder)


def answer(message: bytes, _: bytes) -> tuple[bytes, bytes]:
    """Returns the response to a request, both msgpack."""
    request = msgspec.msgpack.decode(message, type=ImportRequest)
    try:
        component = import_checkpoint(
            Path(request.path),
            request.network,
            Path(request.out_folder),
            config_path=Path(request.config_path) if request.config_path else None,
            name=request.name,
            licence=request.licence,
            source=request.source,
            offered_as=request.offered_as,
            half=request.half,
        )
        response = ImportResponse(component, component.folder)
    except RhapsodeError as error:
        response = ImportResponse(code=error.code, message=error.message)
    return msgspec.msgpack.encode(response), b""


if __name__ == "__main__":
    serve(answer)
