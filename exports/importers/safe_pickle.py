"""Checkpoint files read without running what is in them.

First as torch's own ``weights_only``. Files that pickle whole modules (WaveGlow's) are refused by
it; those are read by an unpickler that knows tensors, containers and inert stand-ins for the layers
of torch.nn and WaveGlow. Any other name in the file is an error, never an import.
"""

from __future__ import annotations

import pickle
import types
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from core.errors import ArtifactMissing, CheckpointError

_BUILT: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("builtins", "set"): set,
    ("__builtin__", "set"): set,
    ("torch", "Size"): torch.Size,
    ("torch._utils", "_rebuild_tensor"): torch._utils._rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
    ("torch._utils", "_rebuild_parameter"): torch._utils._rebuild_parameter,
}
"""All that is built as itself; torch adds its storages."""
_STAND_INS = ("torch.nn.", "torch.optim.")
"""Packages whose classes are read as inert stand-ins, as are those of NVIDIA/waveglow's glow.py."""


class StandIn:
    """In place of a pickled object: keeps its attributes, does nothing."""

    dump_patches = False  # torch's legacy reader asks

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.args = args

    def __setstate__(self, state: object) -> None:
        if isinstance(state, dict):
            vars(self).update(state)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _BUILT:
            return _BUILT[module, name]
        if module == "glow" or module.startswith(_STAND_INS):
            return StandIn
        raise pickle.UnpicklingError(f"the file wants {module}.{name}")


def _load(file: Any, **options: Any) -> Any:
    return _Unpickler(file, **options).load()


# What torch.load asks of a pickle module, old format and new.
_PICKLE = types.ModuleType("inert_pickle")
vars(_PICKLE).update(Unpickler=_Unpickler, load=_load)


def read_checkpoint(path: Path) -> Any:
    """Reads a checkpoint file (.safetensors, or what torch.save wrote) on the CPU.

    Returns:
        Nested dicts and lists of tensors and plain values; pickled modules are ``StandIn``.

    Raises:
        ArtifactMissing: no such file.
        CheckpointError: not a checkpoint, or it holds more than tensors and containers.
    """
    if not path.is_file():
        raise ArtifactMissing(f"no checkpoint at {path}")
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        return _read_torch(path)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path.name} holds more than tensors and containers, it was not read: {error}"
        ) from error
    except MemoryError:
        raise
    except Exception as error:  # a damaged pickle may make torch raise anything
        reason = str(error) or type(error).__name__
        raise CheckpointError(f"{path.name} is not a checkpoint: {reason}") from error


def _read_torch(path: Path) -> Any:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(n.endswith("/constants.pkl") for n in archive.namelist()):
                raise ValueError("a TorchScript program; its weights are wanted")
    with warnings.catch_warnings():
        # torch warns of unusual pickle protocols, and, in the old format, of classes whose source
        # has changed; neither matters where no class is built.
        warnings.simplefilter("ignore")
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError:
            return torch.load(path, map_location="cpu", weights_only=False, pickle_module=_PICKLE)


def module_state(module: StandIn, prefix: str = "") -> dict[str, Tensor]:
    """The state dict of a pickled module.

    Raises:
        CheckpointError: it has no parameters, so it was no module.
    """
    held = vars(module)
    if "_parameters" not in held or "_modules" not in held:
        raise CheckpointError("the pickled object is no torch module")
    state = {
        f"{prefix}{name}": value.detach()
        for part in ("_parameters", "_buffers")
        for name, value in held.get(part, {}).items()
        if isinstance(value, Tensor)
    }
    for name, child in held["_modules"].items():
        if isinstance(child, StandIn):
            state |= module_state(child, f"{prefix}{name}.")
    return state


def state_dict_of(checkpoint: Any, *names: str) -> dict[str, Tensor]:
    """The state dict inside a checkpoint.

    Args:
        checkpoint: from ``read_checkpoint``.
        names: keys under which the training script put it, tried in this order, at each level; a
            checkpoint without any is taken as the state dict itself.

    Returns:
        Tensors by key, the prefix of DataParallel (``module.``) taken off.

    Raises:
        CheckpointError: there is none.
    """
    while isinstance(checkpoint, Mapping):
        inner = next((checkpoint[n] for n in names if n in checkpoint), None)
        if inner is None or isinstance(inner, Tensor):
            break
        checkpoint = inner
    if isinstance(checkpoint, StandIn):
        checkpoint = module_state(checkpoint)
    if not isinstance(checkpoint, Mapping):
        raise CheckpointError(f"no state dict in the checkpoint, found {type(checkpoint).__name__}")
    tensors = {str(k): v for k, v in checkpoint.items() if isinstance(v, Tensor)}
    if not tensors or len(tensors) != len(checkpoint):
        others = [str(k) for k in checkpoint if str(k) not in tensors]
        raise CheckpointError(f"no state dict in the checkpoint, its keys: {', '.join(others[:8])}")
    return {key.removeprefix("module."): value for key, value in tensors.items()}
