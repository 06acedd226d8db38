"""The catalogue: voices are compositions of components, read from TOML, without torch.

voices/
  components/<component>/component.toml + weights.safetensors
  <voice>/voice.toml
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from core.errors import ArtifactError, ArtifactMissing, FieldError, NotFound
from core.mel import MelSpec

NetworkKind = Literal["acoustic", "vocoder"]
ControlName = Literal["pitch", "energy"]
T = TypeVar("T")


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where weights come from."""

    source: str
    licence: str
    trained_on: str = ""
    steps: int = 0
    hours: float = 0.0
    hardware: str = ""


class Component(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One network with its weights: ``component.toml``.

    ``kind``, ``controls`` and ``seeded`` are facts of the network (its ``NetworkSpec``). They stand
    here, too, so that the API, which loads no network, knows them; an export refuses a component
    that contradicts its network.
    """

    name: str
    network: str
    """A name of the table in exports/registry.py."""
    kind: NetworkKind
    controls: tuple[ControlName, ...] = ()
    """What requests may control beside speed (acoustic models)."""
    seeded: bool = False
    """What it synthesizes depends on the seed (dropout, noise)."""
    weights: str
    """File name of the safetensors beside the component.toml."""
    sha256: str
    """Of the weights file, hex."""
    config: dict[str, Any]
    """Arguments of the network's config class."""
    mel: MelSpec
    symbols: str = ""
    """Name of the symbol table (acoustic models)."""
    speakers: int = 1
    provenance: Provenance
    folder: str = ""
    """Filled in by the reader."""

    @property
    def weights_path(self) -> Path:
        """Where the weights are."""
        return Path(self.folder) / self.weights


class VoiceCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A voice: ``voice.toml``. The first acoustic model and vocoder are its defaults."""

    name: str
    title: str
    description: str
    language: str
    gender: Literal["female", "male", "neutral"]
    acoustic: dict[str, str]
    """Name in requests → component."""
    vocoders: dict[str, str]
    """Name in requests → component."""
    speaker: int = 0
    """Index into the acoustic model's speaker table."""
    default: bool = False
    """Spoken when a request names no voice; of several the last one read."""
    licence: str
    provenance: str
    quality: dict[str, dict[str, dict[str, float]]] = {}
    """Measured figures by name with unit, of acoustic model and vocoder as requests name them."""


class Catalogue(msgspec.Struct, frozen=True):
    """All voices and components of one or more folders."""

    voices: dict[str, VoiceCard]
    components: dict[str, Component]

    def voice(self, name: str | None) -> VoiceCard:
        """The voice of that name, or for None the default: of several the last one read.

        Raises:
            FieldError: no such voice; tells the known ones.
        """
        if name is None:
            return next((v for v in reversed(self.voices.values()) if v.default), self._first())
        if name not in self.voices:
            raise FieldError(
                "voice",
                f"unknown voice {name!r}",
                allowed=", ".join(sorted(self.voices)),
                code="unknown_voice",
            )
        return self.voices[name]

    def _first(self) -> VoiceCard:
        if not self.voices:
            raise NotFound("the catalogue holds no voice")
        return next(iter(self.voices.values()))

    def component(
        self, field: str, offered: Mapping[str, str], name: str | None
    ) -> tuple[str, Component]:
        """Resolves a request's ``acoustic`` or ``vocoder`` among what the voice offers.

        Returns:
            The resolved name and its component.

        Raises:
            FieldError: the voice does not offer it; tells what it offers.
        """
        chosen = next(iter(offered)) if name is None else name
        if chosen not in offered:
            raise FieldError(
                field,
                f"this voice has no {field} {chosen!r}",
                allowed=", ".join(offered),
                code=f"unknown_{field}",
            )
        return chosen, self.components[offered[chosen]]

    def inner_model(
        self, base: Component, voice: VoiceCard, acoustic: str
    ) -> tuple[str, Component]:
        """The acoustic model of a voice inside another's text (SSML ``<voice>``).

        Args:
            base: the acoustic model of the text's own voice.
            voice: who speaks inside.
            acoustic: the text's acoustic model by name; taken where the voice offers it, else the
                voice's default.

        Raises:
            FieldError: it reads other symbols or speaks at another rate (code ``voice_mix``).
        """
        name = acoustic if acoustic in voice.acoustic else next(iter(voice.acoustic))
        model = self.components[voice.acoustic[name]]
        if (model.symbols, model.mel.sample_rate) != (base.symbols, base.mel.sample_rate):
            raise FieldError(
                "ssml",
                f"voice {voice.name!r} reads {model.symbols!r} symbols at {model.mel.sample_rate} "
                f"Hz and cannot join one that reads {base.symbols!r} at {base.mel.sample_rate} Hz",
                code="voice_mix",
            )
        return name, model


def read_component(folder: Path) -> Component:
    """One component's own folder.

    Raises:
        ArtifactMissing: there is none.
        ArtifactError: its component.toml is not readable.
    """
    path = folder / "component.toml"
    if not path.exists():
        raise ArtifactMissing(f"no component in {folder}")
    return msgspec.structs.replace(_read(path, Component), folder=str(folder))


def read_catalogue(folders: Iterable[Path]) -> Catalogue:
    """Reads every voice and component below the folders.

    Raises:
        ArtifactError: a file is not readable, or a voice names a component that is not there.
    """
    voices: dict[str, VoiceCard] = {}
    components: dict[str, Component] = {}
    for folder in folders:
        for path in sorted(folder.glob("components/*/component.toml")):
            component = read_component(path.parent)
            components[component.name] = component
        for path in sorted(folder.glob("*/voice.toml")):
            card = _read(path, VoiceCard)
            voices[card.name] = card
    for card in voices.values():
        for part in (*card.acoustic.values(), *card.vocoders.values()):
            if part not in components:
                raise ArtifactError(f"voice {card.name} names component {part}, which is not there")
    return Catalogue(voices, components)


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), kind)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ArtifactError(f"{path}: {error}") from error
