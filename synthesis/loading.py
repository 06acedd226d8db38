"""Voices as the engine sees them, so that fakes need no exports."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NamedTuple, Protocol

from core.protocols import AcousticModel, Vocoder
from core.request import RuntimeName
from core.voice import Catalogue, VoiceCard


class Loaded(Protocol):
    """What ``exports.voice.load_voice`` returns, as far as the engine needs it."""

    @property
    def acoustic(self) -> AcousticModel: ...

    @property
    def vocoder(self) -> Vocoder: ...

    @property
    def digests(self) -> dict[str, str]: ...


class Joined(NamedTuple):
    """A pair of networks of which others may share either."""

    acoustic: AcousticModel
    vocoder: Vocoder
    digests: dict[str, str]


class Load(Protocol):
    """The signature of ``exports.voice.load_voice``."""

    def __call__(
        self,
        catalogue: Catalogue,
        voice: VoiceCard,
        *,
        acoustic: str,
        vocoder: str,
        runtime: RuntimeName,
        device: str = "cpu",
        artifacts: Path,
    ) -> Loaded: ...


class Voices:
    """Networks in memory; voices that share them share the load. Thread-safe.

    Args:
        catalogue: voices and components.
        artifacts: folder of exported networks.
        device: cpu, cuda or cuda:N.
        load: how a voice is loaded; None = ``exports.voice.load_voice``.
    """

    def __init__(
        self, catalogue: Catalogue, artifacts: Path, device: str, load: Load | None = None
    ) -> None:
        self.catalogue, self.device = catalogue, device
        self._artifacts, self._load = artifacts, load or default_load()
        self._lock = threading.Lock()
        self._joined: dict[tuple[str, str, RuntimeName], Joined] = {}
        self._acoustics: dict[tuple[str, RuntimeName], AcousticModel] = {}
        self._vocoders: dict[tuple[str, RuntimeName], Vocoder] = {}

    def load(self, voice: str, acoustic: str, vocoder: str, runtime: RuntimeName) -> Loaded:
        """The voice's networks, loaded at the first call.

        Raises:
            FieldError: the catalogue has no such voice, or the voice no such network.
            ArtifactError: an artifact cannot be used.
        """
        card = self.catalogue.voice(voice)
        _, model = self.catalogue.component("acoustic", card.acoustic, acoustic)
        _, coder = self.catalogue.component("vocoder", card.vocoders, vocoder)
        key = (model.name, coder.name, runtime)
        if known := self._joined.get(key):
            return known  # without waiting for another pair's first use, which may take minutes
        with self._lock:
            if key not in self._joined:
                loaded = self._load(
                    self.catalogue,
                    card,
                    acoustic=acoustic,
                    vocoder=vocoder,
                    runtime=runtime,
                    device=self.device,
                    artifacts=self._artifacts,
                )
                # A network that another pair brought already is kept once.
                self._joined[key] = Joined(
                    self._acoustics.setdefault((model.name, runtime), loaded.acoustic),
                    self._vocoders.setdefault((coder.name, runtime), loaded.vocoder),
                    loaded.digests,
                )
            return self._joined[key]


def default_load() -> Load:
    """``exports.voice.load_voice``, imported only when a real voice is wanted."""
    from exports.voice import load_voice

    return load_voice
