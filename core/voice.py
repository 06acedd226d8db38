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
from core.recognition import CheckThresholds
from core.request import PRECISIONS, Precision, RuntimeName

NetworkKind = Literal["acoustic", "vocoder", "recognizer"]
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
    """Name of the symbol table (acoustic models, recognizers)."""
    speakers: int = 1
    thresholds: CheckThresholds | None = None
    """Bounds of the check (recognizers); without them it cannot check."""
    offered_as: str = ""
    """Name under which every voice of the same mel offers this vocoder; empty = only voices that
    name it do."""
    provenance: Provenance
    folder: str = ""
    """Filled in by the reader."""

    @property
    def weights_path(self) -> Path:
        """Where the weights are."""
        return Path(self.folder) / self.weights


class VoiceCard(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
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
    runtime: RuntimeName | None = None
    """Which export speaks when a request names none; None = as the service is set."""
    precision: Precision | None = None
    """Of that runtime's export when a request names none."""
    default: bool = False
    """Spoken when a request names no voice; of several the last one read."""
    licence: str
    provenance: str
    quality: dict[str, dict[str, dict[str, float]]] = {}
    """Measured figures by name with unit, of acoustic model and vocoder as requests name them."""
    speed: dict[str, dict[str, dict[str, float]]] = {}
    """The same of speed, on one core: ``rtf``, and ``times_piper`` beside Piper in the same run."""

    def measured(self, acoustic: str, vocoder: str) -> dict[str, float]:
        """Returns the figures of a pair: its quality, then its speed."""
        kinds = (self.quality, self.speed)
        return {n: v for kind in kinds for n, v in kind.get(acoustic, {}).get(vocoder, {}).items()}


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """A voice with one acoustic model and one vocoder: no name is left open."""

    voice: VoiceCard
    acoustic: str
    """The voice's name for the acoustic model."""
    vocoder: str
    """The voice's name for the vocoder."""
    acoustic_component: Component
    vocoder_component: Component
    runtime: RuntimeName = "onnx"
    """Which export speaks."""
    precision: Precision = "fp32"
    """Of the export."""


class Catalogue(msgspec.Struct, frozen=True):
    """All voices and components of one or more folders."""

    voices: dict[str, VoiceCard]
    components: dict[str, Component]

    def voice(self, name: str | None) -> VoiceCard:
        """Returns the voice of that name, or for None the default: of several the last one read.

        Raises:
            FieldError: no such voice; names the known ones.
            NotFound: the catalogue is empty.
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

    def resolve(
        self,
        voice: str | None = None,
        acoustic: str | None = None,
        vocoder: str | None = None,
        runtime: RuntimeName | None = None,
        precision: Precision | None = None,
    ) -> Selection:
        """Returns what the names of a request stand for; the one place where names become networks.

        Args:
            voice: a voice of the catalogue; None = the default.
            acoustic: an acoustic model that the voice offers; None = its default.
            vocoder: a vocoder that the voice offers; None = its default.
            runtime: which export speaks; None = the voice's, or onnx.
            precision: of the export; None = the voice's, where its runtime speaks, else the
                runtime's own.

        Raises:
            FieldError: no such voice, the voice offers no such network, or the runtime no such
                precision; names what there is.
            NotFound: the catalogue is empty.
        """
        card = self.voice(voice)
        own = card.runtime or "onnx"
        runtime = runtime or own
        if precision is None and runtime == own:
            precision = card.precision
        return self._selection(
            card,
            _offered("acoustic", card.acoustic, acoustic),
            _offered("vocoder", card.vocoders, vocoder),
            runtime,
            _offered_precision(runtime, precision),
        )

    def resolve_inner(self, outer: Selection, voice: str) -> Selection:
        """Returns the networks of a voice inside the text of another (SSML ``<voice>``).

        Acoustic model and vocoder are those of the outer selection's names where the voice offers
        them, else its defaults.

        Args:
            outer: the text's own.
            voice: the name of the inner one.

        Raises:
            FieldError: no such voice; or it reads other symbols or has another sample rate, so that
                the two cannot share a text (code ``voice_mix``).
        """
        card = self.voice(voice)
        inner = self._selection(
            card,
            outer.acoustic if outer.acoustic in card.acoustic else next(iter(card.acoustic)),
            outer.vocoder if outer.vocoder in card.vocoders else next(iter(card.vocoders)),
            outer.runtime,
            outer.precision,
        )
        own, base = inner.acoustic_component, outer.acoustic_component
        if (own.symbols, own.mel.sample_rate) != (base.symbols, base.mel.sample_rate):
            raise FieldError(
                "ssml",
                f"voice {card.name!r} reads {own.symbols!r} symbols at {own.mel.sample_rate} "
                f"Hz and cannot join one that reads {base.symbols!r} at {base.mel.sample_rate} Hz",
                code="voice_mix",
            )
        return inner

    def recognizer_of(self, selection: Selection) -> Component:
        """Returns what can check the speech of a selection: the last one read that fits.

        Raises:
            FieldError: no recognizer with thresholds has the symbols and the mel of the voice.
        """
        model, mel = selection.acoustic_component, selection.vocoder_component.mel
        for component in reversed(self.components.values()):
            fits = component.kind == "recognizer" and component.thresholds is not None
            if fits and component.symbols == model.symbols and not component.mel.differences(mel):
                return component
        message = f"no recognizer can check the voice {selection.voice.name!r}"
        raise FieldError("check", message, allowed="off", code="check_unavailable")

    def other_acoustic(self, selection: Selection) -> Selection | None:
        """Returns the selection with another acoustic model of its voice, None if it has none."""
        voice, own = selection.voice, selection.acoustic_component
        for name in voice.acoustic:
            other = self._selection(
                voice, name, selection.vocoder, selection.runtime, selection.precision
            )
            model = other.acoustic_component
            same = (model.symbols, model.mel.differences(own.mel)) == (own.symbols, {})
            if model.name != own.name and same:
                return other
        return None

    def _selection(
        self,
        card: VoiceCard,
        acoustic: str,
        vocoder: str,
        runtime: RuntimeName,
        precision: Precision,
    ) -> Selection:
        return Selection(
            voice=card,
            acoustic=acoustic,
            vocoder=vocoder,
            acoustic_component=self.components[card.acoustic[acoustic]],
            vocoder_component=self.components[card.vocoders[vocoder]],
            runtime=runtime,
            precision=precision,
        )


def _offered(
    field: Literal["acoustic", "vocoder"], offered: Mapping[str, str], name: str | None
) -> str:
    """Returns the name, or the first one offered for None. Raises FieldError for any other."""
    chosen = next(iter(offered)) if name is None else name
    if chosen not in offered:
        raise FieldError(
            field,
            f"this voice has no {field} {chosen!r}",
            allowed=", ".join(offered),
            code=f"unknown_{field}",
        )
    return chosen


def _offered_precision(runtime: RuntimeName, precision: Precision | None) -> Precision:
    """Returns the precision, or the runtime's own for None. Raises FieldError for any other."""
    offered = PRECISIONS[runtime]
    if precision is not None and precision not in offered:
        raise FieldError(
            "precision",
            f"{runtime} computes no {precision}",
            allowed=", ".join(offered),
            code="unknown_precision",
        )
    return precision or offered[0]


def read_component(folder: Path) -> Component:
    """Reads one component's own folder.

    Raises:
        ArtifactMissing: there is none.
        ArtifactError: its component.toml is not readable.
    """
    path = folder / "component.toml"
    if not path.exists():
        raise ArtifactMissing(f"no component in {folder}")
    return msgspec.structs.replace(_read(path, Component), folder=str(folder))


def read_catalogue(
    folders: Iterable[Path],
    runtime: RuntimeName | None = None,
    precision: Precision | None = None,
) -> Catalogue:
    """Reads every voice and component below the folders.

    Args:
        folders: those of later ones win.
        runtime: of voices that name none.
        precision: of its export, for the same voices.

    Raises:
        ArtifactError: a file is not readable, or a voice names a component that is not there.
        FieldError: a runtime computes no such precision.
    """
    voices: dict[str, VoiceCard] = {}
    components: dict[str, Component] = {}
    for folder in folders:
        for path in sorted(folder.glob("components/*/component.toml")):
            component = read_component(path.parent)
            components[component.name] = component
        for path in sorted(folder.glob("*/voice.toml")):
            card = _read(path, VoiceCard)
            if card.runtime is None and card.precision is None:
                card = msgspec.structs.replace(card, runtime=runtime, precision=precision)
            _offered_precision(card.runtime or "onnx", card.precision)
            voices[card.name] = card
    voices = {name: _with_offers(card, components) for name, card in voices.items()}
    for card in voices.values():
        for part in (*card.acoustic.values(), *card.vocoders.values()):
            if part not in components:
                raise ArtifactError(f"voice {card.name} names component {part}, which is not there")
    return Catalogue(voices, components)


def _with_offers(card: VoiceCard, components: Mapping[str, Component]) -> VoiceCard:
    """Returns the card with the vocoders that offer themselves to it behind its own."""
    own = [components[name].mel for name in card.acoustic.values() if name in components]
    offers = {
        component.offered_as: component.name
        for component in components.values()
        if component.offered_as
        and component.kind == "vocoder"
        and all(not component.mel.differences(mel) for mel in own)
    }
    # A name that the card has already stays its own, and its first vocoder the default.
    return msgspec.structs.replace(card, vocoders=card.vocoders | offers | card.vocoders)


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), kind)
    except (OSError, ValueError, RecursionError, msgspec.ValidationError) as error:
        # A ValueError: no TOML, or not UTF-8.
        raise ArtifactError(f"{path}: {error}") from error
