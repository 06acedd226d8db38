"""A voice, joined: acoustic model and vocoder over one runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import CheckpointError
from core.mel import MelSpec
from core.networks import WindowPolicy
from core.protocols import AcousticModel, Graph, Vocoder
from core.request import RuntimeName
from core.voice import Catalogue, Component, VoiceCard
from exports.exporters.export import artifact_folder, export_component
from exports.manifest import ArtifactManifest, Precision
from exports.registry import join_acoustic, join_vocoder
from exports.runtimes import open_runtime

CPU_WINDOWS = WindowPolicy()
CUDA_WINDOWS = WindowPolicy(static=True, max_batch_frames=64 * 282)
"""64 windows of 256 + 2 · 13 frames: HiFi-GAN V1 stays below 8 GB."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What speaks.

    Attributes:
        card: the voice's card.
        acoustic: phonemes to mels.
        vocoder: mels to samples.
        symbols: name of the acoustic model's symbol table.
        digests: component → sha256 of the artifact that speaks, hex.
    """

    card: VoiceCard
    acoustic: AcousticModel
    vocoder: Vocoder
    symbols: str
    digests: dict[str, str]

    @property
    def mel_spec(self) -> MelSpec:
        """Of the mel between the two."""
        return self.vocoder.mel_spec


def load_voice(
    catalogue: Catalogue,
    voice: VoiceCard,
    *,
    acoustic: str,
    vocoder: str,
    runtime: RuntimeName,
    device: str = "cpu",
    artifacts: Path,
    precision: Precision = "fp32",
    threads: int = 1,
    windows: WindowPolicy | None = None,
) -> Voice:
    """Opens a voice; artifacts that are missing are exported first.

    Args:
        catalogue: where the voice's components are.
        voice: the card.
        acoustic: acoustic model, as named by the card.
        vocoder: vocoder, as named by the card.
        runtime: eager, torchscript or onnx.
        device: cpu, cuda or cuda:N.
        artifacts: folder of exported artifacts, shared by any processes.
        precision: of the artifacts.
        threads: of ONNX Runtime.
        windows: how to cut mels into windows; None = what suits the device.

    Raises:
        FieldError: the voice has no such acoustic model or vocoder.
        SpecMismatch: acoustic model and vocoder, or an artifact and its component, do not fit.
        ArtifactError: an artifact is damaged or cannot be made.
        DeviceError: the device is not there.
    """
    _, speaker = catalogue.component("acoustic", voice.acoustic, acoustic)
    _, sounder = catalogue.component("vocoder", voice.vocoders, vocoder)
    _require_fit(speaker, sounder)
    opened = [
        _open(part, runtime, precision, device, artifacts, threads) for part in (speaker, sounder)
    ]
    (a_manifest, a_graphs), (v_manifest, v_graphs) = opened
    if windows is None:
        windows = CUDA_WINDOWS if device.startswith("cuda") else CPU_WINDOWS
    return Voice(
        card=voice,
        acoustic=join_acoustic(speaker.network, a_graphs, a_manifest.mel, speaker.config),
        vocoder=join_vocoder(sounder.network, v_graphs, v_manifest.mel, sounder.config, windows),
        symbols=speaker.symbols,
        digests={speaker.name: a_manifest.digest, sounder.name: v_manifest.digest},
    )


def _require_fit(speaker: Component, sounder: Component) -> None:
    if (speaker.kind, sounder.kind) != ("acoustic", "vocoder"):
        raise CheckpointError(
            f"{speaker.name} ({speaker.network}) and {sounder.name} ({sounder.network}) "
            "are not an acoustic model and a vocoder"
        )
    speaker.mel.require_equal(sounder.mel, left=speaker.name, right=sounder.name)


def _open(
    component: Component,
    runtime: RuntimeName,
    precision: Precision,
    device: str,
    artifacts: Path,
    threads: int,
) -> tuple[ArtifactManifest, dict[str, Graph]]:
    manifest = export_component(component, runtime, precision, artifacts)
    folder = artifact_folder(artifacts, component, runtime, precision)
    return manifest, dict(open_runtime(runtime, device, threads).open(folder))
