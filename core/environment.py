"""Typed settings out of a mapping of variables; which mapping is the caller's business."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from core.errors import FieldError

T = TypeVar("T", bound=msgspec.Struct)


def read_settings(
    kind: type[T], environment: Mapping[str, str], names: Mapping[str, str] | None = None
) -> T:
    """Builds a settings struct; a field ``redis_url`` is read from ``RHAPSODE_REDIS_URL``.

    Numbers, booleans (true/false/1/0), paths and tuples of paths (separated like PATH) are read
    from their text. Unset and empty variables leave the field's default.

    Args:
        kind: the settings class.
        environment: variables, usually ``os.environ``.
        names: variables of fields that have another name.

    Raises:
        FieldError: a value is refused; the error's field is the variable's name.
    """
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        name = (names or {}).get(field.name, f"RHAPSODE_{field.name.upper()}")
        text = environment.get(name, "")
        if text:
            values[field.name] = _parse(name, text, field.type)
    return kind(**values)


def _parse(name: str, text: str, kind: Any) -> Any:
    raw = text.split(os.pathsep) if kind == tuple[Path, ...] else text
    try:
        return msgspec.convert(raw, kind, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise FieldError(name, f"{name}={text!r} is refused: {error}", code="setting") from error


def _path(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value).expanduser()
    raise NotImplementedError(f"settings of type {kind}")
