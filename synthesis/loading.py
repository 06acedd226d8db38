"""Networks in memory, as the engine sees them, so that fakes need no exports."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from core.protocols import AcousticModel, SpeechRecognizer, Vocoder
from core.request import Precision, RuntimeName
from core.voice import Component, Selection


class LoadedVoice(Protocol):
    """What ``exports.voice.load_voice`` returns, as far as the engine needs it."""

    @property
    def acoustic(self) -> AcousticModel: ...

    @property
    def vocoder(self) -> Vocoder: ...

    @property
    def digests(self) -> dict[str, str]: ...


class NetworkPair(NamedTuple):
    """An acoustic model and a vocoder, of which other pairs may share either."""

    acoustic: AcousticModel
    vocoder: Vocoder
    digests: dict[str, str]


class LoadVoice(Protocol):
    """The signature of ``exports.voice.load_voice``."""

    def __call__(
        self, selection: Selection, *, runtime: RuntimeName, device: str = "cpu", artifacts: Path
    ) -> LoadedVoice: ...


class LoadRecognizerComponent(Protocol):
    """The signature of ``exports.voice.load_recognizer``."""

    def __call__(
        self, component: Component, *, runtime: RuntimeName, device: str, artifacts: Path
    ) -> SpeechRecognizer: ...


class VoiceCache:
    """Loads networks and keeps them; voices that share one share the load. Thread-safe.

    Args:
        artifacts: folder of exported networks.
        device: cpu, cuda or cuda:N.
        load: how a voice is loaded; None = ``exports.voice.load_voice``.
        load_recognizer: how a recognizer is; None = ``exports.voice.load_recognizer``.
    """

    def __init__(
        self,
        artifacts: Path,
        device: str,
        load: LoadVoice | None = None,
        load_recognizer: LoadRecognizerComponent | None = None,
    ) -> None:
        self._artifacts, self._device = artifacts, device
        self._load = load or default_load()
        self._load_recognizer = load_recognizer or _default_recognizer
        self._lock = threading.Lock()
        self._pairs: dict[tuple[str, str, RuntimeName, Precision], NetworkPair] = {}
        self._acoustics: dict[tuple[str, RuntimeName, Precision], AcousticModel] = {}
        self._vocoders: dict[tuple[str, RuntimeName, Precision], Vocoder] = {}
        self._recognizers: dict[tuple[str, RuntimeName], SpeechRecognizer] = {}

    def load(self, selection: Selection, runtime: RuntimeName) -> LoadedVoice:
        """Returns the selection's networks, loaded at the first call.

        Raises:
            ArtifactError: an artifact cannot be used.
        """
        acoustic, vocoder = selection.acoustic_component.name, selection.vocoder_component.name
        export = (runtime, selection.precision)
        key = (acoustic, vocoder, *export)
        if known := self._pairs.get(key):
            return known  # without waiting for another pair's first use, which may take minutes
        with self._lock:
            if key not in self._pairs:
                loaded = self._load(
                    selection, runtime=runtime, device=self._device, artifacts=self._artifacts
                )
                # A network that another pair brought already is kept once.
                self._pairs[key] = NetworkPair(
                    self._acoustics.setdefault((acoustic, *export), loaded.acoustic),
                    self._vocoders.setdefault((vocoder, *export), loaded.vocoder),
                    loaded.digests,
                )
            return self._pairs[key]

    def recognizer(self, component: Component, runtime: RuntimeName) -> SpeechRecognizer:
        """Returns a recognizer, loaded at the first call.

        Raises:
            ArtifactError: its artifact cannot be used.
        """
        key = (component.name, runtime)
        with self._lock:
            if key not in self._recognizers:
                self._recognizers[key] = self._load_recognizer(
                    component, runtime=runtime, device=self._device, artifacts=self._artifacts
                )
            return self._recognizers[key]


def _default_recognizer(
    component: Component, *, runtime: RuntimeName, device: str, artifacts: Path
) -> SpeechRecognizer:
    from exports.voice import load_recognizer

    return load_recognizer(component, runtime=runtime, device=device, artifacts=artifacts)


def default_load(cuda_graphs: bool = False) -> LoadVoice:
    """Returns ``exports.voice.load_voice``, imported only when a real voice is wanted.

    Args:
        cuda_graphs: see there.
    """
    from exports.voice import load_voice

    return partial(load_voice, cuda_graphs=cuda_graphs)
