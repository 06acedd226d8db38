"""What other rooms know of a network: one ``NetworkSpec`` per network.

``SPEC`` stands in a folder's ``spec.py`` below ``acoustic``, ``vocoders`` or ``recognition``;
``exports/registry.py`` names that file in one line. Modules and tensors are ``Any`` here, since
core never loads torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.checkpoint import CheckpointLayout
from core.graphs import GraphSpec
from core.mel import MelSpec
from core.protocols import AcousticModel, Graph, SpeechRecognizer, Vocoder
from core.voice import Component, ControlName, NetworkKind, Provenance


@dataclass(frozen=True, slots=True)
class WindowPolicy:
    """How a device likes long mels cut into windows; the halo comes from the network.

    Attributes:
        core: frames of an inner window without its halos.
        static: windows of utterances longer than one window are all of the same length (one shape:
            CUDA graphs, one autotune); otherwise they are as short as their number allows.
        max_batch_frames: frames that go through the network at once; bounds the memory.
        stream_core: frames of an inner window of what is streamed, whose first samples come sooner.
    """

    core: int = 512
    static: bool = False
    max_batch_frames: int = 512
    stream_core: int = 256


def imported_on_call(path: str) -> Callable[..., Any]:
    """Returns a function that imports ``module:name`` and calls it, each time that it is called.

    So a spec names code that needs torch, and whoever runs exported networks reads the spec without
    it: importing torch takes longer than speaking a sentence.

    >>> imported_on_call("math:sqrt")(4.0)
    2.0
    """
    module, _, name = path.partition(":")

    def call(*arguments: Any) -> Any:
        return getattr(import_module(module), name)(*arguments)

    return call


Width = Annotated[int, msgspec.Meta(ge=1, le=16384)]
"""Channels of a layer. Ranges of sizes are wide, and checked before a network is built: what
stands in a component.toml of strangers costs neither memory nor hours."""
Depth = Annotated[int, msgspec.Meta(ge=0, le=128)]
"""Layers one after the other."""
Kernel = Annotated[int, msgspec.Meta(ge=1, le=4096)]
"""Taps of a convolution, its dilation or its stride."""
Hop = Annotated[int, msgspec.Meta(ge=1, le=16384)]
"""Distance of two frames [samples]."""
SampleRate = Annotated[int, msgspec.Meta(ge=1000, le=384_000)]
"""Samples per second [Hz]."""


class CorpusFacts(Protocol):
    """What the sizes of a network may depend on: the corpus that it is to be trained on."""

    @property
    def mel(self) -> MelSpec:
        """The contract of the corpus's mels."""

    @property
    def n_symbols(self) -> int:
        """Rows of the symbol table, padding included."""

    @property
    def n_speakers(self) -> int:
        """How many speakers the corpus has."""

    def feature_values(self, feature: str) -> NDArray[np.float64]:
        """Returns ``pitch`` or ``energy`` of every symbol of the training set, (N,).

        Raises:
            ArtifactError: the corpus has no durations, so no symbol has a value of its own.
        """


class AdversarialLosses(NamedTuple):
    """Scalar tensors of one batch."""

    discriminator: Any
    """Trains the discriminators themselves."""
    features: Any
    """The generator's feature matching."""
    adversarial: Any
    """The generator's."""


class Discriminators(Protocol):
    """The discriminators that a generator is trained against: a torch.nn.Module."""

    def losses(self, predicted: Any, target: Any, turn: int) -> AdversarialLosses:
        """Returns all losses of one pass.

        Args:
            predicted: what the generator made, (B, 1, N) float32.
            target: the recording, likewise.
            turn: number of the batch, for discriminators that take turns.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSpec:
    """One network. Subclassed by kind: ``AcousticSpec``, ``VocoderSpec``, ``RecognizerSpec``.

    Attributes:
        name: as ``component.toml``, manifests and requests name it; the name of its folder.
        config: msgspec.Struct of its sizes, msgspec.to_builtins of which is ``component.toml``'s.
        network: config → torch.nn.Module, on the device meta, too, where tensors have no values;
            see ``imported_on_call``, also for what follows.
        graphs: the module in eval mode → its graphs, which exporters write and runtimes run.
        sizes: the sizes that it is trained in, by name: corpus → config; the first is the default.
        controls: what requests may control beside speed (acoustic models).
        seeded: config → whether what it synthesizes depends on the seed (dropout, noise); other
            networks repeat themselves.
        checkpoint_keys: keys under which public checkpoints keep their state dict.
        read_checkpoint: a public checkpoint's state dict (weight norm folded) and the file of
            settings beside it, if one was given → what the checkpoint is; None where there are no
            public checkpoints. Raises CheckpointError for another network's.
    """

    kind: ClassVar[NetworkKind]

    name: str
    config: type[msgspec.Struct]
    network: Callable[[Any], Any]
    graphs: Callable[[Any], tuple[GraphSpec, ...]]
    sizes: Mapping[str, Callable[[CorpusFacts], Any]]
    seeded: Callable[[Any], bool] = lambda config: False
    controls: tuple[ControlName, ...] = ()
    checkpoint_keys: tuple[str, ...] = ()
    read_checkpoint: Callable[[dict[str, Any], Path | None], CheckpointLayout] | None = None

    def component(
        self,
        name: str,
        config: Mapping[str, Any],
        *,
        mel: MelSpec,
        provenance: Provenance,
        symbols: str = "",
        speakers: int = 1,
    ) -> Component:
        """Returns a component of this network, whose weights ``write_component`` fills in."""
        return Component(
            name=name,
            network=self.name,
            kind=self.kind,
            controls=self.controls,
            seeded=self.seeded(msgspec.convert(dict(config), self.config)),
            weights="",
            sha256="",
            config=dict(config),
            mel=mel,
            symbols=symbols,
            speakers=speakers,
            provenance=provenance,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AcousticSpec(NetworkSpec):
    """A network from phonemes to mels.

    Attributes:
        adapter: opened graphs, mel, config, exact → acoustic model; an exact one lets only items of
            equal shapes share a call.
    """

    kind: ClassVar[NetworkKind] = "acoustic"

    adapter: Callable[[Mapping[str, Graph], MelSpec, Any, bool], AcousticModel]


@dataclass(frozen=True, slots=True, kw_only=True)
class VocoderSpec(NetworkSpec):
    """A network from mels to samples.

    Attributes:
        halo: config → mel frames of context per side on which a frame's samples depend.
        adapter: opened graphs, mel, config, halo, windows → vocoder.
        excitation: config → how its adapter and its recipe excite it (vocoders/excitation.py); None
            where the mel alone goes in.
        discriminators: config → the discriminators it is trained against; None where its recipe
            needs none.
    """

    kind: ClassVar[NetworkKind] = "vocoder"

    halo: Callable[[Any], int]
    adapter: Callable[[Mapping[str, Graph], MelSpec, Any, int, WindowPolicy], Vocoder]
    excitation: Callable[[Any], Any] = lambda config: None
    discriminators: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognizerSpec(NetworkSpec):
    """A network from mels to phonemes and characters.

    Attributes:
        adapter: opened graphs, mel, config → recognizer.
    """

    kind: ClassVar[NetworkKind] = "recognizer"

    adapter: Callable[[Mapping[str, Graph], MelSpec, Any], SpeechRecognizer]
