"""A voice, joined: acoustic model and vocoder over one runtime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import CheckpointError, DeviceError
from core.mel import MelSpec
from core.networks import WindowPolicy
from core.protocols import AcousticModel, Graph, SpeechRecognizer, Vocoder
from core.request import PRECISIONS, Precision, RuntimeName
from core.voice import Component, Selection, VoiceCard
from exports.exporters.export import artifact_folder, export_component
from exports.manifest import ArtifactManifest
from exports.registry import halo_of, join_acoustic, join_recognizer, join_vocoder
from exports.runtimes import open_runtime

CPU_WINDOWS = WindowPolicy()
CUDA_WINDOWS = WindowPolicy(core=256, static=True, max_batch_frames=64 * 282)
"""64 windows of 256 + 2 · 13 frames: HiFi-GAN V1 stays below 8 GB."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that is ready: both networks over one runtime.

    Attributes:
        card: the voice's card.
        acoustic: phonemes to mels.
        vocoder: mels to samples.
        symbols: name of the acoustic model's symbol table.
        digests: component → sha256 of the artifact in use, hex.
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
    selection: Selection,
    *,
    runtime: RuntimeName,
    device: str = "cpu",
    artifacts: Path,
    precision: Precision | None = None,
    threads: int = 1,
    windows: WindowPolicy | None = None,
    exact: bool | None = None,
    cuda_graphs: bool = False,
) -> Voice:
    """Opens a voice; artifacts that are missing are exported first.

    Args:
        selection: the voice and its networks.
        runtime: eager, torchscript, onnx or openvino.
        device: cpu, cuda or cuda:N.
        artifacts: folder of exported artifacts, shared by any processes.
        precision: of the artifacts; None = the selection's, where it is for this runtime, else the
            runtime's own.
        threads: of ONNX Runtime.
        windows: how to cut mels into windows; None = what suits the device.
        exact: only utterances of equal shapes share a call; None = on a CPU.
        cuda_graphs: on a GPU, the vocoder's full windows are captured in CUDA graphs.

    Raises:
        SpecMismatch: acoustic model and vocoder, or an artifact and its component, do not fit.
        ArtifactError: an artifact is damaged or cannot be made.
        DeviceError: the device is not there, or would only emulate the precision.
    """
    acoustic, vocoder = selection.acoustic_component, selection.vocoder_component
    _require_fit(acoustic, vocoder)
    if precision is None:
        same = selection.runtime == runtime
        precision = selection.precision if same else PRECISIONS[runtime][0]
    if precision == "fp16" and not device.startswith("cuda"):
        message = f"{runtime} on a CPU computes fp16 in float32, and slower; it needs a GPU"
        raise DeviceError(message, code="emulated_precision")
    cuda = device.startswith("cuda")
    if windows is None:
        windows = CUDA_WINDOWS if cuda else CPU_WINDOWS
    if exact is None:
        # A GPU is bound by launches, so width is worth more there than the last bit.
        exact = not cuda
    captured = (
        windows.core + 2 * halo_of(vocoder.network, vocoder.config)
        if cuda_graphs and cuda
        else None
    )
    a_manifest, a_graphs = _open(acoustic, runtime, precision, device, artifacts, threads)
    # Convolutions in int8 are slower than in float32 and sound worse.
    own = "fp32" if precision == "int8" else precision
    v_manifest, v_graphs = _open(vocoder, runtime, own, device, artifacts, threads, captured)
    return Voice(
        card=selection.voice,
        acoustic=join_acoustic(
            acoustic.network, a_graphs, a_manifest.mel, acoustic.config, exact=exact
        ),
        vocoder=join_vocoder(vocoder.network, v_graphs, v_manifest.mel, vocoder.config, windows),
        symbols=acoustic.symbols,
        digests={acoustic.name: a_manifest.digest, vocoder.name: v_manifest.digest},
    )


def load_recognizer(
    component: Component,
    *,
    runtime: RuntimeName,
    device: str = "cpu",
    artifacts: Path,
    precision: Precision = "fp32",
    threads: int = 1,
) -> SpeechRecognizer:
    """Opens a recognizer; an artifact that is missing is exported first.

    Args:
        component: of a recognizer.
        runtime: eager, torchscript, onnx or openvino; the last one's place takes onnx, whose
            recurrent layers are exact.
        device: cpu, cuda or cuda:N.
        artifacts: folder of exported artifacts.
        precision: of the artifact.
        threads: of ONNX Runtime.

    Raises:
        CheckpointError: the component is no recognizer.
        ArtifactError: an artifact is damaged or cannot be made.
        DeviceError: the device is not there.
    """
    own: RuntimeName = "onnx" if runtime == "openvino" else runtime
    manifest, graphs = _open(component, own, precision, device, artifacts, threads)
    return join_recognizer(component.network, graphs, manifest.mel, component.config)


def _require_fit(acoustic: Component, vocoder: Component) -> None:
    if (acoustic.kind, vocoder.kind) != ("acoustic", "vocoder"):
        raise CheckpointError(
            f"{acoustic.name} ({acoustic.network}) and {vocoder.name} ({vocoder.network}) "
            "are not an acoustic model and a vocoder"
        )
    acoustic.mel.require_equal(vocoder.mel, left=acoustic.name, right=vocoder.name)


def _open(
    component: Component,
    runtime: RuntimeName,
    precision: Precision,
    device: str,
    artifacts: Path,
    threads: int,
    captured_frames: int | None = None,
) -> tuple[ArtifactManifest, dict[str, Graph]]:
    manifest = export_component(component, runtime, precision, artifacts)
    folder = artifact_folder(artifacts, component, runtime, precision)
    return manifest, dict(open_runtime(runtime, device, threads, captured_frames).open(folder))
