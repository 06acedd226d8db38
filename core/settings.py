"""Settings: typed values that a process reads from its environment, once, when it starts."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_origin, get_type_hints

import msgspec
import platformdirs

from core.errors import FieldError
from core.request import Precision, RuntimeName

if TYPE_CHECKING:
    from core.voice import Catalogue

SHIPPED_VOICES = Path(__file__).resolve().parent.parent / "voices"
"""The installed folder ``voices``: it lies beside this package."""


def default_data_folder() -> Path:
    """Returns this user's data folder: the same wherever a command is started.

    On Linux ``$XDG_DATA_HOME/rhapsode``, which is usually ``~/.local/share/rhapsode``.
    """
    return platformdirs.user_data_path("rhapsode", appauthor=False)


@dataclass(frozen=True, kw_only=True)
class CommonSettings:
    """The settings that every process and command reads; subclasses add those of a room.

    A field ``data`` is read from ``RHAPSODE_DATA``, unless the field's metadata names another
    ``variable``. A dataclass and no Struct: a worker's settings have two bases, those of the
    service and those of synthesis, and two Structs with fields cannot be bases of one class.
    """

    data: Path = field(default_factory=default_data_folder)
    """RHAPSODE_DATA: folder of everything that is written (audio, artifacts, Redis)."""
    voices: tuple[Path, ...] = ()
    """RHAPSODE_VOICES: more folders of voices, separated like PATH; later ones win."""
    runtime: RuntimeName | None = None
    """RHAPSODE_RUNTIME: speaks where neither request nor voice name a runtime; default onnx."""
    precision: Precision | None = None
    """RHAPSODE_PRECISION: of its export; default bf16 of openvino, fp32 of the others."""
    shipped_voices: bool = True
    """RHAPSODE_SHIPPED_VOICES: false leaves only the voices of RHAPSODE_VOICES."""

    @property
    def own_voices(self) -> Path:
        """The folder where imported components are put."""
        return self.data / "voices"

    @property
    def voice_folders(self) -> tuple[Path, ...]:
        """The shipped voices, then the imported ones, then those of RHAPSODE_VOICES."""
        own = (SHIPPED_VOICES, self.own_voices) if self.shipped_voices else ()
        return (*own, *self.voices)

    def catalogue(self) -> Catalogue:
        """Reads the voices; one that names no runtime has that of the settings.

        Raises:
            ArtifactError: a voice cannot be read.
            FieldError: a runtime computes no such precision.
        """
        from core.voice import read_catalogue

        return read_catalogue(self.voice_folders, self.runtime, self.precision)

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, *, data: Path | None = None
    ) -> Self:
        """Reads and checks the variables.

        Numbers, booleans (true/false/1/0), paths and tuples of paths (separated like PATH) are read
        from their text, other tuples by their commas. Unset and empty variables leave the
        field's default.

        Args:
            environment: variables; None = the process's.
            data: in place of RHAPSODE_DATA.

        Raises:
            FieldError: a value is refused; the error's field is the variable's name.
        """
        variables = os.environ if environment is None else environment
        types = get_type_hints(cls, include_extras=True)
        values: dict[str, Any] = {}
        for setting in dataclasses.fields(cls):
            name = variable_of(setting)
            if text := variables.get(name, ""):
                values[setting.name] = _parse(name, text, types[setting.name])
        if data is not None:
            values["data"] = data
        return cls(**values)


def variable_of(field: dataclasses.Field[Any]) -> str:
    """Returns the name of the variable from which a field is read."""
    name: str = field.metadata.get("variable", f"RHAPSODE_{field.name.upper()}")
    return name


def _parse(name: str, text: str, kind: Any) -> Any:
    raw: str | list[str] = text
    if kind == tuple[Path, ...]:
        raw = text.split(os.pathsep)
    elif get_origin(kind) is tuple:
        raw = [one.strip() for one in text.split(",") if one.strip()]
    try:
        return msgspec.convert(raw, kind, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise FieldError(name, f"{name}={text!r} is refused: {error}", code="setting") from error


def _path(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value).expanduser()
    raise NotImplementedError(f"settings of type {kind}")
