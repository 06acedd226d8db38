"""What the benchmarks measure of our own: each voice with each of its networks."""

from __future__ import annotations

from dataclasses import dataclass

from core.request import Precision, RuntimeName
from core.voice import Catalogue, Selection


@dataclass(frozen=True, slots=True)
class Choice:
    """A voice with one acoustic model, one vocoder and a runtime.

    Attributes:
        voice: name of the voice.
        acoustic: name of its acoustic model in requests.
        vocoder: name of its vocoder in requests.
        runtime: runtime of the networks.
        precision: of their export; None = the runtime's own.
    """

    voice: str
    acoustic: str
    vocoder: str
    runtime: RuntimeName = "onnx"
    precision: Precision | None = None

    @property
    def name(self) -> str:
        """Name of the row in tables."""
        return f"{self.voice} {self.acoustic} × {self.vocoder}"

    def selection(self, catalogue: Catalogue) -> Selection:
        """Returns what the names stand for."""
        return catalogue.resolve(
            self.voice, self.acoustic, self.vocoder, self.runtime, self.precision
        )


def choices(catalogue: Catalogue, runtime: RuntimeName | None = None) -> list[Choice]:
    """Returns every voice × acoustic model × vocoder of the catalogue; None = its runtime."""
    return [
        Choice(card.name, acoustic, vocoder, runtime or catalogue.resolve(card.name).runtime)
        for card in catalogue.voices.values()
        for acoustic in card.acoustic
        for vocoder in card.vocoders
    ]
